//! Copy-on-write layers.

use std::{
    cell::{Cell, Ref, RefCell},
    collections::BTreeMap,
    fmt,
    hash::{BuildHasher, Hasher},
    mem,
    rc::Rc,
    sync::{Arc, LazyLock},
};

use hashbrown::{DefaultHashBuilder, HashTable};

use crate::{Batch, ContractsStamp, Direction, Key, Seek, Store, StoreError, Value, seek::order};

/// A value that an iterator found.
#[derive(Clone, Debug)]
pub struct Item(Held);

/// How a value is held.
#[derive(Clone, Debug)]
enum Held {
    Alone(Value),
    /// By a layer and by iterators that started in it, which see it change.
    Shared(Rc<RefCell<Value>>),
}

impl Item {
    /// A value that does not change.
    pub(crate) fn fixed(value: Value) -> Self {
        Self(Held::Alone(value))
    }

    /// Returns the value that the item has now.
    pub fn value(&self) -> Value {
        self.0.get(Value::clone)
    }

    /// Calls a function with the bytes that the item has now.
    pub fn look<R>(&self, f: impl FnOnce(&[u8]) -> R) -> R {
        self.0.get(|value| f(value))
    }

    /// Returns the value that the item has now, and gives the item up.
    pub(crate) fn into_value(self) -> Value {
        self.0.into_value()
    }
}

impl Held {
    fn get<R>(&self, f: impl FnOnce(&Value) -> R) -> R {
        match self {
            Self::Alone(value) => f(value),
            Self::Shared(value) => f(&value.borrow()),
        }
    }

    fn set(&mut self, new: Value) {
        match self {
            Self::Alone(value) => *value = new,
            Self::Shared(value) => *value.borrow_mut() = new,
        }
    }

    fn into_value(self) -> Value {
        match self {
            Self::Alone(value) => value,
            Self::Shared(value) => Value::clone(&value.borrow()),
        }
    }

    /// Shares the value with an iterator.
    fn share(&mut self) -> Item {
        if let Self::Alone(value) = self {
            *self = Self::Shared(Rc::new(RefCell::new(Value::clone(value))));
        }
        Item(self.clone())
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
    /// There is none below, and none here: it was added and deleted again, or looked for by [`Layer::load`].
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
    hash: u64,
    held: Held,
    state: State,
}

impl Tracked {
    /// The value, if it is there.
    fn value(&self) -> Option<Value> {
        self.state.is_there().then(|| self.held.get(Value::clone))
    }

    fn set(&mut self, value: Value) {
        if self.state.is_there() {
            self.held.set(value);
        } else {
            self.held = Held::Alone(value);
        }
        self.note_set();
    }

    /// Sets the value to a copy of some bytes, in place if nobody else holds a value of their size.
    fn set_bytes(&mut self, bytes: &[u8]) {
        if let Held::Alone(value) = &mut self.held
            && value.len() == bytes.len()
            && let Some(own) = Arc::get_mut(value)
        {
            own.copy_from_slice(bytes);
            self.note_set();
        } else {
            self.set(bytes.into());
        }
    }

    /// Notes that there is a new value.
    fn note_set(&mut self) {
        self.state = match self.state {
            State::Added | State::Absent => State::Added,
            State::Read | State::Changed | State::Deleted => State::Changed,
        };
    }

