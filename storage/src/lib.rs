//! The storage of a Neo N3 node: keys and values, the traits that a store
//! implements, and copy-on-write layers over it.
//!
//! - [`Store`] reads: one key, or the keys with a prefix in order. It is
//!   object-safe, so a host in another language can implement it by call-backs.
//! - [`WriteStore`] writes a batch atomically.
//! - [`MemoryStore`] is an ordered store in memory.
//! - [`ChainState`] follows a chain: blocks are appended to it, it computes state
//!   roots with a [`Trie`] and keeps all in a [`Place`].
//! - [`checked`] tells whether a store could be read, whatever became of its errors.
//! - [`Layer`] collects changes over a store or another layer, as the reference
//!   node's `DataCache` does, down to what iterators see of later writes.
//!
//! ```
//! use neovm_storage::{Direction, Key, Layer, MemoryStore, WriteStore};
//!
//! # fn main() -> Result<(), neovm_storage::StoreError> {
//! let mut store = MemoryStore::default();
//! let batch = {
//!     let layer = Layer::over(&store);
//!     layer.put(Key::new(5, b"name"), b"neo".as_slice().into())?;
//!     layer.changes()
//! };
//! store.write(&batch)?;
//!
//! let layer = Layer::over(&store);
//! assert_eq!(layer.get(&Key::new(5, b"name"))?.as_deref(), Some(&b"neo"[..]));
//! assert_eq!(layer.find(&Key::new(5, b""), Direction::Forward).count(), 1);
//! # Ok(())
//! # }
//! ```
#![forbid(unsafe_code)]

mod chain;
mod checked;
mod key;
mod layer;
mod memory;
mod seek;
mod stamp;
mod store;
mod trie;

pub use self::{
    chain::{
        ChainError, ChainState, Commit, FlushPolicy, LEDGER_ID, MemoryPlace, Place, StateBuffer, Tip, TrieMode, overlay,
    },
    checked::checked,
    key::Key,
    layer::{Item, Layer},
    memory::{MemoryStore, seek_range},
    seek::Seek,
    stamp::ContractsStamp,
    store::{Batch, Cursor, Direction, Entry, Store, StoreError, Value, WriteStore},
    trie::{
        Find, MAX_KEY_LENGTH, NodeChanges, NodeHash, NodeRecord, Nodes, Position, Proof, Range, Trie, TrieError,
        TrieReader, state_root,
    },
};
