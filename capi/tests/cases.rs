//! Outcomes that were recorded of the reference node, through the ABI: storage is served by call-backs.

mod common;

use std::{collections::HashMap, io::Read, path::Path};

use base64::{Engine, prelude::BASE64_STANDARD};
use common::*;
use flate2::read::GzDecoder;
use neovm::storage::{Key, MemoryStore};
use neovm_capi::*;
use serde_json::{Map, Value, json};

/// A network behind its genesis block, and what the recorded lines defined.
struct World {
    engine: neovm_engine,
    genesis: Host,
    headers: HashMap<String, Vec<u8>>,
    changes: HashMap<String, Vec<Value>>,
    state: (Value, Host),
    chain: Host,
}

fn hex_of(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap()).unwrap()
}

impl World {
    fn new(line: &Value) -> Self {
        let engine = engine(&line.to_string(), NEOVM_COMPILE_FOREGROUND);
        let settings = serde_json::from_value(line.clone()).unwrap();
        let genesis = genesis(engine, &genesis_block(&settings));
        let (state, chain) = ((Value::Null, genesis.clone()), genesis.clone());
        Self { engine, genesis, headers: HashMap::new(), changes: HashMap::new(), state, chain }
    }

    fn prepare(&mut self, pre: &Value) {
        if self.state.0 == *pre {
            return;
        }
        let mut host = self.genesis.clone();
        for id in pre.as_array().unwrap() {
            for change in self.changes.get(id.as_str().unwrap()).into_iter().flatten() {
                let key = hex_of(&change["key"]);
                match &change["value"] {
                    _ if change["op"] == "delete" => host.entries.remove(&key),
                    value => host.entries.insert(key, hex_of(value)),
                };
            }
        }
        self.state = (pre.clone(), host);
    }

    /// Runs a recorded case; returns what came of it in the recorded form.
    fn case(&mut self, case: &Value) -> Value {
        self.prepare(&case["pre"]);
        let script = hex_of(&case["script"]);
        let transaction = case["tx"]["raw"].as_str().map(|text| hex::decode(text).unwrap()).unwrap_or_default();
        let block = case["block"].as_str().map(|name| match self.headers.get(name) {
            Some(header) => header.clone(),
            None => hex::decode(name).unwrap(),
        });
        let mut job = job();
        job.gas = case["gas"].as_i64().unwrap();
        job.trigger = match case["trigger"].as_str().unwrap() {
            "OnPersist" => NEOVM_TRIGGER_ON_PERSIST,
            "PostPersist" => NEOVM_TRIGGER_POST_PERSIST,
            "Verification" => NEOVM_TRIGGER_VERIFICATION,
            _ => NEOVM_TRIGGER_APPLICATION,
        };
        job.container = match case["container"].as_str().unwrap() {
            "tx" => NEOVM_CONTAINER_DEFAULT,
            "block" => NEOVM_CONTAINER_BLOCK,
            _ => NEOVM_CONTAINER_NONE,
        };
        job.script = neovm_bytes { data: script.as_ptr(), length: script.len() };
        job.call_flags = NEOVM_CALL_FLAGS_GIVEN | case["callFlags"].as_u64().unwrap() as u32;
        job.transaction = text(&transaction);
        job.block = text(block.as_deref().unwrap_or_default());
        let limit = job.gas;
        run(self.engine, &job, &mut self.state.1, |host, data| outcome(host, data, limit)).unwrap()
    }

    fn verify(&mut self, line: &Value) -> Value {
        self.prepare(&line["pre"]);
        let transaction = hex_of(&line["tx"]["raw"]);
        let mut account = hex::decode(line["hash"].as_str().unwrap().trim_start_matches("0x")).unwrap();
        account.reverse();
        let (invocation, verification) = (hex_of(&line["invocation"]), hex_of(&line["verification"]));
        let mut job = job();
        job.gas = line["datoshi"].as_i64().unwrap();
        job.trigger = NEOVM_TRIGGER_VERIFICATION;
        job.transaction = text(&transaction);
        job.witness_account = text(&account);
        job.invocation = text(&invocation);
        job.verification = text(&verification);
        run(self.engine, &job, &mut self.state.1, |_, data| {
            let result = list(data.stack, data.stack_count);
            let is_true = match result {
                [one] => is_true(&list(data.nodes, data.node_count)[*one as usize]),
                _ => false,
            };
            let ok = data.outcome == NEOVM_OUTCOME_HALT && is_true;
            json!({"ok": ok, "fee": ok.then_some(data.gas_datoshi)})
        })
        .unwrap()
    }

