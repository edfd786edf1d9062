//! The native contract Notary. Deposits for notary services.
//!
//! Source: `Notary.cs` of the reference node.

use std::cmp::Ordering;

use neovm_chain::{Attribute, AttributeType, Transaction, contract::account};
use neovm_crypto::{Curve, Hash, verify as verify_signature};
use neovm_interp::Caller;
use neovm_storage::{Key, Layer};
use neovm_types::{CallFlags, FaultKind, Hardfork, Hash160, Integer, StackItem, manifest::PublicKey};

use super::{
    gas_token,
    keys::{key, read_number, write, write_integer},
    ledger, policy, require_committee,
    role_management::{Role, designated},
    table::NativeContract,
    task::Task,
};
use crate::{
    executor::{Container, Executor},
    fault,
    stored::{deserialize, number, serialize},
};

/// The native contract Notary.
pub(crate) const CONTRACT: NativeContract = NativeContract {
    doc: "Deposits for notary services.",
    active_in: Hardfork::Echidna,
    activations: &[Hardfork::Faun],
    methods: methods! {
        (executor, caller)

        /// Returns the GAS that an account has deposited, in datoshi.
        balanceOf(account: Hash160) -> Integer { cpu_fee: 1 << 15, flags: CallFlags::READ_STATES }
            => balance_of(executor.layer(), account);
        /// Returns the block until which an account's deposit is locked; 0 if there is none.
        expirationOf(account: Hash160) -> u32 { cpu_fee: 1 << 15, flags: CallFlags::READ_STATES }
            => Ok(deposit(executor.layer(), account)?.map_or(0, |deposit| deposit.till));
        /// Returns the number of blocks for which a transaction may wait for signatures.
        getMaxNotValidBeforeDelta() -> u32 { cpu_fee: 1 << 15, flags: CallFlags::READ_STATES }
            => read_number(executor.layer(), &key(ID, PREFIX_MAX_NOT_VALID_BEFORE_DELTA));
        /// Locks an account's deposit for longer, and returns whether that can be.
        lockDepositUntil(account: Hash160, till: u32) -> bool { cpu_fee: 1 << 15, flags: CallFlags::STATES }
            => lock_deposit_until(executor, account, till);
        /// Takes GAS that is transferred as a deposit.
        onNEP17Payment(from: Hash160, amount: Integer, data: StackItem) { cpu_fee: 1 << 15, flags: CallFlags::STATES }
            => on_payment(executor, from, amount, &data);
        /// Sets the number of blocks for which a transaction may wait for signatures.
        setMaxNotValidBeforeDelta(value: u32) { cpu_fee: 1 << 15, flags: CallFlags::STATES }
            => set_max_not_valid_before_delta(executor, value);
        /// Returns whether a notary node has signed the transaction, which must be allowed to use the service.
        verify(signature: Vec<u8>) -> bool { cpu_fee: 1 << 15, flags: CallFlags::READ_STATES }
            => verify(executor, &signature);
        /// Transfers an account's deposit to an account, and returns whether that can be.
        withdraw(from: Hash160, to: Option<Hash160>) -> Task<bool> { cpu_fee: 1 << 15, flags: CallFlags::ALL }
            => withdraw(executor, caller, from, to);
    },
    initialize: |executor, _, hardfork| match hardfork {
        Hardfork::Echidna => {
            let key = key(ID, PREFIX_MAX_NOT_VALID_BEFORE_DELTA);
            write_integer(executor.layer(), key, DEFAULT_MAX_NOT_VALID_BEFORE_DELTA)
        }
        _ => Ok(()),
    },
    on_persist,
    compose: |manifest, hardfork| {
        let standards: &[&str] = if hardfork >= Hardfork::Faun { &["NEP-27", "NEP-30"] } else { &["NEP-27"] };
        manifest.supported_standards = standards.iter().map(|&standard| standard.into()).collect();
    },
    ..NativeContract::new("Notary", ID, Hash160(HASH))
};

/// The id.
pub(crate) const ID: i32 = -10;
/// The hash.
const HASH: [u8; 20] = [
    0x3b, 0xec, 0x35, 0x31, 0x11, 0x9b, 0xba, 0xd7, 0x6d, 0xd0, 0x44, 0x92, 0x0b, 0x0d, 0xe6, 0xc3, 0x19, 0x4f, 0xe1,
    0xc1,
];

const PREFIX_DEPOSIT: u8 = 1;
const PREFIX_MAX_NOT_VALID_BEFORE_DELTA: u8 = 10;

/// The number of blocks for which a transaction may wait, unless the committee says otherwise.
const DEFAULT_MAX_NOT_VALID_BEFORE_DELTA: u32 = 140;
/// The number of blocks for which a deposit is locked that somebody else made.
const DEFAULT_LOCK: u32 = 5760;

