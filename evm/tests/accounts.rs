//! Accounts in a store, and rules that revm does not know.

use std::{
    cell::Cell,
    rc::Rc,
    sync::{
        Arc, Barrier,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use neovm_evm::{
    BlockEnv, EVM_ID, Evm, EvmError, Fork, Message, Receipt, State, Turns, TxEnv, World,
    primitives::{Address, B256, Bytes, TxKind, U256, keccak256},
    statetest::run_state_tests,
};
use neovm_storage::{Cursor, Direction, Key, Layer, MemoryStore, Store, StoreError, Value, WriteStore};

const CONTRACT: Address = Address::repeat_byte(0xc0);
const USER: Address = Address::repeat_byte(0x05);

fn call(evm: &Evm, layer: &Rc<Layer<'_>>, input: &[u8]) -> Receipt {
    let (to, input) = (TxKind::Call(CONTRACT), Bytes::copy_from_slice(input));
    let message = Message { caller: USER, to, value: U256::ZERO, input, gas: 100_000, is_static: false };
    evm.call(&World::new(layer), &Default::default(), &message, 0).unwrap()
}

/// Without data it stores 7 in slot 0, with data it destroys itself.
const KEEPER: [u8; 14] = [0x36, 0x60, 0x0a, 0x57, 0x60, 7, 0x60, 0, 0x55, 0x00, 0x5b, 0x60, 0, 0xff];

#[test]
fn storage_of_a_destroyed_account_is_of_a_former_generation() {
    let (store, evm) = (MemoryStore::default(), Evm::new(Fork::London, 1));
    let layer = Layer::over(&store);
    let state = State::new(&layer);
    let values = || layer.find(&Key::new(EVM_ID, b"s"), Direction::Forward).count();
    for generation in 0..3 {
        state.set_account(CONTRACT, 1, U256::ZERO, &KEEPER).unwrap();
        assert_eq!(state.account(CONTRACT).unwrap().unwrap().generation, generation);
        assert_eq!(state.slot(CONTRACT, U256::ZERO).unwrap(), U256::ZERO, "generation {generation}");
        assert!(call(&evm, &layer, &[]).status.is_success());
        assert_eq!(state.slot(CONTRACT, U256::ZERO).unwrap(), U256::from(7));
        assert!(call(&evm, &layer, &[1]).status.is_success());
        assert_eq!(state.account(CONTRACT).unwrap(), None);
        // Nobody has looked for them.
        assert_eq!(values(), generation as usize + 1);
    }
    // By Cancun's rules the contract stays.
    state.set_account(CONTRACT, 1, U256::ZERO, &KEEPER).unwrap();
    call(&evm.with_fork(Fork::Cancun), &layer, &[1]);
    assert!(state.account(CONTRACT).unwrap().is_some());
}

#[test]
fn a_receipt_lists_what_to_write() {
    let mut store = MemoryStore::default();
    let receipt = {
        let layer = Layer::over(&store);
        State::new(&layer).set_account(CONTRACT, 1, U256::ZERO, &KEEPER).unwrap();
        let setup = layer.changes();
        let receipt = call(&Evm::new(Fork::LATEST, 1), &layer, &[]);
        assert!(receipt.changes.len() == 1 && receipt.changes[0].0.contract() == EVM_ID);
        // The layer holds both.
        assert_eq!(layer.changes().len(), setup.len() + 1);
        Receipt { changes: layer.changes(), ..receipt }
    };
    store.write(&receipt.changes).unwrap();
    assert_eq!(State::new(&Layer::over(&store)).slot(CONTRACT, U256::ZERO).unwrap(), U256::from(7));
}

#[test]
fn a_transaction_that_is_not_valid_changes_nothing() {
    let store = MemoryStore::default();
    let layer = Layer::over(&store);
    State::new(&layer).set_account(USER, 3, U256::from(1_000_000), &[]).unwrap();
    let before = layer.changes();
    let transaction = TxEnv { caller: USER, gas_limit: 21_000, nonce: 3, chain_id: Some(1), ..TxEnv::default() };
    let evm = Evm::new(Fork::LATEST, 1);
    let execute = |transaction: &TxEnv| evm.execute(&World::new(&layer), &Default::default(), transaction);
    for bad in [
        TxEnv { nonce: 4, ..transaction.clone() },
        TxEnv { chain_id: Some(2), ..transaction.clone() },
        TxEnv { value: U256::from(2_000_000), ..transaction.clone() },
        TxEnv { tx_type: 3, kind: TxKind::Create, ..transaction.clone() },
    ] {
        assert!(matches!(execute(&bad), Err(EvmError::Transaction(_))), "{bad:?}");
        assert_eq!(layer.changes(), before);
    }
    assert!(execute(&transaction).unwrap().status.is_success());
    assert_eq!(State::new(&layer).account(USER).unwrap().unwrap().nonce, 4);
}

#[test]
fn block_hashes_are_the_hosts_or_the_stores() {
    let store = MemoryStore::default();
    let layer = Layer::over(&store);
    let state = State::new(&layer);
    // BLOCKHASH of the first byte of the input.
    let code = [0x5f, 0x35, 0x60, 0xf8, 0x1c, 0x40, 0x5f, 0x52, 0x60, 32, 0x5f, 0xf3];
    state.set_account(CONTRACT, 1, U256::ZERO, &code).unwrap();
    state.set_block_hash(7, B256::repeat_byte(7)).unwrap();
    let world = World::new(&layer).with_block_hashes(|number| (number == 8).then_some(B256::repeat_byte(8)));
    let block = BlockEnv { number: U256::from(10), ..Default::default() };
    for (number, hash) in [(7, B256::repeat_byte(7)), (8, B256::repeat_byte(8)), (9, B256::ZERO)] {
        let input = Bytes::from(vec![number]);
        let to = TxKind::Call(CONTRACT);
        let message = Message { caller: USER, to, value: U256::ZERO, input, gas: 100_000, is_static: true };
        let receipt = Evm::new(Fork::LATEST, 1).call(&world, &block, &message, 0).unwrap();
        assert_eq!(receipt.output[..], hash[..]);
    }
}

/// Source: the test cases of EIP-1283: code, gas, refund, value before.
const EIP_1283: [(&str, u64, u64, u64); 17] = [
    ("60006000556000600055", 412, 0, 0),
    ("60006000556001600055", 20212, 0, 0),
    ("60016000556000600055", 20212, 19800, 0),
    ("60016000556002600055", 20212, 0, 0),
    ("60016000556001600055", 20212, 0, 0),
    ("60006000556000600055", 5212, 15000, 1),
    ("60006000556001600055", 5212, 4800, 1),
    ("60006000556002600055", 5212, 0, 1),
    ("60026000556000600055", 5212, 15000, 1),
    ("60026000556003600055", 5212, 0, 1),
    ("60026000556001600055", 5212, 4800, 1),
    ("60026000556002600055", 5212, 0, 1),
    ("60016000556000600055", 5212, 15000, 1),
    ("60016000556002600055", 5212, 0, 1),
    ("60016000556001600055", 412, 0, 1),
    ("600160005560006000556001600055", 40218, 19800, 0),
    ("600060005560016000556000600055", 10218, 19800, 1),
];

#[test]
fn constantinople_meters_by_eip_1283() {
    for (code, gas, refund, value) in EIP_1283 {
        let store = MemoryStore::default();
        let layer = Layer::over(&store);
        let state = State::new(&layer);
        let bytes = neovm_evm::primitives::hex::decode(code).unwrap();
        state.set_account(CONTRACT, 1, U256::ZERO, &bytes).unwrap();
        state.set_slot(CONTRACT, U256::ZERO, U256::from(value)).unwrap();
        let receipt = call(&Evm::new(Fork::Constantinople, 1), &layer, &[]);
        assert_eq!((receipt.gas_used, receipt.gas_refunded), (gas, refund), "{code} over {value}");
    }
}

#[test]
fn files_that_are_no_state_tests_are_refused() {
    let error = |text: &str| run_state_tests(text, &mut |_| {}).unwrap_err().to_string();
    assert!(error("{").contains("line 1 column"), "{}", error("{"));
    let test = |fork: &str, coinbase: &str, gas: &str, index: usize| {
        let zero = B256::ZERO;
        format!(
            r#"{{"t": {{"env": {{"currentCoinbase": "{coinbase}", "currentGasLimit": "{gas}", "currentNumber": "1",
            "currentTimestamp": "1"}}, "pre": {{}}, "transaction": {{"data": ["0x"], "gasLimit": ["1"], "value": ["0"],
            "nonce": "0", "to": "", "sender": "{USER}"}}, "post": {{"{fork}": [{{"hash": "{zero}", "logs": "{zero}",
            "indexes": {{"data": {index}, "gas": 0, "value": 0}}}}]}}}}}}"#
        )
    };
    let address = USER.to_string();
    assert!(
        run_state_tests(&test("London", &address, "1", 0), &mut |outcome| assert!(outcome.failure.is_some())).is_ok()
    );
    assert!(error(&test("Atlantis", &address, "1", 0)).starts_with("t: no fork is called \"Atlantis\"; there are"));
    let coinbase = error(&test("London", "0x12", "1", 0));
    assert!(coinbase.starts_with("not a state test: t.env.currentCoinbase: "), "{coinbase}");
    assert!(coinbase.contains("line 1 column"), "{coinbase}");
    assert!(error(&test("London", &address, "0xg", 0)).contains("t.env.currentGasLimit: \"0xg\" is not a number"));
    assert!(error(&test("London", &address, "0x10000000000000000", 0)).contains("too large"));
    assert_eq!(error(&test("London", &address, "1", 1)), "t, London: the transaction has no data number 1");
}

