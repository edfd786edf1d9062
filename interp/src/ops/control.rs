//! Jumps, calls, exceptions, system calls. Source: `JumpTable.Control.cs`.

use neovm_types::{FaultKind, Integer, OpCode, Script};

use super::Done;
use crate::{
    caller::Caller,
    host::{Host, HostError},
    vm::Vm,
};

pub(super) fn nop(_: &mut Vm) -> Done {
    Ok(())
}

/// Returns the offset of a jump, from the script: the decoded instruction
/// holds a distance in instructions.
fn offset(vm: &Vm) -> i32 {
    let position = vm.inst().offset as usize;
    let instruction = vm.script().map(|script| Script::instruction(script, position));
    instruction.and_then(Result::ok).and_then(|instruction| instruction.offsets().0).unwrap_or(0)
}

pub(super) fn jmp(vm: &mut Vm) -> Done {
    vm.jump(offset(vm))
}

pub(super) fn jmp_if(vm: &mut Vm) -> Done {
    if vm.pop_boolean()? { vm.jump(offset(vm)) } else { Ok(()) }
}

pub(super) fn jmp_if_not(vm: &mut Vm) -> Done {
    if vm.pop_boolean()? { Ok(()) } else { vm.jump(offset(vm)) }
}

fn jump_if(vm: &mut Vm, compare: impl Fn(Integer, Integer) -> bool) -> Done {
    let b = vm.pop_integer()?;
    let a = vm.pop_integer()?;
    if compare(a, b) { vm.jump(offset(vm)) } else { Ok(()) }
}

pub(super) fn jmp_eq(vm: &mut Vm) -> Done {
    jump_if(vm, |a, b| a == b)
}

pub(super) fn jmp_ne(vm: &mut Vm) -> Done {
    jump_if(vm, |a, b| a != b)
}

pub(super) fn jmp_gt(vm: &mut Vm) -> Done {
    jump_if(vm, |a, b| a > b)
}

pub(super) fn jmp_ge(vm: &mut Vm) -> Done {
    jump_if(vm, |a, b| a >= b)
}

pub(super) fn jmp_lt(vm: &mut Vm) -> Done {
    jump_if(vm, |a, b| a < b)
}

pub(super) fn jmp_le(vm: &mut Vm) -> Done {
    jump_if(vm, |a, b| a <= b)
}

pub(super) fn call(vm: &mut Vm) -> Done {
    let target = vm.target(offset(vm))?;
    call_position(vm, target)
}

pub(super) fn call_pointer(vm: &mut Vm) -> Done {
    let pointer = vm.pop_pointer()?;
    if pointer.load() != vm.pointer(0).load() {
        return Err(FaultKind::ForeignPointer);
    }
    call_position(vm, pointer.position() as i32)
}

/// A call made by an instruction: the caller goes on behind it.
fn call_position(vm: &mut Vm, position: i32) -> Done {
    vm.in_instruction = true;
    let result = vm.call(position.into());
    vm.in_instruction = false;
    result
}

pub(super) fn call_token(vm: &mut Vm, host: &mut dyn Host) -> Done {
    let token = vm.inst().operand as u16;
    match host.call_token(&mut Caller::new(vm), token) {
        Ok(()) => Ok(()),
        Err(error) => raise(vm, host, error),
    }
}

pub(super) fn abort(_: &mut Vm) -> Done {
    Err(FaultKind::Abort(OpCode::ABORT))
}

pub(super) fn assert(vm: &mut Vm) -> Done {
    if vm.pop_boolean()? { Ok(()) } else { Err(FaultKind::Assert(OpCode::ASSERT)) }
}

pub(super) fn throw(vm: &mut Vm, host: &mut dyn Host) -> Done {
    let exception = vm.pop()?;
    vm.throw(exception, host)
}

pub(super) fn try_(vm: &mut Vm) -> Done {
    let operand = vm.inst().operand;
    vm.begin_try((operand >> 32) as i32, operand as i32)
}

pub(super) fn end_try(vm: &mut Vm) -> Done {
    vm.end_try(offset(vm))
}

pub(super) fn end_finally(vm: &mut Vm, host: &mut dyn Host) -> Done {
    vm.end_finally(host)
}

pub(super) fn ret(vm: &mut Vm, host: &mut dyn Host) -> Done {
    match vm.return_from_context(host) {
        Ok(()) => Ok(()),
        Err(error) => raise(vm, host, error),
    }
}

pub(super) fn syscall(vm: &mut Vm, host: &mut dyn Host) -> Done {
    let id = vm.inst().operand as u32;
    match host.syscall(&mut Caller::new(vm), id) {
        Ok(()) => Ok(()),
        Err(error) => raise(vm, host, error),
    }
}

/// Throws what the host threw, or passes its fault on.
#[cold]
pub(crate) fn raise(vm: &mut Vm, host: &mut dyn Host, error: HostError) -> Done {
    match error {
        HostError::Fault(kind) => Err(kind),
        HostError::Throw(exception) => vm.throw(exception, host),
    }
}
