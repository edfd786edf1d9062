//! `neovm replay` over chains that were recorded.

mod common;

use std::{
    fs,
    path::{Path, PathBuf},
};

use common::{file, neovm};
use neovm::{
    Block,
    chain::{DumpReader, write_dump},
};
use serde_json::Value;

/// A file of the recorded chains in the project.
fn data(name: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
    root.join("tests/data").join(name).to_str().expect("UTF-8").into()
}

/// The recorded chain of 33 blocks, and its configuration.
fn verd() -> [String; 3] {
    [data("rich/verd.acc"), "--config".into(), data("rich/verd.config.json")]
}

/// Replays the recorded chain.
fn replay(options: &[&str]) -> common::Answer {
    let chain = verd();
    neovm(&[&["replay"], &chain.each_ref().map(String::as_str)[..], options].concat())
}

/// A path of a file that a test writes.
fn target(name: &str) -> String {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name).to_str().expect("UTF-8").into()
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// The blocks of the recorded chain.
fn blocks() -> Vec<Block> {
    let bytes = fs::read(data("rich/verd.acc")).expect("the dump is there");
    DumpReader::new(&bytes[..]).expect("a dump").map(|block| block.expect("a block")).collect()
}

/// A dump of blocks.
fn dump(name: &str, start: u32, blocks: &[Block]) -> String {
    let mut bytes = Vec::new();
    write_dump(&mut bytes, start, blocks.iter()).expect("memory can be written");
    file(name, &bytes)
}

#[test]
fn all_roots_of_a_chain() {
    let roots = data("rich/verd.roots.jsonl");
    let recorded = lines(&fs::read_to_string(&roots).expect("the roots are there"));
    for (engine, level) in [("interp", "none"), ("jit", "headers"), ("auto", "full")] {
        let answer = replay(&["--json", "--roots", &roots, "--engine", engine, "--verify", level]);
        let printed = lines(answer.ok());
        assert_eq!(printed.len(), 33);
        for ((line, recorded), block) in printed.iter().zip(&recorded).zip(blocks()) {
            assert_eq!((&line["block"], &line["root"]), (&recorded["block"], &recorded["root"]));
            assert_eq!(line["hash"], block.hash().to_string());
            assert_eq!(line["transactions"], block.transactions().len());
        }
        assert_eq!(printed[31]["gas"], "15396801");
    }
}

#[test]
fn roots_of_several_chains_in_one_file() {
    let chain = data("chains/testblocks-2025-12-05-325c13523b.acc");
    let (config, roots) = (data("chains/config-ech5.json"), data("chains/roots.jsonl"));
    let answer = neovm(&["replay", &chain, "--config", &config, "--roots", &roots]);
    assert!(answer.ok().contains("      20  0x16c5b5909250dead6695d3a3349909b9ca813ef109598017146a8e0c64658cad"));
    let answer = neovm(&["replay", &chain, "--config", "mainnet", "--roots", &roots]);
    answer.fails(1, &["has no state roots of testblocks-2025-12-05-325c13523b.acc under this configuration"]);
}

#[test]
fn logs_and_changes_in_the_recorded_form() {
    let (logs, changes) = (target("replay.logs.jsonl"), target("replay.changes.jsonl"));
    replay(&["--logs", &logs, "--changes", &changes]).ok();
    let [logs, changes] = [logs, changes].map(|path| lines(&fs::read_to_string(path).expect("it was written")));
    assert_eq!((logs.len(), changes.len()), (33, 33));
    assert_eq!((&logs[31]["block"], &changes[32]["block"]), (&31.into(), &32.into()));
    assert_eq!(logs[31]["hash"], blocks()[31].hash().to_string());
    let execution = &logs[31]["txs"][0];
    assert_eq!((&execution["trigger"], &execution["vmstate"]), (&"Application".into(), &"HALT".into()));
    assert_eq!(logs[31]["executions"][1]["trigger"], "PostPersist");
    assert_eq!(changes[32]["changes"][0]["state"], "Changed");
}

