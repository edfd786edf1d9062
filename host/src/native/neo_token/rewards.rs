//! GAS that blocks generate, and who earns it.

use neovm_chain::contract::account;
use neovm_interp::Caller;
use neovm_storage::{Direction, Key, Layer};
use neovm_types::{FaultKind, Hardfork, Hash160, Integer, manifest::PublicKey};

use super::{
    ID, Neo, TOTAL_AMOUNT,
    committee::{is_elected_in, members},
    state::NeoAccount,
    votes::candidate_vote,
};
use crate::{
    executor::Executor,
    fault,
    native::{
        fungible::{self, Account},
        gas_token,
        keys::{key, read_integer, write_integer},
        ledger, require_committee,
    },
    stored,
};

const PREFIX_VOTER_REWARD: u8 = 23;
const PREFIX_GAS_PER_BLOCK: u8 = 29;

/// Datoshi in a GAS.
const GAS: i64 = neovm_types::Gas::DATOSHI_PER_GAS as i64;

/// The GAS that a block generates unless the committee says otherwise.
const DEFAULT_GAS_PER_BLOCK: i64 = 5 * GAS;
/// The most GAS that a block may generate.
const MAX_GAS_PER_BLOCK: i64 = 10 * GAS;

/// The share of holders, in percent.
const HOLDER_REWARD_RATIO: i64 = 10;
/// The share of the committee, in percent.
const COMMITTEE_REWARD_RATIO: i64 = 10;
/// The share of those who vote for members of the committee, in percent.
const VOTER_REWARD_RATIO: i64 = 80;
/// What a vote earns is stored in this fraction of a datoshi.
const VOTE_FACTOR: i64 = 100_000_000;

const ZERO: Integer = Integer::Small(0);

fn gas_per_block_key(index: u32) -> Key {
    key(ID, PREFIX_GAS_PER_BLOCK).with(&index.to_be_bytes())
}

fn voter_reward_key(candidate: &PublicKey) -> Key {
    key(ID, PREFIX_VOTER_REWARD).with(&candidate.0)
}

pub(super) fn initialize(layer: &Layer<'_>) -> Result<(), FaultKind> {
    write_integer(layer, gas_per_block_key(0), DEFAULT_GAS_PER_BLOCK)
}

/// The records of what blocks generate that start at a block or before, the latest first:
/// the first block, and the datoshi.
///
/// Source: `NeoToken.cs` (`GetSortedGasRecords`).
fn gas_records<'s>(
    layer: &std::rc::Rc<Layer<'s>>,
    last: u32,
) -> impl Iterator<Item = Result<(u32, Integer), FaultKind>> + use<'s> {
    let records = layer.find(&key(ID, PREFIX_GAS_PER_BLOCK), Direction::Backward).map(|entry| {
        let (key, item) = entry.map_err(fault)?;
        let index = key.local().last_chunk().ok_or_else(|| fault("the key of a stored GAS record is damaged"))?;
        Ok((u32::from_be_bytes(*index), stored::integer(&item.value())?))
    });
    records.filter(move |record| record.as_ref().map_or(true, |(index, _)| *index <= last))
}

/// The GAS that the next block generates, in datoshi.
pub(super) fn gas_per_block(layer: &std::rc::Rc<Layer<'_>>) -> Result<Integer, FaultKind> {
    let next = ledger::current_index(layer)?.wrapping_add(1);
    let record = gas_records(layer, next).next().transpose()?;
    record.map(|(_, datoshi)| datoshi).ok_or_else(|| fault("the storage does not say what blocks generate"))
}

pub(super) fn set_gas_per_block(executor: &Executor<'_>, datoshi: Integer) -> Result<(), FaultKind> {
    if datoshi.is_negative() || datoshi > MAX_GAS_PER_BLOCK.into() {
        return Err(fault(format!("a block may generate from 0 to {MAX_GAS_PER_BLOCK} datoshi")));
    }
    require_committee(executor)?;
    let index = executor.require_block()?.index;
    write_integer(executor.layer(), gas_per_block_key(index.wrapping_add(1)), datoshi)
}

/// What a vote for a candidate has earned since the candidate came, in datoshi / [`VOTE_FACTOR`].
pub(super) fn gas_per_vote(layer: &Layer<'_>, candidate: &PublicKey) -> Result<Integer, FaultKind> {
    Ok(read_integer(layer, &voter_reward_key(candidate))?.unwrap_or(ZERO))
}

/// Forgets what votes for a candidate have earned.
pub(super) fn forget_votes(layer: &Layer<'_>, candidate: &PublicKey) -> Result<(), FaultKind> {
    layer.delete(&voter_reward_key(candidate)).map_err(fault)
}

