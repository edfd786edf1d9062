//! A private chain that is open.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use neovm_chain::{Block, Transaction};
use neovm_disk::{Disk, DiskError, Records, Settings};
use neovm_host::{BlockReceipt, Network, ProtocolSettings, StateView};
use neovm_node::{ApplicationLogs, Blockchain, BlockchainError, config, config::ConfigError, verify::VerifyLevel};
use neovm_storage::{ChainError, ChainState, FlushPolicy, StoreError, TrieMode};
use neovm_types::{FaultKind, Hash256};
use neovm_wallet::{PrivateKey, Wallet, WalletError};

use crate::{
    Origin, OriginError,
    folder::{Folder, ForkOf, NewChain, PASSWORD},
    origin::ForkPlace,
    produce::{ProduceError, next_block},
};

/// Why a private chain cannot be made, opened or continued.
#[derive(Debug, thiserror::Error)]
pub enum PrivateError {
    /// There is no such chain.
    #[error("{}: there is no private chain: make one with neovm chain new", .0.display())]
    Missing(PathBuf),
    /// The configuration of a chain is gone.
    #[error("{}: this file is missing, without which the chain beside it cannot be read: bring it back from a copy, or write it anew with the network's settings", .0.display())]
    NoConfig(PathBuf),
    /// A part of the chain is gone.
    #[error("{}: this is missing, and with it a part of the chain: bring it back from a copy", .0.display())]
    NoPart(PathBuf),
    /// The folder of a new chain has files already.
    #[error("{}: this folder is not empty", .0.display())]
    NotEmpty(PathBuf),
    /// A file cannot be read or written.
    #[error("{}: {error}", file.display())]
    Io {
        /// The file.
        file: PathBuf,
        /// The error.
        error: io::Error,
    },
    /// The configuration is refused.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// No block could hold a transaction.
    #[error("{}: MaxTransactionsPerBlock is 0", .0.display())]
    NoTransactions(PathBuf),
    /// The wallet is refused.
    #[error("{}: {error}", file.display())]
    Wallet {
        /// The file.
        file: PathBuf,
        /// Why.
        error: WalletError,
    },
    /// A checkpoint is there, or is not.
    #[error("{0}")]
    Checkpoint(String),
    /// The chain's files cannot be read or written.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// A block is refused, or the chain that is kept is another one.
    #[error(transparent)]
    Blockchain(#[from] BlockchainError),
    /// A block cannot be kept.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// No block can be made.
    #[error(transparent)]
    Produce(#[from] ProduceError),
    /// The node of the network that a fork is of does not help.
    #[error(transparent)]
    Origin(#[from] OriginError),
    /// The state cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The state is damaged.
    #[error(transparent)]
    State(#[from] FaultKind),
}

impl PrivateError {
    pub(crate) fn io(file: impl Into<PathBuf>, error: io::Error) -> Self {
        Self::Io { file: file.into(), error }
    }
}

/// A block that was made, and what came of it.
#[derive(Clone, Debug)]
pub struct MinedBlock {
    /// The block.
    pub block: Block,
    /// What came of its executions, without changes.
    pub receipt: BlockReceipt,
}

/// A private chain that this process has to itself.
///
/// Blocks are made by [`mine`](Self::mine) with the keys of the chain's wallet, and survive a crash or a power cut
/// once [`flush`](Self::flush) has returned.
#[derive(Debug)]
pub struct PrivateChain {
    folder: Folder,
    blockchain: Blockchain,
    /// The chain that this one is a fork of, if it is another network's.
    origin: Option<Arc<Origin>>,
    wallet: Wallet,
    keys: Vec<PrivateKey>,
    logs: Records,
    /// Logs of blocks that are not written yet.
    pending: Vec<(Hash256, String)>,
}

impl PrivateChain {
    /// Makes a chain with its genesis block in a folder that is not there, or is empty.
    ///
    /// # Errors
    /// [`PrivateError`] if the folder has files, or files cannot be written.
    pub fn create(folder: impl AsRef<Path>, new: &NewChain) -> Result<Self, PrivateError> {
        let folder = Folder::new(folder.as_ref());
        folder.create(new)?;
        Self::open_folder(folder, None)
    }

    /// Makes a fork of another network in a folder that is not there, or is empty: a chain that goes on from a block of
    /// it, by the blocks of one validator.
    ///
    /// The state after that block is read from a node when it is asked for, and what was read is kept. The validator
    /// is the committee from then on, and its account has as much GAS as a new network; one block more than was asked
    /// for is there at the beginning, which says so. Nothing is ever sent to the network.
    ///
    /// # Errors
    /// [`PrivateError`] if the folder has files, the node does not have the block or its state, or files cannot be
    /// written.
    pub fn fork_of(folder: impl AsRef<Path>, fork: &ForkOf) -> Result<Self, PrivateError> {
        let folder = Folder::new(folder.as_ref());
        folder.create_fork(fork)?;
        Self::open_folder(folder, None)
    }

    /// Opens a chain.
    ///
    /// # Errors
    /// [`PrivateError`] if there is none, another process uses it, or a file is damaged.
    pub fn open(folder: impl AsRef<Path>) -> Result<Self, PrivateError> {
        Self::open_folder(Folder::new(folder.as_ref()), None)
    }

    /// Opens the chain of a folder, whose disk may be open: who has made it keeps its lock.
    pub(crate) fn open_folder(folder: Folder, made: Option<Disk>) -> Result<Self, PrivateError> {
        if !folder.config().is_file() {
            let is_there = folder.chain().is_dir() || folder.wallet().is_file();
            return Err(match fs::metadata(folder.path()) {
                _ if is_there => PrivateError::NoConfig(folder.config()),
                Ok(found) if !found.is_dir() => DiskError::NotFolder(folder.path().to_owned()).into(),
                Err(error) if error.kind() != io::ErrorKind::NotFound => PrivateError::io(folder.path(), error),
                _ => PrivateError::Missing(folder.path().to_owned()),
            });
        }
        folder.settle()?;
        // They would be made.
        if let Some(part) = [folder.chain(), folder.logs()].into_iter().find(|part| !part.exists()) {
            return Err(PrivateError::NoPart(part));
        }
        let settings = config::load_file(&folder.config())?;
        if settings.max_transactions_per_block == 0 {
            return Err(PrivateError::NoTransactions(folder.config()));
        }
        let address_version = settings.address_version;
        let (origin, origin_read) = (folder.origin(), folder.origin_read());
        let trie_mode = if origin.is_file() { TrieMode::None } else { TrieMode::Full };
        // The lock on this folder is that of the whole chain.
        let disk = made.map_or_else(|| open_disk(&folder.chain(), &settings, trie_mode), Ok)?;
        let origin = origin.is_file().then(|| Origin::open(&origin, &origin_read).map(Arc::new)).transpose()?;
        let blockchain = follow(disk, Arc::new(Network::new(settings)), origin.as_ref())?;
        folder.sweep();
        let in_wallet = |error| folder.in_wallet(error);
        let wallet = Wallet::from_json(&Folder::read(&folder.wallet())?, address_version).map_err(in_wallet)?;
        let keys = wallet.keys(&wallet.accounts, PASSWORD).map_err(in_wallet)?;
        let logs = Records::open(folder.logs())?;
        Ok(Self { folder, blockchain, origin, wallet, keys, logs, pending: Vec::new() })
    }

    /// Returns the folder.
    pub const fn folder(&self) -> &Folder {
        &self.folder
    }

    /// Returns the chain.
    pub const fn blockchain(&self) -> &Blockchain {
        &self.blockchain
    }

    /// Returns the chain that this one is a fork of, if it is another network's.
    pub const fn origin(&self) -> Option<&Arc<Origin>> {
        self.origin.as_ref()
    }

    /// Returns the height of the first block that was made here: 0, unless this is a fork of another network.
    pub fn first_block(&self) -> u32 {
        self.origin.as_ref().map_or(0, |origin| origin.height().saturating_add(1))
    }

    /// Returns the wallet.
    pub const fn wallet(&self) -> &Wallet {
        &self.wallet
    }

    /// Returns the keys of the wallet.
    pub fn keys(&self) -> &[PrivateKey] {
        &self.keys
    }

    /// Makes the next block with transactions, as [`next_block`] does, verifies and executes it.
    ///
    /// # Errors
    /// [`PrivateError`] if no block can be made, or a transaction is not valid.
    pub fn mine(
        &mut self,
        transactions: &[Arc<Transaction>],
        timestamp: Option<u64>,
    ) -> Result<MinedBlock, PrivateError> {
        let block = next_block(&self.blockchain, &self.keys, transactions, timestamp)?;
        let receipt = self.append(&block, VerifyLevel::Full)?;
        Ok(MinedBlock { block, receipt })
    }

    /// Verifies and executes a block that was made elsewhere, and makes it the last one.
    ///
    /// # Errors
    /// [`PrivateError`] if the block is refused.
    pub fn append(&mut self, block: &Block, level: VerifyLevel) -> Result<BlockReceipt, PrivateError> {
        if let Some(origin) = &self.origin {
            origin.announce(block);
        }
        let executed = self.blockchain.execute(block, level)?;
        let receipt = executed.receipt().clone();
        self.blockchain.append(executed, None)?;
        let logs = ApplicationLogs::new(block, &receipt);
        self.pending.push((block.hash(), logs.block_json()));
        let of_transactions = block.transactions().iter().enumerate();
        let of_transactions = of_transactions.filter_map(|(i, it)| Some((it.hash(), logs.transaction_json(i)?)));
        self.pending.extend(of_transactions);
        Ok(receipt)
    }

    /// Writes what was mined. When it returns, it survives a power cut.
    ///
    /// # Errors
    /// [`PrivateError`] if it cannot be written: the chain then ends where it was written last.
    pub fn flush(&mut self) -> Result<(), PrivateError> {
        // Logs of blocks that are not there do no harm; blocks without logs would.
        self.logs.write(self.pending.iter().map(|(hash, log)| (hash.0, log.as_bytes())))?;
        self.blockchain.flush()?;
        self.pending.clear();
        Ok(())
    }

    /// Returns the application log of a block or a transaction of the chain, as the RPC call `getapplicationlog` answers
    /// it.
    ///
    /// # Errors
    /// [`PrivateError`] if it cannot be read.
    pub fn log(&self, hash: Hash256) -> Result<Option<String>, PrivateError> {
        if let Some((_, log)) = self.pending.iter().find(|(pending, _)| *pending == hash) {
            return Ok(Some(log.clone()));
        }
        // Logs of blocks that were undone may still be there.
        let view = StateView::new(self.blockchain.network(), self.blockchain.state());
        if view.block(hash)?.is_none() && view.transaction(hash)?.is_none() {
            return Ok(None);
        }
        let bytes = self.logs.get(hash.0)?;
        Ok(bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
    }

    /// Changes the wallet, and writes it.
    ///
    /// # Errors
    /// [`PrivateError`] if the change is refused, or the wallet cannot be written.
    pub fn change_wallet(
        &mut self,
        change: impl FnOnce(&mut Wallet) -> Result<(), WalletError>,
    ) -> Result<(), PrivateError> {
        let in_wallet = |error| self.folder.in_wallet(error);
        let mut wallet = self.wallet.clone();
        change(&mut wallet).map_err(in_wallet)?;
        let keys = wallet.keys(&wallet.accounts, PASSWORD).map_err(in_wallet)?;
        self.folder.write_wallet(&wallet)?;
        (self.wallet, self.keys) = (wallet, keys);
        Ok(())
    }
}

/// Opens the folder that a chain lies in, and locks it.
pub(crate) fn open_disk(folder: &Path, settings: &ProtocolSettings, trie_mode: TrieMode) -> Result<Disk, DiskError> {
    Disk::open(folder, Settings { network: settings.network, trie_mode, ..Settings::default() })
}

/// Opens the chain that lies in a folder.
pub(crate) fn follow(
    disk: Disk,
    network: Arc<Network>,
    origin: Option<&Arc<Origin>>,
) -> Result<Blockchain, PrivateError> {
    let Some(origin) = origin else {
        let state = ChainState::open(Arc::new(disk), FlushPolicy::ON_DEMAND)?;
        return Ok(Blockchain::open(network, state)?);
    };
    let place = ForkPlace::new(disk, Arc::clone(origin));
    Ok(Blockchain::open_fork(network, ChainState::open(Arc::new(place), FlushPolicy::ON_DEMAND)?)?)
}
