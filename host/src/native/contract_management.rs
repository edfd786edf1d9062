//! The native contract ContractManagement. Deploys, updates and destroys contracts.
//!
//! Sources: `ContractManagement.cs`, `Helper.cs` (`Check`), `NativeContract.cs`
//! (`IsInitializeBlock`) of the reference node.

use std::sync::Arc;

use neovm_chain::contract::contract_hash;
use neovm_interp::Caller;
use neovm_storage::{Direction, Key, Layer};
use neovm_types::{
    CallFlags, FaultKind, Gas, Hardfork, Hash160, Integer, Manifest, NefFile, StackItem, manifest::ParameterType,
};

use super::{
    keys::{key, read_number, write, write_integer},
    level::NativeState,
    policy, require_committee,
    table::{Event, NativeContract},
    task::Task,
};
use crate::{
    contract::{Contract, ContractState},
    executor::{Call, Executor, FindOptions, IteratorHandle, StorageIterator},
    fault,
    parameter::ArrayItem,
};

/// The native contract ContractManagement.
pub(crate) const CONTRACT: NativeContract = NativeContract {
    doc: "Deploys, updates and destroys contracts.",
    methods: methods! {
        (executor, caller)

        /// Deploys a contract and returns it.
        deploy(nefFile: Vec<u8>, manifest: Vec<u8>) -> Task<ArrayItem> { flags: NOTIFYING }
            => deploy(executor, caller, &nefFile, &manifest, StackItem::Null);
        /// Deploys a contract, passes data to its `_deploy`, and returns it.
        deploy(nefFile: Vec<u8>, manifest: Vec<u8>, data: StackItem) -> Task<ArrayItem> { flags: NOTIFYING }
            => deploy(executor, caller, &nefFile, &manifest, data);
        /// Destroys the contract that calls, and then blocks its account.
        destroy() -> Task<()> { cpu_fee: 1 << 15, flags: NOTIFYING, until: Some(Hardfork::Gorgon) }
            => destroy_then_block(executor, caller);
        /// Blocks the account of the contract that calls, and then destroys the contract.
        destroy() -> Task<()> { cpu_fee: 1 << 15, flags: NOTIFYING, since: Hardfork::Gorgon }
            => block_then_destroy(executor, caller);
        /// Returns a contract, or Null.
        getContract(hash: Hash160) -> Option<ArrayItem> { cpu_fee: 1 << 15, flags: CallFlags::READ_STATES }
            => get_contract(executor, hash);
        /// Returns the contract with an id, or Null.
        getContractById(id: i32) -> Option<ArrayItem> { cpu_fee: 1 << 15, flags: CallFlags::READ_STATES }
            => get_contract_by_id(executor, id);
        /// Returns an iterator over the ids and hashes of the contracts that are not native.
        getContractHashes() -> IteratorHandle { cpu_fee: 1 << 15, flags: CallFlags::READ_STATES }
            => get_contract_hashes(executor);
        /// Returns what deploying a contract costs at least, in datoshi.
        getMinimumDeploymentFee() -> i64 { cpu_fee: 1 << 15, flags: CallFlags::READ_STATES }
            => minimum_deployment_fee(executor.layer());
        /// Returns whether a contract has a method; -1 stands for any number of parameters.
        hasMethod(hash: Hash160, method: String, pcount: i32) -> bool { cpu_fee: 1 << 15, flags: CallFlags::READ_STATES }
            => has_method(executor, hash, &method, pcount);
        /// Returns whether there is a contract with a hash.
        isContract(hash: Hash160) -> bool
            { cpu_fee: 1 << 14, flags: CallFlags::READ_STATES, since: Hardfork::Echidna }
            => is_contract(executor.layer(), hash);
        /// Sets what deploying a contract costs at least, in datoshi.
        setMinimumDeploymentFee(value: Integer) { cpu_fee: 1 << 15, flags: CallFlags::STATES }
            => set_minimum_deployment_fee(executor, value);
        /// Updates the contract that calls. What is Null stays as it is.
        update(nefFile: Option<Vec<u8>>, manifest: Option<Vec<u8>>) -> Task<()> { flags: NOTIFYING }
            => update(executor, caller, nefFile.as_deref(), manifest.as_deref(), StackItem::Null);
        /// Updates the contract that calls, and passes data to its `_deploy`. What is Null stays as it is.
        update(nefFile: Option<Vec<u8>>, manifest: Option<Vec<u8>>, data: StackItem) -> Task<()> { flags: NOTIFYING }
            => update(executor, caller, nefFile.as_deref(), manifest.as_deref(), data);
    },
    events: &[
        Event::new(DEPLOY, &[("Hash", ParameterType::Hash160)]),
        Event::new(UPDATE, &[("Hash", ParameterType::Hash160)]),
        Event::new(DESTROY, &[("Hash", ParameterType::Hash160)]),
    ],
    initialize: |executor, _, hardfork| match hardfork {
        Hardfork::Genesis => initialize(executor.layer()),
        _ => Ok(()),
    },
    on_persist,
    ..NativeContract::new("ContractManagement", ID, Hash160(HASH))
};

