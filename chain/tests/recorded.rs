//! Transactions and blocks that nodes have read, written and hashed. A share of
//! them is in `tests/data`; the others are read if their folder lies beside the project.

mod common;

use std::{
    collections::HashSet,
    fs::{self, File},
    path::Path,
};

use common::{hex, json, lines, read_dump, say, shared};
use neovm_chain::{
    Attribute, Block, Condition, DumpReader, Header, OracleResponse, Signer, Transaction, TrimmedBlock, contract,
};
use neovm_crypto::{Curve, Hash, verify};
use neovm_types::StackItem;
use serde_json::Value;

const ADDRESS_VERSION: u8 = 53;

/// Checks a transaction against what the reference node says of it.
fn check_transaction(recorded: &Value) {
    let raw = hex(&recorded["raw"]);
    let tx = Transaction::parse_lenient(&raw).unwrap_or_else(|error| panic!("{recorded}: {error}"));
    assert_eq!(tx.hash().to_string(), recorded["hash"], "{recorded}");
    assert_eq!(tx.to_bytes(), raw, "{recorded}");
    assert_eq!(tx.size(), recorded["size"], "{recorded}");
    assert_eq!(tx.sender().to_string(), recorded["sender"], "{recorded}");
    assert_eq!(tx.nonce, recorded["nonce"], "{recorded}");
    assert_eq!(tx.system_fee, recorded["systemFee"], "{recorded}");
    assert_eq!(tx.network_fee, recorded["networkFee"], "{recorded}");
    assert_eq!(tx.valid_until_block, recorded["validUntilBlock"], "{recorded}");
    let form = json(&tx.to_json(ADDRESS_VERSION));
    assert_eq!(form["signers"], recorded["signers"]);
    assert_eq!(form["attributes"], recorded["attributes"]);
    assert_eq!(tx.unsigned().with_empty_witnesses().map(|tx| tx.hash()), Ok(tx.hash()));
    for signer in &tx.signers {
        assert_eq!(Signer::from_json(&signer.to_json()).as_ref(), Ok(signer));
    }
}

/// Checks all transactions of a file of cases; returns how many there are.
fn check_cases(path: &Path) -> usize {
    let mut seen = HashSet::new();
    for line in lines(path) {
        if let Some(tx @ Value::Object(_)) = line.get("tx")
            && seen.insert(tx["raw"].as_str().unwrap().to_owned())
        {
            check_transaction(tx);
        }
    }
    seen.len()
}

#[test]
fn transactions_of_the_reference() {
    assert!(check_cases(&common::data("transactions.jsonl")) > 20);
    let Some(folder) = shared() else { return say("SKIPPED: no folder of recorded cases") };
    for name in ["cases.jsonl.gz", "devpack.jsonl.gz"] {
        say(&format!("{name}: {} different transactions", check_cases(&folder.join(name))));
    }
}

/// Checks that a block comes back, with its transactions, header and stored form.
fn check_block(raw: &[u8]) -> Block {
    let block = Block::parse(raw).unwrap();
    assert_eq!(block.to_bytes(), raw);
    assert_eq!(block.size(), raw.len());
    assert_eq!(Header::parse(&block.header().to_bytes()).unwrap().hash(), block.hash());
    let from_json = Block::from_json(&block.to_json(ADDRESS_VERSION), ADDRESS_VERSION);
    assert_eq!(from_json.map(|block| block.to_bytes()).as_deref(), Ok(raw));
    let trimmed = block.trim();
    assert_eq!(TrimmedBlock::parse(&trimmed.to_bytes()).as_ref(), Ok(&trimmed));
    for tx in block.transactions() {
        let bytes = tx.to_bytes();
        assert_eq!(bytes.len(), tx.size());
        let read = Transaction::parse(&bytes).unwrap();
        assert_eq!((read.hash(), read.witnesses()), (tx.hash(), tx.witnesses()));
        for signer in &tx.signers {
            assert_eq!(Signer::from_json(&signer.to_json()).as_ref(), Ok(signer));
            signer.all_rules().for_each(|rule| {
                assert_eq!(Condition::from_json(&rule.condition.to_json()).as_ref(), Ok(&rule.condition));
            });
        }
    }
    block
}

#[test]
fn blocks_of_the_reference() {
    let Some(folder) = shared() else { return say("SKIPPED: no folder of recorded chains") };
    let mut count = 0;
    for name in ["cases.jsonl.gz", "replay-testblocks.jsonl.gz", "replay-chain50x2.jsonl.gz"] {
        for line in lines(&folder.join(name)) {
            if let Some(raw) = line.get("blockHex") {
                let block = check_block(&hex(raw));
                assert_eq!(block.hash().to_string(), line["hash"]);
                assert_eq!(block.index, line["index"]);
                count += 1;
            }
            if let Some(raw) = line.get("headerHex") {
                let header = Header::parse(&hex(raw)).unwrap();
                assert_eq!(header.hash().to_string(), line["hash"]);
                assert_eq!(header.to_bytes(), hex(raw));
                assert_eq!(header.size(), hex(raw).len());
            }
        }
    }
    assert!(count > 100, "{count}");
}

