//! Raw arrays of stack items: the arena of the evaluation stacks, and the slots.
//!
//! All evaluation stacks lie one above the other in one arena. Below each of them are
//! [`SENTINELS`] cells with a tag that no item has, so that a fast handler that
//! checks the tags of its operands notices when there are too few.
//!
//! A cell is raw memory here: moving an item in or out is explicit, and cells
//! outside the occupied part are not read.

use alloc::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use core::ptr::NonNull;

use neovm_types::StackItem;

/// The number of cells below each evaluation stack: the most operands whose tags a
/// fast handler checks.
pub(crate) const SENTINELS: usize = 4;

/// Tags of the items' memory, as `StackItem` documents them.
pub(crate) mod tag {
    pub(crate) const INTEGER: u64 = 0;
    pub(crate) const BOOLEAN: u64 = 1;
    pub(crate) const NULL: u64 = 2;
    /// Items with tags up to this one own nothing: they are neither counted nor released.
    pub(crate) const LAST_SCALAR: u64 = 3;
    pub(crate) const WIDE: u64 = 4;
    pub(crate) const BYTE_STRING: u64 = 5;
    pub(crate) const BUFFER: u64 = 6;
    /// The tags from this one to `MAP` are those of compounds.
    pub(crate) const ARRAY: u64 = 8;
    pub(crate) const MAP: u64 = 10;
    /// No item.
    pub(crate) const EMPTY: u64 = 0xff;
}

/// Returns the tag of a cell.
///
/// # Safety
/// The cell is occupied by an item or is a sentinel.
#[inline(always)]
pub(crate) unsafe fn tag_of(cell: *const StackItem) -> u64 {
    // SAFETY: the tag is the first eight bytes (`repr(u64)`), written in both cases.
    unsafe { cell.cast::<u64>().read() }
}

/// Drops the item in a cell and leaves the cell without an item.
///
/// # Safety
/// The cell is occupied by an item.
#[inline(always)]
pub(crate) unsafe fn drop_cell(cell: *mut StackItem) {
    // SAFETY: guaranteed by the caller. Common items are dropped in place, without a call.
    unsafe {
        match &mut *cell {
            StackItem::Integer(_) | StackItem::Boolean(_) | StackItem::Null | StackItem::Pointer(_) => {}
            StackItem::ByteString(bytes) => core::ptr::drop_in_place(bytes),
            StackItem::Buffer(buffer) => core::ptr::drop_in_place(buffer),
            StackItem::BigInteger(value) => core::ptr::drop_in_place(value),
            _ => core::ptr::drop_in_place(cell),
        }
    }
}

/// Marks a cell as empty by its tag.
///
/// # Safety
/// The cell belongs to the machine, and its item was dropped or moved.
#[inline(always)]
pub(crate) unsafe fn set_empty(cell: *mut StackItem) {
    // SAFETY: a cell starts with its tag.
    unsafe { cell.cast::<u64>().write(tag::EMPTY) }
}

/// Memory for a fixed number of cells, none of which is occupied at first.
pub(crate) struct Cells {
    start: NonNull<StackItem>,
    capacity: usize,
}

impl Cells {
    pub(crate) fn new(capacity: usize) -> Self {
        let layout = Self::layout(capacity);
        // SAFETY: the layout has a size, since the capacity is at least one.
        let start = unsafe { alloc(layout) }.cast::<StackItem>();
        let Some(start) = NonNull::new(start) else { handle_alloc_error(layout) };
        Self { start, capacity: capacity.max(1) }
    }

    /// Allocates cells that are all marked as empty.
    pub(crate) fn new_empty(capacity: usize) -> Self {
        let cells = Self::new(capacity);
        for i in 0..cells.capacity {
            // SAFETY: within the capacity.
            unsafe { set_empty(cells.start().add(i)) };
        }
        cells
    }

    fn layout(capacity: usize) -> Layout {
        match Layout::array::<StackItem>(capacity.max(1)) {
            Ok(layout) => layout,
            Err(_) => panic!("more items than memory"),
        }
    }

    pub(crate) fn start(&self) -> *mut StackItem {
        self.start.as_ptr()
    }

    pub(crate) fn end(&self) -> *mut StackItem {
        self.start().wrapping_add(self.capacity)
    }

    pub(crate) fn capacity(&self) -> usize {
        self.capacity
    }

    /// Moves the first `used` cells to larger memory.
    pub(crate) fn grow(&mut self, used: usize, larger: Self) {
        let used = used.min(self.capacity).min(larger.capacity);
        // SAFETY: both hold `used` cells, and they do not overlap.
        unsafe { self.start().copy_to_nonoverlapping(larger.start(), used) };
        *self = larger;
    }
}

impl Drop for Cells {
    /// Frees the memory. The owner releases the items in it before.
    fn drop(&mut self) {
        // SAFETY: allocated with the same layout.
        unsafe { dealloc(self.start.as_ptr().cast(), Self::layout(self.capacity)) }
    }
}

/// Writes the sentinels of an evaluation stack and returns its base.
///
/// # Safety
/// There is room for [`SENTINELS`] cells at `place`.
pub(crate) unsafe fn write_sentinels(place: *mut StackItem) -> *mut StackItem {
    for i in 0..SENTINELS {
        // SAFETY: the caller guarantees the room.
        unsafe { set_empty(place.add(i)) };
    }
    // SAFETY: within the room, or just behind it.
    unsafe { place.add(SENTINELS) }
}
