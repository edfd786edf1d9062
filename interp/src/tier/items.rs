//! What compiled code asks of items that it knows nothing of. But for copying
//! this has no effect, so that it may be done again.

use neovm_types::{StackItem, integer::small_from_le_bytes};

use crate::{fast, ops, vm::Vm};

/// Copies an item to a cell of the evaluation stack, and counts it.
///
/// # Safety
/// `from` holds an item, and `to` is a cell that is not occupied.
pub(super) unsafe extern "sysv64" fn copy_item(vm: &mut Vm, from: *const StackItem, to: *mut StackItem) {
    // SAFETY: the caller's word.
    unsafe {
        if (*from).is_compound() {
            vm.retain(&*from);
        }
        to.write(fast::duplicate(&*from));
    }
}

/// What SIZE gives; -1 for items that have no size.
///
/// # Safety
/// There is an item.
pub(super) unsafe extern "sysv64" fn item_size(item: *const StackItem) -> i64 {
    // SAFETY: the caller's word.
    ops::item_size(unsafe { &*item }).map_or(-1, |size| size as i64)
}

/// The length of a string of bytes, which never changes; -1 for other items.
///
/// # Safety
/// There is an item.
pub(super) unsafe extern "sysv64" fn bytes_length(item: *const StackItem) -> i64 {
    // SAFETY: the caller's word.
    with_bytes(unsafe { &*item }, |bytes| Some(bytes.len() as i64)).unwrap_or(-1)
}

/// A byte of a string of bytes; -1 if there is none, or for other items.
///
/// # Safety
/// There is an item.
pub(super) unsafe extern "sysv64" fn item_byte(item: *const StackItem, index: i64) -> i64 {
    let Ok(index) = usize::try_from(index) else { return -1 };
    // SAFETY: the caller's word.
    with_bytes(unsafe { &*item }, |bytes| bytes.get(index).copied().map(i64::from)).unwrap_or(-1)
}

/// The integer that so many bytes of a string are, from an index on;
/// [`NO_INTEGER`] if they are too many, or are not there, or for other items.
///
/// # Safety
/// There is an item.
pub(super) unsafe extern "sysv64" fn slice_integer(item: *const StackItem, index: i64, count: i64) -> i64 {
    let (Ok(index), Ok(count)) = (usize::try_from(index), usize::try_from(count)) else { return NO_INTEGER };
    let number = |bytes: &[u8]| small_from_le_bytes(bytes.get(index..index.checked_add(count)?)?);
    // SAFETY: the caller's word.
    with_bytes(unsafe { &*item }, number).unwrap_or(NO_INTEGER)
}

/// What [`slice_integer`] returns if it does not know better.
pub const NO_INTEGER: i64 = i64::MIN;

/// Looks at the bytes of a string of bytes; none of other items.
fn with_bytes<T>(item: &StackItem, look: impl FnOnce(&[u8]) -> Option<T>) -> Option<T> {
    match item {
        StackItem::ByteString(_) | StackItem::Buffer(_) => item.with_bytes(look).ok().flatten(),
        _ => None,
    }
}
