//! The native contract NeoToken. The NEO token: votes, the committee, and the GAS that holders get.
//!
//! Source: `NeoToken.cs` of the reference node.

mod committee;
mod rewards;
mod state;
mod votes;

use neovm_chain::contract::bft_address;
use neovm_interp::Caller;
use neovm_types::{
    CallFlags, FaultKind, Hardfork, Hash160, Integer, Manifest, StackItem,
    manifest::{ParameterType, PublicKey},
};

use self::state::NeoAccount;
pub(crate) use self::{
    committee::{committee, committee_address, elected_validators, install, is_elected_in, next_block_validators},
    votes::vote_internal,
};
use super::{
    fungible::{self, Token},
    table::{Event, NativeContract},
    task::Task,
};
use crate::{
    executor::{Executor, IteratorHandle},
    fault,
    parameter::List,
};

/// The native contract NeoToken.
pub(crate) const CONTRACT: NativeContract = NativeContract {
    doc: "The NEO token: votes, the committee, and the GAS that holders get.",
    methods: methods! {
        (executor, caller)

        /// Returns the balance of an account.
        balanceOf(account: Hash160) -> Integer { cpu_fee: 1 << 15, flags: CallFlags::READ_STATES }
            => fungible::balance_of::<Neo>(executor.layer(), account);
        /// Returns the number of decimal places of the token.
        decimals() -> u8 {} => Ok(0);
        /// Returns the balance of an account, the block of its last change, the candidate that the account votes
        /// for, and the GAS that a vote for that candidate had earned then; or Null.
        getAccountState(account: Hash160) -> Option<NeoAccount> { cpu_fee: 1 << 15, flags: CallFlags::READ_STATES }
            => fungible::read_account::<Neo>(executor.layer(), account);
        /// Returns an iterator over the keys of the candidates and their votes.
        getAllCandidates() -> IteratorHandle { cpu_fee: 1 << 22, flags: CallFlags::READ_STATES }
            => Ok(votes::all_candidates(executor));
        /// Returns the number of votes that a candidate has, or -1.
        getCandidateVote(pubKey: PublicKey) -> Integer { cpu_fee: 1 << 15, flags: CallFlags::READ_STATES }
            => votes::candidate_vote(executor.layer(), &pubKey);
        /// Returns the keys and votes of the first 256 candidates, in the order of their keys' bytes.
        getCandidates() -> Vec<StackItem> { cpu_fee: 1 << 22, flags: CallFlags::READ_STATES }
            => votes::first_candidates(executor.layer());
        /// Returns the keys of the committee's members, sorted.
        getCommittee() -> List<PublicKey> { cpu_fee: 1 << 16, flags: CallFlags::READ_STATES }
            => committee(executor.layer()).map(List);
        /// Returns the account of the committee, for which more than half of the members must sign.
        getCommitteeAddress() -> Hash160
            { cpu_fee: 1 << 16, flags: CallFlags::READ_STATES, since: Hardfork::Cockatrice }
            => committee_address(executor.layer());
        /// Returns the GAS that the next block generates, in datoshi.
        getGasPerBlock() -> Integer { cpu_fee: 1 << 15, flags: CallFlags::READ_STATES }
            => rewards::gas_per_block(executor.layer());
        /// Returns the keys of the validators of the next block, sorted.
        getNextBlockValidators() -> List<PublicKey> { cpu_fee: 1 << 16, flags: CallFlags::READ_STATES }
            => next_block_validators(executor.layer(), executor.settings()).map(List);
        /// Returns the price of becoming a candidate, in datoshi.
        getRegisterPrice() -> i64 { cpu_fee: 1 << 15, flags: CallFlags::READ_STATES }
            => votes::register_price(executor.layer());
        /// Makes the key in the data a candidate, if the price of that is paid in GAS.
        onNEP17Payment(from: Hash160, amount: Integer, data: StackItem) { flags: NOTIFYING, since: Hardfork::Echidna }
            => { let _: Hash160 = from; votes::register_for_payment(executor, caller, amount, &data) };
        /// Makes a key a candidate, and returns whether its owner has signed.
        registerCandidate(pubkey: PublicKey) -> bool { flags: CallFlags::STATES, until: Some(Hardfork::Echidna) }
            => votes::register_candidate(executor, caller, &pubkey);
        /// Makes a key a candidate, and returns whether its owner has signed.
        registerCandidate(pubkey: PublicKey) -> bool { flags: NOTIFYING, since: Hardfork::Echidna }
            => votes::register_candidate(executor, caller, &pubkey);
        /// Sets the GAS that each block generates, in datoshi, from the next block on.
        setGasPerBlock(gasPerBlock: Integer) { cpu_fee: 1 << 15, flags: CallFlags::STATES }
            => rewards::set_gas_per_block(executor, gasPerBlock);
        /// Sets the price of becoming a candidate, in datoshi.
        setRegisterPrice(registerPrice: i64) { cpu_fee: 1 << 15, flags: CallFlags::STATES }
            => votes::set_register_price(executor, registerPrice);
        /// Returns the symbol of the token.
        symbol() -> &'static str {} => Ok("NEO");
        /// Returns the number of tokens that there are.
        totalSupply() -> Integer { cpu_fee: 1 << 15, flags: CallFlags::READ_STATES } => Ok(TOTAL_AMOUNT.into());
        /// Transfers tokens, and returns whether the sender has signed and has them. Sender and receiver get the GAS
        /// that they have earned.
        transfer(from: Hash160, to: Hash160, amount: Integer, data: StackItem) -> Task<bool>
            { cpu_fee: 1 << 17, storage_fee: 50, flags: CallFlags::ALL }
            => fungible::transfer::<Neo>(executor, caller, from, to, amount, data);
        /// Returns the GAS that an account has earned until a block, which must be the next one, in datoshi.
        unclaimedGas(account: Hash160, end: u32) -> Integer { cpu_fee: 1 << 17, flags: CallFlags::READ_STATES }
            => rewards::unclaimed_gas(executor, account, end);
        /// Withdraws a candidate, and returns whether its owner has signed.
        unregisterCandidate(pubkey: PublicKey) -> bool
            { cpu_fee: 1 << 16, flags: CallFlags::STATES, until: Some(Hardfork::Echidna) }
            => votes::unregister_candidate(executor, &pubkey);
        /// Withdraws a candidate, and returns whether its owner has signed.
        unregisterCandidate(pubkey: PublicKey) -> bool
            { cpu_fee: 1 << 16, flags: NOTIFYING, since: Hardfork::Echidna }
            => votes::unregister_candidate(executor, &pubkey);
        /// Votes for a candidate, or for none, with all tokens of an account, and returns whether that is possible.
        vote(account: Hash160, voteTo: Option<PublicKey>) -> Task<bool>
            { cpu_fee: 1 << 16, flags: CallFlags::STATES, until: Some(Hardfork::Echidna) }
            => votes::vote(executor, caller, account, voteTo);
        /// Votes for a candidate, or for none, with all tokens of an account, and returns whether that is possible.
        vote(account: Hash160, voteTo: Option<PublicKey>) -> Task<bool>
            { cpu_fee: 1 << 16, flags: NOTIFYING, since: Hardfork::Echidna }
            => votes::vote(executor, caller, account, voteTo);
    },
    events: &[
        fungible::TRANSFER,
        Event::new(
            CANDIDATE_STATE_CHANGED,
            &[
                ("pubkey", ParameterType::PublicKey),
                ("registered", ParameterType::Boolean),
                ("votes", ParameterType::Integer),
            ],
        ),
        Event::new(
            VOTE,
            &[
                ("account", ParameterType::Hash160),
                ("from", ParameterType::PublicKey),
                ("to", ParameterType::PublicKey),
                ("amount", ParameterType::Integer),
            ],
        ),
        Event {
            since: Hardfork::Cockatrice,
            ..Event::new(COMMITTEE_CHANGED, &[("old", ParameterType::Array), ("new", ParameterType::Array)])
        },
    ],
    initialize: |executor, caller, hardfork| match hardfork {
        Hardfork::Genesis => initialize(executor, caller),
        _ => Ok(()),
    },
    on_persist: |executor, _| committee::on_persist(executor),
    post_persist: rewards::post_persist,
    compose,
    ..NativeContract::new("NeoToken", ID, Hash160(HASH))
};

