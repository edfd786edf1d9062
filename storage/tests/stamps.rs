//! What stands for the contracts that a state holds changes with them, and with nothing else.

use std::{collections::HashMap, sync::Arc};

use neovm_storage::{
    Batch, ChainState, ContractsStamp, FlushPolicy, Key, LEDGER_ID, Layer, MemoryPlace, MemoryStore, Store, TrieMode,
    Value, WriteStore,
};
use proptest::{collection::vec, prelude::*};

fn value(byte: u8) -> Value {
    Value::from(&[byte][..])
}

const MANAGEMENT: i32 = -1;
const POLICY: i32 = -7;

#[test]
fn a_store_in_memory() {
    let mut store = MemoryStore::default();
    assert_ne!(store.contracts_stamp(), MemoryStore::default().contracts_stamp());
    let first = store.contracts_stamp();
    for other in [-5, LEDGER_ID, 1, i32::from_le_bytes([0xff, 0xff, 0xff, 0])] {
        store.insert(Key::new(other, b"a"), value(1));
        store.remove(&Key::new(other, b"a"));
    }
    store.insert(Key::from_bytes(&[0xff; 3]), value(1));
    assert_eq!(store.contracts_stamp(), first);
    let copy = store.clone();
    assert_eq!((copy.contracts_stamp(), &copy), (first, &store));
    for contract in [MANAGEMENT, POLICY] {
        let before = store.contracts_stamp();
        store.insert(Key::new(contract, b""), value(1));
        let inserted = store.contracts_stamp();
        store.write(&[(Key::new(contract, b""), None)]).unwrap();
        let deleted = store.contracts_stamp();
        assert!(before != inserted && inserted != deleted && before != deleted);
    }
    assert_eq!(copy.contracts_stamp(), first);
    assert_eq!(copy, store, "equal entries with different stamps");
}

#[test]
fn a_layer_takes_that_of_its_store() {
    let store = MemoryStore::default();
    let layer = Layer::over(&store);
    assert_eq!(layer.contracts_stamp(), store.contracts_stamp());
    layer.put(Key::new(1, b"a"), value(1)).unwrap();
    assert_eq!(layer.contracts_stamp(), store.contracts_stamp());
    layer.put(Key::new(POLICY, b"a"), value(1)).unwrap();
    assert_ne!(layer.contracts_stamp(), store.contracts_stamp());
    layer.discard();
    assert!(layer.contracts_stamp().is_some());
}

#[test]
fn a_chain_whose_blocks_change_contracts() {
    let place = Arc::new(MemoryPlace::new(TrieMode::Latest));
    let mut chain = ChainState::open(place.clone(), FlushPolicy::ON_DEMAND).unwrap();
    let append = |chain: &mut ChainState, height, contract, changed: Option<Value>| {
        let changes: Batch = vec![(Key::new(contract, b"a"), changed)];
        chain.append(height, Arc::new(changes), None).unwrap();
        chain.contracts_stamp().unwrap()
    };
    let first = append(&mut chain, 0, 1, Some(value(1)));
    assert_eq!(append(&mut chain, 1, LEDGER_ID, Some(value(1))), first);
    let policy = append(&mut chain, 2, POLICY, Some(value(1)));
    let deployed = append(&mut chain, 3, MANAGEMENT, Some(value(1)));
    let deleted = append(&mut chain, 4, MANAGEMENT, None);
    assert!(first != policy && policy != deployed && deployed != deleted && deleted != policy);
    chain.flush().unwrap();
    assert_eq!(chain.contracts_stamp(), Some(deleted));
    assert_eq!(place.contracts_stamp(), None, "others write to it");
    drop(chain);
    let again = ChainState::open(place, FlushPolicy::ON_DEMAND).unwrap();
    assert_ne!(again.contracts_stamp(), Some(deleted));
}

proptest! {
    /// Stores that are copied and written to at random: equal stamps, equal contracts.
    #[test]
    fn equal_stamps_mean_equal_contracts(steps in vec((any::<prop::sample::Index>(), any::<bool>(), -8..2_i32, 0..3_u8), 1..60)) {
        let mut stores = vec![MemoryStore::default()];
        let mut seen: HashMap<String, Vec<(Key, Value)>> = HashMap::new();
        for (which, copy, contract, byte) in steps {
            let place = which.index(stores.len());
            if copy {
                stores.push(stores[place].clone());
            } else if byte == 0 {
                stores[place].remove(&Key::new(contract, b"k"));
            } else {
                stores[place].insert(Key::new(contract, b"k"), value(byte));
            }
            for store in &stores {
                let stamp: ContractsStamp = store.contracts_stamp().unwrap();
                let contracts = store.iter().filter(|(key, _)| [MANAGEMENT, POLICY].contains(&key.contract()));
                let contracts: Vec<_> = contracts.map(|(key, value)| (key.clone(), value.clone())).collect();
                let known = seen.entry(format!("{stamp:?}")).or_insert_with(|| contracts.clone());
                prop_assert_eq!(&*known, &contracts);
            }
        }
    }
}