    /// The state root, which leaves out what LedgerContract stores.
    fn root(&self) -> String {
        let hashed = self.chain.entries.iter().filter(|(key, _)| key[..4] != (-4_i32).to_le_bytes());
        let entry = |(key, value): (&Vec<u8>, &Vec<u8>)| (Key::from_bytes(key), value.as_slice().into());
        let store: MemoryStore = hashed.map(entry).collect();
        let mut root = neovm::storage::state_root(store.iter());
        root.reverse();
        format!("0x{}", hex::encode(root))
    }
}

fn is_true(node: &neovm_node) -> bool {
    match node.item_type {
        NEOVM_TYPE_ANY => false,
        NEOVM_TYPE_BOOLEAN => node.integer != 0,
        NEOVM_TYPE_INTEGER => node.integer != 0 || node.bytes.length > 0,
        NEOVM_TYPE_BYTE_STRING => bytes(node.bytes).iter().any(|byte| *byte != 0),
        _ => true,
    }
}

fn hash(bytes: &[u8]) -> String {
    format!("0x{}", hex::encode(bytes.iter().rev().copied().collect::<Vec<_>>()))
}

fn string(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// What came of a script, in the form of the recorded outcomes.
fn outcome(host: &Host, data: &neovm_receipt_data, limit: i64) -> Value {
    let nodes = list(data.nodes, data.node_count);
    let pico = u128::from(data.gas_pico_high) << 64 | u128::from(data.gas_pico_low);
    let item = |place: &u32| item(nodes, *place, &mut Vec::new());
    let mut outcome = json!({
        "state": if data.outcome == NEOVM_OUTCOME_HALT { "HALT" } else { "FAULT" },
        "gasDatoshi": if pico.div_ceil(10_000) > i64::MAX as u128 { limit } else { data.gas_datoshi },
        "gasPico": pico.to_string(),
        "stack": list(data.stack, data.stack_count).iter().map(item).collect::<Vec<_>>(),
        "notifications": list(data.notifications, data.notification_count).iter().map(|it| json!({
            "contract": hash(&it.contract), "event": string(bytes(it.event)), "state": item(&it.state),
        })).collect::<Vec<_>>(),
        "logs": list(data.logs, data.log_count).iter().map(|it| json!({
            "contract": hash(&it.script_hash), "message": string(bytes(it.message)),
        })).collect::<Vec<_>>(),
        "changes": list(data.changes, data.change_count).iter().filter_map(|it| change(host, it)).collect::<Vec<_>>(),
    });
    if data.outcome != NEOVM_OUTCOME_HALT {
        assert_eq!(data.outcome, NEOVM_OUTCOME_FAULT);
        outcome["faultAt"] = match data.fault_position {
            -1 => Value::Null,
            position => {
                let mut place = json!({
                    "depth": data.fault_depth, "scriptHash": hash(&data.fault_script), "ip": position,
                });
                if data.fault_at_end != 0 {
                    place["opcode"] = Value::Null;
                } else if let Ok(opcode) = u8::try_from(data.fault_opcode) {
                    place["opcode"] = format!("{:?}", neovm::OpCode::from_byte(opcode).unwrap()).into();
                }
                place
            }
        };
    }
    outcome
}

fn change(host: &Host, change: &neovm_change) -> Option<Value> {
    let old = host.entries.get(bytes(change.key));
    let new = (change.deleted == 0).then(|| bytes(change.value));
    let op = match (old, new) {
        (None, Some(_)) => "add",
        (Some(old), Some(new)) if old != new => "change",
        (Some(_), None) => "delete",
        _ => return None,
    };
    let mut value = json!({"key": hex::encode(bytes(change.key)), "op": op});
    if let Some(new) = new {
        value["value"] = hex::encode(new).into();
    }
    if let Some(old) = old {
        value["old"] = hex::encode(old).into();
    }
    Some(value)
}

fn item(nodes: &[neovm_node], place: u32, open: &mut Vec<u32>) -> Value {
    let node = &nodes[place as usize];
    let name = match node.item_type {
        NEOVM_TYPE_ANY => "Any",
        NEOVM_TYPE_POINTER => "Pointer",
        NEOVM_TYPE_BOOLEAN => "Boolean",
        NEOVM_TYPE_INTEGER => "Integer",
        NEOVM_TYPE_BYTE_STRING => "ByteString",
        NEOVM_TYPE_BUFFER => "Buffer",
        NEOVM_TYPE_ARRAY => "Array",
        NEOVM_TYPE_STRUCT => "Struct",
        NEOVM_TYPE_MAP => "Map",
        NEOVM_TYPE_INTEROP => "InteropInterface",
        other => panic!("type {other}"),
    };
    let mut value = json!({"type": name});
    match node.item_type {
        NEOVM_TYPE_ANY => {}
        NEOVM_TYPE_BOOLEAN => value["value"] = (node.integer != 0).into(),
        NEOVM_TYPE_POINTER => value["value"] = node.integer.into(),
        NEOVM_TYPE_INTEGER if node.bytes.length == 0 => value["value"] = node.integer.to_string().into(),
        NEOVM_TYPE_INTEGER => {
            value["value"] = neovm::Integer::from_le_bytes(bytes(node.bytes)).unwrap().to_string().into();
        }
        NEOVM_TYPE_INTEROP => value["interface"] = string(bytes(node.bytes)).into(),
        NEOVM_TYPE_BYTE_STRING | NEOVM_TYPE_BUFFER => value["value"] = BASE64_STANDARD.encode(bytes(node.bytes)).into(),
        _ if open.contains(&place) => value["cycle"] = true.into(),
        _ if open.len() >= 55 => value["deep"] = true.into(),
        _ => {
            open.push(place);
            let children = list(node.children, node.count as usize);
            value["value"] = if node.item_type == NEOVM_TYPE_MAP {
                let entry =
                    |pair: &[u32]| json!({"key": item(nodes, pair[0], open), "value": item(nodes, pair[1], open)});
                children.chunks(2).map(entry).collect()
            } else {
                children.iter().map(|child| item(nodes, *child, open)).collect()
            };
            open.pop();
        }
    }
    value
}

/// A value without texts for people, and without inputs.
fn compared(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let kept = members.iter().filter(|(key, _)| !["fault", "exception", "tx", "held"].contains(&key.as_str()));
            kept.map(|(key, value)| (key.clone(), compared(value))).collect::<Map<_, _>>().into()
        }
        Value::Array(items) => items.iter().map(compared).collect(),
        other => other.clone(),
    }
}

