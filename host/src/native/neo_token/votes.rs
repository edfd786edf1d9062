//! Candidates, and votes for them.

use std::rc::Rc;

use neovm_chain::contract::account;
use neovm_interp::Caller;
use neovm_storage::{Direction, Item, Key, Layer, StoreError};
use neovm_types::{FaultKind, Gas, Hardfork, Hash160, Integer, StackItem, manifest::PublicKey};

use super::{
    CANDIDATE_STATE_CHANGED, ID, Neo, VOTE,
    rewards::{forget_votes, gas_per_vote, settle},
    state::Candidate,
};
use crate::{
    executor::{Executor, FindOptions, IteratorHandle, StorageIterator},
    fault,
    native::{
        fungible::{Account, Token, read_account, write_account},
        gas_token,
        keys::{key, read_integer, read_number, write, write_integer},
        policy, require_committee,
        task::Task,
    },
    parameter::decode_point,
};

const PREFIX_VOTERS_COUNT: u8 = 1;
const PREFIX_REGISTER_PRICE: u8 = 13;
const PREFIX_CANDIDATE: u8 = 33;

/// The price of becoming a candidate unless the committee says otherwise, in datoshi.
const DEFAULT_REGISTER_PRICE: i64 = 1000 * Gas::DATOSHI_PER_GAS as i64;

/// The number of candidates that `getCandidates` returns at most.
const MAX_CANDIDATES: usize = 256;

pub(super) fn initialize(layer: &Layer<'_>) -> Result<(), FaultKind> {
    write_integer(layer, key(ID, PREFIX_VOTERS_COUNT), 0)?;
    write_integer(layer, key(ID, PREFIX_REGISTER_PRICE), DEFAULT_REGISTER_PRICE)
}

/// The number of tokens whose holders vote.
pub(super) fn voters_count(layer: &Layer<'_>) -> Result<Integer, FaultKind> {
    let count = read_integer(layer, &key(ID, PREFIX_VOTERS_COUNT))?;
    count.ok_or_else(|| fault("the storage holds no number of voters"))
}

pub(super) fn change_voters_count(layer: &Layer<'_>, amount: Integer) -> Result<(), FaultKind> {
    write_integer(layer, key(ID, PREFIX_VOTERS_COUNT), voters_count(layer)?.add(amount)?)
}

fn candidate_key(candidate: &PublicKey) -> Key {
    key(ID, PREFIX_CANDIDATE).with(&candidate.0)
}

fn read_candidate(layer: &Layer<'_>, candidate: &PublicKey) -> Result<Option<Candidate>, FaultKind> {
    let stored = layer.get(&candidate_key(candidate)).map_err(fault)?;
    stored.map(|stored| Candidate::from_bytes(&stored)).transpose()
}

/// Stores a candidate; one that has withdrawn and has no votes is forgotten.
///
/// Source: `NeoToken.cs` (`CheckCandidate`).
pub(super) fn write_candidate(layer: &Layer<'_>, candidate: &PublicKey, state: &Candidate) -> Result<(), FaultKind> {
    if state.registered || !state.votes.is_zero() {
        return write(layer, candidate_key(candidate), &state.to_bytes()?);
    }
    forget_votes(layer, candidate)?;
    layer.delete(&candidate_key(candidate)).map_err(fault)
}

/// Changes the votes of a candidate by an amount.
pub(super) fn change_votes(layer: &Layer<'_>, candidate: &PublicKey, amount: Integer) -> Result<(), FaultKind> {
    let state = read_candidate(layer, candidate)?;
    let mut state = state.ok_or_else(|| fault(format!("the storage lacks candidate {candidate}")))?;
    state.votes = state.votes.add(amount)?;
    write_candidate(layer, candidate, &state)
}

/// The number of votes that a candidate has; -1 if the key is no candidate.
pub(super) fn candidate_vote(layer: &Layer<'_>, candidate: &PublicKey) -> Result<Integer, FaultKind> {
    let state = read_candidate(layer, candidate)?.filter(|state| state.registered);
    Ok(state.map_or(Integer::Small(-1), |state| state.votes))
}

