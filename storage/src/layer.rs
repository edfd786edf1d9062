//! Copy-on-write layers.

use std::{
    cell::{Cell, RefCell},
    fmt,
    hash::BuildHasher,
    rc::Rc,
    sync::{
        LazyLock,
        atomic::{AtomicU64, Ordering},
    },
};

use hashbrown::{DefaultHashBuilder, HashTable};

use crate::{Batch, Direction, Key, Seek, Store, StoreError, Value, seek::order};

/// A value in a layer. Iterators that hold it see it change.
#[derive(Debug)]
pub struct Item(RefCell<Value>);

impl Item {
    pub(crate) fn new(value: Value) -> Rc<Self> {
        Rc::new(Self(RefCell::new(value)))
    }

    /// Returns the value that the item has now.
    pub fn value(&self) -> Value {
        Value::clone(&self.0.borrow())
    }
}

/// How an entry of a layer differs from what lies below.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// It was read.
    Read,
    /// There is none below.
    Added,
    /// There is one below.
    Changed,
    /// There is one below, and none here.
    Deleted,
    /// It was added and deleted again.
    Absent,
}

impl State {
    fn is_there(self) -> bool {
        !matches!(self, Self::Deleted | Self::Absent)
    }
}

#[derive(Clone, Debug)]
struct Tracked {
    key: Key,
    item: Rc<Item>,
    state: State,
}

/// The hash of a key is computed once for all layers. Nobody can foresee it.
fn hash(key: &[u8]) -> u64 {
    static HASHER: LazyLock<DefaultHashBuilder> = LazyLock::new(DefaultHashBuilder::default);
    HASHER.hash_one(key)
}

#[derive(Debug, Default)]
struct Entries(HashTable<Tracked>);

impl Entries {
    fn get(&self, key: &Key, hash: u64) -> Option<&Tracked> {
        self.0.find(hash, |tracked| tracked.key == *key)
    }

    fn get_mut(&mut self, key: &Key, hash: u64) -> Option<&mut Tracked> {
        self.0.find_mut(hash, |tracked| tracked.key == *key)
    }

    /// Adds an entry whose key is not there.
    fn add(&mut self, key: Key, hash: u64, value: Value, state: State) {
        let tracked = Tracked { key, item: Item::new(value), state };
        self.0.insert_unique(hash, tracked, |tracked| self::hash(&tracked.key));
    }
}

/// Changes over a store or over another layer.
///
/// A layer is opened with [`Layer::over`] or [`Layer::above`], costs one
/// allocation until it is used, and is thrown away by dropping it.
/// [`Layer::commit`] hands its changes to what lies below.
///
/// Scripts can observe how layers keep what they read: an iterator sees a later
/// write to a key that its layer had read or written before the iterator
/// started, and no other writes. This is why a layer keeps what was read
/// through it.
///
/// Source: `DataCache.cs` and `ClonedCache.cs` of the reference node.
pub struct Layer<'s> {
    entries: RefCell<Entries>,
    below: Below<'s>,
    stamp: Cell<u64>,
}

/// The contracts whose changes stamp a layer: ContractManagement and Policy.
const STAMPING: [i32; 2] = [-1, -7];

