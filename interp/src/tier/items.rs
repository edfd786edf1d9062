//! What compiled code asks of items that it knows nothing of. But for copying
//! this has no effect, so that it may be done again.

use neovm_types::StackItem;

use crate::{fast, ops, vm::Vm};

/// Copies an item to a cell of the evaluation stack, and counts it.
///
/// # Safety
/// `from` holds an item, and `to` is a cell that is not occupied.
pub unsafe extern "sysv64" fn copy_item(vm: &mut Vm, from: *const StackItem, to: *mut StackItem) {
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
pub unsafe extern "sysv64" fn item_size(item: *const StackItem) -> i64 {
    // SAFETY: the caller's word.
    ops::item_size(unsafe { &*item }).map_or(-1, |size| size as i64)
}

/// A byte of a string of bytes; -1 if there is none, or for other items.
///
/// # Safety
/// There is an item.
pub unsafe extern "sysv64" fn item_byte(item: *const StackItem, index: i64) -> i64 {
    let Ok(index) = usize::try_from(index) else { return -1 };
    // SAFETY: the caller's word.
    let byte = match unsafe { &*item } {
        StackItem::ByteString(bytes) => bytes.get(index).copied(),
        StackItem::Buffer(buffer) => buffer.get(index),
        _ => None,
    };
    byte.map_or(-1, i64::from)
}
