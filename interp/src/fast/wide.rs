//! Wide integers, and other items that convert to integers.
//!
//! What is generic over `QUICK` has two forms. The quick one calls no function, so that it needs no stack frame: it takes
//! integers alone, whose result is found without a call, and memory that the thread keeps. It refuses all else by
//! [`Flow::Heap`], and the other form runs.

use neovm_types::{
    I256, OpCode, StackItem, WideValue,
    engine_internals::{drop_wide_ready, is_ready, wide_ready, wide_value_mut},
    integer::eval,
    item::WideInteger,
};

use super::{Flow, Regs};
use crate::stack::{drop_cell, tag, tag_of};

/// Returns the item in a cell as an integer: a small or wide integer, a boolean or a byte string.
#[inline(always)]
unsafe fn integer<const QUICK: bool>(r: &Regs, depth: usize) -> Option<I256> {
    // SAFETY: the tag says whether there is an item.
    unsafe {
        if QUICK {
            return number(r.at(depth));
        }
        if r.tag(depth) > tag::MAP {
            return None;
        }
        match &*r.at(depth) {
            StackItem::Integer(value) => Some(I256::from(*value)),
            StackItem::BigInteger(value) => Some(value.load()),
            item => item.to_integer().ok().map(neovm_types::Integer::wide),
        }
    }
}

/// Returns the integer in a cell, if it is one.
#[inline(always)]
pub(crate) unsafe fn number(cell: *const StackItem) -> Option<I256> {
    // SAFETY: the tag says whether there is an integer, and of which form.
    unsafe {
        match tag_of(cell) {
            tag::INTEGER => Some(I256::from(cell.cast::<i64>().add(1).read())),
            tag::WIDE => match &*cell {
                StackItem::BigInteger(value) => Some(value.load()),
                _ => None,
            },
            _ => None,
        }
    }
}

/// The result of an operator on two integers.
#[inline(always)]
pub(crate) fn combine<const QUICK: bool>(opcode: OpCode, a: I256, b: I256) -> Option<I256> {
    if QUICK {
        return eval::quick_binary(opcode, a, b);
    }
    let result = eval::wide_binary(opcode, a, b)?;
    // These are calls, which return their results in memory.
    Some(if matches!(opcode, OpCode::MUL | OpCode::DIV | OpCode::MOD) { result.load() } else { result })
}

/// Returns whether one result can be stored and its operands dropped.
#[inline(always)]
pub(crate) fn can_store<const QUICK: bool>() -> bool {
    !QUICK || is_ready()
}

/// Returns whether the item in a cell can be dropped.
///
/// # Safety
/// The cell is occupied.
#[inline(always)]
pub(crate) unsafe fn can_discard<const QUICK: bool>(cell: *const StackItem) -> bool {
    // SAFETY: guaranteed by the caller.
    unsafe { !QUICK || tag_of(cell) <= tag::WIDE && is_ready() }
}

/// Drops a scalar or a wide integer, or, if not `QUICK`, an item that converts to an integer.
///
/// # Safety
/// The cell is occupied by such an item, and written again or left above `sp`. If `QUICK`, [`can_store`] said so.
#[inline(always)]
pub(crate) unsafe fn discard<const QUICK: bool>(cell: *mut StackItem) {
    // SAFETY: guaranteed by the caller; there are at most three in one instruction or those that are fused.
    unsafe {
        if !QUICK {
            drop_cell(cell);
        } else if let StackItem::BigInteger(value) = &*cell {
            drop_wide_ready(value);
        }
    }
}

/// Replaces a scalar or a wide integer by an integer. The memory of a wide one is reused if nothing else holds it.
///
/// # Safety
/// As for [`discard`].
#[inline(always)]
pub(crate) unsafe fn store<const QUICK: bool>(cell: *mut StackItem, value: I256) {
    // SAFETY: the cell is occupied by such an item, and overwritten where that is dropped.
    unsafe {
        if let Some(value) = WideValue::new(value)
            && let Some(own) = unique(&mut *cell)
        {
            return own.store(value);
        }
        discard::<QUICK>(cell);
        write::<QUICK>(cell, value);
    }
}

