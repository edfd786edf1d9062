//! Private chains with elections, oracle answers, notary deposits, policy and forks
//! under way, recorded with neo-go 0.120: what each block changes, and the
//! application logs of its executions (state, gas and, unless it faulted, stack and
//! notifications).
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
use neovm_host::{
    HardforkHeights, Network, Notification, ProtocolSettings, Receipt, execute_block, genesis_block, native::LEDGER_ID,
};
use neovm_storage::{Batch, Key, MemoryStore, Store, Value, WriteStore};
use neovm_types::{Hardfork, StackItem};
use serde_json::{Value as Json, json};

const RICH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/reference/host/rich");

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

/// neo-go charges 2^15 units for NeoToken's `onNEP17Payment`, which has no price in
/// the reference's tables.
const ON_PAYMENT_PRICE: &str = "the price of onNEP17Payment";
/// neo-go sorts the new nodes in the event of a designation, where the reference
/// shows them as they were given.
const NODES_ORDER: &str = "the order of designated nodes";
/// In neo-go a permission for a group permits all methods of its contracts; in the
/// reference only those that it names (`ContractPermission.cs`).
const GROUP_PERMISSION: &str = "methods that a permission for a group does not name";
/// neo-go charges the price of an oracle request before it looks at the arguments,
/// the reference afterwards.
const ORACLE_PRICE: &str = "the price of a malformed oracle request";
/// Likewise the other way round: the reference charges an update before it finds a
/// file that is empty.
const UPDATE_PRICE: &str = "the price of an update with an empty file";
/// Where nobody called a script, neo-go gives it 20 zero bytes as its caller, the
/// reference Null.
const NO_CALLER: &str = "the caller of the entry script";
/// neo-go pads what `base64UrlEncode` returns, and returns bytes from
/// `base64UrlDecode` that are no text.
const BASE64_URL: &str = "base 64 for addresses";
/// neo-go takes an empty text for zero in base 16.
const ATOI: &str = "an empty text as a number";
/// In neo-go the block until which `unclaimedGas` counts is not checked.
const UNCLAIMED_GAS: &str = "unclaimed GAS at another block";
/// neo-go answers that nobody has a role that there is not.
const ROLE: &str = "a role that there is not";
/// neo-go reads the infinity of G2, and goes on with bytes of a wrong length. The
/// reference's library looks for a square root that there is not.
const BLS_POINTS: &str = "points that the reference does not read";

/// The executions whose logs neo-go has differently, by the reason: each with its
/// block and its number there. 0 is OnPersist, 1 PostPersist, and from 2 on the
/// transactions follow.
type LogExceptions = [(&'static str, &'static [(u32, usize)])];

/// A recorded chain.
struct Recorded {
    settings: ProtocolSettings,
    blocks: Vec<Block>,
    /// What each block changes, without the Ledger.
    changes: Vec<Batch>,
    /// The application logs of each block.
    logs: Vec<Json>,
}

