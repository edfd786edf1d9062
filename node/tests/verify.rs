//! The verification of transactions, headers and blocks: each result, by hand.

mod common;

use std::sync::Arc;

use common::{GAS, Key, World, block, unsigned, witness};
use neovm_chain::{
    Attribute, Block, OracleResponse, OracleResponseCode, Transaction, UnsignedTransaction, Witness, contract,
};
use neovm_host::{HardforkHeights, ProtocolSettings};
use neovm_node::verify::{
    BlockRefusal, InvalidHeader, Pool, VerifyLevel, VerifyResult, network_fee, verify_block, verify_block_dependent,
    verify_block_independent, verify_header, verify_new_transaction,
};
use neovm_types::{Hardfork, Hash160, Hash256, OpCode, Script, ScriptBuilder, StackItem};

const ROLE_MANAGEMENT: &str = "0x49cf4e5378ffcd4dec034fd98a174c5491e395e2";
const POLICY: &str = "0xcc5e4edd9f5f8dba8bb65734541df7a1c081c67b";

impl World {
    /// A transaction of Alice with a nonce and attributes.
    fn by_alice(&self, nonce: u32, attributes: Vec<Attribute>) -> Transaction {
        self.sign(&UnsignedTransaction { nonce, ..unsigned(&[self.alice.account()], attributes) }, &[&self.alice])
    }

    fn verify(&self, transaction: &Transaction) -> VerifyResult {
        self.verify_beside(&Pool::new(), transaction)
    }

    fn verify_beside(&self, pool: &Pool, transaction: &Transaction) -> VerifyResult {
        verify_new_transaction(self.chain.network(), self.chain.store(), pool, transaction).unwrap()
    }

    fn pool(&self, pool: &mut Pool, transaction: &Transaction) -> VerifyResult {
        pool.try_add(self.chain.network(), self.chain.store(), Arc::new(transaction.clone())).unwrap()
    }

    fn persist(&mut self, transactions: Vec<Transaction>) {
        let block = block(&self.chain, &self.node, transactions, |_| {});
        self.chain.persist(&block).unwrap();
    }
}

fn notary() -> Hash160 {
    contract::contract_hash(Hash160::default(), 0, "Notary")
}

fn names(hash: Hash256) -> Vec<Attribute> {
    vec![Attribute::Conflicts { hash }]
}

#[test]
fn witnesses_of_standard_accounts() {
    let world = World::new();
    let transaction = unsigned(&[world.alice.account(), world.bob.account()], vec![]);
    assert_eq!(world.verify(&world.sign(&transaction, &[&world.alice, &world.bob])), VerifyResult::Succeed);
    assert_eq!(world.verify(&world.sign(&transaction, &[&world.bob, &world.alice])), VerifyResult::Invalid);

    let signed = |witness: Witness| unsigned(&[world.alice.account()], vec![]).sign(&[witness]).unwrap();
    let message = world.message(&unsigned(&[world.alice.account()], vec![]));
    let other = [&message[..], b"x"].concat();
    assert_eq!(world.verify(&signed(world.alice.witness(&message))), VerifyResult::Succeed);
    assert_eq!(world.verify(&signed(world.alice.witness(&other))), VerifyResult::InvalidSignature);
    // Two signatures for one key are executed, and leave an item too many.
    let script = contract::signature_script(&world.alice.public);
    let twice = witness(&[world.alice.signature(&message); 2], script);
    assert_eq!(world.verify(&signed(twice)), VerifyResult::Invalid);
}

