//! The native contract PolicyContract. Fees, limits and blocked accounts, set by
//! the committee.
//!
//! Sources: `PolicyContract.cs`, `WhitelistedContract.cs` of the reference node.

use std::cell::Cell;

use neovm_chain::AttributeType;
use neovm_interp::Caller;
use neovm_storage::{ContractsStamp, Direction, Key, Layer};
use neovm_types::{CallFlags, FaultKind, Gas, Hardfork, Hash160, Integer, StackItem, manifest::ParameterType};

use super::{
    keys::{key, read_integer, read_number, write, write_integer},
    neo_token, require_almost_full_committee, require_committee,
    table::{Event, NativeContract},
    task::Task,
    treasury,
};
use crate::{
    executor::{Executor, FindOptions, IteratorHandle, StorageIterator},
    fault,
    parameter::Parameter,
    stored::{serialize, with_fields},
};

/// The native contract PolicyContract.
pub(crate) const CONTRACT: NativeContract = NativeContract {
    doc: "Fees, limits and blocked accounts, set by the committee.",
    methods: methods! {
        (executor, caller)

        /// Blocks an account, and returns whether it was not blocked.
        blockAccount(account: Hash160) -> Task<bool>
            { cpu_fee: 1 << 15, flags: CallFlags::STATES, until: Some(Hardfork::Faun) }
            => require_committee(executor).and_then(|()| block_account(executor, caller, account));
        /// Blocks an account, withdraws its vote, and returns whether it was not blocked.
        blockAccount(account: Hash160) -> Task<bool> {
            cpu_fee: 1 << 15,
            flags: CallFlags::STATES.union(CallFlags::ALLOW_NOTIFY),
            since: Hardfork::Faun,
        } => require_committee(executor).and_then(|()| block_account(executor, caller, account));
        /// Returns the network fee for an attribute of a transaction, in datoshi.
        getAttributeFee(attributeType: u8) -> u32
            { cpu_fee: 1 << 15, flags: CallFlags::READ_STATES, until: Some(Hardfork::Echidna) }
            => attribute_fee_of(executor, attributeType);
        /// Returns the network fee for an attribute of a transaction, in datoshi.
        getAttributeFee(attributeType: u8) -> u32
            { cpu_fee: 1 << 15, flags: CallFlags::READ_STATES, since: Hardfork::Echidna }
            => attribute_fee_of(executor, attributeType);
        /// Returns an iterator over the accounts that are blocked.
        getBlockedAccounts() -> IteratorHandle
            { cpu_fee: 1 << 15, flags: CallFlags::READ_STATES, since: Hardfork::Faun }
            => iterate(executor, PREFIX_BLOCKED_ACCOUNT, FindOptions::KEYS_ONLY | FindOptions::REMOVE_PREFIX);
        /// Returns what a price unit costs, in datoshi.
        getExecFeeFactor() -> u32 { cpu_fee: 1 << 15, flags: CallFlags::READ_STATES }
            => exec_fee_factor(executor.hardfork(), stored_exec_fee_factor(executor.layer())?);
        /// Returns what a price unit costs, in picoGAS.
        getExecPicoFeeFactor() -> u64
            { cpu_fee: 1 << 15, flags: CallFlags::READ_STATES, since: Hardfork::Faun }
            => stored_exec_fee_factor(executor.layer());
        /// Returns the network fee for a byte of a transaction, in datoshi.
        getFeePerByte() -> i64 { cpu_fee: 1 << 15, flags: CallFlags::READ_STATES } => fee_per_byte(executor.layer());
        /// Returns the number of blocks that contracts can read.
        getMaxTraceableBlocks() -> u32
            { cpu_fee: 1 << 15, flags: CallFlags::READ_STATES, since: Hardfork::Echidna }
            => max_traceable_blocks(executor.layer());
        /// Returns the number of blocks that a transaction may be valid for.
        getMaxValidUntilBlockIncrement() -> u32
            { cpu_fee: 1 << 15, flags: CallFlags::READ_STATES, since: Hardfork::Echidna }
            => max_valid_until_block_increment(executor.layer());
        /// Returns the milliseconds between two blocks.
        getMillisecondsPerBlock() -> u32
            { cpu_fee: 1 << 15, flags: CallFlags::READ_STATES, since: Hardfork::Echidna }
            => milliseconds_per_block(executor.layer());
        /// Returns what a byte of storage costs, in datoshi.
        getStoragePrice() -> u32 { cpu_fee: 1 << 15, flags: CallFlags::READ_STATES } => storage_price(executor.layer());
        /// Returns an iterator over the methods that have a fixed fee.
        getWhitelistFeeContracts() -> IteratorHandle
            { cpu_fee: 1 << 15, flags: CallFlags::READ_STATES, since: Hardfork::Faun }
            => iterate(
                executor,
                PREFIX_WHITELIST,
                FindOptions::REMOVE_PREFIX | FindOptions::VALUES_ONLY | FindOptions::DESERIALIZE_VALUES,
            );
        /// Returns whether an account or contract is blocked.
        isBlocked(account: Hash160) -> bool { cpu_fee: 1 << 15, flags: CallFlags::READ_STATES }
            => is_blocked(executor.layer(), account);
        /// Moves the tokens of an account that was blocked a year ago to the treasury.
        recoverFund(account: Hash160, token: Hash160) -> Task<bool>
            { cpu_fee: 1 << 15, flags: CallFlags::ALL, since: Hardfork::Faun }
            => recover_fund(executor, caller, account, token);
        /// Takes a method's fixed fee away.
        removeWhitelistFeeContract(contractHash: Hash160, method: String, argCount: i32) {
            cpu_fee: 1 << 15,
            flags: CallFlags::STATES.union(CallFlags::ALLOW_NOTIFY),
            since: Hardfork::Faun,
        } => remove_whitelisted(executor, contractHash, &method, argCount);
        /// Sets the network fee for an attribute of a transaction.
        setAttributeFee(attributeType: u8, value: u32)
            { cpu_fee: 1 << 15, flags: CallFlags::STATES, until: Some(Hardfork::Echidna) }
            => set_attribute_fee(executor, attributeType, value);
        /// Sets the network fee for an attribute of a transaction.
        setAttributeFee(attributeType: u8, value: u32)
            { cpu_fee: 1 << 15, flags: CallFlags::STATES, since: Hardfork::Echidna }
            => set_attribute_fee(executor, attributeType, value);
        /// Sets what a price unit costs: in datoshi, from Faun on in picoGAS.
        setExecFeeFactor(value: u64) { cpu_fee: 1 << 15, flags: CallFlags::STATES }
            => set_exec_fee_factor(executor, value);
        /// Sets the network fee for a byte of a transaction.
        setFeePerByte(value: i64) { cpu_fee: 1 << 15, flags: CallFlags::STATES }
            => set_number(executor, PREFIX_FEE_PER_BYTE, value, 0, MAX_FEE_PER_BYTE);
        /// Sets the number of blocks that contracts can read, which cannot grow.
        setMaxTraceableBlocks(value: u32) { cpu_fee: 1 << 15, flags: CallFlags::STATES, since: Hardfork::Echidna }
            => set_max_traceable_blocks(executor, value);
        /// Sets the number of blocks that a transaction may be valid for.
        setMaxValidUntilBlockIncrement(value: u32)
            { cpu_fee: 1 << 15, flags: CallFlags::STATES, since: Hardfork::Echidna }
            => set_max_valid_until_block_increment(executor, value);
        /// Sets the milliseconds between two blocks.
        setMillisecondsPerBlock(value: u32) {
            cpu_fee: 1 << 15,
            flags: CallFlags::STATES.union(CallFlags::ALLOW_NOTIFY),
            since: Hardfork::Echidna,
        } => set_milliseconds_per_block(executor, value);
        /// Sets what a byte of storage costs.
        setStoragePrice(value: u32) { cpu_fee: 1 << 15, flags: CallFlags::STATES }
            => set_number(executor, PREFIX_STORAGE_PRICE, value.into(), 1, MAX_STORAGE_PRICE);
        /// Gives a method a fixed fee, which calls pay in place of all others.
        setWhitelistFeeContract(contractHash: Hash160, method: String, argCount: i32, fixedFee: i64) {
            cpu_fee: 1 << 15,
            flags: CallFlags::STATES.union(CallFlags::ALLOW_NOTIFY),
            since: Hardfork::Faun,
        } => set_whitelisted(executor, contractHash, &method, argCount, fixedFee);
        /// Unblocks an account, and returns whether it was blocked.
        unblockAccount(account: Hash160) -> bool { cpu_fee: 1 << 15, flags: CallFlags::STATES }
            => unblock_account(executor, account);
    },
    events: &[
        Event {
            since: Hardfork::Echidna,
            ..Event::new(
                MILLISECONDS_PER_BLOCK_CHANGED,
                &[("old", ParameterType::Integer), ("new", ParameterType::Integer)],
            )
        },
        Event {
            since: Hardfork::Faun,
            ..Event::new(
                WHITELIST_FEE_CHANGED,
                &[
                    ("contract", ParameterType::Hash160),
                    ("method", ParameterType::String),
                    ("argCount", ParameterType::Integer),
                    ("fee", ParameterType::Any),
                ],
            )
        },
        Event { since: Hardfork::Faun, ..Event::new(RECOVERED_FUND, &[("account", ParameterType::Hash160)]) },
    ],
    initialize: |executor, _, hardfork| initialize(executor, hardfork),
    ..NativeContract::new("PolicyContract", ID, Hash160(HASH))
};

