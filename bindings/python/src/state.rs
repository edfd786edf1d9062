//! The state of a chain: cheap to copy, so that a snapshot is a copy.

use std::{
    collections::VecDeque,
    ops::Bound,
    sync::{
        Arc, Weak,
        atomic::{AtomicU64, Ordering},
    },
};

use immutable_chunkmap::map::MapM;
use neovm::storage::{
    Batch, ChainState, Cursor, Direction, Entry, FlushPolicy, Key, Store, StoreError, Value, WriteStore, checked,
    overlay, seek_range,
};
use neovm_disk::Disk;
use pyo3::{PyErr, PyResult};

use crate::chain::{closed, unreadable};

/// What changed since the chain was opened, over what a folder holds.
///
/// Copies share what they have in common.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    /// New values, and None for entries of the folder that are deleted.
    changes: MapM<Key, Option<Value>>,
    folder: Option<Folder>,
    /// The time stamp of the block that comes next, if it was set.
    pub(crate) next_time: Option<u64>,
}

/// A folder, and the blocks that are not saved in it.
#[derive(Clone, Debug)]
struct Folder {
    /// Whoever keeps a state does not keep the folder from being closed.
    disk: Weak<Disk>,
    blocks: Arc<Vec<Arc<Batch>>>,
    /// What changed since the last block.
    pending: MapM<Key, Option<Value>>,
    /// How often the chain was saved before this state was made.
    saved: u64,
    /// How often it has been saved.
    saves: Arc<AtomicU64>,
}

impl State {
    /// The state of a chain that a folder keeps.
    pub(crate) fn of_folder(disk: &Arc<Disk>) -> Self {
        let folder = Folder {
            disk: Arc::downgrade(disk),
            blocks: Arc::default(),
            pending: MapM::new(),
            saved: 0,
            saves: Arc::default(),
        };
        Self { folder: Some(folder), ..Self::default() }
    }

    /// Whether the state is that of a folder.
    pub(crate) fn has_folder(&self) -> bool {
        self.folder.is_some()
    }

    /// How often it was saved: states of another number are over what the folder no
    /// longer holds.
    pub(crate) fn saved(&self) -> u64 {
        self.folder.as_ref().map_or(0, |folder| folder.saved)
    }

    /// Whether the chain was saved after this state was made.
    pub(crate) fn is_outdated(&self) -> bool {
        self.folder.as_ref().is_some_and(|folder| folder.saved != folder.saves.load(Ordering::Acquire))
    }

    /// Does something over the state, of which nothing comes if that cannot be read.
    pub(crate) fn over<T>(&self, run: impl FnOnce(&dyn Store) -> PyResult<T>) -> PyResult<T> {
        checked(self, run).map_err(|error| self.failed(error))?
    }

    /// Whether the folder was closed.
    pub(crate) fn is_closed(&self) -> bool {
        self.folder.as_ref().is_some_and(|folder| folder.disk.strong_count() == 0)
    }

    /// Why the state cannot be read.
    pub(crate) fn failed(&self, error: impl std::fmt::Display) -> PyErr {
        if self.is_closed() { closed() } else { unreadable(error) }
    }

    /// Whether something changed since the last block.
    pub(crate) fn is_pending(&self) -> bool {
        self.folder.as_ref().is_some_and(|folder| folder.pending.len() > 0)
    }

    /// Ends a block: what changed so far is part of it.
    pub(crate) fn end_block(&mut self) {
        self.next_time = None;
        let Some(folder) = &mut self.folder else { return };
        let pending = std::mem::take(&mut folder.pending);
        let batch: Batch = (&pending).into_iter().map(|(key, value)| (key.clone(), value.clone())).collect();
        Arc::make_mut(&mut folder.blocks).push(Arc::new(batch));
    }

    /// Writes the blocks to the folder. When it returns they survive a power cut.
    pub(crate) fn save(&mut self, disk: Arc<Disk>) -> Result<(), String> {
        let Some(folder) = &mut self.folder else { return Ok(()) };
        let opened = ChainState::open(disk, FlushPolicy::ON_DEMAND);
        let mut chain = opened.map_err(|error| error.to_string())?;
        let next = chain.height().map_or(0, |height| height + 1);
        // What happens to the folder from here on, whether it succeeds or not, other states do not know.
        let number = folder.saves.fetch_add(1, Ordering::AcqRel) + 1;
        for (height, block) in (next..).zip(&*folder.blocks) {
            chain.append(height, Arc::clone(block), None).map_err(|error| error.to_string())?;
        }
        chain.flush().map_err(|error| error.to_string())?;
        folder.blocks = Arc::default();
        folder.saved = number;
        self.changes = MapM::new();
        Ok(())
    }

