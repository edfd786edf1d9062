//! State roots of recorded states.

use neovm_storage::{Key, MemoryStore, Value, state_root};
use serde::Deserialize;

#[derive(Deserialize)]
struct Recorded {
    root: String,
    storage: std::collections::BTreeMap<String, String>,
}

/// The root that the state has, as a node writes it.
fn root(state: &MemoryStore) -> String {
    let mut hash = state_root(state.iter());
    hash.reverse();
    format!("0x{}", hex::encode(hash))
}

#[test]
fn the_genesis_state_of_mainnet_has_the_published_root() {
    let recorded: Recorded = serde_json::from_str(include_str!("data/mainnet-genesis.json")).unwrap();
    let bytes = |text: &str| hex::decode(text).unwrap();
    let entry = |(key, value): (&String, &String)| (Key::from_bytes(&bytes(key)), Value::from(bytes(value)));
    let mut state: MemoryStore = recorded.storage.iter().map(entry).collect();
    assert_eq!(root(&state), recorded.root);

    // Another value, and a key that is the beginning of another one.
    let (first, _) = state.iter().next().map(|(key, value)| (key.clone(), value.clone())).unwrap();
    state.insert(Key::from_bytes(&first[..4]), Value::from([1]));
    assert_ne!(root(&state), recorded.root);
    state.remove(&first[..4]);
    assert_eq!(root(&state), recorded.root);
}

#[test]
fn the_root_of_nothing_is_zero() {
    assert_eq!(state_root([]), [0; 32]);
}
