//! One engine, many settings: what is decoded once serves only whom it fits.

use std::sync::Arc;

use neovm::{
    Code, Contract, Engine, EngineConfig, FaultKind, Hardfork, Limits, LoadOptions, NoHost, OpCode, Outcome,
    PriceTable, RunOptions, Script, Vm, VmConfig, types::NefFile,
};

use crate::{integers, json, script};

/// Runs code on a machine of its own.
fn run(code: &Arc<Code>, config: VmConfig) -> (Vm, Outcome) {
    let mut vm = Vm::new(config, RunOptions::default());
    vm.load(Arc::clone(code), LoadOptions::default()).unwrap();
    let outcome = vm.run(&mut NoHost);
    (vm, outcome)
}

/// The settings of an engine's machines with another hardfork or other limits.
fn settings(engine: &Engine) -> VmConfig {
    engine.config().vm.clone()
}

/// A contract with a method `get`, the whole of its script.
fn contract(engine: &Engine, text: &str) -> Contract {
    let manifest = br#"{"name":"Updated","features":{},"abi":{"methods":[
        {"name":"get","parameters":[],"returntype":"Integer","offset":0,"safe":true}]},"trusts":[]}"#;
    let (compiler, source) = ("by hand".into(), String::new());
    let nef = NefFile { compiler, source, tokens: Vec::new(), script: script(text) };
    Contract::open(engine, &nef.to_bytes().unwrap(), manifest).unwrap()
}

#[test]
fn an_updated_contract_runs_its_new_script() {
    let engine = Engine::new(EngineConfig::default());
    let get = |contract: &Contract| {
        let mut vm = engine.vm(RunOptions::default());
        contract.load(&mut vm, "get", Vec::new()).unwrap();
        assert_eq!(vm.run(&mut NoHost), Outcome::Halt);
        integers(&vm)
    };
    // Scripts of the same length, under one name: only their bytes differ.
    let before = contract(&engine, "PUSH1\nRET");
    assert_eq!(get(&before), [1]);
    let after = contract(&engine, "PUSH2\nRET");
    assert_eq!((get(&after), get(&before)), (vec![2], vec![1]));
    assert_eq!(engine.cached().0, 2);
}

