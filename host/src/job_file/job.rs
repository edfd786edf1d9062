//! A job that owns its parts, and its JSON form.

use neovm_chain::{Block, Header, Transaction, UnsignedHeader, Witness};
use neovm_types::{CallFlags, Hash160, Script, ScriptBuilder, StackItem, hexadecimal, json::file::read, text::quoted};
use serde::{Deserialize, Serialize};

use super::JobError;
use crate::{
    argument::{self, Argument, ArgumentError},
    block::persisting_call,
    executor::{Container, Entry, Job, PersistingBlock, Trigger},
    json::{Json, TextOr},
};

/// A [`Job`] that owns its parts.
#[derive(Clone, Debug)]
pub struct OwnedJob {
    /// The reason for the execution.
    pub trigger: Trigger,
    /// What contains the script.
    pub container: OwnedContainer,
    /// The transaction, if there is one.
    pub transaction: Option<Transaction>,
    /// The block that is being persisted, if there is one.
    pub block: Option<OwnedBlock>,
    /// The gas limit, in datoshi.
    pub gas: i64,
    /// The script.
    pub entry: Entry,
}

/// What of a job contains its script.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum OwnedContainer {
    /// The transaction, if there is one, otherwise nothing.
    #[default]
    Default,
    /// Nothing.
    None,
    /// The block.
    Block,
}

/// The block that is being persisted.
#[derive(Clone, Debug)]
pub enum OwnedBlock {
    /// Only its header is known.
    Header(Header),
    /// It is known with its transactions.
    Block(Block),
}

impl OwnedBlock {
    /// Reads a block, or a header alone, from its bytes.
    ///
    /// # Errors
    /// [`JobError`] if the bytes are neither.
    pub fn parse(bytes: &[u8]) -> Result<Self, JobError> {
        let header = Header::parse(bytes).map_err(|error| JobError::field("block", error))?;
        if header.size() == bytes.len() {
            return Ok(Self::Header(header));
        }
        Block::parse(bytes).map(Self::Block).map_err(|error| JobError::field("block", error))
    }

    /// The header.
    pub fn header(&self) -> &Header {
        match self {
            Self::Header(header) => header,
            Self::Block(block) => block,
        }
    }

    fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Header(header) => header.to_bytes(),
            Self::Block(block) => block.to_bytes(),
        }
    }
}

impl OwnedJob {
    /// Reads a job from JSON, the member `job` of a file.
    ///
    /// # Errors
    /// [`JobError`], which says what is wrong and where.
    pub fn from_json(text: &[u8]) -> Result<Self, JobError> {
        let form = read(text).map_err(|error| JobError::Json(error.to_string()))?;
        Self::from_form(form)
    }

