//! Handles: numbers that stand for objects. One that was released stands for nothing, ever.

use std::sync::{
    Arc, PoisonError, RwLock,
    atomic::{AtomicU64, Ordering},
};

use crate::{
    abi::{NEOVM_ERR_HANDLE, NEOVM_ERR_LIMIT},
    boundary::{Failure, Outcome},
};

/// The bits of a handle that say where its object is. The others are a number that no
/// other handle has.
const PLACE_BITS: u32 = 20;

/// Counts handles of all kinds, so that one is never taken for another.
static SERIAL: AtomicU64 = AtomicU64::new(1);

/// Objects by their handles.
#[derive(Debug)]
pub(crate) struct Table<T> {
    entries: Vec<(u64, Option<T>)>,
    free: Vec<u32>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Table<T> {
    pub(crate) const fn new() -> Self {
        Self { entries: Vec::new(), free: Vec::new() }
    }

    /// Returns the number of objects.
    pub(crate) fn len(&self) -> usize {
        self.entries.len() - self.free.len()
    }

    pub(crate) fn insert(&mut self, value: T) -> Outcome<u64> {
        let place = match self.free.pop() {
            Some(place) => place,
            None if self.entries.len() >> PLACE_BITS != 0 => {
                return Err(Failure::new(NEOVM_ERR_LIMIT, "there are too many handles"));
            }
            None => {
                self.entries.push((0, None));
                (self.entries.len() - 1) as u32
            }
        };
        let handle = SERIAL.fetch_add(1, Ordering::Relaxed) << PLACE_BITS | u64::from(place);
        self.entries[place as usize] = (handle, Some(value));
        Ok(handle)
    }

    pub(crate) fn get(&self, handle: u64) -> Option<&T> {
        let (own, value) = self.entries.get(place(handle))?;
        value.as_ref().filter(|_| *own == handle)
    }

    pub(crate) fn remove(&mut self, handle: u64) -> Option<T> {
        let (_, value) = self.entries.get_mut(place(handle)).filter(|(own, _)| *own == handle)?;
        let value = value.take()?;
        self.free.push(place(handle) as u32);
        Some(value)
    }
}

fn place(handle: u64) -> usize {
    (handle & ((1 << PLACE_BITS) - 1)) as usize
}

/// Objects that all threads use.
#[derive(Debug)]
pub(crate) struct Shared<T>(RwLock<Table<Arc<T>>>);

impl<T> Shared<T> {
    pub(crate) const fn new() -> Self {
        Self(RwLock::new(Table::new()))
    }

    pub(crate) fn insert(&self, value: T) -> Outcome<u64> {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(Arc::new(value))
    }

    /// Returns an object, which lives on while it is used even if it is released meanwhile.
    pub(crate) fn get(&self, handle: u64) -> Outcome<Arc<T>> {
        let table = self.0.read().unwrap_or_else(PoisonError::into_inner);
        table.get(handle).cloned().ok_or_else(|| Failure::new(NEOVM_ERR_HANDLE, "the handle stands for nothing"))
    }

    pub(crate) fn remove(&self, handle: u64) -> Outcome<Arc<T>> {
        let mut table = self.0.write().unwrap_or_else(PoisonError::into_inner);
        table.remove(handle).ok_or_else(|| Failure::new(NEOVM_ERR_HANDLE, "the handle stands for nothing"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_never_stands_for_another_object() {
        let mut table = Table::new();
        let first = table.insert("first").unwrap();
        assert_eq!(table.remove(first), Some("first"));
        let second = table.insert("second").unwrap();
        assert_eq!(place(first), place(second));
        assert_eq!((table.get(first), table.get(second)), (None, Some(&"second")));
        assert_eq!((table.remove(first), table.len()), (None, 1));
        assert_eq!(table.get(u64::MAX), None);
        assert_eq!(table.get(0), None);
        let other = Shared::new();
        let handle = other.insert(1).unwrap();
        assert!(table.get(handle).is_none());
    }
}
