//! Jumps, calls and returns.

use super::{Flow, Regs, unshare};
use crate::{
    frame::Frame,
    stack::{tag, tag_of},
    vm::Vm,
};

#[inline(always)]
pub(crate) unsafe fn nop(r: &mut Regs, _: &mut Vm) -> Flow {
    r.next()
}

/// Goes to the cell at the distance in the operand.
#[inline(always)]
unsafe fn take(r: &mut Regs) -> Flow {
    // SAFETY: the decoder put a distance to another cell of the code there.
    r.ip = unsafe { r.ip.wrapping_byte_offset(r.operand() as isize) };
    Flow::Next
}

#[inline(always)]
pub(crate) unsafe fn jmp(r: &mut Regs, _: &mut Vm) -> Flow {
    // SAFETY: the module's.
    unsafe { take(r) }
}

#[inline(always)]
pub(crate) unsafe fn jmp_if<const WHEN: bool>(r: &mut Regs, _: &mut Vm) -> Flow {
    // SAFETY: the module's.
    unsafe {
        let Some(condition) = r.truth(1) else { return Flow::Full };
        r.sp = r.at(1);
        if condition == WHEN { take(r) } else { r.next() }
    }
}

#[inline(always)]
pub(crate) unsafe fn assert(r: &mut Regs, _: &mut Vm) -> Flow {
    // SAFETY: the module's.
    match unsafe { r.truth(1) } {
        Some(true) => r.popped(1),
        _ => Flow::Full,
    }
}

macro_rules! compare_and_jump {
    ($name:ident, $op:tt) => {
        #[inline(always)]
        pub(crate) unsafe fn $name(r: &mut Regs, _: &mut Vm) -> Flow {
            // SAFETY: the tags tell that both are integers.
            unsafe {
                if r.tag(1) | r.tag(2) != tag::INTEGER {
                    return Flow::Full;
                }
                let (a, b) = (r.int(2), r.int(1));
                r.sp = r.at(2);
                if a $op b { take(r) } else { r.next() }
            }
        }
    };
}

compare_and_jump!(jmp_eq, ==);
compare_and_jump!(jmp_ne, !=);
compare_and_jump!(jmp_gt, >);
compare_and_jump!(jmp_ge, >=);
compare_and_jump!(jmp_lt, <);
compare_and_jump!(jmp_le, <=);

#[inline(always)]
pub(crate) unsafe fn call(r: &mut Regs, vm: &mut Vm) -> Flow {
    let depth = vm.frames.len();
    if depth + 1 >= vm.limits.max_invocation_stack_size as usize || depth == vm.frames.capacity() {
        return Flow::Full;
    }
    let ip = r.ip.wrapping_add(1);
    let (locals, arguments) = (vm.locals, vm.arguments);
    // SAFETY: there is room for one more frame.
    unsafe {
        let frame = Frame { ip, slots: r.slots, locals, arguments, try_base: vm.try_base };
        vm.frames.as_mut_ptr().add(depth).write(frame);
        vm.frames.set_len(depth + 1);
    }
    r.slots = r.slots.wrapping_add(locals as usize);
    vm.locals = 0;
    vm.arguments = 0;
    vm.try_base = vm.try_blocks.len() as u32;
    // SAFETY: the module's.
    unsafe { take(r) }
}

#[inline(always)]
pub(crate) unsafe fn ret(r: &mut Regs, vm: &mut Vm) -> Flow {
    let count = (vm.locals + vm.arguments) as usize;
    let first = r.slots.wrapping_sub(vm.arguments as usize);
    for i in 0..count {
        // SAFETY: all slots are occupied.
        if unsafe { tag_of(first.add(i)) } > tag::PLAIN {
            return Flow::Counted;
        }
    }
    // SAFETY: plain items need no dropping.
    unsafe { leave(r, vm, count) }
}

/// Returns from a context that CALL made, whose slots hold nothing to drop.
#[inline(always)]
unsafe fn leave(r: &mut Regs, vm: &mut Vm, count: usize) -> Flow {
    let limit = r.limit.wrapping_add(count);
    let depth = vm.frames.len();
    if depth <= vm.load_frames || limit > vm.end || vm.try_blocks.len() != vm.try_base as usize {
        return Flow::Full;
    }
    // SAFETY: the last frame is there; frames need no dropping.
    let frame = unsafe {
        vm.frames.set_len(depth - 1);
        vm.frames.as_ptr().add(depth - 1).read()
    };
    r.limit = limit;
    r.slots = frame.slots;
    r.ip = frame.ip;
    vm.locals = frame.locals;
    vm.arguments = frame.arguments;
    vm.try_base = frame.try_base;
    Flow::Next
}

/// Drops slots, the last one first, while they are not the last references to
/// compounds, and returns if that was all. What is left is the
/// general handler's, which finds so many slots less.
#[inline(always)]
pub(crate) unsafe fn ret_counted(r: &mut Regs, vm: &mut Vm) -> Flow {
    if vm.frames.len() <= vm.load_frames {
        return Flow::Full;
    }
    // SAFETY: slots are occupied up to their number, which goes down with each.
    unsafe {
        while vm.locals > 0 {
            let last = r.slots.add(vm.locals as usize - 1);
            if !unshare(&*last) {
                return Flow::Full;
            }
            last.drop_in_place();
            vm.locals -= 1;
            r.limit = r.limit.wrapping_add(1);
        }
        while vm.arguments > 0 {
            let last = r.slots.sub(1);
            if !unshare(&*last) {
                return Flow::Full;
            }
            last.drop_in_place();
            vm.arguments -= 1;
            r.slots = last;
            r.limit = r.limit.wrapping_add(1);
        }
        leave(r, vm, 0)
    }
}