    fn set(&mut self, key: &Key, value: Option<&Value>) {
        if let Some(folder) = &mut self.folder {
            folder.pending.insert_cow(key.clone(), value.cloned());
        }
        if value.is_some() || self.folder.is_some() {
            self.changes.insert_cow(key.clone(), value.cloned());
        } else {
            self.changes.remove_cow(key);
        }
    }
}

impl Store for State {
    fn get(&self, key: &[u8]) -> Result<Option<Value>, StoreError> {
        match (self.changes.get(key), &self.folder) {
            (Some(value), _) => Ok(value.clone()),
            (None, Some(folder)) => open(&folder.disk)?.get(key),
            (None, None) => Ok(None),
        }
    }

    fn seek<'a>(&'a self, prefix: &[u8], from: Option<&[u8]>, direction: Direction) -> Cursor<'a> {
        if from.is_some_and(|from| !from.starts_with(prefix)) {
            return Box::new(std::iter::empty());
        }
        let changes = range(&self.changes, prefix, from, direction);
        match &self.folder {
            None => Box::new(changes.filter_map(|(key, value)| Some(Ok((key.clone(), value.clone()?))))),
            Some(folder) => {
                let below = FolderEntries {
                    disk: folder.disk.clone(),
                    prefix: prefix.to_vec(),
                    last: from.map(<[u8]>::to_vec),
                    is_first: true,
                    direction,
                    entries: VecDeque::new(),
                    is_done: false,
                };
                overlay(changes, Box::new(below), direction)
            }
        }
    }
}

impl WriteStore for State {
    fn write(&mut self, changes: &[(Key, Option<Value>)]) -> Result<(), StoreError> {
        changes.iter().for_each(|(key, value)| self.set(key, value.as_ref()));
        Ok(())
    }
}

/// The changes that [`Store::seek`] reads.
fn range<'a>(
    changes: &'a MapM<Key, Option<Value>>,
    prefix: &[u8],
    from: Option<&[u8]>,
    direction: Direction,
) -> impl Iterator<Item = (&'a Key, &'a Option<Value>)> + 'a {
    let range = seek_range(prefix, from, direction);
    let mut entries = range.map(|(start, end)| {
        let (start, end) = (Key::from_bytes(start), end.map(|end| Key::from_bytes(&end)));
        changes.range::<Key, _>((Bound::Included(start), end))
    });
    std::iter::from_fn(move || match direction {
        Direction::Forward => entries.as_mut()?.next(),
        Direction::Backward => entries.as_mut()?.next_back(),
    })
}

fn open(disk: &Weak<Disk>) -> Result<Arc<Disk>, StoreError> {
    disk.upgrade().ok_or_else(|| StoreError("the chain was closed".into()))
}

/// Entries of a folder, read some at a time, so that it can be closed between.
struct FolderEntries {
    disk: Weak<Disk>,
    prefix: Vec<u8>,
    /// The last key that was read, or where to begin.
    last: Option<Vec<u8>>,
    is_first: bool,
    direction: Direction,
    entries: VecDeque<Entry>,
    is_done: bool,
}

impl FolderEntries {
    /// How many entries are read at a time.
    const CHUNK: usize = 256;

    fn read(&mut self) -> Result<(), StoreError> {
        let disk = open(&self.disk)?;
        let read = disk.seek(&self.prefix, self.last.as_deref(), self.direction);
        // What was read last comes first again.
        let skipped = if self.is_first { None } else { self.last.clone() };
        let is_new = |entry: &Result<Entry, StoreError>| {
            !entry.as_ref().is_ok_and(|(key, _)| skipped.as_deref() == Some(&key[..]))
        };
        self.entries = read.filter(is_new).take(Self::CHUNK).collect::<Result<_, _>>()?;
        self.is_first = false;
        self.is_done = self.entries.len() < Self::CHUNK;
        self.last = self.entries.back().map(|(key, _)| key.to_vec());
        Ok(())
    }
}

impl Iterator for FolderEntries {
    type Item = Result<Entry, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.entries.is_empty()
            && !self.is_done
            && let Err(error) = self.read()
        {
            self.is_done = true;
            return Some(Err(error));
        }
        self.entries.pop_front().map(Ok)
    }
}
