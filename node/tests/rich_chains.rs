//! Private chains with elections, oracle answers, notary deposits, policy and forks
//! under way, recorded with neo-go 0.120: state roots, and the forms of storage changes
//! and application logs.
//!
//! Where neo-go differs from the reference, the reference is right, and the recorded
//! roots cannot hold from there on. `neovm-host` has a test of the same name that lists
//! what differs, with the reasons.
//!
//! One chain is part of the project; the others lie in `../shared/reference/host/rich`.

mod recorded;

use std::path::{Path, PathBuf};

use base64::{Engine, prelude::BASE64_STANDARD};
use neovm_chain::Block;
use neovm_crypto::hash256;
use neovm_host::{Network, ProtocolSettings, execute_block, native::LEDGER_ID};
use neovm_node::{ApplicationLogs, changes_line, net_changes, verify::VerifyLevel};
use neovm_storage::{Batch, Key, MemoryStore, Value, WriteStore};
use neovm_types::Hash256;
use recorded::{ENGINES, blocks, data, lines, roots, settings, shared};
use serde_json::{Value as Json, json};

/// What lies beside a dump.
struct Recorded {
    dump: PathBuf,
    settings: ProtocolSettings,
    blocks: Vec<Block>,
    changes: Vec<Json>,
    logs: Vec<Json>,
    roots: Vec<Json>,
}

impl Recorded {
    fn read(folder: &Path, name: &str) -> Self {
        let file = |extension: &str| folder.join(format!("{name}.{extension}"));
        let settings = settings(&file("config.json"));
        let dump = file("acc");
        let blocks = blocks(&dump, &settings);
        let [changes, logs] = ["changes.jsonl.gz", "logs.jsonl.gz"].map(|extension| lines(&file(extension)));
        let roots = lines(&file("roots.jsonl"));
        assert!([changes.len(), logs.len(), roots.len()] == [blocks.len(); 3], "{name}");
        Self { dump, settings, blocks, changes, logs, roots }
    }

    /// Follows the chain with full verification; returns the first block with another
    /// root than the recorded one.
    fn first_other_root(&self) -> Option<u32> {
        let others = ENGINES.map(|engine| {
            let roots = roots(&self.settings, &self.blocks, VerifyLevel::Full, engine);
            self.roots.iter().zip(roots).position(|(line, root)| line["root"] != root.as_str())
        });
        assert!(others.iter().all(|other| *other == others[0]), "{:?}: {others:?}", self.dump);
        others[0].map(|index| index as u32)
    }

    /// Runs each block on the recorded state, so that one difference does not cause others.
    /// Returns how many blocks have other logs than the recorded ones.
    fn other_logs(&self) -> usize {
        let network = Network::new(self.settings.clone());
        let mut store = MemoryStore::default();
        let mut count = 0;
        for (index, block) in self.blocks.iter().enumerate() {
            let receipt = execute_block(&network, &store, block).unwrap();
            let net = net_changes(&receipt.changes, &store).unwrap();
            let line: Json = serde_json::from_str(&changes_line(block.index, &net)).unwrap();
            assert_eq!(net_changes(&batch(&line), &store).unwrap(), net);
            let line = ApplicationLogs::new(block, &receipt).line();
            count += usize::from(log(&serde_json::from_str(&line).unwrap()) != log(&self.logs[index]));

            let ledger = receipt.changes.into_iter().filter(|(key, _)| key.contract() == LEDGER_ID);
            store.write(&ledger.collect::<Batch>()).unwrap();
            store.write(&batch(&self.changes[index])).unwrap();
            assert_eq!(self.roots[index]["root"], root_in_neogo(&store).to_string(), "block {index}");
        }
        count
    }
}

fn batch(line: &Json) -> Batch {
    let bytes = |text: &Json| BASE64_STANDARD.decode(text.as_str().unwrap_or("")).unwrap();
    let change = |change: &Json| {
        let value = (change["state"] != "Deleted").then(|| Value::from(bytes(&change["value"])));
        (Key::from_bytes(&bytes(&change["key"])), value)
    };
    line["changes"].as_array().unwrap().iter().map(change).collect()
}

