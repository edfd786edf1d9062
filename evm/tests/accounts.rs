//! Accounts in a store, and rules that revm does not know.

use std::rc::Rc;

use neovm_evm::{
    EVM_ID, Evm, EvmError, Fork, Message, Receipt, State, TxEnv, World,
    primitives::{Address, B256, Bytes, TxKind, U256, keccak256},
    statetest::run_state_tests,
};
use neovm_storage::{Direction, Key, Layer, MemoryStore, WriteStore};

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
    let block = neovm_evm::BlockEnv { number: U256::from(10), ..Default::default() };
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
