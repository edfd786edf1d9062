//! Handlers that hardforks have replaced.
//!
//! Source: `ApplicationEngine.cs` of the reference node (`*_Before543`,
//! `Vulnerable*`).

use neovm_types::{FaultKind, Integer, OpCode, StackItem};

use super::{Done, SimpleFn, compound, numeric, splice};
use crate::vm::Vm;

/// The handlers that hardfork Gorgon replaced.
pub(super) const BEFORE_GORGON: &[(OpCode, SimpleFn)] = &[
    (OpCode::HASKEY, has_key),
    (OpCode::PICKITEM, pick_item),
    (OpCode::SETITEM, set_item),
    (OpCode::REMOVE, remove),
    (OpCode::SHL, shl),
    (OpCode::SHR, shr),
];

/// The handlers that hardfork Echidna replaced.
pub(super) const BEFORE_ECHIDNA: &[(OpCode, SimpleFn)] = &[(OpCode::SUBSTR, substr)];

/// An index was cast to 32 bits, which faults, before it was compared.
fn cast_index(index: Integer, what: &'static str, count: usize) -> Result<usize, FaultKind> {
    index.to_i32()?;
    index.to_index(count).ok_or(FaultKind::IndexOutOfRange { what, index, count })
}

fn cast_removed_index(index: Integer, what: &'static str, count: usize) -> Result<usize, FaultKind> {
    index.to_i32()?;
    index.to_index(count).ok_or(FaultKind::RemoveIndex { what, index, count })
}

/// Bytes below zero were stored.
fn cast_byte(value: Integer) -> Result<u8, FaultKind> {
    match value.to_i32()? {
        byte @ -128..=255 => Ok(byte as u8),
        _ => Err(FaultKind::NotAByte(value)),
    }
}

fn has_key(vm: &mut Vm) -> Done {
    let key = vm.pop_primitive()?;
    let item = vm.pop()?;
    let found = match &item {
        StackItem::Map(map) => map.get(&key)?.is_some(),
        item => {
            let wrong = FaultKind::TypeForOpcode { opcode: OpCode::HASKEY, item: item.item_type().name() };
            let count = compound::indexed_len(item).ok_or(wrong)?;
            let index = key.to_i32()?;
            if index < 0 {
                return Err(FaultKind::NegativeKeyIndex { index, opcode: OpCode::HASKEY });
            }
            (index as usize) < count
        }
    };
    vm.push(found);
    Ok(())
}

fn pick_item(vm: &mut Vm) -> Done {
    compound::pick_item_by(vm, cast_index)
}

fn set_item(vm: &mut Vm) -> Done {
    compound::set_item_by(vm, cast_index, cast_byte)
}

fn remove(vm: &mut Vm) -> Done {
    compound::remove_by(vm, cast_removed_index)
}

/// A shift by zero did not look at the value.
fn shl(vm: &mut Vm) -> Done {
    shift(vm, Integer::shl)
}

fn shr(vm: &mut Vm) -> Done {
    shift(vm, |value, bits| Ok(value.shr(bits)))
}

fn shift(vm: &mut Vm, op: impl Fn(Integer, u32) -> Result<Integer, FaultKind>) -> Done {
    let bits = numeric::pop_shift(vm)?;
    if bits != 0 {
        let value = vm.pop_integer()?;
        vm.push(op(value, bits)?);
    }
    Ok(())
}

/// Most items of an array in .NET.
const MAX_ARRAY: i32 = 0x7fff_ffc7;

/// The end of the range was added without a check.
fn substr(vm: &mut Vm) -> Done {
    let opcode = OpCode::SUBSTR;
    let (index, count) = splice::pop_range(vm)?;
    let item = vm.pop()?;
    let length = item.with_bytes(<[u8]>::len)?;
    let end = index.wrapping_add(count);
    if i64::from(end) > length as i64 {
        return Err(FaultKind::RangeOutOfRange { opcode, index, count, end, length });
    }
    if end < 0 {
        // Past the check, the buffer could not be made or filled.
        return Err(if count > MAX_ARRAY { FaultKind::ArrayDimensions } else { FaultKind::ArgumentRange });
    }
    splice::push_part(vm, &item, index as usize, end as usize)
}
