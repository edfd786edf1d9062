//! The tables of system calls and native contracts beside those of the reference node.
//!
//! Both files were printed by the C# node 3.10.2. `data/syscalls.json` holds its
//! system calls with their ids (as bytes in scripts), prices and flags.
//! `data/native-tables.json.gz` holds the methods and events of the native
//! contracts with prices, flags and hardforks, and the script and manifest of
//! each contract from each hardfork on.

use std::io::Read;

use neovm_host::{
    Network, ProtocolSettings,
    native::{Event, Method, NATIVES, NativeContract},
    syscalls::{SYSCALLS, Syscall},
};
use neovm_types::{Hardfork, manifest::ParameterType};
use serde_json::{Value, json};

/// The recorded tables of the native contracts.
fn recorded() -> Value {
    let file = &include_bytes!("data/native-tables.json.gz")[..];
    let mut text = String::new();
    flate2::read::GzDecoder::new(file).read_to_string(&mut text).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// A hardfork as the reference writes it; null for genesis.
fn hardfork(hardfork: Hardfork) -> Value {
    if hardfork == Hardfork::Genesis { Value::Null } else { format!("HF_{}", hardfork.name()).into() }
}

fn parameters(parameters: &[(&str, ParameterType)]) -> Value {
    parameters.iter().map(|(name, parameter)| json!({"name": name, "type": parameter.name()})).collect()
}

fn method(row: &Method) -> Value {
    json!({
        "name": row.name,
        "parameters": parameters(row.parameters),
        "returnType": row.returns.name(),
        "safe": row.is_safe(),
        "cpuFee": row.cpu_fee,
        "storageFee": row.storage_fee,
        "callFlagsValue": row.flags.bits(),
        "activeIn": hardfork(row.since),
        "deprecatedIn": row.until.map_or(Value::Null, hardfork),
    })
}

fn event(row: &Event) -> Value {
    json!({
        "name": row.name,
        "parameters": parameters(row.parameters),
        "activeIn": hardfork(row.since),
        "deprecatedIn": row.until.map_or(Value::Null, hardfork),
    })
}

/// The type in a manifest of a parameter or result that the reference declares with a C# type.
fn parameter_type(csharp: &str) -> ParameterType {
    match csharp {
        "Boolean" => ParameterType::Boolean,
        "Byte" | "Int32" | "UInt32" | "Int64" | "UInt64" | "BigInteger" => ParameterType::Integer,
        "CallFlags" | "FindOptions" | "TriggerType" => ParameterType::Integer,
        "Byte[]" | "Nullable<ReadOnlyMemory<Byte>>" => ParameterType::ByteArray,
        "String" => ParameterType::String,
        "UInt160" => ParameterType::Hash160,
        "ECPoint" => ParameterType::PublicKey,
        "VM.Array" | "Byte[][]" | "ECPoint[]" | "Signer[]" => ParameterType::Array,
        "IIterator" | "StorageContext" => ParameterType::InteropInterface,
        "VM.StackItem" => ParameterType::Any,
        "Void" => ParameterType::Void,
        other => panic!("the type {other} is not known"),
    }
}

/// A recorded system call in the form that [`syscall`] writes.
fn with_parameter_types(mut recorded: Value) -> Value {
    let replace = |field: &mut Value| *field = parameter_type(field.as_str().unwrap()).name().into();
    recorded["parameters"].as_array_mut().unwrap().iter_mut().for_each(|parameter| replace(&mut parameter["type"]));
    replace(&mut recorded["returnType"]);
    recorded
}

fn syscall(row: &Syscall) -> Value {
    let id: String = row.id().to_le_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    json!({
        "name": row.name,
        "hash": id,
        "fixedPrice": row.price,
        "requiredCallFlagsValue": row.flags.bits(),
        "hardfork": hardfork(row.since),
        "parameters": parameters(row.parameters),
        "returnType": row.returns.name(),
    })
}

/// The hardforks that a contract names itself, without the one that it came with.
fn activations(native: &NativeContract, recorded: &Value) -> (Vec<Value>, Vec<Value>) {
    let active_in = hardfork(native.active_in);
    let own = native.activations.iter().map(|at| hardfork(*at));
    let recorded = recorded["activations"].as_array().unwrap().iter().cloned();
    (own.filter(|at| *at != active_in).collect(), recorded.filter(|at| *at != active_in).collect())
}

#[test]
fn system_calls_are_those_of_the_node() {
    let recorded: Vec<Value> = serde_json::from_str(include_str!("data/syscalls.json")).unwrap();
    for (row, recorded) in SYSCALLS.iter().zip(&recorded) {
        assert_eq!(syscall(row), with_parameter_types(recorded.clone()));
    }
    assert_eq!(SYSCALLS.len(), recorded.len());
}

#[test]
fn methods_and_events_are_those_of_the_node() {
    let recorded = recorded();
    let all = recorded["natives"].as_array().unwrap();
    assert_eq!(all.len(), NATIVES.len());
    for (native, recorded) in NATIVES.into_iter().zip(all) {
        let name = native.name;
        assert_eq!(name, recorded["name"]);
        assert_eq!(native.id, recorded["id"].as_i64().unwrap() as i32, "{name}");
        assert_eq!(native.hash.to_string(), recorded["hash"], "{name}");
        assert_eq!(hardfork(native.active_in), recorded["activeIn"], "{name}");
        let (own, others) = activations(native, recorded);
        assert_eq!(own, others, "{name}");
        let methods = recorded["methods"].as_array().unwrap();
        for (row, recorded) in native.methods.iter().zip(methods) {
            assert_eq!(method(row), *recorded, "{name}");
        }
        assert_eq!(native.methods.len(), methods.len(), "{name}");
        let events: Vec<Value> = native.events.iter().map(event).collect();
        assert_eq!(events, *recorded["events"].as_array().unwrap(), "{name}");
    }
}

#[test]
fn scripts_and_manifests_are_those_of_the_node_from_each_hardfork_on() {
    let recorded = recorded();
    let levels = recorded["nativeStatesByHardfork"].as_array().unwrap();
    assert!(levels.len() > Hardfork::Gorgon as usize, "a level for each hardfork");
    let network = Network::new(ProtocolSettings::private());
    for (hardfork, level) in Hardfork::ALL.into_iter().zip(levels) {
        assert_eq!(level["hardforksActive"].as_array().unwrap().len(), hardfork as usize);
        let states = network.natives(hardfork).states().iter();
        let states: Vec<_> = states.filter(|state| state.contract.active_in <= hardfork).collect();
        let contracts = level["contracts"].as_array().unwrap();
        let names: Vec<_> = contracts.iter().map(|contract| contract["name"].as_str().unwrap()).collect();
        assert_eq!(states.iter().map(|state| state.contract.name).collect::<Vec<_>>(), names, "{hardfork}");
        for (native, contract) in states.into_iter().zip(contracts) {
            let state = &native.state;
            let what = format!("{} from {hardfork} on", native.contract.name);
            let script: String = state.nef.script.bytes().iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(script, contract["scriptHex"], "{what}");
            assert_eq!(state.nef.checksum(), contract["nefChecksum"].as_u64().unwrap() as u32, "{what}");
            let manifest: Value = serde_json::from_str(&state.manifest.to_json()).unwrap();
            assert_eq!(manifest, contract["manifest"], "{what}");
        }
    }
}
