//! Constants. Source: `JumpTable.Push.cs`.

use neovm_types::{ByteString, FaultKind, Integer, Script, StackItem};

use super::Done;
use crate::vm::Vm;

pub(super) fn small_int(vm: &mut Vm) -> Done {
    let value = vm.inst().operand as i64;
    vm.push(value);
    Ok(())
}

pub(super) fn wide_int(vm: &mut Vm) -> Done {
    let value = Integer::from_le_bytes(data_operand(vm)?).ok_or(FaultKind::BadScript)?;
    vm.push(value);
    Ok(())
}

pub(super) fn boolean<const VALUE: bool>(vm: &mut Vm) -> Done {
    vm.push(VALUE);
    Ok(())
}

pub(super) fn null(vm: &mut Vm) -> Done {
    vm.push(StackItem::Null);
    Ok(())
}

pub(super) fn address(vm: &mut Vm) -> Done {
    let position = vm.target(vm.inst().operand as i32)?;
    let length = vm.script().map_or(0, Script::len);
    match u32::try_from(position) {
        Ok(inside) if inside as usize <= length => {
            vm.push(StackItem::Pointer(vm.pointer(inside)));
            Ok(())
        }
        _ => Err(FaultKind::BadPointer(position.into())),
    }
}

pub(super) fn data(vm: &mut Vm) -> Done {
    let data = data_operand(vm)?;
    vm.limits.check_item_size(data.len() as i64)?;
    let item = StackItem::ByteString(ByteString::new(data));
    vm.push(item);
    Ok(())
}

/// The bytes of the operand, from the script.
fn data_operand(vm: &Vm) -> Result<&[u8], FaultKind> {
    let script = vm.script().ok_or(FaultKind::BadScript)?;
    Ok(script.instruction(vm.inst().offset as usize)?.operand)
}
