//! Wide integers, and other items that convert to integers.

use neovm_types::{
    I256, Integer, OpCode, StackItem, WideValue, engine_internals::wide_value_mut, integer::eval, item::WideInteger,
};

use super::{Flow, Regs};
use crate::stack::{drop_cell, tag, tag_of};

/// Returns the item in a cell as an integer: a small or wide integer, a boolean or a byte string.
#[inline(always)]
unsafe fn integer(r: &Regs, depth: usize) -> Option<I256> {
    // SAFETY: the tag says whether there is an item.
    unsafe {
        if r.tag(depth) > tag::MAP {
            return None;
        }
        match &*r.at(depth) {
            StackItem::Integer(value) => Some(I256::from(*value)),
            StackItem::BigInteger(value) => Some(value.load()),
            item => item.to_integer().ok().map(Integer::wide),
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
pub(crate) fn combine(opcode: OpCode, a: I256, b: I256) -> Option<I256> {
    let result = eval::wide_binary(opcode, a, b)?;
    // These are calls, which return their results in memory.
    Some(if matches!(opcode, OpCode::MUL | OpCode::DIV | OpCode::MOD) { result.load() } else { result })
}

/// Replaces a scalar or a wide integer by an integer. The memory of a wide one is reused if nothing else holds it.
#[inline(always)]
pub(crate) unsafe fn store(cell: *mut StackItem, value: I256) {
    // SAFETY: the cell is occupied by such an item, and overwritten where that is dropped.
    unsafe {
        let Some(value) = WideValue::new(value) else {
            drop_cell(cell);
            return cell.write(StackItem::Integer(value.limbs()[0] as i64));
        };
        if let Some(own) = unique(&mut *cell) {
            return own.store(value);
        }
        drop_cell(cell);
        cell.write(StackItem::BigInteger(WideInteger::new(value)));
    }
}

/// Replaces the two items on top, which convert to integers, by another integer. The memory of an operand is reused
/// if nothing else holds it.
#[inline(always)]
unsafe fn replace(r: &mut Regs, result: I256) -> Flow {
    // SAFETY: both cells are occupied; each is dropped, moved or overwritten once.
    unsafe {
        let (first, second) = (r.at(2), r.at(1));
        let Some(result) = WideValue::new(result) else {
            r.drop_cell(2);
            r.drop_cell(1);
            r.set_int(2, result.limbs()[0] as i64);
            return r.popped(1);
        };
        if let Some(own) = unique(&mut *first) {
            own.store(result);
            drop_cell(second);
        } else if let Some(own) = unique(&mut *second) {
            own.store(result);
            drop_cell(first);
            Regs::copy(second, first);
        } else {
            drop_cell(first);
            drop_cell(second);
            first.write(StackItem::BigInteger(WideInteger::new(result)));
        }
    }
    r.popped(1)
}

fn unique(item: &mut StackItem) -> Option<&mut WideValue> {
    match item {
        StackItem::BigInteger(value) => wide_value_mut(value),
        _ => None,
    }
}

#[inline(always)]
pub(crate) unsafe fn unary(r: &mut Regs, opcode: OpCode) -> Flow {
    // SAFETY: it is an item that is no compound where it is dropped.
    unsafe {
        let Some(value) = integer(r, 1) else { return Flow::Full };
        let Some(result) = eval::wide_unary(opcode, value) else { return Flow::Full };
        r.drop_cell(1);
        r.at(1).write(Integer::from(result).into());
    }
    r.next()
}

#[inline(always)]
pub(crate) unsafe fn binary(r: &mut Regs, opcode: OpCode) -> Flow {
    // SAFETY: both are items that are no compounds where they are replaced.
    unsafe {
        let (Some(a), Some(b)) = (integer(r, 2), integer(r, 1)) else { return Flow::Full };
        match combine(opcode, a, b) {
            Some(result) => replace(r, result),
            None => Flow::Full,
        }
    }
}

#[inline(always)]
pub(crate) unsafe fn compare(r: &mut Regs, opcode: OpCode) -> Flow {
    // SAFETY: both are items that are no compounds where they are dropped.
    unsafe {
        let (Some(a), Some(b)) = (integer(r, 2), integer(r, 1)) else { return Flow::Full };
        let Some(result) = eval::compare(opcode, a, b) else { return Flow::Full };
        r.drop_cell(2);
        r.drop_cell(1);
        r.set_bool(2, result);
    }
    r.popped(1)
}
