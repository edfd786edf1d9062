//! The state of a chain that is followed, block after block.

mod buffer;
mod cache;
mod memory;
mod worker;

use std::{
    collections::VecDeque,
    fmt::Debug,
    sync::Arc,
    time::{Duration, Instant},
};

use cache::{Absent, ReadCache};
use worker::{Job, Report, Worker};

pub use self::{
    buffer::{StateBuffer, overlay},
    memory::MemoryPlace,
};
use crate::{
    Batch, ContractsStamp, Cursor, Direction, NodeChanges, NodeHash, Nodes, Store, StoreError, TrieError, TrieReader,
    Value,
};

/// The id of LedgerContract, whose storage has no part in the state root.
pub const LEDGER_ID: i32 = -4;

/// Which state tries a place keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrieMode {
    /// None: no state roots are computed.
    None,
    /// That of the last block.
    Latest,
    /// Those of all blocks.
    Full,
}

/// The last block that a place holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tip {
    /// Its height.
    pub height: u32,
    /// The state root after it; zeros if none are computed.
    pub root: NodeHash,
}

/// Blocks to write: what they changed since the last write.
#[derive(Debug)]
pub struct Commit<'a> {
    /// The last of the blocks.
    pub tip: Tip,
    /// Changed entries, in the order of their keys.
    pub state: &'a StateBuffer,
    /// Changed nodes of the trie.
    pub nodes: NodeChanges,
    /// Heights and state roots of the blocks.
    pub roots: &'a [(u32, NodeHash)],
}

/// Where a chain is kept: in memory, on disk.
pub trait Place: Store + Nodes + Debug + Send + Sync {
    /// Which tries it keeps.
    fn trie_mode(&self) -> TrieMode;

    /// Returns the last block; None if there is not even the first.
    ///
    /// # Errors
    /// [`StoreError`] if the place cannot be read.
    fn tip(&self) -> Result<Option<Tip>, StoreError>;

    /// Returns the state root after a block.
    ///
    /// # Errors
    /// [`StoreError`] if the place cannot be read.
    fn root(&self, height: u32) -> Result<Option<NodeHash>, StoreError>;

    /// Returns the protocol settings that the chain is followed with, in the form in which they were last written.
    ///
    /// # Errors
    /// [`StoreError`] if the place cannot be read.
    fn protocol(&self) -> Result<Option<Value>, StoreError>;

    /// Writes the protocol settings, in a form of whoever follows the chain. When this returns they survive a power
    /// cut.
    ///
    /// # Errors
    /// [`StoreError`] if the place cannot be written.
    fn write_protocol(&self, settings: &[u8]) -> Result<(), StoreError>;

    /// Writes blocks. When this returns they survive a power cut; if it fails, or never returns, none of them is
    /// there.
    ///
    /// # Errors
    /// [`StoreError`] if the place cannot be written.
    fn write(&self, commit: &Commit<'_>) -> Result<(), StoreError>;
}

/// Why a block is not kept, or something cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// The place failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The trie failed.
    #[error(transparent)]
    Trie(#[from] TrieError),
    /// The state root after a block is not the expected one. That block is not kept, nor is any after it.
    #[error("the state root after block {height} is {root}, not {expected}", root = crate::trie::shown(.root), expected = crate::trie::shown(.expected))]
    WrongRoot {
        /// The block.
        height: u32,
        /// The root that was expected.
        expected: NodeHash,
        /// The root of the state.
        root: NodeHash,
    },
    /// The block is not the one that follows the last.
    #[error("block {height} cannot follow: the next block is {next}")]
    Height {
        /// The block.
        height: u32,
        /// The block that should come.
        next: u32,
    },
    /// A root is not the latest, and the place keeps no other. In the reference's words.
    ///
    /// Source: `RpcError.cs` (`UnsupportedState`).
    #[error("Old state not supported")]
    OldState,
    /// An earlier error, after which nothing more is kept.
    #[error("nothing can be appended after an error")]
    Stopped,
}

/// When blocks that were appended are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlushPolicy {
    /// After this number of blocks.
    pub blocks: u32,
    /// After about this number of bytes of keys and values that they changed.
    pub bytes: usize,
    /// At the first block that comes this long after the first that is not written.
    pub age: Duration,
    /// About how many nodes of the trie are held after a write, and blocks are written when there are twice as many.
    /// One takes some 250 bytes.
    pub nodes: usize,
    /// While blocks are being written, appending waits once the changes of later ones and the nodes that are held take
    /// about this number of bytes: a slow disk holds the chain up, and does not fill the memory.
    pub memory: usize,
}

