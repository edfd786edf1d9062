//! Fused handlers for integers of any width: the forms of [`super::fused`] that run where an operand or the result does
//! not fit an `i64`. What they read stays in its slot, uncounted, and they write to the memory that is there.

use neovm_types::{I256, Integer, OpCode, StackItem, integer::eval};

use super::{
    Flow, Regs,
    patterns::Source,
    slot::frame_slot,
    wide::{combine, number, store},
};
use crate::{
    stack::{tag, tag_of},
    vm::Vm,
};

/// Returns the integer in the slot that an instruction names.
#[inline(always)]
unsafe fn slot_number(r: &Regs, vm: &Vm, index: usize) -> Option<I256> {
    // SAFETY: the cell of a slot is occupied or empty.
    unsafe { number(frame_slot(r, vm, r.operand_at(index))?) }
}

/// Returns the result for the first slot, and for a second one or a constant.
#[inline(always)]
unsafe fn of_two(r: &Regs, vm: &Vm, from: Source, operator: OpCode) -> Option<I256> {
    // SAFETY: as the documentation of the module guarantees.
    unsafe {
        let second = match from {
            Source::Slot => slot_number(r, vm, 1)?,
            Source::Int => I256::from(r.operand_at(1) as i64),
        };
        combine(operator, slot_number(r, vm, 0)?, second)
    }
}

/// Returns the slot that an instruction names, if its item is one that [`store`] replaces.
#[inline(always)]
unsafe fn target(r: &Regs, vm: &Vm, index: usize) -> Option<*mut StackItem> {
    // SAFETY: the cell of a slot is occupied or empty.
    unsafe { frame_slot(r, vm, r.operand_at(index)).filter(|&slot| tag_of(slot) <= tag::WIDE) }
}

/// slot, slot or integer, operator, store
#[inline(always)]
pub(super) unsafe fn set(r: &mut Regs, vm: &Vm, from: Source, operator: OpCode) -> Flow {
    // SAFETY: everything is checked before the slot is written.
    unsafe {
        let Some(result) = of_two(r, vm, from, operator) else { return Flow::Unfuse };
        let Some(slot) = target(r, vm, 3).filter(|_| r.has_room(2)) else { return Flow::Unfuse };
        store(slot, result);
        r.skip(4)
    }
}

/// slot, INC or DEC, store
#[inline(always)]
pub(super) unsafe fn step(r: &mut Regs, vm: &Vm, operator: OpCode) -> Flow {
    // SAFETY: everything is checked before the slot is written.
    unsafe {
        let Some(value) = slot_number(r, vm, 0) else { return Flow::Unfuse };
        let Some(result) = eval::wide_unary(operator, value) else { return Flow::Unfuse };
        let Some(slot) = target(r, vm, 2).filter(|_| r.has_room(1)) else { return Flow::Unfuse };
        store(slot, result);
        r.skip(3)
    }
}

/// slot, slot or integer, operator
#[inline(always)]
pub(super) unsafe fn combine_slot(r: &mut Regs, vm: &Vm, from: Source, operator: OpCode) -> Flow {
    // SAFETY: there is room for one cell at `sp`.
    unsafe {
        let Some(result) = of_two(r, vm, from, operator).filter(|_| r.has_room(2)) else { return Flow::Unfuse };
        r.sp.write(Integer::from(result).into());
        r.sp = r.sp.add(1);
        r.skip(3)
    }
}

/// slot, operator: applied to the item on top
#[inline(always)]
pub(super) unsafe fn combine_top(r: &mut Regs, vm: &Vm, operator: OpCode) -> Flow {
    // SAFETY: as the documentation of the module guarantees.
    unsafe {
        let Some(second) = slot_number(r, vm, 0) else { return Flow::Unfuse };
        replace_top(r, operator, second)
    }
}

/// integer, operator: applied to the item on top
#[inline(always)]
pub(super) unsafe fn combine_int(r: &mut Regs, operator: OpCode) -> Flow {
    // SAFETY: as the documentation of the module guarantees.
    unsafe { replace_top(r, operator, I256::from(r.operand() as i64)) }
}

/// operator, store
#[inline(always)]
pub(super) unsafe fn combine_and_store(r: &mut Regs, vm: &Vm, operator: OpCode) -> Flow {
    // SAFETY: everything is checked before the operands are dropped, which the slot may share.
    unsafe {
        let (Some(first), Some(second)) = (number(r.at(2)), number(r.at(1))) else { return Flow::Unfuse };
        let Some(result) = combine(operator, first, second) else { return Flow::Unfuse };
        let Some(slot) = target(r, vm, 1) else { return Flow::Unfuse };
        r.drop_cell(2);
        r.drop_cell(1);
        store(slot, result);
        r.sp = r.at(2);
        r.skip(2)
    }
}

/// integer, store
#[inline(always)]
pub(super) unsafe fn move_int(r: &mut Regs, vm: &Vm) -> Flow {
    // SAFETY: the slot holds a scalar or a wide integer.
    unsafe {
        let Some(slot) = target(r, vm, 1).filter(|_| r.has_room(1)) else { return Flow::Unfuse };
        store(slot, I256::from(r.operand() as i64));
        r.skip(2)
    }
}

#[inline(always)]
unsafe fn replace_top(r: &mut Regs, operator: OpCode, second: I256) -> Flow {
    // SAFETY: an integer on top is replaced.
    unsafe {
        let Some(first) = number(r.at(1)) else { return Flow::Unfuse };
        let Some(result) = combine(operator, first, second).filter(|_| r.has_room(1)) else { return Flow::Unfuse };
        store(r.at(1), result);
        r.skip(2)
    }
}
