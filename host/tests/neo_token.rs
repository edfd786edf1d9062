//! NeoToken over blocks: who is elected, and who earns GAS. The expected values
//! are worked out by hand from `NeoToken.cs` of the reference node.

mod common;

use neovm_chain::{
    Signer, UnsignedTransaction, WitnessScopes,
    contract::{account, bft_address, majority_address},
};
use neovm_host::{BlockReceipt, Chain, HardforkHeights, Invocation, ProtocolSettings};
use neovm_storage::{Key, Store};
use neovm_types::{CallFlags, Hardfork, Hash160, Integer, ScriptBuilder, StackItem, manifest::PublicKey};

use self::common::next_block;

const NEO: &str = "0xef4073a0f2b305a38ec4050e4d3d28bc40ea63f5";
const POLICY: &str = "0xcc5e4edd9f5f8dba8bb65734541df7a1c081c67b";

const NEO_ID: i32 = -5;
const PREFIX_VOTER_REWARD: u8 = 23;
const PREFIX_CANDIDATE: u8 = 33;

const ALICE: Hash160 = Hash160([1; 20]);
const BOB: Hash160 = Hash160([2; 20]);

/// A call that a transaction makes: who signs beside the sender, the contract,
/// the method and the arguments.
type Call<'a> = (Hash160, &'a str, &'a str, Vec<StackItem>);

/// Two keys. The first is the smaller one, though its bytes are greater.
fn candidates() -> [PublicKey; 2] {
    [
        "03409f31f0d66bdc2f70a9730b66fe186658f84a8018204db01c106edc36553cd0",
        "02a62c915cf19c7f19a50ec217e79fac2439bbaad658493de0c7d8ffa92ab0aa62",
    ]
    .map(|key| key.parse().unwrap())
}

/// The only key of the standby committee.
fn standby() -> PublicKey {
    ProtocolSettings::private().standby_committee[0]
}

/// A chain with a committee of one member, so that each block elects.
struct World {
    chain: Chain,
    /// The account that holds all tokens at first.
    owner: Hash160,
}

impl World {
    fn new(last: Hardfork) -> Self {
        let settings = ProtocolSettings { hardforks: HardforkHeights::all_until(last), ..ProtocolSettings::private() };
        let owner = bft_address(settings.standby_validators()).unwrap();
        Self { chain: Chain::new(settings).unwrap(), owner }
    }

    /// Appends a block with one transaction for each call. All must succeed.
    fn block(&mut self, calls: &[Call<'_>]) -> BlockReceipt {
        let last = self.chain.last_header().unwrap();
        let transaction = |(nonce, (signer, contract, method, arguments)): (usize, &Call<'_>)| {
            let contract = contract.parse().unwrap();
            let script = ScriptBuilder::new().dynamic_call(contract, method, CallFlags::ALL, arguments).build();
            let mut signers = vec![Signer::new(self.owner, WitnessScopes::GLOBAL)];
            if *signer != self.owner {
                signers.push(Signer::new(*signer, WitnessScopes::GLOBAL));
            }
            let unsigned = UnsignedTransaction {
                version: 0,
                nonce: nonce as u32,
                system_fee: 200_000_000_000,
                network_fee: 0,
                valid_until_block: last.index + 2,
                signers,
                attributes: Vec::new(),
                script: script.unwrap(),
            };
            unsigned.with_empty_witnesses().unwrap()
        };
        let transactions = calls.iter().enumerate().map(transaction).collect();
        let block = next_block(&self.chain, transactions);
        let receipt = self.chain.persist(&block).unwrap();
        for transaction in &receipt.transactions {
            assert!(transaction.halted(), "{:?}", transaction.fault);
            assert!(transaction.stack.iter().all(|item| item.is_null() || item.to_boolean().unwrap()));
        }
        receipt
    }

    fn transfer(&self, to: Hash160, amount: i64) -> Call<'static> {
        (self.owner, NEO, "transfer", vec![self.owner.into(), to.into(), amount.into(), StackItem::Null])
    }

