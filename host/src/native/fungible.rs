//! What the native tokens share: accounts, and the methods and the event of NEP-17.
//!
//! Sources: `FungibleToken.cs`, `AccountState.cs` of the reference node.

use neovm_interp::Caller;
use neovm_storage::{Key, Layer};
use neovm_types::{FaultKind, Hash160, Integer, StackItem, manifest::ParameterType};
use smallvec::SmallVec;

use super::{
    contract_management::is_contract,
    gas_token::Gas,
    keys::{key, read_integer, write, write_integer},
    table::Event,
    task::Task,
};
use crate::{
    executor::Executor,
    fault,
    stored::{struct_of, with_fields},
};

const PREFIX_TOTAL_SUPPLY: u8 = 11;
const PREFIX_ACCOUNT: u8 = 20;

/// The event that tells of a transfer.
pub(crate) const TRANSFER: Event = Event::new(
    "Transfer",
    &[("from", ParameterType::Hash160), ("to", ParameterType::Hash160), ("amount", ParameterType::Integer)],
);

/// The standard that the tokens comply with.
pub(crate) const NEP_17: &str = "NEP-17";

/// A native token.
pub(crate) trait Token: 'static {
    /// The contract's id.
    const ID: i32;
    /// The contract's hash.
    const HASH: Hash160;
    /// What is stored for an account.
    type Account: Account;

    /// Prepares an account for a change of its balance by an amount. Returns
    /// the GAS that the account has earned, in datoshi.
    fn before_change(_: &Executor<'_>, _: &mut Self::Account, _amount: Integer) -> Result<Integer, FaultKind> {
        Ok(Integer::Small(0))
    }
}

/// What is stored for an account. The default is an account that never had a token.
pub(crate) trait Account: Default {
    /// The balance.
    fn balance(&self) -> Integer;
    /// Sets the balance.
    fn set_balance(&mut self, balance: Integer);
    /// Reads the fields of the stored struct.
    fn from_fields(fields: &[StackItem]) -> Result<Self, FaultKind>;
    /// Returns the fields of the struct to store.
    fn fields(&self) -> SmallVec<[StackItem; 4]>;
}

/// GAS that accounts have earned, in datoshi, in the order in which they get it.
type Earned = Vec<(Hash160, Integer)>;

/// A payment, as the receiver is told of it.
struct Payment {
    from: Option<Hash160>,
    to: Option<Hash160>,
    amount: Integer,
    data: StackItem,
}

fn account_key<T: Token>(account: Hash160) -> Key {
    key(T::ID, PREFIX_ACCOUNT).with(&account.0)
}

/// Reads an account, if it is stored.
pub(crate) fn read_account<T: Token>(layer: &Layer<'_>, account: Hash160) -> Result<Option<T::Account>, FaultKind> {
    let stored = layer.get(&account_key::<T>(account)).map_err(fault)?;
    stored.map(|stored| with_fields(&stored, T::Account::from_fields)).transpose()
}

/// Stores an account.
pub(crate) fn write_account<T: Token>(
    layer: &Layer<'_>,
    account: Hash160,
    state: &T::Account,
) -> Result<(), FaultKind> {
    write(layer, account_key::<T>(account), &struct_of(&state.fields())?)
}

/// Returns the balance of an account.
pub(crate) fn balance_of<T: Token>(layer: &Layer<'_>, account: Hash160) -> Result<Integer, FaultKind> {
    Ok(read_account::<T>(layer, account)?.map_or(Integer::Small(0), |state| state.balance()))
}

/// Returns the number of tokens that there are, as it is stored.
pub(crate) fn total_supply<T: Token>(layer: &Layer<'_>) -> Result<Integer, FaultKind> {
    Ok(read_integer(layer, &key(T::ID, PREFIX_TOTAL_SUPPLY))?.unwrap_or(Integer::Small(0)))
}

fn change_supply<T: Token>(layer: &Layer<'_>, amount: Integer) -> Result<(), FaultKind> {
    let supply = total_supply::<T>(layer)?.add(amount)?;
    write_integer(layer, key(T::ID, PREFIX_TOTAL_SUPPLY), supply)
}

/// Changes the balance of an account by an amount, and deletes an account that
/// has given its last token away.
fn change_balance<T: Token>(
    executor: &Executor<'_>,
    account: Hash160,
    mut state: T::Account,
    amount: Integer,
    earned: &mut Earned,
) -> Result<(), FaultKind> {
    let gas = T::before_change(executor, &mut state, amount)?;
    if !gas.is_zero() {
        earned.push((account, gas));
    }
    let balance = state.balance().add(amount)?;
    if amount.is_negative() && balance.is_zero() {
        return executor.layer().delete(&account_key::<T>(account)).map_err(fault);
    }
    state.set_balance(balance);
    write_account::<T>(executor.layer(), account, &state)
}

fn check_amount(amount: Integer) -> Result<(), FaultKind> {
    if amount.is_negative() { Err(fault("the amount of tokens is negative")) } else { Ok(()) }
}