#[test]
fn one_decoded_script_under_each_hardfork() {
    let engine = Engine::new(EngineConfig::default());
    // A shift by zero did not look at the value before Gorgon, nor SUBSTR at
    // the sum of its numbers before Echidna.
    let shift = engine.prepare(&script("PUSHF\nPUSH0\nSHL\nRET")).unwrap();
    let part = engine.prepare(&script("PUSHDATA1 \"abc\"\nPUSH1\nPUSHINT32 2147483647\nSUBSTR\nRET")).unwrap();
    for hardfork in Hardfork::ALL {
        let (vm, outcome) = run(&shift, settings(&engine).with_hardfork(hardfork));
        let kind = if hardfork >= Hardfork::Gorgon { r#""Integer","value":"0""# } else { r#""Boolean","value":false"# };
        assert_eq!((outcome, json(vm.results())), (Outcome::Halt, format!(r#"[{{"type":{kind}}}]"#)), "{hardfork:?}");

        let Outcome::Fault(fault) = run(&part, settings(&engine).with_hardfork(hardfork)).1 else {
            panic!("{hardfork:?}: a range beyond the end")
        };
        let overflowed = fault.kind == FaultKind::ArrayDimensions;
        assert_eq!(overflowed, hardfork < Hardfork::Echidna, "{hardfork:?}: {fault}");
    }
    assert_eq!(engine.cached().0, 2);
}

#[test]
fn one_decoded_script_under_two_limits() {
    let engine = Engine::new(EngineConfig::default());
    let code = engine.prepare(&script("PUSH1\nPUSH10\nSHL\nPUSH1\nPUSH2\nDROP\nDROP\nRET")).unwrap();
    let (vm, outcome) = run(&code, settings(&engine));
    assert_eq!((outcome, integers(&vm)), (Outcome::Halt, vec![1024]));
    let shift = Limits::DEFAULT.with_max_shift(9);
    let items = Limits::DEFAULT.with_max_stack_size(2);
    for (limits, position) in [(shift, 2), (items, 4)] {
        let Outcome::Fault(fault) = run(&code, settings(&engine).with_limits(limits)).1 else {
            panic!("{limits:?} allows less")
        };
        assert_eq!(fault.position, Some(position), "{fault}");
    }
    assert_eq!(engine.cached().0, 1);
}

#[test]
fn each_price_table_has_its_own_decoded_form() {
    let engine = Engine::new(EngineConfig::default());
    let script = script("PUSH2\nPUSH3\nMUL\nRET");
    let dear = Arc::new(PriceTable::DEFAULT.with_price(OpCode::MUL, 100).unwrap());
    let of_engine = engine.prepare(&script).unwrap();
    let of_dear = engine.prepare_with(&script, &dear).unwrap();
    // Either order, and again from the cache.
    for _ in 0..2 {
        for (code, prices, gas) in [(&of_engine, &engine.config().vm.prices, 300), (&of_dear, &dear, 102 * 30)] {
            assert!(Arc::ptr_eq(code, &engine.prepare_with(&script, prices).unwrap()));
            let (vm, outcome) = run(code, settings(&engine).with_prices(Arc::clone(prices)));
            assert_eq!((outcome, integers(&vm), vm.gas_consumed().datoshi_ceil()), (Outcome::Halt, vec![6], gas));
        }
    }
    assert_eq!(engine.cached().0, 2);
}

#[test]
fn price_tables_are_told_apart_by_content() {
    let engine = Engine::new(EngineConfig::default());
    let script = script("NOP\nRET");
    let code = engine.prepare(&script).unwrap();
    let equal = Arc::new(PriceTable::DEFAULT);
    assert!(Arc::ptr_eq(&code, &engine.prepare_with(&script, &equal).unwrap()));
    let (vm, outcome) = run(&code, settings(&engine).with_prices(equal));
    assert_eq!((outcome, vm.gas_consumed().datoshi_ceil()), (Outcome::Halt, 30));
}

#[test]
fn a_machine_refuses_code_with_other_prices() {
    let engine = Engine::new(EngineConfig::default());
    let prices = Arc::new(PriceTable::DEFAULT.with_price(OpCode::NOP, 7).unwrap());
    let code = engine.prepare(&script("NOP\nRET")).unwrap();
    let mut vm = Vm::new(settings(&engine).with_prices(prices), RunOptions::default());
    assert!(matches!(vm.load(code, LoadOptions::default()), Err(FaultKind::Host(_))));
    assert_eq!((vm.depth(), vm.gas_consumed().datoshi_ceil()), (0, 0));
}

/// A script that pushes a number; all take the same memory.
fn numbered(number: u32) -> Script {
    script(&format!("PUSHINT32 {number}\nRET"))
}

#[test]
fn equal_bytes_are_decoded_once() {
    let engine = Engine::new(EngineConfig::default());
    let first = engine.prepare(&numbered(1)).unwrap();
    assert!(Arc::ptr_eq(&first, &engine.prepare(&numbered(1)).unwrap()));
    assert!(!Arc::ptr_eq(&first, &engine.prepare(&numbered(2)).unwrap()));
    assert_eq!(engine.cached().0, 2);
}

#[test]
fn the_cache_is_bounded_and_keeps_what_is_used() {
    let engine = Engine::new(EngineConfig::default());
    engine.prepare(&numbered(0)).unwrap();
    let one = engine.cached().1;
    let engine = Engine::new(EngineConfig::default().with_cache_bytes(8 * one));
    let kept = engine.prepare(&numbered(0)).unwrap();
    for number in 1..100 {
        engine.prepare(&numbered(number)).unwrap();
        assert!(Arc::ptr_eq(&kept, &engine.prepare(&numbered(0)).unwrap()), "used last before {number}");
        let (entries, bytes) = engine.cached();
        assert!(bytes <= 8 * one && bytes == entries * one);
    }
    assert!(engine.cached().0 > 4, "{} of 8 scripts are kept", engine.cached().0);
}

#[test]
fn scripts_that_come_once_do_not_push_out_what_is_used() {
    let engine = Engine::new(EngineConfig::default());
    engine.prepare(&numbered(0)).unwrap();
    let engine = Engine::new(EngineConfig::default().with_cache_bytes(20 * engine.cached().1));
    let used: Vec<_> = (0..5).map(|number| engine.prepare(&numbered(number)).unwrap()).collect();
    (0..5).for_each(|number| drop(engine.prepare(&numbered(number)).unwrap()));
    // More than there is room for, between two uses.
    (100..150).for_each(|number| drop(engine.prepare(&numbered(number)).unwrap()));
    for (number, used) in used.iter().enumerate() {
        assert!(Arc::ptr_eq(used, &engine.prepare(&numbered(number as u32)).unwrap()), "script {number}");
    }
}

#[test]
fn a_script_larger_than_the_cache_runs_all_the_same() {
    let engine = Engine::new(EngineConfig::default().with_cache_bytes(8));
    let mut vm = engine.vm(RunOptions::default());
    vm.load(engine.prepare(&numbered(7)).unwrap(), LoadOptions::default()).unwrap();
    assert_eq!(vm.run(&mut NoHost), Outcome::Halt);
    assert_eq!(engine.cached(), (0, 0));
}

#[test]
fn threads_that_ask_for_a_script_at_once_get_the_same_code() {
    let engine = Engine::new(EngineConfig::default());
    let script = numbered(3);
    let codes: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| engine.prepare(&script).unwrap())).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(codes.iter().all(|code| Arc::ptr_eq(code, &codes[0])));
    assert_eq!(engine.cached().0, 1);
}
