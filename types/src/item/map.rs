//! Maps: entries in order of insertion, with an ordered index.

use alloc::vec::Vec;
use core::{
    cell::RefCell,
    cmp::Ordering,
    sync::atomic::{AtomicU32, Ordering::Relaxed},
};

use super::{
    StackItem,
    compound::{Header, drop_item, release},
    not_primitive,
    shared::{Shared, Weak},
};
use crate::fault::FaultKind;

/// The largest size of a map's key, in bytes.
///
/// Source: `Types/Map.cs`.
pub const MAX_KEY_SIZE: usize = 64;

/// A map from primitive keys, in order of insertion. Clones share the entries.
#[derive(Clone)]
#[repr(transparent)]
pub struct Map(Shared<Body>);

/// What the references to a map share.
#[derive(Default)]
#[repr(C)]
pub(super) struct Body {
    header: Header,
    entries: RefCell<OrderedMap>,
}

/// What can be asked of a map and done to it. Keys are integers, booleans and
/// byte strings of at most [`super::MAX_KEY_SIZE`] bytes, and differ by type;
/// another key faults. What changes the map faults with
/// [`FaultKind::ReadOnly`] if it is read-only, and with [`FaultKind::Host`]
/// within a function given to [`Map::for_each`] of this map, and while a machine
/// counts the map, since that machine would not learn of it.
#[allow(clippy::missing_errors_doc, reason = "the block's doc states them")]
impl Map {
    /// Creates an empty map.
    pub fn new() -> Self {
        Self(Shared::new(Body::default()))
    }

    /// The offset of the flags, a byte, from what an item refers to.
    pub(crate) const FLAGS: usize = core::mem::offset_of!(Body, header) + Header::FLAGS_OFFSET;

    /// The counting header.
    #[inline(always)]
    pub(crate) fn header(&self) -> &Header {
        &self.0.header
    }

    /// Returns the number of entries.
    pub fn len(&self) -> usize {
        self.0.entries.borrow().len()
    }

    /// Returns whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the value of a key.
    pub fn get(&self, key: &StackItem) -> Result<Option<StackItem>, FaultKind> {
        self.0.entries.borrow().get(key)
    }

    /// Returns whether a key has a value.
    pub fn contains(&self, key: &StackItem) -> Result<bool, FaultKind> {
        self.0.entries.borrow().contains(key)
    }

    /// See [`crate::engine_internals::MapInternals::value`].
    #[inline]
    pub(crate) fn value(
        &self,
        key: &StackItem,
        seen: Option<&AtomicU32>,
    ) -> Result<Option<*const StackItem>, FaultKind> {
        let entries = self.0.entries.borrow();
        let position = entries.look_up(key, seen)?;
        Ok(position.map(|position| core::ptr::from_ref(&entries.entries[position].1)))
    }

    /// See [`crate::engine_internals::MapInternals::place`].
    #[inline]
    pub(crate) fn place(&self, key: &StackItem, seen: Option<&AtomicU32>) -> Result<Option<*mut StackItem>, FaultKind> {
        if !self.header().is_writable() {
            return Ok(None);
        }
        // Who reads the entries says so in the header.
        let mut entries = self.0.entries.borrow_mut();
        let position = entries.look_up(key, seen)?;
        Ok(position.map(|position| core::ptr::from_mut(&mut entries.entries[position].1)))
    }

    /// Returns the keys in order of insertion.
    pub fn keys(&self) -> Vec<StackItem> {
        // Integers, the usual keys, are copied without a look at all the others.
        let copy = |(key, _): &(StackItem, StackItem)| match key {
            StackItem::Integer(value) => StackItem::Integer(*value),
            other => other.clone(),
        };
        self.0.entries.borrow().entries().iter().map(copy).collect()
    }

    /// Returns the values in the order of their keys.
    pub fn values(&self) -> Vec<StackItem> {
        self.0.entries.borrow().entries().iter().map(|(_, value)| value.clone()).collect()
    }

    /// Returns the entries in order of insertion.
    pub fn to_vec(&self) -> Vec<(StackItem, StackItem)> {
        self.0.entries.borrow().entries().to_vec()
    }

    /// Returns the entry at an index in order of insertion.
    pub fn entry(&self, index: usize) -> Option<(StackItem, StackItem)> {
        self.0.entries.borrow().entries().get(index).cloned()
    }

    /// Sets the value of a key and returns the old one. A new key goes behind the
    /// others; an existing key keeps its place.
    pub fn insert(&self, key: StackItem, value: StackItem) -> Result<Option<StackItem>, FaultKind> {
        self.header().check_uncounted()?;
        self.insert_counted(key, value)
    }

    #[inline]
    pub(crate) fn insert_counted(&self, key: StackItem, value: StackItem) -> Result<Option<StackItem>, FaultKind> {
        OrderedMap::check_key(&key)?;
        self.header().check_writable("The map is readonly, can not set value.")?;
        self.fill(key, value)
    }