#[test]
fn witnesses_of_several_keys() {
    let world = World::new();
    let mut keys = [&world.alice, &world.bob, &world.node];
    keys.sort_by_key(|key| key.public);
    let script = contract::multisig_script(2, &keys.map(|key| key.public)).unwrap();
    let transaction = unsigned(&[world.alice.account(), script.hash()], vec![]);
    let message = world.message(&transaction);
    let verify = |signers: &[&Key]| {
        let signatures: Vec<_> = signers.iter().map(|key| key.signature(&message)).collect();
        let witnesses = [world.alice.witness(&message), witness(&signatures, script.clone())];
        world.verify(&transaction.sign(&witnesses).unwrap())
    };
    assert_eq!(verify(&[keys[0], keys[1]]), VerifyResult::Succeed);
    assert_eq!(verify(&[keys[0], keys[2]]), VerifyResult::Succeed);
    assert_eq!(verify(&[keys[1], keys[2]]), VerifyResult::Succeed);
    assert_eq!(verify(&[keys[1], keys[0]]), VerifyResult::InvalidSignature);
    assert_eq!(verify(&[keys[0], keys[0]]), VerifyResult::InvalidSignature);
    // Another number of signatures is executed.
    assert_eq!(verify(&[keys[0]]), VerifyResult::Invalid);
    assert_eq!(verify(&keys), VerifyResult::Invalid);
}

/// A key that is not on the curve never verifies, also not unseen.
#[test]
fn keys_that_are_not_on_the_curve() {
    let world = World::new();
    let check = |script: Script, account: Hash160| {
        let transaction = unsigned(&[world.alice.account(), account], vec![]);
        let message = world.message(&transaction);
        let signature = world.alice.signature(&message);
        world.verify(&transaction.sign(&[world.alice.witness(&message), witness(&[signature], script)]).unwrap())
    };
    let damaged = |script: Script| {
        let mut bytes = script.bytes().to_vec();
        let start = bytes.windows(2).position(|pair| pair == [OpCode::PUSHDATA1 as u8, 33]).unwrap();
        bytes[start + 2..start + 35].fill(5);
        Script::new(bytes)
    };
    let single = damaged(contract::signature_script(&world.bob.public));
    assert_eq!(check(single.clone(), single.hash()), VerifyResult::Invalid);
    let multisig = damaged(contract::multisig_script(1, &[world.bob.public]).unwrap());
    assert_eq!(check(multisig.clone(), multisig.hash()), VerifyResult::Invalid);
    assert_eq!(check(multisig, world.bob.account()), VerifyResult::Invalid);
}

#[test]
fn witnesses_that_are_executed() {
    let world = World::new();
    let check = |script: &[OpCode], invocation: &[OpCode]| {
        let bytes = |script: &[OpCode]| Script::new(script.iter().map(|opcode| *opcode as u8).collect::<Vec<_>>());
        let script = bytes(script);
        let transaction = unsigned(&[world.alice.account(), script.hash()], vec![]);
        let message = world.message(&transaction);
        let second = Witness { invocation: bytes(invocation), verification: script };
        world.verify(&transaction.sign(&[world.alice.witness(&message), second]).unwrap())
    };
    assert_eq!(check(&[OpCode::PUSH1], &[]), VerifyResult::Succeed);
    assert_eq!(check(&[OpCode::NOT], &[OpCode::PUSH0]), VerifyResult::Succeed);
    assert_eq!(check(&[OpCode::PUSH0], &[]), VerifyResult::Invalid);
    assert_eq!(check(&[OpCode::PUSH1, OpCode::PUSH1], &[]), VerifyResult::Invalid);
    assert_eq!(check(&[OpCode::ABORT], &[]), VerifyResult::Invalid);
    // An endless loop runs out of the network fee.
    let jump = [OpCode::JMP, OpCode::PUSHINT8];
    assert_eq!(check(&jump, &[]), VerifyResult::Invalid);
}

/// Witnesses that are executed share 1.5 GAS, however high the network fee is.
#[test]
fn what_witnesses_may_use() {
    let world = World::new();
    let burning = |datoshi: i64| {
        let script = ScriptBuilder::new().push(datoshi).syscall("System.Runtime.BurnGas").push(true).build();
        Witness { invocation: Script::new([]), verification: script.unwrap() }
    };
    let check = |amounts: &[i64]| {
        let witnesses: Vec<Witness> = amounts.iter().copied().map(burning).collect();
        let accounts: Vec<_> = witnesses.iter().map(Witness::script_hash).collect();
        let accounts = [&[world.alice.account()], &accounts[..]].concat();
        let transaction = UnsignedTransaction { network_fee: 500_000_000, ..unsigned(&accounts, vec![]) };
        let own = world.alice.witness(&world.message(&transaction));
        world.verify(&transaction.sign(&[&[own], &witnesses[..]].concat()).unwrap())
    };
    // A signature takes 983,520 of it.
    assert_eq!(check(&[149_000_000]), VerifyResult::Succeed);
    assert_eq!(check(&[149_100_000]), VerifyResult::Invalid);
    assert_eq!(check(&[80_000_000, 68_000_000]), VerifyResult::Succeed);
    assert_eq!(check(&[80_000_000, 70_000_000]), VerifyResult::Invalid);
}

