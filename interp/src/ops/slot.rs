//! Static fields, local variables, arguments. Source: `JumpTable.Slot.cs`.

use neovm_types::{FaultKind, OpCode, opcode::SlotKind};

use super::Done;
use crate::vm::Vm;

pub(super) fn init_statics(vm: &mut Vm) -> Done {
    if vm.statics_count != 0 {
        return Err(FaultKind::SlotTwice(OpCode::INITSSLOT));
    }
    let count = vm.inst().operand as u32;
    if count == 0 {
        return Err(FaultKind::InvalidOperand { operand: count, opcode: OpCode::INITSSLOT });
    }
    vm.take_room(count as isize);
    vm.make_statics(count);
    Ok(())
}

pub(super) fn init(vm: &mut Vm) -> Done {
    if vm.has_slots() {
        return Err(FaultKind::SlotTwice(OpCode::INITSLOT));
    }
    let operand = vm.inst().operand as u32;
    if operand == 0 {
        return Err(FaultKind::InvalidOperand { operand, opcode: OpCode::INITSLOT });
    }
    vm.make_slots(operand & 0xff, operand >> 8)
}

/// Returns where the slot that the current instruction names lies among the slots
/// of its kind. Faults with [`FaultKind::NoSlot`] if there are no such slots, and
/// with `missing` of the index and the number of slots if there are too few.
fn place(vm: &mut Vm, kind: SlotKind, missing: fn(usize, usize) -> FaultKind) -> Result<usize, FaultKind> {
    let index = vm.inst().slot_index(kind);
    match vm.slots_of(kind).len() {
        0 => Err(FaultKind::NoSlot),
        count if index >= count => Err(missing(index, count)),
        // The last argument lies first.
        count if kind == SlotKind::Argument => Ok(count - 1 - index),
        _ => Ok(index),
    }
}

fn load(vm: &mut Vm, kind: SlotKind) -> Done {
    let place = place(vm, kind, |index, count| FaultKind::SlotLoad { index, count })?;
    let item = vm.copy_of_slot(kind, place);
    vm.push(item);
    Ok(())
}

fn store(vm: &mut Vm, kind: SlotKind) -> Done {
    let place = place(vm, kind, |index, count| FaultKind::SlotStore { index, count })?;
    let item = vm.pop()?;
    let old = core::mem::replace(&mut vm.slots_of(kind)[place], item.clone());
    vm.count_out(&old);
    vm.count_in(&item);
    Ok(())
}

pub(super) fn load_static(vm: &mut Vm) -> Done {
    load(vm, SlotKind::Static)
}

pub(super) fn store_static(vm: &mut Vm) -> Done {
    store(vm, SlotKind::Static)
}

pub(super) fn load_local(vm: &mut Vm) -> Done {
    load(vm, SlotKind::Local)
}

pub(super) fn store_local(vm: &mut Vm) -> Done {
    store(vm, SlotKind::Local)
}

pub(super) fn load_argument(vm: &mut Vm) -> Done {
    load(vm, SlotKind::Argument)
}

pub(super) fn store_argument(vm: &mut Vm) -> Done {
    store(vm, SlotKind::Argument)
}
