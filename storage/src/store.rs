//! The traits of stores.

use std::sync::Arc;

use crate::{ContractsStamp, Key};

/// A value of the storage. Clones share the bytes.
pub type Value = Arc<[u8]>;

/// A key and its value.
pub type Entry = (Key, Value);

/// The order in which entries are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The smallest key first.
    Forward,
    /// The greatest key first.
    Backward,
}

/// An error of a store, in words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("storage: {0}")]
pub struct StoreError(pub String);

/// Entries of a store, read one after another.
pub type Cursor<'a> = Box<dyn Iterator<Item = Result<Entry, StoreError>> + 'a>;

/// A store that is read. It does not change while it is borrowed.
///
/// Source: `IReadOnlyStore.cs` of the reference node.
pub trait Store {
    /// Returns the value of a key, if it is there.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    fn get(&self, key: &[u8]) -> Result<Option<Value>, StoreError>;

    /// Reads the entries whose keys start with a prefix, in order. With `from`
    /// it starts at that key, or behind it in the direction of reading if it is
    /// not there; nothing is read if `from` does not start with the prefix.
    fn seek<'a>(&'a self, prefix: &[u8], from: Option<&[u8]>, direction: Direction) -> Cursor<'a>;

    /// Returns what stands for the records of ContractManagement and Policy in the store. With it, an execution need not
    /// read again what the last one has read of them. A store that does not know when they change returns none.
    fn contracts_stamp(&self) -> Option<ContractsStamp> {
        None
    }
}

impl<S: Store + ?Sized> Store for &S {
    fn get(&self, key: &[u8]) -> Result<Option<Value>, StoreError> {
        (**self).get(key)
    }

    fn seek<'a>(&'a self, prefix: &[u8], from: Option<&[u8]>, direction: Direction) -> Cursor<'a> {
        (**self).seek(prefix, from, direction)
    }

    fn contracts_stamp(&self) -> Option<ContractsStamp> {
        (**self).contracts_stamp()
    }
}

/// Changes: each key with its new value, or without one if it is deleted. No
/// key occurs twice.
pub type Batch = Vec<(Key, Option<Value>)>;

/// A store that can be changed.
pub trait WriteStore: Store {
    /// Makes all changes, or none if it fails.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be written.
    fn write(&mut self, changes: &[(Key, Option<Value>)]) -> Result<(), StoreError>;
}
