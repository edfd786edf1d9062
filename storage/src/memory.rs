//! An ordered store in memory.

use std::{collections::BTreeMap, mem, ops::Bound};

use hashbrown::HashMap;

use crate::{ContractsStamp, Cursor, Direction, Entry, Key, Store, StoreError, Value, WriteStore};

/// An ordered store in memory. Nothing in it can fail.
#[derive(Clone, Debug, Default)]
pub struct MemoryStore {
    /// Where the value of a key is. Most reads ask for one, which is found faster by its hash than by its order.
    places: HashMap<Key, usize>,
    /// The same in the order of the keys.
    order: BTreeMap<Key, usize>,
    values: Vec<Value>,
    /// The places of values that were deleted.
    free: Vec<usize>,
    stamp: ContractsStamp,
}

/// Stores are equal if their entries are.
impl PartialEq for MemoryStore {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for MemoryStore {}

impl MemoryStore {
    /// Returns the number of entries.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Returns whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Returns all entries, the smallest key first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&Key, &Value)> {
        self.order.iter().map(|(key, &place)| (key, &self.values[place]))
    }

    /// Sets the value of a key and returns the former one.
    pub fn insert(&mut self, key: Key, value: Value) -> Option<Value> {
        self.stamp.note_write(&key);
        if let Some(&place) = self.places.get(&key) {
            return Some(mem::replace(&mut self.values[place], value));
        }
        let place = self.free.pop().unwrap_or(self.values.len());
        match self.values.get_mut(place) {
            Some(free) => *free = value,
            None => self.values.push(value),
        }
        self.order.insert(key.clone(), place);
        self.places.insert(key, place);
        None
    }

    /// Deletes a key and returns its value.
    pub fn remove(&mut self, key: &[u8]) -> Option<Value> {
        self.stamp.note_write(key);
        let place = self.places.remove(key)?;
        self.order.remove(key);
        self.free.push(place);
        Some(mem::take(&mut self.values[place]))
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

/// What a function makes of the entries that [`Store::seek`] reads.
pub(crate) fn range<'a, V, T: 'a>(
    entries: &'a BTreeMap<Key, V>,
    prefix: &[u8],
    from: Option<&[u8]>,
    direction: Direction,
    entry: impl Fn((&'a Key, &'a V)) -> T + 'a,
) -> Box<dyn Iterator<Item = T> + 'a> {
    let Some((start, end)) = seek_range(prefix, from, direction) else { return Box::new(std::iter::empty()) };
    let entries = entries.range::<[u8], _>((Bound::Included(start), end.as_ref().map(Vec::as_slice)));
    match direction {
        Direction::Forward => Box::new(entries.map(entry)),
        Direction::Backward => Box::new(entries.rev().map(entry)),
    }
}

impl Store for MemoryStore {
    fn get(&self, key: &[u8]) -> Result<Option<Value>, StoreError> {
        Ok(self.places.get(key).map(|&place| self.values[place].clone()))
    }

    fn seek<'a>(&'a self, prefix: &[u8], from: Option<&[u8]>, direction: Direction) -> Cursor<'a> {
        range(&self.order, prefix, from, direction, |(key, &place)| Ok((key.clone(), self.values[place].clone())))
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
    fn a_store_holds_what_was_written_last() {
        let (mut store, mut expected) = (MemoryStore::default(), BTreeMap::new());
        for step in 0_u8..200 {
            let (key, value) = (Key::from_bytes(&[step % 7]), Value::from([step]));
            let (old, known) = match step % 3 {
                0 => (store.remove(&key), expected.remove(&key)),
                _ => (store.insert(key.clone(), value.clone()), expected.insert(key.clone(), value)),
            };
            assert_eq!((old, store.get(&key).unwrap()), (known, expected.get(&key).cloned()));
            assert!(store.iter().eq(&expected));
            assert_eq!((store.len(), &store), (expected.len(), &expected.clone().into_iter().collect()));
        }
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
