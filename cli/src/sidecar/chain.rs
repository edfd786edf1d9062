//! A chain that a client feeds, block after block.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use anyhow::anyhow;
use base64::{Engine, prelude::BASE64_STANDARD};
use neovm::{
    Block, EngineConfig, Network, ProtocolSettings,
    chain::Transaction,
    host::{
        Trigger, execute_block, genesis_block,
        job_file::{OwnedBlock, OwnedContainer, OwnedJob, RecordingStore, persisting_script},
        native::LEDGER_ID,
    },
    storage::{Batch, ChainState, Cursor, Direction, FlushPolicy, Key, Store, StoreError, TrieMode, Value, overlay},
    types::{CallFlags, hexadecimal},
};
use neovm_disk::{Disk, Settings};
use neovm_node::{ApplicationLogs, Blockchain, ExecutedBlock, changes_line, verify::VerifyLevel};
use serde_json::value::RawValue;

use super::{
    connection::{Broken, Connection},
    message::{Answer, ChangeForm, status},
    run,
};
use crate::engine::EngineKind;

/// Why a request is not carried out.
pub(crate) struct Refused {
    pub(crate) status: i32,
    pub(crate) message: String,
}

impl Refused {
    pub(crate) fn argument(message: impl ToString) -> Self {
        Self { status: status::ARGUMENT, message: message.to_string() }
    }

    fn input(message: impl ToString) -> Self {
        Self { status: status::INPUT, message: message.to_string() }
    }

    fn state(message: impl ToString) -> Self {
        Self { status: status::STATE, message: message.to_string() }
    }
}

/// A block that was executed, and may become the next one of the chain. It belongs to the thread of a
/// connection, as items do.
pub(crate) type Pending = Option<(Block, ExecutedBlock)>;

/// A chain in a folder.
pub(crate) struct Follower {
    chain: Blockchain,
    level: VerifyLevel,
    /// The state root of the last block, if it was computed since the chain was opened.
    root: Option<String>,
}

/// What is sent, or why nothing is.
type Answered = Result<Result<(), Refused>, Broken>;

impl Follower {
    /// Opens the chain of a folder, which begins with the genesis block.
    pub(crate) fn open(
        folder: &Path,
        settings: ProtocolSettings,
        engine: EngineKind,
        level: VerifyLevel,
    ) -> anyhow::Result<Self> {
        let disk = Settings { network: settings.network, trie_mode: TrieMode::Latest, ..Settings::default() };
        let network = Arc::new(Network::with_engine(settings, engine.config(EngineConfig::default())));
        let state = ChainState::open(Arc::new(Disk::open(folder, disk)?), FlushPolicy::default())?;
        let mut follower = Self { chain: Blockchain::open(network, state)?, level, root: None };
        if follower.chain.height().is_none() {
            let genesis = genesis_block(follower.chain.network().settings()).map_err(|fault| anyhow!("{fault}"))?;
            let executed = follower.chain.execute(&genesis, level)?;
            follower.put(executed).map_err(|refused| anyhow!(refused.message))?;
        }
        Ok(follower)
    }

    /// Writes all blocks.
    pub(crate) fn flush(&mut self) -> anyhow::Result<()> {
        Ok(self.chain.flush()?)
    }

    pub(crate) fn chain(&self, connection: &Connection) -> Answered {
        connection.send(&Answer::Chain { height: self.chain.height(), root: self.root.clone() }).map(Ok)
    }

    /// Executes the next block.
    pub(crate) fn block(&self, connection: &Connection, pending: &mut Pending, text: &str) -> Answered {
        match self.execute(pending, text) {
            Ok((logs, changes)) => connection.send(&Answer::Block { logs: &logs, changes: &changes }).map(Ok),
            Err(refused) => Ok(Err(refused)),
        }
    }

    fn execute(&self, pending: &mut Pending, text: &str) -> Result<(Box<RawValue>, Box<RawValue>), Refused> {
        let bytes = hexadecimal::decode(text).map_err(|error| Refused::input(format!("the block: {error}")))?;
        let block = Block::parse(&bytes).map_err(|error| Refused::input(format!("the block: {error}")))?;
        let executed = self.chain.execute(&block, self.level).map_err(Refused::state)?;
        let net = executed.net_changes(self.chain.state()).map_err(Refused::state)?;
        let raw = |line| RawValue::from_string(line).map_err(Refused::state);
        let logs = raw(ApplicationLogs::new(&block, executed.receipt()).line())?;
        let changes = raw(changes_line(block.index, &net))?;
        *pending = Some((block, executed));
        Ok((logs, changes))
    }

    /// Makes a job file of an execution of the next block.
    pub(crate) fn file(&self, connection: &Connection, pending: &Pending, execution: usize) -> Answered {
        let Some((block, _)) = pending else { return Ok(Err(no_block())) };
        match job(block, execution).and_then(|job| self.job_file(&job, block, execution)) {
            Ok(file) => connection.send(&Answer::File(&file)).map(Ok),
            Err(refused) => Ok(Err(refused)),
        }
    }

