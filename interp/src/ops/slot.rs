//! Static fields, local variables, arguments. Source: `JumpTable.Slot.cs`.

use neovm_types::{FaultKind, OpCode, StackItem};

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

/// The slots of a kind, for an index in the order of their numbers.
type Slots = fn(&mut Vm) -> &mut [StackItem];

/// Arguments lie with the last one first.
#[derive(Clone, Copy)]
enum Order {
    Forward,
    Backward,
}

fn place(slots: &[StackItem], index: usize, order: Order) -> Option<usize> {
    if index >= slots.len() {
        return None;
    }
    Some(match order {
        Order::Forward => index,
        Order::Backward => slots.len() - 1 - index,
    })
}

fn load(vm: &mut Vm, slots: Slots, order: Order) -> Done {
    let index = vm.inst().slot_index();
    let own = slots(vm);
    if own.is_empty() {
        return Err(FaultKind::NoSlot);
    }
    let count = own.len();
    let place = place(own, index, order).ok_or_else(|| FaultKind::SlotLoad { index, count })?;
    let item = vm.copy_of_slot(slots, place);
    vm.push(item);
    Ok(())
}

fn store(vm: &mut Vm, slots: Slots, order: Order) -> Done {
    let index = vm.inst().slot_index();
    let own = slots(vm);
    if own.is_empty() {
        return Err(FaultKind::NoSlot);
    }
    let count = own.len();
    let place = place(own, index, order).ok_or_else(|| FaultKind::SlotStore { index, count })?;
    let item = vm.pop()?;
    let old = core::mem::replace(&mut slots(vm)[place], item.clone());
    vm.count_out(&old);
    vm.count_in(&item);
    Ok(())
}

pub(super) fn load_static(vm: &mut Vm) -> Done {
    load(vm, Vm::statics, Order::Forward)
}

pub(super) fn store_static(vm: &mut Vm) -> Done {
    store(vm, Vm::statics, Order::Forward)
}

pub(super) fn load_local(vm: &mut Vm) -> Done {
    load(vm, Vm::locals, Order::Forward)
}

pub(super) fn store_local(vm: &mut Vm) -> Done {
    store(vm, Vm::locals, Order::Forward)
}

pub(super) fn load_argument(vm: &mut Vm) -> Done {
    load(vm, Vm::arguments, Order::Backward)
}

pub(super) fn store_argument(vm: &mut Vm) -> Done {
    store(vm, Vm::arguments, Order::Backward)
}