#[test]
fn damage_is_told() {
    let mut store = MemoryStore::default();
    let key = [&b"EVM\x80a"[..], &CONTRACT[..]].concat();
    store.write(&[(Key::from_bytes(&key), Some([1, 2, 3].as_slice().into()))]).unwrap();
    let layer = Layer::over(&store);
    assert!(State::new(&layer).account(CONTRACT).unwrap_err().to_string().contains("damaged"));
    // An account whose code is not there.
    let layer = Layer::over(&store);
    let state = State::new(&layer);
    state.set_account(USER, 0, U256::ZERO, &KEEPER).unwrap();
    layer.delete(&Key::from_bytes(&[&b"EVM\x80c"[..], &keccak256(KEEPER)[..]].concat())).unwrap();
    assert!(State::new(&layer).code(USER).unwrap_err().to_string().contains("no code with the hash"));
}

/// Counts down from 12, and sets the slot of each number to it, or to 0 if it is a multiple of 3. Then it makes a contract
/// of one byte, which has 7 in slot 1.
fn busy() -> Vec<u8> {
    let count = "600c 5b 80 6003 90 06 15 15 81 02 81 55 6001 90 03 80 6002 57";
    let make = "68 6007600155 60015ff3 5f52 600960175f f0 50 00";
    let digits: String = [count, make].concat().split_whitespace().collect();
    neovm_evm::primitives::hex::decode(digits).unwrap()
}

