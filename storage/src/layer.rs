//! Copy-on-write layers.

use std::{cell::RefCell, fmt, rc::Rc};

use hashbrown::HashMap;

use crate::{Batch, Cursor, Direction, Key, Seek, Store, StoreError, Value};

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
    item: Rc<Item>,
    state: State,
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
    entries: RefCell<HashMap<Key, Tracked>>,
    below: Below<'s>,
}

#[derive(Clone)]
enum Below<'s> {
    Layer(Rc<Layer<'s>>),
    Store(&'s dyn Store),
}

impl<'s> Layer<'s> {
    /// Opens a layer over a store.
    pub fn over(store: &'s dyn Store) -> Rc<Self> {
        Rc::new(Self { entries: RefCell::default(), below: Below::Store(store) })
    }

    /// Opens a layer above another one.
    pub fn above(layer: &Rc<Self>) -> Rc<Self> {
        Rc::new(Self { entries: RefCell::default(), below: Below::Layer(Rc::clone(layer)) })
    }

    /// Returns the value of a key, if it is there.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    pub fn get(&self, key: &Key) -> Result<Option<Value>, StoreError> {
        if let Some(tracked) = self.entries.borrow().get(key) {
            return Ok(tracked.state.is_there().then(|| tracked.item.value()));
        }
        let value = self.get_below(key)?;
        if let Some(value) = &value {
            self.track(key, value.clone(), State::Read);
        }
        Ok(value)
    }

    /// Returns whether a key is there. Unlike [`Layer::get`] it leaves no trace
    /// in the layer.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    pub fn contains(&self, key: &Key) -> Result<bool, StoreError> {
        if let Some(tracked) = self.entries.borrow().get(key) {
            return Ok(tracked.state.is_there());
        }
        match &self.below {
            Below::Layer(layer) => layer.contains(key),
            Below::Store(store) => Ok(store.get(key)?.is_some()),
        }
    }

    /// Sets the value of a key.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    pub fn put(&self, key: Key, value: Value) -> Result<(), StoreError> {
        if let Some(tracked) = self.entries.borrow_mut().get_mut(&key) {
            match tracked.state {
                State::Deleted => *tracked = Tracked { item: Item::new(value), state: State::Changed },
                State::Absent => *tracked = Tracked { item: Item::new(value), state: State::Added },
                State::Read | State::Changed | State::Added => {
                    if tracked.state == State::Read {
                        tracked.state = State::Changed;
                    }
                    *tracked.item.0.borrow_mut() = value;
                }
            }
            return Ok(());
        }
        let state = if self.get_below(&key)?.is_some() { State::Changed } else { State::Added };
        self.track(&key, value, state);
        Ok(())
    }

    /// Deletes a key; nothing happens if it is not there.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    pub fn delete(&self, key: &Key) -> Result<(), StoreError> {
        if let Some(tracked) = self.entries.borrow_mut().get_mut(key) {
            tracked.state = match tracked.state {
                State::Added | State::Absent => State::Absent,
                State::Read | State::Changed | State::Deleted => State::Deleted,
            };
            return Ok(());
        }
        if let Some(value) = self.get_below(key)? {
            self.track(key, value, State::Deleted);
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
        for (key, tracked) in entries.iter_mut() {
            match tracked.state {
                State::Added | State::Changed => below.put(key.clone(), tracked.item.value())?,
                State::Deleted => below.delete(key)?,
                State::Read | State::Absent => {}
            }
        }
        entries.retain(|_, tracked| tracked.state != State::Deleted);
        entries.values_mut().filter(|tracked| tracked.state.is_there()).for_each(|tracked| tracked.state = State::Read);
        Ok(())
    }

    /// Returns the changes that the layer holds, in the order of their keys.
    pub fn changes(&self) -> Batch {
        let entries = self.entries.borrow();
        let change = |(key, tracked): (&Key, &Tracked)| match tracked.state {
            State::Added | State::Changed => Some((key.clone(), Some(tracked.item.value()))),
            State::Deleted => Some((key.clone(), None)),
            State::Read | State::Absent => None,
        };
        let mut changes: Batch = entries.iter().filter_map(change).collect();
        changes.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        changes
    }

    fn track(&self, key: &Key, value: Value, state: State) {
        self.entries.borrow_mut().insert(key.clone(), Tracked { item: Item::new(value), state });
    }

    /// The value of a key without this layer's changes.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    fn get_below(&self, key: &Key) -> Result<Option<Value>, StoreError> {
        match &self.below {
            Below::Layer(layer) => layer.get(key),
            Below::Store(store) => store.get(key),
        }
    }

    /// What a seek in this layer starts with: the entries within a prefix that are there, in order, and the keys
    /// of all that are tracked, there or not, sorted.
    pub(crate) fn tracked(&self, prefix: &[u8], direction: Direction) -> (Vec<(Key, Rc<Item>)>, Vec<Key>) {
        let entries = self.entries.borrow();
        let within = entries.iter().filter(|(key, _)| key.starts_with(prefix));
        let mut all: Vec<(&Key, &Tracked)> = within.collect();
        all.sort_unstable_by_key(|(key, _)| *key);
        let keys = all.iter().map(|(key, _)| (*key).clone()).collect();
        let there = all.into_iter().filter(|(_, tracked)| tracked.state.is_there());
        let mut there: Vec<_> = there.map(|(key, tracked)| (key.clone(), Rc::clone(&tracked.item))).collect();
        if direction == Direction::Backward {
            there.reverse();
        }
        (there, keys)
    }

    /// A seek in what lies below.
    pub(crate) fn seek_below(&self, prefix: &[u8], direction: Direction) -> SeekBelow<'s> {
        match &self.below {
            Below::Layer(layer) => SeekBelow::Layer(Box::new(Seek::new(layer, prefix, direction))),
            Below::Store(store) => SeekBelow::Store(store.seek(prefix, None, direction)),
        }
    }
}

/// A seek in a layer or a store.
pub(crate) enum SeekBelow<'s> {
    Layer(Box<Seek<'s>>),
    Store(Cursor<'s>),
}

impl fmt::Debug for Layer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let below = match &self.below {
            Below::Layer(layer) => Some(layer),
            Below::Store(_) => None,
        };
        f.debug_struct("Layer").field("entries", &self.entries.borrow().len()).field("below", &below).finish()
    }
}