/// The id.
pub(crate) const ID: i32 = -7;
/// The hash.
const HASH: [u8; 20] = [
    0x7b, 0xc6, 0x81, 0xc0, 0xa1, 0xf7, 0x1d, 0x54, 0x34, 0x57, 0xb6, 0x8b, 0xba, 0x8d, 0x5f, 0x9f, 0xdd, 0x4e, 0x5e,
    0xcc,
];

const PREFIX_FEE_PER_BYTE: u8 = 10;
const PREFIX_BLOCKED_ACCOUNT: u8 = 15;
const PREFIX_WHITELIST: u8 = 16;
const PREFIX_EXEC_FEE_FACTOR: u8 = 18;
const PREFIX_STORAGE_PRICE: u8 = 19;
const PREFIX_ATTRIBUTE_FEE: u8 = 20;
const PREFIX_MILLISECONDS_PER_BLOCK: u8 = 21;
const PREFIX_MAX_VALID_UNTIL_BLOCK_INCREMENT: u8 = 22;
const PREFIX_MAX_TRACEABLE_BLOCKS: u8 = 23;

const MILLISECONDS_PER_BLOCK_CHANGED: &str = "MillisecondsPerBlockChanged";
const WHITELIST_FEE_CHANGED: &str = "WhitelistFeeChanged";
const RECOVERED_FUND: &str = "RecoveredFund";