#[test]
fn sizes_and_scripts() {
    let world = World::new();
    let mut transaction = unsigned(&[world.alice.account()], vec![]);
    transaction.script = Script::new([0xff]);
    assert_eq!(world.verify(&world.sign(&transaction, &[&world.alice])), VerifyResult::InvalidScript);
    transaction.script = Script::new([OpCode::JMP as u8, 100]);
    assert_eq!(world.verify(&world.sign(&transaction, &[&world.alice])), VerifyResult::InvalidScript);

    let response = |size| OracleResponse { id: 0, code: OracleResponseCode::Success, result: vec![0; size] };
    transaction.script = Script::new(vec![OpCode::NOP as u8; 65_535]);
    transaction.attributes = vec![Attribute::OracleResponse(response(36_000))];
    let size = world.sign(&transaction, &[&world.alice]).size();
    let most = 36_000 + Transaction::MAX_SIZE - size;
    transaction.attributes = vec![Attribute::OracleResponse(response(most + 1))];
    assert_eq!(world.verify(&world.sign(&transaction, &[&world.alice])), VerifyResult::OverSize);
    transaction.attributes = vec![Attribute::OracleResponse(response(most))];
    let largest = world.sign(&transaction, &[&world.alice]);
    assert_eq!(largest.size(), Transaction::MAX_SIZE);
    assert_eq!(world.verify(&largest), VerifyResult::InvalidAttribute);
}

#[test]
fn how_long_a_transaction_is_valid() {
    for last in [Hardfork::Domovoi, Hardfork::Gorgon] {
        let settings = ProtocolSettings {
            max_valid_until_block_increment: 20,
            hardforks: HardforkHeights::all_until(last),
            ..ProtocolSettings::private()
        };
        let mut world = World::with(settings);
        world.persist(vec![]);
        let check = |world: &World, valid_until_block| {
            let transaction = UnsignedTransaction { valid_until_block, ..unsigned(&[world.alice.account()], vec![]) };
            world.verify(&world.sign(&transaction, &[&world.alice]))
        };
        assert_eq!(check(&world, 1), VerifyResult::Expired);
        assert_eq!(check(&world, 2), VerifyResult::Succeed);
        assert_eq!(check(&world, 21), VerifyResult::Succeed);
        assert_eq!(check(&world, 22), VerifyResult::NotYetValid);
        if last >= Hardfork::Echidna {
            world.call(POLICY, "setMaxValidUntilBlockIncrement", vec![10.into()]);
            assert_eq!(check(&world, 11), VerifyResult::Succeed);
            assert_eq!(check(&world, 12), VerifyResult::NotYetValid);
        }
    }
}

#[test]
fn blocked_accounts() {
    let mut world = World::new();
    world.call(POLICY, "blockAccount", vec![world.bob.account().into()]);
    let transaction = unsigned(&[world.alice.account(), world.bob.account()], vec![]);
    assert_eq!(world.verify(&world.sign(&transaction, &[&world.alice, &world.bob])), VerifyResult::PolicyFail);
    assert_eq!(world.verify(&world.by_alice(0, vec![])), VerifyResult::Succeed);
}

#[test]
fn what_the_sender_can_pay() {
    let world = World::new();
    let paying = |nonce, system_fee| {
        let transaction = UnsignedTransaction { nonce, system_fee, ..unsigned(&[world.alice.account()], vec![]) };
        world.sign(&transaction, &[&world.alice])
    };
    assert_eq!(world.verify(&paying(0, 990_000_000)), VerifyResult::Succeed);
    assert_eq!(world.verify(&paying(0, 990_000_001)), VerifyResult::InsufficientFunds);
    let mut pool = Pool::new();
    assert_eq!(world.pool(&mut pool, &paying(1, 500_000_000)), VerifyResult::Succeed);
    assert_eq!(world.verify_beside(&pool, &paying(2, 480_000_001)), VerifyResult::InsufficientFunds);
    assert_eq!(world.verify_beside(&pool, &paying(2, 480_000_000)), VerifyResult::Succeed);
    assert_eq!(pool.len(), 1);
}

