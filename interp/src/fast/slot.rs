//! Static fields, local variables and arguments.

use neovm_types::StackItem;

use super::{Flow, Regs};
use crate::{
    stack::{drop_cell, tag, tag_of},
    vm::Vm,
};

#[inline(always)]
pub(crate) unsafe fn init(r: &mut Regs, vm: &mut Vm) -> Flow {
    // SAFETY: room and items are checked before slots are made of them.
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

/// Pops an item into a slot whose old item is plain.
#[inline(always)]
unsafe fn store_in(r: &mut Regs, slot: *mut StackItem) -> Flow {
    // SAFETY: the slot is occupied or empty; the item on top, if there is one, moves into it.
    unsafe {
        if r.tag(1) > tag::MAP || tag_of(slot) > tag::LAST_SCALAR {
            return Flow::Heap;
        }
        Regs::copy(r.at(1), slot);
    }
    r.popped(1)
}

/// Pops an item into a slot whose old item needs no more than dropping.
#[inline(always)]
unsafe fn store_in_heap(r: &mut Regs, slot: *mut StackItem) -> Flow {
    // SAFETY: as above; the old item is dropped before it is overwritten.
    unsafe {
        if r.tag(1) > tag::MAP || tag_of(slot) > tag::MAP || !super::unshare(&*slot) {
            return Flow::Full;
        }
        drop_cell(slot);
        Regs::copy(r.at(1), slot);
    }
    r.popped(1)
}

/// A slot of the frame by its place, see `crate::decode`. Where there are
/// not so many local variables the cell is empty, as its tag tells.
#[inline(always)]
pub(crate) fn frame_slot(r: &Regs, vm: &Vm, operand: u64) -> Option<*mut StackItem> {
    (operand as i64 >= vm.args_offset).then(|| r.slots.wrapping_byte_offset(operand as isize))
}

/// A static field.
#[inline(always)]
pub(crate) fn static_slot(_: &Regs, vm: &Vm, operand: u64) -> Option<*mut StackItem> {
    (operand < u64::from(vm.statics_count)).then(|| vm.statics.wrapping_add(operand as usize))
}

macro_rules! slots {
    ($($name:ident => $place:ident, $action:path;)*) => {$(
        #[inline(always)]
        pub(crate) unsafe fn $name(r: &mut Regs, vm: &mut Vm) -> Flow {
            // SAFETY: the cell of a slot is occupied or empty.
            unsafe {
                let Some(slot) = $place(r, vm, r.operand()) else { return Flow::Full };
                $action(r, slot)
            }
        }
    )*};
}

slots! {
    load => frame_slot, push;
    store => frame_slot, store_in;
    store_heap => frame_slot, store_in_heap;
    load_static => static_slot, push;
    store_static => static_slot, store_in;
    store_static_heap => static_slot, store_in_heap;
}

#[inline(always)]
unsafe fn push(r: &mut Regs, slot: *mut StackItem) -> Flow {
    // SAFETY: the slot is occupied or empty.
    unsafe { r.push_copy(slot) }
}
