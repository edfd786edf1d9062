//! Arrays, structs and maps: shared, mutable, possibly cyclic.
//!
//! Two numbers belong to a compound and neither follows from the other: how
//! many references keep its memory (the `Rc` count), and how many stack
//! references the consensus rules count ([`Header::references`]). The engine
//! changes the second by exactly the reference's rules; this module never does.

use alloc::{rc::Rc, vec::Vec};
use core::cell::{Cell, Ref, RefCell};

use super::{StackItem, map::OrderedMap};
use crate::fault::FaultKind;

/// What the engine counts and notes about a compound.
#[derive(Debug, Default)]
pub struct Header {
    references: Cell<i32>,
    flags: Cell<u8>,
}

impl Header {
    /// The bit of the flags that says that changes fault. For engines.
    pub const READ_ONLY: u8 = 1;
    const LINKED: u8 = 2;
    const TRACKED: u8 = 4;
    const NESTED: u8 = 8;

    /// The consensus count: references from stacks, slots and counted
    /// compounds, as `ReferenceCounter.cs` has them.
    pub fn references(&self) -> i32 {
        self.references.get()
    }

    /// Sets the consensus count. For engines.
    pub fn set_references(&self, count: i32) {
        self.references.set(count);
    }

    /// Whether changes of the compound fault.
    pub fn is_read_only(&self) -> bool {
        self.flags.get() & Self::READ_ONLY != 0
    }

    pub(super) fn set_read_only(&self) {
        self.flags.set(self.flags.get() | Self::READ_ONLY);
    }

    /// Whether a compound was stored into it after it was made, so that it may
    /// be part of a cycle.
    pub fn is_linked(&self) -> bool {
        self.flags.get() & Self::LINKED != 0
    }

    pub(super) fn set_linked(&self) {
        self.flags.set(self.flags.get() | Self::LINKED | Self::NESTED);
    }

    /// Whether it may hold a compound: if not, its items need no looking at
    /// when references are counted.
    pub fn is_nested(&self) -> bool {
        self.flags.get() & Self::NESTED != 0
    }

    fn set_nested(&self) {
        self.flags.set(self.flags.get() | Self::NESTED);
    }

    /// Notes that an engine keeps track of it as possibly cyclic; false if one
    /// does already. For engines.
    pub fn track(&self) -> bool {
        let flags = self.flags.get();
        self.flags.set(flags | Self::TRACKED);
        flags & Self::TRACKED == 0
    }

    fn check_writable(&self, message: &'static str) -> Result<(), FaultKind> {
        if self.is_read_only() { Err(FaultKind::ReadOnly(message)) } else { Ok(()) }
    }
}

/// The items of an array or struct.
#[derive(Debug)]
pub struct Array {
    header: Header,
    items: RefCell<Vec<StackItem>>,
}

/// What can be asked of an array and done to it. What changes it faults with
/// [`FaultKind::ReadOnly`] if it is read-only.
#[allow(clippy::missing_errors_doc, reason = "the block's doc tells")]
impl Array {
    /// An array of items.
    pub fn new(items: Vec<StackItem>) -> Self {
        let header = Header::default();
        if items.iter().any(StackItem::is_compound) {
            header.set_nested();
        }
        Self { header, items: RefCell::new(items) }
    }

    /// An array of items of which none is a compound, which saves a look at each.
    pub fn of_leaves(items: Vec<StackItem>) -> Self {
        debug_assert!(!items.iter().any(StackItem::is_compound), "leaves are no compounds");
        Self { header: Header::default(), items: RefCell::new(items) }
    }

    /// The counting header.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Number of items.
    pub fn len(&self) -> usize {
        self.items.borrow().len()
    }

    /// Whether it has no items.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The item at an index.
    pub fn get(&self, index: usize) -> Option<StackItem> {
        self.items.borrow().get(index).cloned()
    }

    /// All items.
    pub fn to_vec(&self) -> Vec<StackItem> {
        self.items.borrow().clone()
    }