/// The calculated fee is the least that is accepted.
#[test]
fn network_fees() {
    let mut world = World::new();
    world.call(POLICY, "setAttributeFee", vec![0x21.into(), 12_345.into()]);
    world.call(POLICY, "setFeePerByte", vec![777.into()]);
    let mut keys = [&world.alice, &world.bob];
    keys.sort_by_key(|key| key.public);
    let script = contract::multisig_script(2, &keys.map(|key| key.public)).unwrap();
    let accounts = [world.alice.account(), script.hash()];
    let mut transaction = unsigned(&accounts, names(Hash256([7; 32])));
    let sign = |transaction: &UnsignedTransaction| {
        let message = world.message(transaction);
        let second = witness(&keys.map(|key| key.signature(&message)), script.clone());
        transaction.sign(&[world.alice.witness(&message), second]).unwrap()
    };
    let fee = network_fee(world.chain.network(), world.chain.store(), &sign(&transaction)).unwrap();
    // 30 for a price unit: 8 for each push of bytes, 1 for each number, 2^15 for a signature.
    let witnesses = 30 * ((2 * 8 + 32_768) + (4 * 8 + 2 + 2 * 32_768));
    assert_eq!(fee, witnesses + 777 * sign(&transaction).size() as i64 + 2 * 12_345);
    transaction.network_fee = fee;
    assert_eq!(world.verify(&sign(&transaction)), VerifyResult::Succeed);
    transaction.network_fee = fee - 1;
    assert_eq!(world.verify(&sign(&transaction)), VerifyResult::InsufficientFunds);
    transaction.network_fee = 777;
    assert_eq!(world.verify(&sign(&transaction)), VerifyResult::InsufficientFunds);
}

/// The calculated fee is one for the block that comes next. If Faun is activated by that block, the price of a unit is
/// taken for picoGAS before it becomes that, and witnesses seem to cost nothing.
///
/// Source: `Wallets/Helper.cs` (`CalculateNetworkFee`: the index of the last block and 1).
#[test]
fn network_fees_are_those_of_the_next_block() {
    let witness = 30 * (2 * 8 + 32_768);
    for (faun, witness) in [(0, witness), (1, 0), (2, witness)] {
        let hardforks = HardforkHeights::new(&[(Hardfork::Echidna, 0), (Hardfork::Faun, faun)]).unwrap();
        let world = World::with(ProtocolSettings { hardforks, ..ProtocolSettings::private() });
        let transaction = world.by_alice(1, vec![]);
        let fee = network_fee(world.chain.network(), world.chain.store(), &transaction).unwrap();
        assert_eq!(fee, witness + 1000 * transaction.size() as i64, "Faun at {faun}");
    }
}

/// The script that calls a contract's `verify` runs as in a test: bytes that are no instructions matter if they are
/// reached.
///
/// Source: `Wallets/Helper.cs` (`CalculateNetworkFee`: the script is not loaded strictly).
#[test]
fn network_fees_of_scripts_that_are_not_strictly_valid() {
    let world = World::new();
    let notary = contract::contract_hash(Hash160::default(), 0, "Notary");
    let fee = |behind: &[u8]| {
        let call = ScriptBuilder::new().push(&[0; 64][..]).op(OpCode::RET).build().unwrap();
        let witness = Witness { invocation: [call.bytes(), behind].concat().into(), verification: Script::new([]) };
        let transaction = unsigned(&[notary], vec![]).sign(&[witness]).unwrap();
        network_fee(world.chain.network(), world.chain.store(), &transaction).unwrap()
    };
    let valid = fee(&[]);
    assert!(valid > 1000 * 200, "{valid}: verify did not run");
    assert_eq!(fee(&[0xff]), valid + 1000);
}