/// The id.
pub(crate) const ID: i32 = -1;
/// The hash.
const HASH: [u8; 20] = [
    0xfd, 0xa3, 0xfa, 0x43, 0x46, 0xea, 0x53, 0x2a, 0x25, 0x8f, 0xc4, 0x97, 0xdd, 0xad, 0xdb, 0x64, 0x37, 0xc9, 0xfd,
    0xff,
];

/// The flags of the methods that change contracts.
const NOTIFYING: CallFlags = CallFlags::STATES.union(CallFlags::ALLOW_NOTIFY);

const DEPLOY: &str = "Deploy";
const UPDATE: &str = "Update";
const DESTROY: &str = "Destroy";

const PREFIX_CONTRACT: u8 = 8;
const PREFIX_CONTRACT_HASH: u8 = 12;
const PREFIX_NEXT_AVAILABLE_ID: u8 = 15;
const PREFIX_MINIMUM_DEPLOYMENT_FEE: u8 = 20;

/// What deploying a contract costs at least, unless the committee says otherwise, in datoshi.
const DEFAULT_MINIMUM_DEPLOYMENT_FEE: i64 = 1_000_000_000;

/// The method that runs when its contract is deployed or updated.
const DEPLOY_METHOD: &str = "_deploy";

/// The key under which a contract is stored.
pub fn contract_key(hash: Hash160) -> Key {
    key(ID, PREFIX_CONTRACT).with(&hash.0)
}

/// The key under which the hash of the contract with an id is stored.
pub fn contract_hash_key(id: i32) -> Key {
    key(ID, PREFIX_CONTRACT_HASH).with(&id.to_be_bytes())
}

fn initialize(layer: &Layer<'_>) -> Result<(), FaultKind> {
    write_integer(layer, key(ID, PREFIX_MINIMUM_DEPLOYMENT_FEE), DEFAULT_MINIMUM_DEPLOYMENT_FEE)?;
    write_integer(layer, key(ID, PREFIX_NEXT_AVAILABLE_ID), 1)
}

/// Deploys or updates the native contracts that the block activates or changes.
fn on_persist(executor: &mut Executor<'_>, caller: &mut Caller<'_>) -> Result<(), FaultKind> {
    let index = executor.require_block()?.index;
    for native in executor.natives().states() {
        let hardforks = native.activated_at(&executor.settings().hardforks, index);
        if !hardforks.is_empty() {
            persist_native(executor, caller, native, &hardforks)?;
        }
    }
    Ok(())
}

fn persist_native(
    executor: &mut Executor<'_>,
    caller: &mut Caller<'_>,
    native: &NativeState,
    hardforks: &[Hardfork],
) -> Result<(), FaultKind> {
    let hash = native.state.hash;
    let old = executor.contract(hash)?;
    let update_counter = old.as_ref().map_or(0, |old| old.state().update_counter.wrapping_add(1));
    executor.layer().put(contract_key(hash), native.stored(update_counter)?).map_err(fault)?;
    if old.is_none() {
        write(executor.layer(), contract_hash_key(native.state.id), &hash.0)?;
    }
    for hardfork in hardforks {
        (native.contract.initialize)(executor, caller, *hardfork)?;
    }
    notify(executor, if old.is_none() { DEPLOY } else { UPDATE }, hash)
}