/// What a price unit costs unless the committee says otherwise, in datoshi.
pub(crate) const DEFAULT_EXEC_FEE_FACTOR: i64 = 30;
/// What a byte of storage costs unless the committee says otherwise, in datoshi.
pub(crate) const DEFAULT_STORAGE_PRICE: u32 = 100_000;
const DEFAULT_FEE_PER_BYTE: i64 = 1000;
const DEFAULT_NOTARY_ASSISTED_FEE: i64 = 10_000_000;

const MAX_FEE_PER_BYTE: i64 = 100_000_000;
const MAX_EXEC_FEE_FACTOR: u64 = 100;
const MAX_STORAGE_PRICE: i64 = 10_000_000;
const MAX_ATTRIBUTE_FEE: i64 = 1_000_000_000;
const MAX_MILLISECONDS_PER_BLOCK: i64 = 30_000;
const MAX_MAX_VALID_UNTIL_BLOCK_INCREMENT: i64 = 86_400;
const MAX_MAX_TRACEABLE_BLOCKS: i64 = 2_102_400;

/// How long an account must have been blocked before its tokens can be moved: a year, in milliseconds.
const RECOVERY_TIME: i64 = 365 * 24 * 60 * 60 * 1000;

/// The network fee for a byte of a transaction, in datoshi.
pub(crate) fn fee_per_byte(layer: &Layer<'_>) -> Result<i64, FaultKind> {
    read_number(layer, &key(ID, PREFIX_FEE_PER_BYTE))
}

/// The keys of the two prices that each execution reads first.
pub(crate) fn price_keys() -> [Key; 2] {
    [key(ID, PREFIX_EXEC_FEE_FACTOR), key(ID, PREFIX_STORAGE_PRICE)]
}

/// The prices that each execution reads first.
#[derive(Clone, Copy)]
pub(crate) struct Prices {
    /// See [`stored_exec_fee_factor`].
    pub(crate) stored_exec_fee_factor: u64,
    /// See [`storage_price`].
    pub(crate) storage_price: u32,
}