#[test]
fn attributes_that_do_not_hold() {
    let mut world = World::new();
    let check = |world: &World, attribute| world.verify(&world.by_alice(0, vec![attribute]));
    assert_eq!(check(&world, Attribute::HighPriority), VerifyResult::InvalidAttribute);
    assert_eq!(check(&world, Attribute::NotValidBefore { height: 0 }), VerifyResult::Succeed);
    assert_eq!(check(&world, Attribute::NotValidBefore { height: 1 }), VerifyResult::InvalidAttribute);
    assert_eq!(check(&world, Attribute::NotaryAssisted { keys: 0 }), VerifyResult::InvalidAttribute);
    let response = OracleResponse { id: 0, code: OracleResponseCode::Timeout, result: vec![] };
    assert_eq!(check(&world, Attribute::OracleResponse(response)), VerifyResult::InvalidAttribute);

    // The committee signs.
    let transaction = unsigned(&[world.alice.account(), world.rich()], vec![Attribute::HighPriority]);
    let message = world.message(&transaction);
    let witnesses = [world.alice.witness(&message), world.node.multisig_witness(&message)];
    assert_eq!(world.verify(&transaction.sign(&witnesses).unwrap()), VerifyResult::Succeed);

    let known = world.by_alice(1, vec![]);
    world.persist(vec![known.clone()]);
    let hash = known.hash();
    assert_eq!(check(&world, Attribute::Conflicts { hash }), VerifyResult::InvalidAttribute);
}

#[test]
fn notary_assisted_transactions_need_echidna() {
    let notary = notary();
    for (last, expected) in
        [(Hardfork::Domovoi, VerifyResult::InvalidAttribute), (Hardfork::Gorgon, VerifyResult::Invalid)]
    {
        let hardforks = HardforkHeights::all_until(last);
        let world = World::with(ProtocolSettings { hardforks, ..ProtocolSettings::private() });
        let mut transaction = unsigned(&[world.alice.account(), notary], vec![Attribute::NotaryAssisted { keys: 1 }]);
        transaction.network_fee = 50_000_000;
        let witnesses = [world.alice.witness(&world.message(&transaction)), Witness::empty()];
        assert_eq!(world.verify(&transaction.sign(&witnesses).unwrap()), expected, "{last}");
    }
}

/// The contract Notary is the sender, and the second signer's deposit pays.
#[test]
fn deposits_pay_all_that_waits() {
    let mut world = World::new();
    let nodes = StackItem::array([StackItem::from(&world.node.public)]);
    world.call(ROLE_MANAGEMENT, "designateAsRole", vec![32.into(), nodes]);
    world.persist(vec![]);
    for owner in [world.alice.account(), world.bob.account()] {
        let data = StackItem::array([owner.into(), 100.into()]);
        world.call(GAS, "transfer", vec![world.rich().into(), notary().into(), 1_000_000_000.into(), data]);
    }
    let paid = |owner: &Key, network_fee, more: Vec<Attribute>| {
        let attributes = [vec![Attribute::NotaryAssisted { keys: 0 }], more].concat();
        let transaction = UnsignedTransaction { network_fee, ..unsigned(&[notary(), owner.account()], attributes) };
        let message = world.message(&transaction);
        let of_node = witness(&[world.node.signature(&message)], Script::new([]));
        transaction.sign(&[of_node, owner.witness(&message)]).unwrap()
    };
    let mut pool = Pool::new();
    let first = paid(&world.alice, 600_000_000, vec![]);
    assert_eq!(world.pool(&mut pool, &first), VerifyResult::Succeed);
    assert_eq!(world.verify(&paid(&world.alice, 400_000_001, vec![])), VerifyResult::Succeed);
    assert_eq!(world.pool(&mut pool, &paid(&world.alice, 400_000_001, vec![])), VerifyResult::InsufficientFunds);
    assert_eq!(world.pool(&mut pool, &paid(&world.node, 50_000_000, vec![])), VerifyResult::InsufficientFunds);
    assert_eq!(world.pool(&mut pool, &paid(&world.alice, 400_000_000, vec![])), VerifyResult::Succeed);
    // Bob's deposit is another one, and so is what Alice has not deposited.
    assert_eq!(world.pool(&mut pool, &paid(&world.bob, 1_000_000_000, vec![])), VerifyResult::Succeed);
    let by_alice = UnsignedTransaction { network_fee: 900_000_000, ..unsigned(&[world.alice.account()], vec![]) };
    assert_eq!(world.pool(&mut pool, &world.sign(&by_alice, &[&world.alice])), VerifyResult::Succeed);
    // What takes the place of another one has its share.
    let dearer = paid(&world.alice, 600_000_001, names(first.hash()));
    assert_eq!(world.pool(&mut pool, &dearer), VerifyResult::InsufficientFunds);
    let mut pool = Pool::new();
    assert_eq!(world.pool(&mut pool, &first), VerifyResult::Succeed);
    assert_eq!(world.pool(&mut pool, &dearer), VerifyResult::Succeed);
    assert_eq!(pool.len(), 1);
    // Who pays for a transaction, and not the contract, keeps it out by one that names it.
    let naming = unsigned(&[world.alice.account()], names(first.hash()));
    let naming = world.sign(&UnsignedTransaction { network_fee: 600_000_000, ..naming }, &[&world.alice]);
    let mut pool = Pool::new();
    assert_eq!(world.pool(&mut pool, &naming), VerifyResult::Succeed);
    assert_eq!(world.pool(&mut pool, &first), VerifyResult::HasConflicts);
}

