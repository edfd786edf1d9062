//! Builtins for try blocks and exceptions.

use neovm_types::{Integer, StackItem};

use crate::{ops, vm::Vm};

/// The most try blocks that compiled code has open at once, which is the limit of the public networks.
pub const MAX_TRIES: usize = 16;

/// See [`super::builtins::BEGIN_TRIES`].
pub(super) extern "C" fn begin_tries(vm: &Vm, most: u64) -> u64 {
    let open = vm.try_blocks.len() - vm.try_base as usize;
    let is_deep = open as u64 + most > u64::from(vm.limits.max_try_nesting_depth);
    u64::from(is_deep || vm.pending.is_some())
}

/// See [`super::builtins::INDEX_EXCEPTION`].
///
/// # Safety
/// `cell` is a free cell.
pub(super) unsafe extern "C" fn index_exception(vm: &Vm, index: i64, count: u64, cell: *mut StackItem) -> u64 {
    // Before some hardfork, indices that do not fit 32 bits were no exception but a fault.
    let is_out_of_range = i32::try_from(index).is_ok() && !(0..count as i64).contains(&index);
    if !is_out_of_range || !vm.limits.catch_engine_exceptions {
        return 0;
    }
    let exception = ops::index_out_of_range(Integer::Small(index), count as usize);
    // SAFETY: guaranteed by the caller.
    unsafe { cell.write(exception.message().into()) };
    1
}