    /// Lends the job.
    pub fn job(&self) -> Job<'_> {
        Job {
            trigger: self.trigger,
            container: match (self.container, &self.transaction, &self.block) {
                (OwnedContainer::Default, Some(transaction), _) => Container::Transaction(transaction),
                (OwnedContainer::Block, _, Some(block)) => Container::Block(block.header()),
                _ => Container::None,
            },
            block: self.block.as_ref().map(|block| match block {
                OwnedBlock::Header(header) => PersistingBlock::from(header),
                OwnedBlock::Block(block) => PersistingBlock::from(block),
            }),
            gas: self.gas,
            entry: self.entry.clone(),
        }
    }

    pub(super) fn from_form(form: JobForm) -> Result<Self, JobError> {
        let transaction = form.transaction.as_deref().map(|text| bytes("transaction", text)).transpose()?;
        let transaction = transaction.map(|bytes| Transaction::parse_lenient(&bytes)).transpose();
        let transaction = transaction.map_err(|error| JobError::field("transaction", error))?;
        let trigger = form.trigger.as_deref().map_or(Ok(Trigger::Application), trigger)?;
        let entry = entry(&form, trigger, transaction.as_ref())?;
        let block = form.block.map(block).transpose()?;
        let container = match form.container.as_deref() {
            None => OwnedContainer::Default,
            Some("transaction") if transaction.is_some() => OwnedContainer::Default,
            Some("block") if block.is_some() => OwnedContainer::Block,
            Some("none") => OwnedContainer::None,
            Some(part @ ("transaction" | "block")) => {
                return Err(JobError::field("container", format_args!("there is no {part} in the job")));
            }
            Some(other) => {
                let problem = format_args!("{other:?} is none of \"transaction\", \"block\" and \"none\"");
                return Err(JobError::field("container", problem));
            }
        };
        let gas = form.gas.ok_or_else(|| JobError::field("gas", "is missing"))?;
        if gas < 0 {
            return Err(JobError::field("gas", format_args!("{gas} is negative")));
        }
        Ok(Self { trigger, container, transaction, block, gas, entry })
    }

    pub(super) fn to_form(&self) -> JobForm {
        let container = match (self.container, &self.transaction) {
            (OwnedContainer::Block, _) => Some("block"),
            (OwnedContainer::None, Some(_)) => Some("none"),
            _ => None,
        };
        let mut form = JobForm {
            trigger: Some(format!("{:?}", self.trigger)),
            container: container.map(Into::into),
            transaction: self.transaction.as_ref().map(|transaction| hex::encode(transaction.to_bytes())),
            block: self.block.as_ref().map(|block| TextOr::Text(hex::encode(block.to_bytes()))),
            gas: Some(self.gas),
            ..JobForm::default()
        };
        match &self.entry {
            Entry::Script { script, flags } => {
                form.script = Some(hex::encode(script.bytes()));
                form.flags = Some(flags.to_string());
            }
            Entry::Witness { hash, witness, strict } => {
                form.witness = Some(WitnessForm {
                    account: hash.to_string(),
                    invocation: hex::encode(witness.invocation.bytes()),
                    verification: hex::encode(witness.verification.bytes()),
                    strict: (!strict).then_some(false),
                });
            }
        }
        form
    }
}

/// A job as it is written.
#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default, expecting = "a job, which is an object")]
pub(super) struct JobForm {
    #[serde(skip_serializing_if = "Option::is_none")]
    trigger: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    container: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    transaction: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    block: Option<TextOr<HeaderForm>>,
    gas: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    script: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    flags: Option<String>,
    /// It is written as a script.
    #[serde(skip_serializing)]
    call: Option<CallForm>,
    #[serde(skip_serializing_if = "Option::is_none")]
    witness: Option<WitnessForm>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, expecting = "the fields of a block's header")]
struct HeaderForm {
    index: u32,
    timestamp: u64,
    #[serde(default)]
    nonce: u64,
    #[serde(default)]
    primary: u8,
    previous_hash: Option<String>,
    merkle_root: Option<String>,
    next_consensus: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, expecting = "a call, which is an object")]
struct CallForm {
    contract: String,
    method: String,
    #[serde(default)]
    arguments: Vec<Json>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, expecting = "a witness, which is an object")]
struct WitnessForm {
    account: String,
    #[serde(default)]
    invocation: String,
    #[serde(default)]
    verification: String,
    /// Left out if it is true.
    #[serde(skip_serializing_if = "Option::is_none")]
    strict: Option<bool>,
}

/// A block, of its bytes or of fields of its header.
fn block(form: TextOr<HeaderForm>) -> Result<OwnedBlock, JobError> {
    let fields = match form {
        TextOr::Text(text) => return OwnedBlock::parse(&bytes("block", &text)?),
        TextOr::Object(fields) => fields,
    };
    let unsigned = UnsignedHeader {
        version: 0,
        previous_hash: parsed("block.previousHash", fields.previous_hash)?,
        merkle_root: parsed("block.merkleRoot", fields.merkle_root)?,
        timestamp: fields.timestamp,
        nonce: fields.nonce,
        index: fields.index,
        primary_index: fields.primary,
        next_consensus: parsed("block.nextConsensus", fields.next_consensus)?,
    };
    let header = unsigned.sign(&Witness::empty()).map_err(|error| JobError::field("block", error))?;
    Ok(OwnedBlock::Header(header))
}