#[test]
fn transactions_that_are_known() {
    let mut world = World::new();
    let transaction = world.by_alice(0, vec![]);
    let mut pool = Pool::new();
    assert_eq!(world.pool(&mut pool, &transaction), VerifyResult::Succeed);
    assert_eq!(world.pool(&mut pool, &transaction), VerifyResult::AlreadyInPool);
    world.persist(vec![transaction.clone()]);
    assert_eq!(world.verify(&transaction), VerifyResult::AlreadyExists);
}

#[test]
fn conflicts_with_the_chain() {
    let settings = ProtocolSettings { max_traceable_blocks: 2, ..ProtocolSettings::private() };
    let mut world = World::with(settings);
    let unwanted = world.by_alice(0, vec![]);
    let same_script = world.sign(&unsigned(&[world.bob.account()], vec![]), &[&world.bob]);
    let naming = [unwanted.hash(), same_script.hash()].map(|hash| Attribute::Conflicts { hash });
    let naming = world.by_alice(1, naming.to_vec());
    world.persist(vec![naming]);
    assert_eq!(world.verify(&unwanted), VerifyResult::HasConflicts);
    // Alice cannot keep Bob from anything.
    assert_eq!(world.verify(&same_script), VerifyResult::Succeed);
    world.persist(vec![]);
    assert_eq!(world.verify(&unwanted), VerifyResult::HasConflicts);
    // The block is out of sight.
    world.persist(vec![]);
    assert_eq!(world.verify(&unwanted), VerifyResult::Succeed);
}

#[test]
fn conflicts_in_the_pool() {
    let world = World::new();
    let paying = |network_fee, nonce, attributes| {
        let transaction = UnsignedTransaction {
            network_fee,
            nonce,
            system_fee: 600_000_000,
            ..unsigned(&[world.alice.account()], attributes)
        };
        world.sign(&transaction, &[&world.alice])
    };
    let first = paying(10_000_000, 0, vec![]);
    let mut pool = Pool::new();
    assert_eq!(world.pool(&mut pool, &first), VerifyResult::Succeed);
    let equal = paying(10_000_000, 1, names(first.hash()));
    assert_eq!(world.pool(&mut pool, &equal), VerifyResult::HasConflicts);
    // One that pays more takes the place, and the GAS that the other one would have used.
    assert_eq!(world.pool(&mut pool, &paying(10_000_001, 2, vec![])), VerifyResult::InsufficientFunds);
    let better = paying(10_000_001, 1, names(first.hash()));
    assert_eq!(world.pool(&mut pool, &better), VerifyResult::Succeed);
    assert!(pool.contains(better.hash()) && !pool.contains(first.hash()));
    // What it names has to pay more in turn.
    assert_eq!(world.pool(&mut pool, &first), VerifyResult::HasConflicts);
    let by_bob = world.sign(&unsigned(&[world.bob.account()], names(better.hash())), &[&world.bob]);
    assert_eq!(world.pool(&mut pool, &by_bob), VerifyResult::HasConflicts);
}

