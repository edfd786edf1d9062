//! Changes that are not written yet.

use std::{borrow::Borrow, collections::BTreeMap, iter::Peekable};

use crate::{Batch, Cursor, Direction, Entry, Key, StoreError, Value, memory::range};

/// Changes of blocks, in the order of keys: new values, and None for entries that are deleted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StateBuffer {
    entries: BTreeMap<Key, Option<Value>>,
    bytes: usize,
}

impl StateBuffer {
    /// Adds the changes of a block.
    pub fn add(&mut self, changes: &Batch) {
        for (key, value) in changes {
            self.bytes += key.len() + value.as_ref().map_or(0, |value| value.len());
            self.entries.insert(key.clone(), value.clone());
        }
    }

    /// Returns the changes, in the order of keys.
    pub fn iter(&self) -> impl Iterator<Item = (&Key, Option<&Value>)> {
        self.entries.iter().map(|(key, value)| (key, value.as_ref()))
    }

    /// The number of bytes of the changes that were added, also of those that others replaced.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// About how many bytes of memory the changes take.
    pub(super) fn memory(&self) -> usize {
        /// What an entry takes besides: its place in the tree, and the allocations of the key and the value.
        const ENTRY: usize = 150;
        self.bytes + self.entries.len() * ENTRY
    }

    /// The change of a key.
    pub(super) fn get(&self, key: &[u8]) -> Option<&Option<Value>> {
        self.entries.get(key)
    }

    /// Shows entries from below as they are with these changes.
    pub(super) fn over<'a>(
        &'a self,
        below: Cursor<'a>,
        prefix: &[u8],
        from: Option<&[u8]>,
        direction: Direction,
    ) -> Cursor<'a> {
        overlay(range(&self.entries, prefix, from, direction, |entry| entry), below, direction)
    }
}

/// Shows entries from below as they are with changes, which are in the same order.
pub fn overlay<'a, K: Borrow<Key> + 'a, V: Borrow<Option<Value>> + 'a>(
    changes: impl Iterator<Item = (K, V)> + 'a,
    below: Cursor<'a>,
    direction: Direction,
) -> Cursor<'a> {
    Box::new(Overlay { changes: changes.peekable(), below: below.peekable(), direction })
}

/// Changes merged with the entries below, which they hide.
struct Overlay<'a, C: Iterator> {
    changes: Peekable<C>,
    below: Peekable<Cursor<'a>>,
    direction: Direction,
}

impl<K: Borrow<Key>, V: Borrow<Option<Value>>, C: Iterator<Item = (K, V)>> Iterator for Overlay<'_, C> {
    type Item = Result<Entry, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let order = match (self.changes.peek(), self.below.peek()) {
                (None, _) | (_, Some(Err(_))) => return self.below.next(),
                (Some(_), None) => std::cmp::Ordering::Less,
                (Some((changed, _)), Some(Ok((below, _)))) => match self.direction {
                    Direction::Forward => changed.borrow().cmp(below),
                    Direction::Backward => below.cmp(changed.borrow()),
                },
            };
            if order.is_gt() {
                return self.below.next();
            }
            if order.is_eq() {
                self.below.next();
            }
            let change = self.changes.next();
            if let Some((key, Some(value))) = change.as_ref().map(|(key, value)| (key.borrow(), value.borrow())) {
                return Some(Ok((key.clone(), value.clone())));
            }
        }
    }
}
