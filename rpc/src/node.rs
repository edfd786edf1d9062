//! A node that answers calls: a chain, the pool beside it, and the index of tokens.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use neovm_chain::{Block, Header, Transaction};
use neovm_disk::{DiskError, Index};
use neovm_host::{BlockReceipt, Network, ProtocolSettings, StateView};
use neovm_node::{
    Blockchain, BlockchainError, MemoryPool,
    verify::{VerifyLevel, VerifyResult},
};
use neovm_private::{MinedBlock, PrivateChain, PrivateError};
use neovm_storage::checked;
use neovm_types::{FaultKind, Hash256};
use uuid::Uuid;

use crate::{session::Sessions, token_index};

/// What a node does at most for a call.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The gas that a test invocation may use, in datoshi.
    pub gas: i64,
    /// The time that a test invocation may take.
    pub time: Duration,
    /// The number of sessions that are open at once; without any, iterators cannot be read.
    pub sessions: usize,
    /// How long a session stays open after it was used last.
    pub session_time: Duration,
    /// The number of entries that are read of the iterators of a session.
    pub session_entries: usize,
    /// The number of entries of an iterator that a call returns.
    pub iterator_entries: usize,
    /// The number of entries of a storage that a call returns.
    pub storage_entries: usize,
    /// The number of transfers and balances that a call returns.
    pub token_entries: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            gas: 2_000_000_000,
            time: Duration::from_secs(5),
            sessions: 20,
            session_time: Duration::from_secs(60),
            session_entries: 10_000,
            iterator_entries: 100,
            storage_entries: 50,
            token_entries: 1000,
        }
    }
}