/// A transaction that the pool names, of a sender who has not signed the naming one,
/// takes its place whatever it pays.
#[test]
fn strangers_cannot_keep_a_transaction_out() {
    let world = World::new();
    let cheap = UnsignedTransaction { network_fee: 5_000_000, ..unsigned(&[world.bob.account()], vec![]) };
    let cheap = world.sign(&cheap, &[&world.bob]);
    let naming = world.by_alice(0, names(cheap.hash()));
    let mut pool = Pool::new();
    assert_eq!(world.pool(&mut pool, &naming), VerifyResult::Succeed);
    assert_eq!(world.pool(&mut pool, &cheap), VerifyResult::Succeed);
    assert!(pool.contains(cheap.hash()) && !pool.contains(naming.hash()));
}

#[test]
fn headers() {
    let mut world = World::new();
    world.persist(vec![]);
    let last = world.chain.last_header().unwrap();
    let check = |node: &Key, change: &dyn Fn(&mut neovm_chain::UnsignedHeader)| {
        let block = block(&world.chain, node, vec![], change);
        match verify_header(world.chain.network(), world.chain.store(), &block) {
            Ok(()) => None,
            Err(BlockRefusal::Header(why)) => Some(why),
            Err(other) => panic!("{other}"),
        }
    };
    assert_eq!(check(&world.node, &|_| {}), None);
    assert_eq!(check(&world.alice, &|_| {}), Some(InvalidHeader::Witness));
    let primary = InvalidHeader::PrimaryIndex { primary_index: 1, validators: 1 };
    assert_eq!(check(&world.node, &|header| header.primary_index = 1), Some(primary));
    let unknown = Hash256([7; 32]);
    let previous = InvalidHeader::UnknownPrevious(unknown);
    assert_eq!(check(&world.node, &|header| header.previous_hash = unknown), Some(previous));
    let index = InvalidHeader::Index { previous: 1, found: 3 };
    assert_eq!(check(&world.node, &|header| header.index = 3), Some(index));
    let timestamp = InvalidHeader::Timestamp { previous: last.timestamp, found: last.timestamp };
    assert_eq!(check(&world.node, &|header| header.timestamp = last.timestamp), Some(timestamp));
}

/// A contract or a script of another form can have to sign a block: it is executed.
#[test]
fn headers_whose_witness_is_executed() {
    let mut world = World::new();
    let script = Script::new([OpCode::PUSH1 as u8]);
    let signer = script.hash();
    let next = block(&world.chain, &world.node, vec![], |header| header.next_consensus = signer);
    world.chain.persist(&next).unwrap();
    let check = |verification: Script, invocation: Script| {
        let unsigned = block(&world.chain, &world.node, vec![], |_| {}).unsigned().clone();
        let header = unsigned.sign(&Witness { invocation, verification }).unwrap();
        verify_header(world.chain.network(), world.chain.store(), &header).map_err(|refusal| refusal.to_string())
    };
    let nothing = || Script::new([]);
    let refused = Err(InvalidHeader::Witness.to_string());
    assert_eq!(check(script.clone(), nothing()), Ok(()));
    assert_eq!(check(script.clone(), script.clone()), refused);
    assert_eq!(check(contract::signature_script(&world.node.public), nothing()), refused);
    // A script with an endless loop in front uses up what there is: 1.5 GAS.
    assert_eq!(check(script.clone(), Script::new([OpCode::JMP as u8, 0])), refused);
    let burning = |datoshi: i64| ScriptBuilder::new().push(datoshi).syscall("System.Runtime.BurnGas").build().unwrap();
    assert_eq!(check(script.clone(), burning(149_990_000)), Ok(()));
    assert_eq!(check(script, burning(150_000_000)), refused);
}

