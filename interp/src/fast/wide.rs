//! Integers that no `i64` holds.

use alloc::rc::Rc;

use neovm_types::{I256, StackItem};

use super::{Flow, Regs};
use crate::{stack::tag, vm::Vm};

/// The integer in a cell, small or not.
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
            _ => None,
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
        if let Some(small) = result.to_i64() {
            first.drop_in_place();
            second.drop_in_place();
            r.set_int(2, small);
            return r.popped(1);
        }
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
            first.write(StackItem::BigInteger(Rc::new(result)));
        }
    }
    r.popped(1)
}

fn unique(item: &mut StackItem) -> Option<&mut I256> {
    match item {
        StackItem::BigInteger(value) => Rc::get_mut(value),
        _ => None,
    }
}

macro_rules! wide {
    ($name:ident, $op:ident) => {
        #[inline(always)]
        pub(crate) unsafe fn $name(r: &mut Regs, _: &mut Vm) -> Flow {
            // SAFETY: both are integers where they are replaced.
            unsafe {
                let (Some(a), Some(b)) = (integer(r, 2), integer(r, 1)) else { return Flow::Full };
                match a.$op(&b) {
                    Some(result) => replace(r, result),
                    None => Flow::Full,
                }
            }
        }
    };
}

wide!(add, checked_add);
wide!(sub, checked_sub);
wide!(mul, checked_mul);
wide!(div, checked_div);
wide!(rem, checked_rem);
