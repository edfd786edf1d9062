//! The registers of the machine, and access to the cells of the stack by their depth.

use neovm_types::{
    StackItem,
    engine_internals::{ItemInternals, Lent},
};

use super::Flow;
use crate::{
    inst::DecodedInst,
    stack::{drop_cell, tag, tag_of},
    vm::Vm,
};

/// The part of the machine that is kept in processor registers while it runs.
#[derive(Clone, Copy)]
pub(crate) struct Regs {
    pub(crate) ip: *const DecodedInst,
    pub(crate) sp: *mut StackItem,
    pub(crate) slots: *mut StackItem,
    pub(crate) meter: i64,
    pub(crate) limit: *mut StackItem,
}

/// Cells by their depth from the top, 1 for the top.
///
/// # Safety
/// See the module. To read a tag, the cell may be at most as deep as the deepest
/// sentinel; for all else it is occupied by an item of the type in question.
impl Regs {
    #[inline(always)]
    pub(crate) unsafe fn operand(&self) -> u64 {
        // SAFETY: `ip` points to a decoded instruction.
        unsafe { (*self.ip).operand }
    }

    #[inline(always)]
    pub(crate) fn at(&self, depth: usize) -> *mut StackItem {
        self.sp.wrapping_sub(depth)
    }

    #[inline(always)]
    pub(crate) unsafe fn tag(&self, depth: usize) -> u64 {
        // SAFETY: the caller looks no deeper than the sentinels.
        unsafe { tag_of(self.at(depth)) }
    }

    #[inline(always)]
    pub(crate) unsafe fn int(&self, depth: usize) -> i64 {
        // SAFETY: the payload of an integer is its second eight bytes.
        unsafe { self.at(depth).cast::<i64>().add(1).read() }
    }

    #[inline(always)]
    pub(crate) unsafe fn set_int(&mut self, depth: usize, value: i64) {
        // SAFETY: the cell holds nothing that needs dropping, and this is an integer's layout.
        unsafe {
            let place = self.at(depth).cast::<i64>();
            place.write(tag::INTEGER as i64);
            place.add(1).write(value);
        }
    }

    #[inline(always)]
    pub(crate) unsafe fn set_bool(&mut self, depth: usize, value: bool) {
        // SAFETY: as above; a boolean's payload is 0 or 1.
        unsafe {
            let place = self.at(depth).cast::<u64>();
            place.write(tag::BOOLEAN);
            place.add(1).write(u64::from(value));
        }
    }

    /// Returns the item at a depth as a condition, if it is a boolean or an integer.
    #[inline(always)]
    pub(crate) unsafe fn truth(&self, depth: usize) -> Option<bool> {
        // SAFETY: both have a payload, of which zero is false.
        unsafe { (self.tag(depth) <= tag::BOOLEAN).then(|| self.int(depth) != 0) }
    }

    /// Copies a cell: either only one copy is used from then on, or the item is a scalar.
    #[inline(always)]
    pub(crate) unsafe fn copy(from: *const StackItem, to: *mut StackItem) {
        use core::mem::MaybeUninit;
        // In two halves of eight bytes: a load of sixteen bytes would wait for
        // both stores that wrote the cell. The payload of Null is not initialized.
        // SAFETY: both are cells of sixteen bytes.
        unsafe {
            let (from, to) = (from.cast::<MaybeUninit<u64>>(), to.cast::<MaybeUninit<u64>>());
            let (first, second) = (from.read_volatile(), from.add(1).read_volatile());
            to.write(first);
            to.add(1).write(second);
        }
    }

    /// Continues with the next instruction.
    #[inline(always)]
    pub(crate) fn next(&mut self) -> Flow {
        self.ip = self.ip.wrapping_add(1);
        Flow::Next
    }

    /// Continues after an instruction that wrote its result to the cell at `sp`.
    #[inline(always)]
    pub(crate) fn pushed(&mut self) -> Flow {
        self.sp = self.sp.wrapping_add(1);
        if self.sp > self.limit {
            return Flow::Limit;
        }
        self.next()
    }

