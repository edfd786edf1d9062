//! The lines that are read.

use std::collections::BTreeMap;

use anyhow::{Context, Result, anyhow};
use neovm::{
    Hardfork,
    host::{HardforkHeights, ProtocolSettings},
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
#[serde(rename_all = "camelCase")]
pub(super) struct SettingsLine {
    pub(super) name: String,
    network: u32,
    address_version: u8,
    standby_committee: Vec<String>,
    validators_count: u32,
    milliseconds_per_block: u32,
    max_transactions_per_block: u32,
    max_valid_until_block_increment: u32,
    max_traceable_blocks: u32,
    initial_gas_distribution: u64,
    hardforks: BTreeMap<String, u32>,
}

impl SettingsLine {
    pub(super) fn settings(&self) -> Result<ProtocolSettings> {
        let key = |key: &String| key.parse().with_context(|| format!("standbyCommittee: {key:?}"));
        let hardfork = |(name, height): (&String, &u32)| {
            let known = name.strip_prefix("HF_").unwrap_or(name).parse::<Hardfork>();
            known.map(|hardfork| (hardfork, *height)).map_err(|error| anyhow!("hardforks: {error}"))
        };
        let named = self.hardforks.iter().map(hardfork).collect::<Result<Vec<_>>>()?;
        Ok(ProtocolSettings {
            network: self.network,
            address_version: self.address_version,
            standby_committee: self.standby_committee.iter().map(key).collect::<Result<_>>()?,
            validators_count: self.validators_count,
            milliseconds_per_block: self.milliseconds_per_block,
            max_transactions_per_block: self.max_transactions_per_block,
            max_valid_until_block_increment: self.max_valid_until_block_increment,
            max_traceable_blocks: self.max_traceable_blocks,
            initial_gas_distribution: self.initial_gas_distribution,
            hardforks: HardforkHeights::new(&named)?,
            policy_at_echidna: None,
        })
    }
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
    hex::decode(text).with_context(|| format!("{field}: {text:.80?}"))
}
