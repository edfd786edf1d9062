//! Which objects of the host a script finds equal. No recorded case shows it.

use neovm_chain::{Signer, WitnessScopes};
use neovm_host::{Chain, Invocation, ProtocolSettings};
use neovm_types::{
    CallFlags, Hash160, Manifest, NefFile, OpCode, ScriptBuilder, StackItem,
    manifest::{Abi, Method, ParameterType, Wildcard},
};

/// The generators in compressed form.
const G1: &str = "97f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb";
const G2: &str = "93e02b6052719f607dacd3a088274f65596bd0d09920b61ab5da61bbdc7f5049334cf11213945d57e5ac7d055d042b7e\
                  024aa2b2f08f0a91260805272dc51051c6e47ad4fa403b02b4510b647ae3d1770bac0326a805bbefd48056c8c121bdb8";

/// Calls a method of CryptoLib with what `arguments` pushes, the last argument first.
fn crypto_lib(script: &mut ScriptBuilder, method: &str, arguments: &[&dyn Fn(&mut ScriptBuilder)]) {
    let hash: Hash160 = "0x726cb6e0cd8628a1350a611384688911ab75f51b".parse().unwrap();
    arguments.iter().rev().for_each(|push| push(script));
    script.push(arguments.len() as i64).op(OpCode::PACK);
    script.push(i64::from(CallFlags::ALL.bits())).push(method).push(hash).syscall("System.Contract.Call");
}

fn point(script: &mut ScriptBuilder, compressed: &str) {
    let bytes = hex::decode(compressed).unwrap();
    crypto_lib(script, "bls12381Deserialize", &[&|script| _ = script.push(bytes.clone())]);
}

/// A point plus itself, in projective coordinates.
fn double(script: &mut ScriptBuilder, compressed: &str) {
    let operand = |script: &mut ScriptBuilder| point(script, compressed);
    crypto_lib(script, "bls12381Add", &[&operand, &operand]);
}

/// A point times a number below 256.
fn multiple(script: &mut ScriptBuilder, compressed: &str, number: u8) {
    let mut scalar = vec![0; 32];
    scalar[0] = number;
    crypto_lib(
        script,
        "bls12381Mul",
        &[&|script| point(script, compressed), &|script| _ = script.push(scalar.clone()), &|script| {
            _ = script.push(false);
        }],
    );
}

fn pairing(script: &mut ScriptBuilder) {
    crypto_lib(script, "bls12381Pairing", &[&|script| point(script, G1), &|script| point(script, G2)]);
}

/// Runs EQUAL on what the two functions push, and on two structs that hold it.
fn equal(a: impl Fn(&mut ScriptBuilder), b: impl Fn(&mut ScriptBuilder)) -> [StackItem; 2] {
    let mut script = ScriptBuilder::new();
    a(&mut script);
    b(&mut script);
    script.op(OpCode::EQUAL);
    a(&mut script);
    script.push(1).op(OpCode::PACKSTRUCT);
    b(&mut script);
    script.push(1).op(OpCode::PACKSTRUCT).op(OpCode::EQUAL);
    let invocation = Invocation::new(script.build().unwrap()).with_gas(10_000_000_000);
    let receipt = Chain::new(ProtocolSettings::private()).unwrap().invoke(&invocation).unwrap();
    assert_eq!(receipt.fault, None);
    receipt.stack.to_vec().try_into().unwrap()
}

#[test]
fn points_are_equal_by_value() {
    assert_eq!(equal(|s| point(s, G1), |s| point(s, G1)), [true, true]);
    assert_eq!(equal(|s| point(s, G2), |s| point(s, G2)), [true, true]);
    assert_eq!(equal(|s| double(s, G1), |s| multiple(s, G1, 2)), [true, true]);
    assert_eq!(equal(|s| double(s, G2), |s| multiple(s, G2, 2)), [true, true]);
    assert_eq!(equal(|s| multiple(s, G2, 0), |s| multiple(s, G2, 0)), [true, true]);
    assert_eq!(equal(pairing, pairing), [true, true]);
}

#[test]
fn points_of_different_values_or_types_are_not_equal() {
    assert_eq!(equal(|s| double(s, G1), |s| multiple(s, G1, 3)), [false, false]);
    assert_eq!(equal(|s| multiple(s, G2, 0), |s| multiple(s, G2, 1)), [false, false]);
    // Affine and projective coordinates of the point that is the generator.
    assert_eq!(equal(|s| point(s, G1), |s| multiple(s, G1, 1)), [false, false]);
    assert_eq!(equal(|s| point(s, G1), |s| point(s, G2)), [false, false]);
    assert_eq!(equal(|s| point(s, G1), pairing), [false, false]);
}

/// Returns whether a contract finds equal the two contexts that `push` leaves.
fn equal_contexts(push: &[&str]) -> StackItem {
    let mut script = ScriptBuilder::new();
    for name in push {
        if *name == "DUP" {
            script.op(OpCode::DUP)
        } else {
            script.syscall(&format!("System.Storage.{name}"))
        };
    }
    script.op(OpCode::EQUAL).op(OpCode::RET);
    let method = Method {
        name: "main".into(),
        parameters: Vec::new(),
        return_type: ParameterType::Boolean,
        offset: 0,
        safe: false,
    };
    let manifest = Manifest {
        name: "Contexts".into(),
        groups: Vec::new(),
        supported_standards: Vec::new(),
        abi: Abi { methods: vec![method], events: Vec::new() },
        permissions: Vec::new(),
        trusts: Wildcard::List(Vec::new()),
        extra: None,
    };
    let script = script.build().unwrap();
    let nef = NefFile { compiler: "test".into(), source: String::new(), tokens: Vec::new(), script };
    let mut chain = Chain::new(ProtocolSettings::private()).unwrap();
    let sender = Signer::new(Hash160([7; 20]), WitnessScopes::CALLED_BY_ENTRY);
    let contract = chain.deploy(sender, &nef.to_bytes().unwrap(), manifest.to_json().as_ref()).unwrap();
    let call = Invocation::call(contract.state().hash, "main", Vec::new()).unwrap();
    chain.invoke(&call).unwrap().stack[0].clone()
}

#[test]
fn a_read_only_context_stays_the_object_that_it_is() {
    assert_eq!(equal_contexts(&["GetReadOnlyContext", "DUP", "AsReadOnly"]), true);
    assert_eq!(equal_contexts(&["GetContext", "AsReadOnly", "DUP", "AsReadOnly"]), true);
    assert_eq!(equal_contexts(&["GetContext", "DUP", "AsReadOnly"]), false);
    assert_eq!(equal_contexts(&["GetContext", "GetContext"]), false);
    assert_eq!(equal_contexts(&["GetReadOnlyContext", "GetReadOnlyContext"]), false);
}
