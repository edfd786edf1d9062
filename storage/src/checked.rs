//! Reads that must not fail unnoticed.

use std::sync::OnceLock;

use crate::{ContractsStamp, Cursor, Direction, Store, StoreError, Value};

/// A store that remembers the first error of reading it.
struct CheckedStore<'s> {
    store: &'s dyn Store,
    error: OnceLock<StoreError>,
}

/// Does something over a store, and returns what came of it unless the store could not be read on the way.
///
/// An execution takes an error of the store for a fault of the script, and a verification may take it for a wrong
/// signature; neither is true of the chain.
///
/// # Errors
/// The first [`StoreError`] of the store.
pub fn checked<T>(store: &dyn Store, run: impl FnOnce(&dyn Store) -> T) -> Result<T, StoreError> {
    let store = CheckedStore { store, error: OnceLock::new() };
    let result = run(&store);
    store.error.into_inner().map_or(Ok(result), Err)
}

impl CheckedStore<'_> {
    fn note<T>(&self, read: &Result<T, StoreError>) {
        if let Err(error) = read {
            self.error.get_or_init(|| error.clone());
        }
    }
}

impl Store for CheckedStore<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Value>, StoreError> {
        let read = self.store.get(key);
        self.note(&read);
        read
    }

    fn seek<'a>(&'a self, prefix: &[u8], from: Option<&[u8]>, direction: Direction) -> Cursor<'a> {
        Box::new(self.store.seek(prefix, from, direction).inspect(|entry| self.note(entry)))
    }

    fn contracts_stamp(&self) -> Option<ContractsStamp> {
        self.store.contracts_stamp()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Key, MemoryStore};

    /// A store whose values cannot be read.
    struct Unreadable;

    impl Store for Unreadable {
        fn get(&self, key: &[u8]) -> Result<Option<Value>, StoreError> {
            Err(StoreError(format!("no key {}", key.len())))
        }

        fn seek<'a>(&'a self, _: &[u8], _: Option<&[u8]>, _: Direction) -> Cursor<'a> {
            Box::new(std::iter::once(Err(StoreError("no entries".into()))))
        }
    }

    #[test]
    fn an_error_counts_though_nobody_looked_at_it() {
        let ignored = checked(&Unreadable, |store| (store.get(b"one").is_ok(), store.get(b"four").is_ok()));
        assert_eq!(ignored, Err(StoreError("no key 3".into())));
        let counted = checked(&Unreadable, |store| store.seek(&[], None, Direction::Forward).count());
        assert_eq!(counted, Err(StoreError("no entries".into())));
        assert_eq!(checked(&Unreadable, |_| 7), Ok(7), "nothing was read");
        let store: MemoryStore = [(Key::new(1, b"a"), Value::from(*b"b"))].into_iter().collect();
        let read =
            checked(&store, |store| (store.get(b"").is_ok(), store.seek(&[], None, Direction::Backward).count()));
        assert_eq!(read, Ok((true, 1)));
    }

    #[test]
    fn what_is_known_of_contracts_stays_known() {
        let store = MemoryStore::default();
        assert_eq!(checked(&store, |store| store.contracts_stamp()), Ok(store.contracts_stamp()));
        assert_eq!(checked(&Unreadable, |store| store.contracts_stamp()), Ok(None));
    }
}
