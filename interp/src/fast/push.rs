//! Constants.

use neovm_types::{ByteString, StackItem, engine_internals::Lent, item::WideInteger};

use super::{Flow, Regs};
use crate::{stack::tag, vm::Vm};

#[inline(always)]
pub(crate) unsafe fn int(r: &mut Regs) -> Flow {
    // SAFETY: there is room for one cell at `sp`.
    unsafe { r.set_int(0, r.operand() as i64) };
    r.pushed()
}

#[inline(always)]
pub(crate) unsafe fn boolean(r: &mut Regs, value: bool) -> Flow {
    // SAFETY: there is room for one cell at `sp`.
    unsafe { r.set_bool(0, value) };
    r.pushed()
}

#[inline(always)]
pub(crate) unsafe fn null(r: &mut Regs) -> Flow {
    // SAFETY: there is room for one cell at `sp`; Null is its tag alone.
    unsafe { r.sp.cast::<u64>().write(tag::NULL) };
    r.pushed()
}

/// Pushes a wide integer that is lent from the code, which outlives its items on the machine.
#[inline(always)]
pub(crate) unsafe fn wide_int(r: &mut Regs, vm: &mut Vm) -> Flow {
    // SAFETY: the operand is the place of the constant; there is room for one
    // cell at `sp`.
    unsafe {
        r.sp.write(StackItem::BigInteger(WideInteger::constant(vm.constants, r.operand() as usize)));
    }
    r.pushed()
}

/// Pushes a byte string that is lent from the code, which outlives its items on the machine.
#[inline(always)]
pub(crate) unsafe fn data(r: &mut Regs, vm: &mut Vm) -> Flow {
    // SAFETY: the operand is the place of the constant; there is room for one
    // cell at `sp`.
    unsafe {
        r.sp.write(StackItem::ByteString(ByteString::constant(vm.constants, r.operand() as usize)));
        let StackItem::ByteString(data) = &*r.sp else { return Flow::Full };
        if data.len() > vm.limits.max_item_size as usize {
            return Flow::Full;
        }
    }
    r.pushed()
}
