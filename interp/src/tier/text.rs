//! Builtins that compare, copy and extend byte strings.

use neovm_types::{ByteString, StackItem, engine_internals::append};

use super::items::with_bytes;
use crate::{
    fast,
    stack::{drop_cell, tag, tag_of},
    vm::Vm,
};

/// Returns the bytes of a byte string that may be compared.
///
/// # Safety
/// `item` points to an item.
#[inline(always)]
unsafe fn comparable<'a>(vm: &Vm, item: *const StackItem) -> Option<&'a ByteString> {
    // SAFETY: guaranteed by the caller.
    let StackItem::ByteString(bytes) = (unsafe { &*item }) else { return None };
    is_comparable(vm, bytes.len()).then_some(bytes)
}

/// Returns whether EQUAL may look at a number of bytes. It looks at one at least.
#[inline(always)]
fn is_comparable(vm: &Vm, length: usize) -> bool {
    length.max(1) <= vm.limits.max_comparable_size as usize
}

/// See [`super::builtins::BYTES_EQUAL`].
///
/// # Safety
/// `first` and `second` point to items.
pub(super) unsafe extern "C" fn bytes_equal(vm: &Vm, first: *const StackItem, second: *const StackItem) -> i64 {
    // SAFETY: the caller guarantees it.
    match unsafe { (comparable(vm, first), comparable(vm, second)) } {
        (Some(first), Some(second)) => (first == second).into(),
        _ => -1,
    }
}

/// See [`super::builtins::SLICE_EQUAL`].
///
/// # Safety
/// `item` and `other` point to items.
pub(super) unsafe extern "C" fn slice_equal(
    vm: &Vm,
    item: *const StackItem,
    index: i64,
    count: i64,
    other: *const StackItem,
) -> i64 {
    let (Ok(index), Ok(count)) = (usize::try_from(index), usize::try_from(count)) else { return -1 };
    if !is_comparable(vm, count) {
        return -1;
    }
    // SAFETY: the caller guarantees it.
    let (item, other) = unsafe { (&*item, comparable(vm, other)) };
    let Some(other) = other else { return -1 };
    let part = |bytes: &[u8]| Some(bytes.get(index..index.checked_add(count)?)? == &other[..]);
    with_bytes(item, part).map_or(-1, i64::from)
}

/// See [`super::builtins::ASSIGN_BYTES`].
///
/// # Safety
/// `slot` is a slot of the frame, and `from` points to an item that may be copied to it.
pub(super) unsafe extern "C" fn assign_bytes(slot: *mut StackItem, from: *const StackItem) -> u64 {
    // SAFETY: the caller guarantees it; the old item is dropped after the new one was copied, and owns no others.
    unsafe {
        if !matches!(tag_of(from), tag::BYTE_STRING | tag::BUFFER) || tag_of(slot) >= tag::ARRAY {
            return 0;
        }
        let item = fast::duplicate(&*from);
        drop_cell(slot);
        slot.write(item);
    }
    1
}

/// See [`super::builtins::APPEND_BYTES`].
///
/// # Safety
/// `slot` is a slot of the frame, of whose item no copy is pending, and `more` points to an item.
pub(super) unsafe extern "C" fn append_bytes(vm: &Vm, slot: *mut StackItem, more: *const StackItem) -> u64 {
    // SAFETY: the caller guarantees it. The bytes to add are those of another item, or copied first.
    unsafe {
        if tag_of(slot) != tag::BYTE_STRING || !matches!(tag_of(more), tag::BYTE_STRING | tag::BUFFER) {
            return 0;
        }
        let more = fast::duplicate(&*more);
        let StackItem::ByteString(own) = &mut *slot else { return 0 };
        let added = with_bytes(&more, |bytes| {
            let fits = own.len() + bytes.len() <= vm.limits.max_item_size as usize;
            fits.then(|| append(own, bytes))
        });
        added.is_some().into()
    }
}