/// The id.
pub(crate) const ID: i32 = -5;
/// The hash.
const HASH: [u8; 20] = [
    0xf5, 0x63, 0xea, 0x40, 0xbc, 0x28, 0x3d, 0x4d, 0x0e, 0x05, 0xc4, 0x8e, 0xa3, 0x05, 0xb3, 0xf2, 0xa0, 0x73, 0x40,
    0xef,
];

/// The flags of the methods that change votes.
const NOTIFYING: CallFlags = CallFlags::STATES.union(CallFlags::ALLOW_NOTIFY);

const CANDIDATE_STATE_CHANGED: &str = "CandidateStateChanged";
const VOTE: &str = "Vote";
const COMMITTEE_CHANGED: &str = "CommitteeChanged";

/// The number of tokens that there are.
const TOTAL_AMOUNT: i64 = 100_000_000;

/// The token.
pub(crate) enum Neo {}

impl Token for Neo {
    const ID: i32 = ID;
    const HASH: Hash160 = Hash160(HASH);
    type Account = NeoAccount;

    /// Source: `NeoToken.cs` (`OnBalanceChanging`).
    fn before_change(executor: &Executor<'_>, account: &mut NeoAccount, amount: Integer) -> Result<Integer, FaultKind> {
        let earned = rewards::settle(executor, account)?;
        if let Some(key) = account.vote_to.filter(|_| !amount.is_zero()) {
            votes::change_voters_count(executor.layer(), amount)?;
            votes::change_votes(executor.layer(), &key, amount)?;
        }
        Ok(earned)
    }
}

fn initialize(executor: &mut Executor<'_>, caller: &mut Caller<'_>) -> Result<(), FaultKind> {
    let settings = executor.settings();
    committee::initialize(executor.layer(), &settings.standby_committee)?;
    votes::initialize(executor.layer())?;
    rewards::initialize(executor.layer())?;
    let validators = bft_address(settings.standby_validators()).map_err(fault)?;
    fungible::mint::<Neo>(executor, caller, validators, TOTAL_AMOUNT.into(), false).map(drop)
}

fn compose(manifest: &mut Manifest, hardfork: Hardfork) {
    manifest.supported_standards.push(fungible::NEP_17.into());
    if hardfork >= Hardfork::Echidna {
        manifest.supported_standards.push("NEP-27".into());
    }
}
