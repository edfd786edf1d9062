//! Integers and booleans. Source: `JumpTable.Numeric.cs`.

use neovm_types::{FaultKind, Integer};

use super::Done;
use crate::vm::Vm;

fn unary(vm: &mut Vm, op: impl Fn(Integer) -> Result<Integer, FaultKind>) -> Done {
    let value = vm.pop_integer()?;
    vm.push(op(value)?);
    Ok(())
}

fn binary(vm: &mut Vm, op: impl Fn(Integer, Integer) -> Result<Integer, FaultKind>) -> Done {
    let b = vm.pop_integer()?;
    let a = vm.pop_integer()?;
    vm.push(op(a, b)?);
    Ok(())
}

pub(super) fn sign(vm: &mut Vm) -> Done {
    unary(vm, |value| Ok(Integer::Small(value.signum())))
}

pub(super) fn abs(vm: &mut Vm) -> Done {
    unary(vm, Integer::abs)
}

pub(super) fn negate(vm: &mut Vm) -> Done {
    unary(vm, Integer::neg)
}

pub(super) fn inc(vm: &mut Vm) -> Done {
    unary(vm, |value| value.add(Integer::Small(1)))
}

pub(super) fn dec(vm: &mut Vm) -> Done {
    unary(vm, |value| value.sub(Integer::Small(1)))
}

pub(super) fn add(vm: &mut Vm) -> Done {
    binary(vm, Integer::add)
}

pub(super) fn sub(vm: &mut Vm) -> Done {
    binary(vm, Integer::sub)
}

pub(super) fn mul(vm: &mut Vm) -> Done {
    binary(vm, Integer::mul)
}

pub(super) fn div(vm: &mut Vm) -> Done {
    binary(vm, Integer::div)
}

pub(super) fn rem(vm: &mut Vm) -> Done {
    binary(vm, Integer::rem)
}

pub(super) fn pow(vm: &mut Vm) -> Done {
    let exponent = pop_shift(vm)?;
    unary(vm, |value| value.pow(exponent))
}

pub(super) fn sqrt(vm: &mut Vm) -> Done {
    unary(vm, Integer::sqrt)
}

pub(super) fn mod_mul(vm: &mut Vm) -> Done {
    let modulus = vm.pop_integer()?;
    binary(vm, |a, b| a.mod_mul(b, modulus))
}

pub(super) fn mod_pow(vm: &mut Vm) -> Done {
    let modulus = vm.pop_integer()?;
    binary(vm, |value, exponent| value.mod_pow(exponent, modulus))
}

/// Pops the distance of a shift or the exponent of a power. Faults if it exceeds the limit.
pub(super) fn pop_shift(vm: &mut Vm) -> Result<u32, FaultKind> {
    let shift = vm.pop_i32()?;
    vm.limits.check_shift(shift)
}

pub(super) fn shl(vm: &mut Vm) -> Done {
    let shift = pop_shift(vm)?;
    unary(vm, |value| value.shl(shift))
}

pub(super) fn shr(vm: &mut Vm) -> Done {
    let shift = pop_shift(vm)?;
    unary(vm, |value| Ok(value.shr(shift)))
}

pub(super) fn not(vm: &mut Vm) -> Done {
    let value = vm.pop_boolean()?;
    vm.push(!value);
    Ok(())
}

fn logic(vm: &mut Vm, op: impl Fn(bool, bool) -> bool) -> Done {
    let b = vm.pop_boolean()?;
    let a = vm.pop_boolean()?;
    vm.push(op(a, b));
    Ok(())
}

pub(super) fn bool_and(vm: &mut Vm) -> Done {
    logic(vm, |a, b| a && b)
}

pub(super) fn bool_or(vm: &mut Vm) -> Done {
    logic(vm, |a, b| a || b)
}

pub(super) fn nz(vm: &mut Vm) -> Done {
    let value = vm.pop_integer()?;
    vm.push(!value.is_zero());
    Ok(())
}

fn compare(vm: &mut Vm, op: impl Fn(Integer, Integer) -> bool) -> Done {
    let b = vm.pop_integer()?;
    let a = vm.pop_integer()?;
    vm.push(op(a, b));
    Ok(())
}

pub(super) fn num_equal(vm: &mut Vm) -> Done {
    compare(vm, |a, b| a == b)
}

pub(super) fn num_not_equal(vm: &mut Vm) -> Done {
    compare(vm, |a, b| a != b)
}

/// A comparison that is false if either item is Null, whatever the other one is.
fn order(vm: &mut Vm, op: impl Fn(Integer, Integer) -> bool) -> Done {
    let b = vm.pop()?;
    let a = vm.pop()?;
    let result = !a.is_null() && !b.is_null() && op(a.to_integer()?, b.to_integer()?);
    vm.push(result);
    Ok(())
}

pub(super) fn lt(vm: &mut Vm) -> Done {
    order(vm, |a, b| a < b)
}

pub(super) fn le(vm: &mut Vm) -> Done {
    order(vm, |a, b| a <= b)
}

pub(super) fn gt(vm: &mut Vm) -> Done {
    order(vm, |a, b| a > b)
}

pub(super) fn ge(vm: &mut Vm) -> Done {
    order(vm, |a, b| a >= b)
}

pub(super) fn min(vm: &mut Vm) -> Done {
    binary(vm, |a, b| Ok(a.min(b)))
}

pub(super) fn max(vm: &mut Vm) -> Done {
    binary(vm, |a, b| Ok(a.max(b)))
}

pub(super) fn within(vm: &mut Vm) -> Done {
    let end = vm.pop_integer()?;
    let start = vm.pop_integer()?;
    let value = vm.pop_integer()?;
    vm.push(start <= value && value < end);
    Ok(())
}