fn with_busy(store: &mut MemoryStore) {
    let changes = {
        let layer = Layer::over(store);
        let state = State::new(&layer);
        state.set_account(CONTRACT, 1, U256::ZERO, &busy()).unwrap();
        for slot in [1, 2, 3, 6].map(U256::from) {
            state.set_slot(CONTRACT, slot, U256::from(77)).unwrap();
        }
        layer.changes()
    };
    store.write(&changes).unwrap();
}

#[test]
fn the_changes_of_a_receipt_make_the_state_of_the_layer() {
    let (mut store, evm) = (MemoryStore::default(), Evm::new(Fork::LATEST, 1));
    with_busy(&mut store);
    let (root, changes) = {
        let layer = Layer::over(&store);
        let (to, input) = (TxKind::Call(CONTRACT), Bytes::new());
        let message = Message { caller: USER, to, value: U256::ZERO, input, gas: 10_000_000, is_static: false };
        let receipt = evm.call(&World::new(&layer), &Default::default(), &message, 0).unwrap();
        assert!(receipt.status.is_success(), "{}", receipt.status);
        assert_eq!(receipt.changes, layer.changes());
        let slot = |slot: u64| State::new(&layer).slot(CONTRACT, U256::from(slot)).unwrap();
        assert_eq!([1, 2, 3, 4, 6, 12].map(slot), [1, 2, 0, 4, 0, 0].map(U256::from));
        (State::new(&layer).root().unwrap(), receipt.changes)
    };
    // Two accounts, code, ten slots: what was zero and stays zero is not written.
    assert_eq!(changes.len(), 14, "{changes:?}");
    assert!(changes.is_sorted_by(|(a, _), (b, _)| a < b));
    store.write(&changes).unwrap();
    assert_eq!(State::new(&Layer::over(&store)).root().unwrap(), root);
}

/// A store that answers a number of times, and fails then.
struct Failing<'s>(&'s MemoryStore, Cell<usize>);

