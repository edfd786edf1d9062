//! Jobs and receipts as files.
//!
//! A job file holds all that an execution depends on, so that it gives the same
//! result wherever it runs: the network, the storage, the job. It may hold the
//! receipt that was expected, too. `docs/embedding.md` describes the format.

mod job;
mod receipt;
mod recording;

use std::collections::BTreeMap;

use neovm_storage::{Batch, Key, MemoryStore, Store, StoreError, WriteStore};
use neovm_types::{FaultKind, json::file::read};
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use self::{
    job::{OwnedBlock, OwnedContainer, OwnedJob, call_script, persisting_script},
    receipt::{difference, item_to_json},
    recording::RecordingStore,
};
use crate::{
    Receipt,
    block::{execute_block, genesis_block},
    fault,
    json::Object,
    network::Network,
    settings::ProtocolSettings,
};

/// The format that is written, and the only one that is read.
const FORMAT: &str = "neovm-job-1";

/// An execution with all that it depends on.
///
/// ```
/// use neovm_host::{Network, execute, job_file::JobFile};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// // The script is PUSH2 PUSH3 ADD.
/// let text = r#"{
///     "format": "neovm-job-1",
///     "network": "private",
///     "genesis": true,
///     "job": { "gas": 1000000, "script": "12139e" }
/// }"#;
/// let file = JobFile::from_json(text.as_bytes())?;
/// let network = Network::new(file.settings.clone());
/// let receipt = execute(&network, &file.store(&network)?, &file.job.job())?;
/// assert_eq!(receipt.stack, [5]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct JobFile {
    /// The network.
    pub settings: ProtocolSettings,
    /// Whether the state is that after the genesis block, with the changes in
    /// `storage`. Otherwise the state is empty but for them.
    pub genesis: bool,
    /// Keys with their values. Those without a value are not in the state.
    pub storage: Batch,
    /// The job.
    pub job: OwnedJob,
    /// What is expected to come of it, as [`Receipt::to_json`] writes it.
    pub receipt: Option<Value>,
}

/// Why a job cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JobError {
    /// It is no JSON, or not that of a job; with line and column.
    #[error("{0}")]
    Json(String),
    /// A field has a value that it cannot have.
    #[error("{field}: {problem}")]
    Field {
        /// The path of the field: `job.call.contract`.
        field: String,
        /// What is wrong with it.
        problem: String,
    },
}

impl JobError {
    fn field(field: impl Into<String>, problem: impl ToString) -> Self {
        Self::Field { field: field.into(), problem: problem.to_string() }
    }

    /// The error of a field that lies in another one.
    fn within(self, outer: &str) -> Self {
        match self {
            Self::Field { field, problem } => Self::Field { field: format!("{outer}.{field}"), problem },
            other => other,
        }
    }
}

/// The file as it is written.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, expecting = "a job file, which is an object")]
struct FileForm {
    format: String,
    network: ProtocolSettings,
    #[serde(default)]
    genesis: bool,
    #[serde(default)]
    storage: Object<Option<String>>,
    job: job::JobForm,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    receipt: Option<Value>,
}

impl JobFile {
    /// A file with a job and the storage that it runs on, see [`RecordingStore`].
    pub fn new(settings: ProtocolSettings, storage: Batch, job: OwnedJob) -> Self {
        Self { settings, genesis: false, storage, job, receipt: None }
    }

    /// Reads a file.
    ///
    /// # Errors
    /// [`JobError`], which says what is wrong and where.
    pub fn from_json(text: &[u8]) -> Result<Self, JobError> {
        let form: FileForm = read(text).map_err(|error| JobError::Json(error.to_string()))?;
        if form.format != FORMAT {
            return Err(JobError::field("format", format_args!("is {:?}, not {FORMAT:?}", form.format)));
        }
        Ok(Self {
            settings: form.network,
            genesis: form.genesis,
            storage: storage(&form.storage)?,
            job: OwnedJob::from_form(form.job).map_err(|error| error.within("job"))?,
            receipt: form.receipt,
        })
    }

    /// Writes the file: JSON with a member a line.
    pub fn to_json(&self) -> String {
        let entry = |(key, value): &(Key, Option<_>)| (hex::encode(&**key), value.as_ref().map(hex::encode));
        let form = FileForm {
            format: FORMAT.into(),
            network: self.settings.clone(),
            genesis: self.genesis,
            storage: Object(self.storage.iter().map(entry).collect()),
            job: self.job.to_form(),
            receipt: self.receipt.clone(),
        };
        // All keys are texts, and nothing of it fails to serialize.
        serde_json::to_string_pretty(&form).unwrap_or_default()
    }

    /// Makes the state that the job runs on.
    ///
    /// # Errors
    /// A fault if the settings of the network make no genesis block.
    pub fn store(&self, network: &Network) -> Result<MemoryStore, FaultKind> {
        let mut store = MemoryStore::default();
        if self.genesis {
            let receipt = execute_block(network, &store, &genesis_block(network.settings())?)?;
            store.write(&receipt.changes).map_err(fault)?;
        }
        store.write(&self.storage).map_err(fault)?;
        Ok(store)
    }
}

/// The entries of the storage, in the order of their keys. Each has one value.
fn storage(form: &Object<Option<String>>) -> Result<Batch, JobError> {
    let mut entries = BTreeMap::new();
    for (text, value) in &form.0 {
        let key = Key::from_bytes(&job::bytes("storage", text)?);
        let field = || format!("storage.{text}");
        let value = value.as_ref().map(|value| job::bytes(&field(), value)).transpose()?;
        if entries.insert(key, value.map(Into::into)).is_some() {
            return Err(JobError::field(field(), "the same key is there already"));
        }
    }
    Ok(entries.into_iter().collect())
}

impl Receipt {
    /// Removes the changes that write what is there already.
    ///
    /// # Errors
    /// [`StoreError`] if the store, on which the job ran, cannot be read.
    pub fn retain_net_changes(&mut self, before: &dyn Store) -> Result<(), StoreError> {
        let mut failed = None;
        self.changes.retain(|(key, value)| match before.get(key) {
            Ok(old) => old != *value,
            Err(error) => {
                failed.get_or_insert(error);
                true
            }
        });
        failed.map_or(Ok(()), Err)
    }
}