    /// Calls a function with each item. The function must not change the array.
    pub fn for_each(&self, f: impl FnMut(&StackItem)) {
        self.items.borrow().iter().for_each(f);
    }

    /// Replaces the item at an index and returns the old one; faults if there is none.
    pub fn set(&self, index: usize, item: StackItem) -> Result<StackItem, FaultKind> {
        self.header.check_writable("The object is readonly.")?;
        self.note_link(&item);
        match self.items.borrow_mut().get_mut(index) {
            Some(place) => Ok(core::mem::replace(place, item)),
            None => Err(FaultKind::ListIndex),
        }
    }

    /// Appends an item.
    pub fn push(&self, item: StackItem) -> Result<(), FaultKind> {
        self.header.check_writable("The array is readonly, can not add item.")?;
        self.note_link(&item);
        self.items.borrow_mut().push(item);
        Ok(())
    }

    /// Removes the item at an index and returns it; faults if there is none.
    pub fn remove(&self, index: usize) -> Result<StackItem, FaultKind> {
        self.header.check_writable("The array is readonly, can not remove item.")?;
        let mut items = self.items.borrow_mut();
        if index < items.len() { Ok(items.remove(index)) } else { Err(FaultKind::ListIndex) }
    }

    /// Reverses the order of the items.
    pub fn reverse(&self) -> Result<(), FaultKind> {
        self.header.check_writable("The array is readonly, can not reverse.")?;
        self.items.borrow_mut().reverse();
        Ok(())
    }

    /// Removes all items and returns them.
    pub fn clear(&self) -> Result<Vec<StackItem>, FaultKind> {
        self.header.check_writable("The array is readonly, can not clear.")?;
        Ok(self.items.take())
    }

    /// Where the consensus count (an `i32`) and the flags (a byte) lie in an
    /// array, in bytes. For engines.
    pub const COUNT_AND_FLAGS: (usize, usize) = (
        core::mem::offset_of!(Self, header) + core::mem::offset_of!(Header, references),
        core::mem::offset_of!(Self, header) + core::mem::offset_of!(Header, flags),
    );

    /// The items' place in memory, for engines: it may be read and written
    /// while no method of this array runs and no other access is under way.
    pub fn as_ptr(&self) -> *mut Vec<StackItem> {
        self.items.as_ptr()
    }

    /// Whether somebody looks at the items just now, so that they must not change.
    pub fn is_borrowed(&self) -> bool {
        self.items.try_borrow_mut().is_err()
    }

    /// The items, borrowed: nothing may change the array meanwhile.
    pub(super) fn items(&self) -> Ref<'_, Vec<StackItem>> {
        self.items.borrow()
    }

    /// Takes the items out, read-only or not: for releasing.
    pub(super) fn take(&self) -> Vec<StackItem> {
        self.items.take()
    }

    /// Gives an array that nobody but its maker knows its items. It is not linked:
    /// none of them can hold it.
    pub(super) fn begin(&self, items: Vec<StackItem>) {
        if items.iter().any(StackItem::is_compound) {
            self.header.set_nested();
        }
        *self.items.borrow_mut() = items;
    }

    /// Appends while an array is made, read-only or not.
    pub(super) fn fill(&self, item: StackItem) {
        self.note_link(&item);
        self.items.borrow_mut().push(item);
    }

    fn note_link(&self, item: &StackItem) {
        if item.is_compound() {
            self.header.set_linked();
        }
    }
}

impl Drop for Array {
    fn drop(&mut self) {
        let items = core::mem::take(self.items.get_mut());
        if self.header.is_nested() {
            release(items);
        } else {
            items.into_iter().for_each(drop_item);
        }
    }
}

/// The entries of a map, in order of insertion.
#[derive(Debug, Default)]
pub struct Map {
    header: Header,
    entries: RefCell<OrderedMap>,
}

/// What can be asked of a map and done to it. Keys are integers, booleans and
/// byte strings of at most [`super::MAX_KEY_SIZE`] bytes, and differ by type;
/// another key faults. What changes the map faults with
/// [`FaultKind::ReadOnly`] if it is read-only.
#[allow(clippy::missing_errors_doc, reason = "the block's doc tells")]
impl Map {
    /// An empty map.
    pub fn new() -> Self {
        Self::default()
    }

