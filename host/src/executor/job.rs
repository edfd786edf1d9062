//! What is executed, and what comes of it: plain data.

use std::{ops::Deref, sync::Arc};

use neovm_chain::{Block, Header, Transaction, Witness};
use neovm_storage::Batch;
use neovm_types::{CallFlags, Fault, Gas, Hash160, OpCode, Script, StackItem};

use super::{Log, Notification};

/// Why a script runs.
///
/// Source: `TriggerType.cs` of the reference node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Trigger {
    /// Before the transactions of a block: the node itself.
    OnPersist = 0x01,
    /// After the transactions of a block: the node itself.
    PostPersist = 0x02,
    /// To verify a witness.
    Verification = 0x20,
    /// For a transaction, or a call by RPC.
    Application = 0x40,
}

/// What holds a script.
#[derive(Clone, Copy, Debug, Default)]
pub enum Container<'a> {
    /// Nothing.
    #[default]
    None,
    /// A transaction.
    Transaction(&'a Transaction),
    /// A block.
    Block(&'a Header),
}

/// The block that is being persisted. It dereferences to its [`Header`].
#[derive(Clone, Copy, Debug)]
pub struct PersistingBlock<'a> {
    header: &'a Header,
    transactions: &'a [Arc<Transaction>],
}

impl<'a> PersistingBlock<'a> {
    /// The block's transactions; none if only the header is known.
    pub fn transactions(&self) -> &'a [Arc<Transaction>] {
        self.transactions
    }
}

impl<'a> From<&'a Block> for PersistingBlock<'a> {
    fn from(block: &'a Block) -> Self {
        Self { header: block, transactions: block.transactions() }
    }
}

impl<'a> From<&'a Header> for PersistingBlock<'a> {
    fn from(header: &'a Header) -> Self {
        Self { header, transactions: &[] }
    }
}

impl Deref for PersistingBlock<'_> {
    type Target = Header;

    fn deref(&self) -> &Header {
        self.header
    }
}

/// A script to be executed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Entry {
    /// A script. It is checked only where it is reached.
    Script {
        /// The script.
        script: Script,
        /// What the script may do.
        flags: CallFlags,
    },
    /// A witness: a verification script or a contract's `verify`, and an
    /// invocation script, which runs first.
    Witness {
        /// The account.
        hash: Hash160,
        /// The scripts. Without a verification script the account is a contract.
        witness: Witness,
    },
}

/// An execution.
#[derive(Clone, Debug)]
pub struct Job<'a> {
    /// Why it runs.
    pub trigger: Trigger,
    /// What holds the script.
    pub container: Container<'a>,
    /// The block that is being persisted, if there is one.
    pub block: Option<PersistingBlock<'a>>,
    /// The gas that may be used, in datoshi.
    pub gas: i64,
    /// The script.
    pub entry: Entry,
}

/// Where an execution faulted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FaultPlace {
    /// The number of contexts on the invocation stack.
    pub depth: usize,
    /// The script.
    pub script_hash: Hash160,
    /// The position in the script, in bytes.
    pub position: usize,
    /// The instruction there; `None` if the bytes are no instruction. At the end
    /// of the script it is a RET that is not written.
    pub opcode: Option<OpCode>,
    /// Whether the position is the end of the script.
    pub is_end: bool,
}

/// What came of an execution.
#[derive(Clone, Debug)]
pub struct Receipt {
    /// The fault, unless the script ran to its end.
    pub fault: Option<Fault>,
    /// Where it faulted; `None` if no script was loaded then.
    pub fault_place: Option<FaultPlace>,
    /// The gas that was consumed. It exceeds the limit if that was the fault.
    pub gas_consumed: Gas,
    /// The result stack, the top last.
    pub stack: Vec<StackItem>,
    /// The notifications; none after a fault.
    pub notifications: Vec<Notification>,
    /// What scripts logged, before a fault too.
    pub logs: Vec<Log>,
    /// What changed in the storage, in the order of keys; nothing after a fault.
    pub changes: Batch,
}

impl Receipt {
    /// Returns whether the script ran to its end.
    pub fn halted(&self) -> bool {
        self.fault.is_none()
    }
}