/// The lines of a file.
fn lines(path: &Path) -> Vec<Json> {
    let mut text = String::new();
    flate2::read::GzDecoder::new(fs::File::open(path).unwrap()).read_to_string(&mut text).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

impl Recorded {
    fn read(name: &str) -> Self {
        let file = |extension: &str| Path::new(RICH).join(format!("{name}.{extension}"));
        let config: Json = serde_json::from_slice(&fs::read(file("config.json")).unwrap()).unwrap();
        Self {
            settings: settings(&config["ProtocolConfiguration"]),
            blocks: blocks(&fs::read(file("acc")).unwrap()),
            changes: lines(&file("changes.jsonl.gz")).iter().map(batch).collect(),
            logs: lines(&file("logs.jsonl.gz")),
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
        memory_pool_max_transactions: number("MemoryPoolMaxTransactions") as u32,
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

/// What is compared of an execution: state and gas, and unless it faulted the stack and the notifications.
fn own_log(receipt: &Receipt) -> Json {
    let item = |item: &StackItem| -> Json { serde_json::from_str(&item.to_json().unwrap()).unwrap() };
    let gas = receipt.gas_consumed.datoshi_ceil().to_string();
    if !receipt.halted() {
        return json!({"vmstate": "FAULT", "gasconsumed": gas});
    }
    let notification = |one: &Notification| json!({"contract": one.contract.to_string(), "eventname": &*one.event, "state": item(&one.state)});
    json!({
        "vmstate": "HALT",
        "gasconsumed": gas,
        "stack": receipt.stack.iter().map(item).collect::<Vec<_>>(),
        "notifications": receipt.notifications.iter().map(notification).collect::<Vec<_>>(),
    })
}

/// The same of the recorded executions of a block: OnPersist, PostPersist and the transactions.
fn logs_of(block: &Json) -> Vec<Json> {
    let compared = |log: &Json| -> Json {
        let count = if log["vmstate"] == "HALT" { 4 } else { 2 };
        let fields = ["vmstate", "gasconsumed", "stack", "notifications"].into_iter().take(count);
        fields.map(|field| (field.to_string(), log[field].clone())).collect::<serde_json::Map<_, _>>().into()
    };
    ["executions", "txs"].iter().flat_map(|list| block[list].as_array().unwrap()).map(compared).collect()
}

/// Runs a chain block by block; the blocks with other changes than the recorded
/// ones must be the exceptions, and so must the executions with other logs.
fn check(name: &str, exceptions: &[Exception], log_exceptions: &LogExceptions) {
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
    let (mut different, mut different_logs) = (BTreeSet::new(), BTreeSet::new());
    for (block, changes) in recorded.blocks.iter().zip(&recorded.changes) {
        let receipt = execute_block(&network, &store, block).unwrap();
        let recorded_logs = logs_of(&recorded.logs[block.index as usize]);
        let own_logs = [&receipt.on_persist, &receipt.post_persist].into_iter().chain(&receipt.transactions);
        let own_logs: Vec<Json> = own_logs.map(own_log).collect();
        assert_eq!(own_logs.len(), recorded_logs.len());
        let others = (0..own_logs.len()).filter(|&n| own_logs[n] != recorded_logs[n]);
        different_logs.extend(others.map(|n| (block.index, n)));
        let (ledger, own): (Batch, Batch) =
            receipt.changes.into_iter().partition(|(key, _)| key.contract() == LEDGER_ID);
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
    let expected: BTreeSet<_> = log_exceptions.iter().flat_map(|(_, all)| *all).copied().collect();
    let unexpected: Vec<_> = different_logs.difference(&expected).collect();
    assert!(unexpected.is_empty(), "{name}: executions {unexpected:?} have other logs");
    let equal: Vec<_> = expected.difference(&different_logs).collect();
    assert!(equal.is_empty(), "{name}: these executions are no exceptions: {equal:?}");
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
    let logs: &LogExceptions = &[
        (ATOI, &[(163, 2)]),
        (BASE64_URL, &[(130, 12), (131, 2), (200, 5), (285, 4), (376, 6)]),
        (GROUP_PERMISSION, &[(36, 2), (132, 2), (310, 5), (352, 2), (400, 4), (438, 2)]),
        (
            NODES_ORDER,
            &[
                (130, 23),
                (149, 3),
                (152, 4),
                (174, 3),
                (230, 4),
                (282, 2),
                (311, 5),
                (327, 7),
                (328, 4),
                (342, 5),
                (431, 2),
            ],
        ),
        (NO_CALLER, &[(12, 11), (235, 3)]),
        (
            ON_PAYMENT_PRICE,
            &[
                (130, 25),
                (148, 3),
                (148, 5),
                (161, 7),
                (169, 3),
                (169, 8),
                (200, 17),
                (238, 8),
                (242, 5),
                (254, 3),
                (348, 4),
                (355, 2),
                (362, 4),
                (372, 4),
                (400, 2),
                (470, 4),
                (479, 6),
                (480, 3),
            ],
        ),
        (ORACLE_NODES, &[(328, 1)]),
        (ORACLE_PRICE, &[(45, 4), (215, 6), (372, 5), (389, 3)]),
        (UNCLAIMED_GAS, &[(358, 3), (372, 3)]),
        (WHITELISTED_FEE, &[(391, 3)]),
    ];
    check("stair", &exceptions, logs);
}

#[test]
fn one_validator() {
    let logs: &LogExceptions = &[
        (BASE64_URL, &[(150, 10)]),
        (GROUP_PERMISSION, &[(209, 5), (265, 2), (316, 2)]),
        (
            NODES_ORDER,
            &[
                (17, 7),
                (30, 8),
                (43, 4),
                (116, 3),
                (137, 5),
                (167, 3),
                (197, 7),
                (247, 3),
                (283, 2),
                (293, 5),
                (344, 3),
                (494, 2),
            ],
        ),
        (NO_CALLER, &[(59, 6), (165, 2), (352, 2), (358, 2)]),
        (
            ON_PAYMENT_PRICE,
            &[
                (3, 3),
                (7, 2),
                (9, 2),
                (15, 6),
                (16, 2),
                (20, 2),
                (25, 6),
                (31, 2),
                (32, 4),
                (33, 4),
                (36, 2),
                (44, 2),
                (45, 3),
                (47, 12),
                (53, 9),
                (57, 3),
                (60, 6),
                (69, 3),
                (130, 4),
                (149, 3),
                (150, 5),
                (160, 8),
                (205, 3),
                (211, 4),
                (215, 5),
                (277, 8),
                (345, 3),
                (402, 7),
                (426, 4),
                (432, 8),
                (448, 2),
                (471, 5),
                (476, 5),
            ],
        ),
        (ORACLE_PRICE, &[(66, 4), (169, 3), (314, 2), (392, 4)]),
    ];
    check("echidna0", &[310, 315, 447, 448].map(|index| (index, VOTER_REWARD)), logs);
}

#[test]
fn seven_validators() {
    let rewards = [269, 272, 273, 277, 283, 287, 294, 296, 298, 301, 306, 308, 372, 378, 408, 413];
    let mut exceptions = rewards.map(|index| (index, VOTER_REWARD)).to_vec();
    exceptions.push((291, ORACLE_NODES));
    let logs: &LogExceptions = &[
        (BASE64_URL, &[(180, 4), (262, 15), (263, 6)]),
        (BLS_POINTS, &[(298, 2), (357, 6)]),
        (GROUP_PERMISSION, &[(68, 2), (125, 2), (178, 2), (208, 2), (237, 3), (349, 2)]),
        (NODES_ORDER, &[(202, 2), (235, 7), (286, 2), (291, 4), (341, 5), (390, 4), (391, 2)]),
        (NO_CALLER, &[(206, 2), (328, 2), (351, 6), (397, 9)]),
        (
            ON_PAYMENT_PRICE,
            &[
                (180, 16),
                (181, 5),
                (211, 5),
                (222, 6),
                (261, 8),
                (262, 24),
                (351, 5),
                (363, 4),
                (366, 2),
                (370, 5),
                (374, 2),
                (381, 5),
                (396, 5),
                (400, 7),
                (403, 2),
                (407, 9),
                (411, 7),
                (417, 2),
                (433, 6),
            ],
        ),
        (ORACLE_NODES, &[(291, 1)]),
        (ORACLE_PRICE, &[(17, 8), (75, 8), (103, 3), (148, 5), (165, 6), (199, 6), (269, 5), (403, 4)]),
        (ROLE, &[(42, 4)]),
        (UPDATE_PRICE, &[(28, 9), (157, 2)]),
        (VOTER_REWARD, &[(272, 2), (277, 3), (283, 2), (296, 3), (296, 5), (306, 5), (308, 8), (308, 12)]),
        (WHITELISTED_FEE, &[(314, 4), (320, 3), (326, 5), (370, 4), (381, 7)]),
    ];
    check("mid", &exceptions, logs);
}

#[test]
fn a_short_chain() {
    check("verd", &[], &[(NODES_ORDER, &[(5, 2), (5, 3)])]);
}
