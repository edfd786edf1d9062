//! Calls between compiled methods. The machine learns of their frames only when compiled code is left.

use neovm_types::StackItem;

use crate::{
    inst::DecodedInst,
    stack::{drop_cell, set_empty, tag, tag_of},
    vm::Vm,
};

/// The number of bytes of native stack that nested compiled methods may use together.
const NATIVE_STACK: usize = 64 << 10;

/// The smallest number of bytes of native stack that a compiled method can use: its return address and its caller's
/// frame pointer.
const LEAST_FRAME: usize = 16;

/// The bounds of calls between compiled methods.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Calls {
    /// The lowest value that the native stack pointer may have.
    pub(super) native_limit: usize,
    /// The bound of the sum of the stack pointer and the end of a called frame's slots, so that there are neither too
    /// many items nor too many slots.
    pub(super) room: usize,
    /// The end of the memory for slots.
    pub(super) slots_end: *mut StackItem,
}

impl Default for Calls {
    fn default() -> Self {
        Self { native_limit: 0, room: 0, slots_end: core::ptr::null_mut() }
    }
}

/// A frame of a compiled method that is left: the instruction where it continues, its slots, and the numbers of its
/// local variables and arguments. The machine knows those of the frame in which compiled code was entered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LeftFrame {
    pub(super) ip: *const DecodedInst,
    pub(super) slots: *mut StackItem,
    pub(super) locals: u32,
    pub(super) arguments: u32,
}

/// Sets the bounds of calls from a region that is entered; see [`super::builtins::BEGIN_CALLS`].
///
/// # Safety
/// The caller is compiled code of the machine's current script.
pub(super) unsafe extern "C" fn begin_calls(
    vm: &mut Vm,
    native: usize,
    slots: *mut StackItem,
    own: usize,
    each: usize,
) -> u64 {
    let depth = vm.limits.max_invocation_stack_size as usize;
    let frames = depth.saturating_sub(vm.frames.len() + 1);
    // A method that finds that it is too deep has been called, so it counts as a frame, too.
    let needed = own + usize::from(each > 0);
    // Native frames are larger than that, so this limit is reached first.
    let below = frames.saturating_sub(needed) / each.max(1) * LEAST_FRAME;
    vm.calls.native_limit = native.saturating_sub(below.min(NATIVE_STACK));
    vm.calls.slots_end = vm.slots_end();
    u64::from(frames < needed || slots > vm.calls.slots_end)
}

/// Drops the items in slots of an inlined method, whose room was never taken; see [`super::builtins::RELEASE_SLOTS`].
///
/// # Safety
/// The cells are occupied or empty, and nothing reads the items again.
pub(super) unsafe extern "C" fn release_slots(vm: &mut Vm, first: *mut StackItem, count: usize) -> u64 {
    for cell in (0..count).map(|index| first.wrapping_add(index)) {
        // SAFETY: guaranteed by the caller; each item is dropped once.
        unsafe {
            match tag_of(cell) {
                tag::EMPTY => continue,
                ..tag::ARRAY => drop_cell(cell),
                _ => vm.release_cell(&cell.read()),
            }
            set_empty(cell);
        }
    }
    vm.clear_zeros();
    u64::from(vm.limit > vm.end)
}

impl Vm {
    /// Pushes the frames of the compiled methods that were left onto the invocation stack.
    pub(crate) fn rebuild_frames(&mut self) {
        let Some(entered) = self.left_frames.pop() else { return };
        (self.ip, self.slots) = (entered.ip, entered.slots);
        while let Some(left) = self.left_frames.pop() {
            self.push_frame(self.ip, self.slots);
            (self.ip, self.slots) = (left.ip, left.slots);
            self.locals = left.locals;
            self.args_offset = -(i64::from(left.arguments) * size_of::<StackItem>() as i64);
            self.take_room((left.locals + left.arguments) as isize);
        }
    }
}
