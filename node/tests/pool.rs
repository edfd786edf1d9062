//! The pool of transactions that wait: order, capacity, conflicts, and what a block leaves of it.

mod common;

use std::sync::Arc;

use common::{GAS, Key, World, block, unsigned};
use neovm_chain::{Attribute, Block, Signer, Transaction, UnsignedTransaction, Witness, WitnessScopes, contract};
use neovm_host::Invocation;
use neovm_node::{MemoryPool, verify::VerifyResult};
use neovm_storage::{Cursor, Direction, Store, StoreError, Value};
use neovm_types::{CallFlags, Hash160, Hash256, OpCode, ScriptBuilder, StackItem};

impl World {
    fn signed(&self, key: &Key, change: impl FnOnce(&mut UnsignedTransaction)) -> Arc<Transaction> {
        let mut transaction = unsigned(&[key.account()], vec![]);
        change(&mut transaction);
        self.sign(&transaction, &[key]).into()
    }

    fn of_alice(&self, nonce: u32, network_fee: i64) -> Arc<Transaction> {
        self.signed(&self.alice, |it| (it.nonce, it.network_fee) = (nonce, network_fee))
    }

    fn naming(&self, nonce: u32, network_fee: i64, hash: Hash256) -> Arc<Transaction> {
        let attributes = vec![Attribute::Conflicts { hash }];
        self.signed(&self.alice, |it| (it.nonce, it.network_fee, it.attributes) = (nonce, network_fee, attributes))
    }

    #[track_caller]
    fn add(&self, pool: &mut MemoryPool, transaction: &Arc<Transaction>) -> VerifyResult {
        pool.try_add(self.chain.network(), self.chain.store(), Arc::clone(transaction)).unwrap()
    }

    /// Makes a block of transactions.
    fn append(&mut self, transactions: &[&Arc<Transaction>]) -> Block {
        let transactions = transactions.iter().map(|it| Transaction::clone(it)).collect();
        let block = block(&self.chain, &self.node, transactions, |_| {});
        self.chain.persist(&block).unwrap();
        block
    }

    /// Makes a block of transactions and tells the pool.
    fn persist(&mut self, pool: &mut MemoryPool, transactions: &[&Arc<Transaction>]) {
        let block = self.append(transactions);
        pool.block_appended(self.chain.network(), self.chain.store(), &block);
    }
}

fn hashes(pool: &MemoryPool) -> Vec<Hash256> {
    pool.transactions().map(|it| it.hash()).collect()
}

#[test]
fn the_highest_fee_comes_first_and_high_priority_before_it() {
    let world = World::new();
    let mut pool = MemoryPool::new(10);
    let [low, high, middle] = [10_000_000, 30_000_000, 20_000_000].map(|fee| world.of_alice(fee as u32, fee));
    for transaction in [&low, &high, &middle] {
        assert_eq!(world.add(&mut pool, transaction), VerifyResult::Succeed);
    }
    assert_eq!(hashes(&pool), [high.hash(), middle.hash(), low.hash()]);

    // Of equal fees the lower number comes first.
    let mut equal: Vec<_> = (0..4).map(|nonce| world.of_alice(nonce, 10_000_000)).collect();
    let mut pool = MemoryPool::new(10);
    for transaction in &equal {
        assert_eq!(world.add(&mut pool, transaction), VerifyResult::Succeed);
    }
    equal.sort_by_key(|it| it.hash().to_string());
    assert_eq!(hashes(&pool), equal.iter().map(|it| it.hash()).collect::<Vec<_>>());

    let committee = contract::bft_address(&[world.node.public]).unwrap();
    let mut first = unsigned(&[committee], vec![Attribute::HighPriority]);
    first.nonce = 7;
    let message = first.sign_data(world.chain.network().settings().network);
    let first = Arc::new(first.sign(&[world.node.multisig_witness(&message)]).unwrap());
    assert_eq!(world.add(&mut pool, &high), VerifyResult::Succeed);
    assert_eq!(world.add(&mut pool, &first), VerifyResult::Succeed);
    assert_eq!(hashes(&pool)[..2], [first.hash(), high.hash()]);
}