    /// Removes a key and returns its entry. The other entries keep their order.
    pub fn remove(&self, key: &StackItem) -> Result<Option<(StackItem, StackItem)>, FaultKind> {
        self.header().check_uncounted()?;
        self.remove_counted(key)
    }

    #[inline]
    pub(crate) fn remove_counted(&self, key: &StackItem) -> Result<Option<(StackItem, StackItem)>, FaultKind> {
        OrderedMap::check_removed_key(key)?;
        self.header().check_writable("The map is readonly, can not remove key.")?;
        self.0.entries.borrow_mut().remove(key)
    }

    /// Removes all entries and returns them.
    pub fn clear(&self) -> Result<Vec<(StackItem, StackItem)>, FaultKind> {
        self.header().check_uncounted()?;
        self.clear_counted()
    }

    #[inline]
    pub(crate) fn clear_counted(&self) -> Result<Vec<(StackItem, StackItem)>, FaultKind> {
        self.header().check_writable("The map is readonly, can not clear.")?;
        Ok(self.0.entries.take().into_entries())
    }

    /// Calls a function with each key, then with each value. The map refuses
    /// changes meanwhile, those of machines that the function runs included.
    pub fn for_each(&self, mut f: impl FnMut(&StackItem)) {
        self.look(|entries| {
            entries.iter().for_each(|(key, _)| f(key));
            entries.iter().for_each(|(_, value)| f(value));
        });
    }

    /// Calls a function with all entries, which cannot change meanwhile.
    pub(super) fn look<R>(&self, f: impl FnOnce(&[(StackItem, StackItem)]) -> R) -> R {
        let _borrow = self.header().borrow();
        f(self.0.entries.borrow().entries())
    }

    /// Takes the entries out, read-only or not: for releasing.
    pub(super) fn take(&self) -> Vec<(StackItem, StackItem)> {
        self.0.entries.take().into_entries()
    }

    /// Gives a map that is empty the keys of another one, each with what a function
    /// makes of its value. The map is not linked: that is up to its maker, if the
    /// values can hold it.
    pub(super) fn begin(&self, original: &Self, mut value: impl FnMut(&StackItem) -> StackItem) {
        let original = original.0.entries.borrow();
        let entries: Vec<_> = original.entries.iter().map(|(key, old)| (key.clone(), value(old))).collect();
        if entries.iter().any(|(_, value)| value.is_compound()) {
            self.header().set_nested();
        }
        debug_assert!(self.is_empty(), "the map has no entries yet");
        *self.0.entries.borrow_mut() = OrderedMap { entries, index: original.index.clone() };
    }

    /// Sets a value, read-only or not: for making a map.
    pub(super) fn fill(&self, key: StackItem, value: StackItem) -> Result<Option<StackItem>, FaultKind> {
        if value.is_compound() {
            self.header().set_linked();
        }
        self.0.entries.borrow_mut().insert(key, value)
    }

    /// Returns whether this is the same map as another: the same object, not
    /// one with equal entries.
    pub fn is_same(&self, other: &Self) -> bool {
        self.address() == other.address()
    }

    /// Returns whether changes fault.
    pub fn is_read_only(&self) -> bool {
        self.header().is_read_only()
    }

    /// The number of references to the entries.
    pub(crate) fn strong_count(&self) -> usize {
        self.0.strong_count()
    }

    /// The address of what the references share, which tells maps apart while they live.
    pub(crate) fn address(&self) -> usize {
        self.0.address()
    }

    /// A reference that does not keep the entries.
    pub(super) fn downgrade(&self) -> Weak<Body> {
        self.0.downgrade()
    }

    /// A new reference to a map that is still there.
    pub(super) fn upgrade(weak: &Weak<Body>) -> Option<Self> {
        weak.upgrade().map(Self)
    }
}

impl core::fmt::Debug for Map {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_map().entries(self.to_vec()).finish()
    }
}

impl Default for Map {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        let entries = core::mem::take(self.entries.get_mut()).into_entries().into_iter();
        if self.header.is_nested() {
            release(entries.map(|(_, value)| value).collect());
        } else {
            entries.for_each(|(key, value)| {
                drop_item(key);
                drop_item(value);
            });
        }
    }
}

/// The largest number of entries that a look-up compares one after the other.
const LINEAR: usize = 8;

/// Entries in order of insertion. Beyond a few, `index` lists their positions
/// in the order of the keys: keys are the script's choice, and an order, unlike
/// a hash, gives it nothing to collide.
#[derive(Debug, Default)]
pub(super) struct OrderedMap {
    entries: Vec<(StackItem, StackItem)>,
    index: Vec<Indexed>,
}

/// Where the entry of a key is, with the key's [`order_word`].
#[derive(Clone, Copy, Debug)]
struct Indexed {
    word: u64,
    position: u32,
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

