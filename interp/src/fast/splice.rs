//! Splitting and joining byte strings and buffers.

use neovm_types::{
    Buffer, StackItem,
    engine_internals::{buffer_bytes, concatenated},
};

use super::{Flow, Regs};
use crate::{stack::tag, vm::Vm};

/// Returns the bytes of a byte string or a buffer in a cell.
///
/// # Safety
/// See the module; the buffer must not change while its bytes are used.
#[inline(always)]
pub(super) unsafe fn bytes<'a>(r: &Regs, depth: usize) -> Option<&'a [u8]> {
    // SAFETY: the tag says whether there is an item.
    unsafe {
        if r.tag(depth) > tag::MAP {
            return None;
        }
        match &*r.at(depth) {
            StackItem::ByteString(bytes) => Some(bytes),
            StackItem::Buffer(buffer) => Some(buffer_bytes(buffer)),
            _ => None,
        }
    }
}

/// Returns the integer in a cell, if it is small and not negative.
#[inline(always)]
unsafe fn size(r: &Regs, depth: usize) -> Option<usize> {
    // SAFETY: as the documentation of the module guarantees.
    unsafe { if r.tag(depth) == tag::INTEGER { usize::try_from(r.int(depth)).ok() } else { None } }
}

#[inline(always)]
pub(crate) unsafe fn new_buffer(r: &mut Regs, vm: &mut Vm) -> Flow {
    // SAFETY: an integer needs no dropping.
    unsafe {
        match size(r, 1) {
            Some(size) if size <= vm.limits.max_item_size as usize => {
                r.at(1).write(StackItem::Buffer(Buffer::zeroed(size)));
            }
            _ => return Flow::Full,
        }
    }
    r.next()
}

#[inline(always)]
pub(crate) unsafe fn cat(r: &mut Regs, vm: &mut Vm) -> Flow {
    // SAFETY: both cells are occupied; the first item is moved out, the second one dropped once its bytes are copied, and
    // one cell is written again.
    unsafe {
        let (Some(first), Some(second)) = (bytes(r, 2), bytes(r, 1)) else { return Flow::Full };
        if first.len() + second.len() > vm.limits.max_item_size as usize {
            return Flow::Full;
        }
        let Some(joined) = concatenated(r.at(2).read(), second) else { return Flow::Full };
        r.drop_cell(1);
        r.at(2).write(StackItem::Buffer(joined));
    }
    r.popped(1)
}

/// Replaces the item at a depth by a buffer with a range of its bytes, and pops the items above it.
#[inline(always)]
unsafe fn part(r: &mut Regs, depth: usize, range: impl FnOnce(usize) -> Option<(usize, usize)>) -> Flow {
    // SAFETY: what lies above are integers; the item is dropped before its cell is written.
    unsafe {
        let Some(whole) = bytes(r, depth) else { return Flow::Full };
        let Some(part) = range(whole.len()).and_then(|(start, end)| whole.get(start..end)) else { return Flow::Full };
        let part = Buffer::new(part);
        r.drop_cell(depth);
        r.at(depth).write(StackItem::Buffer(part));
    }
    r.popped(depth - 1)
}

#[inline(always)]
pub(crate) unsafe fn substr(r: &mut Regs) -> Flow {
    // SAFETY: as the documentation of the module guarantees.
    unsafe {
        let (Some(index), Some(count)) = (size(r, 2), size(r, 1)) else { return Flow::Full };
        part(r, 3, |_| Some((index, index.checked_add(count)?)))
    }
}

#[inline(always)]
pub(crate) unsafe fn left(r: &mut Regs) -> Flow {
    // SAFETY: as the documentation of the module guarantees.
    unsafe {
        let Some(count) = size(r, 1) else { return Flow::Full };
        part(r, 2, |_| Some((0, count)))
    }
}

#[inline(always)]
pub(crate) unsafe fn right(r: &mut Regs) -> Flow {
    // SAFETY: as the documentation of the module guarantees.
    unsafe {
        let Some(count) = size(r, 1) else { return Flow::Full };
        part(r, 2, |length| Some((length.checked_sub(count)?, length)))
    }
}
