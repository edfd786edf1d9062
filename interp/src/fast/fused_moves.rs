//! Fused handlers that copy and move items between slots and the stack; see [`super::fused`]. Those for items that own
//! memory have a quick form: see [`super::wide`].

use neovm_types::{StackItem, engine_internals::ItemInternals};

use super::{
    Flow, Regs, duplicate,
    fused::{scalar_slot, write_int},
    patterns::Source,
    share,
    slot::frame_slot,
    wide,
};
use crate::{
    stack::{tag, tag_of},
    vm::Vm,
};

/// Returns the slot that an instruction names, if its item can be pushed: it is not a compound without counted
/// references.
#[inline(always)]
unsafe fn shareable_slot(r: &Regs, vm: &Vm, index: usize) -> Option<*mut StackItem> {
    // SAFETY: the cell of a slot is occupied or empty.
    unsafe {
        let slot = frame_slot(r, vm, r.operand_at(index))?;
        let tag = tag_of(slot);
        let can =
            tag < tag::ARRAY || tag <= tag::MAP && (*slot).header().is_some_and(|header| header.references() != 0);
        can.then_some(slot)
    }
}

/// Copies the item in such a slot to a cell, as another reference.
#[inline(always)]
unsafe fn share_into(slot: *const StackItem, cell: *mut StackItem) {
    // SAFETY: the slot is occupied, and nothing is in the cell.
    unsafe {
        if tag_of(slot) <= tag::LAST_SCALAR {
            Regs::copy(slot, cell);
        } else {
            share(&*slot);
            cell.write(duplicate(&*slot));
        }
    }
}

/// slot, slot or integer: pushed
#[inline(always)]
pub(super) unsafe fn push_two(r: &mut Regs, vm: &mut Vm, from: Source) -> Flow {
    // SAFETY: both slots are checked before the stack is written.
    unsafe {
        let Some(first) = scalar_slot(r, vm, 0) else { return Flow::Heap };
        if !r.has_room(2) {
            return Flow::Unfuse;
        }
        if from == Source::Int {
            write_int(r.sp.add(1), r.operand_at(1) as i64);
        } else {
            let Some(second) = scalar_slot(r, vm, 1) else { return Flow::Heap };
            Regs::copy(second, r.sp.add(1));
        }
        Regs::copy(first, r.sp);
        r.sp = r.sp.add(2);
        r.skip(2)
    }
}

#[inline(always)]
pub(super) unsafe fn push_two_heap(r: &mut Regs, vm: &mut Vm, from: Source) -> Flow {
    // SAFETY: both slots are checked before the stack is written.
    unsafe {
        let Some(first) = shareable_slot(r, vm, 0) else { return Flow::Unfuse };
        if !r.has_room(2) {
            return Flow::Unfuse;
        }
        if from == Source::Int {
            write_int(r.sp.add(1), r.operand_at(1) as i64);
        } else {
            let Some(second) = shareable_slot(r, vm, 1) else { return Flow::Unfuse };
            share_into(second, r.sp.add(1));
        }
        share_into(first, r.sp);
        r.sp = r.sp.add(2);
        r.skip(2)
    }
}

/// slot, store
#[inline(always)]
pub(super) unsafe fn move_slot(r: &mut Regs, vm: &mut Vm) -> Flow {
    // SAFETY: both slots hold scalars.
    unsafe {
        let (Some(from), Some(to)) = (scalar_slot(r, vm, 0), scalar_slot(r, vm, 1)) else { return Flow::Heap };
        if !r.has_room(1) {
            return Flow::Unfuse;
        }
        Regs::copy(from, to);
        r.skip(2)
    }
}

#[inline(always)]
pub(super) unsafe fn move_slot_heap<const QUICK: bool>(r: &mut Regs, vm: &mut Vm) -> Flow {
    // SAFETY: the old item is dropped before it is overwritten by another one's reference.
    unsafe {
        let Some(from) = shareable_slot(r, vm, 0) else { return Flow::Unfuse };
        let Some(to) = frame_slot(r, vm, r.operand_at(1)) else { return Flow::Unfuse };
        if from == to || tag_of(to) >= tag::ARRAY || !r.has_room(1) {
            return Flow::Unfuse;
        }
        if !wide::can_discard::<QUICK>(to) {
            return Flow::Heap;
        }
        wide::discard::<QUICK>(to);
        share_into(from, to);
        r.skip(2)
    }
}

/// integer, store
#[inline(always)]
pub(super) unsafe fn move_int(r: &mut Regs, vm: &mut Vm) -> Flow {
    // SAFETY: the slot holds a scalar.
    unsafe {
        let Some(slot) = scalar_slot(r, vm, 1) else { return Flow::Heap };
        if !r.has_room(1) {
            return Flow::Unfuse;
        }
        write_int(slot, r.operand() as i64);
        r.skip(2)
    }
}

/// store, slot
#[inline(always)]
pub(super) unsafe fn store_and_load(r: &mut Regs, vm: &mut Vm) -> Flow {
    // SAFETY: the stored item moves into a slot that drops nothing; then the
    // cell on top is free for a scalar.
    unsafe {
        let (Some(to), Some(from)) = (scalar_slot(r, vm, 0), scalar_slot(r, vm, 1)) else { return Flow::Heap };
        if from == to || r.tag(1) > tag::MAP {
            return Flow::Unfuse;
        }
        Regs::copy(r.at(1), to);
        Regs::copy(from, r.at(1));
        r.skip(2)
    }
}

#[inline(always)]
pub(super) unsafe fn store_and_load_heap<const QUICK: bool>(r: &mut Regs, vm: &mut Vm) -> Flow {
    // SAFETY: the stored item moves into a slot whose old item is dropped; then
    // the cell on top is free for another.
    unsafe {
        let Some(to) = frame_slot(r, vm, r.operand_at(0)) else { return Flow::Unfuse };
        let Some(from) = shareable_slot(r, vm, 1) else { return Flow::Unfuse };
        if from == to || r.tag(1) > tag::MAP || tag_of(to) >= tag::ARRAY {
            return Flow::Unfuse;
        }
        if !wide::can_discard::<QUICK>(to) {
            return Flow::Heap;
        }
        wide::discard::<QUICK>(to);
        Regs::copy(r.at(1), to);
        share_into(from, r.at(1));
        r.skip(2)
    }
}