/// Decodes the stored key of a candidate. Its x coordinate may be that of no point if it was given in uncompressed form;
/// then the reference fails here.
fn point(bytes: &[u8]) -> Result<PublicKey, FaultKind> {
    PublicKey::from_bytes(bytes).map_err(fault)
}

/// A candidate: where it is stored, its key and its votes.
type CandidateEntry = (Key, Item, PublicKey, Integer);

/// The candidates, in the order of their keys' bytes. Those whose accounts are
/// blocked are left out.
///
/// Source: `NeoToken.cs` (`GetCandidatesInternal`).
pub(super) fn candidates<'s>(
    layer: &Rc<Layer<'s>>,
) -> impl Iterator<Item = Result<CandidateEntry, FaultKind>> + use<'s> {
    let layer = Rc::clone(layer);
    let entries = layer.find(&key(ID, PREFIX_CANDIDATE), Direction::Forward);
    let candidate = move |key: Key, item: Item| {
        let state = Candidate::from_bytes(&item.value())?;
        let public_key = point(key.local().get(1..).unwrap_or(&[]))?;
        let is_left_out = !state.registered || policy::is_blocked(&layer, account(&public_key))?;
        Ok((!is_left_out).then_some((key, item, public_key, state.votes)))
    };
    entries.filter_map(move |entry| match entry {
        Ok((key, item)) => candidate(key, item).transpose(),
        Err(error) => Some(Err(fault(error))),
    })
}

pub(super) fn first_candidates(layer: &Rc<Layer<'_>>) -> Result<Vec<StackItem>, FaultKind> {
    let item = |candidate: Result<CandidateEntry, _>| {
        let (_, _, key, votes) = candidate?;
        Ok(StackItem::structure([(&key).into(), votes.into()]))
    };
    candidates(layer).take(MAX_CANDIDATES).map(item).collect()
}

pub(super) fn all_candidates(executor: &mut Executor<'_>) -> IteratorHandle {
    let entries = candidates(executor.layer()).map(|candidate| match candidate {
        Ok((key, item, ..)) => Ok((key, item)),
        Err(error) => Err(StoreError(error.to_string())),
    });
    let options = FindOptions::REMOVE_PREFIX | FindOptions::DESERIALIZE_VALUES | FindOptions::PICK_FIELD_1;
    executor.add_iterator(StorageIterator::new(entries, 1, options).forgetting_last())
}

/// The price of becoming a candidate, in datoshi.
pub(super) fn register_price(layer: &Layer<'_>) -> Result<i64, FaultKind> {
    read_number(layer, &key(ID, PREFIX_REGISTER_PRICE))
}

pub(super) fn set_register_price(executor: &Executor<'_>, datoshi: i64) -> Result<(), FaultKind> {
    if datoshi <= 0 {
        return Err(fault("the price of becoming a candidate must be above 0"));
    }
    require_committee(executor)?;
    write_integer(executor.layer(), key(ID, PREFIX_REGISTER_PRICE), datoshi)
}

fn notify_candidate(executor: &mut Executor<'_>, candidate: &PublicKey, state: &Candidate) -> Result<(), FaultKind> {
    let values = [candidate.into(), state.registered.into(), state.votes.into()];
    executor.notify(Neo::HASH, CANDIDATE_STATE_CHANGED, StackItem::array(values))
}

pub(super) fn register_candidate(
    executor: &mut Executor<'_>,
    caller: &mut Caller<'_>,
    candidate: &PublicKey,
) -> Result<bool, FaultKind> {
    if !executor.is_active(Hardfork::Echidna) && !executor.check_witness(account(candidate))? {
        return Ok(false);
    }
    caller.add_fee(Gas::from_datoshi(register_price(executor.layer())?))?;
    register(executor, candidate)
}

/// Source: `NeoToken.cs` (`RegisterInternal`).
fn register(executor: &mut Executor<'_>, candidate: &PublicKey) -> Result<bool, FaultKind> {
    if !executor.check_witness(account(candidate))? {
        return Ok(false);
    }
    let state = read_candidate(executor.layer(), candidate)?;
    let mut state = state.unwrap_or(Candidate { registered: false, votes: Integer::Small(0) });
    if !state.registered {
        state.registered = true;
        write_candidate(executor.layer(), candidate, &state)?;
        notify_candidate(executor, candidate, &state)?;
    }
    Ok(true)
}

