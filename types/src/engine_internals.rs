//! What an engine needs of items beyond their public API.
//!
//! This module is for the crates of this project and exempt from semantic
//! versioning. Its safe functions cannot break memory safety, but misuse breaks
//! the consensus count of the machine that holds an item, or lets the native
//! stack overflow when items are dropped; each says what its caller upholds.

use alloc::vec::Vec;
use core::sync::atomic::AtomicU32;

pub use crate::item::{
    bytes::Constants,
    compound::Header,
    cycles::{Candidate, collect_cycles},
    fork::ForkedItems,
    item_vec::ItemVec,
};
use crate::{
    fault::FaultKind,
    integer::WideValue,
    item::{Array, Buffer, ByteString, Map, Pointer, StackItem, WideInteger},
};

/// What engines ask of all items.
pub trait ItemInternals {
    /// Returns the counting header, if the item is a compound.
    fn header(&self) -> Option<&Header>;

    /// Returns the same item, with nothing that belongs to a script: see [`Lent::into_owned`].
    #[must_use]
    fn into_owned(self) -> Self;
}

impl ItemInternals for StackItem {
    #[inline(always)]
    fn header(&self) -> Option<&Header> {
        Self::header(self)
    }

    #[inline(always)]
    fn into_owned(self) -> Self {
        match self {
            Self::ByteString(bytes) => Self::ByteString(Lent::into_owned(bytes)),
            Self::BigInteger(value) => Self::BigInteger(Lent::into_owned(value)),
            other => other,
        }
    }
}

/// What engines ask of compounds.
pub trait CompoundInternals {
    /// Returns the counting header.
    fn header(&self) -> &Header;

    /// Returns whether this is the only reference to the compound's memory.
    fn is_unique(&self) -> bool;
}

impl CompoundInternals for Array {
    #[inline(always)]
    fn header(&self) -> &Header {
        Self::header(self)
    }

    #[inline(always)]
    fn is_unique(&self) -> bool {
        self.strong_count() == 1
    }
}

impl CompoundInternals for Map {
    #[inline(always)]
    fn header(&self) -> &Header {
        Self::header(self)
    }

    #[inline(always)]
    fn is_unique(&self) -> bool {
        self.strong_count() == 1
    }
}

/// What engines do to arrays. Changes here are allowed of counted arrays, and
/// count nothing: that is the caller's to do.
#[allow(clippy::missing_errors_doc, reason = "those of the array's own methods")]
pub trait ArrayInternals: Sized {
    /// Creates an array of items none of which is a compound, without looking
    /// at each. If one is, it is neither counted nor dropped without recursion.
    fn of_leaves(items: impl Into<ItemVec>) -> Self;

    /// Returns the items' place in memory. It may be read and written while no
    /// method of this array runs and no other access is under way, and must not
    /// be written while [`ArrayInternals::is_borrowed`]. No compound is stored
    /// there.
    fn items(&self) -> *mut ItemVec;

    /// Returns whether somebody is reading the items, so that they must not change.
    fn is_borrowed(&self) -> bool;

    /// Does what [`Array::set`] does.
    fn engine_set(&self, index: usize, item: StackItem) -> Result<StackItem, FaultKind>;

    /// Does what [`Array::push`] does.
    fn engine_push(&self, item: StackItem) -> Result<(), FaultKind>;

    /// Does what [`Array::remove`] does.
    fn engine_remove(&self, index: usize) -> Result<StackItem, FaultKind>;

    /// Does what [`Array::clear`] does.
    fn engine_clear(&self) -> Result<Vec<StackItem>, FaultKind>;
}

impl ArrayInternals for Array {
    #[inline(always)]
    fn of_leaves(items: impl Into<ItemVec>) -> Self {
        Self::of_leaves(items)
    }

    #[inline(always)]
    fn items(&self) -> *mut ItemVec {
        Self::items(self)
    }

    #[inline(always)]
    fn is_borrowed(&self) -> bool {
        Self::header(self).is_borrowed()
    }

    #[inline]
    fn engine_set(&self, index: usize, item: StackItem) -> Result<StackItem, FaultKind> {
        self.set_counted(index, item)
    }

    #[inline]
    fn engine_push(&self, item: StackItem) -> Result<(), FaultKind> {
        self.push_counted(item)
    }

    #[inline]
    fn engine_remove(&self, index: usize) -> Result<StackItem, FaultKind> {
        self.remove_counted(index)
    }

    #[inline]
    fn engine_clear(&self) -> Result<Vec<StackItem>, FaultKind> {
        self.clear_counted()
    }
}

/// Where compiled code finds the parts of an array, in bytes from the payload of its item.
pub mod array_layout {
    use crate::item::Array;