fn notify(executor: &mut Executor<'_>, event: &str, contract: Hash160) -> Result<(), FaultKind> {
    executor.notify(Hash160(HASH), event, StackItem::array([contract.into()]))
}

/// Returns whether there is a contract with a hash.
pub(crate) fn is_contract(layer: &Layer<'_>, hash: Hash160) -> Result<bool, FaultKind> {
    layer.contains(&contract_key(hash)).map_err(fault)
}

fn get_contract(executor: &Executor<'_>, hash: Hash160) -> Result<Option<ArrayItem>, FaultKind> {
    let contract = executor.contract(hash)?;
    contract.map(|contract| contract.to_item().map(ArrayItem)).transpose()
}

fn get_contract_by_id(executor: &Executor<'_>, id: i32) -> Result<Option<ArrayItem>, FaultKind> {
    let Some(hash) = executor.layer().get(&contract_hash_key(id)).map_err(fault)? else { return Ok(None) };
    let hash = (&*hash).try_into().map_err(|_| fault("a stored hash has not 20 bytes"))?;
    get_contract(executor, Hash160(hash))
}

fn get_contract_hashes(executor: &mut Executor<'_>) -> Result<IteratorHandle, FaultKind> {
    let entries = executor.layer().find(&key(ID, PREFIX_CONTRACT_HASH), Direction::Forward);
    // Ids below zero are those of native contracts.
    let entries = entries.filter(|entry| match entry {
        Ok((key, _)) => key.local().get(1).is_some_and(|byte| byte >> 7 == 0),
        Err(_) => true,
    });
    Ok(executor.add_iterator(StorageIterator::new(entries, 1, FindOptions::REMOVE_PREFIX).forgetting_last()))
}

fn has_method(executor: &Executor<'_>, hash: Hash160, method: &str, parameters: i32) -> Result<bool, FaultKind> {
    let Some(contract) = executor.contract(hash)? else { return Ok(false) };
    let count = match parameters {
        -1 => None,
        count => Some(u16::try_from(count).map_err(|_| fault("the number of parameters is out of range"))?),
    };
    Ok(contract.state().manifest.abi.method(method, count.map(usize::from)).is_some())
}

fn minimum_deployment_fee(layer: &Layer<'_>) -> Result<i64, FaultKind> {
    read_number(layer, &key(ID, PREFIX_MINIMUM_DEPLOYMENT_FEE))
}

fn set_minimum_deployment_fee(executor: &Executor<'_>, value: Integer) -> Result<(), FaultKind> {
    if value < Integer::from(0) {
        return Err(fault(format!("the fee {value} is below zero")));
    }
    require_committee(executor)?;
    write_integer(executor.layer(), key(ID, PREFIX_MINIMUM_DEPLOYMENT_FEE), value)
}

/// From Aspidochelone on, contracts are deployed and updated only with all call flags.
fn require_all_flags(executor: &Executor<'_>) -> Result<(), FaultKind> {
    if executor.is_active(Hardfork::Aspidochelone) { executor.require(CallFlags::ALL) } else { Ok(()) }
}

/// What storing a contract costs, in datoshi.
fn storage_fee(executor: &Executor<'_>, size: usize) -> i64 {
    // Neither exceeds 32 bits: items are shorter than 2 MiB.
    i64::from(executor.storage_price()) * size as i64
}

/// Returns a NEF file, and the bytes that are stored of it.
fn parse_nef(bytes: &[u8]) -> Result<(NefFile, Vec<u8>), FaultKind> {
    if bytes.is_empty() {
        return Err(fault("the NEF file is empty"));
    }
    NefFile::parse_with_bytes(bytes).map_err(fault)
}

/// Returns a manifest, and the item that is stored of it.
fn parse_manifest(bytes: &[u8]) -> Result<(Manifest, StackItem), FaultKind> {
    if bytes.is_empty() {
        return Err(fault("the manifest is empty"));
    }
    Manifest::parse_with_item(bytes).map_err(fault)
}