    fn delete(&mut self) {
        self.state = match self.state {
            State::Added | State::Absent => State::Absent,
            State::Read | State::Changed | State::Deleted => State::Deleted,
        };
    }
}

/// The hash of a key is computed once for all layers. Nobody can foresee it.
fn hash(key: &Key) -> u64 {
    match key.split_first_chunk() {
        Some((id, local)) => hash_local(i32::from_le_bytes(*id), local),
        None => hash_local(0, key),
    }
}

/// The hash of a contract's key with some bytes.
fn hash_local(contract: i32, local: &[u8]) -> u64 {
    static HASHER: LazyLock<DefaultHashBuilder> = LazyLock::new(DefaultHashBuilder::default);
    let mut hasher = HASHER.build_hasher();
    hasher.write_i32(contract);
    hasher.write(local);
    hasher.finish()
}

#[derive(Debug, Default)]
struct Entries(HashTable<Tracked>);

thread_local! {
    /// Tables of layers that are gone: empty, and kept for their memory.
    static SPARE: RefCell<Vec<HashTable<Tracked>>> = const { RefCell::new(Vec::new()) };
}

/// As many tables are kept, and only small ones: they are cleared each time.
const MAX_SPARE: usize = 16;
const MAX_SPARE_CAPACITY: usize = 64;

/// From so many entries on, tables double.
const MAX_STEEP: usize = 256;

impl Entries {
    fn get(&self, key: &Key, hash: u64) -> Option<&Tracked> {
        self.0.find(hash, |tracked| tracked.key == *key)
    }

    fn get_mut(&mut self, key: &Key, hash: u64) -> Option<&mut Tracked> {
        self.0.find_mut(hash, |tracked| tracked.key == *key)
    }

    /// The entry of a contract's key with some bytes.
    fn local(&self, contract: i32, local: &[u8], hash: u64) -> Option<&Tracked> {
        self.0.find(hash, |tracked| tracked.key.is(contract, local))
    }

    fn local_mut(&mut self, contract: i32, local: &[u8], hash: u64) -> Option<&mut Tracked> {
        self.0.find_mut(hash, |tracked| tracked.key.is(contract, local))
    }