    /// The consensus count, an `i32`.
    pub const REFERENCES: usize = Array::REFERENCES;
    /// The flags, a byte: [`super::Header::READ_ONLY`] and [`super::Header::BORROWED`]
    /// are two of them.
    pub const FLAGS: usize = Array::FLAGS;
    /// The first item's address.
    pub const ITEMS: usize = Array::ITEMS;
    /// The number of items, a `usize`.
    pub const LENGTH: usize = Array::LENGTH;
}

/// Where compiled code finds the parts of a map, in bytes from the payload of its item.
pub mod map_layout {
    /// The flags, as those of an array.
    pub const FLAGS: usize = crate::item::Map::FLAGS;
}

/// What engines do to maps. Changes here are allowed of counted maps, and count
/// nothing: that is the caller's to do.
#[allow(clippy::missing_errors_doc, reason = "those of the map's own methods")]
pub trait MapInternals {
    /// Returns the address of a key's value. It may be read until the map changes or is dropped.
    ///
    /// `seen` is the index of the entry where the key was found before; that entry is looked at first. Another one where
    /// it is found is noted there.
    fn value(&self, key: &StackItem, seen: Option<&AtomicU32>) -> Result<Option<*const StackItem>, FaultKind>;

    /// Returns the address of a key's value, as [`MapInternals::value`] does, unless the map must not change. It may also
    /// be written. No compound is stored there, and none is overwritten.
    fn place(&self, key: &StackItem, seen: Option<&AtomicU32>) -> Result<Option<*mut StackItem>, FaultKind>;

    /// Does what [`Map::insert`] does.
    fn engine_insert(&self, key: StackItem, value: StackItem) -> Result<Option<StackItem>, FaultKind>;

    /// Does what [`Map::remove`] does.
    fn engine_remove(&self, key: &StackItem) -> Result<Option<(StackItem, StackItem)>, FaultKind>;

    /// Does what [`Map::clear`] does.
    fn engine_clear(&self) -> Result<Vec<(StackItem, StackItem)>, FaultKind>;
}

impl MapInternals for Map {
    #[inline]
    fn value(&self, key: &StackItem, seen: Option<&AtomicU32>) -> Result<Option<*const StackItem>, FaultKind> {
        self.value(key, seen)
    }

    #[inline]
    fn place(&self, key: &StackItem, seen: Option<&AtomicU32>) -> Result<Option<*mut StackItem>, FaultKind> {
        self.place(key, seen)
    }

    #[inline]
    fn engine_insert(&self, key: StackItem, value: StackItem) -> Result<Option<StackItem>, FaultKind> {
        self.insert_counted(key, value)
    }

    #[inline]
    fn engine_remove(&self, key: &StackItem) -> Result<Option<(StackItem, StackItem)>, FaultKind> {
        self.remove_counted(key)
    }

    #[inline]
    fn engine_clear(&self) -> Result<Vec<(StackItem, StackItem)>, FaultKind> {
        self.clear_counted()
    }
}

/// Adds bytes behind those of a byte string: in place if nobody else holds it, else to a copy.
#[inline]
pub fn append(bytes: &mut ByteString, more: &[u8]) {
    bytes.append(more);
}

/// Returns a buffer with the bytes of a byte string or buffer and others behind them, or `None` for other items. Memory
/// that nobody else holds is used again.
#[inline]
pub fn concatenated(first: StackItem, more: &[u8]) -> Option<Buffer> {
    match first {
        StackItem::ByteString(bytes) => Some(Buffer::continuing(bytes, more)),
        StackItem::Buffer(buffer) => Some(buffer.extended(more)),
        _ => None,
    }
}

/// Returns whether two byte strings share their memory.
#[inline(always)]
pub fn share_memory(a: &ByteString, b: &ByteString) -> bool {
    a.is_same(b)
}

/// Byte strings and wide integers whose memory may belong to the constants of a
/// script.
#[allow(unsafe_code, reason = "the engine keeps what it lends within the life of the script")]
pub trait Lent: Sized {
    /// Returns the constant at a place, lent.
    ///
    /// # Safety
    /// [`Constants::add`], for a wide integer [`add_wide_constant`], returned the
    /// place, and `start` is [`Constants::start`], asked for after all were
    /// added. The result does not outlive the constants: [`Lent::into_owned`]
    /// makes one that may.
    unsafe fn constant(start: *const u64, place: usize) -> Self;

    /// Returns another reference to the memory, lent if this one is lent.
    ///
    /// # Safety
    /// That of [`Lent::constant`].
    #[must_use]
    unsafe fn lend(&self) -> Self;

    /// Returns whether the memory belongs to the constants of a script.
    fn is_constant(&self) -> bool;

