//! Types and messages. Source: `JumpTable.Types.cs`.

use alloc::{format, string::String};

use neovm_types::{FaultKind, ItemType, OpCode, StackItem};

use super::Done;
use crate::vm::Vm;

pub(super) fn is_null(vm: &mut Vm) -> Done {
    let item = vm.pop()?;
    vm.push(item.is_null());
    Ok(())
}

/// A type as .NET shows it: by its name, or by its number if it is undefined.
fn type_text(byte: u8) -> String {
    ItemType::from_byte(byte).map_or_else(|| format!("{byte}"), |item_type| item_type.name().into())
}

pub(super) fn is_type(vm: &mut Vm) -> Done {
    let item = vm.pop()?;
    let byte = vm.inst().operand as u8;
    match ItemType::from_byte(byte) {
        Some(item_type) if item_type != ItemType::Any => {
            vm.push(item.item_type() == item_type);
            Ok(())
        }
        _ => Err(FaultKind::UnknownType(type_text(byte))),
    }
}

pub(super) fn convert(vm: &mut Vm) -> Done {
    let item = vm.pop()?;
    let byte = vm.inst().operand as u8;
    let converted = match (ItemType::from_byte(byte), &item) {
        (Some(item_type), item) => item.convert(item_type)?,
        (None, StackItem::Null) => return Err(FaultKind::ConvertNull(type_text(byte))),
        (None, _) => return Err(FaultKind::InvalidCast),
    };
    vm.push(converted);
    Ok(())
}

/// Pops a message. Faults if it is not text; Null stands for no message.
fn pop_message(vm: &mut Vm) -> Result<StackItem, FaultKind> {
    let message = vm.pop()?;
    message.check_text()?;
    Ok(message)
}

pub(super) fn abort_message(vm: &mut Vm) -> Done {
    let message = pop_message(vm)?.to_text()?.unwrap_or_default();
    Err(FaultKind::AbortMessage { opcode: OpCode::ABORTMSG, message })
}

/// Most messages are never shown. They are checked in place, where data that is
/// lent from the script need not be copied; text is made only of those that are shown.
pub(super) fn assert_message(vm: &mut Vm) -> Done {
    let holds = |vm: &Vm| Ok::<_, FaultKind>(vm.peek(0)?.check_text().is_ok() && vm.peek(1)?.to_boolean()?);
    if holds(vm) == Ok(true) {
        return vm.drop_items(2);
    }
    let message = pop_message(vm)?;
    if vm.pop_boolean()? {
        return Ok(());
    }
    Err(FaultKind::AssertMessage { opcode: OpCode::ASSERTMSG, message: message.to_text()?.unwrap_or_default() })
}