/// What an account has deposited.
struct Deposit {
    /// In datoshi.
    amount: Integer,
    /// The block until which the deposit is locked.
    till: u32,
}

fn deposit_key(account: Hash160) -> Key {
    key(ID, PREFIX_DEPOSIT).with(&account.0)
}

fn deposit(layer: &Layer<'_>, account: Hash160) -> Result<Option<Deposit>, FaultKind> {
    let Some(stored) = layer.get(&deposit_key(account)).map_err(fault)? else { return Ok(None) };
    let damaged = || fault("a stored deposit is damaged");
    let StackItem::Struct(fields) = deserialize(&stored)? else { return Err(damaged()) };
    let [amount, till] = &fields.to_vec()[..] else { return Err(damaged()) };
    Ok(Some(Deposit { amount: amount.to_integer()?, till: number(till.to_integer()?)? }))
}

/// Returns the GAS that an account has deposited, in datoshi.
pub(crate) fn balance_of(layer: &Layer<'_>, account: Hash160) -> Result<Integer, FaultKind> {
    Ok(deposit(layer, account)?.map_or(Integer::from(0), |deposit| deposit.amount))
}

fn put_deposit(layer: &Layer<'_>, account: Hash160, deposit: Deposit) -> Result<(), FaultKind> {
    let record = StackItem::structure([deposit.amount.into(), deposit.till.into()]);
    write(layer, deposit_key(account), &serialize(&record)?)
}

fn remove_deposit(layer: &Layer<'_>, account: Hash160) -> Result<(), FaultKind> {
    layer.delete(&deposit_key(account)).map_err(fault)
}

/// The number of signatures that are collected for a transaction, if it uses the service.
fn assisted_keys(transaction: &Transaction) -> Option<u8> {
    transaction.attributes.iter().find_map(|attribute| match attribute {
        Attribute::NotaryAssisted { keys } => Some(*keys),
        _ => None,
    })
}

/// The fees of a transaction, in datoshi.
fn fees(transaction: &Transaction) -> Integer {
    transaction.system_fee.wrapping_add(transaction.network_fee).into()
}

/// The keys of the notary nodes in the next block.
fn notary_nodes(executor: &Executor<'_>) -> Result<Vec<PublicKey>, FaultKind> {
    let next = ledger::current_index(executor.layer())?.wrapping_add(1);
    designated(executor.layer(), Role::P2pNotary, next)
}

/// The fee for a signature that the service collects, in datoshi.
fn fee_per_key(layer: &Layer<'_>) -> Result<i64, FaultKind> {
    policy::attribute_fee(layer, AttributeType::NotaryAssisted).map(i64::from)
}

/// Takes the fees of the transactions that deposits pay for, and pays the nodes.
fn on_persist(executor: &mut Executor<'_>, caller: &mut Caller<'_>) -> Result<(), FaultKind> {
    let block = executor.require_block()?;
    let mut keys = 0;
    for transaction in block.transactions() {
        let Some(assisted) = assisted_keys(transaction) else { continue };
        keys += i64::from(assisted) + 1;
        if transaction.sender() == Hash160(HASH) {
            let payer = transaction.signers.get(1).ok_or_else(|| fault("nobody pays the notary service"))?;
            charge(executor.layer(), payer.account, fees(transaction))?;
        }
    }
    if keys == 0 {
        return Ok(());
    }
    let nodes = notary_nodes(executor)?;
    let reward = (keys * fee_per_key(executor.layer())?).checked_div(nodes.len() as i64);
    let reward = reward.ok_or_else(|| fault("there is no notary node"))?;
    for node in nodes {
        // Without a call of the account's contract the task is done.
        gas_token::mint(executor, caller, account(&node), reward.into(), false)?;
    }
    Ok(())
}

/// Takes fees from a deposit.
///
/// # Errors
/// A fault if it holds less: a block with such a transaction cannot be persisted.
fn charge(layer: &Layer<'_>, payer: Hash160, fees: Integer) -> Result<(), FaultKind> {
    let deposit = deposit(layer, payer)?.ok_or_else(|| fault(format!("{payer} has no deposit")))?;
    match deposit.amount.cmp(&fees) {
        Ordering::Less => Err(fault(format!("the deposit of {payer} does not pay {fees}"))),
        Ordering::Equal => remove_deposit(layer, payer),
        Ordering::Greater => put_deposit(layer, payer, Deposit { amount: deposit.amount.sub(fees)?, ..deposit }),
    }
}

