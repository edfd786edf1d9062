//! Small integers and booleans.

use neovm_types::{OpCode, integer::eval};

use super::{Flow, Regs};
use crate::{stack::tag, vm::Vm};

#[inline(always)]
pub(crate) unsafe fn unary(r: &mut Regs, opcode: OpCode) -> Flow {
    // SAFETY: the tag says that the item is an integer.
    unsafe {
        if r.tag(1) != tag::INTEGER {
            return Flow::Heap;
        }
        let Some(result) = eval::unary(opcode, r.int(1)) else { return Flow::Heap };
        r.set_int(1, result);
    }
    r.next()
}

/// Replaces the two integers on top by the result of an operator, if it has one.
#[inline(always)]
unsafe fn operate(r: &mut Regs, operator: impl FnOnce(i64, i64) -> Option<i64>) -> Flow {
    // SAFETY: the tags say that both items are integers.
    unsafe {
        if r.tag(1) | r.tag(2) != tag::INTEGER {
            return Flow::Heap;
        }
        let Some(result) = operator(r.int(2), r.int(1)) else { return Flow::Heap };
        r.set_int(2, result);
    }
    r.popped(1)
}

#[inline(always)]
pub(crate) unsafe fn binary(r: &mut Regs, opcode: OpCode) -> Flow {
    // SAFETY: as the documentation of the module guarantees.
    unsafe { operate(r, |a, b| eval::binary(opcode, a, b)) }
}

#[inline(always)]
pub(crate) unsafe fn shift(r: &mut Regs, vm: &Vm, opcode: OpCode) -> Flow {
    // SAFETY: as the documentation of the module guarantees.
    unsafe { operate(r, |value, bits| eval::shift(opcode, value, bits, vm.limits.max_shift)) }
}

#[inline(always)]
pub(crate) unsafe fn compare(r: &mut Regs, opcode: OpCode) -> Flow {
    // SAFETY: the tags say that both items are integers.
    unsafe {
        if r.tag(1) | r.tag(2) != tag::INTEGER {
            return Flow::Heap;
        }
        let Some(result) = eval::compare(opcode, r.int(2), r.int(1)) else { return Flow::Heap };
        r.set_bool(2, result);
    }
    r.popped(1)
}

#[inline(always)]
pub(crate) unsafe fn not(r: &mut Regs) -> Flow {
    // SAFETY: as the documentation of the module guarantees.
    unsafe {
        let Some(value) = r.truth(1) else { return Flow::Full };
        r.set_bool(1, !value);
    }
    r.next()
}

#[inline(always)]
pub(crate) unsafe fn nz(r: &mut Regs) -> Flow {
    // SAFETY: as the documentation of the module guarantees.
    unsafe {
        let Some(value) = r.truth(1) else { return Flow::Full };
        r.set_bool(1, value);
    }
    r.next()
}

/// BOOLAND and BOOLOR.
#[inline(always)]
pub(crate) unsafe fn logic(r: &mut Regs, operator: impl FnOnce(bool, bool) -> bool) -> Flow {
    // SAFETY: as the documentation of the module guarantees.
    unsafe {
        let (Some(a), Some(b)) = (r.truth(2), r.truth(1)) else { return Flow::Full };
        r.set_bool(2, operator(a, b));
    }
    r.popped(1)
}

#[inline(always)]
pub(crate) unsafe fn within(r: &mut Regs) -> Flow {
    // SAFETY: the tags say that all three items are integers.
    unsafe {
        if r.tag(1) | r.tag(2) | r.tag(3) != tag::INTEGER {
            return Flow::Full;
        }
        let inside = eval::within(r.int(3), r.int(2), r.int(1));
        r.set_bool(3, inside);
    }
    r.popped(2)
}
