//! Recorded chains, block by block and job by job, with storage served by call-backs: the same state and the same roots.

mod common;

use std::{
    fs::File,
    io::BufReader,
    path::{Path, PathBuf},
};

use common::*;
use neovm::{
    Network,
    chain::{Block, DumpReader},
    host::{execute_block, genesis_block, native::LEDGER_ID},
    storage::{Key, MemoryStore, WriteStore, state_root},
};
use neovm_capi::*;
use serde_json::Value;

fn root(store: &MemoryStore) -> String {
    let mut root = state_root(store.iter().filter(|(key, _)| key.contract() != LEDGER_ID));
    root.reverse();
    format!("0x{}", hex::encode(root))
}

/// The blocks of a dump, the genesis block first.
fn blocks(dump: &Path, settings: &neovm::ProtocolSettings) -> Vec<Block> {
    let mut reader = DumpReader::new(BufReader::new(File::open(dump).unwrap())).unwrap();
    let mut blocks = vec![genesis_block(settings).unwrap()];
    while let Some(block) = reader.next_from(1).unwrap() {
        blocks.push(block);
    }
    blocks
}

/// Follows a chain, once through the ABI and once in Rust, and compares the states; gives each to a function.
fn follow(dump: &Path, config: &Path, mut then: impl FnMut(&MemoryStore)) {
    let settings = ::neovm_node::config::load(config.to_str().unwrap()).unwrap();
    let engine = engine(&serde_json::to_string(&settings).unwrap(), NEOVM_COMPILE_FOREGROUND);
    let network = Network::new(settings);
    let (mut host, mut store) = (Host::default(), MemoryStore::default());
    for block in blocks(dump, network.settings()) {
        persist(engine, &mut host, &block.to_bytes());
        let receipt = execute_block(&network, &store, &block).unwrap();
        store.write(&receipt.changes).unwrap();
        let entry = |(key, value): (&Vec<u8>, &Vec<u8>)| (Key::from_bytes(key), value.as_slice().into());
        let served: MemoryStore = host.entries.iter().map(entry).collect();
        assert!(served == store, "{}: block {}", dump.display(), block.index);
        then(&store);
    }
    ok(neovm_engine_free(engine));
}

fn roots(dump: &Path, config: &Path) -> Vec<String> {
    let mut roots = Vec::new();
    follow(dump, config, |store| roots.push(root(store)));
    roots
}

fn data(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

fn lines(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Elections, oracle answers, notary deposits.
#[test]
fn a_chain_with_much_under_way() {
    let folder = data("tests/data/rich");
    let roots = roots(&folder.join("verd.acc"), &folder.join("verd.config.json"));
    let recorded = lines(&folder.join("verd.roots.jsonl"));
    assert_eq!(roots.len(), recorded.len());
    for (line, root) in recorded.iter().zip(&roots) {
        assert_eq!(line["root"], root.as_str(), "block {}", line["block"]);
    }
}

/// One in which the hardforks begin block by block.
#[test]
fn a_chain_with_hardforks() {
    let folder = data("tests/data/chains");
    let roots = roots(&folder.join("testblocks-2025-12-05-325c13523b.acc"), &folder.join("config-ech5.json"));
    let recorded = lines(&folder.join("roots.jsonl"));
    assert_eq!(recorded[0]["roots"].as_array().unwrap().iter().collect::<Vec<_>>(), roots.iter().collect::<Vec<_>>());
}

/// The other recorded chains.
#[test]
fn chains_that_are_not_part_of_the_project() {
    let folder = data("../shared/reference/host/rich");
    if !folder.exists() {
        println!("SKIPPED: chains_that_are_not_part_of_the_project: there is no ../shared/reference/host/rich");
        return;
    }
    let mut count = 0_u32;
    for entry in std::fs::read_dir(folder).unwrap() {
        let dump = entry.unwrap().path();
        if dump.extension().is_some_and(|extension| extension == "acc") {
            follow(&dump, &dump.with_extension("config.json"), |_| count += 1);
        }
    }
    println!("{count} blocks");
    assert!(count > 100, "{count} blocks");
}
