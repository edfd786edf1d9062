//! What the system calls and native contracts that an embedder adds may do besides, for tests of contracts. Those of
//! the networks use nothing of it.

use neovm_chain::{Block, Transaction};
use neovm_types::FaultKind;

use super::{Container, Executor, PersistingBlock};
use crate::{
    block::{BlockReceipt, execute_block_above},
    native::oracle,
};

impl<'s> Executor<'s> {
    /// Lets the rest of the execution run in another block. The rules stay those that it began with, whatever
    /// the height.
    pub fn set_block(&mut self, block: PersistingBlock<'s>) {
        self.block = Some(block);
    }

    /// Lets the rest of the execution run in another transaction, whose signers are asked from now on.
    pub fn set_transaction(&mut self, transaction: &'s Transaction) {
        self.container = Container::Transaction(transaction);
        self.container_items = Default::default();
        self.witnesses = Default::default();
    }

    /// Executes a block over the state as the current script sees it. The changes of the block are those of the script
    /// from then on. The gas of the block is not charged to the execution.
    ///
    /// # Errors
    /// Those of [`execute_block`](crate::execute_block).
    pub fn execute_block(&self, block: &'s Block) -> Result<BlockReceipt, FaultKind> {
        execute_block_above(self.network, self.layer(), block)
    }

    /// Returns the GAS that was paid for the answer to an oracle request, in datoshi;
    /// none if no request with this number waits.
    ///
    /// # Errors
    /// A fault if the storage cannot be read or is damaged.
    pub fn gas_for_oracle_response(&self, request: u64) -> Result<Option<i64>, FaultKind> {
        Ok(oracle::stored_request(self.layer(), request)?.map(|request| request.gas_for_response))
    }
}