    /// Returns the position of a key's entry: the one seen before, if the key is still there.
    fn look_up(&self, key: &StackItem, seen: Option<&AtomicU32>) -> Result<Option<usize>, FaultKind> {
        Self::check_key(key)?;
        if let Some(seen) = seen {
            let position = seen.load(Relaxed) as usize;
            if self.entries.get(position).is_some_and(|(own, _)| is_same_key(own, key)) {
                return Ok(Some(position));
            }
        }
        let Ok(place) = self.find(key) else { return Ok(None) };
        let position = self.position(place);
        if let Some(seen) = seen {
            seen.store(position as u32, Relaxed);
        }
        Ok(Some(position))
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
                    let position = self.entries.len() as u32;
                    self.index.insert(place, Indexed { word: order_word(&key), position });
                }
                self.entries.push((key, value));
                if self.index.is_empty() && self.entries.len() > LINEAR {
                    self.make_index();
                }
                Ok(None)
            }
        }
    }

    fn make_index(&mut self) {
        let entries = &self.entries;
        let words = entries.iter().map(|(key, _)| order_word(key));
        self.index = words.zip(0..).map(|(word, position)| Indexed { word, position }).collect();
        self.index.sort_by(|a, b| compare_keys(&entries[a.position as usize].0, &entries[b.position as usize].0));
    }

    pub(super) fn remove(&mut self, key: &StackItem) -> Result<Option<(StackItem, StackItem)>, FaultKind> {
        Self::check_key(key)?;
        let Ok(place) = self.find(key) else { return Ok(None) };
        let position = self.position(place);
        if !self.index.is_empty() {
            self.index.remove(place);
            for other in &mut self.index {
                other.position -= u32::from(other.position > position as u32);
            }
        }
        Ok(Some(self.entries.remove(position)))
    }

    /// The place of a key: in the index where there is one, else among the
    /// entries. An error tells where a new key goes into the index.
    fn find(&self, key: &StackItem) -> Result<usize, usize> {
        if self.index.is_empty() {
            return self.scan(key).ok_or(0);
        }
        let word = order_word(key);
        let first = self.index.partition_point(|other| other.word < word);
        let alike = self.index[first..].partition_point(|other| other.word == word);
        let own = |other: &Indexed| &self.entries[other.position as usize].0;
        let found = self.index[first..first + alike].binary_search_by(|other| compare_keys(own(other), key));
        found.map(|place| first + place).map_err(|place| first + place)
    }

    /// Looks for a key among few entries. A byte string is often the very one that was inserted.
    #[inline]
    fn scan(&self, key: &StackItem) -> Option<usize> {
        let keys = || self.entries.iter().map(|(own, _)| own);
        match key {
            StackItem::Integer(key) => keys().position(|own| matches!(own, StackItem::Integer(own) if own == key)),
            StackItem::ByteString(key) => keys()
                .position(|own| matches!(own, StackItem::ByteString(own) if own.is_same(key)))
                .or_else(|| keys().position(|own| matches!(own, StackItem::ByteString(own) if is_same_text(own, key)))),
            _ => keys().position(|own| compare_keys(own, key).is_eq()),
        }
    }

    fn position(&self, place: usize) -> usize {
        self.index.get(place).map_or(place, |indexed| indexed.position as usize)
    }
}

/// Whether two keys are one.
#[inline(always)]
fn is_same_key(a: &StackItem, b: &StackItem) -> bool {
    match (a, b) {
        (StackItem::Integer(a), StackItem::Integer(b)) => a == b,
        (StackItem::ByteString(a), StackItem::ByteString(b)) => a.is_same(b) || is_same_text(a, b),
        (a, b) => compare_keys(a, b).is_eq(),
    }
}

/// Whether bytes are equal: compared by words, since keys are short. Most differ in length or in their first bytes.
#[inline(always)]
fn is_same_text(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    match (a.last_chunk::<8>(), b.last_chunk::<8>()) {
        // The last words overlap those before.
        (Some(last_a), Some(last_b)) => {
            let words = a.as_chunks::<8>().0.iter().zip(b.as_chunks::<8>().0);
            words.into_iter().all(|(a, b)| a == b) && last_a == last_b
        }
        _ => prefix(a) == prefix(b),
    }
}

/// A number that orders keys as [`compare_keys`] does, but may be the same for different ones: the rank, then an integer,
/// those far from zero all alike, or the first bytes.
fn order_word(key: &StackItem) -> u64 {
    const MIDDLE: i64 = 1 << 61;
    let within = match key {
        StackItem::Integer(value) => ((*value).clamp(-MIDDLE, MIDDLE - 1) + MIDDLE) as u64,
        StackItem::ByteString(bytes) => prefix(bytes) >> 2,
        _ => 0,
    };
    u64::from(rank(key)) << 62 | within
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
        _ => match (bytes.first(), bytes.get(bytes.len() / 2), bytes.last()) {
            (Some(&first), Some(&middle), Some(&last)) => {
                let at = |byte: u8, index: usize| u64::from(byte) << (56 - 8 * index);
                at(first, 0) | at(middle, bytes.len() / 2) | at(last, bytes.len() - 1)
            }
            _ => 0,
        },
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
