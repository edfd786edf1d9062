//! Integers that no `i64` holds, and what else stands for an integer.

use neovm_types::{I256, Integer, StackItem, WideValue, engine_internals::wide_value_mut, item::WideInteger};

use super::{Flow, Regs};
use crate::{stack::tag, vm::Vm};

/// The integer of an item in a cell: small or not, a boolean, a byte string.
#[inline(always)]
unsafe fn integer(r: &Regs, depth: usize) -> Option<I256> {
    // SAFETY: the tag tells whether there is an item.
    unsafe {
        if r.tag(depth) > tag::MAP {
            return None;
        }
        match &*r.at(depth) {
            StackItem::Integer(value) => Some(I256::from(*value)),
            StackItem::BigInteger(value) => Some(**value),
            item => item.to_integer().ok().map(Integer::wide),
        }
    }
}

/// Replaces the two top items, which are integers, by another. An operand's
/// memory that nobody else holds is used again.
#[inline(always)]
unsafe fn replace(r: &mut Regs, result: I256) -> Flow {
    // SAFETY: both cells are occupied; each is dropped, moved or overwritten once.
    unsafe {
        let (first, second) = (r.at(2), r.at(1));
        let result = match Integer::from(result) {
            Integer::Small(small) => {
                r.drop_cell(2);
                r.drop_cell(1);
                r.set_int(2, small);
                return r.popped(1);
            }
            Integer::Wide(wide) => wide,
        };
        if let Some(own) = unique(&mut *first) {
            *own = result;
            second.drop_in_place();
        } else if let Some(own) = unique(&mut *second) {
            *own = result;
            first.drop_in_place();
            Regs::copy(second, first);
        } else {
            first.drop_in_place();
            second.drop_in_place();
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

macro_rules! binary {
    ($name:ident, |$a:ident, $b:ident| $result:expr) => {
        #[inline(always)]
        pub(crate) unsafe fn $name(r: &mut Regs, _: &mut Vm) -> Flow {
            // SAFETY: both are items that are no compounds where they are replaced.
            unsafe {
                let (Some($a), Some($b)) = (integer(r, 2), integer(r, 1)) else { return Flow::Full };
                match $result {
                    Some(result) => replace(r, result),
                    None => Flow::Full,
                }
            }
        }
    };
}

binary!(add, |a, b| a.checked_add(&b));
binary!(sub, |a, b| a.checked_sub(&b));
binary!(mul, |a, b| a.checked_mul(&b));
binary!(div, |a, b| a.checked_div(&b));
binary!(rem, |a, b| a.checked_rem(&b));
binary!(and, |a, b| Some(a.zip(&b, |a, b| a & b)));
binary!(or, |a, b| Some(a.zip(&b, |a, b| a | b)));
binary!(xor, |a, b| Some(a.zip(&b, |a, b| a ^ b)));
binary!(min, |a, b| Some(a.min(b)));
binary!(max, |a, b| Some(a.max(b)));

macro_rules! compare {
    ($name:ident, $op:tt) => {
        #[inline(always)]
        pub(crate) unsafe fn $name(r: &mut Regs, _: &mut Vm) -> Flow {
            // SAFETY: both are items that are no compounds where they are dropped.
            unsafe {
                let (Some(a), Some(b)) = (integer(r, 2), integer(r, 1)) else { return Flow::Full };
                r.drop_cell(2);
                r.drop_cell(1);
                r.set_bool(2, a $op b);
            }
            r.popped(1)
        }
    };
}

compare!(num_equal, ==);
compare!(num_not_equal, !=);
compare!(lt, <);
compare!(le, <=);
compare!(gt, >);
compare!(ge, >=);

macro_rules! unary {
    ($name:ident, |$a:ident| $result:expr) => {
        #[inline(always)]
        pub(crate) unsafe fn $name(r: &mut Regs, _: &mut Vm) -> Flow {
            // SAFETY: it is an item that is no compound where it is dropped.
            unsafe {
                let Some($a) = integer(r, 1) else { return Flow::Full };
                let Some(result): Option<I256> = $result else { return Flow::Full };
                r.drop_cell(1);
                r.at(1).write(Integer::from(result).into());
            }
            r.next()
        }
    };
}

unary!(inc, |a| a.checked_add(&I256::from(1i64)));
unary!(dec, |a| a.checked_sub(&I256::from(1i64)));
unary!(negate, |a| I256::from(0i64).checked_sub(&a));
unary!(abs, |a| (if a.is_negative() { I256::from(0i64).checked_sub(&a) } else { Some(a) }));