/// Contracts see transactions and signers as the reference node shows them to scripts
/// that consist of one system call.
#[test]
fn stack_items_of_the_reference() {
    let Some(folder) = shared() else { return say("SKIPPED: no folder of recorded cases") };
    let (mut containers, mut signers) = (0, 0);
    let halted = lines(&folder.join("cases.jsonl.gz"))
        .filter(|line| line["kind"] == "case" && line["container"] == "tx" && line["outcome"]["state"] == "HALT");
    for case in halted {
        let item = match case["script"].as_str() {
            Some("412d510830") => {
                containers += 1;
                transaction(&case).to_stack_item()
            }
            Some("41acf1188b") => {
                signers += 1;
                let signers: Vec<StackItem> = transaction(&case).signers.iter().map(Signer::to_stack_item).collect();
                StackItem::array(signers)
            }
            _ => continue,
        };
        let shown: Value = serde_json::from_str(&item.to_json().unwrap()).unwrap();
        assert_eq!(shown, case["outcome"]["stack"][0], "{}", case["id"]);
    }
    assert!(containers > 10 && signers > 20, "{containers} {signers}");
}

fn transaction(case: &Value) -> Transaction {
    Transaction::parse_lenient(&hex(&case["tx"]["raw"])).unwrap()
}

/// Nodes store blocks without their transactions, under the prefix 5 of the native
/// contract with the number -4, and show them to contracts.
#[test]
fn stored_blocks_of_the_reference() {
    let Some(folder) = shared() else { return say("SKIPPED: no folder of recorded cases") };
    let mut count = 0;
    for line in lines(&folder.join("cases.jsonl.gz")).filter(|line| line["kind"] == "chainBlock") {
        let block = Block::parse(&hex(&line["blockHex"])).unwrap();
        let key = format!("fcffffff05{}", hex::encode(block.hash().0));
        let stored = line["changes"].as_array().unwrap().iter().find(|change| change["key"] == key.as_str());
        assert_eq!(hex(&stored.unwrap()["value"]), block.trim().to_bytes());
        let item: Value = serde_json::from_str(&block.trim().to_stack_item().to_json().unwrap()).unwrap();
        assert_eq!(item["value"][9]["value"], block.transactions().len().to_string());
        count += 1;
    }
    assert!(count > 20, "{count}");
    let genesis = lines(&folder.join("cases.jsonl.gz")).find(|line| line["name"] == "genesis").unwrap();
    let block =
        TrimmedBlock { header: Header::parse(&hex(&genesis["headerHex"])).unwrap(), transaction_hashes: vec![] };
    let shown =
        lines(&folder.join("cases.jsonl.gz")).find(|line| line["id"] == "native/LedgerContract/getBlock/1/good");
    let item: Value = serde_json::from_str(&block.to_stack_item().to_json().unwrap()).unwrap();
    assert_eq!(item, shown.unwrap()["outcome"]["stack"][0]);
}

/// What neo-go cannot decode is refused here, and nothing else, except for what is
/// listed.
#[test]
fn verdicts_of_neo_go() {
    let Some(folder) = shared() else { return say("SKIPPED: no folder of verdicts") };
    // neo-go takes any byte for true, and knows attributes that the reference does not.
    const ONLY_HERE: [&str; 3] = ["scope-rule-boolean-2", "attr-reserved-e0", "attr-reserved-ff"];
    let (mut read, mut refused) = (0, 0);
    for line in lines(&folder.join("rich/verdicts.jsonl.gz")) {
        let name = line["name"].as_str().unwrap();
        let there = line["answer"]["data"].as_str().is_some_and(|text| text.starts_with("can't decode"));
        let parsed = Transaction::parse(&hex(&line["raw"]));
        let plain = name.trim_start_matches("B-").trim_start_matches("old-").trim_start_matches("early-");
        let expected = there || ONLY_HERE.contains(&plain);
        assert_eq!(parsed.is_err(), expected, "{name}: {parsed:?}");
        if parsed.is_ok() { read += 1 } else { refused += 1 }
    }
    assert!(read > 300 && refused > 20, "{read} {refused}");
}

