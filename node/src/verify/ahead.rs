//! Verification ahead of execution.

use std::sync::Arc;

use neovm_chain::{Block, Header};
use neovm_host::Network;

use super::{BlockRefusal, VerifyLevel, verify_block_independent};

/// Verifies what of blocks does not depend on the state, on a thread of its own,
/// while the blocks before them are executed.
///
/// Nearly all the time that verification takes goes into signatures, and those of
/// standard accounts are verified here.
#[derive(Debug)]
pub struct Preverifier {
    network: Arc<Network>,
    level: VerifyLevel,
    /// The header of the last block.
    last: Option<Header>,
}

impl Preverifier {
    /// Creates a verifier of the blocks that come after one; without it, of those
    /// from the genesis block on.
    pub fn new(network: Arc<Network>, last: Option<Header>, level: VerifyLevel) -> Self {
        Self { network, level, last }
    }

    /// Verifies the next block. What is wrong with it is known when
    /// [`Blockchain::execute_preverified`](crate::Blockchain::execute_preverified)
    /// comes to it.
    pub fn verify(&mut self, block: Block) -> PreverifiedBlock {
        let previous = self.last.replace(block.header().clone());
        let result = previous
            .as_ref()
            .map_or(Ok(()), |previous| verify_block_independent(self.network.settings(), previous, &block, self.level));
        PreverifiedBlock { block, previous, level: self.level, result }
    }
}

/// A block of which everything but what depends on the state was verified.
#[derive(Clone, Debug)]
pub struct PreverifiedBlock {
    pub(crate) block: Block,
    /// The header that it was verified against; none for the genesis block.
    pub(crate) previous: Option<Header>,
    pub(crate) level: VerifyLevel,
    pub(crate) result: Result<(), BlockRefusal>,
}

impl PreverifiedBlock {
    /// Returns the block.
    pub const fn block(&self) -> &Block {
        &self.block
    }
}
