//! Where clients rely on what the reference node takes and answers: arguments and the scripts that are made of them,
//! signers, numbers, logs.

mod common;

use ::base64::{Engine, prelude::BASE64_STANDARD};
use common::{GAS, World, base64, script};
use neovm_chain::Attribute;
use neovm_rpc::{Request, answer};
use neovm_types::{Hash160, Hash256, OpCode, ScriptBuilder, hash::syscall_id};
use serde_json::{Value, json};

const BOB: Hash160 = Hash160([7; 20]);

/// The start of the script that `invokefunction` makes for arguments.
#[track_caller]
fn pushed(world: &World, arguments: Value) -> Vec<u8> {
    let result = world.call("invokefunction", json!([GAS, "m", arguments]));
    let script = BASE64_STANDARD.decode(result["script"].as_str().unwrap()).unwrap();
    // PUSH15, PUSHDATA1 "m" and what follows are the same each time.
    let end = script.windows(4).position(|window| window == [0x1f, 0x0c, 1, b'm']).unwrap();
    script[..end].to_vec()
}

#[test]
fn arguments_are_pushed_as_the_reference_pushes_them() {
    let world = World::new("arguments");
    let (pack, packmap) = (OpCode::PACK as u8, OpCode::PACKMAP as u8);
    let integer = |value: &str| json!({"type": "Integer", "value": value});
    assert_eq!(pushed(&world, json!([])), [OpCode::NEWARRAY0 as u8]);
    assert_eq!(pushed(&world, json!([{"type": "Array", "value": []}])), [0x10, pack, 0x11, pack]);
    assert_eq!(pushed(&world, json!([{"type": "Map", "value": []}])), [OpCode::NEWMAP as u8, 0x11, pack]);
    let entry = |value: &str| json!({"key": integer("1"), "value": integer(value)});
    let twice = json!([{"type": "Map", "value": [entry("2"), entry("3")]}]);
    assert_eq!(pushed(&world, twice), [0x13, 0x11, 0x12, 0x11, 0x12, packmap, 0x11, pack]);
    let list =
        json!([{"type": "Array", "value": [integer(" 5 "), integer("-1")]}, {"type": "Any", "name": "passed over"}]);
    assert_eq!(pushed(&world, list), [0x0b, 0x0f, 0x15, 0x12, pack, 0x12, pack]);
    for (value, truth) in [(json!(true), 0x08), (json!("false"), 0x08), (json!(""), 0x09), (json!(0), 0x09)] {
        assert_eq!(pushed(&world, json!([{"type": "Boolean", "value": value}])), [truth, 0x11, pack], "{value}");
    }
    let text = json!([{"type": "String", "value": 5}, {"type": "ByteArray", "value": "AA EC\n"}]);
    assert_eq!(pushed(&world, text), [0x0c, 3, 0, 1, 2, 0x0c, 1, b'5', 0x12, pack]);
    assert_eq!(pushed(&world, json!([{"type": "Void"}])), [0x0b, 0x11, pack]);
    for wrong in [
        json!(1),
        json!({"value": 1}),
        json!({"type": "integer", "value": 1}),
        json!({"type": "ByteString", "value": ""}),
        json!({"type": "Any", "value": 1}),
        json!({"type": "Integer", "value": "1.5"}),
        json!({"type": "Hash160", "value": "Nd"}),
        json!({"type": "Array", "value": {}}),
        json!({"type": "Map", "value": [{"key": {"type": "Any"}}]}),
        json!({"type": "PublicKey", "value": format!("02{}", "ff".repeat(32))}),
    ] {
        assert_eq!(world.error("invokefunction", json!([GAS, "m", [wrong]])).0, -32602, "{wrong}");
    }
}

/// The result of a system call without parameters.
fn called(world: &World, name: &str, signers: Value) -> Value {
    let mut script = vec![OpCode::SYSCALL as u8];
    script.extend(syscall_id(name).to_le_bytes());
    let mut result = world.call("invokescript", json!([base64(&script), signers]));
    result["stack"][0].take()
}