impl Prices {
    /// Reads the prices, unless they are those that this thread has read last.
    pub(crate) fn read(layer: &Layer<'_>) -> Result<Self, FaultKind> {
        thread_local! {
            static LAST: Cell<Option<(ContractsStamp, Prices)>> = const { Cell::new(None) };
        }
        let stamp = layer.contracts_stamp();
        if let (Some(stamp), Ok(Some((last, prices)))) = (stamp, LAST.try_with(Cell::get))
            && stamp == last
        {
            return Ok(prices);
        }
        let prices =
            Self { stored_exec_fee_factor: stored_exec_fee_factor(layer)?, storage_price: storage_price(layer)? };
        // At the end of a thread there is nobody to keep them for.
        _ = LAST.try_with(|place| place.set(stamp.map(|stamp| (stamp, prices))));
        Ok(prices)
    }
}

/// What a price unit costs, as it is stored: in datoshi before Faun, in picoGAS from then on.
pub(crate) fn stored_exec_fee_factor(layer: &Layer<'_>) -> Result<u64, FaultKind> {
    read_number(layer, &key(ID, PREFIX_EXEC_FEE_FACTOR))
}

/// What a price unit costs, in datoshi, rounded down, given what is stored.
///
/// Source: `PolicyContract.cs` (`GetExecFeeFactor`).
pub(crate) fn exec_fee_factor(hardfork: Hardfork, stored: u64) -> Result<u32, FaultKind> {
    let datoshi = if hardfork >= Hardfork::Faun { stored / Gas::PICO_PER_DATOSHI } else { stored };
    u32::try_from(datoshi).map_err(|_| FaultKind::Overflow)
}

/// What a byte of storage costs, in datoshi.
pub(crate) fn storage_price(layer: &Layer<'_>) -> Result<u32, FaultKind> {
    read_number(layer, &key(ID, PREFIX_STORAGE_PRICE))
}

/// The milliseconds between two blocks, from Echidna on.
pub(crate) fn milliseconds_per_block(layer: &Layer<'_>) -> Result<u32, FaultKind> {
    read_number(layer, &key(ID, PREFIX_MILLISECONDS_PER_BLOCK))
}

/// The number of blocks that a transaction may be valid for, from Echidna on.
pub(crate) fn max_valid_until_block_increment(layer: &Layer<'_>) -> Result<u32, FaultKind> {
    read_number(layer, &key(ID, PREFIX_MAX_VALID_UNTIL_BLOCK_INCREMENT))
}

/// The number of blocks that contracts can read, from Echidna on.
pub(crate) fn max_traceable_blocks(layer: &Layer<'_>) -> Result<u32, FaultKind> {
    read_number(layer, &key(ID, PREFIX_MAX_TRACEABLE_BLOCKS))
}

/// The network fee for an attribute of a transaction, in datoshi.
pub(crate) fn attribute_fee(layer: &Layer<'_>, attribute: AttributeType) -> Result<u32, FaultKind> {
    let key = key(ID, PREFIX_ATTRIBUTE_FEE).with(&[attribute as u8]);
    if layer.contains(&key).map_err(fault)? { read_number(layer, &key) } else { Ok(0) }
}

/// The type of attribute that a byte stands for, if its fee can be set.
fn attribute_type(executor: &Executor<'_>, byte: u8) -> Result<AttributeType, FaultKind> {
    let known = AttributeType::from_byte(byte);
    let known = known.filter(|known| *known != AttributeType::NotaryAssisted || executor.is_active(Hardfork::Echidna));
    known.ok_or_else(|| fault(format!("the attribute type {byte:#04x} is not supported")))
}

fn attribute_fee_of(executor: &Executor<'_>, byte: u8) -> Result<u32, FaultKind> {
    attribute_fee(executor.layer(), attribute_type(executor, byte)?)
}

fn blocked_key(account: Hash160) -> Key {
    key(ID, PREFIX_BLOCKED_ACCOUNT).with(&account.0)
}

/// Returns whether an account or contract is blocked.
pub(crate) fn is_blocked(layer: &Layer<'_>, account: Hash160) -> Result<bool, FaultKind> {
    layer.contains(&blocked_key(account)).map_err(fault)
}

fn whitelist_key(contract: Hash160, offset: i32) -> Key {
    key(ID, PREFIX_WHITELIST).with(&contract.0).with(&offset.to_be_bytes())
}

