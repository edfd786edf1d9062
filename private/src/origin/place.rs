//! Where a fork is kept.

use std::sync::Arc;

use neovm_disk::Disk;
use neovm_storage::{
    Commit, Cursor, Direction, Entry, NodeChanges, NodeHash, Nodes, Place, Position, StateBuffer, Store, StoreError,
    Tip, TrieMode, Value, overlay,
};

use super::Origin;

const DELETED: u8 = 0;
const THERE: u8 = 1;

/// How a value is kept, or that there is none.
pub(super) fn to_bytes(value: Option<&[u8]>) -> Vec<u8> {
    value.map_or(vec![DELETED], |value| [&[THERE], value].concat())
}

pub(super) fn from_bytes(bytes: &[u8]) -> Result<Option<Value>, StoreError> {
    match bytes {
        [DELETED] => Ok(None),
        [THERE, value @ ..] => Ok(Some(value.into())),
        _ => Err(StoreError("a value that was kept is damaged".into())),
    }
}

/// A fork: in a folder what it has changed, deleted entries too, and below that the state that it began with. There are
/// no state roots: the trie is the origin's.
#[derive(Debug)]
pub(crate) struct ForkPlace {
    changed: Disk,
    origin: Arc<Origin>,
}

impl ForkPlace {
    pub(crate) const fn new(changed: Disk, origin: Arc<Origin>) -> Self {
        Self { changed, origin }
    }

    /// What the fork has changed.
    pub(crate) fn into_disk(self) -> Disk {
        self.changed
    }
}

impl Store for ForkPlace {
    fn get(&self, key: &[u8]) -> Result<Option<Value>, StoreError> {
        match self.changed.get(key)? {
            Some(kept) => from_bytes(&kept),
            None => self.origin.get(key),
        }
    }

    fn seek<'a>(&'a self, prefix: &[u8], from: Option<&[u8]>, direction: Direction) -> Cursor<'a> {
        let kept = |entry: Result<Entry, _>| entry.and_then(|(key, kept)| Ok((key, from_bytes(&kept)?)));
        let changed: Result<Vec<_>, _> = self.changed.seek(prefix, from, direction).map(kept).collect();
        match changed {
            Ok(changed) => overlay(changed.into_iter(), self.origin.seek(prefix, from, direction), direction),
            Err(error) => Box::new(std::iter::once(Err(error))),
        }
    }
}

impl Nodes for ForkPlace {
    fn node(&self, position: &Position, hash: &NodeHash) -> Result<Option<Value>, StoreError> {
        self.changed.node(position, hash)
    }
}

impl Place for ForkPlace {
    fn trie_mode(&self) -> TrieMode {
        self.changed.trie_mode()
    }

    fn tip(&self) -> Result<Option<Tip>, StoreError> {
        self.changed.tip()
    }

    fn root(&self, height: u32) -> Result<Option<NodeHash>, StoreError> {
        self.changed.root(height)
    }

    fn protocol(&self) -> Result<Option<Value>, StoreError> {
        self.changed.protocol()
    }

    fn write_protocol(&self, settings: &[u8]) -> Result<(), StoreError> {
        self.changed.write_protocol(settings)
    }

    fn write(&self, commit: &Commit<'_>) -> Result<(), StoreError> {
        let kept = |value: Option<&Value>| Some(to_bytes(value.map(|value| &value[..])).into());
        let changes = commit.state.iter().map(|(key, value)| (key.clone(), kept(value))).collect();
        let mut state = StateBuffer::default();
        state.add(&changes);
        self.changed.write(&Commit { state: &state, nodes: NodeChanges::default(), ..*commit })
    }
}