    /// What a method of NeoToken returns.
    fn read(&self, method: &str) -> StackItem {
        let call = Invocation::call(NEO.parse().unwrap(), method, vec![]).unwrap();
        self.chain.invoke(&call).unwrap().stack[0].clone()
    }

    /// What a vote for an account's candidate had earned when the account last got GAS.
    fn last_gas_per_vote(&self, account: Hash160) -> Integer {
        let call = Invocation::call(NEO.parse().unwrap(), "getAccountState", vec![account.into()]).unwrap();
        let state = self.chain.invoke(&call).unwrap().stack[0].clone();
        let StackItem::Struct(fields) = state else { panic!("{state:?}") };
        fields.get(3).unwrap().to_integer().unwrap()
    }

    fn stored(&self, prefix: u8, key: &PublicKey) -> Option<Vec<u8>> {
        let key = Key::new(NEO_ID, &[prefix]).with(&key.0);
        self.chain.store().get(&key).unwrap().map(|value| value.to_vec())
    }

    /// What a vote for a candidate has earned.
    fn voter_reward(&self, key: &PublicKey) -> Option<Integer> {
        self.stored(PREFIX_VOTER_REWARD, key).map(|value| Integer::from_le_bytes(&value).unwrap())
    }
}

fn register(key: &PublicKey) -> Call<'static> {
    (account(key), NEO, "registerCandidate", vec![key.into()])
}

fn vote(voter: Hash160, key: Option<&PublicKey>) -> Call<'static> {
    (voter, NEO, "vote", vec![voter.into(), key.into()])
}

/// The last amount of tokens that a transaction of a block moved.
fn last_amount(receipt: &BlockReceipt) -> Integer {
    let notification = receipt.transactions.last().unwrap().notifications.last().unwrap();
    assert_eq!(&*notification.event, "Transfer");
    let StackItem::Array(values) = &notification.state else { panic!("{:?}", notification.state) };
    values.get(2).unwrap().to_integer().unwrap()
}

/// What a vote earns in a block if 30 million tokens vote: two shares, since the
/// member is a validator, of 80 % of 5 GAS, split between the one member of the
/// committee and the one validator, in 10^-8 datoshi.
const PER_VOTE: i64 = 2 * (500_000_000 * 80 * 100_000_000 / 2 / 100) / 30_000_000;

#[test]
fn from_gorgon_on_votes_of_the_block_of_the_election_count() {
    let key = standby();
    for (last, rewards, earned) in [
        // The committee's votes are those before the block.
        (Hardfork::Faun, [None, Some(PER_VOTE), Some(2 * PER_VOTE)], 399_999_999),
        (Hardfork::Gorgon, [Some(PER_VOTE), Some(2 * PER_VOTE), Some(2 * PER_VOTE)], 799_999_999),
    ] {
        let mut world = World::new(last);
        world.block(&[world.transfer(ALICE, 30_000_000), register(&key)]);
        let receipt = world.block(&[vote(ALICE, Some(&key))]);
        // A tenth of the 5 GAS of one block, for 30 of 100 million tokens.
        assert_eq!(last_amount(&receipt), 15_000_000.into());
        assert_eq!(world.voter_reward(&key), rewards[0].map(Integer::from), "{last}");
        world.block(&[]);
        assert_eq!(world.voter_reward(&key), rewards[1].map(Integer::from), "{last}");
        let receipt = world.block(&[vote(ALICE, None)]);
        assert_eq!(world.voter_reward(&key), rewards[2].map(Integer::from), "{last}");
        // Two blocks of holding, and what the vote had earned by the block before.
        assert_eq!(last_amount(&receipt), (2 * 15_000_000 + earned).into(), "{last}");
    }
}

