//! Entries that were read or changed lately.

use std::sync::{Mutex, MutexGuard, PoisonError};

use hashbrown::{DefaultHashBuilder, HashSet};
use quick_cache::{OptionsBuilder, Weighter, sync::Cache, sync::DefaultLifecycle};

use crate::{Key, StoreError, Value};

/// How many bytes of keys, values and what holds them are kept.
const CAPACITY: usize = 16 << 20;

/// What an entry takes apart from the bytes of its value.
const ENTRY: usize = 200;

/// Entries of the state after the last block: their values, or that they are not there. What is read in one block is
/// mostly read in the next one, too.
#[derive(Debug)]
pub(super) struct ReadCache(Cache<Key, Option<Value>, BySize, DefaultHashBuilder>);

#[derive(Clone, Debug)]
struct BySize;

impl Weighter<Key, Option<Value>> for BySize {
    fn weight(&self, _: &Key, value: &Option<Value>) -> u64 {
        (ENTRY + value.as_ref().map_or(0, |value| value.len())) as u64
    }
}

impl ReadCache {
    pub(super) fn new() -> Self {
        // In one shard, so that large values find room too.
        let mut options = OptionsBuilder::new();
        options.shards(1).weight_capacity(CAPACITY as u64).estimated_items_capacity(CAPACITY / ENTRY);
        let options = options.build().expect("the options that have no default are set");
        Self(Cache::with_options(options, BySize, DefaultHashBuilder::default(), DefaultLifecycle::default()))
    }

    /// Returns the value of a key, read by `read` if it is not kept.
    pub(super) fn get(
        &self,
        key: &[u8],
        read: impl FnOnce() -> Result<Option<Value>, StoreError>,
    ) -> Result<Option<Value>, StoreError> {
        if let Some(value) = self.0.get(key) {
            return Ok(value);
        }
        let value = read()?;
        self.0.insert(Key::from_bytes(key), value.clone());
        Ok(value)
    }

    /// Notes that an entry has changed.
    pub(super) fn set(&self, key: &Key, value: &Option<Value>) {
        self.0.insert(key.clone(), value.clone());
    }
}

/// Keys that were found not to be there since the last block. Whoever verifies a transaction and then writes it asks for
/// the same key three times, and it takes the longest to find out that a key is not there.
#[derive(Debug, Default)]
pub(super) struct Absent(Mutex<HashSet<Key>>);

impl Absent {
    /// No more keys are kept.
    const CAPACITY: usize = 4096;

    /// Reads a key by `read`, unless it was found not to be there.
    pub(super) fn get(
        &self,
        key: &[u8],
        read: impl FnOnce() -> Result<Option<Value>, StoreError>,
    ) -> Result<Option<Value>, StoreError> {
        if self.keys().contains(key) {
            return Ok(None);
        }
        let value = read()?;
        if value.is_none() {
            let mut keys = self.keys();
            if keys.len() == Self::CAPACITY {
                keys.clear();
            }
            keys.insert(Key::from_bytes(key));
        }
        Ok(value)
    }

    /// Forgets all keys, as any may be there now.
    pub(super) fn clear(&mut self) {
        self.keys().clear();
    }

    /// Nothing that holds the lock can panic half-way.
    fn keys(&self) -> MutexGuard<'_, HashSet<Key>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
