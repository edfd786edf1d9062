//! The genesis blocks of MainNet and TestNet: all that they store.
//!
//! `data/genesis.json.gz` was printed by the C# node 3.10.2: the storage of each
//! network after block 0 without the Ledger's, and its state root.

use std::{collections::BTreeMap, io::Read};

use neovm_host::{Network, ProtocolSettings, execute_block, genesis_block};
use neovm_storage::{MemoryStore, WriteStore, state_root};
use neovm_types::Hash256;
use serde_json::Value;

/// The id of the Ledger, which no state root covers.
const LEDGER: i32 = -4;

fn recorded(network: &str) -> Value {
    let mut text = String::new();
    flate2::read::GzDecoder::new(&include_bytes!("data/genesis.json.gz")[..]).read_to_string(&mut text).unwrap();
    let all: Vec<Value> = serde_json::from_str(&text).unwrap();
    all.into_iter().find(|recorded| recorded["network"] == network).unwrap()
}

/// Checks each key, and the root that the network has published.
fn check(name: &str, settings: ProtocolSettings, published: &str) {
    let network = Network::new(settings);
    let mut store = MemoryStore::default();
    let receipt = execute_block(&network, &store, &genesis_block(network.settings()).unwrap()).unwrap();
    store.write(&receipt.changes).unwrap();
    let own: Vec<_> = store.iter().filter(|(key, _)| key.contract() != LEDGER).collect();
    let stored = own.iter().map(|(key, value)| (hex::encode(&key[..]), hex::encode(value)));
    let recorded = recorded(name);
    let entries = recorded["storage"].as_object().unwrap().iter();
    let expected: BTreeMap<_, _> = entries.map(|(key, value)| (key.clone(), value.as_str().unwrap().into())).collect();
    assert_eq!(stored.collect::<BTreeMap<String, String>>(), expected, "{name}");
    let root = Hash256(state_root(own)).to_string();
    assert_eq!(root, published, "{name}");
    assert_eq!(root, recorded["root"], "{name}");
}

#[test]
fn mainnet() {
    let root = "0x58a5157b7e99eeabf631291f1747ec8eb12ab89461cda888492b17a301de81e8";
    check("mainnet", ProtocolSettings::mainnet(), root);
}

#[test]
fn testnet() {
    let root = "0x62fd8ff9b0543aea352257db5b00bbb01d1bc0d2cc665e1f24cf5de0d16ebc7b";
    check("testnet", ProtocolSettings::testnet(), root);
}