/// What lies below a layer.
#[derive(Clone)]
pub(crate) enum Below<'s> {
    Layer(Rc<Layer<'s>>),
    Store(&'s dyn Store),
}

impl<'s> Layer<'s> {
    /// Opens a layer over a store.
    pub fn over(store: &'s dyn Store) -> Rc<Self> {
        Rc::new(Self { entries: RefCell::default(), below: Below::Store(store), stamp: Cell::default() })
    }

    /// Opens a layer above another one.
    pub fn above(layer: &Rc<Self>) -> Rc<Self> {
        Rc::new(Self { entries: RefCell::default(), below: Below::Layer(Rc::clone(layer)), stamp: layer.stamp.clone() })
    }

    /// Returns a number that stands for what the native contracts ContractManagement
    /// and Policy store, as it is seen through the layer: whether a contract can be
    /// called, and how, depends on nothing else.
    ///
    /// Layers over the same store with the same stamp see the same. A write to those
    /// contracts gives the layer a new stamp, which no other layer had before. A layer
    /// has the stamp of the one below it until then, so that dropping it brings the
    /// old stamp back. While a layer is open, the one below it is not written to.
    pub fn contracts_stamp(&self) -> u64 {
        self.stamp.get()
    }

    /// Notes that a key is written or deleted.
    fn note_write(&self, key: &Key) {
        static COUNT: AtomicU64 = AtomicU64::new(1);
        if STAMPING.contains(&key.contract()) {
            self.stamp.set(COUNT.fetch_add(1, Ordering::Relaxed));
        }
    }

    /// Returns the value of a key, if it is there.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    pub fn get(&self, key: &Key) -> Result<Option<Value>, StoreError> {
        self.get_hashed(key, hash(key))
    }

    fn get_hashed(&self, key: &Key, hash: u64) -> Result<Option<Value>, StoreError> {
        if let Some(tracked) = self.entries.borrow().get(key, hash) {
            return Ok(tracked.state.is_there().then(|| tracked.item.value()));
        }
        let value = self.get_below(key, hash)?;
        if let Some(value) = &value {
            self.entries.borrow_mut().add(key.clone(), hash, value.clone(), State::Read);
        }
        Ok(value)
    }

    /// Returns the value of a key as [`Layer::get`] does, but leaves no trace of
    /// that in the layer: an iterator does not see later writes to the key.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    pub fn peek(&self, key: &Key) -> Result<Option<Value>, StoreError> {
        let hash = hash(key);
        let mut layer = self;
        loop {
            if let Some(tracked) = layer.entries.borrow().get(key, hash) {
                return Ok(tracked.state.is_there().then(|| tracked.item.value()));
            }
            match &layer.below {
                Below::Layer(below) => layer = below,
                Below::Store(store) => return store.get(key),
            }
        }
    }

    /// Returns whether a key is there. Like [`Layer::peek`] it leaves no trace.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    pub fn contains(&self, key: &Key) -> Result<bool, StoreError> {
        Ok(self.peek(key)?.is_some())
    }

    /// Sets the value of a key.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    pub fn put(&self, key: Key, value: Value) -> Result<(), StoreError> {
        self.note_write(&key);
        let hash = hash(&key);
        if let Some(tracked) = self.entries.borrow_mut().get_mut(&key, hash) {
            match tracked.state {
                State::Deleted => (tracked.item, tracked.state) = (Item::new(value), State::Changed),
                State::Absent => (tracked.item, tracked.state) = (Item::new(value), State::Added),
                State::Read | State::Changed | State::Added => {
                    if tracked.state == State::Read {
                        tracked.state = State::Changed;
                    }
                    *tracked.item.0.borrow_mut() = value;
                }
            }
            return Ok(());
        }
        let state = if self.get_below(&key, hash)?.is_some() { State::Changed } else { State::Added };
        self.entries.borrow_mut().add(key, hash, value, state);
        Ok(())
    }

    /// Deletes a key; nothing happens if it is not there.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    pub fn delete(&self, key: &Key) -> Result<(), StoreError> {
        self.note_write(key);
        let hash = hash(key);
        if let Some(tracked) = self.entries.borrow_mut().get_mut(key, hash) {
            tracked.state = match tracked.state {
                State::Added | State::Absent => State::Absent,
                State::Read | State::Changed | State::Deleted => State::Deleted,
            };
            return Ok(());
        }
        if let Some(value) = self.get_below(key, hash)? {
            self.entries.borrow_mut().add(key.clone(), hash, value, State::Deleted);
        }
        Ok(())
    }

    /// Reads the entries whose keys start with a prefix, in order. Nothing is
    /// read before the first entry is asked for; what is read then, and what
    /// later, is described at [`Layer`].
    pub fn find(self: &Rc<Self>, prefix: &[u8], direction: Direction) -> Seek<'s> {
        Seek::new(self, prefix, direction)
    }

    /// Hands the changes to the layer below.
    ///
    /// The layer can still be read. A layer over a store is not committed:
    /// [`Layer::changes`] is what to write there.
    ///
    /// # Errors
    /// [`StoreError`] if the layer lies over a store, or the store cannot be read.
    pub fn commit(&self) -> Result<(), StoreError> {
        let Below::Layer(below) = &self.below else {
            return Err(StoreError("the layer lies over a store, which is written with its changes".into()));
        };
        let mut entries = self.entries.borrow_mut();
        for tracked in &entries.0 {
            match tracked.state {
                State::Added | State::Changed => below.put(tracked.key.clone(), tracked.item.value())?,
                State::Deleted => below.delete(&tracked.key)?,
                State::Read | State::Absent => {}
            }
        }
        entries.0.retain(|tracked| {
            if tracked.state.is_there() {
                tracked.state = State::Read;
            }
            tracked.state != State::Deleted
        });
        Ok(())
    }

    /// Returns the changes that the layer holds, in the order of their keys.
    pub fn changes(&self) -> Batch {
        let entries = self.entries.borrow();
        let change = |tracked: &Tracked| match tracked.state {
            State::Added | State::Changed => Some((tracked.key.clone(), Some(tracked.item.value()))),
            State::Deleted => Some((tracked.key.clone(), None)),
            State::Read | State::Absent => None,
        };
        let mut changes: Batch = entries.0.iter().filter_map(change).collect();
        changes.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        changes
    }

    /// The value of a key without this layer's changes.
    fn get_below(&self, key: &Key, hash: u64) -> Result<Option<Value>, StoreError> {
        match &self.below {
            Below::Layer(layer) => layer.get_hashed(key, hash),
            Below::Store(store) => store.get(key),
        }
    }

    /// What a seek in this layer starts with: the tracked entries within a prefix in the order of reading, without
    /// an item if they are deleted.
    pub(crate) fn tracked(&self, prefix: &[u8], direction: Direction) -> Vec<(Key, Option<Rc<Item>>)> {
        let entries = self.entries.borrow();
        let within = entries.0.iter().filter(|tracked| tracked.key.starts_with(prefix));
        let item = |tracked: &Tracked| tracked.state.is_there().then(|| Rc::clone(&tracked.item));
        let mut all: Vec<_> = within.map(|tracked| (tracked.key.clone(), item(tracked))).collect();
        all.sort_unstable_by(|(a, _), (b, _)| order(direction, a, b));
        all
    }

    pub(crate) fn below(&self) -> &Below<'s> {
        &self.below
    }
}

impl fmt::Debug for Layer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let below = match &self.below {
            Below::Layer(layer) => Some(layer),
            Below::Store(_) => None,
        };
        f.debug_struct("Layer").field("entries", &self.entries.borrow().0.len()).field("below", &below).finish()
    }
}