/// What the job runs: a script, the call of a method, a witness, what native contracts do
/// before or after a block, or the transaction's script.
fn entry(form: &JobForm, trigger: Trigger, transaction: Option<&Transaction>) -> Result<Entry, JobError> {
    let flags = form.flags.as_deref().map_or(Ok(CallFlags::ALL), str::parse);
    let flags = flags.map_err(|error| JobError::field("flags", error))?;
    let script = match (&form.script, &form.call, &form.witness, transaction) {
        (Some(script), None, None, _) => Script::from(bytes("script", script)?),
        (None, Some(call), None, _) => {
            let contract = argument::script_hash(&call.contract);
            let contract = contract.map_err(|error| JobError::field("call.contract", error))?;
            build_call(contract, &call.method, argument::list_of_json(&call.arguments))?
        }
        (None, None, Some(witness), _) => return witness.entry(),
        (None, None, None, transaction) => match (persisting_script(trigger), transaction) {
            (Some(script), _) => script,
            (None, Some(transaction)) => transaction.script.clone(),
            (None, None) => {
                return Err(JobError::field("script", "is missing, and there is no call, witness or transaction"));
            }
        },
        _ => return Err(JobError::field("script", "only one of script, call and witness can be given")),
    };
    Ok(Entry::Script { script, flags })
}

/// Returns a script that calls a method, with arguments that are a list as JSON, see
/// [`Argument`]; no bytes stand for none.
///
/// # Errors
/// [`JobError`] if an argument cannot be read.
pub fn call_script(contract: Hash160, method: &str, arguments: &[u8]) -> Result<Script, JobError> {
    let arguments = if arguments.is_empty() { Ok(Vec::new()) } else { Argument::parse_list(arguments) };
    build_call(contract, method, arguments)
}

fn build_call(
    contract: Hash160,
    method: &str,
    arguments: Result<Vec<StackItem>, ArgumentError>,
) -> Result<Script, JobError> {
    let arguments = arguments
        .map_err(|ArgumentError { path, problem }| JobError::field(format!("call.arguments{path}"), problem))?;
    let script = ScriptBuilder::new().dynamic_call(contract, method, CallFlags::ALL, &arguments).build();
    script.map_err(|error| JobError::field("call", error))
}

/// Returns the script of what native contracts do before or after the transactions of a
/// block; none with another trigger.
pub fn persisting_script(trigger: Trigger) -> Option<Script> {
    persisting_call(trigger).and_then(|call| ScriptBuilder::new().syscall(call).build().ok())
}

impl WitnessForm {
    fn entry(&self) -> Result<Entry, JobError> {
        let hash = argument::script_hash(&self.account);
        let hash = hash.map_err(|error| JobError::field("witness.account", error))?;
        let witness = Witness {
            invocation: bytes("witness.invocation", &self.invocation)?.into(),
            verification: bytes("witness.verification", &self.verification)?.into(),
        };
        Ok(Entry::Witness { hash, witness, strict: self.strict.unwrap_or(true) })
    }
}

fn trigger(name: &str) -> Result<Trigger, JobError> {
    let all = [Trigger::OnPersist, Trigger::PostPersist, Trigger::Verification, Trigger::Application];
    let known = all.into_iter().find(|trigger| format!("{trigger:?}") == name);
    known.ok_or_else(|| JobError::field("trigger", format_args!("{name:?} is none of {all:?}")))
}

/// Bytes from hexadecimal text.
pub(super) fn bytes(field: &str, text: &str) -> Result<Vec<u8>, JobError> {
    hexadecimal::decode(text)
        .map_err(|error| JobError::field(field, format_args!("{} is not hexadecimal: {error}", quoted(text))))
}

/// A hash; zeros if it is not given.
fn parsed<T: Default + std::str::FromStr<Err: ToString>>(field: &str, text: Option<String>) -> Result<T, JobError> {
    text.map_or(Ok(T::default()), |text| {
        text.parse().map_err(|error: T::Err| JobError::field(field, error.to_string()))
    })
}
