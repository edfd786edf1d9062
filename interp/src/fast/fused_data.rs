//! Fused handlers that push byte strings and set static fields; see [`super::fused`].

use neovm_types::{Buffer, ByteString, StackItem, engine_internals::Lent};

use super::{Flow, Regs, fused::write_int, slot::static_slot};
use crate::{
    stack::{tag, tag_of},
    vm::Vm,
};

/// Returns the byte string that the first instruction pushes, if it is within the size limit.
#[inline(always)]
unsafe fn data<'a>(r: &Regs, vm: &'a Vm) -> Option<&'a ByteString> {
    // SAFETY: the decoder put the constant's place there. The cell at `sp` is
    // free, and the byte string in it need not be dropped.
    unsafe {
        r.sp.write(StackItem::ByteString(ByteString::constant(vm.constants, r.operand() as usize)));
        match &*r.sp {
            StackItem::ByteString(data) if data.len() <= vm.limits.max_item_size as usize && r.has_room(1) => {
                Some(data)
            }
            _ => None,
        }
    }
}

/// Returns the static field that an instruction names, if its item is a scalar, which needs no dropping when it is
/// overwritten.
#[inline(always)]
unsafe fn scalar_static(r: &Regs, vm: &Vm, index: usize) -> Option<*mut StackItem> {
    // SAFETY: a static field that is there is occupied.
    unsafe { static_slot(vm, r.operand_at(index)).filter(|&slot| tag_of(slot) <= tag::LAST_SCALAR) }
}

/// data, CONVERT to a buffer
#[inline(always)]
pub(super) unsafe fn push_buffer(r: &mut Regs, vm: &mut Vm) -> Flow {
    // SAFETY: everything is checked before the stack is written.
    unsafe {
        let Some(data) = data(r, vm) else { return Flow::Unfuse };
        r.sp.write(StackItem::Buffer(Buffer::new(data)));
        r.sp = r.sp.add(1);
        r.skip(2)
    }
}

/// data, CONVERT to a buffer, static store
#[inline(always)]
pub(super) unsafe fn set_static_buffer(r: &mut Regs, vm: &mut Vm) -> Flow {
    // SAFETY: everything is checked before the field is written.
    unsafe {
        let (Some(data), Some(field)) = (data(r, vm), scalar_static(r, vm, 2)) else { return Flow::Unfuse };
        field.write(StackItem::Buffer(Buffer::new(data)));
        r.skip(3)
    }
}

/// data, static store
#[inline(always)]
pub(super) unsafe fn set_static_data(r: &mut Regs, vm: &mut Vm) -> Flow {
    // SAFETY: everything is checked before the field is written.
    unsafe {
        let (Some(_), Some(field)) = (data(r, vm), scalar_static(r, vm, 1)) else { return Flow::Unfuse };
        Regs::copy(r.sp, field);
        r.skip(2)
    }
}

/// integer, static store
#[inline(always)]
pub(super) unsafe fn set_static_int(r: &mut Regs, vm: &mut Vm) -> Flow {
    // SAFETY: everything is checked before the field is written.
    unsafe {
        let Some(field) = scalar_static(r, vm, 1) else { return Flow::Unfuse };
        if !r.has_room(1) {
            return Flow::Unfuse;
        }
        write_int(field, r.operand() as i64);
        r.skip(2)
    }
}