/// Checks that an instruction starts where each method does, and from Basilisk
/// on that the whole script is well-formed.
fn check_script(executor: &Executor<'_>, nef: &NefFile, manifest: &Manifest) -> Result<(), FaultKind> {
    let script = &nef.script;
    let is_strict = executor.is_active(Hardfork::Basilisk);
    let starts = if is_strict { Some(script.validated_starts().map_err(fault)?) } else { None };
    for method in &manifest.abi.methods {
        let offset = usize::try_from(method.offset).map_err(fault)?;
        script.instruction(offset)?;
        if starts.as_ref().is_some_and(|starts| !starts[offset]) {
            return Err(fault(format!("no instruction starts at {offset}, the offset of {:?}", method.name)));
        }
    }
    Ok(())
}

fn check_groups(manifest: &Manifest, contract: Hash160) -> Result<(), FaultKind> {
    match manifest.groups.iter().find(|group| !group.has_signed(contract)) {
        Some(group) => Err(fault(format!("the key of group {} has not signed {contract}", group.pubkey))),
        None => Ok(()),
    }
}

fn deploy(
    executor: &mut Executor<'_>,
    caller: &mut Caller<'_>,
    nef: &[u8],
    manifest: &[u8],
    data: StackItem,
) -> Result<Task<ArrayItem>, FaultKind> {
    require_all_flags(executor)?;
    let sender = executor.transaction().ok_or_else(|| fault("no transaction deploys the contract"))?.sender();
    if nef.is_empty() || manifest.is_empty() {
        return Err(fault("the NEF file or the manifest is empty"));
    }
    let fee = storage_fee(executor, nef.len() + manifest.len()).max(minimum_deployment_fee(executor.layer())?);
    caller.add_fee(Gas::from_datoshi(fee))?;
    let ((nef, nef_bytes), (manifest, manifest_item)) = (parse_nef(nef)?, parse_manifest(manifest)?);
    check_script(executor, &nef, &manifest)?;
    let checksum = nef_bytes.last_chunk().map_or(0, |checksum| u32::from_le_bytes(*checksum));
    let hash = contract_hash(sender, checksum, &manifest.name);
    if policy::is_blocked(executor.layer(), hash)? {
        return Err(fault(format!("contract {hash} is blocked")));
    }
    if is_contract(executor.layer(), hash)? {
        return Err(fault(format!("there is a contract {hash}")));
    }
    let id = next_id(executor.layer())?;
    check_groups(&manifest, hash)?;
    let contract = ContractState { id, update_counter: 0, hash, nef, manifest };
    let stored = contract.bytes_of(&nef_bytes, manifest_item)?;
    write(executor.layer(), contract_key(hash), &stored)?;
    write(executor.layer(), contract_hash_key(id), &hash.0)?;
    let deployed = on_deploy(executor, caller, &contract, data, false)?;
    deployed.then(executor, caller, move |executor, _, ()| {
        // `_deploy` may have updated the contract, or destroyed it.
        let item = match get_contract(executor, hash)? {
            Some(item) => item,
            None => ArrayItem(contract.to_item()?),
        };
        Ok(Task::Done(item))
    })
}

/// Takes the next id of a contract.
fn next_id(layer: &Layer<'_>) -> Result<i32, FaultKind> {
    let key = key(ID, PREFIX_NEXT_AVAILABLE_ID);
    let id: i32 = read_number(layer, &key)?;
    write_integer(layer, key, i64::from(id) + 1)?;
    Ok(id)
}

/// Calls the contract's `_deploy`, if it has it, and then notifies.
fn on_deploy(
    executor: &mut Executor<'_>,
    caller: &mut Caller<'_>,
    contract: &ContractState,
    data: StackItem,
    is_update: bool,
) -> Result<Task<()>, FaultKind> {
    let hash = contract.hash;
    let event = if is_update { UPDATE } else { DEPLOY };
    if !has_deploy_method(contract) {
        return notify(executor, event, hash).map(Task::Done);
    }
    let arguments = vec![data, is_update.into()];
    executor.call_from_native(caller, Hash160(HASH), hash, DEPLOY_METHOD, arguments, false)?;
    Ok(Task::after(move |executor, _| notify(executor, event, hash).map(Task::Done)))
}

fn has_deploy_method(contract: &ContractState) -> bool {
    contract.manifest.abi.method(DEPLOY_METHOD, Some(2)).is_some()
}