    /// Adds an entry whose key is not there.
    fn add(&mut self, key: Key, hash: u64, value: Value, state: State) {
        if self.0.capacity() == 0 {
            self.0 = SPARE.try_with(|spare| spare.borrow_mut().pop()).ok().flatten().unwrap_or_default();
        }
        // A small table grows to four times its size: its entries are moved less often.
        let count = self.0.len();
        if count == self.0.capacity() && count < MAX_STEEP {
            self.0.reserve(3 * count, |tracked| tracked.hash);
        }
        self.0.insert_unique(hash, Tracked { key, hash, held: Held::Alone(value), state }, |tracked| tracked.hash);
    }
}

impl Drop for Entries {
    fn drop(&mut self) {
        if self.0.capacity() == 0 || self.0.capacity() > MAX_SPARE_CAPACITY {
            return;
        }
        let mut table = mem::take(&mut self.0);
        table.clear();
        // At the end of a thread there is nobody to keep it for.
        let _ = SPARE.try_with(|spare| {
            let mut spare = spare.borrow_mut();
            if spare.len() < MAX_SPARE {
                spare.push(table);
            }
        });
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
    stamp: Cell<Option<ContractsStamp>>,
}

/// What lies below a layer.
#[derive(Clone)]
pub(crate) enum Below<'s> {
    Layer(Rc<Layer<'s>>),
    Store(&'s dyn Store),
}

impl<'s> Layer<'s> {
    /// Opens a layer over a store.
    pub fn over(store: &'s dyn Store) -> Rc<Self> {
        Rc::new(Self {
            entries: RefCell::default(),
            below: Below::Store(store),
            stamp: Cell::new(store.contracts_stamp()),
        })
    }

    /// Opens a layer above another one.
    pub fn above(layer: &Rc<Self>) -> Rc<Self> {
        Rc::new(Self { entries: RefCell::default(), below: Below::Layer(Rc::clone(layer)), stamp: layer.stamp.clone() })
    }

    /// Returns a copy of the layer over copies of the layers below it, which nobody else writes to. `known` has the
    /// layers that were copied, with their copies; there is none if there are more entries than `room` for them.
    ///
    /// No iterator goes on in the copy: values are not shared with those of the original.
    pub fn fork(self: &Rc<Self>, known: &mut Vec<[Rc<Self>; 2]>, room: &mut usize) -> Option<Rc<Self>> {
        if let Some([_, copy]) = known.iter().find(|[own, _]| Rc::ptr_eq(own, self)) {
            return Some(Rc::clone(copy));
        }
        let below = match &self.below {
            Below::Layer(layer) => Below::Layer(layer.fork(known, room)?),
            Below::Store(store) => Below::Store(*store),
        };
        let entries = self.entries.borrow();
        *room = room.checked_sub(entries.0.len())?;
        let mut table = entries.0.clone();
        table.iter_mut().for_each(|tracked| tracked.held = Held::Alone(tracked.held.get(Value::clone)));
        let copy = Rc::new(Self { entries: RefCell::new(Entries(table)), below, stamp: self.stamp.clone() });
        known.push([Rc::clone(self), Rc::clone(&copy)]);
        Some(copy)
    }

    /// Returns what stands for the records of the native contracts ContractManagement and
    /// Policy, as they are seen through the layer: whether a contract can be called, and
    /// how, depends on nothing else.
    ///
    /// A layer has the stamp of what lies below it, and a new one from when it writes to
    /// those contracts, so that dropping it brings the old stamp back. While a layer is
    /// open, the one below it is not written to. Layers without a stamp see the same if
    /// they lie over the same store, which has none.
    pub fn contracts_stamp(&self) -> Option<ContractsStamp> {
        self.stamp.get()
    }

    /// Notes that a key of a contract is written or deleted.
    fn note_write(&self, contract: i32) {
        if ContractsStamp::covers(contract) {
            self.renew_stamp();
        }
    }

    fn renew_stamp(&self) {
        self.stamp.set(Some(ContractsStamp::unique()));
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
            return Ok(tracked.value());
        }
        let value = self.get_below(key, hash)?;
        if let Some(value) = &value {
            self.entries.borrow_mut().add(key.clone(), hash, value.clone(), State::Read);
        }
        Ok(value)
    }

    /// Returns what a function makes of the value of a contract's key, if it is there, which costs less than
    /// [`Layer::get`]. The function must not use the layer.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    pub fn get_with<R>(
        &self,
        contract: i32,
        local: &[u8],
        look: impl FnOnce(&[u8]) -> R,
    ) -> Result<Option<R>, StoreError> {
        let hash = hash_local(contract, local);
        if let Some(tracked) = self.entries.borrow().local(contract, local, hash) {
            return Ok(tracked.state.is_there().then(|| tracked.held.get(|value| look(value))));
        }
        let key = Key::new(contract, local);
        let Some(value) = self.get_below(&key, hash)? else { return Ok(None) };
        let looked = look(&value);
        self.entries.borrow_mut().add(key, hash, value, State::Read);
        Ok(Some(looked))
    }

    /// Returns the value of a key as [`Layer::get`] does, and keeps in mind also that there is none: what lies below is
    /// asked once.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    pub fn load(&self, key: Key) -> Result<Option<Value>, StoreError> {
        let hash = hash(&key);
        if let Some(tracked) = self.entries.borrow().get(&key, hash) {
            return Ok(tracked.value());
        }
        self.track(key, hash)
    }

    /// Notes what lies below of a key that is not tracked.
    fn track(&self, key: Key, hash: u64) -> Result<Option<Value>, StoreError> {
        let value = self.get_below(&key, hash)?;
        let state = if value.is_some() { State::Read } else { State::Absent };
        self.entries.borrow_mut().add(key, hash, value.clone().unwrap_or_default(), state);
        Ok(value)
    }

