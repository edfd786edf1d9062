//! Jumps, calls and returns.

use neovm_types::{OpCode, StackItem, integer::eval};

use super::{Flow, Regs};
use crate::{
    frame::{Load, TryBlock, TryState},
    inst::DecodedInst,
    stack::{drop_cell, set_empty, tag, tag_of},
    vm::Vm,
};

#[inline(always)]
pub(crate) unsafe fn nop(r: &mut Regs) -> Flow {
    r.next()
}

/// Jumps to the decoded instruction at the distance given by the operand.
#[inline(always)]
unsafe fn take(r: &mut Regs) -> Flow {
    // SAFETY: the operand is the distance to another decoded instruction of the code.
    r.ip = unsafe { r.ip.wrapping_byte_offset(r.operand() as isize) };
    Flow::Next
}

#[inline(always)]
pub(crate) unsafe fn jmp(r: &mut Regs) -> Flow {
    // SAFETY: as the documentation of the module guarantees.
    unsafe { take(r) }
}

#[inline(always)]
pub(crate) unsafe fn jmp_if(r: &mut Regs, when: bool) -> Flow {
    // SAFETY: as the documentation of the module guarantees.
    unsafe {
        let Some(condition) = r.truth(1) else { return Flow::Full };
        r.sp = r.at(1);
        if condition == when { take(r) } else { r.next() }
    }
}

#[inline(always)]
pub(crate) unsafe fn assert(r: &mut Regs) -> Flow {
    // SAFETY: as the documentation of the module guarantees.
    match unsafe { r.truth(1) } {
        Some(true) => r.popped(1),
        _ => Flow::Full,
    }
}

#[inline(always)]
pub(crate) unsafe fn compare_and_jump(r: &mut Regs, comparison: OpCode) -> Flow {
    // SAFETY: the tags say that both items are integers.
    unsafe {
        if r.tag(1) | r.tag(2) != tag::INTEGER {
            return Flow::Full;
        }
        let holds = eval::compare(comparison, r.int(2), r.int(1)) == Some(true);
        r.sp = r.at(2);
        if holds { take(r) } else { r.next() }
    }
}

/// Opens a try block.
#[inline(always)]
pub(crate) unsafe fn begin_try(r: &mut Regs, vm: &mut Vm) -> Flow {
    // SAFETY: `ip` points to a decoded instruction, whose operand is its two offsets.
    let (operand, start) = unsafe { (r.operand(), (*r.ip).offset as i32) };
    let open = vm.try_blocks.len();
    let is_deep = open - vm.try_base as usize >= vm.limits.max_try_nesting_depth as usize;
    if operand == 0 || is_deep || open == vm.try_blocks.capacity() {
        return Flow::Full;
    }
    let position = |offset: i32| if offset == 0 { Some(-1) } else { start.checked_add(offset) };
    let (Some(catch), Some(finally)) = (position((operand >> 32) as i32), position(operand as i32)) else {
        return Flow::Full;
    };
    // SAFETY: there is room for one more.
    unsafe {
        vm.try_blocks.as_mut_ptr().add(open).write(TryBlock { catch, finally, end: -1, state: TryState::Try });
        vm.try_blocks.set_len(open + 1);
    }
    r.next()
}

/// Ends a try or catch block: jumps, or runs the finally block first.
#[inline(always)]
pub(crate) unsafe fn end_try(r: &mut Regs, vm: &mut Vm) -> Flow {
    let open = vm.try_blocks.len();
    if open == vm.try_base as usize {
        return Flow::Full;
    }
    // SAFETY: there is a block, which is dropped without a destructor. The operand of ENDTRY is the distance to
    // another decoded instruction of the code.
    unsafe {
        let block = &mut *vm.try_blocks.as_mut_ptr().add(open - 1);
        if !block.has_finally() {
            vm.try_blocks.set_len(open - 1);
            return take(r);
        }
        if block.state == TryState::Finally {
            return Flow::Full;
        }
        let Some(finally) = inst_at(&vm.loads, block.finally) else { return Flow::Full };
        block.state = TryState::Finally;
        take(r);
        block.end = (*r.ip).offset as i32;
        r.ip = finally;
    }
    Flow::Next
}

/// Ends a finally block that no exception led to.
#[inline(always)]
pub(crate) unsafe fn end_finally(r: &mut Regs, vm: &mut Vm) -> Flow {
    let open = vm.try_blocks.len();
    if open == vm.try_base as usize || vm.pending.is_some() {
        return Flow::Full;
    }
    // SAFETY: there is a block, which is dropped without a destructor.
    unsafe {
        let Some(end) = inst_at(&vm.loads, (*vm.try_blocks.as_ptr().add(open - 1)).end) else { return Flow::Full };
        vm.try_blocks.set_len(open - 1);
        r.ip = end;
    }
    Flow::Next
}

