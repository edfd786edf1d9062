//! Contracts that the reference node (core 3.10.2) was asked to deploy: the
//! files that it refuses are refused here, and those that it accepts are stored
//! byte by byte as the node stores them.

use std::{
    fs::File,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
};

use base64::{Engine, prelude::BASE64_STANDARD};
use flate2::read::GzDecoder;
use neovm_types::{Hash160, Manifest, NefFile, OpCode, Script, ScriptBuilder, StackItem, hash::hash160};
use serde_json::Value;

/// What a script ends with that calls `deploy` of ContractManagement with two arguments.
const DEPLOY: &str = "12c01f0c066465706c6f790c14fda3fa4346ea532a258fc497ddaddb6437c9fdff41627d5b52";

/// Deployments that the node refuses for what the two files do not say: the
/// contract is there already or blocked, or there is not enough GAS.
const REFUSED_OTHERWISE: [&str; 4] = [
    "management/deploy/again",
    "management/deploy/blocked",
    "management/deploy/gas=999999999",
    "management/destroy/then-redeploy",
];

/// A recorded call of `deploy`.
struct Deployment {
    id: String,
    manifest: Vec<u8>,
    nef: Vec<u8>,
    sender: Hash160,
    outcome: Value,
}

/// Writes straight to the terminal: what tests print is not shown when they pass.
fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

fn deployments(path: &Path) -> Vec<Deployment> {
    let lines = BufReader::new(GzDecoder::new(File::open(path).unwrap())).lines();
    let cases = lines.map(|line| serde_json::from_str::<Value>(&line.unwrap()).unwrap());
    cases.filter(|case| case["kind"] == "case").filter_map(deployment).collect()
}

fn deployment(case: Value) -> Option<Deployment> {
    let script = case["script"].as_str()?;
    let id = format!("{} ({})", case["id"].as_str()?, case["settings"].as_str()?);
    if !script.ends_with(DEPLOY) {
        return None;
    }
    if id.starts_with("management/deploy/script-") && id.ends_with("(none0)") {
        say(&format!("SKIPPED: {id}: without hardfork Basilisk the node takes scripts that are not valid"));
        return None;
    }
    let script = Script::from(hex::decode(script).unwrap());
    let mut pushed = script.instructions().take(2).filter_map(|(_, instruction)| instruction.ok());
    let (manifest, nef) = (pushed.next()?, pushed.next()?);
    let pushes_data = |opcode| matches!(opcode, OpCode::PUSHDATA1 | OpCode::PUSHDATA2 | OpCode::PUSHDATA4);
    if !pushes_data(manifest.opcode) || !pushes_data(nef.opcode) {
        return None;
    }
    Some(Deployment {
        id,
        manifest: manifest.operand.to_vec(),
        nef: nef.operand.to_vec(),
        sender: case["tx"]["sender"].as_str()?.parse().ok()?,
        outcome: case["outcome"].clone(),
    })
}

/// The hash that a contract gets when it is deployed.
fn contract_hash(sender: Hash160, nef: &NefFile, name: &str) -> Hash160 {
    let mut builder = ScriptBuilder::new();
    builder.op(OpCode::ABORT).push(&sender.0[..]).push(i64::from(nef.checksum())).push(name);
    hash160(builder.build().unwrap().bytes())
}

/// Checks the two files as a node does that has no other contract yet.
fn open(deployment: &Deployment) -> Result<(NefFile, Manifest), String> {
    let nef = NefFile::parse(&deployment.nef).map_err(|error| error.to_string())?;
    let manifest = Manifest::parse(&deployment.manifest).map_err(|error| error.to_string())?;
    nef.script.validate().map_err(|error| error.to_string())?;
    let starts: Vec<_> = nef.script.instructions().map(|(position, _)| position).collect();
    if let Some(method) = manifest.abi.methods.iter().find(|method| !starts.contains(&(method.offset as usize))) {
        return Err(format!("method {} starts at no instruction", method.name));
    }
    let hash = contract_hash(deployment.sender, &nef, &manifest.name);
    match manifest.groups.iter().find(|group| !group.has_signed(hash)) {
        Some(group) => Err(format!("group {} has not signed {hash}", group.pubkey)),
        None => Ok((nef, manifest)),
    }
}

/// The bytes that a node stores for an item.
fn serialize(item: &StackItem, bytes: &mut Vec<u8>) {
    bytes.push(item.item_type() as u8);
    match item {
        StackItem::Null => {}
        StackItem::Boolean(_) => bytes.push(item.to_boolean().unwrap().into()),
        StackItem::Array(_) | StackItem::Struct(_) | StackItem::Map(_) => {
            write_length(item.child_count(), bytes);
            item.for_each_child(|child| serialize(child, bytes));
        }
        _ => item
            .with_bytes(|content| {
                write_length(content.len(), bytes);
                bytes.extend_from_slice(content);
            })
            .unwrap(),
    }
}

fn write_length(length: usize, bytes: &mut Vec<u8>) {
    match length {
        0..0xfd => bytes.push(length as u8),
        0xfd..=0xffff => bytes.extend([&[0xfd][..], &(length as u16).to_le_bytes()].concat()),
        _ => bytes.extend([&[0xfe][..], &(length as u32).to_le_bytes()].concat()),
    }
}

/// Compares one deployment; the result says whether the node accepted it.
fn check(deployment: &Deployment) -> bool {
    let Deployment { id, outcome, .. } = deployment;
    let opened = open(deployment);
    if outcome["state"] != "HALT" {
        let otherwise = REFUSED_OTHERWISE.iter().any(|known| id.starts_with(known));
        assert!(opened.is_err() || otherwise, "{id}: the node refuses it, {}", outcome["fault"]);
        return false;
    }
    let (nef, manifest) = opened.unwrap_or_else(|error| panic!("{id}: the node accepts it: {error}"));
    let state = &outcome["stack"][0]["value"];
    assert_eq!(state[3]["value"], BASE64_STANDARD.encode(nef.to_bytes().unwrap()), "{id}");
    let hash = contract_hash(deployment.sender, &nef, &manifest.name);
    assert_eq!(state[2]["value"], BASE64_STANDARD.encode(hash.0), "{id}");
    let item = manifest.to_stack_item();
    assert_eq!(serde_json::from_str::<Value>(&item.to_json().unwrap()).unwrap(), state[4], "{id}");

    let mut stored = Vec::new();
    serialize(&item, &mut stored);
    let key = format!("ffffffff08{}", hex::encode(hash.0));
    let changes = outcome["changes"].as_array().unwrap().iter();
    let record = changes.filter(|change| change["key"] == key.as_str()).find_map(|change| change["value"].as_str());
    assert!(record.unwrap().ends_with(&hex::encode(stored)), "{id}: {}", manifest.to_json());
    true
}

fn check_file(path: &Path) -> (usize, usize) {
    let deployments = deployments(path);
    let accepted = deployments.iter().filter(|deployment| check(deployment)).count();
    (accepted, deployments.len() - accepted)
}

#[test]
fn recorded_deployments() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/deployments.jsonl.gz");
    assert_eq!(check_file(&path), (36, 72));
}

/// All that was recorded, if a folder of it lies beside the project.
#[test]
fn all_recorded_deployments() {
    let folder: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/reference/host");
    if !folder.exists() {
        say("SKIPPED: no folder of the node's records; tests/data has a part of them");
        return;
    }
    assert_eq!(check_file(&folder.join("cases.jsonl.gz")), (84, 176));
    assert_eq!(check_file(&folder.join("devpack.jsonl.gz")), (134, 0));
}