/// Runs a file of recorded lines; returns how many were compared.
fn check(path: &Path) -> usize {
    let mut input = String::new();
    GzDecoder::new(std::fs::File::open(path).unwrap()).read_to_string(&mut input).unwrap();
    let mut worlds: HashMap<String, World> = HashMap::new();
    let mut count = 0;
    for line in input.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let kind = line["kind"].as_str().unwrap();
        if kind == "settings" {
            worlds.insert(line["name"].as_str().unwrap().into(), World::new(&line));
            continue;
        }
        let Some(world) = line["settings"].as_str().and_then(|name| worlds.get_mut(name)) else { continue };
        let name = format!("{kind} {} {}", line["settings"], line["id"]);
        match kind {
            "block" => {
                world.headers.insert(line["name"].as_str().unwrap().into(), hex_of(&line["headerHex"]));
                continue;
            }
            "case" => {
                assert_eq!(compared(&world.case(&line)), compared(&line["outcome"]), "{name}");
                if let (Some(id), Some(changes)) = (line["id"].as_str(), line["outcome"]["changes"].as_array()) {
                    world.changes.insert(id.into(), changes.clone());
                }
            }
            "verify" => {
                let verdict = world.verify(&line);
                assert_eq!((&verdict["ok"], &verdict["fee"]), (&line["ok"], &line["fee"]), "{name}");
            }
            "chainStart" => {
                world.chain = world.genesis.clone();
                assert_eq!(world.root(), line["mptRoot"].as_str().unwrap(), "{name}");
            }
            "chainBlock" => {
                let block = hex_of(&line["blockHex"]);
                if neovm::chain::Block::parse(&block).unwrap().index == 0 {
                    world.chain = Host::default();
                }
                persist(world.engine, &mut world.chain, &block);
                assert_eq!(world.root(), line["mptRoot"].as_str().unwrap(), "{name}");
            }
            _ => continue,
        }
        count += 1;
    }
    for world in worlds.into_values() {
        ok(neovm_engine_free(world.engine));
    }
    count
}

fn project(path: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

/// The recorded cases of the project, and its recorded chain.
#[test]
fn recorded_cases() {
    let count = check(&project("tests/data/host-cases.jsonl.gz"));
    assert!(count > 3000, "{count} lines");
}

/// All recorded cases and chains, which takes a minute: with `NEOVM_LONG`.
#[test]
fn all_recorded_cases() {
    if std::env::var_os("NEOVM_LONG").is_none() {
        println!("SKIPPED: all_recorded_cases: it takes a minute; NEOVM_LONG=1 runs it");
        return;
    }
    for name in ["cases.jsonl.gz", "devpack.jsonl.gz"] {
        let path = project("../shared/reference/host").join(name);
        match path.exists() {
            true => println!("{name}: {} lines, 0 differ", check(&path)),
            false => println!("SKIPPED: all_recorded_cases: there is no ../shared/reference/host/{name}"),
        }
    }
}
