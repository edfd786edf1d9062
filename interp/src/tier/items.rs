//! Builtins for items whose type compiled code does not know. Except for copying, they have no effect, so they may be
//! called repeatedly.

use neovm_types::{StackItem, integer::small_from_le_bytes};

use crate::{fast, ops, vm::Vm};

/// See [`super::builtins::COPY_ITEM`].
///
/// # Safety
/// `from` holds an item, and `to` is a free cell.
pub(super) unsafe extern "C" fn copy_item(vm: &mut Vm, from: *const StackItem, to: *mut StackItem) {
    // SAFETY: the caller guarantees it.
    unsafe {
        if (*from).is_compound() {
            vm.retain(&*from);
        }
        to.write(fast::duplicate(&*from));
    }
}

/// See [`super::builtins::ITEM_SIZE`].
///
/// # Safety
/// `item` points to an item.
pub(super) unsafe extern "C" fn item_size(item: *const StackItem) -> i64 {
    // SAFETY: the caller guarantees it.
    ops::item_size(unsafe { &*item }).map_or(-1, |size| size as i64)
}

/// See [`super::builtins::BYTES_LENGTH`]. The length never changes.
///
/// # Safety
/// `item` points to an item.
pub(super) unsafe extern "C" fn bytes_length(item: *const StackItem) -> i64 {
    // SAFETY: the caller guarantees it.
    with_bytes(unsafe { &*item }, |bytes| Some(bytes.len() as i64)).unwrap_or(-1)
}

/// See [`super::builtins::ITEM_BYTE`].
///
/// # Safety
/// `item` points to an item.
pub(super) unsafe extern "C" fn item_byte(item: *const StackItem, index: i64) -> i64 {
    let Ok(index) = usize::try_from(index) else { return -1 };
    // SAFETY: the caller guarantees it.
    with_bytes(unsafe { &*item }, |bytes| bytes.get(index).copied().map(i64::from)).unwrap_or(-1)
}

/// See [`super::builtins::SLICE_INTEGER`].
///
/// # Safety
/// `item` points to an item.
pub(super) unsafe extern "C" fn slice_integer(item: *const StackItem, index: i64, count: i64) -> i64 {
    let (Ok(index), Ok(count)) = (usize::try_from(index), usize::try_from(count)) else { return NO_INTEGER };
    let number = |bytes: &[u8]| small_from_le_bytes(bytes.get(index..index.checked_add(count)?)?);
    // SAFETY: the caller guarantees it.
    with_bytes(unsafe { &*item }, number).unwrap_or(NO_INTEGER)
}

/// The result of [`super::builtins::SLICE_INTEGER`] if the item is neither a byte string nor a buffer, has too few
/// bytes, or the integer does not fit 64 bits.
pub const NO_INTEGER: i64 = i64::MIN;

/// Calls a function with the bytes of a byte string or buffer; returns `None` for other items.
pub(super) fn with_bytes<T>(item: &StackItem, look: impl FnOnce(&[u8]) -> Option<T>) -> Option<T> {
    match item {
        StackItem::ByteString(_) | StackItem::Buffer(_) => item.with_bytes(look).ok().flatten(),
        _ => None,
    }
}
