//! Constants.

use super::{Flow, Regs};
use crate::{stack::tag, vm::Vm};

#[inline(always)]
pub(crate) unsafe fn int(r: &mut Regs, _: &mut Vm) -> Flow {
    // SAFETY: there is room for one cell at `sp`.
    unsafe { r.set_int(0, r.operand() as i64) };
    r.pushed()
}

#[inline(always)]
pub(crate) unsafe fn boolean<const VALUE: bool>(r: &mut Regs, _: &mut Vm) -> Flow {
    // SAFETY: there is room for one cell at `sp`.
    unsafe { r.set_bool(0, VALUE) };
    r.pushed()
}

#[inline(always)]
pub(crate) unsafe fn null(r: &mut Regs, _: &mut Vm) -> Flow {
    // SAFETY: there is room for one cell at `sp`; Null is its tag alone.
    unsafe { r.sp.cast::<u64>().write(tag::NULL) };
    r.pushed()
}