    /// Returns the value of a key as [`Layer::get`] does, but leaves no trace of
    /// that in the layer: an iterator does not see later writes to the key.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    pub fn peek(&self, key: &Key) -> Result<Option<Value>, StoreError> {
        let mut known_hash = None;
        let mut layer = self;
        loop {
            let entries = layer.entries.borrow();
            // Most layers that are only looked through are empty.
            if !entries.0.is_empty() {
                let hash = *known_hash.get_or_insert_with(|| hash(key));
                if let Some(tracked) = entries.get(key, hash) {
                    return Ok(tracked.value());
                }
            }
            match &layer.below {
                Below::Layer(below) => layer = below,
                Below::Store(store) => return store.get(key),
            }
        }
    }

    /// Returns the value that a key has below the layer: without what was changed in it. Like [`Layer::peek`] it leaves
    /// no trace.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    pub fn peek_below(&self, key: &Key) -> Result<Option<Value>, StoreError> {
        match &self.below {
            Below::Layer(below) => below.peek(key),
            Below::Store(store) => store.get(key),
        }
    }

    /// Returns the entries whose keys start with a prefix. Like [`Layer::peek`] it leaves
    /// no trace.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    pub fn peek_all(&self, prefix: &[u8]) -> Result<BTreeMap<Key, Value>, StoreError> {
        let mut all = Vec::new();
        self.peek_each(prefix, |key, value| {
            all.push((key.clone(), Value::clone(value)));
            Ok(())
        })?;
        Ok(all.into_iter().collect())
    }

    /// Shows the entries whose keys start with a prefix to a function, in no order, which costs less than to read them
    /// in order. Like [`Layer::peek`] it leaves no trace. The function must not write to the layer.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read, and the function's.
    pub fn peek_each(
        &self,
        prefix: &[u8],
        mut each: impl FnMut(&Key, &Value) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let (mut layer, mut above) = (self, Vec::<Ref<'_, Entries>>::new());
        loop {
            let entries = layer.entries.borrow();
            let is_hidden = |key: &Key, hash| above.iter().any(|entries| entries.get(key, hash).is_some());
            for Tracked { key, hash, held, state } in &entries.0 {
                if key.starts_with(prefix) && state.is_there() && !is_hidden(key, *hash) {
                    held.get(|value| each(key, value))?;
                }
            }
            above.push(entries);
            match &layer.below {
                Below::Layer(below) => layer = below,
                Below::Store(store) => {
                    let is_hidden = |key: &Key| {
                        let hash = hash(key);
                        above.iter().any(|entries| entries.get(key, hash).is_some())
                    };
                    return store.seek(prefix, None, Direction::Forward).try_for_each(|entry| {
                        let (key, value) = entry?;
                        if is_hidden(&key) { Ok(()) } else { each(&key, &value) }
                    });
                }
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
        let hash = hash(&key);
        self.put_hashed(key, hash, value)
    }

    fn put_hashed(&self, key: Key, hash: u64, value: Value) -> Result<(), StoreError> {
        self.note_write(key.contract());
        if let Some(tracked) = self.entries.borrow_mut().get_mut(&key, hash) {
            tracked.set(value);
            return Ok(());
        }
        let state = if self.get_below(&key, hash)?.is_some() { State::Changed } else { State::Added };
        self.entries.borrow_mut().add(key, hash, value, state);
        Ok(())
    }

    /// Sets the value of a contract's key, as [`Layer::get`] and then [`Layer::put`] do, but looks for the key once.
    /// `check` is told the size of the old value, if there is one, and may refuse the write, so that the key was only
    /// read; it must not use the layer. Returns whether the value was set.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    pub fn put_if(
        &self,
        contract: i32,
        local: &[u8],
        value: &[u8],
        check: impl FnOnce(Option<usize>) -> bool,
    ) -> Result<bool, StoreError> {
        let hash = hash_local(contract, local);
        if let Some(tracked) = self.entries.borrow_mut().local_mut(contract, local, hash) {
            let is_set = check(tracked.state.is_there().then(|| tracked.held.get(|old| old.len())));
            if is_set {
                self.note_write(contract);
                tracked.set_bytes(value);
            }
            return Ok(is_set);
        }
        let key = Key::new(contract, local);
        let old = self.get_below(&key, hash)?;
        let is_set = check(old.as_ref().map(|old| old.len()));
        if is_set {
            self.note_write(contract);
            let state = if old.is_some() { State::Changed } else { State::Added };
            self.entries.borrow_mut().add(key, hash, value.into(), state);
        } else if let Some(old) = old {
            self.entries.borrow_mut().add(key, hash, old, State::Read);
        }
        Ok(is_set)
    }

    /// Deletes a key; nothing happens if it is not there.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    pub fn delete(&self, key: &Key) -> Result<(), StoreError> {
        self.delete_hashed(key, hash(key))
    }

    fn delete_hashed(&self, key: &Key, hash: u64) -> Result<(), StoreError> {
        self.note_write(key.contract());
        if let Some(tracked) = self.entries.borrow_mut().get_mut(key, hash) {
            tracked.delete();
            return Ok(());
        }
        if let Some(value) = self.get_below(key, hash)? {
            self.entries.borrow_mut().add(key.clone(), hash, value, State::Deleted);
        }
        Ok(())
    }

    /// Makes all changes, or none if it fails.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    pub fn write(&self, changes: &[(Key, Option<Value>)]) -> Result<(), StoreError> {
        let track = |(key, _): &(Key, Option<Value>)| {
            let hash = hash(key);
            let is_tracked = self.entries.borrow().get(key, hash).is_some();
            if !is_tracked {
                self.track(key.clone(), hash)?;
            }
            Ok(hash)
        };
        let hashes = changes.iter().map(track).collect::<Result<Vec<_>, StoreError>>()?;
        let mut entries = self.entries.borrow_mut();
        for ((key, value), hash) in changes.iter().zip(hashes) {
            self.note_write(key.contract());
            match (entries.get_mut(key, hash), value) {
                (Some(tracked), Some(value)) => tracked.set(value.clone()),
                (Some(tracked), None) => tracked.delete(),
                (None, _) => unreachable!("all keys are tracked"),
            }
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
    /// Whoever else holds the layer can still read it. A layer over a store is
    /// not committed: [`Layer::changes`] is what to write there.
    ///
    /// # Errors
    /// [`StoreError`] if the layer lies over a store, or the store cannot be read.
    pub fn commit(self: &Rc<Self>) -> Result<(), StoreError> {
        let Below::Layer(below) = &self.below else {
            return Err(StoreError("the layer lies over a store, which is written with its changes".into()));
        };
        let mut entries = self.entries.borrow_mut();
        if Rc::strong_count(self) == 1 {
            return entries.0.drain().try_for_each(|tracked| below.take_in(tracked));
        }
        entries.0.iter().try_for_each(|tracked| below.take_in(tracked.clone()))?;
        entries.0.retain(|tracked| {
            if tracked.state.is_there() {
                tracked.state = State::Read;
            }
            tracked.state != State::Deleted
        });
        Ok(())
    }

    /// Forgets all that was read and changed.
    pub fn discard(&self) {
        self.entries.borrow_mut().0.clear();
        self.renew_stamp();
    }

    /// Makes a change of the layer above, if the entry is one.
    fn take_in(&self, Tracked { key, hash, held, state }: Tracked) -> Result<(), StoreError> {
        match state {
            // What this layer does not track of it is not below either.
            State::Added if self.entries.borrow().get(&key, hash).is_none() => {
                self.note_write(key.contract());
                self.entries.borrow_mut().add(key, hash, held.into_value(), state);
                Ok(())
            }
            State::Added | State::Changed => self.put_hashed(key, hash, held.into_value()),
            State::Deleted => self.delete_hashed(&key, hash),
            State::Read | State::Absent => Ok(()),
        }
    }

    /// Returns the changes that the layer holds, in the order of their keys.
    pub fn changes(&self) -> Batch {
        let entries = self.entries.borrow();
        let change = |tracked: &Tracked| match tracked.state {
            State::Added | State::Changed | State::Deleted => Some((tracked.key.clone(), tracked.value())),
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
    pub(crate) fn tracked(&self, prefix: &[u8], direction: Direction) -> Vec<(Key, Option<Item>)> {
        let mut entries = self.entries.borrow_mut();
        let within = entries.0.iter_mut().filter(|tracked| tracked.key.starts_with(prefix));
        let item = |tracked: &mut Tracked| tracked.state.is_there().then(|| tracked.held.share());
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