    /// Runs an execution again, on the state that those before it left.
    fn job_file(&self, job: &OwnedJob, block: &Block, execution: usize) -> Result<Box<RawValue>, Refused> {
        let network = self.chain.network();
        let receipts = execute_block(network, self.chain.state(), block).map_err(Refused::state)?;
        let before = std::iter::once(&receipts.on_persist).chain(&receipts.transactions).take(execution);
        let changes = before.flat_map(|receipt| receipt.changes.iter().cloned()).collect();
        let store = Changed { changes, below: self.chain.state() };
        let recorder = RecordingStore::new(&store);
        let receipt = neovm::host::execute(network, &recorder, &job.job()).map_err(Refused::state)?;
        Ok(run::job_file(network, &recorder, job, receipt))
    }

    /// Makes the block part of the chain.
    pub(crate) fn append(
        &mut self,
        connection: &Connection,
        pending: &mut Pending,
        changes: Option<Vec<ChangeForm>>,
    ) -> Answered {
        let Some((block, executed)) = pending.take() else { return Ok(Err(no_block())) };
        let adopted = match changes.map(batch).transpose() {
            Ok(adopted) => adopted,
            Err(refused) => return Ok(Err(refused)),
        };
        // Another connection may have been faster.
        if self.chain.last_header().map(|last| last.hash()) != Some(block.previous_hash) {
            return Ok(Err(Refused::argument("the chain has another block by now")));
        }
        let executed = match adopted {
            Some(changes) => {
                let own = executed.receipt().changes.iter().filter(|(key, _)| key.contract() == LEDGER_ID);
                let all: BTreeMap<_, _> = own.cloned().chain(changes).collect();
                executed.with_changes(all.into_iter().collect())
            }
            None => executed,
        };
        match self.put(executed) {
            Ok(()) => self.chain(connection),
            Err(refused) => Ok(Err(refused)),
        }
    }

    fn put(&mut self, executed: ExecutedBlock) -> Result<(), Refused> {
        self.chain.append(executed, None).map_err(Refused::state)?;
        let roots = self.chain.take_roots(true).map_err(Refused::state)?;
        self.root = roots.last().map(|(_, root)| root.to_string());
        Ok(())
    }
}

fn no_block() -> Refused {
    Refused::argument("there is no block that was executed and is not part of the chain")
}

/// Reads changes.
fn batch(changes: Vec<ChangeForm>) -> Result<Batch, Refused> {
    let bytes = |text: &str| BASE64_STANDARD.decode(text).map_err(|error| Refused::input(format!("a change: {error}")));
    let change = |change: ChangeForm| {
        let value = change.value.as_deref().map(bytes).transpose()?;
        Ok((Key::from_bytes(&bytes(&change.key)?), value.map(Into::into)))
    };
    changes.into_iter().map(change).collect()
}

/// The job of an execution of a block.
fn job(block: &Block, execution: usize) -> Result<OwnedJob, Refused> {
    let count = block.transactions().len();
    let persisting = |trigger| {
        let script = persisting_script(trigger).ok_or_else(no_block)?;
        Ok((trigger, OwnedContainer::Default, None, 0, script))
    };
    let transaction = |transaction: &Transaction| {
        let script = transaction.script.clone();
        (Trigger::Application, OwnedContainer::Default, Some(transaction.clone()), transaction.system_fee, script)
    };
    let (trigger, container, transaction, gas, script) = match execution.checked_sub(1) {
        None => persisting(Trigger::OnPersist)?,
        Some(index) if index < count => transaction(&block.transactions()[index]),
        Some(index) if index == count => persisting(Trigger::PostPersist)?,
        Some(_) => return Err(Refused::argument(format!("execution {execution}: the block has {}", count + 2))),
    };
    let entry = neovm::host::Entry::Script { script, flags: CallFlags::ALL };
    Ok(OwnedJob { trigger, container, transaction, block: Some(OwnedBlock::Block(block.clone())), gas, entry })
}

/// The state of a chain with changes.
struct Changed<'a> {
    changes: BTreeMap<Key, Option<Value>>,
    below: &'a ChainState,
}

impl Store for Changed<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Value>, StoreError> {
        match self.changes.get(key) {
            Some(value) => Ok(value.clone()),
            None => self.below.get(key),
        }
    }

    fn seek<'a>(&'a self, prefix: &[u8], from: Option<&[u8]>, direction: Direction) -> Cursor<'a> {
        let below = self.below.seek(prefix, from, direction);
        let (prefix, from) = (prefix.to_vec(), from.map(<[u8]>::to_vec));
        let changes = self.changes.iter().filter(move |(key, _)| {
            let is_after = |from: &Vec<u8>| match direction {
                Direction::Forward => key[..] >= from[..],
                Direction::Backward => key[..] <= from[..],
            };
            key.starts_with(&prefix) && from.as_ref().is_none_or(is_after)
        });
        match direction {
            Direction::Forward => overlay(changes, below, direction),
            Direction::Backward => overlay(changes.rev(), below, direction),
        }
    }
}