    /// Returns the same value, with memory that belongs to no script.
    #[inline(always)]
    #[must_use]
    fn into_owned(self) -> Self
    where
        Self: Clone,
    {
        // A clone of a constant is a copy.
        if self.is_constant() { self.clone() } else { self }
    }
}

#[allow(unsafe_code, reason = "the caller's word")]
impl Lent for ByteString {
    #[inline(always)]
    unsafe fn constant(start: *const u64, place: usize) -> Self {
        // SAFETY: the caller's word.
        unsafe { Self::constant(start, place) }
    }

    #[inline(always)]
    unsafe fn lend(&self) -> Self {
        // SAFETY: the caller's word.
        unsafe { Self::lend(self) }
    }

    #[inline(always)]
    fn is_constant(&self) -> bool {
        Self::is_constant(self)
    }
}

#[allow(unsafe_code, reason = "the caller's word")]
impl Lent for WideInteger {
    #[inline(always)]
    unsafe fn constant(start: *const u64, place: usize) -> Self {
        // SAFETY: the caller's word.
        unsafe { Self::constant(start, place) }
    }

    #[inline(always)]
    unsafe fn lend(&self) -> Self {
        // SAFETY: the caller's word.
        unsafe { Self::lend(self) }
    }

    #[inline(always)]
    fn is_constant(&self) -> bool {
        Self::is_constant(self)
    }
}

/// Returns a pointer to a position, in bytes, of the load that an engine gave a number.
pub const fn pointer(load: u32, position: u32) -> Pointer {
    Pointer::new(load, position)
}

/// Adds an integer to the constants of a script and returns its place.
pub fn add_wide_constant(constants: &mut Constants, value: WideValue) -> usize {
    WideInteger::add_constant(constants, value)
}

/// Returns the value of a wide integer, to be changed, if nobody else holds it.
#[inline(always)]
pub fn wide_value_mut(integer: &mut WideInteger) -> Option<&mut WideValue> {
    integer.get_mut()
}

/// Returns whether the next wide integer is made, and the next three are dropped, without a call: by [`wide_ready`] and
/// [`drop_wide_ready`].
#[inline(always)]
pub fn is_ready() -> bool {
    crate::item::block::is_ready()
}

/// Sees to it that [`is_ready`] says so, except without `std` and while the thread ends.
#[inline]
pub fn make_ready() {
    if !is_ready() {
        crate::item::block::make_ready();
    }
}

/// Creates a wide integer.
///
/// # Safety
/// [`is_ready`] has just said so, and no other integer was made since.
#[allow(unsafe_code, reason = "the caller's word")]
#[inline(always)]
pub unsafe fn wide_ready(value: WideValue) -> WideInteger {
    // SAFETY: the caller's word.
    unsafe { WideInteger::new_ready(value) }
}

/// Drops a wide integer.
///
/// # Safety
/// It is forgotten. [`is_ready`] has just said so, and less than three integers were dropped since.
#[allow(unsafe_code, reason = "the caller's word")]
#[inline(always)]
pub unsafe fn drop_wide_ready(integer: &WideInteger) {
    // SAFETY: the caller's word.
    unsafe { integer.drop_ready() }
}

/// Where compiled code finds the parts of a byte string or buffer, in bytes from the payload of its item.
pub mod bytes_layout {
    /// The number of bytes, a `u32`.
    pub const LENGTH: usize = crate::item::bytes::LENGTH;
}

/// Returns the bytes of a buffer.
///
/// # Safety
/// Nothing changes this buffer while they are borrowed.
#[allow(unsafe_code, reason = "the engine writes to no buffer meanwhile")]
#[inline(always)]
pub unsafe fn buffer_bytes(buffer: &Buffer) -> &[u8] {
    // SAFETY: the caller's word.
    unsafe { buffer.bytes() }
}

/// What only engines reach.
///
/// The consensus count of a compound:
/// ```compile_fail,E0624
/// neovm_types::Array::new(Vec::new()).header();
/// ```
/// ```compile_fail,E0624
/// neovm_types::StackItem::map().header();
/// ```
/// Arrays that are taken to hold no compounds:
/// ```compile_fail,E0624
/// neovm_types::Array::of_leaves(Vec::new());
/// ```
/// The memory of an array's items:
/// ```compile_fail,E0624
/// neovm_types::Array::new(Vec::new()).items();
/// ```
/// Pointers:
/// ```compile_fail,E0624
/// neovm_types::item::Pointer::new(1, 0);
/// ```
/// Wide integers of small values:
/// ```compile_fail,E0308
/// neovm_types::item::WideInteger::new(neovm_types::I256::from(5i64));
/// ```
/// ```compile_fail,E0624
/// fn change(integer: &mut neovm_types::item::WideInteger) {
///     integer.get_mut();
/// }
/// ```
#[cfg(doctest)]
pub struct Sealed;
