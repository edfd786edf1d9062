//! The body of a map: entries in order of insertion, with an ordered index.

use alloc::vec::Vec;
use core::cmp::Ordering;

use super::{StackItem, not_primitive};
use crate::fault::FaultKind;

/// Most bytes of a map's key.
///
/// Source: `Types/Map.cs`.
pub const MAX_KEY_SIZE: usize = 64;

/// Up to so many entries a look-up compares one after the other.
const LINEAR: usize = 8;

/// Entries in order of insertion. Beyond a few, `index` lists their positions
/// in the order of the keys: keys are the script's choice, and an order, unlike
/// a hash, gives it nothing to collide.
#[derive(Debug, Default)]
pub(super) struct OrderedMap {
    entries: Vec<(StackItem, StackItem)>,
    index: Vec<u32>,
}

impl OrderedMap {
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn entries(&self) -> &[(StackItem, StackItem)] {
        &self.entries
    }

    pub(super) fn into_entries(self) -> Vec<(StackItem, StackItem)> {
        self.entries
    }

    /// Checks that an item can be a key.
    pub(super) fn check_key(key: &StackItem) -> Result<(), FaultKind> {
        match key.primitive_size().ok_or_else(not_primitive)? {
            size if size > MAX_KEY_SIZE => Err(FaultKind::KeySize(size)),
            _ => Ok(()),
        }
    }

    /// The same for REMOVE, whose message differs.
    pub(super) fn check_removed_key(key: &StackItem) -> Result<(), FaultKind> {
        Self::check_key(key).map_err(|fault| match fault {
            FaultKind::KeySize(size) => FaultKind::RemoveKeySize(size),
            fault => fault,
        })
    }

    pub(super) fn get(&self, key: &StackItem) -> Result<Option<StackItem>, FaultKind> {
        Self::check_key(key)?;
        Ok(self.find(key).ok().map(|place| self.entries[self.position(place)].1.clone()))
    }

    pub(super) fn contains(&self, key: &StackItem) -> Result<bool, FaultKind> {
        Self::check_key(key)?;
        Ok(self.find(key).is_ok())
    }

    pub(super) fn insert(&mut self, key: StackItem, value: StackItem) -> Result<Option<StackItem>, FaultKind> {
        Self::check_key(&key)?;
        match self.find(&key) {
            Ok(place) => {
                let position = self.position(place);
                Ok(Some(core::mem::replace(&mut self.entries[position].1, value)))
            }
            Err(place) => {
                if !self.index.is_empty() {
                    self.index.insert(place, self.entries.len() as u32);
                }
                self.entries.push((key, value));
                if self.index.is_empty() && self.entries.len() > LINEAR {
                    self.index = (0..self.entries.len() as u32).collect();
                    let entries = &self.entries;
                    self.index.sort_by(|&a, &b| compare_keys(&entries[a as usize].0, &entries[b as usize].0));
                }
                Ok(None)
            }
        }
    }

    pub(super) fn remove(&mut self, key: &StackItem) -> Result<Option<(StackItem, StackItem)>, FaultKind> {
        Self::check_key(key)?;
        let Ok(place) = self.find(key) else { return Ok(None) };
        let position = self.position(place);
        if !self.index.is_empty() {
            self.index.remove(place);
            for other in &mut self.index {
                *other -= u32::from(*other > position as u32);
            }
        }
        Ok(Some(self.entries.remove(position)))
    }

    /// The place of a key: in the index where there is one, else among the
    /// entries. An error tells where a new key goes into the index.
    fn find(&self, key: &StackItem) -> Result<usize, usize> {
        if self.index.is_empty() {
            return self.entries.iter().position(|(own, _)| is_same_key(own, key)).ok_or(0);
        }
        self.index.binary_search_by(|&position| compare_keys(&self.entries[position as usize].0, key))
    }

    fn position(&self, place: usize) -> usize {
        self.index.get(place).map_or(place, |&position| position as usize)
    }
}

/// Whether two keys are one. Most byte strings differ in length or in their
/// first bytes.
#[inline(always)]
fn is_same_key(a: &StackItem, b: &StackItem) -> bool {
    match (a, b) {
        (StackItem::Integer(a), StackItem::Integer(b)) => a == b,
        (StackItem::ByteString(a), StackItem::ByteString(b)) => a.len() == b.len() && compare_bytes(a, b).is_eq(),
        (a, b) => compare_keys(a, b).is_eq(),
    }
}

/// A total order of keys. Keys of different types are different keys.
fn compare_keys(a: &StackItem, b: &StackItem) -> Ordering {
    match (a, b) {
        (StackItem::Integer(a), StackItem::Integer(b)) => a.cmp(b),
        (StackItem::ByteString(a), StackItem::ByteString(b)) => compare_bytes(a, b),
        (StackItem::Boolean(a), StackItem::Boolean(b)) => a.cmp(b),
        (StackItem::BigInteger(a), StackItem::BigInteger(b)) => (**a).cmp(b),
        (a, b) => rank(a).cmp(&rank(b)),
    }
}

/// The order of bytes. Most keys are short or differ early: the first eight
/// bytes are compared as a number.
fn compare_bytes(a: &[u8], b: &[u8]) -> Ordering {
    prefix(a).cmp(&prefix(b)).then_with(|| if a.len().max(b.len()) <= 8 { a.len().cmp(&b.len()) } else { a.cmp(b) })
}

/// The first eight bytes, the first one highest; zeros behind the end.
#[inline(always)]
fn prefix(bytes: &[u8]) -> u64 {
    if let Some(first) = bytes.first_chunk::<8>() {
        return u64::from_be_bytes(*first);
    }
    match (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        // Both together are all bytes; where they overlap they agree.
        (Some(first), Some(last)) => {
            let behind = 8 * (8 - bytes.len());
            u64::from(u32::from_be_bytes(*first)) << 32 | u64::from(u32::from_be_bytes(*last)) << behind
        }
        _ => bytes.iter().rev().fold(0, |prefix, &byte| prefix >> 8 | u64::from(byte) << 56),
    }
}

/// Small and big integers rank apart: no integer is both.
fn rank(key: &StackItem) -> u8 {
    match key {
        StackItem::Integer(_) => 0,
        StackItem::BigInteger(_) => 1,
        StackItem::Boolean(_) => 2,
        _ => 3,
    }
}
