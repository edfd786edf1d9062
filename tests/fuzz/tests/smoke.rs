//! Compares a few thousand scripts, and checks how much they cover.

use std::{collections::BTreeSet, thread, time::Duration};

use neovm_fuzz::{Against, Campaign, Hosts, NATIVE_STACK, Tally, Target, run, targets};
use neovm_generator::{Random, any_script};
use neovm_model::{Machine, Op, Setup};

/// Compares scripts with fixed seeds, which must agree.
#[track_caller]
fn agree(target: Target, scripts: u64) -> Tally {
    let every = Duration::from_secs(3600);
    let campaign = Campaign { target, seed: 0, scripts, time: None, threads: 2, differences: 3, every };
    let mut texts = Vec::new();
    let tally = run(&campaign, |_, _| {}, |found| texts.push(format!("seed {}: {}", found.seed, found.text))).unwrap();
    assert!(texts.is_empty(), "{}", texts.join("\n\n"));
    assert_eq!((tally.scripts, tally.differences), (scripts, 0));
    tally
}

#[test]
fn interpreters_agree() {
    let tally = agree(Target::Scripts(Against::Interp), 6000);
    let ends = ["halted", "out of gas", "too many items", "too many contexts", "exception not caught", "other faults"];
    assert_eq!(tally.ends.keys().copied().collect::<BTreeSet<_>>(), BTreeSet::from(ends));
    // Most executions have less gas than their script takes.
    assert!(tally.ends["halted"] * 3 > tally.scripts, "too few scripts come to an end: {tally}");
}

#[test]
fn compiled_code_agrees_with_the_interpreter() {
    let tally = agree(Target::Scripts(Against::Jit), 2000);
    if !neovm::TAIL_CALLS {
        return eprintln!("SKIPPED: no code is compiled here");
    }
    assert!(tally.entered_scripts * 100 >= tally.scripts * 60, "too few scripts enter compiled code: {tally}");
    for why in neovm::jit::Why::ALL {
        assert!(
            tally.compiled.exits.contains_key(why.name()),
            "compiled code is never left by {}: {tally}",
            why.name()
        );
    }
    assert_eq!(tally.compiled.failures(), 0, "the compiler failed: {tally}");
    assert!(tally.compiled.anew > 0, "nothing is compiled anew: {tally}");
}

#[test]
fn the_engine_agrees_with_the_model() {
    agree(Target::Scripts(Against::Model), 3000);
}

#[test]
fn compiled_code_agrees_over_the_host() {
    let tally = agree(Target::Host, 300);
    assert!(tally.ends["halted"] * 5 > tally.executions, "too few scripts come to an end: {tally}");
    assert!(tally.replayed * 15 > tally.scripts, "too few calls are rolled back: {tally}");
    if !neovm::TAIL_CALLS {
        return eprintln!("SKIPPED: no code is compiled here");
    }
    assert!(tally.entered_scripts * 3 > tally.scripts, "too few scripts enter compiled code: {tally}");
}

/// What never runs is never compared: each opcode completes in some script.
#[test]
fn generated_scripts_run_all_opcodes() {
    let work = || {
        let hosts = Hosts::new();
        let mut missing: BTreeSet<Op> = (0..=255).filter_map(Op::from_byte).collect();
        for seed in 0..20_000 {
            let script = any_script(&mut Random::new(seed), &hosts.calls());
            let setup = Setup { gas_limit: Some(20_000_000), host: Some(hosts.model()), ..Setup::default() };
            let mut machine = Machine::new(&script, &setup);
            while !machine.ended() {
                let op = machine.next_op();
                machine.step();
                if let (Some(op), None) = (op, machine.fault()) {
                    missing.remove(&op);
                }
            }
        }
        // They always fault under this host.
        assert_eq!(missing, BTreeSet::from([Op::CALLT, Op::ABORT, Op::ABORTMSG]));
    };
    thread::Builder::new().stack_size(NATIVE_STACK).spawn(work).unwrap().join().unwrap();
}

/// The targets of fuzzers take any bytes.
#[test]
fn targets_take_random_bytes() {
    let mut random = Random::new(1);
    for length in 0..400 {
        let data: Vec<u8> = (0..length).map(|_| random.next() as u8).collect();
        let all = [
            targets::script,
            targets::assembly,
            targets::nef,
            targets::manifest,
            targets::json,
            targets::integers,
            targets::bytes,
            targets::interp,
            targets::model,
        ];
        all.iter().for_each(|target| target(&data[..length.min(300)]));
        if length % 16 == 0 {
            targets::jit(&data);
            targets::host(&data);
        }
    }
}
