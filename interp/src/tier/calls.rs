//! Calls between compiled methods: frames that the machine learns of only when
//! compiled code is left.

use neovm_types::StackItem;

use crate::{code::DecodedInst, frame::Frame, vm::Vm};

/// Bytes of the native stack that compiled methods may take together.
const NATIVE_STACK: usize = 64 << 10;

/// Least bytes of the native stack that a compiled method takes: its return
/// address and its caller's frame pointer.
const LEAST_FRAME: usize = 16;

/// What calls between compiled methods need of the machine.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Calls {
    /// The lowest place that the native stack pointer may have.
    pub(super) native_limit: usize,
    /// What the stack pointer and the place behind a called frame's slots must
    /// not exceed together, so that neither items nor slots are too many.
    pub(super) room: usize,
    /// The place behind the memory for slots.
    pub(super) slots_end: *mut StackItem,
}

impl Default for Calls {
    fn default() -> Self {
        Self { native_limit: 0, room: 0, slots_end: core::ptr::null_mut() }
    }
}

/// A frame of a compiled method that is left: the cell where it goes on, its
/// slots, and the numbers of its local variables and arguments, which for the
/// entered frame are the machine's.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LeftFrame {
    pub(super) ip: *const DecodedInst,
    pub(super) slots: *mut StackItem,
    pub(super) locals: u32,
    pub(super) arguments: u32,
}

/// Sets the bounds of calls from a region that is entered, whose native stack
/// pointer is given; tells whether there may be no calls at all.
///
/// # Safety
/// It is called by compiled code of the machine's current script.
pub(super) unsafe extern "sysv64" fn begin_calls(vm: &mut Vm, native: usize) -> u64 {
    let depth = vm.limits.max_invocation_stack_size as usize;
    let frames = depth.saturating_sub(vm.frames.len() + 1);
    // A method's frame is larger, so this is reached before the depth is. One that
    // finds itself too deep was called, and is a frame too.
    let below = frames.saturating_sub(1) * LEAST_FRAME;
    vm.calls.native_limit = native.saturating_sub(below.min(NATIVE_STACK));
    vm.calls.slots_end = vm.slots_end();
    u64::from(frames == 0)
}

impl Vm {
    /// Makes frames of those that compiled code left.
    pub(super) fn rebuild_frames(&mut self) {
        let Some(entered) = self.left_frames.pop() else { return };
        let (locals, args_offset, try_base) = (self.locals, self.args_offset, self.try_base);
        let mut frame = Frame { ip: entered.ip, slots: entered.slots, args_offset, locals, try_base };
        let try_base = self.try_blocks.len() as u32;
        while let Some(left) = self.left_frames.pop() {
            self.frames.push(frame);
            let args_offset = -(i64::from(left.arguments) * size_of::<StackItem>() as i64);
            frame = Frame { ip: left.ip, slots: left.slots, args_offset, locals: left.locals, try_base };
            self.take_room((left.locals + left.arguments) as isize);
        }
        self.ip = frame.ip;
        self.slots = frame.slots;
        self.locals = frame.locals;
        self.args_offset = frame.args_offset;
        self.try_base = frame.try_base;
    }
}