/// Returns the fixed fee of the method of a contract that starts at an offset, in
/// datoshi, if it has one.
pub(crate) fn fixed_fee(layer: &Layer<'_>, contract: Hash160, offset: i32) -> Result<Option<i64>, FaultKind> {
    let stored = layer.peek(&whitelist_key(contract, offset)).map_err(fault)?;
    stored.map(|stored| Whitelisted::read(&stored).map(|entry| entry.fee)).transpose()
}

/// Reads the record of a method's fixed fee, as each call of the method does: iterators can tell.
pub(crate) fn note_fixed_fee(layer: &Layer<'_>, contract: Hash160, offset: i32) -> Result<(), FaultKind> {
    layer.get(&whitelist_key(contract, offset)).map(drop).map_err(fault)
}

/// A method with a fixed fee.
struct Whitelisted {
    method: StackItem,
    arguments: StackItem,
    fee: i64,
}

impl Whitelisted {
    fn read(stored: &[u8]) -> Result<Self, FaultKind> {
        let damaged = || fault("the record of a fixed fee is damaged");
        with_fields(stored, |fields| {
            let [_, method, arguments, fee] = fields else { return Err(damaged()) };
            let Integer::Small(fee) = fee.to_integer()? else { return Err(damaged()) };
            Ok(Self { method: method.clone(), arguments: arguments.clone(), fee })
        })
    }
}

fn notify_whitelist(
    executor: &mut Executor<'_>,
    contract: Hash160,
    method: StackItem,
    arguments: StackItem,
    fee: StackItem,
) -> Result<(), FaultKind> {
    let state = StackItem::array([contract.into(), method, arguments, fee]);
    executor.notify(Hash160(HASH), WHITELIST_FEE_CHANGED, state)
}

/// The key of a method's fixed fee; a fault if there is no such method.
fn whitelist_key_of(executor: &Executor<'_>, hash: Hash160, method: &str, arguments: i32) -> Result<Key, FaultKind> {
    require_committee(executor)?;
    let contract = executor.require_contract(hash)?;
    let known = usize::try_from(arguments).ok().and_then(|count| contract.method(method, count));
    let known =
        known.ok_or_else(|| fault(format!("contract {hash} has no method {method:?} with {arguments} parameters")))?;
    Ok(whitelist_key(hash, known.offset))
}

fn set_whitelisted(
    executor: &mut Executor<'_>,
    contract: Hash160,
    method: &str,
    arguments: i32,
    fee: i64,
) -> Result<(), FaultKind> {
    if fee < 0 {
        return Err(fault(format!("the fee {fee} is below zero")));
    }
    let key = whitelist_key_of(executor, contract, method, arguments)?;
    // Methods with the same offset share a record, which keeps the name of the first one.
    let old = executor.layer().peek(&key).map_err(fault)?;
    let record = match old.map(|old| Whitelisted::read(&old)).transpose()? {
        Some(old) => StackItem::structure([contract.into(), old.method, old.arguments, fee.into()]),
        None => StackItem::structure([contract.into(), method.into(), arguments.into(), fee.into()]),
    };
    write(executor.layer(), key, &serialize(&record)?)?;
    notify_whitelist(executor, contract, method.into(), arguments.into(), fee.into())
}

fn remove_whitelisted(
    executor: &mut Executor<'_>,
    contract: Hash160,
    method: &str,
    arguments: i32,
) -> Result<(), FaultKind> {
    let key = whitelist_key_of(executor, contract, method, arguments)?;
    if !executor.layer().contains(&key).map_err(fault)? {
        return Err(fault(format!("method {method:?} of {contract} has no fixed fee")));
    }
    executor.layer().delete(&key).map_err(fault)?;
    notify_whitelist(executor, contract, method.into(), arguments.into(), StackItem::Null)
}

/// Takes the fixed fees of a contract's methods away, when it is updated or destroyed.
pub(crate) fn clean_whitelist(executor: &mut Executor<'_>, contract: Hash160) -> Result<(), FaultKind> {
    let prefix = key(ID, PREFIX_WHITELIST).with(&contract.0);
    for entry in executor.layer().find(&prefix, Direction::Forward) {
        let (key, item) = entry.map_err(fault)?;
        executor.layer().delete(&key).map_err(fault)?;
        let Whitelisted { method, arguments, .. } = Whitelisted::read(&item.value())?;
        notify_whitelist(executor, contract, method, arguments, StackItem::Null)?;
    }
    Ok(())
}

