//! Three private chains with elections, oracle answers, notary deposits, policy
//! and forks under way, recorded with neo-go 0.120: what each block changes.
//!
//! The chains lie in `../shared/reference/host/rich`, next to the project; the
//! test is skipped if they are not there. Each block runs on the recorded state,
//! so that one difference does not cause others.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::Read,
    path::Path,
};

use base64::{Engine, prelude::BASE64_STANDARD};
use neovm_chain::Block;
use neovm_host::{HardforkHeights, Network, ProtocolSettings, execute_block, genesis_block};
use neovm_storage::{Batch, Key, MemoryStore, Store, Value, WriteStore};
use neovm_types::Hardfork;
use serde_json::Value as Json;

const RICH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/reference/host/rich");

/// The id of the Ledger, whose changes are not recorded.
const LEDGER: i32 = -4;

/// A block that changes other things in neo-go than in the reference, and why.
type Exception = (u32, &'static str);

/// neo-go goes on counting what votes for a candidate have earned although the
/// candidate was forgotten in between (`dropCandidateIfZero` deletes another key
/// of its cache than `PostPersist` writes). In the reference it starts anew.
const VOTER_REWARD: &str = "what votes for a forgotten candidate had earned";
/// neo-go pays the nodes that the block itself designates; in the reference they
/// are designated from the next block on.
const ORACLE_NODES: &str = "oracle nodes designated in the block of the answer";
/// neo-go goes on charging the first fee of a method that is whitelisted twice.
const WHITELISTED_FEE: &str = "the second fee of a whitelisted method";

/// A recorded chain.
struct Recorded {
    settings: ProtocolSettings,
    blocks: Vec<Block>,
    /// What each block changes, without the Ledger.
    changes: Vec<Batch>,
}

impl Recorded {
    fn read(name: &str) -> Self {
        let file = |extension: &str| Path::new(RICH).join(format!("{name}.{extension}"));
        let config: Json = serde_json::from_slice(&fs::read(file("config.json")).unwrap()).unwrap();
        let mut text = String::new();
        let changes = fs::File::open(file("changes.jsonl.gz")).unwrap();
        flate2::read::GzDecoder::new(changes).read_to_string(&mut text).unwrap();
        Self {
            settings: settings(&config["ProtocolConfiguration"]),
            blocks: blocks(&fs::read(file("acc")).unwrap()),
            changes: text.lines().map(|line| batch(&serde_json::from_str(line).unwrap())).collect(),
        }
    }
}

fn settings(config: &Json) -> ProtocolSettings {
    let number = |field: &str| config[field].as_u64().unwrap();
    let hardfork = |(name, height): (&String, &Json)| {
        let hardfork: Hardfork = name.strip_prefix("HF_").unwrap().parse().unwrap();
        (hardfork, height.as_u64().unwrap() as u32)
    };
    let heights: Vec<_> = config["Hardforks"].as_object().unwrap().iter().map(hardfork).collect();
    let keys = config["StandbyCommittee"].as_array().unwrap();
    ProtocolSettings {
        network: number("Network") as u32,
        address_version: number("AddressVersion") as u8,
        standby_committee: keys.iter().map(|key| key.as_str().unwrap().parse().unwrap()).collect(),
        validators_count: number("ValidatorsCount") as u32,
        milliseconds_per_block: number("MillisecondsPerBlock") as u32,
        max_transactions_per_block: number("MaxTransactionsPerBlock") as u32,
        max_valid_until_block_increment: number("MaxValidUntilBlockIncrement") as u32,
        max_traceable_blocks: number("MaxTraceableBlocks") as u32,
        initial_gas_distribution: number("InitialGasDistribution"),
        hardforks: HardforkHeights::new(&heights).unwrap(),
        policy_at_echidna: None,
    }
}

/// The blocks of a dump: their number, and each with its length.
fn blocks(mut dump: &[u8]) -> Vec<Block> {
    let number = |dump: &mut &[u8]| {
        let (bytes, rest) = dump.split_first_chunk().unwrap();
        *dump = rest;
        u32::from_le_bytes(*bytes) as usize
    };
    let count = number(&mut dump);
    let block = |_| {
        let length = number(&mut dump);
        let (block, rest) = dump.split_at(length);
        dump = rest;
        Block::parse(block).unwrap()
    };
    (0..count).map(block).collect()
}

fn batch(line: &Json) -> Batch {
    let bytes = |text: &Json| BASE64_STANDARD.decode(text.as_str().unwrap_or("")).unwrap();
    let change = |change: &Json| {
        let value = (change["state"] != "Deleted").then(|| Value::from(bytes(&change["value"])));
        (Key::from_bytes(&bytes(&change["key"])), value)
    };
    line["changes"].as_array().unwrap().iter().map(change).collect()
}

/// The changes that change something.
fn effective(changes: &Batch, store: &MemoryStore) -> BTreeMap<Key, Option<Value>> {
    changes.iter().filter(|(key, value)| store.get(key).unwrap() != *value).cloned().collect()
}

/// Runs a chain block by block; the blocks with other changes than the recorded
/// ones must be the exceptions.
fn check(name: &str, exceptions: &[Exception]) {
    if !Path::new(RICH).exists() {
        eprintln!("SKIPPED: rich_chains: there is no ../shared/reference/host/rich next to the project");
        return;
    }
    let recorded = Recorded::read(name);
    let network = Network::new(recorded.settings);
    let genesis = genesis_block(network.settings()).unwrap();
    assert_eq!(genesis.hash(), recorded.blocks[0].hash());
    assert_eq!(recorded.blocks.len(), recorded.changes.len());
    let mut store = MemoryStore::default();
    let mut different = BTreeSet::new();
    for (block, changes) in recorded.blocks.iter().zip(&recorded.changes) {
        let receipt = execute_block(&network, &store, block).unwrap();
        let (ledger, own): (Batch, Batch) = receipt.changes.into_iter().partition(|(key, _)| key.contract() == LEDGER);
        if effective(&own, &store) != effective(changes, &store) {
            different.insert(block.index);
        }
        store.write(&ledger).unwrap();
        store.write(changes).unwrap();
    }
    let expected: BTreeMap<u32, &str> = exceptions.iter().copied().collect();
    let unexpected: Vec<_> = different.iter().filter(|index| !expected.contains_key(index)).collect();
    assert!(unexpected.is_empty(), "{name}: blocks {unexpected:?} have other changes");
    let equal: Vec<_> = expected.iter().filter(|(index, _)| !different.contains(index)).collect();
    assert!(equal.is_empty(), "{name}: these blocks are no exceptions: {equal:?}");
}

#[test]
fn forks_one_after_another() {
    let exceptions = [
        (244, VOTER_REWARD),
        (245, VOTER_REWARD),
        (328, ORACLE_NODES),
        (357, VOTER_REWARD),
        (364, VOTER_REWARD),
        (391, WHITELISTED_FEE),
        (467, VOTER_REWARD),
        (472, VOTER_REWARD),
        (476, VOTER_REWARD),
    ];
    check("stair", &exceptions);
}

#[test]
fn one_validator() {
    check("echidna0", &[310, 315, 447, 448].map(|index| (index, VOTER_REWARD)));
}

#[test]
fn seven_validators() {
    let rewards = [269, 272, 273, 277, 283, 287, 294, 296, 298, 301, 306, 308, 372, 378, 408, 413];
    let mut exceptions = rewards.map(|index| (index, VOTER_REWARD)).to_vec();
    exceptions.push((291, ORACLE_NODES));
    check("mid", &exceptions);
}

#[test]
fn a_short_chain() {
    check("verd", &[]);
}