/// Returns the GAS that an account has earned until the block that is being
/// persisted, in datoshi, and notes that it gets it.
///
/// Source: `NeoToken.cs` (`DistributeGas`).
pub(super) fn settle(executor: &Executor<'_>, account: &mut NeoAccount) -> Result<Integer, FaultKind> {
    let Some(block) = executor.block() else { return Ok(ZERO) };
    let earned = earned(executor.layer(), account, block.index)?;
    account.balance_height = block.index;
    if let Some(candidate) = &account.vote_to {
        account.last_gas_per_vote = gas_per_vote(executor.layer(), candidate)?;
    }
    Ok(earned)
}

pub(super) fn unclaimed_gas(executor: &Executor<'_>, account: Hash160, end: u32) -> Result<Integer, FaultKind> {
    let layer = executor.layer();
    let next = match executor.block() {
        Some(block) => block.index,
        None => ledger::current_index(layer)?.wrapping_add(1),
    };
    if end != next {
        return Err(fault(format!("the GAS that an account has earned is known until block {next}, not {end}")));
    }
    match fungible::read_account::<Neo>(layer, account)? {
        Some(state) => earned(layer, &state, end),
        None => Ok(ZERO),
    }
}

/// The GAS that an account has earned until a block, in datoshi.
///
/// Source: `NeoToken.cs` (`CalculateBonus`, `CalculateReward`).
fn earned(layer: &std::rc::Rc<Layer<'_>>, account: &NeoAccount, end: u32) -> Result<Integer, FaultKind> {
    let balance = account.balance();
    if balance.is_zero() {
        return Ok(ZERO);
    }
    if balance.is_negative() {
        return Err(fault("a stored balance is negative"));
    }
    if account.balance_height >= end {
        return Ok(ZERO);
    }
    let generated = generated(layer, account.balance_height, end)?;
    let by_holding = balance.mul(generated)?.mul(HOLDER_REWARD_RATIO.into())?;
    let by_holding = by_holding.div(Integer::Small(100))?.div(TOTAL_AMOUNT.into())?;
    let by_voting = match &account.vote_to {
        Some(candidate) => {
            let per_vote = gas_per_vote(layer, candidate)?.sub(account.last_gas_per_vote)?;
            balance.mul(per_vote)?.div(VOTE_FACTOR.into())?
        }
        None => ZERO,
    };
    by_holding.add(by_voting)
}

/// The GAS that the blocks from one to before another have generated, in datoshi.
fn generated(layer: &std::rc::Rc<Layer<'_>>, start: u32, mut end: u32) -> Result<Integer, FaultKind> {
    let mut sum = ZERO;
    for record in gas_records(layer, end - 1) {
        let (index, datoshi) = record?;
        let from = index.max(start);
        sum = sum.add(datoshi.mul((end - from).into())?)?;
        end = from;
        if index <= start {
            break;
        }
    }
    Ok(sum)
}

/// Rewards a member of the committee, and in the block of an election those who
/// vote for its members.
pub(super) fn post_persist(executor: &mut Executor<'_>, caller: &mut Caller<'_>) -> Result<(), FaultKind> {
    let settings = executor.settings();
    let index = executor.require_block()?.index;
    let is_election = is_elected_in(settings, index)?;
    let generated = gas_per_block(executor.layer())?;
    let committee = members(executor.layer())?;
    let member = committee.get(index as usize % settings.committee_size());
    let member = account(&member.ok_or_else(|| fault("the stored committee has too few members"))?.key);
    let reward = generated.mul(COMMITTEE_REWARD_RATIO.into())?.div(Integer::Small(100))?;
    gas_token::mint(executor, caller, member, reward, false)?;
    if !is_election {
        return Ok(());
    }
    let size = settings.committee_size();
    let shares = size + settings.validators_count as usize;
    let voters = generated.mul(VOTER_REWARD_RATIO.into())?.mul(VOTE_FACTOR.into())?.mul(size.into())?;
    let voters = voters.div(shares.into())?.div(Integer::Small(100))?;
    for (place, member) in committee.iter().enumerate() {
        // From Gorgon on, the votes at the end of the block count, and only those for candidates (neo#4569).
        let votes = if executor.is_active(Hardfork::Gorgon) {
            candidate_vote(executor.layer(), &member.key)?
        } else {
            member.votes
        };
        if votes <= ZERO {
            continue;
        }
        let factor = if place < settings.validators_count as usize { 2 } else { 1 };
        let per_vote = voters.mul(Integer::Small(factor))?.div(votes)?;
        let sum = gas_per_vote(executor.layer(), &member.key)?.add(per_vote)?;
        write_integer(executor.layer(), voter_reward_key(&member.key), sum)?;
    }
    Ok(())
}