impl Store for Failing<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Value>, StoreError> {
        let left = self.1.get().checked_sub(1).ok_or_else(|| StoreError("out of order".into()))?;
        self.1.set(left);
        self.0.get(key)
    }

    fn seek<'a>(&'a self, prefix: &[u8], from: Option<&[u8]>, direction: Direction) -> Cursor<'a> {
        self.0.seek(prefix, from, direction)
    }
}

#[test]
fn a_store_that_fails_at_any_time_changes_nothing() {
    let (mut store, evm) = (MemoryStore::default(), Evm::new(Fork::LATEST, 1));
    with_busy(&mut store);
    for answers in 0.. {
        let store = Failing(&store, Cell::new(answers));
        let layer = Layer::over(&store);
        let (to, input) = (TxKind::Call(CONTRACT), Bytes::new());
        let message = Message { caller: USER, to, value: U256::ZERO, input, gas: 10_000_000, is_static: false };
        match evm.call(&World::new(&layer), &Default::default(), &message, 0) {
            Err(EvmError::Store(_)) => assert_eq!(layer.changes(), [], "{answers}"),
            Err(error) => panic!("{error}"),
            Ok(_) => {
                // Nothing is asked for twice.
                assert!((16..24).contains(&answers), "{answers}");
                break;
            }
        }
    }
}

/// What an execution leaves for the next one on its thread is of its rules, with its precompiled contracts.
#[test]
fn forks_take_turns_on_a_thread() {
    // The balance of 0x100, which is a precompiled contract from Osaka on, and so costs less.
    let (store, code) = (MemoryStore::default(), [0x61, 1, 0, 0x31]);
    let layer = Layer::over(&store);
    State::new(&layer).set_account(CONTRACT, 1, U256::ZERO, &code).unwrap();
    for _ in 0..3 {
        for (fork, gas) in [(Fork::Osaka, 103), (Fork::Prague, 2603), (Fork::Constantinople, 403), (Fork::Frontier, 23)]
        {
            assert_eq!(call(&Evm::new(fork, 1), &layer, &[]).gas_used, gas, "{fork}");
        }
        // An embedder's contract there is one, too, and not the next world's.
        let world = World::new(&layer).with_precompile(Address::with_last_byte(0x77), |_| Ok(Bytes::new()));
        let (to, input) = (TxKind::Call(CONTRACT), Bytes::new());
        let message = Message { caller: USER, to, value: U256::ZERO, input, gas: 100_000, is_static: false };
        State::new(&layer).set_account(CONTRACT, 1, U256::ZERO, &[0x60, 0x77, 0x31]).unwrap();
        let evm = Evm::new(Fork::Osaka, 1);
        assert_eq!(evm.call(&world, &Default::default(), &message, 0).unwrap().gas_used, 103);
        assert_eq!(call(&evm, &layer, &[]).gas_used, 2603);
        State::new(&layer).set_account(CONTRACT, 1, U256::ZERO, &code).unwrap();
    }
}

#[test]
fn a_block_without_a_price_of_blobs_executes_nothing() {
    let (store, evm) = (MemoryStore::default(), Evm::new(Fork::Cancun, 1));
    let layer = Layer::over(&store);
    let execute = |excess| {
        let block = BlockEnv { blob_excess_gas_and_price: Fork::Cancun.blob_gas(excess), ..BlockEnv::default() };
        let transaction = TxEnv { gas_limit: 21_000, chain_id: Some(1), ..TxEnv::default() };
        evm.execute(&World::new(&layer), &block, &transaction)
    };
    assert!(execute(0).is_ok());
    for excess in [200_000_000, u64::MAX] {
        assert!(matches!(execute(excess), Err(EvmError::Block(_))), "{excess}");
    }
    assert_eq!(Fork::Cancun.blob_gas(0).unwrap().blob_gasprice, 1);
    let prices = [Fork::Cancun, Fork::Prague].map(|fork| fork.blob_gas(100_000_000).unwrap().blob_gasprice);
    assert!(prices[0] > prices[1] && prices[1] > 1, "{prices:?}");
}