#[test]
fn invocations_are_in_a_transaction() {
    let world = World::new("transaction");
    let signers = |given: Value| called(&world, "System.Runtime.CurrentSigners", given);
    let nobody = signers(Value::Null);
    assert_eq!(nobody["value"][0]["value"][0]["value"], base64(&[0; 20]), "{nobody}");
    let own = signers(json!([{"account": BOB.to_string(), "scopes": "Global"}]));
    assert_eq!(own["value"][0]["value"][0]["value"], base64(&BOB.0));
    let container = called(&world, "System.Runtime.GetScriptContainer", Value::Null);
    let fields: Vec<&Value> = container["value"].as_array().unwrap().iter().map(|field| &field["value"]).collect();
    // The system fee, the network fee, and the last block that it is valid for.
    assert_eq!(fields[4..7], [&json!("0"), &json!("0"), &json!("5760")], "{container}");
}

#[test]
fn signers_are_read_as_the_reference_reads_them() {
    let world = World::new("signers");
    let scopes = |signer: Value| {
        let mut signer = signer;
        signer["account"] = BOB.to_string().into();
        called(&world, "System.Runtime.CurrentSigners", json!([signer]))["value"][0]["value"][1]["value"].take()
    };
    assert_eq!(scopes(json!({"scopes": "17"})), "17");
    assert_eq!(scopes(json!({"scopes": 1})), "1");
    assert_eq!(scopes(json!({"scopes": "CustomContracts, CustomGroups"})), "48");
    assert_eq!(scopes(json!({"scopes": "None", "invocation": "EQ==", "verification": null, "more": 1})), "0");
    let long = base64(&[0; 1025]);
    for wrong in [
        json!({"scopes": "2"}),
        json!({"scopes": "129"}),
        json!({"scopes": "none"}),
        json!({"scopes": "None", "invocation": "?"}),
        json!({"scopes": "None", "verification": long}),
        json!({"scopes": "WitnessRules", "rules": {}}),
    ] {
        let mut signer = wrong.clone();
        signer["account"] = BOB.to_string().into();
        assert_eq!(world.error("invokescript", json!(["EQ==", [signer]])).0, -32602, "{wrong}");
    }
}

#[test]
fn numbers_are_read_as_the_reference_reads_them() {
    let world = World::new("numbers");
    let genesis = world.call("getblockhash", json!([0]));
    for zero in
        [json!(0.0), json!("0"), json!(" 0\n"), json!("0.0"), json!("0e5"), json!(""), json!(false), json!("-0")]
    {
        assert_eq!(world.call("getblockhash", json!([zero])), genesis, "{zero}");
    }
    assert_eq!(world.call("getblock", json!([" 0 ", true]))["hash"], genesis);
    assert_eq!(world.call("getcontractstate", json!([" -6 "]))["hash"], GAS);
    for wrong in
        [json!(0.5), json!(-1), json!("x"), json!("inf"), json!("NaN"), json!(1u64 << 32), json!([0]), json!({})]
    {
        let (code, message) = world.error("getblockhash", json!([wrong]));
        assert_eq!(code, -32602, "{wrong}");
        assert!(message.starts_with("Invalid params - Invalid System.UInt32 value: "), "{message}");
    }
    let root = world.call("getstateroot", json!([0]))["roothash"].clone();
    let found = |count: Value| world.call("findstates", json!([root, GAS, "", null, count]))["results"].clone();
    let all = found(Value::Null);
    assert!(!all.as_array().unwrap().is_empty());
    assert_eq!((found(json!(0)), found(json!(-1))), (all.clone(), all));
    let outside = world.error("findstates", json!([root, GAS, base64(&[11]), base64(&[14])]));
    assert_eq!(outside, (-32602, "Invalid params - invalid from key".into()));
    let stored = |start: i32| world.call("findstorage", json!([GAS, "", start]));
    assert_eq!(stored(-1), stored(0));
    let found = world.call("invokefunction", json!([common::NEO, "getAllCandidates"]));
    let (session, id) = (found["session"].as_str().unwrap(), found["stack"][0]["id"].as_str().unwrap());
    assert_eq!(world.call("traverseiterator", json!([format!(" ({session}) "), id, -1])), json!([]));
    assert_eq!(world.error("traverseiterator", json!([format!("urn:uuid:{session}"), id, 1])).0, -32602);
}