fn iterate(executor: &mut Executor<'_>, prefix: u8, options: FindOptions) -> Result<IteratorHandle, FaultKind> {
    let entries = executor.layer().find(&key(ID, prefix), Direction::Forward);
    Ok(executor.add_iterator(StorageIterator::new(entries, 1, options)))
}

/// Sets a number that must lie in a range, if the committee has signed.
fn set_number(executor: &Executor<'_>, prefix: u8, value: i64, least: i64, most: i64) -> Result<(), FaultKind> {
    check_range(value, least, most)?;
    require_committee(executor)?;
    write_integer(executor.layer(), key(ID, prefix), value)
}

fn check_range(value: i64, least: i64, most: i64) -> Result<(), FaultKind> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    Err(fault(format!("{value} is not between {least} and {most}")))
}

fn set_attribute_fee(executor: &Executor<'_>, byte: u8, value: u32) -> Result<(), FaultKind> {
    let attribute = attribute_type(executor, byte)?;
    check_range(value.into(), 0, MAX_ATTRIBUTE_FEE)?;
    require_committee(executor)?;
    write_integer(executor.layer(), key(ID, PREFIX_ATTRIBUTE_FEE).with(&[attribute as u8]), i64::from(value))
}

fn set_exec_fee_factor(executor: &Executor<'_>, value: u64) -> Result<(), FaultKind> {
    let unit = if executor.is_active(Hardfork::Faun) { Gas::PICO_PER_DATOSHI } else { 1 };
    let value = i64::try_from(value).unwrap_or(i64::MAX);
    set_number(executor, PREFIX_EXEC_FEE_FACTOR, value, 1, (MAX_EXEC_FEE_FACTOR * unit) as i64)
}

fn set_milliseconds_per_block(executor: &mut Executor<'_>, value: u32) -> Result<(), FaultKind> {
    check_range(value.into(), 1, MAX_MILLISECONDS_PER_BLOCK)?;
    require_committee(executor)?;
    let old = milliseconds_per_block(executor.layer())?;
    write_integer(executor.layer(), key(ID, PREFIX_MILLISECONDS_PER_BLOCK), i64::from(value))?;
    let state = StackItem::array([StackItem::from(old), StackItem::from(value)]);
    executor.notify(Hash160(HASH), MILLISECONDS_PER_BLOCK_CHANGED, state)
}

fn set_max_valid_until_block_increment(executor: &Executor<'_>, value: u32) -> Result<(), FaultKind> {
    check_range(value.into(), 1, MAX_MAX_VALID_UNTIL_BLOCK_INCREMENT)?;
    let traceable = max_traceable_blocks(executor.layer())?;
    if value >= traceable {
        return Err(fault(format!("{value} is not below the {traceable} blocks that contracts can read")));
    }
    require_committee(executor)?;
    write_integer(executor.layer(), key(ID, PREFIX_MAX_VALID_UNTIL_BLOCK_INCREMENT), i64::from(value))
}

fn set_max_traceable_blocks(executor: &Executor<'_>, value: u32) -> Result<(), FaultKind> {
    check_range(value.into(), 1, MAX_MAX_TRACEABLE_BLOCKS)?;
    let old = max_traceable_blocks(executor.layer())?;
    let increment = max_valid_until_block_increment(executor.layer())?;
    if value > old || value <= increment {
        return Err(fault(format!("{value} is not above {increment} and at most {old}")));
    }
    require_committee(executor)?;
    write_integer(executor.layer(), key(ID, PREFIX_MAX_TRACEABLE_BLOCKS), i64::from(value))
}

/// Blocks an account, and returns whether it was not blocked. From Faun on its
/// vote is withdrawn.
///
/// Source: `PolicyContract.cs` (`BlockAccountInternal`).
pub(crate) fn block_account(
    executor: &mut Executor<'_>,
    caller: &mut Caller<'_>,
    account: Hash160,
) -> Result<Task<bool>, FaultKind> {
    if executor.natives().find(account).is_some() {
        return Err(fault("native contracts cannot be blocked"));
    }
    if is_blocked(executor.layer(), account)? {
        return Ok(Task::Done(false));
    }
    if !executor.is_active(Hardfork::Faun) {
        write(executor.layer(), blocked_key(account), &[])?;
        return Ok(Task::Done(true));
    }
    let vote = neo_token::vote_internal(executor, caller, account, None)?;
    vote.then(executor, caller, move |executor, _, _| {
        // The account's contract got the GAS that it had earned, and may have had itself blocked meanwhile.
        if is_blocked(executor.layer(), account)? {
            return Err(fault(format!("account {account} was blocked while it was being blocked")));
        }
        write_integer(executor.layer(), blocked_key(account), Integer::from(executor.require_block()?.timestamp))?;
        Ok(Task::Done(true))
    })
}