#[test]
fn without_state_roots() {
    let (with, without) = (target("replay-with.changes.jsonl"), target("replay-without.changes.jsonl"));
    let rooted = lines(replay(&["--json", "--changes", &with]).ok());
    let printed = lines(replay(&["--json", "--no-state-root", "--changes", &without]).ok());
    assert_eq!(printed.len(), 33);
    for (mut line, block) in rooted.into_iter().zip(printed) {
        line["root"] = Value::Null;
        assert_eq!(line, block);
    }
    assert_eq!(fs::read(with).expect("it was written"), fs::read(without).expect("it was written"));
    let answer = replay(&["--no-state-root"]);
    assert!(answer.ok().contains("\n      31  4 transactions, 0.15396801 GAS"), "{}", answer.out);
    let roots = data("rich/verd.roots.jsonl");
    replay(&["--no-state-root", "--roots", &roots]).fails(2, &["cannot be used with"]);
    let folder = target("replay-folder-without");
    let _ = fs::remove_dir_all(&folder);
    replay(&["--no-state-root", "--data", &folder, "--until", "20"]).ok();
    assert_eq!(lines(replay(&["--no-state-root", "--data", &folder, "--json"]).ok()).len(), 12);
    replay(&["--data", &folder]).fails(1, &["was made to keep no state roots, not the latest state trie"]);
}

#[test]
fn a_part_of_a_chain() {
    let answer = replay(&["--json", "--until", "7"]);
    assert_eq!(lines(answer.ok()).len(), 8);
    let from_one = dump("replay-from-1.acc", 1, &blocks()[1..]);
    let config = data("rich/verd.config.json");
    assert_eq!(lines(neovm(&["replay", &from_one, "--config", &config, "--json"]).ok()).len(), 33);
    let from_five = dump("replay-from-5.acc", 5, &blocks()[5..]);
    let answer = neovm(&["replay", &from_five, "--config", &config, "--json"]);
    assert_eq!((answer.code, lines(&answer.out).len()), (1, 1));
    assert!(answer.err.contains("block 5: the index is 5, the previous block has 0"), "{}", answer.err);
}

#[test]
fn a_chain_in_a_folder() {
    let folder = target("replay-folder");
    let _ = fs::remove_dir_all(&folder);
    let roots = data("rich/verd.roots.jsonl");
    let first = replay(&["--data", &folder, "--json", "--until", "9"]);
    assert_eq!(lines(first.ok()).len(), 10);
    let rest = replay(&["--data", &folder, "--json", "--roots", &roots, "--verify", "full"]);
    let printed = lines(rest.ok());
    assert_eq!((printed.len(), &printed[0]["block"]), (23, &10.into()));
    assert!(replay(&["--data", &folder]).ok().starts_with("ran 0 blocks with 0 transactions in 0."));
    replay(&["--data", &folder, "--full-state"]).fails(1, &["was made to keep"]);
    let [chain, ..] = verd();
    let answer = neovm(&["replay", &chain, "--config", "private", "--data", &folder]);
    answer.fails(1, &["this folder holds the chain of network 1314258950, not 56753"]);
    // With the same network number, the other settings tell networks apart.
    let with = |from: &str, to: &str| {
        let config = fs::read_to_string(data("rich/verd.config.json")).expect("it is there");
        assert!(config.contains(from));
        let other = file("replay-other.config.json", config.replace(from, to).as_bytes());
        neovm(&["replay", &chain, "--config", &other, "--data", &folder])
    };
    with("\"ValidatorsCount\": 4", "\"ValidatorsCount\": 7").fails(1, &["number of validators 4, not 7\n"]);
    with("\"HF_Faun\": 0", "\"HF_Faun\": 9").fails(1, &["with other settings: hardfork Faun 0, not 9\n"]);
    with("\"HF_Faun\": 0", "\"HF_Faun\": 0, \"HF_Gorgon\": 32").fails(1, &["hardfork Gorgon none, not 32\n"]);
    // What comes after the last block can still be decided.
    with("\"HF_Faun\": 0", "\"HF_Faun\": 0, \"HF_Gorgon\": 33").ok();
    replay(&["--data", &folder]).ok();
}

#[test]
fn it_stops_at_another_root() {
    let mut roots = fs::read_to_string(data("rich/verd.roots.jsonl")).expect("the roots are there");
    let right = lines(&roots)[31]["root"].as_str().expect("a root").to_owned();
    let wrong = format!("0x{}", "5a".repeat(32));
    roots = roots.replace(&right, &wrong);
    let roots = file("replay.roots.jsonl", roots.as_bytes());
    let answer = replay(&["--roots", &roots]);
    assert_eq!(answer.code, 1);
    let message = format!("error: the state root after block 31 is {right}, not {wrong}\n");
    assert_eq!(answer.err, message);
    assert!(answer.out.contains("\n      30  0x"), "{}", answer.out);
    assert!(!answer.out.contains("\n      31  0x"), "{}", answer.out);
    assert!(answer.out.contains("\nblock         31\nstorage       "), "{}", answer.out);
    assert!(answer.out.contains("changed  PolicyContract 0x0a: "), "{}", answer.out);
    let answer = replay(&["--roots", &roots, "--json"]);
    assert_eq!((answer.code, answer.err), (1, message));
    let printed = lines(&answer.out);
    assert_eq!((printed.len(), &printed[31]["block"]), (32, &31.into()));
    assert_eq!(printed[31]["changes"][1]["state"], "Changed");
}

