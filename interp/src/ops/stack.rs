//! The order of the evaluation stack. Source: `JumpTable.Stack.cs`.

use neovm_types::{FaultKind, OpCode};

use super::Done;
use crate::vm::Vm;

pub(super) fn depth(vm: &mut Vm) -> Done {
    vm.push(vm.stack_len() as i64);
    Ok(())
}

pub(super) fn drop_top(vm: &mut Vm) -> Done {
    vm.pop().map(drop)
}

pub(super) fn nip(vm: &mut Vm) -> Done {
    vm.remove(1).map(drop)
}

/// Pops the depth of an item. Faults if it is negative.
fn pop_depth(vm: &mut Vm, opcode: OpCode) -> Result<usize, FaultKind> {
    let n = vm.pop_i32()?;
    usize::try_from(n).map_err(|_| FaultKind::NegativeStackIndex { n, opcode })
}

pub(super) fn xdrop(vm: &mut Vm) -> Done {
    let n = pop_depth(vm, OpCode::XDROP)?;
    vm.remove(n).map(drop)
}

pub(super) fn clear(vm: &mut Vm) -> Done {
    vm.clear_stack();
    Ok(())
}

fn push_copy(vm: &mut Vm, depth: usize) -> Done {
    let item = vm.copy_at(depth)?;
    vm.push(item);
    Ok(())
}

pub(super) fn dup(vm: &mut Vm) -> Done {
    push_copy(vm, 0)
}

pub(super) fn over(vm: &mut Vm) -> Done {
    push_copy(vm, 1)
}

pub(super) fn pick(vm: &mut Vm) -> Done {
    let n = pop_depth(vm, OpCode::PICK)?;
    push_copy(vm, n)
}

pub(super) fn tuck(vm: &mut Vm) -> Done {
    let item = vm.copy_at(0)?;
    vm.insert(2, item)
}

/// Faults if there is no item at a depth, which is to be swapped.
fn check_swap(vm: &Vm, index: usize) -> Done {
    let count = vm.stack_len();
    if index >= count { Err(FaultKind::SwapIndex { index, count }) } else { Ok(()) }
}

pub(super) fn swap(vm: &mut Vm) -> Done {
    check_swap(vm, 1)?;
    vm.items_mut(2).swap(0, 1);
    Ok(())
}

pub(super) fn rot(vm: &mut Vm) -> Done {
    check_swap(vm, 2)?;
    vm.items_mut(3).rotate_left(1);
    Ok(())
}

pub(super) fn roll(vm: &mut Vm) -> Done {
    let n = pop_depth(vm, OpCode::ROLL)?;
    // The reference does not look at the stack if it is zero.
    if n == 0 {
        return Ok(());
    }
    let item = vm.remove(n)?;
    vm.push(item);
    Ok(())
}

fn reverse(vm: &mut Vm, n: i32) -> Done {
    let count = vm.stack_len();
    match usize::try_from(n) {
        Ok(items) if items <= count => {
            vm.items_mut(items).reverse();
            Ok(())
        }
        _ => Err(FaultKind::StackRange { n: n.into(), count }),
    }
}

pub(super) fn reverse3(vm: &mut Vm) -> Done {
    reverse(vm, 3)
}

pub(super) fn reverse4(vm: &mut Vm) -> Done {
    reverse(vm, 4)
}

pub(super) fn reverse_n(vm: &mut Vm) -> Done {
    let n = vm.pop_i32()?;
    reverse(vm, n)
}
