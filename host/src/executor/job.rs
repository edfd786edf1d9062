//! Jobs and receipts: plain data.

use std::{ops::Deref, sync::Arc};

use neovm_chain::{Block, Header, Transaction, Witness};
use neovm_storage::Batch;
use neovm_types::{CallFlags, Fault, Gas, Hash160, OpCode, Script, item::Results};

use super::{Log, Notification};

/// The reason for an execution.
///
/// Source: `TriggerType.cs` of the reference node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Trigger {
    /// Native contracts do their work before the transactions of a block.
    OnPersist = 0x01,
    /// Native contracts do their work after the transactions of a block.
    PostPersist = 0x02,
    /// A witness is verified.
    Verification = 0x20,
    /// A transaction is executed, or a test invocation by RPC.
    Application = 0x40,
}

/// What contains a script. It is what signatures cover, and signers come from it.
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
    /// A script. Its instructions are checked when they are reached.
    Script {
        /// The script.
        script: Script,
        /// The call flags of the script.
        flags: CallFlags,
    },
    /// A witness: a verification script or a contract's `verify`, and an
    /// invocation script, which runs first.
    Witness {
        /// The account.
        hash: Hash160,
        /// The scripts. Without a verification script the account is a contract.
        witness: Witness,
        /// Whether the scripts have to be strictly valid, as when a transaction is verified. In a test run their
        /// instructions are checked when they are reached.
        strict: bool,
    },
}

/// Describes an execution.
#[derive(Clone, Debug)]
pub struct Job<'a> {
    /// The reason for the execution.
    pub trigger: Trigger,
    /// What contains the script.
    pub container: Container<'a>,
    /// The block that is being persisted, if there is one.
    pub block: Option<PersistingBlock<'a>>,
    /// The gas limit, in datoshi.
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

/// The result of an execution.
#[derive(Clone, Debug)]
pub struct Receipt {
    /// The fault, unless the script ran to its end.
    pub fault: Option<Fault>,
    /// Where it faulted; `None` if no script was loaded then.
    pub fault_place: Option<FaultPlace>,
    /// The gas that was consumed. It exceeds the limit if that was the fault.
    pub gas_consumed: Gas,
    /// The result stack, the top last.
    pub stack: Results,
    /// The notifications; none after a fault.
    pub notifications: Vec<Notification>,
    /// The messages that scripts logged, also those before a fault.
    pub logs: Vec<Log>,
    /// The changes to the storage, in the order of their keys; none after a fault.
    pub changes: Batch,
}

impl Receipt {
    /// A receipt of nothing: no script ran.
    pub fn empty() -> Self {
        Self {
            fault: None,
            fault_place: None,
            gas_consumed: Gas::ZERO,
            stack: Results::default(),
            notifications: Vec::new(),
            logs: Vec::new(),
            changes: Batch::new(),
        }
    }

    /// Returns whether the script ran to its end.
    pub fn halted(&self) -> bool {
        self.fault.is_none()
    }

    /// Returns the gas that was consumed as nodes report it: in datoshi, rounded up. `limit`, the gas limit of the
    /// job, stands for what does not fit in the 64 bits of a node's counter.
    pub fn gas_datoshi(&self, limit: i64) -> i64 {
        i64::try_from(self.gas_consumed.datoshi_ceil()).unwrap_or(limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gas_that_does_not_fit_shows_as_the_limit() {
        let with = |pico| Receipt { gas_consumed: Gas::from_pico(pico), ..Receipt::empty() };
        assert_eq!(with(10_001).gas_datoshi(7), 2);
        assert_eq!(with(i64::MAX as u128 * 10_000).gas_datoshi(7), i64::MAX);
        assert_eq!(with(i64::MAX as u128 * 10_000 + 1).gas_datoshi(7), 7);
    }
}