#[test]
fn what_is_wrong_is_told() {
    let [chain, _, config] = verd();
    neovm(&["replay", "no.acc", "--config", &config]).fails(1, &["cannot read no.acc"]);
    neovm(&["replay", &chain]).fails(2, &["--config"]);
    neovm(&["replay", &chain, "--config", "devnet"]).fails(1, &["devnet: neither mainnet, testnet nor private"]);
    neovm(&["replay", &chain, "--config", &config, "--verify", "some"]).fails(2, &["none, headers, full"]);
    let roots = file("replay.bad-roots", b"0 0x1234\n");
    replay(&["--roots", &roots]).fails(1, &["replay.bad-roots, line 1: the root \"0x1234\""]);
    let roots = file("replay.bad-roots-2", b"\nblock 0\n");
    replay(&["--roots", &roots]).fails(1, &["replay.bad-roots-2, line 2: the height \"block\""]);
    for (text, words) in [
        ("[1,2,3]", "line 1: it is none of {\"block\",\"root\"}, {\"roots\":[..]} or a height and a root"),
        ("[1, 2]", "it is none of"),
        ("{\"block\":1}", "it is none of"),
        ("{\"block\":\"x\",\"root\":\"\"}", "column 12: invalid type: string \"x\", expected an integer from 0 to"),
    ] {
        let roots = file("replay.bad-roots-3", text.as_bytes());
        replay(&["--roots", &roots]).fails(1, &["replay.bad-roots-3, line 1: ", words]);
    }
    let bad = file("replay.bad.yml", b"ProtocolConfiguration:\n  Foo: 1\n");
    let answer = neovm(&["replay", &chain, "--config", &bad]);
    answer.fails(1, &["replay.bad.yml: ", "line 2", "unknown field `Foo`"]);
    assert_eq!((answer.err.matches("error").count(), answer.err.lines().count()), (1, 1), "{}", answer.err);
    neovm(&["replay", &target(""), "--config", &config]).fails(1, &["is a folder, not a dump"]);
    neovm(&["replay", &chain, "--config", &config, "--data", &chain]).fails(1, &["this is a file, not a folder"]);
    let answer = neovm(&["replay", &chain, "--config", "private"]);
    assert_eq!(answer.code, 1);
    assert!(answer.err.contains("the dump is of another chain: block 1: the previous block is 0x"), "{}", answer.err);
}

#[test]
fn what_comes_before_damage_counts() {
    let mut bytes = fs::read(data("rich/verd.acc")).expect("the dump is there");
    let length = bytes.len();
    let cut = file("replay-cut.acc", &bytes[..length - 1]);
    let config = data("rich/verd.config.json");
    let answer = neovm(&["replay", &cut, "--config", &config, "--json"]);
    assert_eq!((answer.code, lines(&answer.out).len()), (1, 32));
    assert!(answer.err.contains(&format!("replay-cut.acc: byte {} of the dump", length - 1)), "{}", answer.err);
    for more in [&bytes[..], &[0; 9]] {
        let longer = file("replay-longer.acc", &[more, b"x"].concat());
        let answer = neovm(&["replay", &longer, "--config", &config, "--json"]);
        assert_eq!(answer.code, 0, "{}", answer.err);
        assert!(answer.err.starts_with("warning: there is more in the dump than its blocks"), "{}", answer.err);
    }
    // A bit of a signature.
    let last = blocks()[32].to_bytes().len();
    bytes[length - last + 112] ^= 1;
    let flipped = file("replay-flipped.acc", &bytes);
    let answer = neovm(&["replay", &flipped, "--config", &config, "--json"]);
    assert_eq!((answer.code, lines(&answer.out).len()), (1, 32));
    assert!(answer.err.contains("block 32: the witness does not verify"), "{}", answer.err);
    assert_eq!(neovm(&["replay", &flipped, "--config", &config, "--verify", "none"]).code, 0);
}
