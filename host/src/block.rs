//! Executing a block.
//!
//! Source: `Blockchain.cs` (`Persist`) of the reference node.

use std::rc::Rc;

use neovm_chain::{Block, UnsignedHeader, Witness, contract::bft_address};
use neovm_storage::{Batch, Layer, Store};
use neovm_types::{CallFlags, FaultKind, Hash256, OpCode, Script, ScriptBuilder};

use crate::{
    executor::{Container, Entry, Job, Receipt, Trigger, execute_in},
    fault,
    network::Network,
    settings::ProtocolSettings,
};

/// The results of executing a block.
#[derive(Clone, Debug)]
pub struct BlockReceipt {
    /// The receipt of OnPersist, before the transactions.
    pub on_persist: Receipt,
    /// The receipts of the transactions, in their order. The changes of each, if they
    /// are listed, are relative to the state that the transaction before it left.
    pub transactions: Vec<Receipt>,
    /// The receipt of PostPersist, after the transactions.
    pub post_persist: Receipt,
    /// The changes of the whole block, in the order of their keys.
    pub changes: Batch,
}

/// Executes a block over a store. The store does not change: the receipt lists
/// the changes to write. Neither the block nor the transactions are verified.
///
/// # Errors
/// A fault if native contracts fail, as they do if the block cannot come next,
/// or if the storage cannot be read.
pub fn execute_block(network: &Network, store: &dyn Store, block: &Block) -> Result<BlockReceipt, FaultKind> {
    execute_steps(network, store, block, Steps::Listed)
}

/// Executes a block as [`execute_block`] does, but lists the changes of the whole block alone, which is faster: the
/// receipts of OnPersist, the transactions and PostPersist have none.
///
/// # Errors
/// Those of [`execute_block`].
pub fn execute_block_as_a_whole(
    network: &Network,
    store: &dyn Store,
    block: &Block,
) -> Result<BlockReceipt, FaultKind> {
    execute_steps(network, store, block, Steps::Unlisted)
}

/// Whether the changes of each execution in a block are listed.
#[derive(Clone, Copy, PartialEq)]
enum Steps {
    Listed,
    Unlisted,
}

fn execute_steps(network: &Network, store: &dyn Store, block: &Block, steps: Steps) -> Result<BlockReceipt, FaultKind> {
    execute_in_layer(network, &Layer::over(store), block, steps)
}

/// Executes a block over a layer and commits its changes to that.
pub(crate) fn execute_block_above<'s>(
    network: &'s Network,
    below: &Rc<Layer<'s>>,
    block: &'s Block,
) -> Result<BlockReceipt, FaultKind> {
    let layer = Layer::above(below);
    let receipt = execute_in_layer(network, &layer, block, Steps::Unlisted)?;
    layer.commit().map_err(fault)?;
    Ok(receipt)
}

fn execute_in_layer<'s>(
    network: &'s Network,
    layer: &Rc<Layer<'s>>,
    block: &'s Block,
    steps: Steps,
) -> Result<BlockReceipt, FaultKind> {
    let on_persist = persist(network, layer, block, Trigger::OnPersist, steps)?;
    let mut transactions = Vec::with_capacity(block.transactions().len());
    for transaction in block.transactions() {
        let entry = Entry::Script { script: transaction.script.clone(), flags: CallFlags::ALL };
        let job = Job {
            trigger: Trigger::Application,
            container: Container::Transaction(transaction),
            block: Some(block.into()),
            gas: transaction.system_fee,
            entry,
        };
        transactions.push(execute_above(network, layer, &job, steps)?);
    }
    let post_persist = persist(network, layer, block, Trigger::PostPersist, steps)?;
    Ok(BlockReceipt { on_persist, transactions, post_persist, changes: layer.changes() })
}

/// Executes a job in a layer above the block's, and commits that unless the script faulted.
fn execute_above<'s>(
    network: &'s Network,
    layer: &Rc<Layer<'s>>,
    job: &Job<'s>,
    steps: Steps,
) -> Result<Receipt, FaultKind> {
    let above = Layer::above(layer);
    let mut receipt = execute_in(network, &above, job, |_| Batch::new())?;
    if receipt.halted() {
        if steps == Steps::Listed {
            receipt.changes = differences(&above, layer)?;
        }
        above.commit().map_err(fault)?;
    }
    Ok(receipt)
}

/// The changes of a layer that are not back at what lies below.
fn differences(layer: &Layer<'_>, below: &Layer<'_>) -> Result<Batch, FaultKind> {
    let mut changes = layer.changes();
    let mut result = Ok(());
    changes.retain(|(key, value)| match below.get(key) {
        Ok(old) => old != *value,
        Err(error) => {
            result = Err(fault(error));
            false
        }
    });
    result.map(|()| changes)
}

/// Runs what native contracts do before or after the transactions.
fn persist<'s>(
    network: &'s Network,
    layer: &Rc<Layer<'s>>,
    block: &'s Block,
    trigger: Trigger,
    steps: Steps,
) -> Result<Receipt, FaultKind> {
    let call = persisting_call(trigger).ok_or_else(|| fault("nothing persists with this trigger"))?;
    let script = ScriptBuilder::new().syscall(call).build().map_err(fault)?;
    let entry = Entry::Script { script, flags: CallFlags::ALL };
    let job = Job { trigger, container: Container::None, block: Some(block.into()), gas: 0, entry };
    let receipt = execute_above(network, layer, &job, steps)?;
    match receipt.fault {
        Some(failed) => Err(failed.kind),
        None => Ok(receipt),
    }
}

/// The system call by which native contracts do their work before or after a block.
pub(crate) fn persisting_call(trigger: Trigger) -> Option<&'static str> {
    match trigger {
        Trigger::OnPersist => Some("System.Contract.NativeOnPersist"),
        Trigger::PostPersist => Some("System.Contract.NativePostPersist"),
        _ => None,
    }
}

/// Returns the genesis block of a network, which has no transactions.
///
/// Source: `NeoSystem.cs` (`CreateGenesisBlock`) of the reference node.
///
/// # Errors
/// A fault if the settings have no validators.
pub fn genesis_block(settings: &ProtocolSettings) -> Result<Block, FaultKind> {
    let header = UnsignedHeader {
        version: 0,
        previous_hash: Hash256::default(),
        merkle_root: Hash256::default(),
        // 15 July 2016, 15:08:21 UTC.
        timestamp: 1_468_595_301_000,
        // That of Bitcoin's first block.
        nonce: 2_083_236_893,
        index: 0,
        primary_index: 0,
        next_consensus: bft_address(settings.standby_validators()).map_err(fault)?,
    };
    let witness = Witness { invocation: Script::from(vec![]), verification: Script::from(vec![OpCode::PUSH1 as u8]) };
    Block::new(header.sign(&witness).map_err(fault)?, Vec::new()).map_err(fault)
}