#[test]
fn a_block_of_mainnet() {
    let text = fs::read_to_string(common::data("mainnet-block-1000.hex")).unwrap();
    let block = check_block(&hex(&text.trim().into()));
    assert_eq!(block.index, 1000);
    // The committee of the first blocks has signed the hash.
    let witness = block.witness();
    let multisig = contract::multisig_contract(witness.verification.bytes()).unwrap();
    assert_eq!((multisig.required, multisig.keys.len()), (5, 7));
    assert_eq!(contract::bft_address(&multisig.public_keys().unwrap()), Ok(block.next_consensus));
    let data = block.sign_data(860_833_102);
    let signatures = contract::signatures(witness.invocation.bytes()).unwrap();
    assert_eq!(signatures.len(), multisig.required);
    let mut keys = multisig.keys.iter();
    for signature in signatures {
        assert!(keys.any(|key| verify(&data, *key, signature, Curve::Secp256r1, Hash::Sha256) == Ok(true)));
    }
}

/// The checks of a chain: links, signatures of the next consensus, and witnesses.
fn check_chain(blocks: &[Vec<u8>], network: u32) -> usize {
    let (mut transactions, mut signatures) = (0, 0);
    let blocks: Vec<Block> = blocks.iter().map(|raw| check_block(raw)).collect();
    for pair in blocks.windows(2) {
        assert_eq!(pair[1].previous_hash, pair[0].hash());
        assert_eq!(pair[1].index, pair[0].index + 1);
        assert_eq!(pair[1].witness().script_hash(), pair[0].next_consensus, "block {}", pair[1].index);
        let multisig = contract::multisig_contract(pair[1].witness().verification.bytes()).unwrap();
        let keys = multisig.public_keys().unwrap();
        assert_eq!(contract::bft_address(&keys), Ok(pair[0].next_consensus));
        let script = contract::multisig_script(multisig.required, &keys).unwrap();
        assert_eq!(script, pair[1].witness().verification);
    }
    for tx in blocks.iter().flat_map(Block::transactions) {
        transactions += 1;
        for (signer, witness) in tx.signers.iter().zip(tx.witnesses()) {
            let Some(key) = contract::signature_contract(witness.verification.bytes()) else { continue };
            assert_eq!(witness.script_hash(), signer.account);
            if let Some([signature]) = contract::signatures(witness.invocation.bytes()).as_deref()
                && signatures < 200
            {
                let valid = verify(&tx.sign_data(network), key, *signature, Curve::Secp256r1, Hash::Sha256);
                assert_eq!(valid, Ok(true), "{}", tx.hash());
                signatures += 1;
            }
        }
    }
    assert!(transactions == 0 || signatures > 0);
    transactions
}

#[test]
fn a_short_chain_of_neo_go() {
    let blocks = read_dump(&common::data("testblocks.acc"));
    assert_eq!(check_chain(&blocks, 42), 17);
    let dump = DumpReader::new(File::open(common::data("testblocks.acc")).unwrap()).unwrap();
    assert_eq!((dump.first_index(), dump.block_count()), (0, 15));
    let read: Vec<Vec<u8>> = dump.map(|block| block.unwrap().to_bytes()).collect();
    assert_eq!(read, blocks);
}

#[test]
fn chains_of_neo_go() {
    let Some(folder) = shared() else { return say("SKIPPED: no folder of recorded chains") };
    for entry in fs::read_dir(folder.join("chains")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "acc") {
            let blocks = read_dump(&path);
            let transactions = check_chain(&blocks, 42);
            say(&format!("{}: {} blocks, {transactions} transactions", path.display(), blocks.len()));
        }
    }
}

#[test]
fn long_chains_of_neo_go() {
    let Some(folder) = shared() else { return say("SKIPPED: no folder of recorded chains") };
    for name in ["stair", "echidna0", "mid", "verd"] {
        let config = fs::read_to_string(folder.join(format!("rich/{name}.config.json"))).unwrap();
        let config: Value = serde_json::from_str(&config).unwrap();
        let network = config["ProtocolConfiguration"]["Network"].as_u64().unwrap() as u32;
        let blocks = read_dump(&folder.join(format!("rich/{name}.acc")));
        let transactions = check_chain(&blocks, network);
        say(&format!("{name}: {} blocks, {transactions} transactions", blocks.len()));
        let logs = lines(&folder.join(format!("rich/{name}.logs.jsonl.gz")));
        for (raw, log) in blocks.iter().zip(logs) {
            let block = Block::parse(raw).unwrap();
            assert_eq!(block.hash().to_string(), log["hash"]);
            for (tx, log) in block.transactions().iter().zip(log["txs"].as_array().unwrap()) {
                assert_eq!(tx.hash().to_string(), log["hash"]);
                let answers = tx.attributes.iter().any(|attribute| matches!(attribute, Attribute::OracleResponse(_)));
                assert!(!answers || tx.script == OracleResponse::fixed_script(), "{}", tx.hash());
            }
        }
    }
}