fn update(
    executor: &mut Executor<'_>,
    caller: &mut Caller<'_>,
    nef: Option<&[u8]>,
    manifest: Option<&[u8]>,
    data: StackItem,
) -> Result<Task<()>, FaultKind> {
    require_all_flags(executor)?;
    if nef.is_none() && manifest.is_none() {
        return Err(fault("neither a NEF file nor a manifest"));
    }
    let size = nef.map_or(0, <[u8]>::len) + manifest.map_or(0, <[u8]>::len);
    caller.add_fee(Gas::from_datoshi(storage_fee(executor, size)))?;
    let contract = executor.calling_contract()?;
    let contract = contract.ok_or_else(|| fault("only contracts can be updated"))?;
    let mut contract = contract.state().clone();
    let update_counter = contract.update_counter.checked_add(1);
    contract.update_counter = update_counter.ok_or_else(|| fault("the contract cannot be updated any more"))?;
    if let Some(nef) = nef {
        (contract.nef, _) = parse_nef(nef)?;
    }
    policy::clean_whitelist(executor, contract.hash)?;
    if let Some(manifest) = manifest {
        let (manifest, _) = parse_manifest(manifest)?;
        if manifest.name != contract.manifest.name {
            return Err(fault("the name of a contract cannot be changed"));
        }
        check_groups(&manifest, contract.hash)?;
        contract.manifest = manifest;
    }
    check_script(executor, &contract.nef, &contract.manifest)?;
    match contract.to_bytes() {
        Ok(bytes) => {
            write(executor.layer(), contract_key(contract.hash), &bytes)?;
            on_deploy(executor, caller, &contract, data, true)
        }
        Err(too_large) => Err(load_too_large(executor, caller, contract, data).err().unwrap_or(too_large)),
    }
}

/// Loads the `_deploy` of a contract that is too large to be stored. The reference serializes an updated contract
/// only after that, so that this is where it faults.
fn load_too_large(
    executor: &mut Executor<'_>,
    caller: &mut Caller<'_>,
    contract: ContractState,
    data: StackItem,
) -> Result<(), FaultKind> {
    if !has_deploy_method(&contract) {
        return Ok(());
    }
    let call = Call { flags: CallFlags::ALL, returns: Some(false), native: Some(Hash160(HASH)) };
    let arguments = [data, true.into()].into_iter();
    executor.call_method(caller, &Arc::new(Contract::new(contract)), DEPLOY_METHOD, arguments, &call)
}

/// Removes a contract and its storage.
fn erase(executor: &Executor<'_>, hash: Hash160, id: i32) -> Result<(), FaultKind> {
    let layer = executor.layer();
    layer.delete(&contract_key(hash)).map_err(fault)?;
    layer.delete(&contract_hash_key(id)).map_err(fault)?;
    for entry in layer.find(&Key::new(id, &[]), Direction::Forward) {
        layer.delete(&entry.map_err(fault)?.0).map_err(fault)?;
    }
    Ok(())
}

/// Destroys the calling contract before Gorgon: what its account holds as a voter goes nowhere.
fn destroy_then_block(executor: &mut Executor<'_>, caller: &mut Caller<'_>) -> Result<Task<()>, FaultKind> {
    let Some(contract) = executor.calling_contract()? else { return Ok(Task::Done(())) };
    let (hash, id) = (contract.state().hash, contract.state().id);
    erase(executor, hash, id)?;
    let blocked = policy::block_account(executor, caller, hash)?;
    blocked.then(executor, caller, move |executor, _, _| {
        policy::clean_whitelist(executor, hash)?;
        notify(executor, DESTROY, hash).map(Task::Done)
    })
}

/// Destroys the calling contract from Gorgon on: it still gets the GAS that it has as a voter.
fn block_then_destroy(executor: &mut Executor<'_>, caller: &mut Caller<'_>) -> Result<Task<()>, FaultKind> {
    let Some(contract) = executor.calling_contract()? else { return Ok(Task::Done(())) };
    let (hash, id) = (contract.state().hash, contract.state().id);
    let blocked = policy::block_account(executor, caller, hash)?;
    blocked.then(executor, caller, move |executor, _, _| {
        policy::clean_whitelist(executor, hash)?;
        erase(executor, hash, id)?;
        notify(executor, DESTROY, hash).map(Task::Done)
    })
}