#[test]
fn a_full_pool_drops_the_last_one() {
    let world = World::new();
    let mut pool = MemoryPool::new(2);
    let fees = [20_000_000, 30_000_000, 10_000_000, 40_000_000];
    let all = fees.map(|fee| world.of_alice(fee as u32, fee));
    let results = [0, 1, 2, 3].map(|i| world.add(&mut pool, &all[i]));
    let (succeed, full) = (VerifyResult::Succeed, VerifyResult::OutOfMemory);
    assert_eq!(results, [succeed, succeed, full, succeed]);
    assert_eq!(hashes(&pool), [all[3].hash(), all[1].hash()]);
    assert!(pool.get(all[0].hash()).is_none());
    // What was dropped counts for the sender no more.
    assert_eq!(world.add(&mut pool, &all[1]), VerifyResult::AlreadyInPool);
}

#[test]
fn all_that_waits_of_a_sender_must_be_paid() {
    let world = World::new();
    let mut pool = MemoryPool::new(10);
    assert_eq!(world.add(&mut pool, &world.of_alice(1, 600_000_000)), VerifyResult::Succeed);
    let second = world.of_alice(2, 600_000_000);
    assert_eq!(world.add(&mut pool, &second), VerifyResult::InsufficientFunds);
    assert_eq!(world.add(&mut pool, &world.of_alice(3, 400_000_000)), VerifyResult::Succeed);
    let of_bob = world.signed(&world.bob, |it| it.network_fee = 1_000_000_000);
    assert_eq!(world.add(&mut pool, &of_bob), VerifyResult::Succeed);
}

#[test]
fn conflicts_hold_both_ways() {
    let world = World::new();
    let mut pool = MemoryPool::new(10);
    let named = world.of_alice(1, 20_000_000);
    // It must pay more than the one that it names.
    assert_eq!(world.add(&mut pool, &named), VerifyResult::Succeed);
    assert_eq!(world.add(&mut pool, &world.naming(2, 20_000_000, named.hash())), VerifyResult::HasConflicts);
    let naming = world.naming(2, 30_000_000, named.hash());
    assert_eq!(world.add(&mut pool, &naming), VerifyResult::Succeed);
    assert_eq!(hashes(&pool), [naming.hash()]);
    // And the one that is named must pay more than what names it.
    assert_eq!(world.add(&mut pool, &named), VerifyResult::HasConflicts);
    let of_bob = {
        let attributes = vec![Attribute::Conflicts { hash: naming.hash() }];
        world.signed(&world.bob, |it| (it.network_fee, it.attributes) = (90_000_000, attributes))
    };
    assert_eq!(world.add(&mut pool, &of_bob), VerifyResult::HasConflicts, "no signer is the same");
    assert_eq!(hashes(&pool), [naming.hash()]);
}

#[test]
fn a_block_takes_what_it_has_and_what_is_not_valid_any_more() {
    let mut world = World::new();
    let mut pool = MemoryPool::new(10);
    let taken = world.of_alice(1, 10_000_000);
    let left = world.of_alice(2, 11_000_000);
    let named = world.of_alice(3, 12_000_000);
    let expiring = world.signed(&world.alice, |it| (it.nonce, it.valid_until_block) = (4, 1));
    let too_dear = world.of_alice(5, 800_000_000);
    for transaction in [&taken, &left, &named, &expiring, &too_dear] {
        assert_eq!(world.add(&mut pool, transaction), VerifyResult::Succeed);
    }
    // A transaction that this pool has never seen names one of it, and its fee makes another one too dear.
    let other = world.naming(6, 300_000_000, named.hash());
    world.persist(&mut pool, &[&taken, &other]);
    assert_eq!(hashes(&pool), [left.hash()]);
    world.persist(&mut pool, &[&left]);
    assert!(pool.is_empty());
    assert_eq!(world.add(&mut pool, &left), VerifyResult::AlreadyExists);
    assert_eq!(world.add(&mut pool, &named), VerifyResult::HasConflicts);
}

