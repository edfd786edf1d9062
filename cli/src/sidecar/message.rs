//! The messages: JSON, an object with one member, whose name tells what it is.

use neovm::ProtocolSettings;
use serde::{Deserialize, Serialize};
use serde_json::{Value, value::RawValue};

/// The version of the protocol.
pub(crate) const PROTOCOL: u32 = 1;

/// What a client sends.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) enum Request {
    /// Chooses the network, before jobs.
    Open {
        /// A name, or settings.
        network: Box<ProtocolSettings>,
    },
    /// Runs a job.
    Run(Box<Run>),
    /// Stops a run, if it is the one with this number.
    Cancel(u64),
    /// Answers `get`: a value for each key, in hexadecimal.
    Values(Vec<Option<String>>),
    /// Answers `seek`.
    Entries {
        /// Keys and values, in hexadecimal.
        entries: Vec<(String, String)>,
        /// Whether there are more behind them.
        more: bool,
    },
    /// Answers `get` or `seek`: the storage failed.
    Failed(String),
    /// Asks where the chain stands that is followed.
    Chain {},
    /// Executes the next block of the chain; it is not part of it yet.
    Block(String),
    /// Asks for a job file of an execution of that block, by its number: OnPersist, the transactions,
    /// PostPersist.
    File(usize),
    /// Makes that block part of the chain, with other changes than its own if they are given.
    Append {
        /// `[{"key": base64, "value": base64}]`, as in the storage changes of a block.
        changes: Option<Vec<ChangeForm>>,
    },
}

/// A job to run.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Run {
    /// A number of the client's, for `cancel`.
    pub(crate) id: u64,
    /// As in job files.
    pub(crate) job: Box<RawValue>,
    /// The number of instructions after which it is stopped.
    pub(crate) budget: Option<u64>,
    /// Whether the receipt has the scripts that ran.
    #[serde(default)]
    pub(crate) calls: bool,
    /// Whether a job file is wanted.
    #[serde(default)]
    pub(crate) file: bool,
}

/// A change of the storage.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ChangeForm {
    pub(crate) key: String,
    /// Missing if the entry is deleted.
    pub(crate) value: Option<String>,
}

/// What the sidecar sends.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Answer<'a> {
    /// To `open`.
    Opened { protocol: u32, version: &'a str },
    /// Asks for values, while a job runs.
    Get(&'a [String]),
    /// Asks for entries, while a job runs.
    Seek {
        prefix: String,
        /// Where to start; behind this key if `after` is set.
        from: Option<String>,
        after: bool,
        backward: bool,
        limit: usize,
    },
    /// To `run`: what came of it.
    Receipt { receipt: &'a Value, instructions: u64, file: Option<&'a RawValue> },
    /// To `run`: it was stopped by `budget` or `cancel`.
    Stopped(&'a str),
    /// To `run`: what the client answered of the storage cannot be used.
    Storage { status: i32, message: &'a str },
    /// The request cannot be carried out. Statuses are those of neovm.h.
    Error { status: i32, message: &'a str },
    /// To `chain`, and to `append`.
    Chain { height: Option<u32>, root: Option<String> },
    /// To `block`.
    Block { logs: &'a RawValue, changes: &'a RawValue },
    /// To `file`.
    File(&'a RawValue),
}

/// Statuses of neovm.h.
pub(crate) mod status {
    pub(crate) const ARGUMENT: i32 = -1;
    pub(crate) const INPUT: i32 = -5;
    pub(crate) const STATE: i32 = -6;
    pub(crate) const LIMIT: i32 = -7;
}
