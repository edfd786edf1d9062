//! Contracts that are written as instructions.

use neovm_types::{Hash160, OpCode, StackItem, hash::syscall_id};
use serde_json::json;

use super::{World, nef};

/// An account that tokens go to.
pub(crate) const BOB: Hash160 = Hash160([7; 20]);

pub(crate) fn syscall(name: &str) -> Vec<u8> {
    [&[OpCode::SYSCALL as u8][..], &syscall_id(name).to_le_bytes()].concat()
}

pub(crate) fn push(bytes: &[u8]) -> Vec<u8> {
    [&[OpCode::PUSHDATA1 as u8, bytes.len() as u8], bytes].concat()
}

pub(crate) fn ops(codes: &[OpCode]) -> Vec<u8> {
    codes.iter().map(|code| *code as u8).collect()
}

/// Notifies of a transfer of 1 from nobody to Bob, of a token if it has an id.
pub(crate) fn notifies(token: Option<&[u8]>) -> Vec<u8> {
    let (token, count) = token.map_or((Vec::new(), OpCode::PUSH3), |token| (push(token), OpCode::PUSH4));
    [
        token,
        ops(&[OpCode::PUSH1]),
        push(&BOB.0),
        ops(&[OpCode::PUSHNULL, count, OpCode::PACK]),
        push(b"Transfer"),
        syscall("System.Runtime.Notify"),
    ]
    .concat()
}

/// Deploys a contract of methods: the name, the types of its parameters, and its script without RET.
#[track_caller]
pub(crate) fn deploy(world: &mut World, name: &str, standard: &str, methods: &[(&str, &[&str], Vec<u8>)]) -> String {
    let (mut script, mut listed) = (Vec::new(), Vec::new());
    for (name, types, code) in methods {
        let parameters: Vec<_> =
            types.iter().enumerate().map(|(i, it)| json!({"name": format!("p{i}"), "type": it})).collect();
        listed.push(json!({
            "name": name, "offset": script.len(), "parameters": parameters, "safe": false,
            "returntype": if ["mint", "both"].contains(name) { "Void" } else { "Any" },
        }));
        script.extend(code);
        script.push(OpCode::RET as u8);
    }
    let nef = nef(&script);
    let mut fields = vec![("from", "Hash160"), ("to", "Hash160"), ("amount", "Integer")];
    if standard == "NEP-11" {
        fields.push(("tokenId", "ByteArray"));
    }
    let fields: Vec<_> = fields.iter().map(|(name, it)| json!({"name": name, "type": it})).collect();
    let manifest = json!({
        "name": name, "groups": [], "features": {}, "supportedstandards": [standard], "trusts": [], "extra": null,
        "abi": {"methods": listed, "events": [
            {"name": "Transfer", "parameters": fields}, {"name": "Deep", "parameters": [{"name": "a", "type": "Any"}]},
        ]},
        "permissions": [{"contract": "*", "methods": "*"}],
    });
    world.deploy(&nef, &manifest)
}

/// Calls a method of a contract by a transaction, which must not fault.
#[track_caller]
pub(crate) fn run(world: &mut World, contract: &str, method: &str, arguments: &[StackItem]) -> String {
    let transaction = world.calling(contract, method, arguments);
    let hash = world.send(&transaction);
    let log = world.call("getapplicationlog", json!([hash]));
    assert_eq!(log["executions"][0]["vmstate"], "HALT", "{log}");
    hash
}

pub(crate) fn token(decimals: Vec<u8>, of: Vec<u8>) -> Vec<(&'static str, &'static [&'static str], Vec<u8>)> {
    vec![
        ("mint", &[], notifies(None)),
        ("symbol", &[], push(b"SYM")),
        ("decimals", &[], decimals),
        ("balanceOf", &["Hash160"], [ops(&[OpCode::DROP]), of].concat()),
    ]
}