impl FlushPolicy {
    /// Only when [`ChainState::flush`] is called.
    pub const ON_DEMAND: Self =
        Self { blocks: u32::MAX, bytes: usize::MAX, age: Duration::MAX, nodes: usize::MAX, memory: usize::MAX };
}

/// Some 200 MB of memory, and at most twice as much where the disk is slow: changes that are appended while others are
/// written, and nodes of the trie.
impl Default for FlushPolicy {
    fn default() -> Self {
        Self { blocks: 10_000, bytes: 16 << 20, age: Duration::from_secs(2), nodes: 200_000, memory: 192 << 20 }
    }
}

/// About how many bytes a node of the trie takes that is held.
const NODE_BYTES: usize = 250;

/// The state of a chain: entries, state trie and roots, kept in a [`Place`].
///
/// Blocks are appended; reads see them at once. State roots are computed on another thread, and blocks are written on
/// a third one, or with full state on the second, many at a time. Dropped without a [`flush`](Self::flush), it forgets
/// the blocks that are not written yet.
#[derive(Debug)]
pub struct ChainState {
    place: Arc<dyn Place>,
    policy: FlushPolicy,
    /// The last block that was appended.
    height: Option<u32>,
    /// Changes of blocks that are not written yet.
    state: StateBuffer,
    /// Changes that are being written, or were written last: what is read again soon.
    recent: Arc<StateBuffer>,
    /// Never those of the Ledger, most of which are written and not read again.
    cache: ReadCache,
    /// Those of the Ledger alone.
    absent: Absent,
    stamp: ContractsStamp,
    is_flushing: bool,
    /// Blocks appended since the last write began.
    blocks: u32,
    /// When the first of them was.
    since: Instant,
    worker: Worker,
    /// Roots that nobody took yet.
    roots: VecDeque<(u32, NodeHash)>,
    /// The last block whose root is known.
    rooted: Option<u32>,
    /// How many nodes of the trie were held then.
    held: usize,
    failure: Option<ChainError>,
}

impl ChainState {
    /// Opens the chain that a place keeps.
    ///
    /// # Errors
    /// [`ChainError::Store`] if the place cannot be read.
    pub fn open(place: Arc<dyn Place>, policy: FlushPolicy) -> Result<Self, ChainError> {
        let tip = place.tip()?;
        let worker = Worker::start(Arc::clone(&place), tip, policy.nodes);
        let height = tip.map(|tip| tip.height);
        let state = StateBuffer::default();
        let roots = VecDeque::new();
        Ok(Self {
            place,
            policy,
            height,
            state,
            recent: Arc::default(),
            cache: ReadCache::new(),
            absent: Absent::default(),
            stamp: ContractsStamp::unique(),
            is_flushing: false,
            blocks: 0,
            since: Instant::now(),
            worker,
            roots,
            rooted: height,
            held: 0,
            failure: None,
        })
    }

    /// Returns the height of the last block; None if there is not even the first.
    pub fn height(&self) -> Option<u32> {
        self.height
    }

    /// Returns where the chain is kept.
    pub fn place(&self) -> &Arc<dyn Place> {
        &self.place
    }

    /// Appends a block, given what it changed in the order of keys. The changes of the Ledger are kept, and have no
    /// part in the state root. If a root is expected and another one comes out, the block is never written.
    ///
    /// An error may concern a block that was appended earlier; [`ChainError::WrongRoot`] says which.
    ///
    /// # Errors
    /// [`ChainError`]; after [`ChainError::Height`] the next block can still come, and after others none.
    pub fn append(&mut self, height: u32, changes: Arc<Batch>, expected: Option<NodeHash>) -> Result<(), ChainError> {
        self.receive(false)?;
        while self.is_flushing && self.memory() >= self.policy.memory {
            self.receive(true)?;
        }
        let next = self.height.map_or(0, |height| height + 1);
        if height != next {
            return Err(ChainError::Height { height, next });
        }
        if self.blocks == 0 {
            self.since = Instant::now();
        }
        self.absent.clear();
        self.state.add(&changes);
        let of_contracts = changes.iter().filter(|(key, _)| key.contract() != LEDGER_ID);
        for (key, value) in of_contracts {
            self.cache.set(key, value);
            self.stamp.note_write(key);
        }
        self.height = Some(height);
        self.blocks += 1;
        self.send(Job::Block { height, changes, expected })?;
        if !self.is_flushing && self.is_due() {
            self.start_flush()?;
        }
        Ok(())
    }