#[test]
fn what_names_a_transaction_of_the_block_leaves() {
    let mut world = World::new();
    let mut pool = MemoryPool::new(10);
    let (in_block, other) = (world.of_alice(1, 10_000_000), world.of_alice(9, 10_000_000));
    let naming = world.naming(2, 50_000_000, in_block.hash());
    assert_eq!(world.add(&mut pool, &naming), VerifyResult::Succeed);
    assert_eq!(world.add(&mut pool, &other), VerifyResult::Succeed);
    world.persist(&mut pool, &[&in_block]);
    assert_eq!(hashes(&pool), [other.hash()]);
}

/// A store in which the entries of some accounts cannot be read.
struct Unreadable<'s> {
    store: &'s dyn Store,
    accounts: &'s [Hash160],
}

impl Store for Unreadable<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Value>, StoreError> {
        match self.accounts.iter().any(|account| key.ends_with(&account.0)) {
            true => Err(StoreError("it is far away".into())),
            false => self.store.get(key),
        }
    }

    fn seek<'a>(&'a self, prefix: &[u8], from: Option<&[u8]>, direction: Direction) -> Cursor<'a> {
        self.store.seek(prefix, from, direction)
    }
}

#[test]
fn what_cannot_be_verified_again_for_now_stays() {
    let mut world = World::new();
    let mut pool = MemoryPool::new(10);
    let carol = Hash160([3; 20]);
    // An account whose script is true as long as Carol has no GAS.
    let mut script = ScriptBuilder::new();
    script.dynamic_call(GAS.parse().unwrap(), "balanceOf", CallFlags::READ_ONLY, &[carol.into()]).op(OpCode::NOT);
    let script = script.build().unwrap();
    let account = script.hash();
    let by_script = {
        let mut transaction = unsigned(&[world.alice.account()], vec![]);
        transaction.signers.push(Signer::new(account, WitnessScopes::NONE));
        let message = transaction.sign_data(world.chain.network().settings().network);
        let of_script = Witness { verification: script, ..Witness::empty() };
        Arc::new(transaction.sign(&[world.alice.witness(&message), of_script]).unwrap())
    };
    let of_bob = world.signed(&world.bob, |_| {});
    let [of_alice, taken] = [1, 2].map(|nonce| world.of_alice(nonce, 20_000_000));
    for transaction in [&by_script, &of_bob, &of_alice, &taken] {
        assert_eq!(world.add(&mut pool, transaction), VerifyResult::Succeed);
    }
    let block = world.append(&[&taken]);
    let network = world.chain.network();
    // That of the script, of what Bob can pay, and of both: neither is there, and neither has the others leave.
    for accounts in [&[carol][..], &[world.bob.account()], &[carol, world.bob.account()]] {
        let mut pool = pool.clone();
        pool.block_appended(network, &Unreadable { store: world.chain.store(), accounts }, &block);
        assert_eq!(pool.len(), 3);
        assert!(pool.get(taken.hash()).is_none());
        pool.block_appended(network, world.chain.store(), &block);
        assert_eq!(pool.len(), 3);
    }
    // When it can be read again, it is.
    let from = contract::bft_address(&[world.node.public]).unwrap();
    let arguments = vec![from.into(), carol.into(), 1.into(), StackItem::Null];
    let call = Invocation::call(GAS.parse().unwrap(), "transfer", arguments).unwrap();
    let signed = call.with_signer(Signer::new(from, WitnessScopes::GLOBAL));
    assert!(world.chain.execute(&signed).unwrap().halted());
    let block = world.append(&[]);
    pool.block_appended(world.chain.network(), &Unreadable { store: world.chain.store(), accounts: &[carol] }, &block);
    assert!(pool.get(by_script.hash()).is_some());
    pool.block_appended(world.chain.network(), world.chain.store(), &block);
    assert!(pool.get(by_script.hash()).is_none());
}
