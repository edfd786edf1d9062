//! Constants.

use alloc::rc::Rc;

use neovm_types::{ByteString, I256, Integer, StackItem};

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

/// What has no form for plain items.
#[inline(always)]
pub(crate) unsafe fn leave(_: &mut Regs, _: &mut Vm) -> Flow {
    Flow::Counted
}

/// The operand's bytes, whose place in the script the cell holds.
#[inline(always)]
unsafe fn data_operand<'a>(r: &Regs, vm: &'a Vm) -> &'a [u8] {
    // SAFETY: the decoder found so many bytes there in the current script.
    unsafe {
        let operand = r.operand();
        core::slice::from_raw_parts(vm.bytes.add((operand >> 32) as usize), operand as u32 as usize)
    }
}

#[inline(always)]
pub(crate) unsafe fn wide_int(r: &mut Regs, vm: &mut Vm) -> Flow {
    // SAFETY: there is room for one cell at `sp`.
    unsafe {
        let item = match I256::from_le_bytes(data_operand(r, vm)).map(Integer::from) {
            Some(Integer::Wide(value)) => StackItem::BigInteger(Rc::new(value)),
            Some(Integer::Small(value)) => StackItem::Integer(value),
            None => return Flow::Full,
        };
        r.sp.write(item);
    }
    r.pushed()
}

/// Lends a constant of the code, which keeps it while its items lie here.
#[inline(always)]
pub(crate) unsafe fn data(r: &mut Regs, vm: &mut Vm) -> Flow {
    // SAFETY: the decoder put the constant's place there; there is room for one
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
