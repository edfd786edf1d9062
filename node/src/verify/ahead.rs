//! Verification ahead of execution.

use std::{
    iter,
    panic::resume_unwind,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use neovm_chain::{Block, Header};
use neovm_host::Network;

use super::{BlockRefusal, VerifyLevel, verify_block_independent};

/// Verifies what of blocks does not depend on the state, on threads of its own,
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
        let result = self.check(previous.as_ref(), &block);
        PreverifiedBlock { block, previous, level: self.level, result }
    }

    /// Verifies the next blocks as [`Preverifier::verify`] does each, on as many threads
    /// as the machine runs at once.
    pub fn verify_all(&mut self, blocks: Vec<Block>) -> Vec<PreverifiedBlock> {
        let headers = blocks.iter().map(|block| Some(block.header().clone()));
        let mut previous: Vec<_> = iter::once(self.last.take()).chain(headers).collect();
        self.last = previous.pop().flatten();
        let pairs: Vec<_> = previous.iter().map(Option::as_ref).zip(&blocks).collect();
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let next = AtomicUsize::new(0);
        // Each thread takes the next block, since other threads of the process may hold one of them up.
        let check = || -> Vec<_> {
            let taken = iter::from_fn(|| {
                let index = next.fetch_add(1, Ordering::Relaxed);
                pairs.get(index).map(|(previous, block)| (index, self.check(*previous, block)))
            });
            taken.collect()
        };
        let mut results: Vec<_> = thread::scope(|scope| {
            let running: Vec<_> = (0..threads).map(|_| scope.spawn(check)).collect();
            running.into_iter().flat_map(|thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic))).collect()
        });
        results.sort_unstable_by_key(|(index, _)| *index);
        let level = self.level;
        let verified = |((block, previous), (_, result))| PreverifiedBlock { block, previous, level, result };
        blocks.into_iter().zip(previous).zip(results).map(verified).collect()
    }

    fn check(&self, previous: Option<&Header>, block: &Block) -> Result<(), BlockRefusal> {
        previous
            .map_or(Ok(()), |previous| verify_block_independent(self.network.settings(), previous, block, self.level))
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
