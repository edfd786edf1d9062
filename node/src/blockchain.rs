//! A chain that is followed, block after block.
//!
//! Source: `Ledger/Blockchain.cs` (`Persist`) of the reference node.

use std::{mem, sync::Arc};

use neovm_chain::{Block, Header};
use neovm_host::{BlockReceipt, Network, StateView, execute_block_as_a_whole, genesis_block};
use neovm_storage::{Batch, ChainError, ChainState, Store, StoreError, checked};
use neovm_types::{FaultKind, Hash256};

use crate::{
    changes::{Change, net_changes},
    settings::{OtherSetting, differences, record},
    verify::{
        BlockRefusal, InvalidHeader, PreverifiedBlock, VerifyLevel, verify_block_dependent, verify_block_independent,
    },
};

/// Why a chain cannot be opened, or a block cannot be appended.
#[derive(Clone, Debug, thiserror::Error)]
pub enum BlockchainError {
    /// The chain that is kept is another network's.
    #[error("the chain that is kept there begins with block {found}, and that of the configuration with {expected}")]
    OtherNetwork {
        /// The hash of the first block of the network.
        expected: Hash256,
        /// The hash of the first block that is kept.
        found: Hash256,
    },
    /// The chain that is kept was followed with other settings.
    #[error("the chain that is kept there was followed with other settings: {}", joined(.0))]
    OtherSettings(Vec<OtherSetting>),
    /// The first block is not that of the network.
    #[error("block 0 is {found}, and that of the configuration is {expected}")]
    OtherGenesis {
        /// The hash of the first block of the network.
        expected: Hash256,
        /// The hash of the block.
        found: Hash256,
    },
    /// The block does not verify.
    #[error("block {height}: {refusal}")]
    Refused {
        /// The block.
        height: u32,
        /// What is wrong with it.
        refusal: BlockRefusal,
    },
    /// Native contracts failed before or after the transactions of the block.
    #[error("block {height} cannot be executed: {fault}")]
    Execution {
        /// The block.
        height: u32,
        /// Why they failed.
        fault: FaultKind,
    },
    /// The settings have no genesis block, or the state that is kept is damaged.
    #[error("{0}")]
    State(#[from] FaultKind),
    /// The block cannot be kept.
    #[error("{0}")]
    Chain(#[from] ChainError),
}

fn joined(settings: &[OtherSetting]) -> String {
    settings.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// A block that was executed, and is not part of the chain yet.
#[derive(Clone, Debug)]
pub struct ExecutedBlock {
    header: Header,
    receipt: BlockReceipt,
}

impl ExecutedBlock {
    /// Returns what came of the executions. Only the changes of the whole block are listed.
    pub const fn receipt(&self) -> &BlockReceipt {
        &self.receipt
    }

    /// Gives the block other changes than came of it, so that a chain goes on as another
    /// node's does where the two differ.
    #[must_use]
    pub fn with_changes(mut self, changes: Batch) -> Self {
        self.receipt.changes = changes;
        self
    }

    /// Returns what the block changes, see [`net_changes`].
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read, which is that of the chain before
    /// this block.
    pub fn net_changes(&self, before: &dyn Store) -> Result<Vec<Change>, StoreError> {
        net_changes(&self.receipt.changes, before)
    }
}

/// A chain that is followed: blocks are verified, executed and appended, and the place
/// where it is kept computes a state root for each.
///
/// The first block to append is the genesis block.
///
/// ```
/// use std::sync::Arc;
///
/// use neovm_host::{Network, ProtocolSettings, genesis_block};
/// use neovm_node::{Blockchain, verify::VerifyLevel};
/// use neovm_storage::{ChainState, FlushPolicy, MemoryPlace, TrieMode};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let network = Arc::new(Network::new(ProtocolSettings::mainnet()));
/// let state = ChainState::open(Arc::new(MemoryPlace::new(TrieMode::Latest)), FlushPolicy::default())?;
/// let mut chain = Blockchain::open(Arc::clone(&network), state)?;
/// assert_eq!(chain.height(), None);
///
/// let executed = chain.execute(&genesis_block(network.settings())?, VerifyLevel::Headers)?;
/// assert!(executed.receipt().on_persist.halted());
/// chain.append(executed, None)?;
/// let (height, root) = chain.take_roots(true)?[0];
/// assert_eq!(height, 0);
/// assert_eq!(root.to_string(), "0x58a5157b7e99eeabf631291f1747ec8eb12ab89461cda888492b17a301de81e8");
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Blockchain {
    network: Arc<Network>,
    state: ChainState,
    /// The header of the last block.
    last: Option<Header>,
}

impl Blockchain {
    /// Opens the chain of a network.
    ///
    /// The place keeps the settings that enter execution with the chain, and they must be
    /// the same each time. Only hardforks that are still ahead can be moved. A place that
    /// has blocks and no settings, as earlier versions left it, takes those that it is
    /// opened with for its own.
    ///
    /// # Errors
    /// - [`BlockchainError::OtherNetwork`] if another one's is kept there.
    /// - [`BlockchainError::OtherSettings`] if it was followed with other settings.
    /// - [`BlockchainError::State`] or [`BlockchainError::Chain`] if it cannot be read, or
    ///   its settings cannot be written.
    pub fn open(network: Arc<Network>, state: ChainState) -> Result<Self, BlockchainError> {
        Self::open_after(network, state, check_first)
    }

    /// Opens a chain that goes on from a block of another network's, as [`open`](Self::open) does: its first block need
    /// not be that of the settings.
    ///
    /// # Errors
    /// As for [`open`](Self::open).
    pub fn open_fork(network: Arc<Network>, state: ChainState) -> Result<Self, BlockchainError> {
        Self::open_after(network, state, |_, _| Ok(()))
    }

    fn open_after(
        network: Arc<Network>,
        state: ChainState,
        check: impl FnOnce(&Network, &ChainState) -> Result<(), BlockchainError>,
    ) -> Result<Self, BlockchainError> {
        let kept = state.place().protocol().map_err(ChainError::from)?;
        if let (Some(kept), Some(height)) = (&kept, state.height()) {
            let different = differences(&String::from_utf8_lossy(kept), network.settings(), height);
            if !different.is_empty() {
                return Err(BlockchainError::OtherSettings(different));
            }
        }
        let mut last = None;
        if state.height().is_some() {
            check(&network, &state)?;
            last = last_header(&network, &state)?;
        }
        let given = record(network.settings());
        if kept.as_deref() != Some(given.as_bytes()) {
            state.place().write_protocol(given.as_bytes()).map_err(ChainError::from)?;
        }
        Ok(Self { network, state, last })
    }

    /// Returns the network.
    pub const fn network(&self) -> &Arc<Network> {
        &self.network
    }

    /// Returns the height of the last block; None if there is not even the first.
    pub fn height(&self) -> Option<u32> {
        self.last.as_ref().map(|last| last.index)
    }

    /// Returns the header of the last block.
    pub const fn last_header(&self) -> Option<&Header> {
        self.last.as_ref()
    }

    /// Returns the state after the last block.
    pub const fn state(&self) -> &ChainState {
        &self.state
    }

    /// Verifies a block and executes it. The chain stays as it is.
    ///
    /// That the block follows the last one is checked at every level of verification.
    ///
    /// # Errors
    /// [`BlockchainError`] if the block cannot be the next one.
    pub fn execute(&self, block: &Block, level: VerifyLevel) -> Result<ExecutedBlock, BlockchainError> {
        let settings = self.network.settings();
        self.execute_checked(block, level, |last| verify_block_independent(settings, last, block, level))
    }

    /// Verifies what of a block depends on the state, and executes it, as
    /// [`execute`](Self::execute) does. The rest was verified ahead.
    ///
    /// # Errors
    /// [`BlockchainError`] if the block cannot be the next one.
    pub fn execute_preverified(&self, preverified: &PreverifiedBlock) -> Result<ExecutedBlock, BlockchainError> {
        let PreverifiedBlock { block, previous, level, result } = preverified;
        let hash = |header: &Option<Header>| header.as_ref().map(|header| header.hash());
        // Otherwise it was verified as one that follows another block.
        if hash(previous) == hash(&self.last) {
            self.execute_checked(block, *level, |_| result.clone())
        } else {
            self.execute(block, *level)
        }
    }

    /// Executes a block, of which `independent` verifies what does not depend on the
    /// state, given the header of the last one. Nothing comes of it if the state could not be read.
    fn execute_checked(
        &self,
        block: &Block,
        level: VerifyLevel,
        independent: impl FnOnce(&Header) -> Result<(), BlockRefusal>,
    ) -> Result<ExecutedBlock, BlockchainError> {
        checked(&self.state, |state| self.execute_over(state, block, level, independent)).map_err(ChainError::from)?
    }

    fn execute_over(
        &self,
        state: &dyn Store,
        block: &Block,
        level: VerifyLevel,
        independent: impl FnOnce(&Header) -> Result<(), BlockRefusal>,
    ) -> Result<ExecutedBlock, BlockchainError> {
        let height = block.index;
        match &self.last {
            None => self.check_genesis(block)?,
            Some(last) => {
                let checked = check_link(last, block).map_err(BlockRefusal::from);
                let verified = checked.and_then(|()| independent(last));
                verified
                    .and_then(|()| verify_block_dependent(&self.network, state, last, block, level))
                    .map_err(|refusal| BlockchainError::Refused { height, refusal })?;
            }
        }
        let receipt = execute_block_as_a_whole(&self.network, state, block);
        let receipt = receipt.map_err(|fault| BlockchainError::Execution { height, fault })?;
        Ok(ExecutedBlock { header: block.header().clone(), receipt })
    }

    /// Appends a block that was executed after the last one. If a state root is
    /// expected and another one comes out, the block is never written.
    ///
    /// # Errors
    /// [`ChainError`], which may concern a block that was appended earlier.
    pub fn append(&mut self, mut block: ExecutedBlock, expected: Option<Hash256>) -> Result<(), ChainError> {
        let changes = Arc::new(mem::take(&mut block.receipt.changes));
        self.state.append(block.header.index, changes, expected.map(|root| root.0))?;
        self.last = Some(block.header);
        Ok(())
    }

    /// Returns the heights and state roots of blocks whose roots are known and were not
    /// returned yet. With `wait`, waits for all blocks that were appended.
    ///
    /// # Errors
    /// As for [`append`](Self::append).
    pub fn take_roots(&mut self, wait: bool) -> Result<Vec<(u32, Hash256)>, ChainError> {
        let roots = self.state.take_roots(wait)?;
        Ok(roots.into_iter().map(|(height, root)| (height, Hash256(root))).collect())
    }

    /// Writes all blocks that were appended. When it returns they survive a power cut.
    ///
    /// # Errors
    /// As for [`append`](Self::append).
    pub fn flush(&mut self) -> Result<(), ChainError> {
        self.state.flush()
    }

    fn check_genesis(&self, block: &Block) -> Result<(), BlockchainError> {
        let (expected, found) = (genesis_block(self.network.settings())?.hash(), block.hash());
        if found == expected { Ok(()) } else { Err(BlockchainError::OtherGenesis { expected, found }) }
    }
}

/// Checks that a chain begins with the genesis block of the network.
fn check_first(network: &Network, state: &ChainState) -> Result<(), BlockchainError> {
    let expected = genesis_block(network.settings())?.hash();
    let found = StateView::new(network, state).block_hash(0)?.unwrap_or_default();
    if found == expected { Ok(()) } else { Err(BlockchainError::OtherNetwork { expected, found }) }
}

/// Reads the header of the last block.
fn last_header(network: &Network, state: &ChainState) -> Result<Option<Header>, BlockchainError> {
    let view = StateView::new(network, state);
    Ok(view.block(view.last_hash()?)?.map(|block| block.header))
}

/// Checks that a block names the last one as that before it.
fn check_link(last: &Header, block: &Block) -> Result<(), InvalidHeader> {
    if last.index.checked_add(1) != Some(block.index) {
        return Err(InvalidHeader::Index { previous: last.index, found: block.index });
    }
    if block.previous_hash != last.hash() {
        return Err(InvalidHeader::PreviousHash { expected: last.hash(), found: block.previous_hash });
    }
    Ok(())
}
