//! Contracts through the facade: files, methods, `_initialize`, arguments.

use neovm::{
    Contract, ContractError, Engine, EngineConfig, Gas, NoHost, OpCode, Outcome, RunOptions, StackItem, Vm,
    types::{NefFile, ScriptBuilder, item::Results},
};

fn engine() -> Engine {
    Engine::new(EngineConfig::default())
}

fn run(vm: &mut Vm) -> Results {
    assert_eq!(vm.run(&mut NoHost), Outcome::Halt);
    vm.take_results()
}

fn integers(items: &[StackItem]) -> Vec<i64> {
    items.iter().map(|item| if let StackItem::Integer(value) = item { *value } else { panic!("{item:?}") }).collect()
}

#[test]
fn an_example_runs() {
    let (nef, manifest) = (include_bytes!("../examples/arith.nef"), include_bytes!("../examples/arith.manifest.json"));
    let engine = engine();
    let contract = Contract::open(&engine, nef, manifest).unwrap();
    let mut vm = engine.vm(RunOptions::default());
    contract.load(&mut vm, "fib", vec![10.into()]).unwrap();
    assert_eq!(integers(&run(&mut vm)), [55]);
    // The same machine again: results add up, and the script is found decoded.
    contract.load(&mut vm, "fib", vec![20.into()]).unwrap();
    assert_eq!(integers(&run(&mut vm)), [6765]);
    assert_eq!(engine.cached().0, 1);
}

/// Methods: `_initialize` at 0 sets a static field to 7; `get` at 6 pushes it;
/// `sub` at 8 takes two arguments; `nothing` at 11.
fn with_initialize() -> (Vec<u8>, &'static str) {
    use OpCode::{INITSSLOT, LDSFLD0, NOP, PUSH7, RET, STSFLD0, SUB};
    let mut script = ScriptBuilder::new();
    script.op_with(INITSSLOT, &[1]).op(PUSH7).op(STSFLD0).op(NOP).op(RET);
    script.op(LDSFLD0).op(RET).op(SUB).op(NOP).op(RET).op(RET);
    let nef = NefFile {
        compiler: "by hand".into(),
        source: String::new(),
        tokens: Vec::new(),
        script: script.build().unwrap(),
    };
    let manifest = r#"{"name":"Seven","features":{},"abi":{"methods":[
        {"name":"_initialize","parameters":[],"returntype":"Void","offset":0,"safe":false},
        {"name":"get","parameters":[],"returntype":"Integer","offset":6,"safe":true},
        {"name":"sub","parameters":[{"name":"a","type":"Integer"},{"name":"b","type":"Integer"}],
         "returntype":"Integer","offset":8,"safe":true},
        {"name":"nothing","parameters":[],"returntype":"Void","offset":11,"safe":true},
        {"name":"tooMuch","parameters":[],"returntype":"Void","offset":6,"safe":true}]},"trusts":[]}"#;
    (nef.to_bytes().unwrap(), manifest)
}

fn call(method: &str, arguments: Vec<StackItem>) -> (Outcome, Results) {
    let engine = engine();
    let (nef, manifest) = with_initialize();
    let contract = Contract::open(&engine, &nef, manifest.as_bytes()).unwrap();
    let mut vm = engine.vm(RunOptions::default());
    contract.load(&mut vm, method, arguments).unwrap();
    let outcome = vm.run(&mut NoHost);
    (outcome, vm.take_results())
}

#[test]
fn initialize_runs_before_the_method() {
    let (outcome, results) = call("get", vec![]);
    assert_eq!((outcome, integers(&results)), (Outcome::Halt, vec![7]));
}

#[test]
fn the_first_argument_is_on_top() {
    // SUB takes the second argument, which lies below, less the first.
    let (outcome, results) = call("sub", vec![3.into(), 10.into()]);
    assert_eq!((outcome, integers(&results)), (Outcome::Halt, vec![7]));
}

#[test]
fn what_a_method_leaves_is_what_its_type_says() {
    let (outcome, results) = call("nothing", vec![]);
    assert_eq!((outcome, results.len()), (Outcome::Halt, 0));
    let (outcome, _) = call("tooMuch", vec![]);
    let Outcome::Fault(fault) = outcome else { panic!("{outcome:?}") };
    assert_eq!(
        fault.kind.to_string(),
        "Return value count mismatch: expected 0, but got 1 items on the evaluation stack"
    );
}

#[test]
fn what_cannot_be_called_is_told() {
    let engine = engine();
    let (nef, manifest) = with_initialize();
    let contract = Contract::open(&engine, &nef, manifest.as_bytes()).unwrap();
    let mut vm = engine.vm(RunOptions::new(Gas::ZERO));
    let error = contract.load(&mut vm, "sub", vec![1.into()]).unwrap_err();
    assert_eq!(error.to_string(), "sub needs 2 arguments (a: Integer, b: Integer), got 1");
    let error = contract.load(&mut vm, "add", vec![]).unwrap_err();
    let known =
        "_initialize(): Void, get(): Integer, sub(a: Integer, b: Integer): Integer, nothing(): Void, tooMuch(): Void";
    assert_eq!(error.to_string(), format!("there is no method \"add\"; there are: {known}"));
    let cut = Contract::open(&engine, &nef[..40], manifest.as_bytes()).unwrap_err();
    assert!(matches!(cut, ContractError::Nef(_)), "{cut}");
    let foreign = Contract::open(&engine, &nef, include_bytes!("../examples/arith.manifest.json")).unwrap_err();
    assert!(matches!(foreign, ContractError::MethodOffset { .. }), "{foreign}");
    let torn = Contract::open(&engine, &nef, b"{").unwrap_err();
    assert!(matches!(torn, ContractError::Manifest(_)), "{torn}");
}
