//! Fused handlers for integers of any width: the forms of [`super::fused`] that run where an operand or the result does
//! not fit an `i64`. What they read stays in its slot, uncounted, and they write to the memory that is there. Each has a
//! quick form: see [`super::wide`].

use neovm_types::{I256, OpCode, StackItem, integer::eval};

use super::{
    Flow, Regs,
    patterns::Source,
    slot::frame_slot,
    wide::{can_store, combine, discard, number, store, write},
};
use crate::{
    stack::{tag, tag_of},
    vm::Vm,
};

/// The flow of a form whose operands are not those that it takes.
#[inline(always)]
const fn refused<const QUICK: bool>() -> Flow {
    if QUICK { Flow::Heap } else { Flow::Unfuse }
}

/// Returns the integer in the slot that an instruction names.
#[inline(always)]
unsafe fn slot_number(r: &Regs, vm: &Vm, index: usize) -> Option<I256> {
    // SAFETY: the cell of a slot is occupied or empty.
    unsafe { number(frame_slot(r, vm, r.operand_at(index))?) }
}

/// Returns the result for the first slot, and for a second one or a constant.
#[inline(always)]
unsafe fn of_two<const QUICK: bool>(r: &Regs, vm: &Vm, from: Source, operator: OpCode) -> Option<I256> {
    // SAFETY: as the documentation of the module guarantees.
    unsafe {
        let (first, second) = (slot_number(r, vm, 0)?, number_from(r, vm, from, 1)?);
        combine::<QUICK>(operator, first, second)
    }
}

/// Returns the integer that an instruction pushes, from a slot or as a constant.
#[inline(always)]
unsafe fn number_from(r: &Regs, vm: &Vm, from: Source, index: usize) -> Option<I256> {
    // SAFETY: as the documentation of the module guarantees.
    unsafe {
        match from {
            Source::Slot => slot_number(r, vm, index),
            Source::Int => Some(I256::from(r.operand_at(index) as i64)),
        }
    }
}

/// Returns the slot that an instruction names, if its item is one that [`store`] replaces.
#[inline(always)]
unsafe fn target<const QUICK: bool>(r: &Regs, vm: &Vm, index: usize) -> Option<*mut StackItem> {
    // SAFETY: the cell of a slot is occupied or empty.
    unsafe { frame_slot(r, vm, r.operand_at(index)).filter(|&slot| can_store::<QUICK>() && tag_of(slot) <= tag::WIDE) }
}

/// slot, slot or integer, operator, store
#[inline(always)]
pub(super) unsafe fn set<const QUICK: bool>(r: &mut Regs, vm: &Vm, from: Source, operator: OpCode) -> Flow {
    // SAFETY: everything is checked before the slot is written.
    unsafe {
        let Some(result) = of_two::<QUICK>(r, vm, from, operator) else { return refused::<QUICK>() };
        let Some(slot) = target::<QUICK>(r, vm, 3).filter(|_| r.has_room(2)) else { return refused::<QUICK>() };
        store::<QUICK>(slot, result);
        r.skip(4)
    }
}

/// slot, INC or DEC, store
#[inline(always)]
pub(super) unsafe fn step<const QUICK: bool>(r: &mut Regs, vm: &Vm, operator: OpCode) -> Flow {
    // SAFETY: everything is checked before the slot is written.
    unsafe {
        let Some(value) = slot_number(r, vm, 0) else { return refused::<QUICK>() };
        let Some(result) = eval::wide_unary(operator, value) else { return refused::<QUICK>() };
        let Some(slot) = target::<QUICK>(r, vm, 2).filter(|_| r.has_room(1)) else { return refused::<QUICK>() };
        store::<QUICK>(slot, result);
        r.skip(3)
    }
}

/// slot, slot or integer, operator
#[inline(always)]
pub(super) unsafe fn combine_slot<const QUICK: bool>(r: &mut Regs, vm: &Vm, from: Source, operator: OpCode) -> Flow {
    // SAFETY: there is room for one cell at `sp`.
    unsafe {
        let Some(result) = of_two::<QUICK>(r, vm, from, operator) else { return refused::<QUICK>() };
        if !r.has_room(2) || !can_store::<QUICK>() {
            return refused::<QUICK>();
        }
        write::<QUICK>(r.sp, result);
        r.sp = r.sp.add(1);
        r.skip(3)
    }
}

/// slot, operator: applied to the item on top
#[inline(always)]
pub(super) unsafe fn combine_top<const QUICK: bool>(r: &mut Regs, vm: &Vm, operator: OpCode) -> Flow {
    // SAFETY: as the documentation of the module guarantees.
    unsafe {
        let Some(second) = slot_number(r, vm, 0) else { return refused::<QUICK>() };
        replace_top::<QUICK>(r, operator, second)
    }
}

/// integer, operator: applied to the item on top
#[inline(always)]
pub(super) unsafe fn combine_int<const QUICK: bool>(r: &mut Regs, operator: OpCode) -> Flow {
    // SAFETY: as the documentation of the module guarantees.
    unsafe { replace_top::<QUICK>(r, operator, I256::from(r.operand() as i64)) }
}

