//! Bits and equality. Source: `JumpTable.Bitwisee.cs`.

use neovm_types::Integer;

use super::Done;
use crate::vm::Vm;

pub(super) fn invert(vm: &mut Vm) -> Done {
    let value = vm.pop_integer()?;
    vm.push(value.not());
    Ok(())
}

fn combine(vm: &mut Vm, op: impl Fn(Integer, Integer) -> Integer) -> Done {
    let b = vm.pop_integer()?;
    let a = vm.pop_integer()?;
    vm.push(op(a, b));
    Ok(())
}

pub(super) fn and(vm: &mut Vm) -> Done {
    combine(vm, Integer::bitand)
}

pub(super) fn or(vm: &mut Vm) -> Done {
    combine(vm, Integer::bitor)
}

pub(super) fn xor(vm: &mut Vm) -> Done {
    combine(vm, Integer::bitxor)
}

fn equality(vm: &mut Vm, when: bool) -> Done {
    let b = vm.pop()?;
    let a = vm.pop()?;
    let equal = a.equals(&b, &vm.limits)?;
    vm.push(equal == when);
    Ok(())
}

pub(super) fn equal(vm: &mut Vm) -> Done {
    equality(vm, true)
}

pub(super) fn not_equal(vm: &mut Vm) -> Done {
    equality(vm, false)
}