/// Why a node cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    /// The block cannot be made or is refused, or the chain cannot be read or written.
    #[error("{0}")]
    Chain(#[from] PrivateError),
    /// The index of tokens cannot be read or written.
    #[error("{0}")]
    Disk(#[from] DiskError),
    /// The state is damaged.
    #[error("{0}")]
    State(#[from] FaultKind),
    /// A transaction that waited leaves the pool, since no block can be made with it.
    #[error("no block can be made with transaction {transaction}, which is set aside: {error}")]
    SetAside {
        /// The transaction.
        transaction: Hash256,
        /// Why not: it reads what cannot be read, for instance.
        error: Box<BlockchainError>,
    },
    /// An earlier block could not be kept.
    #[error("an earlier block could not be kept: {0}")]
    Broken(String),
}

/// When blocks are made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mining {
    /// Never: they come from outside.
    #[default]
    Never,
    /// As soon as a transaction waits.
    Each,
    /// By the server's clock, with whatever waits.
    Every(Duration),
}

/// A private chain, and what a server needs beside it.
#[derive(Debug)]
pub struct Node {
    chain: PrivateChain,
    pub(crate) pool: MemoryPool,
    pub(crate) tokens: Index,
    sessions: Mutex<Sessions>,
    pub(crate) limits: Limits,
    mining: Mining,
    /// A number that tells this run of the program from others.
    pub(crate) nonce: u32,
    broken: Option<String>,
}

impl Node {
    /// Makes a node of a chain. The index of tokens is brought up to the last block.
    ///
    /// # Errors
    /// [`NodeError`] if files cannot be read or written.
    pub fn new(chain: PrivateChain, mining: Mining, limits: Limits) -> Result<Self, NodeError> {
        let tokens = token_index::open(chain.folder().path().join("tokens.redb"))?;
        let pool = MemoryPool::new(chain.blockchain().network().settings().memory_pool_max_transactions as usize);
        let nonce = Uuid::new_v4().as_u128() as u32;
        let node = Self { chain, pool, tokens, sessions: Mutex::default(), limits, mining, nonce, broken: None };
        if let Err(error) = token_index::catch_up(&node) {
            tracing::error!(%error, "the index of tokens is behind");
        }
        Ok(node)
    }

    /// When blocks are made.
    pub const fn mining(&self) -> Mining {
        self.mining
    }

    /// The network.
    pub fn network(&self) -> &Network {
        self.chain().network()
    }

    /// The settings of the network.
    pub fn settings(&self) -> &ProtocolSettings {
        self.network().settings()
    }

    /// The chain.
    pub const fn chain(&self) -> &Blockchain {
        self.chain.blockchain()
    }

    /// The height of the first block that was made here.
    pub(crate) fn first_block(&self) -> u32 {
        self.chain.first_block()
    }

    /// Returns the application log of a block or a transaction.
    pub(crate) fn log(&self, hash: Hash256) -> Result<Option<String>, PrivateError> {
        self.chain.log(hash)
    }

    /// The transactions that wait for a block.
    pub const fn pool(&self) -> &MemoryPool {
        &self.pool
    }

    /// The height of the last block.
    pub fn height(&self) -> u32 {
        self.chain().height().unwrap_or(0)
    }

    /// The state after the last block.
    pub(crate) fn view(&self) -> StateView<'_> {
        StateView::new(self.network(), self.chain().state())
    }

    pub(crate) fn sessions(&self) -> MutexGuard<'_, Sessions> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Verifies a transaction, and adds it to those that wait.
    pub(crate) fn add(&mut self, transaction: Arc<Transaction>) -> Result<VerifyResult, FaultKind> {
        let (chain, pool) = (self.chain.blockchain(), &mut self.pool);
        let added = checked(chain.state(), |state| pool.try_add(chain.network(), state, transaction));
        added.map_err(|error| FaultKind::Host(error.to_string()))?
    }

    /// Verifies a block, executes it, and keeps it with its logs and transfers. When it returns, all of that survives
    /// a power cut.
    ///
    /// # Errors
    /// [`NodeError`]. If the block is refused the node goes on as before; after another error it takes no blocks and
    /// answers no calls any more.
    pub fn append(&mut self, block: &Block) -> Result<(), NodeError> {
        self.check()?;
        let receipt = self.chain.append(block, VerifyLevel::Full)?;
        self.keep(block, &receipt)
    }

    /// Makes a block of the transactions that wait, as many as it may have, and appends it.
    ///
    /// If none can be made because of one of them, it is one of fewer, so that the others do not wait for long.
    ///
    /// # Errors
    /// As for [`append`](Self::append), and [`NodeError::SetAside`] of the first transaction, after which the node goes
    /// on as before, too.
    pub fn mine(&mut self) -> Result<Block, NodeError> {
        self.check()?;
        let most = self.settings().max_transactions_per_block as usize;
        let mut waiting: Vec<_> = self.pool.transactions().cloned().collect();
        loop {
            match (self.chain.mine(&waiting, None), &waiting[..]) {
                (Ok(MinedBlock { block, receipt }), _) => {
                    self.keep(&block, &receipt)?;
                    return Ok(block);
                }
                (Err(PrivateError::Blockchain(error)), [transaction]) => {
                    let transaction = transaction.hash();
                    self.pool.remove(transaction);
                    return Err(NodeError::SetAside { transaction, error: error.into() });
                }
                (Err(PrivateError::Blockchain(_)), [_, ..]) => waiting.truncate((waiting.len().min(most) / 2).max(1)),
                (Err(error), _) => return Err(error.into()),
            }
        }
    }

    /// Checks that the last block was kept: what is read would be gone when the node is started again.
    pub(crate) fn check(&self) -> Result<(), NodeError> {
        self.broken.clone().map_or(Ok(()), |reason| Err(NodeError::Broken(reason)))
    }

    /// Keeps what came of a block that was appended.
    fn keep(&mut self, block: &Block, receipt: &BlockReceipt) -> Result<(), NodeError> {
        let kept = self.write(block, receipt);
        if let Err(error) = &kept {
            self.broken = Some(error.to_string());
        }
        kept?;
        let (height, transactions) = (block.index, block.transactions().len());
        tracing::info!(height, hash = %block.hash(), transactions, "block");
        Ok(())
    }

    fn write(&mut self, block: &Block, receipt: &BlockReceipt) -> Result<(), NodeError> {
        self.chain.flush()?;
        // The chain comes first: what the index lacks is found in the logs, with the next block or at the next start.
        if let Err(error) = token_index::append(self, block, receipt) {
            tracing::error!(%error, "the index of tokens is behind");
        }
        let chain = self.chain.blockchain();
        self.pool.block_appended(chain.network(), chain.state(), block);
        Ok(())
    }

    /// Makes blocks of all that waits, if that is what the node does as soon as something comes.
    ///
    /// # Errors
    /// The first [`NodeError`] that concerns `sent`, the transaction that has come, or all of them.
    pub(crate) fn mine_each(&mut self, sent: Option<Hash256>) -> Result<(), NodeError> {
        let mut answer = Ok(());
        while self.mining == Mining::Each && !self.pool.is_empty() {
            match self.mine() {
                Ok(block) if block.transactions().is_empty() => break,
                Ok(_) => {}
                Err(error) => {
                    tracing::error!(%error, "no block");
                    match &error {
                        NodeError::SetAside { transaction, .. } if Some(*transaction) == sent => answer = Err(error),
                        NodeError::SetAside { .. } => {}
                        _ => return Err(error),
                    }
                }
            }
        }
        answer
    }

    /// Returns a block, if it is there.
    pub(crate) fn block(&self, hash: Hash256) -> Result<Option<Block>, FaultKind> {
        let view = self.view();
        let Some(trimmed) = view.block(hash)? else { return Ok(None) };
        let mut transactions = Vec::with_capacity(trimmed.transaction_hashes.len());
        for hash in trimmed.transaction_hashes {
            let found = view.transaction(hash)?;
            let (transaction, _) = found.ok_or_else(|| FaultKind::Host(format!("transaction {hash} is missing")))?;
            transactions.push(transaction.into());
        }
        let block = Block::new(trimmed.header, transactions);
        block.map(Some).map_err(|error| FaultKind::Host(error.to_string()))
    }

    /// Returns a header, if it is there.
    pub(crate) fn header(&self, hash: Hash256) -> Result<Option<Header>, FaultKind> {
        Ok(self.view().block(hash)?.map(|block| block.header))
    }
}