fn verify(executor: &Executor<'_>, signature: &[u8]) -> Result<bool, FaultKind> {
    let Container::Transaction(transaction) = executor.container() else { return Ok(false) };
    if signature.len() != 64 || assisted_keys(transaction).is_none() {
        return Ok(false);
    }
    let own = transaction.signers.iter().find(|signer| signer.account == Hash160(HASH));
    if own.is_some_and(|signer| !signer.scopes.is_empty()) {
        return Ok(false);
    }
    if transaction.sender() == Hash160(HASH) {
        let [_, payer] = &transaction.signers[..] else { return Ok(false) };
        let deposit = deposit(executor.layer(), payer.account)?;
        if deposit.is_none_or(|deposit| deposit.amount < fees(transaction)) {
            return Ok(false);
        }
    }
    let message = transaction.sign_data(executor.settings().network);
    for node in notary_nodes(executor)? {
        if verify_signature(&message, &node.0, signature, Curve::Secp256r1, Hash::Sha256).map_err(fault)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Takes GAS for the account that `data` names, or the one that pays. Only the
/// account itself, as sender, can say until when the deposit is locked.
fn on_payment(executor: &Executor<'_>, from: Hash160, amount: Integer, data: &StackItem) -> Result<(), FaultKind> {
    if executor.calling_hash() != Some(gas_token::CONTRACT.hash) {
        return Err(fault("only GAS can be deposited"));
    }
    let (StackItem::Array(data) | StackItem::Struct(data)) = data else {
        return Err(fault("the data of a deposit is no array"));
    };
    let [to, till] = &data.to_vec()[..] else { return Err(fault("the data of a deposit has not two elements")) };
    let to = if to.is_null() { from } else { leading_hash(to)? };
    let mut till = number(till.to_integer()?)?;
    let transaction = executor.transaction().ok_or_else(|| fault("the container is no transaction"))?;
    let is_owner = transaction.sender() == to;
    let layer = executor.layer();
    let height = ledger::current_index(layer)?;
    if till < height.wrapping_add(2) {
        return Err(fault(format!("a deposit until {till}, the last block is {height}")));
    }
    let old = match deposit(layer, to)? {
        Some(old) if till < old.till => {
            return Err(fault(format!("a deposit until {till}, there is one until {}", old.till)));
        }
        Some(old) => {
            till = if is_owner { till } else { old.till };
            old.amount
        }
        None => {
            let least = 2 * fee_per_key(layer)?;
            if amount < Integer::from(least) {
                return Err(fault(format!("the first deposit must be at least {least}, not {amount}")));
            }
            till = if is_owner { till } else { height.wrapping_add(DEFAULT_LOCK) };
            Integer::from(0)
        }
    };
    put_deposit(layer, to, Deposit { amount: old.add(amount)?, till })
}

/// The hash that bytes start with: what follows is ignored.
fn leading_hash(item: &StackItem) -> Result<Hash160, FaultKind> {
    let hash = item.with_bytes(|bytes| bytes.first_chunk().map(|hash| Hash160(*hash)))?;
    hash.ok_or_else(|| fault("the account of a deposit has less than 20 bytes"))
}

fn lock_deposit_until(executor: &Executor<'_>, account: Hash160, till: u32) -> Result<bool, FaultKind> {
    let layer = executor.layer();
    if !executor.check_witness(account)? || till < ledger::current_index(layer)?.wrapping_add(2) {
        return Ok(false);
    }
    match deposit(layer, account)? {
        Some(deposit) if till >= deposit.till => {
            put_deposit(layer, account, Deposit { till, ..deposit })?;
            Ok(true)
        }
        _ => Ok(false),
    }
}

fn withdraw(
    executor: &mut Executor<'_>,
    caller: &mut Caller<'_>,
    from: Hash160,
    to: Option<Hash160>,
) -> Result<Task<bool>, FaultKind> {
    if !executor.check_witness(from)? {
        return Ok(Task::Done(false));
    }
    let to = to.unwrap_or(from);
    let Some(deposit) = deposit(executor.layer(), from)? else { return Ok(Task::Done(false)) };
    if ledger::current_index(executor.layer())? < deposit.till {
        return Ok(Task::Done(false));
    }
    remove_deposit(executor.layer(), from)?;
    let arguments = vec![Hash160(HASH).into(), to.into(), deposit.amount.into(), StackItem::Null];
    executor.call_from_native(caller, Hash160(HASH), gas_token::CONTRACT.hash, "transfer", arguments, true)?;
    Ok(Task::after(move |_, caller| match caller.pop_boolean()? {
        true => Ok(Task::Done(true)),
        false => Err(fault(format!("the deposit cannot be transferred to {to}"))),
    }))
}

fn set_max_not_valid_before_delta(executor: &Executor<'_>, value: u32) -> Result<(), FaultKind> {
    let most = policy::max_valid_until_block_increment(executor.layer())? / 2;
    let least = executor.settings().validators_count;
    if value > most || value < least {
        return Err(fault(format!("{value} is not from {least} to {most}")));
    }
    require_committee(executor)?;
    write_integer(executor.layer(), key(ID, PREFIX_MAX_NOT_VALID_BEFORE_DELTA), value)
}