#[test]
fn transactions_are_refused_for_the_reference_reasons() {
    let mut world = World::new("refused");
    let transaction = world.calling(GAS, "symbol", &[]);
    let mut long = transaction.to_bytes();
    long.resize(102_401, 0);
    let error = world.error("sendrawtransaction", json!([base64(&long)]));
    let message = "Invalid inventory size - Transaction size exceeds the maximum allowed.";
    assert_eq!(error, (-509, message.into()));
    let naming = Attribute::Conflicts { hash: Hash256([9; 32]) };
    let mut send = |attributes: Vec<Attribute>| {
        let transaction = world.transaction(script(GAS, "symbol", &[]), attributes);
        world.request(&json!({"id": 1, "method": "sendrawtransaction", "params": [base64(&transaction.to_bytes())]}))
    };
    let twice = send(vec![naming.clone(), naming.clone()]);
    assert_eq!(twice["error"]["message"], "Invalid transaction attribute - InvalidAttribute", "{twice}");
    let other = Attribute::Conflicts { hash: Hash256([8; 32]) };
    assert_eq!(send(vec![naming, other])["error"], Value::Null);
}

#[test]
fn requests_without_sense() {
    let world = World::new("senseless");
    let refused = Request::parse(b" null ", 10).map(drop).unwrap_err();
    assert_eq!(refused.kind.code(), -32700);
    let number = world.request(&json!({"id": 1, "method": 5}));
    assert_eq!(number["error"]["message"], "Method not found - 5");
    let missing = answer(&world.node, &Request::One(neovm_types::json::Json::parse(br#"{"id":1}"#, 9).unwrap()));
    assert!(missing.unwrap().contains("-32600"));
}

#[test]
fn logs_hold_what_the_plugin_keeps() {
    let mut world = World::new("logs");
    let mut own = ScriptBuilder::new();
    own.op(OpCode::NEWARRAY0).op(OpCode::DUP).op(OpCode::DUP).op(OpCode::APPEND);
    let mut script = own.build().unwrap().bytes().to_vec();
    // A pointer, 70,000 bytes, and something that can be shown.
    script.extend([OpCode::PUSHA as u8, 0, 0, 0, 0, OpCode::PUSHINT32 as u8, 0x70, 0x11, 1, 0]);
    script.extend([OpCode::NEWBUFFER as u8, OpCode::PUSH5 as u8, OpCode::RET as u8]);
    let transaction = world.transaction(script.as_slice().into(), Vec::new());
    let hash = world.send(&transaction);
    let log = world.call("getapplicationlog", json!([hash]));
    let execution = &log["executions"][0];
    let any = json!({"type": "Any"});
    let five = json!({"type": "Integer", "value": "5"});
    assert_eq!(execution["stack"], json!([any, any, any, five]), "{log}");
    assert_eq!(execution["exception"], Value::Null);
    // What can be kept and not shown.
    let script =
        [&[OpCode::PUSHINT32 as u8, 0x60, 0xea, 0, 0][..], &[OpCode::NEWBUFFER as u8, OpCode::RET as u8]].concat();
    let transaction = world.transaction(script.as_slice().into(), Vec::new());
    let hash = world.send(&transaction);
    let log = world.call("getapplicationlog", json!([hash]));
    let execution = &log["executions"][0];
    assert_eq!((&execution["exception"], execution.get("stack")), (&json!("Max size reached."), None));
    assert_eq!(execution["vmstate"], "HALT");
    let block = world.call("getblockhash", json!([2]));
    let log = |trigger: &str| world.call("getapplicationlog", json!([block, trigger]))["executions"].clone();
    let both = log("");
    assert_eq!(both.as_array().unwrap().len(), 2);
    assert!(both[0].get("exception").is_none(), "{both}");
    assert_eq!(log("nothing"), both);
    assert_eq!(log("postpersist"), json!([both[1]]));
    for none in ["System", "All", "64", "OnPersist, PostPersist", "Application"] {
        assert_eq!(log(none), json!([]), "{none}");
    }
}