    /// Returns the heights and state roots of blocks whose roots are known and were not returned yet. With `wait`,
    /// waits for all blocks that were appended.
    ///
    /// # Errors
    /// As for [`append`](Self::append).
    pub fn take_roots(&mut self, wait: bool) -> Result<Vec<(u32, NodeHash)>, ChainError> {
        let mut received = self.receive(false);
        while wait && received.is_ok() && self.rooted != self.height {
            received = self.receive(true);
        }
        // Roots that came before an error are of use.
        if self.roots.is_empty() {
            received?;
        }
        Ok(self.roots.drain(..).collect())
    }

    /// Writes all blocks that were appended. When it returns they survive a power cut.
    ///
    /// # Errors
    /// As for [`append`](Self::append).
    pub fn flush(&mut self) -> Result<(), ChainError> {
        while self.is_flushing {
            self.receive(true)?;
        }
        if self.blocks > 0 {
            self.start_flush()?;
        }
        while self.is_flushing {
            self.receive(true)?;
        }
        Ok(())
    }

    /// Returns a reader of the state that has a root, as it is kept: flush first.
    ///
    /// # Errors
    /// - [`ChainError::OldState`] if only the latest state is kept and the root is another one.
    /// - [`ChainError::Store`] if the place cannot be read.
    pub fn trie(&self, root: NodeHash) -> Result<TrieReader<Arc<dyn Place>>, ChainError> {
        let latest = self.place.tip()?.map(|tip| tip.root);
        match self.place.trie_mode() {
            TrieMode::Full => {}
            TrieMode::Latest if latest == Some(root) => {}
            TrieMode::Latest | TrieMode::None => return Err(ChainError::OldState),
        }
        Ok(TrieReader::new(Arc::clone(&self.place), root))
    }

    /// Whether blocks are to be written.
    fn is_due(&self) -> bool {
        let FlushPolicy { blocks, bytes, age, nodes, memory: _ } = self.policy;
        self.blocks >= blocks || self.state.bytes() >= bytes || self.held / 2 >= nodes || self.since.elapsed() >= age
    }

    /// About how many bytes the changes that are not being written and the nodes take.
    fn memory(&self) -> usize {
        self.state.memory() + self.held * NODE_BYTES
    }

    fn start_flush(&mut self) -> Result<(), ChainError> {
        let state = Arc::new(std::mem::take(&mut self.state));
        self.recent = Arc::clone(&state);
        self.is_flushing = true;
        self.blocks = 0;
        let Some(height) = self.height else { return Ok(()) };
        match self.worker.flush(height, state) {
            true => Ok(()),
            false => self.receive(true),
        }
    }

    fn send(&mut self, job: Job) -> Result<(), ChainError> {
        if self.worker.send(job) {
            return Ok(());
        }
        // It stopped, and says why.
        self.receive(true)
    }

    /// Takes in what the worker has done.
    fn receive(&mut self, wait: bool) -> Result<(), ChainError> {
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        let mut first = wait;
        while let Some(report) = self.worker.report(std::mem::take(&mut first)) {
            match report {
                Report::Root { height, root, held } => {
                    self.held = held;
                    if let Some(root) = root {
                        self.roots.push_back((height, root));
                    }
                    self.rooted = Some(height);
                }
                Report::Flushed { held } => {
                    self.held = held;
                    self.is_flushing = false;
                }
                Report::Failed(error) => {
                    self.failure = Some(error.clone());
                    return Err(error);
                }
            }
        }
        Ok(())
    }
}

impl Store for ChainState {
    fn get(&self, key: &[u8]) -> Result<Option<Value>, StoreError> {
        let read = || match self.state.get(key).or_else(|| self.recent.get(key)) {
            Some(value) => Ok(value.clone()),
            None => self.place.get(key),
        };
        if key.starts_with(&LEDGER_ID.to_le_bytes()) { self.absent.get(key, read) } else { self.cache.get(key, read) }
    }

    fn seek<'a>(&'a self, prefix: &[u8], from: Option<&[u8]>, direction: Direction) -> Cursor<'a> {
        let mut cursor = self.place.seek(prefix, from, direction);
        let flushing = self.is_flushing.then_some(&*self.recent);
        for buffer in flushing.into_iter().chain([&self.state]) {
            cursor = buffer.over(cursor, prefix, from, direction);
        }
        cursor
    }

    fn contracts_stamp(&self) -> Option<ContractsStamp> {
        Some(self.stamp)
    }
}