fn unblock_account(executor: &Executor<'_>, account: Hash160) -> Result<bool, FaultKind> {
    require_committee(executor)?;
    let was_blocked = is_blocked(executor.layer(), account)?;
    if was_blocked {
        executor.layer().delete(&blocked_key(account)).map_err(fault)?;
    }
    Ok(was_blocked)
}

/// Source: `PolicyContract.cs` (`RecoverFund`).
fn recover_fund(
    executor: &mut Executor<'_>,
    caller: &mut Caller<'_>,
    account: Hash160,
    token: Hash160,
) -> Result<Task<bool>, FaultKind> {
    require_almost_full_committee(executor)?;
    let blocked_at = read_integer(executor.layer(), &blocked_key(account))?;
    let blocked_at = blocked_at.ok_or_else(|| fault(format!("account {account} is not blocked")))?;
    if Integer::from(executor.require_block()?.timestamp).sub(blocked_at)? < Integer::from(RECOVERY_TIME) {
        return Err(fault(format!("account {account} was blocked less than a year ago")));
    }
    let contract = executor.require_contract(token)?;
    if !contract.state().manifest.supported_standards.iter().any(|standard| standard == "NEP-17") {
        return Err(fault(format!("contract {token} is no NEP-17 token")));
    }
    executor.call_from_native(caller, account, token, "balanceOf", vec![account.into()], true)?;
    Ok(Task::after(move |executor, caller| {
        let item = caller.pop()?;
        let balance = Integer::from_item(item, caller)?;
        if balance <= Integer::from(0) {
            return Ok(Task::Done(false));
        }
        let arguments = vec![account.into(), treasury::hash().into(), balance.into(), StackItem::Null];
        executor.call_from_native(caller, account, token, "transfer", arguments, true)?;
        Ok(Task::after(move |executor, caller| {
            let item = caller.pop()?;
            if !bool::from_item(item, caller)? {
                return Err(fault(format!("the transfer of {balance} from {account} failed")));
            }
            executor.notify(Hash160(HASH), RECOVERED_FUND, StackItem::array([StackItem::from(account)]))?;
            Ok(Task::Done(true))
        }))
    }))
}

/// Source: `PolicyContract.cs` (`InitializeAsync`).
fn initialize(executor: &Executor<'_>, hardfork: Hardfork) -> Result<(), FaultKind> {
    let layer = executor.layer();
    let put = |prefix: u8, value: i64| write_integer(layer, key(ID, prefix), value);
    match hardfork {
        Hardfork::Genesis => {
            put(PREFIX_FEE_PER_BYTE, DEFAULT_FEE_PER_BYTE)?;
            put(PREFIX_EXEC_FEE_FACTOR, DEFAULT_EXEC_FEE_FACTOR)?;
            put(PREFIX_STORAGE_PRICE, DEFAULT_STORAGE_PRICE.into())
        }
        Hardfork::Echidna => {
            let values = executor.settings().policy_at_echidna();
            let notary = key(ID, PREFIX_ATTRIBUTE_FEE).with(&[AttributeType::NotaryAssisted as u8]);
            write_integer(layer, notary, DEFAULT_NOTARY_ASSISTED_FEE)?;
            put(PREFIX_MILLISECONDS_PER_BLOCK, values.milliseconds_per_block.into())?;
            put(PREFIX_MAX_VALID_UNTIL_BLOCK_INCREMENT, values.max_valid_until_block_increment.into())?;
            put(PREFIX_MAX_TRACEABLE_BLOCKS, values.max_traceable_blocks.into())
        }
        Hardfork::Faun => {
            let datoshi: i64 = read_number(layer, &key(ID, PREFIX_EXEC_FEE_FACTOR))?;
            put(PREFIX_EXEC_FEE_FACTOR, datoshi * Gas::PICO_PER_DATOSHI as i64)?;
            let now = Integer::from(executor.require_block()?.timestamp);
            for entry in layer.find(&key(ID, PREFIX_BLOCKED_ACCOUNT), Direction::Forward) {
                write_integer(layer, entry.map_err(fault)?.0, now)?;
            }
            Ok(())
        }
        _ => Ok(()),
    }
}