    /// Continues after an instruction that removed `cells` items from the top.
    #[inline(always)]
    pub(crate) fn popped(&mut self, cells: usize) -> Flow {
        self.sp = self.sp.wrapping_sub(cells);
        self.next()
    }

    /// Pushes a copy of an item in another cell or slot.
    #[inline(always)]
    pub(crate) unsafe fn push_copy(&mut self, from: *const StackItem) -> Flow {
        // SAFETY: `from` is occupied or a sentinel, and there is room at `sp`.
        unsafe {
            if tag_of(from) <= tag::LAST_SCALAR {
                Self::copy(from, self.sp);
            } else if tag_of(from) > tag::MAP || !share(&*from) {
                return Flow::Full;
            } else {
                self.sp.write(duplicate(&*from));
            }
        }
        self.pushed()
    }

    /// Drops the item in a cell, without counting.
    #[inline(always)]
    pub(crate) unsafe fn drop_cell(&mut self, depth: usize) {
        // SAFETY: the caller leaves the cell above `sp`, or writes it again.
        unsafe { drop_cell(self.at(depth)) }
    }

    /// Returns whether there is room for `items` more items.
    #[inline(always)]
    pub(crate) fn has_room(&self, items: usize) -> bool {
        self.sp.wrapping_add(items) <= self.limit
    }

    /// Drops the item in a cell and stops counting it. Returns false, and changes nothing, if it is the last counted
    /// reference to a compound.
    #[inline(always)]
    pub(crate) unsafe fn discard(&mut self, depth: usize) -> bool {
        // SAFETY: the cell is occupied or a sentinel; an item dropped here is
        // overwritten or left above `sp` by the caller.
        unsafe {
            if self.tag(depth) <= tag::LAST_SCALAR {
                return true;
            }
            if self.tag(depth) > tag::MAP || !unshare(&*self.at(depth)) {
                return false;
            }
            self.drop_cell(depth);
        }
        true
    }

    /// Counts one reference less to the item in a cell. With the last reference to a compound, its items are no
    /// longer counted either. Returns false, and changes nothing, for a compound without references, and for the last
    /// reference to one that holds other compounds or may be part of a cycle.
    #[inline(always)]
    pub(crate) unsafe fn release(&mut self, vm: &Vm, cell: *const StackItem) -> bool {
        // SAFETY: the caller says that the cell is occupied.
        let item = unsafe { &*cell };
        let Some(header) = item.header() else { return true };
        match header.references() {
            0 => return false,
            1 => {
                let limit = self.limit.wrapping_add(item.child_count());
                if header.is_nested() || header.is_linked() || limit > vm.end {
                    return false;
                }
                self.limit = limit;
            }
            _ => {}
        }
        header.set_references(header.references() - 1);
        true
    }
}

/// Returns another reference to an item, which is lent from the code if the item is.
///
/// # Safety
/// The reference may only be stored where the item itself may be: see `neovm_types::ByteString::constant`.
#[inline(always)]
pub(crate) unsafe fn duplicate(item: &StackItem) -> StackItem {
    // SAFETY: guaranteed by the caller.
    unsafe {
        match item {
            StackItem::ByteString(bytes) => StackItem::ByteString(bytes.lend()),
            StackItem::BigInteger(value) => StackItem::BigInteger(value.lend()),
            StackItem::Array(array) => StackItem::Array(array.clone()),
            StackItem::Struct(array) => StackItem::Struct(array.clone()),
            other => other.clone(),
        }
    }
}

/// Counts one more reference to an item that is already counted. Returns false, and changes nothing, for a compound
/// that is not counted.
#[inline(always)]
pub(crate) fn share(item: &StackItem) -> bool {
    match item.header() {
        Some(header) if header.references() == 0 => false,
        Some(header) => {
            header.set_references(header.references() + 1);
            true
        }
        None => true,
    }
}

/// Counts one reference less to an item that has other counted references. Returns false, and changes nothing, for a
/// compound that has none.
#[inline(always)]
pub(crate) fn unshare(item: &StackItem) -> bool {
    match item.header() {
        Some(header) if header.references() <= 1 => false,
        Some(header) => {
            header.set_references(header.references() - 1);
            true
        }
        None => true,
    }
}