/// Writes an integer to a cell that holds nothing to be dropped.
///
/// # Safety
/// If `QUICK`, [`can_store`] said so, and nothing was written since.
#[inline(always)]
pub(crate) unsafe fn write<const QUICK: bool>(cell: *mut StackItem, value: I256) {
    // SAFETY: guaranteed by the caller.
    unsafe {
        match WideValue::new(value) {
            None => cell.write(StackItem::Integer(value.limbs()[0] as i64)),
            Some(value) if QUICK => cell.write(StackItem::BigInteger(wide_ready(value))),
            Some(value) => cell.write(StackItem::BigInteger(WideInteger::new(value))),
        }
    }
}

/// Replaces the two items on top, which convert to integers, by another integer. The memory of an operand is reused
/// if nothing else holds it.
#[inline(always)]
unsafe fn replace<const QUICK: bool>(r: &mut Regs, result: I256) -> Flow {
    // SAFETY: both cells are occupied; each is dropped, moved or overwritten once.
    unsafe {
        let (first, second) = (r.at(2), r.at(1));
        if unique(&mut *first).is_none() && unique(&mut *second).is_some() {
            discard::<QUICK>(first);
            store::<QUICK>(second, result);
            Regs::copy(second, first);
        } else {
            store::<QUICK>(first, result);
            discard::<QUICK>(second);
        }
    }
    r.popped(1)
}

#[inline(always)]
fn unique(item: &mut StackItem) -> Option<&mut WideValue> {
    match item {
        StackItem::BigInteger(value) => wide_value_mut(value),
        _ => None,
    }
}

/// The flow of a form whose operands are not those that it takes.
#[inline(always)]
const fn refused<const QUICK: bool>() -> Flow {
    if QUICK { Flow::Heap } else { Flow::Full }
}

#[inline(always)]
pub(crate) unsafe fn unary<const QUICK: bool>(r: &mut Regs, opcode: OpCode) -> Flow {
    // SAFETY: it is an item that is no compound where it is replaced.
    unsafe {
        let Some(value) = integer::<QUICK>(r, 1) else { return refused::<QUICK>() };
        let Some(result) = eval::wide_unary(opcode, value) else { return refused::<QUICK>() };
        if !can_store::<QUICK>() {
            return refused::<QUICK>();
        }
        store::<QUICK>(r.at(1), result);
    }
    r.next()
}

#[inline(always)]
pub(crate) unsafe fn binary<const QUICK: bool>(r: &mut Regs, opcode: OpCode) -> Flow {
    // SAFETY: both are items that are no compounds where they are replaced.
    unsafe {
        let Some(a) = integer::<QUICK>(r, 2) else { return refused::<QUICK>() };
        let Some(b) = integer::<QUICK>(r, 1) else { return refused::<QUICK>() };
        let Some(result) = combine::<QUICK>(opcode, a, b) else { return refused::<QUICK>() };
        if !can_store::<QUICK>() {
            return refused::<QUICK>();
        }
        replace::<QUICK>(r, result)
    }
}

#[inline(always)]
pub(crate) unsafe fn compare<const QUICK: bool>(r: &mut Regs, opcode: OpCode) -> Flow {
    // SAFETY: both are items that are no compounds where they are dropped.
    unsafe {
        let Some(a) = integer::<QUICK>(r, 2) else { return refused::<QUICK>() };
        let Some(b) = integer::<QUICK>(r, 1) else { return refused::<QUICK>() };
        let Some(result) = eval::quick_compare(opcode, a, b) else { return refused::<QUICK>() };
        if !can_store::<QUICK>() {
            return refused::<QUICK>();
        }
        discard::<QUICK>(r.at(2));
        discard::<QUICK>(r.at(1));
        r.set_bool(2, result);
    }
    r.popped(1)
}
