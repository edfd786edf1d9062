//! The lines that are read.

use anyhow::{Context, Result};
use neovm::{
    ProtocolSettings,
    types::{hexadecimal, text::quoted},
};
use serde::Deserialize;

/// What every line has.
#[derive(Deserialize)]
pub(super) struct Head {
    pub(super) kind: String,
    pub(super) settings: Option<String>,
    pub(super) id: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct SettingsLine {
    pub(super) name: String,
    #[serde(flatten)]
    pub(super) settings: ProtocolSettings,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct BlockLine {
    pub(super) name: String,
    pub(super) header_hex: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CaseLine {
    pub(super) pre: Vec<String>,
    pub(super) trigger: String,
    pub(super) block: Option<String>,
    pub(super) container: String,
    pub(super) tx: Option<Tx>,
    pub(super) script: String,
    pub(super) call_flags: u8,
    pub(super) gas: i64,
    outcome: RecordedOutcome,
}

impl CaseLine {
    /// What the case changed, as it was recorded, for cases that run after it.
    pub(super) fn recorded_changes(&self) -> &[Change] {
        &self.outcome.changes
    }
}

/// Of a recorded outcome only the changes are read.
#[derive(Deserialize)]
struct RecordedOutcome {
    #[serde(default)]
    changes: Vec<Change>,
}

#[derive(Deserialize)]
pub(super) struct Change {
    pub(super) key: String,
    pub(super) op: String,
    pub(super) value: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Tx {
    pub(super) raw: String,
}

#[derive(Deserialize)]
pub(super) struct VerifyLine {
    pub(super) pre: Vec<String>,
    pub(super) tx: Tx,
    pub(super) hash: String,
    pub(super) invocation: String,
    pub(super) verification: String,
    pub(super) datoshi: i64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ChainBlockLine {
    pub(super) block_hex: String,
}

/// Bytes from hexadecimal text.
pub(super) fn bytes(field: &str, text: &str) -> Result<Vec<u8>> {
    hexadecimal::decode(text).with_context(|| format!("{field}: {}", quoted(text)))
}