/// The part that needs no state and the part that does make up the whole.
#[test]
fn blocks_in_two_parts() {
    let world = World::new();
    let (network, store) = (world.chain.network(), world.chain.store());
    let previous = world.chain.last_header().unwrap();
    let parts = |block: &Block, level| {
        let independent = verify_block_independent(network.settings(), &previous, block, level);
        [independent, verify_block_dependent(network, store, &previous, block, level)].map(|part| part.is_ok())
    };
    let good = block(&world.chain, &world.node, vec![world.by_alice(0, vec![])], |_| {});
    assert_eq!(parts(&good, VerifyLevel::Full), [true, true]);
    let forged = block(&world.chain, &world.alice, vec![], |_| {});
    assert_eq!(parts(&forged, VerifyLevel::Headers), [false, true]);
    assert_eq!(parts(&forged, VerifyLevel::None), [true, true]);
    let unsigned = unsigned(&[world.bob.account()], vec![]);
    let stolen = unsigned.sign(&[world.bob.witness(b"another message")]).unwrap();
    let stolen = block(&world.chain, &world.node, vec![stolen], |_| {});
    assert_eq!(parts(&stolen, VerifyLevel::Full), [false, true]);
    assert_eq!(parts(&stolen, VerifyLevel::Headers), [true, true]);
    let early = world.by_alice(0, vec![Attribute::NotValidBefore { height: 5 }]);
    let early = block(&world.chain, &world.node, vec![early], |_| {});
    assert_eq!(parts(&early, VerifyLevel::Full), [true, false]);
}

#[test]
fn blocks() {
    let world = World::new();
    let check = |transactions: Vec<Transaction>, level| {
        let block = block(&world.chain, &world.node, transactions, |_| {});
        match verify_block(world.chain.network(), world.chain.store(), &block, level) {
            Ok(()) => VerifyResult::Succeed,
            Err(BlockRefusal::Transaction { result, .. }) => result,
            Err(other) => panic!("{other}"),
        }
    };
    let first = world.by_alice(0, vec![]);
    let conflicting = world.by_alice(1, names(first.hash()));
    for both in [vec![first.clone(), conflicting.clone()], vec![conflicting, first.clone()]] {
        assert_eq!(check(both.clone(), VerifyLevel::Full), VerifyResult::HasConflicts);
        assert_eq!(check(both, VerifyLevel::Headers), VerifyResult::Succeed);
    }
    let known = world.by_alice(7, vec![]);
    let mut after = World::new();
    after.persist(vec![known.clone()]);
    let again = block(&after.chain, &after.node, vec![known.clone()], |_| {});
    match verify_block(after.chain.network(), after.chain.store(), &again, VerifyLevel::Full) {
        Err(BlockRefusal::Transaction { hash, result: VerifyResult::AlreadyExists }) => assert_eq!(hash, known.hash()),
        other => panic!("{other:?}"),
    }
    let unpayable = UnsignedTransaction { system_fee: 985_000_000, ..unsigned(&[world.alice.account()], vec![]) };
    let unpayable = world.sign(&unpayable, &[&world.alice]);
    assert_eq!(check(vec![unpayable.clone()], VerifyLevel::Full), VerifyResult::Succeed);
    assert_eq!(check(vec![first, unpayable], VerifyLevel::Full), VerifyResult::InsufficientFunds);
    // No transactions, nothing to verify but the header; at the lowest level not even that.
    let unsigned = block(&world.chain, &world.alice, vec![], |_| {});
    let verify = |level| verify_block(world.chain.network(), world.chain.store(), &unsigned, level).is_ok();
    assert_eq!([VerifyLevel::None, VerifyLevel::Headers, VerifyLevel::Full].map(verify), [true, false, false]);
}

#[test]
fn names_of_levels_and_results() {
    for (name, level) in VerifyLevel::ALL {
        assert_eq!(name.parse(), Ok(level));
        assert_eq!(level.to_string(), name);
    }
    assert_eq!("all".parse::<VerifyLevel>().unwrap_err().to_string(), r#""all" is none of none, headers, full"#);
    assert_eq!(VerifyResult::ALL.map(|result| result as u8), std::array::from_fn(|i| i as u8));
    assert_eq!(VerifyResult::HasConflicts.to_string(), "HasConflicts");
}