/// Source: `NeoToken.cs` (`OnNEP17Payment`).
pub(super) fn register_for_payment(
    executor: &mut Executor<'_>,
    caller: &mut Caller<'_>,
    amount: Integer,
    data: &StackItem,
) -> Result<(), FaultKind> {
    if executor.calling_hash() != Some(gas_token::Gas::HASH) {
        return Err(fault("candidates are paid for in GAS"));
    }
    let price = register_price(executor.layer())?;
    if amount != price.into() {
        return Err(fault(format!("becoming a candidate costs {price} datoshi, not {amount}")));
    }
    let candidate = data.with_bytes(decode_point)??;
    if !register(executor, &candidate)? {
        return Err(fault("the owner of the key has not signed"));
    }
    gas_token::burn(executor, caller, Neo::HASH, amount)
}

pub(super) fn unregister_candidate(executor: &mut Executor<'_>, candidate: &PublicKey) -> Result<bool, FaultKind> {
    if !executor.check_witness(account(candidate))? {
        return Ok(false);
    }
    if let Some(mut state) = read_candidate(executor.layer(), candidate)?.filter(|state| state.registered) {
        state.registered = false;
        write_candidate(executor.layer(), candidate, &state)?;
        notify_candidate(executor, candidate, &state)?;
    }
    Ok(true)
}

pub(super) fn vote(
    executor: &mut Executor<'_>,
    caller: &mut Caller<'_>,
    account: Hash160,
    vote_to: Option<PublicKey>,
) -> Result<Task<bool>, FaultKind> {
    if executor.check_witness(account)? {
        vote_internal(executor, caller, account, vote_to)
    } else {
        Ok(Task::Done(false))
    }
}

/// Changes the vote of an account, whoever has signed, and returns whether that
/// is possible. The account gets the GAS that it has earned.
///
/// Source: `NeoToken.cs` (`VoteInternal`).
pub(crate) fn vote_internal(
    executor: &mut Executor<'_>,
    caller: &mut Caller<'_>,
    account: Hash160,
    vote_to: Option<PublicKey>,
) -> Result<Task<bool>, FaultKind> {
    let layer = Rc::clone(executor.layer());
    let state = read_account::<Neo>(&layer, account)?.filter(|state| !state.balance().is_zero());
    let Some(mut state) = state else { return Ok(Task::Done(false)) };
    let is_candidate = |key: &PublicKey| Ok(read_candidate(&layer, key)?.is_some_and(|state| state.registered));
    if !vote_to.as_ref().map_or(Ok(true), is_candidate)? {
        return Ok(Task::Done(false));
    }
    // The reference decodes what it has written when it leaves the contract.
    vote_to.map(|key| point(&key.0)).transpose()?;
    let balance = state.balance();
    match (state.vote_to, vote_to) {
        (None, Some(_)) => change_voters_count(&layer, balance)?,
        (Some(_), None) => change_voters_count(&layer, balance.neg()?)?,
        _ => {}
    }
    let earned = settle(executor, &mut state)?;
    let from = state.vote_to;
    if let Some(candidate) = &from {
        change_votes(&layer, candidate, balance.neg()?)?;
    }
    match &vote_to {
        Some(candidate) => {
            if vote_to != from {
                state.last_gas_per_vote = gas_per_vote(&layer, candidate)?;
            }
            change_votes(&layer, candidate, balance)?;
        }
        None => state.last_gas_per_vote = Integer::Small(0),
    }
    state.vote_to = vote_to;
    write_account::<Neo>(&layer, account, &state)?;
    let values = [account.into(), from.as_ref().into(), vote_to.as_ref().into(), balance.into()];
    executor.notify(Neo::HASH, VOTE, StackItem::array(values))?;
    let minted = gas_token::mint(executor, caller, account, earned, true)?;
    minted.then(executor, caller, |_, _, ()| Ok(Task::Done(true)))
}
