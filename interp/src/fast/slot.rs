//! Static fields, local variables and arguments.

use neovm_types::StackItem;

use super::{Flow, Regs, wide};
use crate::{
    stack::{tag, tag_of},
    vm::Vm,
};

#[inline(always)]
pub(crate) unsafe fn init(r: &mut Regs, vm: &mut Vm) -> Flow {
    // SAFETY: room and items are checked before they become slots.
    unsafe {
        let (locals, arguments) = (r.operand() as usize & 0xff, r.operand() as usize >> 8);
        let count = locals + arguments;
        let items = (r.sp as usize - vm.stack as usize) / size_of::<StackItem>();
        let base = r.slots.wrapping_add(arguments);
        let fits = base.wrapping_add(locals) <= vm.slots_end();
        if vm.has_slots() || count == 0 || items < arguments || !fits {
            return Flow::Full;
        }
        r.sp = r.at(arguments);
        for i in 0..arguments {
            Regs::copy(r.sp.add(i), r.slots.add(i));
        }
        for i in 0..locals {
            base.add(i).cast::<u64>().write(tag::NULL);
        }
        r.slots = base;
        r.limit = r.limit.wrapping_sub(count);
        vm.locals = locals as u32;
        vm.args_offset = -((arguments * size_of::<StackItem>()) as i64);
    }
    if r.sp > r.limit { Flow::Limit } else { r.next() }
}

#[inline(always)]
pub(crate) unsafe fn init_statics(r: &mut Regs, vm: &mut Vm) -> Flow {
    // SAFETY: there is an operand.
    let count = unsafe { r.operand() } as u32;
    if vm.statics_count != 0 || count == 0 {
        return Flow::Full;
    }
    vm.make_statics(count);
    r.limit = r.limit.wrapping_sub(count as usize);
    if r.sp > r.limit { Flow::Limit } else { r.next() }
}

/// Returns the slot of the frame that a decoded instruction names. If the frame has fewer local variables, the cell
/// is empty, as its tag says.
#[inline(always)]
pub(crate) fn frame_slot(r: &Regs, vm: &Vm, operand: u64) -> Option<*mut StackItem> {
    (operand as i64 >= vm.args_offset).then(|| r.slots.wrapping_byte_offset(operand as isize))
}

/// Returns the static field that a decoded instruction names, if it exists.
#[inline(always)]
pub(crate) fn static_slot(vm: &Vm, operand: u64) -> Option<*mut StackItem> {
    (operand < u64::from(vm.statics_count)).then(|| vm.statics.wrapping_add(operand as usize))
}

/// Returns the slot that the current instruction names.
#[inline(always)]
pub(crate) unsafe fn in_frame(r: &Regs, vm: &Vm) -> Option<*mut StackItem> {
    // SAFETY: as the documentation of the module guarantees.
    frame_slot(r, vm, unsafe { r.operand() })
}

/// Returns the static field that the current instruction names.
#[inline(always)]
pub(crate) unsafe fn in_statics(r: &Regs, vm: &Vm) -> Option<*mut StackItem> {
    // SAFETY: as the documentation of the module guarantees.
    static_slot(vm, unsafe { r.operand() })
}

/// Pushes the item in a slot.
#[inline(always)]
pub(crate) unsafe fn load(r: &mut Regs, slot: Option<*mut StackItem>) -> Flow {
    let Some(slot) = slot else { return Flow::Full };
    // SAFETY: the slot is occupied or empty.
    unsafe { r.push_copy(slot) }
}

/// Pops an item into a slot that holds a scalar.
#[inline(always)]
pub(crate) unsafe fn store(r: &mut Regs, slot: Option<*mut StackItem>) -> Flow {
    let Some(slot) = slot else { return Flow::Full };
    // SAFETY: the slot is occupied or empty; the item on top, if there is one, moves into it.
    unsafe {
        if r.tag(1) > tag::MAP || tag_of(slot) > tag::LAST_SCALAR {
            return Flow::Heap;
        }
        Regs::copy(r.at(1), slot);
    }
    r.popped(1)
}

/// Pops an item into a slot whose old item only has to be dropped.
#[inline(always)]
pub(crate) unsafe fn store_heap<const QUICK: bool>(r: &mut Regs, slot: Option<*mut StackItem>) -> Flow {
    let Some(slot) = slot else { return Flow::Full };
    // SAFETY: as in `store`; the old item is dropped before it is overwritten.
    unsafe {
        if r.tag(1) > tag::MAP || tag_of(slot) > tag::MAP {
            return Flow::Full;
        }
        if !wide::can_discard::<QUICK>(slot) {
            return Flow::Heap;
        }
        if !super::unshare(&*slot) {
            return Flow::Full;
        }
        wide::discard::<QUICK>(slot);
        Regs::copy(r.at(1), slot);
    }
    r.popped(1)
}
