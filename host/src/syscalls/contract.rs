//! System calls about contracts. Source: `ApplicationEngine.Contract.cs`.

use neovm_chain::contract::{account, ordered_multisig_script};
use neovm_interp::Caller;
use neovm_types::{CallFlags, FaultKind, Hardfork, Hash160, hash::hash160, manifest::PublicKey};

use crate::{
    executor::{Call, Executor, Trigger},
    fault, native,
    parameter::{ArrayItem, List, Point},
};

pub(super) fn call(
    executor: &mut Executor<'_>,
    caller: &mut Caller<'_>,
    contract: Hash160,
    method: &str,
    flags: CallFlags,
    arguments: ArrayItem,
) -> Result<(), FaultKind> {
    if method.starts_with('_') {
        return Err(fault(format!("the method {method:?} starts with an underscore")));
    }
    check_flags(flags)?;
    let call = Call { flags, returns: None, native: None };
    executor.call_contract(caller, contract, method, arguments.iter(), &call)
}

/// Checks that all bits of call flags have a meaning.
pub(super) fn check_flags(flags: CallFlags) -> Result<(), FaultKind> {
    let bits = flags.bits();
    CallFlags::from_bits(bits).map(|_| ()).ok_or_else(|| fault(format!("undefined call flags {bits:#04x}")))
}

pub(super) fn call_native(executor: &mut Executor<'_>, caller: &mut Caller<'_>, version: u8) -> Result<(), FaultKind> {
    native::invoke(executor, caller, version)
}

/// The units that an account of some keys costs.
fn account_price(executor: &Executor<'_>, keys: usize) -> u64 {
    if executor.is_active(Hardfork::Aspidochelone) { (1 << 15) * keys as u64 } else { 1 << 8 }
}

pub(super) fn create_standard_account(
    executor: &mut Executor<'_>,
    caller: &mut Caller<'_>,
    key: PublicKey,
) -> Result<Hash160, FaultKind> {
    executor.charge_units(caller, account_price(executor, 1))?;
    Ok(account(&key))
}

pub(super) fn create_multisig_account(
    executor: &mut Executor<'_>,
    caller: &mut Caller<'_>,
    m: i32,
    List(mut points): List<Point>,
) -> Result<Hash160, FaultKind> {
    executor.charge_units(caller, account_price(executor, points.len()))?;
    let m = usize::try_from(m).map_err(|_| fault("the number of signatures is negative"))?;
    points.sort_unstable();
    let keys: Vec<_> = points.iter().map(Point::key).collect();
    Ok(hash160(ordered_multisig_script(m, &keys).map_err(fault)?.bytes()))
}

pub(super) fn native_on_persist(executor: &mut Executor<'_>, caller: &mut Caller<'_>) -> Result<(), FaultKind> {
    native::persist(executor, caller, Trigger::OnPersist)
}

pub(super) fn native_post_persist(executor: &mut Executor<'_>, caller: &mut Caller<'_>) -> Result<(), FaultKind> {
    native::persist(executor, caller, Trigger::PostPersist)
}