    /// The counting header.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        self.entries.borrow().len()
    }

    /// Whether it has no entries.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value of a key.
    pub fn get(&self, key: &StackItem) -> Result<Option<StackItem>, FaultKind> {
        self.entries.borrow().get(key)
    }

    /// Whether there is a value of a key.
    pub fn contains(&self, key: &StackItem) -> Result<bool, FaultKind> {
        self.entries.borrow().contains(key)
    }

    /// The keys in order of insertion.
    pub fn keys(&self) -> Vec<StackItem> {
        // Integers, the usual keys, are copied without a look at all the others.
        let copy = |(key, _): &(StackItem, StackItem)| match key {
            StackItem::Integer(value) => StackItem::Integer(*value),
            other => other.clone(),
        };
        self.entries.borrow().entries().iter().map(copy).collect()
    }

    /// The values in the order of their keys.
    pub fn values(&self) -> Vec<StackItem> {
        self.entries.borrow().entries().iter().map(|(_, value)| value.clone()).collect()
    }

    /// The entries in order of insertion.
    pub fn to_vec(&self) -> Vec<(StackItem, StackItem)> {
        self.entries.borrow().entries().to_vec()
    }

    /// Sets the value of a key and returns the old one. A new key goes behind
    /// the others, an old one stays where it is.
    pub fn insert(&self, key: StackItem, value: StackItem) -> Result<Option<StackItem>, FaultKind> {
        OrderedMap::check_key(&key)?;
        self.header.check_writable("The map is readonly, can not set value.")?;
        self.fill(key, value)
    }

    /// Removes a key and returns its entry; the order of the others stays.
    pub fn remove(&self, key: &StackItem) -> Result<Option<(StackItem, StackItem)>, FaultKind> {
        OrderedMap::check_removed_key(key)?;
        self.header.check_writable("The map is readonly, can not remove key.")?;
        self.entries.borrow_mut().remove(key)
    }

    /// Removes all entries and returns them.
    pub fn clear(&self) -> Result<Vec<(StackItem, StackItem)>, FaultKind> {
        self.header.check_writable("The map is readonly, can not clear.")?;
        Ok(self.entries.take().into_entries())
    }

    /// Calls a function with each key, then with each value. The function must
    /// not change the map.
    pub fn for_each(&self, mut f: impl FnMut(&StackItem)) {
        let entries = self.entries.borrow();
        entries.entries().iter().for_each(|(key, _)| f(key));
        entries.entries().iter().for_each(|(_, value)| f(value));
    }

    /// Takes the entries out, read-only or not: for releasing.
    pub(super) fn take(&self) -> Vec<(StackItem, StackItem)> {
        self.entries.take().into_entries()
    }

    /// Sets a value, read-only or not: for making a map.
    pub(super) fn fill(&self, key: StackItem, value: StackItem) -> Result<Option<StackItem>, FaultKind> {
        if value.is_compound() {
            self.header.set_linked();
        }
        self.entries.borrow_mut().insert(key, value)
    }
}

impl Drop for Map {
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

/// Drops items without recursion, however deep they nest: what the last
/// reference to a compound held joins the list.
fn release(mut pending: Vec<StackItem>) {
    while let Some(item) = pending.pop() {
        match &item {
            StackItem::Array(array) | StackItem::Struct(array) if Rc::strong_count(array) == 1 => {
                pending.append(&mut array.take());
            }
            StackItem::Map(map) if Rc::strong_count(map) == 1 => {
                pending.extend(map.take().into_iter().map(|(_, value)| value));
            }
            _ => {}
        }
        drop_item(item);
    }
}

/// Drops an item. Most need nothing, which is seen here without a call.
#[inline(always)]
fn drop_item(item: StackItem) {
    match item {
        StackItem::Integer(_) | StackItem::Boolean(_) | StackItem::Null | StackItem::Pointer(_) => {
            core::mem::forget(item);
        }
        item => drop(item),
    }
}
