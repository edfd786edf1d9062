//! A store that remembers what was read.

use std::{cell::RefCell, collections::BTreeMap, fmt};

use neovm_storage::{Batch, Cursor, Direction, Key, Store, StoreError, Value};

/// A store over another one that remembers which entries were read, so that an
/// execution can be written to a file that holds no more than it needs.
pub struct RecordingStore<'a> {
    store: &'a dyn Store,
    read: RefCell<BTreeMap<Key, Value>>,
}

impl<'a> RecordingStore<'a> {
    /// Records what is read of a store.
    pub fn new(store: &'a dyn Store) -> Self {
        Self { store, read: RefCell::default() }
    }

    /// Returns the entries that were read. Over these alone, an execution that reads
    /// in the same order does the same.
    pub fn read(&self) -> Batch {
        self.read.borrow().iter().map(|(key, value)| (key.clone(), Some(Value::clone(value)))).collect()
    }
}

impl Store for RecordingStore<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Value>, StoreError> {
        let value = self.store.get(key)?;
        if let Some(value) = &value {
            self.read.borrow_mut().insert(Key::from_bytes(key), Value::clone(value));
        }
        Ok(value)
    }

    fn seek<'a>(&'a self, prefix: &[u8], from: Option<&[u8]>, direction: Direction) -> Cursor<'a> {
        Box::new(self.store.seek(prefix, from, direction).inspect(|entry| {
            if let Ok((key, value)) = entry {
                self.read.borrow_mut().insert(key.clone(), Value::clone(value));
            }
        }))
    }
}

impl fmt::Debug for RecordingStore<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordingStore").field("read", &self.read).finish_non_exhaustive()
    }
}