/// Transfers tokens, and returns whether the sender has signed and has them.
pub(crate) fn transfer<T: Token>(
    executor: &mut Executor<'_>,
    caller: &mut Caller<'_>,
    from: Hash160,
    to: Hash160,
    amount: Integer,
    data: StackItem,
) -> Result<Task<bool>, FaultKind> {
    check_amount(amount)?;
    if !executor.check_witness(from)? {
        return Ok(Task::Done(false));
    }
    let mut earned = Earned::new();
    match read_account::<T>(executor.layer(), from)? {
        None if amount.is_zero() => {}
        Some(state) if state.balance() >= amount => {
            if amount.is_zero() || from == to {
                change_balance::<T>(executor, from, state, Integer::Small(0), &mut earned)?;
            } else {
                change_balance::<T>(executor, from, state, amount.neg()?, &mut earned)?;
                let receiver = read_account::<T>(executor.layer(), to)?.unwrap_or_default();
                change_balance::<T>(executor, to, receiver, amount, &mut earned)?;
            }
        }
        _ => return Ok(Task::Done(false)),
    }
    let payment = Payment { from: Some(from), to: Some(to), amount, data };
    let paid = tell::<T>(executor, caller, payment, true, earned)?;
    paid.then(executor, caller, |_, _, ()| Ok(Task::Done(true)))
}

/// Creates tokens for an account. Unless its contract is to be called, the task is done.
pub(crate) fn mint<T: Token>(
    executor: &mut Executor<'_>,
    caller: &mut Caller<'_>,
    account: Hash160,
    amount: Integer,
    call_on_payment: bool,
) -> Result<Task<()>, FaultKind> {
    check_amount(amount)?;
    if amount.is_zero() {
        return Ok(Task::Done(()));
    }
    let mut earned = Earned::new();
    let state = read_account::<T>(executor.layer(), account)?.unwrap_or_default();
    change_balance::<T>(executor, account, state, amount, &mut earned)?;
    change_supply::<T>(executor.layer(), amount)?;
    let payment = Payment { from: None, to: Some(account), amount, data: StackItem::Null };
    tell::<T>(executor, caller, payment, call_on_payment, earned)
}

/// Gives tokens to an account that come from nowhere, without telling anybody.
pub(crate) fn issue<T: Token>(layer: &Layer<'_>, account: Hash160, amount: Integer) -> Result<(), FaultKind> {
    let mut state = read_account::<T>(layer, account)?.unwrap_or_default();
    state.set_balance(state.balance().add(amount)?);
    write_account::<T>(layer, account, &state)?;
    change_supply::<T>(layer, amount)
}

/// Destroys tokens of an account.
pub(crate) fn burn<T: Token>(
    executor: &mut Executor<'_>,
    caller: &mut Caller<'_>,
    account: Hash160,
    amount: Integer,
) -> Result<(), FaultKind> {
    check_amount(amount)?;
    if amount.is_zero() {
        return Ok(());
    }
    let state = read_account::<T>(executor.layer(), account)?;
    let state = state.filter(|state| state.balance() >= amount);
    let state = state.ok_or_else(|| fault(format!("account {account} has too few tokens to burn")))?;
    let mut earned = Earned::new();
    change_balance::<T>(executor, account, state, amount.neg()?, &mut earned)?;
    change_supply::<T>(executor.layer(), amount.neg()?)?;
    let payment = Payment { from: Some(account), to: None, amount, data: StackItem::Null };
    tell::<T>(executor, caller, payment, false, earned)?;
    Ok(())
}

/// Sends the event of a payment, calls the receiver's contract, and then mints
/// the GAS that was earned.
///
/// Source: `FungibleToken.cs`, `NeoToken.cs` (`PostTransferAsync`).
fn tell<T: Token>(
    executor: &mut Executor<'_>,
    caller: &mut Caller<'_>,
    payment: Payment,
    call_on_payment: bool,
    earned: Earned,
) -> Result<Task<()>, FaultKind> {
    let Payment { from, to, amount, data } = payment;
    let from: StackItem = from.into();
    executor.notify(T::HASH, TRANSFER.name, StackItem::array([from.clone(), to.into(), amount.into()]))?;
    let contract = match to {
        Some(to) if call_on_payment && is_contract(executor.layer(), to)? => Some(to),
        _ => None,
    };
    let paid = match contract {
        Some(to) => {
            executor.call_from_native(caller, T::HASH, to, "onNEP17Payment", vec![from, amount.into(), data], false)?;
            Task::after(|_, _| Ok(Task::Done(())))
        }
        None => Task::Done(()),
    };
    paid.then(executor, caller, move |executor, caller, ()| {
        mint_earned(executor, caller, earned.into_iter(), call_on_payment)
    })
}

fn mint_earned(
    executor: &mut Executor<'_>,
    caller: &mut Caller<'_>,
    mut earned: std::vec::IntoIter<(Hash160, Integer)>,
    call_on_payment: bool,
) -> Result<Task<()>, FaultKind> {
    let Some((account, amount)) = earned.next() else { return Ok(Task::Done(())) };
    let minted = mint::<Gas>(executor, caller, account, amount, call_on_payment)?;
    minted.then(executor, caller, move |executor, caller, ()| mint_earned(executor, caller, earned, call_on_payment))
}
