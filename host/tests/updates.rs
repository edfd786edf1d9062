//! Updates of contracts: what is called afterwards, and where an update faults.

use neovm_chain::{Signer, WitnessScopes};
use neovm_host::{Chain, ContractState, Invocation, ProtocolSettings, Receipt};
use neovm_types::{
    CallFlags, Hash160, Manifest, NefFile, OpCode, Script, ScriptBuilder, StackItem,
    manifest::{Abi, ContractDescriptor, Method, Parameter, ParameterType, Permission, Wildcard},
};

/// 10,000 GAS.
const GAS: i64 = 1_000_000_000_000;

fn contract_management() -> Hash160 {
    "0xfffdc93764dbaddd97c48f252a53ea4643faa3fd".parse().unwrap()
}

/// A method with parameters of any type.
fn method(name: &str, offset: usize, parameters: &[&str], return_type: ParameterType) -> Method {
    let parameter = |&name: &&str| Parameter { name: name.into(), parameter_type: ParameterType::Any };
    Method {
        name: name.into(),
        parameters: parameters.iter().map(parameter).collect(),
        return_type,
        offset: offset as i32,
        safe: false,
    }
}

fn nef(script: Script) -> Vec<u8> {
    NefFile { compiler: "test".into(), source: String::new(), tokens: Vec::new(), script }.to_bytes().unwrap()
}

fn invoke(chain: &mut Chain, contract: Hash160, method: &str, arguments: Vec<StackItem>) -> Receipt {
    let signer = Signer::new(Hash160([7; 20]), WitnessScopes::CALLED_BY_ENTRY);
    let call = Invocation::call(contract, method, arguments).unwrap().with_signer(signer).with_gas(GAS);
    chain.execute(&call).unwrap()
}

fn deploy(chain: &mut Chain, script: Script, methods: Vec<Method>) -> Hash160 {
    let manifest = Manifest {
        name: "Sample".into(),
        groups: Vec::new(),
        supported_standards: Vec::new(),
        abi: Abi { methods, events: Vec::new() },
        permissions: vec![Permission { contract: ContractDescriptor::Any, methods: Wildcard::Any }],
        trusts: Wildcard::List(Vec::new()),
        extra: None,
    };
    let arguments = vec![nef(script).into(), manifest.to_json().into()];
    let receipt = invoke(chain, contract_management(), "deploy", arguments);
    assert_eq!(receipt.fault, None);
    ContractState::from_item(&receipt.stack[0]).unwrap().hash
}

/// Calls a method with the items on top of the stack as its arguments, the first one on top.
fn call(script: &mut ScriptBuilder, contract: Hash160, method: &str, arguments: usize) {
    script.push(arguments as i64).op(OpCode::PACK);
    script.push(i64::from(CallFlags::ALL.bits())).push(method).push(contract).syscall("System.Contract.Call");
}

/// A contract whose `value` returns what `value` pushes, and whose `upgrade` updates it. Its `_deploy` does nothing.
fn upgradable(value: OpCode) -> Script {
    let mut script = ScriptBuilder::new();
    script.op(value).op(OpCode::RET).op(OpCode::PUSHNULL).op(OpCode::SWAP);
    call(&mut script, contract_management(), "update", 2);
    script.op(OpCode::DROP).op(OpCode::RET);
    script.op(OpCode::DROP).op(OpCode::DROP).op(OpCode::RET).build().unwrap()
}

fn upgradable_methods(has_deploy: bool) -> Vec<Method> {
    let deploy = upgradable(OpCode::NOP).len() - 3;
    let mut methods = vec![
        method("value", 0, &[], ParameterType::Integer),
        method("upgrade", 2, &["nef"], ParameterType::Void),
        method("_deploy", deploy, &["data", "update"], ParameterType::Void),
    ];
    methods.truncate(if has_deploy { 3 } else { 2 });
    methods
}

/// The contract is called before the exception, so that the execution has seen the new one.
#[test]
fn an_update_that_an_exception_takes_back_leaves_the_old_contract() {
    let mut chain = Chain::new(ProtocolSettings::private()).unwrap();
    let sample = deploy(&mut chain, upgradable(OpCode::PUSH1), upgradable_methods(false));

    let mut run = ScriptBuilder::new();
    call(&mut run, sample, "upgrade", 1);
    run.op(OpCode::DROP);
    call(&mut run, sample, "value", 0);
    run.op(OpCode::THROW);
    let thrower = deploy(&mut chain, run.build().unwrap(), vec![method("run", 0, &["nef"], ParameterType::Void)]);

    let mut entry = ScriptBuilder::new();
    let (caught, end) = (entry.label(), entry.label());
    call(&mut entry, sample, "value", 0);
    entry.try_block(Some(caught), None).push(nef(upgradable(OpCode::PUSH2)));
    call(&mut entry, thrower, "run", 1);
    entry.end_try(end).bind(caught).end_try(end).bind(end);
    call(&mut entry, sample, "value", 0);
    let entry = Invocation::new(entry.build().unwrap()).with_gas(GAS);
    let receipt = chain.execute(&entry).unwrap();
    assert_eq!(receipt.fault, None);
    assert_eq!(receipt.stack, [1, 2, 1]);
    assert!(receipt.changes.is_empty());
    assert_eq!(invoke(&mut chain, sample, "value", vec![]).stack, [1]);
}

#[test]
fn an_update_shows_in_the_same_execution() {
    let mut chain = Chain::new(ProtocolSettings::private()).unwrap();
    let sample = deploy(&mut chain, upgradable(OpCode::PUSH1), upgradable_methods(false));
    let mut entry = ScriptBuilder::new();
    call(&mut entry, sample, "value", 0);
    entry.push(nef(upgradable(OpCode::PUSH2)));
    call(&mut entry, sample, "upgrade", 1);
    entry.op(OpCode::DROP);
    call(&mut entry, sample, "value", 0);
    let receipt = chain.execute(&Invocation::new(entry.build().unwrap()).with_gas(GAS)).unwrap();
    assert_eq!(receipt.fault, None);
    assert_eq!(receipt.stack, [1, 2]);
}

/// Where the RET of `update` with two arguments lies in the script of ContractManagement.
fn end_of_update() -> usize {
    let network = neovm_host::Network::new(ProtocolSettings::private());
    let state = &network.natives(neovm_types::Hardfork::Gorgon).find(contract_management()).unwrap().state;
    state.manifest.abi.method("update", Some(2)).unwrap().offset as usize + 6
}

/// The reference serializes the contract after it has loaded `_deploy`.
#[test]
fn a_contract_that_becomes_too_large_faults_in_its_deploy_method() {
    let large = nef(Script::from(vec![OpCode::NOP as u8; 130_900]));
    for has_deploy in [true, false] {
        let mut chain = Chain::new(ProtocolSettings::private()).unwrap();
        let methods = upgradable_methods(has_deploy);
        let place = if has_deploy { methods[2].offset as usize } else { end_of_update() };
        let sample = deploy(&mut chain, upgradable(OpCode::PUSH1), methods);
        let receipt = invoke(&mut chain, sample, "upgrade", vec![large.clone().into()]);
        let fault = receipt.fault_place.unwrap();
        let (depth, hash, opcode) = if has_deploy {
            (4, sample, OpCode::NOP)
        } else {
            // The reference stands behind the system call of a native method that failed.
            (3, contract_management(), OpCode::RET)
        };
        let expected = (depth, hash, place, Some(opcode));
        assert_eq!((fault.depth, fault.script_hash, fault.position, fault.opcode), expected, "{:?}", receipt.fault);
    }
}
