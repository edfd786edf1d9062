//! A place in memory.

use std::{
    collections::HashMap,
    sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use super::{Commit, Place, Tip, TrieMode};
use crate::{Cursor, Direction, MemoryStore, NodeHash, Nodes, Position, Store, StoreError, Value};

/// Keeps a chain in memory, and forgets it in the end.
#[derive(Debug)]
pub struct MemoryPlace {
    mode: TrieMode,
    kept: RwLock<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    state: MemoryStore,
    by_position: HashMap<Position, Value>,
    by_hash: HashMap<NodeHash, Value>,
    roots: Vec<NodeHash>,
    tip: Option<Tip>,
    protocol: Option<Value>,
}

impl MemoryPlace {
    /// Creates an empty place.
    pub fn new(mode: TrieMode) -> Self {
        Self { mode, kept: RwLock::default() }
    }

    /// Nothing that holds the lock can panic half-way.
    fn kept(&self) -> RwLockReadGuard<'_, Kept> {
        self.kept.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn kept_mut(&self) -> RwLockWriteGuard<'_, Kept> {
        self.kept.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for MemoryPlace {
    fn get(&self, key: &[u8]) -> Result<Option<Value>, StoreError> {
        self.kept().state.get(key)
    }

    /// Reads all entries at once: they may be changed while the cursor lives.
    fn seek<'a>(&'a self, prefix: &[u8], from: Option<&[u8]>, direction: Direction) -> Cursor<'a> {
        let entries: Vec<_> = self.kept().state.seek(prefix, from, direction).collect();
        Box::new(entries.into_iter())
    }
}

impl Nodes for MemoryPlace {
    fn node(&self, position: &Position, hash: &NodeHash) -> Result<Option<Value>, StoreError> {
        let kept = self.kept();
        Ok(match self.mode {
            TrieMode::Full => kept.by_hash.get(hash),
            TrieMode::Latest | TrieMode::None => kept.by_position.get(position),
        }
        .cloned())
    }
}

impl Place for MemoryPlace {
    fn trie_mode(&self) -> TrieMode {
        self.mode
    }

    fn tip(&self) -> Result<Option<Tip>, StoreError> {
        Ok(self.kept().tip)
    }

    fn root(&self, height: u32) -> Result<Option<NodeHash>, StoreError> {
        Ok(self.kept().roots.get(height as usize).copied())
    }

    fn protocol(&self) -> Result<Option<Value>, StoreError> {
        Ok(self.kept().protocol.clone())
    }

    fn write_protocol(&self, settings: &[u8]) -> Result<(), StoreError> {
        self.kept_mut().protocol = Some(settings.into());
        Ok(())
    }

    fn write(&self, commit: &Commit<'_>) -> Result<(), StoreError> {
        let mut kept = self.kept_mut();
        for (key, value) in commit.state.iter() {
            match value {
                Some(value) => kept.state.insert(key.clone(), value.clone()),
                None => kept.state.remove(key),
            };
        }
        if self.mode == TrieMode::Full {
            let nodes = commit.nodes.written.iter().map(|node| (node.hash, Value::from(&node.bytes[..])));
            kept.by_hash.extend(nodes);
        } else {
            commit.nodes.removed.iter().for_each(|position| _ = kept.by_position.remove(position));
            let nodes = commit.nodes.written.iter();
            kept.by_position.extend(nodes.map(|node| (node.position.clone(), Value::from(&node.bytes[..]))));
        }
        kept.roots.extend(commit.roots.iter().map(|(_, root)| *root));
        kept.tip = Some(commit.tip);
        Ok(())
    }
}
