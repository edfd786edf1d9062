//! The native contracts: one table each.
//!
//! Source: `NativeContract.cs`, `ContractMethodMetadata.cs` of the reference node.

#[macro_use]
mod table;
pub(crate) mod contract_management;
pub(crate) mod crypto_lib;
pub(crate) mod fungible;
pub(crate) mod gas_token;
mod keys;
pub(crate) mod ledger;
mod level;
pub(crate) mod neo_token;
pub(crate) mod notary;
pub(crate) mod oracle;
pub(crate) mod policy;
mod registry;
pub(crate) mod role_management;
pub(crate) mod std_lib;
mod take_over;
mod task;
pub(crate) mod treasury;

use neovm_interp::Caller;
use neovm_types::{FaultKind, Gas, Hash160};

pub(crate) use self::registry::Natives;
pub use self::{
    contract_management::{contract_hash_key, contract_key},
    ledger::{ID as LEDGER_ID, LedgerEntry, transaction_record},
    level::{LevelMethod, NativeLevel, NativeState},
    registry::NativeError,
    table::{Compose, Event, Initialize, Method, MethodHandler, NativeContract, Persist},
    take_over::take_over,
    task::{Finished, argument},
};
use crate::{
    executor::{Executor, Trigger},
    fault,
};

/// The native contracts of all networks, in the order in which they are initialized and persist.
pub const NATIVES: [&NativeContract; 11] = [
    &contract_management::CONTRACT,
    &std_lib::CONTRACT,
    &crypto_lib::CONTRACT,
    &ledger::CONTRACT,
    &neo_token::CONTRACT,
    &gas_token::CONTRACT,
    &policy::CONTRACT,
    &role_management::CONTRACT,
    &oracle::CONTRACT,
    &notary::CONTRACT,
    &treasury::CONTRACT,
];

/// Returns the native contract of all networks with a hash.
pub fn find(hash: Hash160) -> Option<&'static NativeContract> {
    NATIVES.into_iter().find(|native| native.hash == hash)
}

/// Runs the method of the current native contract that starts at the current
/// position. The arguments stay on the stack until the method has ended.
///
/// Source: `ApplicationEngine.Contract.cs` (`CallNativeContract`),
/// `NativeContract.cs` (`Invoke`).
pub(crate) fn invoke(executor: &mut Executor<'_>, caller: &mut Caller<'_>, version: u8) -> Result<(), FaultKind> {
    let hash = executor.current_hash()?;
    let native = executor.natives().find(hash);
    let native = native.ok_or_else(|| fault("only native contracts may run System.Contract.CallNative"))?;
    // A native contract can be called from the block after the one that activates it.
    let start = native.contract.start(&executor.settings().hardforks);
    if start > 0 && start > ledger::current_index(executor.layer())? {
        return Err(fault(format!("{} is not active", native.contract.name)));
    }
    let depth = executor.frame_count();
    let result = run(executor, caller, native, version);
    if result.is_err() {
        executor.native_failed(depth);
    }
    result
}

fn run(
    executor: &mut Executor<'_>,
    caller: &mut Caller<'_>,
    native: &NativeState,
    version: u8,
) -> Result<(), FaultKind> {
    if version != 0 {
        return Err(fault(format!("there is no version {version} of {}", native.contract.name)));
    }
    let method = native.method(caller.position().unwrap_or(0));
    let method = method.ok_or_else(|| fault("the position is no method of the native contract"))?;
    let hardfork = executor.hardfork();
    if !method.row.is_active(hardfork) {
        return Err(fault(format!("{} is not active", method.row.name)));
    }
    let flags = executor.call_flags()?;
    if !flags.contains(method.row.flags) {
        return Err(fault(format!("{} is not allowed with the call flags {flags}", method.row.name)));
    }
    if executor.fixed_fee(native.contract.hash, method.descriptor.offset)?.is_none() {
        let storage = i64::from(method.row.storage_fee) * i64::from(executor.storage_price());
        let fee = Gas::from_units(method.row.cpu_fee, executor.fee_factor());
        caller.add_fee(fee.saturating_add(Gas::from_datoshi(storage)))?;
    }
    executor.set_arguments(method.row.parameters.len());
    let finished = (method.row.handler)(executor, caller)?;
    executor.finish_native(caller, finished)
}

/// Lets each native contract do its work before or after the transactions of a
/// block.
///
/// Source: `ApplicationEngine.Contract.cs` (`NativeOnPersistAsync`,
/// `NativePostPersistAsync`).
pub(crate) fn persist(executor: &mut Executor<'_>, caller: &mut Caller<'_>, trigger: Trigger) -> Result<(), FaultKind> {
    let depth = executor.frame_count();
    let result = persist_all(executor, caller, trigger);
    if result.is_err() {
        executor.native_failed(depth);
    }
    result
}

fn persist_all(executor: &mut Executor<'_>, caller: &mut Caller<'_>, trigger: Trigger) -> Result<(), FaultKind> {
    let block = executor.block().filter(|_| executor.trigger() == trigger);
    let index = block.ok_or_else(|| fault("wrong trigger"))?.index;
    for NativeState { contract, .. } in executor.natives().states() {
        if contract.start(&executor.settings().hardforks) <= index {
            let work = if trigger == Trigger::OnPersist { contract.on_persist } else { contract.post_persist };
            work(executor, caller)?;
        }
    }
    Ok(())
}

/// Checks that the committee has signed.
///
/// Source: `NativeContract.cs` (`AssertCommittee`).
pub(crate) fn require_committee(executor: &Executor<'_>) -> Result<(), FaultKind> {
    let committee = neo_token::committee_address(executor.layer())?;
    if executor.check_witness(committee)? { Ok(()) } else { Err(fault("the committee has not signed")) }
}

/// Checks that almost all of the committee have signed, and returns their account.
///
/// Source: `NativeContract.cs` (`AssertAlmostFullCommittee`).
pub(crate) fn require_almost_full_committee(executor: &Executor<'_>) -> Result<Hash160, FaultKind> {
    let members = neo_token::committee(executor.layer())?;
    let least = (members.len() - members.len().saturating_sub(1) / 2).max(1);
    let script = neovm_chain::contract::multisig_script(least.max(members.len().saturating_sub(2)), &members);
    let account = neovm_types::hash::hash160(script.map_err(fault)?.bytes());
    if executor.check_witness(account)? { Ok(account) } else { Err(fault("too few of the committee have signed")) }
}