/// slot or integer, operator, store: applied to the item on top
#[inline(always)]
pub(super) unsafe fn combine_top_and_store<const QUICK: bool>(
    r: &mut Regs,
    vm: &Vm,
    from: Source,
    operator: OpCode,
) -> Flow {
    // SAFETY: everything is checked before the operand is dropped, which the slot may share.
    unsafe {
        let Some(first) = number(r.at(1)) else { return refused::<QUICK>() };
        let Some(second) = number_from(r, vm, from, 0) else { return refused::<QUICK>() };
        let Some(result) = combine::<QUICK>(operator, first, second) else { return refused::<QUICK>() };
        let Some(slot) = target::<QUICK>(r, vm, 2).filter(|_| r.has_room(1)) else { return refused::<QUICK>() };
        discard::<QUICK>(r.at(1));
        store::<QUICK>(slot, result);
        r.sp = r.at(1);
        r.skip(3)
    }
}

/// operator, store
#[inline(always)]
pub(super) unsafe fn combine_and_store<const QUICK: bool>(r: &mut Regs, vm: &Vm, operator: OpCode) -> Flow {
    // SAFETY: everything is checked before the operands are dropped, which the slot may share.
    unsafe {
        let (Some(first), Some(second)) = (number(r.at(2)), number(r.at(1))) else { return refused::<QUICK>() };
        let Some(result) = combine::<QUICK>(operator, first, second) else { return refused::<QUICK>() };
        let Some(slot) = target::<QUICK>(r, vm, 1) else { return refused::<QUICK>() };
        discard::<QUICK>(r.at(2));
        discard::<QUICK>(r.at(1));
        store::<QUICK>(slot, result);
        r.sp = r.at(2);
        r.skip(2)
    }
}

/// slot, slot or integer, comparison, JMPIF or JMPIFNOT
#[inline(always)]
pub(super) unsafe fn jump_if_compared(r: &mut Regs, vm: &Vm, from: Source, comparison: OpCode, when: bool) -> Flow {
    // SAFETY: as the documentation of the module guarantees.
    unsafe {
        match compare_two(r, vm, from, comparison) {
            Some(result) => r.branch(4, result == when),
            None => Flow::Unfuse,
        }
    }
}

/// slot, slot or integer, comparing jump
#[inline(always)]
pub(super) unsafe fn jump_slot(r: &mut Regs, vm: &Vm, from: Source, comparison: OpCode) -> Flow {
    // SAFETY: as the documentation of the module guarantees.
    unsafe {
        match compare_two(r, vm, from, comparison) {
            Some(result) => r.branch(3, result),
            None => Flow::Unfuse,
        }
    }
}

/// Compares the first slot and a second one or a constant, if there is room for both.
#[inline(always)]
unsafe fn compare_two(r: &Regs, vm: &Vm, from: Source, comparison: OpCode) -> Option<bool> {
    // SAFETY: as the documentation of the module guarantees.
    unsafe {
        let (first, second) = (slot_number(r, vm, 0)?, number_from(r, vm, from, 1)?);
        if r.has_room(2) { eval::quick_compare(comparison, first, second) } else { None }
    }
}

/// comparison, JMPIF or JMPIFNOT
#[inline(always)]
pub(super) unsafe fn jump_if_top_compared<const QUICK: bool>(r: &mut Regs, comparison: OpCode, when: bool) -> Flow {
    // SAFETY: both are integers, and dropped once all is checked.
    unsafe {
        let (Some(first), Some(second)) = (number(r.at(2)), number(r.at(1))) else { return Flow::Unfuse };
        let Some(result) = eval::quick_compare(comparison, first, second) else { return Flow::Unfuse };
        if !can_store::<QUICK>() {
            return Flow::Unfuse;
        }
        discard::<QUICK>(r.at(2));
        discard::<QUICK>(r.at(1));
        r.sp = r.at(2);
        r.branch(2, result == when)
    }
}

/// integer, store
#[inline(always)]
pub(super) unsafe fn move_int<const QUICK: bool>(r: &mut Regs, vm: &Vm) -> Flow {
    // SAFETY: the slot holds a scalar or a wide integer.
    unsafe {
        let Some(slot) = target::<QUICK>(r, vm, 1).filter(|_| r.has_room(1)) else { return refused::<QUICK>() };
        store::<QUICK>(slot, I256::from(r.operand() as i64));
        r.skip(2)
    }
}

#[inline(always)]
unsafe fn replace_top<const QUICK: bool>(r: &mut Regs, operator: OpCode, second: I256) -> Flow {
    // SAFETY: an integer on top is replaced.
    unsafe {
        let Some(first) = number(r.at(1)) else { return refused::<QUICK>() };
        let Some(result) = combine::<QUICK>(operator, first, second) else { return refused::<QUICK>() };
        if !r.has_room(1) || !can_store::<QUICK>() {
            return refused::<QUICK>();
        }
        store::<QUICK>(r.at(1), result);
        r.skip(2)
    }
}