/// What of a block's logs is compared. Texts of exceptions differ, and neo-go shows the
/// stack and the notifications of a fault, which the reference drops.
fn log(line: &Json) -> Json {
    let execution = |execution: &Json| {
        let parts = ["hash", "trigger", "vmstate", "gasconsumed"].map(|name| &execution[name]);
        match execution["vmstate"] == "HALT" {
            true => json!([parts, execution["stack"], execution["notifications"]]),
            false => json!(parts),
        }
    };
    let executions = ["executions", "txs"].map(|name| line[name].as_array().unwrap().iter().map(execution));
    json!([line["block"], line["hash"], executions.map(|executions| executions.collect::<Vec<_>>())])
}

/// The state root as neo-go 0.120 computes it: it writes a length of 65,535 in the
/// longer form, so that the hash of a value of this size is another one.
fn root_in_neogo(store: &MemoryStore) -> Hash256 {
    let nibbles = |key: &Key| key.iter().flat_map(|byte| [byte >> 4, byte & 15]).collect();
    let covered = store.iter().filter(|(key, _)| key.contract() != LEDGER_ID);
    let entries: Vec<(Vec<u8>, &Value)> = covered.map(|(key, value)| (nibbles(key), value)).collect();
    Hash256(node(&entries, 0))
}

/// The hash of the node that holds entries whose keys are equal up to a depth.
fn node(entries: &[(Vec<u8>, &Value)], depth: usize) -> [u8; 32] {
    let child = |hash: Option<[u8; 32]>| hash.map_or(vec![4], |hash| [&[3], &hash[..]].concat());
    let leaf = |value: &[u8]| hash256(&[&[2], &*length(value.len()), value].concat());
    let (first, last) = (&entries[0].0[depth..], &entries[entries.len() - 1].0[depth..]);
    let common = first.iter().zip(last).take_while(|(a, b)| a == b).count();
    if common > 0 {
        let next = child(Some(node(entries, depth + common)));
        return hash256(&[&[1], &*length(common), &first[..common], &next].concat());
    }
    if entries.len() == 1 {
        return leaf(entries[0].1);
    }
    let (own, mut rest) = entries.split_at(usize::from(first.is_empty()));
    let mut bytes = vec![0];
    for nibble in 0..16 {
        let (within, others) = rest.split_at(rest.iter().take_while(|(key, _)| key[depth] == nibble).count());
        bytes.extend(child((!within.is_empty()).then(|| node(within, depth + 1))));
        rest = others;
    }
    bytes.extend(child(own.first().map(|(_, value)| leaf(value))));
    hash256(&bytes)
}

fn length(length: usize) -> Vec<u8> {
    match length {
        0..0xfd => vec![length as u8],
        0xfd..0xffff => [&[0xfd], &(length as u16).to_le_bytes()[..]].concat(),
        _ => [&[0xfe], &(length as u32).to_le_bytes()[..]].concat(),
    }
}

/// Checks a chain: how many blocks have other logs, and the first one with another root.
fn check(folder: &Path, name: &str, other_logs: usize, other_root: Option<u32>) {
    let recorded = Recorded::read(folder, name);
    assert_eq!(recorded.other_logs(), other_logs, "{name}");
    assert_eq!(recorded.first_other_root(), other_root, "{name}");
}

fn check_shared(name: &str, other_logs: usize, other_root: u32) {
    if let Some(folder) = shared("rich") {
        check(&folder, name, other_logs, Some(other_root));
    }
}

#[test]
fn forks_one_after_another() {
    // It stores a value of 65,535 bytes, whose hash is another one in neo-go.
    check_shared("stair", 42, 158);
}

#[test]
fn one_validator() {
    // An account votes for a candidate that was forgotten in between.
    check_shared("echidna0", 56, 310);
}

#[test]
fn seven_validators() {
    // It stores a value of 65,535 bytes, whose hash is another one in neo-go.
    check_shared("mid", 57, 220);
}

#[test]
fn a_short_chain() {
    // Block 5 designates nodes, which neo-go sorts in the event.
    check(&data("rich"), "verd", 1, None);
}