/// Returns the decoded instruction at a position of the current script; none if no instruction begins there.
#[inline(always)]
fn inst_at(loads: &[Load], position: i32) -> Option<*const DecodedInst> {
    loads.last()?.code.inst(usize::try_from(position).ok()?)
}

#[inline(always)]
pub(crate) unsafe fn call(r: &mut Regs, vm: &mut Vm) -> Flow {
    let depth = vm.frames.len();
    if depth + 1 >= vm.limits.max_invocation_stack_size as usize || depth == vm.frames.capacity() {
        return Flow::Full;
    }
    r.slots = vm.push_frame(r.ip.wrapping_add(1), r.slots);
    // SAFETY: as the documentation of the module guarantees.
    unsafe { take(r) }
}

#[inline(always)]
pub(crate) unsafe fn ret(r: &mut Regs, vm: &mut Vm) -> Flow {
    let first = r.slots.wrapping_byte_offset(vm.args_offset as isize);
    let behind = r.slots.wrapping_add(vm.locals as usize);
    let mut slot = first;
    while slot != behind {
        // SAFETY: all slots are occupied.
        if unsafe { tag_of(slot) } > tag::LAST_SCALAR {
            return Flow::Heap;
        }
        slot = slot.wrapping_add(1);
    }
    let count = (behind as usize - first as usize) / size_of::<StackItem>();
    if !can_leave(r, vm, count) {
        return Flow::Full;
    }
    while slot != first {
        slot = slot.wrapping_sub(1);
        // SAFETY: scalars need no dropping.
        unsafe { set_empty(slot) };
    }
    // SAFETY: all slots are empty.
    unsafe { leave(r, vm, count) }
}

/// Returns whether the current context, which has `count` slots, can return at once: CALL made it, it has no open try
/// block, and the arena has memory for the room that its slots give back.
#[inline(always)]
fn can_leave(r: &Regs, vm: &Vm, count: usize) -> bool {
    let limit = r.limit.wrapping_add(count);
    vm.frames.len() > vm.load_frames && limit <= vm.end && vm.try_blocks.len() == vm.try_base as usize
}

/// Returns from a context that CALL made, after its `count` slots were emptied.
#[inline(always)]
unsafe fn leave(r: &mut Regs, vm: &mut Vm, count: usize) -> Flow {
    let depth = vm.frames.len();
    // SAFETY: the last frame is there; frames need no dropping.
    let frame = unsafe {
        vm.frames.set_len(depth - 1);
        vm.frames.as_ptr().add(depth - 1).read()
    };
    r.limit = r.limit.wrapping_add(count);
    r.slots = frame.slots;
    r.ip = frame.ip;
    vm.locals = frame.locals;
    vm.args_offset = frame.args_offset;
    vm.try_base = frame.try_base;
    Flow::Next
}

/// Drops slots from the last one on, until one takes more than [`Regs::release`] does: the general handler then
/// continues with the remaining slots.
#[inline(always)]
pub(crate) unsafe fn ret_heap(r: &mut Regs, vm: &mut Vm) -> Flow {
    if vm.frames.len() <= vm.load_frames {
        return Flow::Full;
    }
    // SAFETY: the slots that are still counted are occupied; the number decreases with each one that is dropped.
    unsafe {
        while vm.locals > 0 {
            if !discard(r, vm, r.slots.add(vm.locals as usize - 1)) {
                return Flow::Full;
            }
            vm.locals -= 1;
            r.limit = r.limit.wrapping_add(1);
        }
        while vm.args_offset < 0 {
            if !discard(r, vm, r.slots.sub(1)) {
                return Flow::Full;
            }
            vm.args_offset += size_of::<StackItem>() as i64;
            r.slots = r.slots.sub(1);
            r.limit = r.limit.wrapping_add(1);
        }
        if can_leave(r, vm, 0) { leave(r, vm, 0) } else { Flow::Full }
    }
}

/// Empties a slot, unless that takes more than [`Regs::release`] does.
#[inline(always)]
unsafe fn discard(r: &mut Regs, vm: &Vm, slot: *mut StackItem) -> bool {
    // SAFETY: the slot is occupied.
    unsafe {
        let is_released = r.release(vm, slot);
        if is_released {
            drop_cell(slot);
            set_empty(slot);
        }
        is_released
    }
}
