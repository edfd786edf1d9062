//! The committee, and the validators among its members.

use std::{cell::RefCell, cmp::Reverse, rc::Rc};

use neovm_chain::contract::majority_address;
use neovm_storage::{Layer, Value};
use neovm_types::{FaultKind, Hardfork, Hash160, Integer, StackItem, manifest::PublicKey};

use super::{
    COMMITTEE_CHANGED, ID, Neo, TOTAL_AMOUNT,
    state::{Candidate, stored_key},
    votes,
};
use crate::{
    executor::Executor,
    fault,
    native::{
        fungible::Token,
        keys::{key, write},
    },
    settings::ProtocolSettings,
    stored::{deserialize, serialize},
};

const PREFIX_COMMITTEE: u8 = 14;

/// Candidates are elected if one in this many tokens votes at least.
///
/// Source: `NeoToken.cs` (`EffectiveVoterTurnout`).
const EFFECTIVE_VOTER_TURNOUT: i64 = 5;

/// A member of the committee.
pub(super) struct Member {
    /// The key.
    pub(super) key: PublicKey,
    /// The votes that the member had when the committee was elected.
    pub(super) votes: Integer,
}

/// Returns the members with the most votes first, as they were elected. Each block asks for them; those that the thread
/// asked for last are kept, with the bytes that they were read from.
pub(super) fn members(layer: &Layer<'_>) -> Result<Rc<[Member]>, FaultKind> {
    thread_local! {
        static LAST: RefCell<Option<(Value, Rc<[Member]>)>> = const { RefCell::new(None) };
    }
    let stored = layer.get(&key(ID, PREFIX_COMMITTEE)).map_err(fault)?;
    let stored = stored.ok_or_else(|| fault("the storage holds no committee"))?;
    // At the end of a thread there is nothing kept, and nobody to keep it for.
    let last = LAST.try_with(RefCell::take).unwrap_or_default();
    let members = match last {
        Some((bytes, members)) if Value::ptr_eq(&bytes, &stored) || bytes == stored => members,
        _ => read_members(&stored)?,
    };
    _ = LAST.try_with(|place| place.replace(Some((stored, Rc::clone(&members)))));
    Ok(members)
}

fn read_members(stored: &[u8]) -> Result<Rc<[Member]>, FaultKind> {
    let damaged = || fault("the stored committee is damaged");
    let StackItem::Array(items) = deserialize(stored)? else { return Err(damaged()) };
    let member = |item: &StackItem| {
        let StackItem::Struct(fields) = item else { return Err(damaged()) };
        let [key, votes] = &fields.to_vec()[..] else { return Err(damaged()) };
        Ok(Member { key: stored_key(key)?, votes: votes.to_integer()? })
    };
    items.to_vec().iter().map(member).collect()
}

fn write_members(layer: &Layer<'_>, members: &[Member]) -> Result<(), FaultKind> {
    let item = |member: &Member| StackItem::structure([(&member.key).into(), member.votes.into()]);
    let items: Vec<_> = members.iter().map(item).collect();
    write(layer, key(ID, PREFIX_COMMITTEE), &serialize(&StackItem::array(items))?)
}

pub(super) fn initialize(layer: &Layer<'_>, standby: &[PublicKey]) -> Result<(), FaultKind> {
    let member = |key: &PublicKey| Member { key: *key, votes: Integer::Small(0) };
    write_members(layer, &standby.iter().map(member).collect::<Vec<_>>())
}

/// Makes a key the whole committee, and a candidate with more votes than anybody else can have.
pub(crate) fn install(layer: &Layer<'_>, key: PublicKey) -> Result<(), FaultKind> {
    let votes = Integer::Small(2 * TOTAL_AMOUNT);
    votes::write_candidate(layer, &key, &Candidate { registered: true, votes })?;
    write_members(layer, &[Member { key, votes }])
}

/// The keys of the members, sorted.
pub(crate) fn committee(layer: &Layer<'_>) -> Result<Vec<PublicKey>, FaultKind> {
    Ok(sorted(members(layer)?.iter()))
}

/// The account of the committee: more than half of the members must sign.
pub(crate) fn committee_address(layer: &Layer<'_>) -> Result<Hash160, FaultKind> {
    majority_address(&committee(layer)?).map_err(fault)
}

/// The keys of the validators of the next block, sorted.
pub(crate) fn next_block_validators(
    layer: &Layer<'_>,
    settings: &ProtocolSettings,
) -> Result<Vec<PublicKey>, FaultKind> {
    Ok(sorted(members(layer)?.iter().take(settings.validators_count as usize)))
}

/// The keys of the validators if the committee were elected now, sorted.
///
/// Source: `NeoToken.cs` (`ComputeNextBlockValidators`).
pub(crate) fn elected_validators(
    layer: &Rc<Layer<'_>>,
    settings: &ProtocolSettings,
) -> Result<Vec<PublicKey>, FaultKind> {
    Ok(sorted(elect(layer, settings)?.iter().take(settings.validators_count as usize)))
}

fn sorted<'a>(members: impl Iterator<Item = &'a Member>) -> Vec<PublicKey> {
    let mut keys: Vec<_> = members.map(|member| member.key).collect();
    keys.sort();
    keys
}

/// Returns whether the committee is elected anew in a block.
pub(crate) fn is_elected_in(settings: &ProtocolSettings, index: u32) -> Result<bool, FaultKind> {
    index.checked_rem(settings.committee_size() as u32).map(|rest| rest == 0).ok_or(FaultKind::DivideByZero)
}

/// Elects a committee: the candidates with the most votes, or else the standby
/// committee.
///
/// Source: `NeoToken.cs` (`ComputeCommitteeMembers`).
fn elect(layer: &Rc<Layer<'_>>, settings: &ProtocolSettings) -> Result<Vec<Member>, FaultKind> {
    let voters = votes::voters_count(layer)?;
    let mut candidates = Vec::new();
    for candidate in votes::candidates(layer) {
        let (_, _, key, votes) = candidate?;
        candidates.push(Member { key, votes });
    }
    let is_effective = voters.mul(EFFECTIVE_VOTER_TURNOUT.into())? >= TOTAL_AMOUNT.into();
    if !is_effective || candidates.len() < settings.committee_size() {
        let member = |key: &PublicKey| {
            let votes = candidates.iter().find(|candidate| candidate.key == *key).map(|candidate| candidate.votes);
            Member { key: *key, votes: votes.unwrap_or(Integer::Small(0)) }
        };
        return Ok(settings.standby_committee.iter().map(member).collect());
    }
    candidates.sort_by_key(|candidate| (Reverse(candidate.votes), candidate.key));
    candidates.truncate(settings.committee_size());
    Ok(candidates)
}

/// Elects the committee in the blocks that are due for it.
pub(super) fn on_persist(executor: &mut Executor<'_>) -> Result<(), FaultKind> {
    let index = executor.require_block()?.index;
    if !is_elected_in(executor.settings(), index)? {
        return Ok(());
    }
    let old = members(executor.layer())?;
    let new = elect(executor.layer(), executor.settings())?;
    write_members(executor.layer(), &new)?;
    let is_same = old.iter().map(|member| member.key).eq(new.iter().map(|member| member.key));
    if is_same || !executor.is_active(Hardfork::Cockatrice) {
        return Ok(());
    }
    let keys = |members: &[Member]| {
        StackItem::array(members.iter().map(|member| StackItem::from(&member.key)).collect::<Vec<_>>())
    };
    executor.notify(Neo::HASH, COMMITTEE_CHANGED, StackItem::array([keys(&old), keys(&new)]))
}