#[test]
fn a_candidate_that_withdraws_is_forgotten_with_its_last_vote() {
    let key = standby();
    for (last, rewards) in [
        (Hardfork::Faun, [None, Some(PER_VOTE), Some(PER_VOTE)]),
        // From Gorgon on, nobody earns for a key that is no candidate any more.
        (Hardfork::Gorgon, [Some(PER_VOTE), Some(PER_VOTE), Some(PER_VOTE)]),
    ] {
        let mut world = World::new(last);
        world.block(&[world.transfer(ALICE, 30_000_000), register(&key)]);
        world.block(&[vote(ALICE, Some(&key))]);
        assert_eq!(world.voter_reward(&key), rewards[0].map(Integer::from), "{last}");
        world.block(&[(account(&key), NEO, "unregisterCandidate", vec![(&key).into()])]);
        assert_eq!(world.voter_reward(&key), rewards[1].map(Integer::from), "{last}");
        world.block(&[]);
        assert_eq!(world.voter_reward(&key), rewards[2].map(Integer::from), "{last}");
        assert!(world.stored(PREFIX_CANDIDATE, &key).is_some());
        world.block(&[vote(ALICE, None)]);
        assert_eq!(world.voter_reward(&key), None);
        assert_eq!(world.stored(PREFIX_CANDIDATE, &key), None);
        // If it comes back, votes start with nothing.
        world.block(&[register(&key)]);
        world.block(&[vote(ALICE, Some(&key))]);
        assert_eq!(world.last_gas_per_vote(ALICE), Integer::from(0), "{last}");
        world.block(&[]);
        world.block(&[(ALICE, NEO, "transfer", vec![ALICE.into(), ALICE.into(), 0.into(), StackItem::Null])]);
        let earned = if last < Hardfork::Gorgon { PER_VOTE } else { 2 * PER_VOTE };
        assert_eq!(world.last_gas_per_vote(ALICE), Integer::from(earned), "{last}");
    }
}

/// An array of keys.
fn committee_of(keys: &[PublicKey]) -> String {
    format!("{:?}", StackItem::array(keys.iter().map(StackItem::from).collect::<Vec<_>>()))
}

#[test]
fn candidates_are_elected_if_a_fifth_of_the_tokens_vote() {
    let [small, great] = candidates();
    let mut world = World::new(Hardfork::Gorgon);
    world.block(&[world.transfer(ALICE, 19_999_999), register(&small), register(&great)]);
    world.block(&[vote(ALICE, Some(&great))]);
    let receipt = world.block(&[world.transfer(ALICE, 1)]);
    assert_eq!(format!("{:?}", world.read("getCommittee")), committee_of(&[standby()]), "one vote is missing");
    assert_eq!(receipt.on_persist.notifications.iter().filter(|one| &*one.event == "CommitteeChanged").count(), 0);

    let receipt = world.block(&[world.transfer(BOB, 20_000_000)]);
    assert_eq!(format!("{:?}", world.read("getCommittee")), committee_of(&[great]));
    let changed = receipt.on_persist.notifications.iter().find(|one| &*one.event == "CommitteeChanged").unwrap();
    let StackItem::Array(values) = &changed.state else { panic!("{:?}", changed.state) };
    let values: Vec<_> = values.to_vec().iter().map(|value| format!("{value:?}")).collect();
    assert_eq!(values, [committee_of(&[standby()]), committee_of(&[great])]);

    // Of equal votes the smaller key wins, but keys are stored by their bytes.
    world.block(&[vote(BOB, Some(&small))]);
    world.block(&[]);
    assert_eq!(format!("{:?}", world.read("getCommittee")), committee_of(&[small]));
    let entry = |key: &PublicKey| StackItem::structure([key.into(), 20_000_000.into()]);
    let both = StackItem::array([entry(&great), entry(&small)]);
    assert_eq!(format!("{:?}", world.read("getCandidates")), format!("{both:?}"));

    // A candidate whose account is blocked is none.
    let committee = majority_address(&[small]).unwrap();
    world.block(&[(committee, POLICY, "blockAccount", vec![account(&small).into()])]);
    world.block(&[]);
    assert_eq!(format!("{:?}", world.read("getCommittee")), committee_of(&[great]));
    let one = StackItem::array([entry(&great)]);
    assert_eq!(format!("{:?}", world.read("getCandidates")), format!("{one:?}"));
}
