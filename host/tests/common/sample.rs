//! A contract to be deployed, called and updated.

use neovm_host::native::NATIVES;
use neovm_types::{
    CallFlags, Hash160, Manifest, NefFile, OpCode, Script, ScriptBuilder,
    manifest::{Abi, ContractDescriptor, Method, Parameter, ParameterType, Permission, Wildcard},
};

pub(crate) fn hash(native: &str) -> Hash160 {
    NATIVES.into_iter().find(|contract| contract.name == native).expect("a native contract").hash
}

pub(crate) fn contract_management() -> Hash160 {
    hash("ContractManagement")
}

/// A method with parameters of any type.
pub(crate) fn method(name: &str, offset: usize, parameters: &[&str], return_type: ParameterType) -> Method {
    let parameter = |&name: &&str| Parameter { name: name.into(), parameter_type: ParameterType::Any };
    Method {
        name: name.into(),
        parameters: parameters.iter().map(parameter).collect(),
        return_type,
        offset: offset as i32,
        safe: false,
    }
}

pub(crate) fn nef(script: Script) -> Vec<u8> {
    NefFile { compiler: "test".into(), source: String::new(), tokens: Vec::new(), script }.to_bytes().unwrap()
}

/// Calls a method with the items on top of the stack as its arguments, the first one on top.
pub(crate) fn call(script: &mut ScriptBuilder, contract: Hash160, method: &str, arguments: usize) {
    script.push(arguments as i64).op(OpCode::PACK);
    script.push(i64::from(CallFlags::ALL.bits())).push(method).push(contract).syscall("System.Contract.Call");
}

/// A contract whose `value` returns what `value` pushes, and whose `upgrade` updates it. Its `_deploy` does nothing.
pub(crate) fn upgradable(value: OpCode) -> Script {
    let mut script = ScriptBuilder::new();
    script.op(value).op(OpCode::RET).op(OpCode::PUSHNULL).op(OpCode::SWAP);
    call(&mut script, contract_management(), "update", 2);
    script.op(OpCode::DROP).op(OpCode::RET);
    script.op(OpCode::DROP).op(OpCode::DROP).op(OpCode::RET).build().unwrap()
}

pub(crate) fn upgradable_methods(has_deploy: bool) -> Vec<Method> {
    let deploy = upgradable(OpCode::NOP).len() - 3;
    let mut methods = vec![
        method("value", 0, &[], ParameterType::Integer),
        method("upgrade", 2, &["nef"], ParameterType::Void),
        method("_deploy", deploy, &["data", "update"], ParameterType::Void),
    ];
    methods.truncate(if has_deploy { 3 } else { 2 });
    methods
}

/// The manifest of a contract with these methods, which may call everything, as JSON.
pub(crate) fn manifest(methods: Vec<Method>) -> String {
    let manifest = Manifest {
        name: "Sample".into(),
        groups: Vec::new(),
        supported_standards: Vec::new(),
        abi: Abi { methods, events: Vec::new() },
        permissions: vec![Permission { contract: ContractDescriptor::Any, methods: Wildcard::Any }],
        trusts: Wildcard::List(Vec::new()),
        extra: None,
    };
    manifest.to_json()
}
