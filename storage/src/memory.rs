//! An ordered store in memory.

use std::{collections::BTreeMap, mem, ops::Bound};

use hashbrown::HashMap;

use crate::{ContractsStamp, Cursor, Direction, Entry, Key, Store, StoreError, Value, WriteStore};

/// An ordered store in memory. Nothing in it can fail.
#[derive(Clone, Debug, Default)]
pub struct MemoryStore {
    /// What most reads ask for: a key is found faster by its hash than by its order.
    values: HashMap<Key, Value>,
    /// The same keys in order.
    order: BTreeMap<Key, ()>,
    stamp: ContractsStamp,
}

/// Stores are equal if their entries are.
impl PartialEq for MemoryStore {
    fn eq(&self, other: &Self) -> bool {
        self.values == other.values
    }
}

impl Eq for MemoryStore {}

impl MemoryStore {
    /// Returns the number of entries.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Returns whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Returns all entries, the smallest key first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&Key, &Value)> {
        self.order.keys().map(|key| (key, &self.values[key]))
    }

    /// Sets the value of a key and returns the former one.
    pub fn insert(&mut self, key: Key, value: Value) -> Option<Value> {
        self.stamp.note_write(&key);
        if let Some(place) = self.values.get_mut(&key) {
            return Some(mem::replace(place, value));
        }
        self.order.insert(key.clone(), ());
        self.values.insert(key, value)
    }

    /// Deletes a key and returns its value.
    pub fn remove(&mut self, key: &[u8]) -> Option<Value> {
        self.stamp.note_write(key);
        let value = self.values.remove(key)?;
        self.order.remove(key);
        Some(value)
    }
}

impl FromIterator<Entry> for MemoryStore {
    fn from_iter<I: IntoIterator<Item = Entry>>(entries: I) -> Self {
        let mut store = Self::default();
        for (key, value) in entries {
            store.insert(key, value);
        }
        store
    }
}

/// The smallest key that is greater than all keys with a prefix, if there is one.
fn behind(prefix: &[u8]) -> Option<Vec<u8>> {
    let last = prefix.iter().rposition(|byte| *byte < u8::MAX)?;
    let mut end = prefix[..=last].to_vec();
    end[last] += 1;
    Some(end)
}

/// Returns the first key and the end of the keys that [`Store::seek`] reads, whatever the direction, for stores that
/// have their entries in an ordered map; none if it reads nothing.
pub fn seek_range<'a>(
    prefix: &'a [u8],
    from: Option<&'a [u8]>,
    direction: Direction,
) -> Option<(&'a [u8], Bound<Vec<u8>>)> {
    if from.is_some_and(|from| !from.starts_with(prefix)) {
        return None;
    }
    let all = || behind(prefix).map_or(Bound::Unbounded, Bound::Excluded);
    Some(match direction {
        Direction::Forward => (from.unwrap_or(prefix), all()),
        Direction::Backward => (prefix, from.map_or_else(all, |from| Bound::Included(from.to_vec()))),
    })
}

/// The entries that [`Store::seek`] reads.
pub(crate) fn range<'a, V>(
    entries: &'a BTreeMap<Key, V>,
    prefix: &[u8],
    from: Option<&[u8]>,
    direction: Direction,
) -> Box<dyn Iterator<Item = (&'a Key, &'a V)> + 'a> {
    let Some((start, end)) = seek_range(prefix, from, direction) else { return Box::new(std::iter::empty()) };
    let entries = entries.range::<[u8], _>((Bound::Included(start), end.as_ref().map(Vec::as_slice)));
    match direction {
        Direction::Forward => Box::new(entries),
        Direction::Backward => Box::new(entries.rev()),
    }
}

impl Store for MemoryStore {
    fn get(&self, key: &[u8]) -> Result<Option<Value>, StoreError> {
        Ok(self.values.get(key).cloned())
    }

    fn seek<'a>(&'a self, prefix: &[u8], from: Option<&[u8]>, direction: Direction) -> Cursor<'a> {
        let keys = range(&self.order, prefix, from, direction);
        Box::new(keys.map(|(key, ())| Ok((key.clone(), self.values[key].clone()))))
    }

    fn contracts_stamp(&self) -> Option<ContractsStamp> {
        Some(self.stamp)
    }
}

impl WriteStore for MemoryStore {
    fn write(&mut self, changes: &[(Key, Option<Value>)]) -> Result<(), StoreError> {
        for (key, value) in changes {
            match value {
                Some(value) => self.insert(key.clone(), value.clone()),
                None => self.remove(key),
            };
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(store: &MemoryStore, prefix: &[u8], from: Option<&[u8]>, direction: Direction) -> Vec<Vec<u8>> {
        store.seek(prefix, from, direction).map(|entry| entry.unwrap().0.to_vec()).collect()
    }

    #[test]
    fn a_seek_stays_within_the_prefix() {
        let all: [&[u8]; 6] = [b"a", b"b", b"b\x00", b"b\xff", b"b\xff\xff", b"c"];
        let store: MemoryStore = all.iter().map(|key| (Key::from_bytes(key), Value::from(*key))).collect();
        assert_eq!(keys(&store, b"b", None, Direction::Forward), all[1..5]);
        assert_eq!(keys(&store, b"b", Some(b"b\x01"), Direction::Forward), all[3..5]);
        assert_eq!(keys(&store, b"b", Some(b"b\x01"), Direction::Backward), [all[2], all[1]]);
        assert_eq!(keys(&store, b"b", Some(b"b\xff"), Direction::Backward), [all[3], all[2], all[1]]);
        assert_eq!(keys(&store, b"b\xff", None, Direction::Backward), [all[4], all[3]]);
        assert_eq!(keys(&store, b"", None, Direction::Forward).len(), 6);
        assert_eq!(keys(&store, b"\xff\xff", None, Direction::Backward).len(), 0);
        assert_eq!(keys(&store, b"b", Some(b"c"), Direction::Forward).len(), 0);
    }
}