/// Has as much memory as the input says in two bytes, and then calls 0x99, which is `probe`.
fn with_memory(turns: &Arc<Turns>, size: u16, probe: &dyn Fn()) {
    let code = [0x5f, 0x5f, 0x35, 0x60, 0xf0, 0x1c, 0x52, 0x5f, 0x5f, 0x5f, 0x5f, 0x5f, 0x60, 0x99, 0x5a, 0xf1, 0x00];
    let store = MemoryStore::default();
    let layer = Layer::over(&store);
    State::new(&layer).set_account(CONTRACT, 1, U256::ZERO, &code).unwrap();
    let world = World::new(&layer).with_turns(turns).with_precompile(Address::with_last_byte(0x99), |_| {
        probe();
        Ok(Bytes::new())
    });
    let (to, input) = (TxKind::Call(CONTRACT), Bytes::copy_from_slice(&size.to_be_bytes()));
    let message = Message { caller: USER, to, value: U256::ZERO, input, gas: 1_000_000, is_static: false };
    let receipt = Evm::new(Fork::LATEST, 1).call(&world, &Default::default(), &message, 0).unwrap();
    assert!(receipt.status.is_success(), "{}", receipt.status);
}

#[test]
fn one_execution_at_a_time_has_much_memory() {
    let (turns, at_once) = (Turns::above(10_000), AtomicUsize::new(0));
    let large = || {
        with_memory(&turns, 60_000, &|| {
            assert_eq!(at_once.fetch_add(1, Ordering::SeqCst), 0);
            thread::yield_now();
            at_once.fetch_sub(1, Ordering::SeqCst);
        });
    };
    thread::scope(|scope| (0..4).for_each(|_| drop(scope.spawn(|| (0..20).for_each(|_| large())))));
    // Small ones take no turns: each of two waits for the other.
    let both = Barrier::new(2);
    let wait = || {
        both.wait();
    };
    let small = || with_memory(&turns, 100, &wait);
    thread::scope(|scope| (0..2).for_each(|_| drop(scope.spawn(small))));
}

/// What looks like a pointer and is none is code that halts; so is a pointer before there were any.
#[test]
fn code_points_to_other_code_from_prague_on_alone() {
    let store = MemoryStore::default();
    let layer = Layer::over(&store);
    let other = [&[0xef, 1, 0][..], &USER[..]].concat();
    for (code, runs_from) in [
        (&[0xef, 1][..], None),
        (&[0xef, 1, 0], None),
        (&other[..22], None),
        (&[&other[..], &[0]].concat(), None),
        (&[&[0xef, 1, 1], &USER[..]].concat(), None),
        (&other, Some(Fork::Prague)),
    ] {
        // The same codes for all forks, in both orders.
        let evm = Evm::new(Fork::Prague, 1);
        for fork in [Fork::Prague, Fork::Cancun, Fork::London, Fork::Frontier, Fork::Osaka] {
            let (state, evm) = (evm.state(&layer), evm.with_fork(fork));
            state.set_account(CONTRACT, 1, U256::ZERO, code).unwrap();
            state.set_account(USER, 1, U256::ZERO, &[0x60, 1, 0x00]).unwrap();
            let is_run = runs_from.is_some_and(|first| fork >= first);
            assert_eq!(call(&evm, &layer, &[]).status.is_success(), is_run, "{fork} {code:x?}");
            // A transaction that pays it, too.
            let tx =
                TxEnv { caller: USER, kind: TxKind::Call(CONTRACT), gas_limit: 100_000, nonce: 1, ..TxEnv::default() };
            state.set_account(USER, 1, U256::ZERO, &[]).unwrap();
            let receipt = evm.execute(&World::new(&layer), &BlockEnv::default(), &tx).unwrap();
            assert_eq!(receipt.status.is_success(), is_run, "{fork} {code:x?}");
            assert_eq!(state.code(CONTRACT).unwrap()[..], *code);
        }
    }
}

/// To look through all entries for each account would take minutes.
#[test]
fn many_accounts_are_listed_at_once() {
    let store = MemoryStore::default();
    let layer = Layer::over(&store);
    let state = State::new(&layer);
    let addresses = (1_u64..=100_000).map(|number| Address::left_padding_from(&number.to_be_bytes()));
    for address in addresses.clone() {
        state.set_account(address, 1, U256::ZERO, &[]).unwrap();
        state.set_slot(address, U256::from(7), U256::from(8)).unwrap();
    }
    let begun = Instant::now();
    let accounts = state.dump().unwrap();
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    assert!(accounts.keys().copied().eq(addresses));
    assert!(accounts.values().all(|account| account.storage == [(U256::from(7), U256::from(8))].into()));
}
