//! A machine from its first load to its next: options, results, reset.

use std::sync::Arc;

use neovm::{FaultKind, Limits, LoadOptions, NoHost, OpCode, Outcome, PriceTable, RunOptions, State, Vm, VmConfig};
use neovm_testing::Snapshot;

use crate::{
    FAULTS, LOOP, RETURNS, SHORT, SYSCALLS, code, gas, integers, loaded, loaded_with, modes, script, stub_host,
};

#[test]
fn a_machine_with_nothing_loaded_halts() {
    let mut vm = Vm::new(VmConfig::default(), RunOptions::default());
    assert_eq!((vm.state(), vm.depth(), vm.position(), vm.opcode()), (State::Break, 0, None, None));
    assert_eq!(vm.run(&mut NoHost), Outcome::Halt);
    assert_eq!((vm.state(), vm.instructions(), vm.results().len()), (State::Halt, 0, 0));
}

#[test]
fn limits_that_no_machine_can_keep_are_lowered() {
    let limits = Limits::DEFAULT.with_max_stack_size(u32::MAX).with_max_item_size(u32::MAX);
    let vm = Vm::new(VmConfig::default().with_limits(limits), RunOptions::default());
    assert_eq!((vm.limits().max_stack_size, vm.limits().max_item_size), (1 << 24, i32::MAX as u32));
}

#[test]
fn an_empty_script_returns() {
    let mut vm = Vm::new(VmConfig::default(), RunOptions::default());
    vm.load_script(Vec::new(), LoadOptions::default()).unwrap();
    assert_eq!((vm.depth(), vm.opcode()), (1, Some(OpCode::RET)));
    assert_eq!(vm.run(&mut NoHost), Outcome::Halt);
    assert_eq!(vm.instructions(), 1);
}

#[test]
fn malformed_options_are_errors_and_leave_nothing_behind() {
    let code = code("PUSH1\nRET");
    let mut vm = Vm::new(VmConfig::default(), RunOptions::default());
    let mut load = |options| vm.load(Arc::clone(&code), options);
    for return_count in [-2, 65_536, i32::MIN, i32::MAX] {
        let error = load(LoadOptions::default().with_return_count(return_count));
        assert_eq!(error, Err(FaultKind::ReturnCountRange(return_count.into())));
    }
    for position in [3, 4, 1 << 20, usize::MAX >> 1] {
        let error = load(LoadOptions::default().with_position(position));
        assert_eq!(error, Err(FaultKind::OutOfScript { position: position as i64, length: 2 }));
    }
    assert_eq!(vm.call(0), Err(FaultKind::OutOfScript { position: 0, length: 0 }));
    assert_eq!((vm.depth(), vm.reference_count()), (0, 0));
    vm.load(Arc::clone(&code), LoadOptions::default().with_return_count(65_535).with_position(2)).unwrap();
    for position in [-1, 3, i64::MAX, i64::MIN] {
        assert_eq!(vm.call(position), Err(FaultKind::OutOfScript { position, length: 2 }));
    }
    assert_eq!(vm.depth(), 1);
}

#[test]
fn code_with_other_prices_is_an_error() {
    let other = Arc::new(PriceTable::DEFAULT.with_price(OpCode::PUSH1, 7).unwrap());
    let foreign = modes::decode(script("PUSH1"), &other);
    let mut vm = Vm::new(VmConfig::default(), RunOptions::default());
    let error = vm.load(Arc::clone(&foreign), LoadOptions::default());
    assert!(matches!(error, Err(FaultKind::Host(_))), "{error:?}");
    let mut vm = loaded(&foreign, VmConfig::default().with_prices(other));
    assert_eq!((vm.run(&mut NoHost), vm.gas_consumed().datoshi_ceil()), (Outcome::Halt, 210));
}

#[test]
fn a_script_starts_at_its_position() {
    let code = code("PUSH1\nPUSH2\nPUSH3\nRET");
    for (position, results) in [(0, vec![1, 2, 3]), (1, vec![2, 3]), (3, vec![]), (4, vec![])] {
        let mut vm = Vm::new(VmConfig::default(), RunOptions::default());
        vm.load(Arc::clone(&code), LoadOptions::default().with_position(position)).unwrap();
        assert_eq!(vm.run(&mut NoHost), Outcome::Halt);
        assert_eq!(integers(&vm), results);
    }
}

#[test]
fn return_counts_are_checked() {
    let code = code("PUSH1\nPUSH2\nRET");
    for return_count in [-1, 0, 1, 2, 3] {
        let mut vm = Vm::new(VmConfig::default(), RunOptions::default());
        vm.load(Arc::clone(&code), LoadOptions::default().with_return_count(return_count)).unwrap();
        match vm.run(&mut NoHost) {
            Outcome::Halt => assert!(matches!(return_count, -1 | 2), "{return_count}"),
            Outcome::Fault(fault) => {
                assert_eq!(fault.kind, FaultKind::ReturnCount { expected: return_count, count: 2 });
                assert_eq!(fault.position, Some(2));
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn the_script_loaded_last_runs_first_and_gives_its_results_to_the_one_below() {
    let mut vm = Vm::new(VmConfig::default(), RunOptions::default());
    vm.load(code("PUSH10\nMUL\nRET"), LoadOptions::default()).unwrap();
    vm.load(code("PUSH7\nRET"), LoadOptions::default().with_return_count(1)).unwrap();
    assert_eq!((vm.depth(), vm.opcode()), (2, Some(OpCode::PUSH7)));
    assert_eq!(vm.contexts()[1].position, 0);
    assert_eq!(vm.run(&mut NoHost), Outcome::Halt);
    assert_eq!(integers(&vm), [70]);
}

#[test]
fn results_of_several_loads_add_up() {
    let mut vm = Vm::new(VmConfig::default(), RunOptions::default());
    let mut instructions = 0;
    for i in 1..=3 {
        vm.load(code("PUSH1\nPUSH2\nRET"), LoadOptions::default()).unwrap();
        assert_eq!((vm.state(), vm.results().len()), (State::Break, 0), "none while a script is loaded");
        assert_eq!(vm.run(&mut NoHost), Outcome::Halt);
        instructions += 3;
        assert_eq!((vm.instructions(), vm.results().len(), vm.reference_count()), (instructions, 2 * i, 2 * i as i64));
        assert_eq!(vm.gas_consumed().datoshi_ceil(), 60 * i as u128);
    }
    assert_eq!(integers(&vm), [1, 2, 1, 2, 1, 2]);
    assert_eq!(vm.take_results().len(), 6);
    assert_eq!((vm.results().len(), vm.reference_count()), (0, 0));
}

#[test]
fn a_second_load_cannot_reach_the_results_of_the_first() {
    let mut vm = Vm::new(VmConfig::default(), RunOptions::default());
    vm.load(code("PUSH1\nRET"), LoadOptions::default()).unwrap();
    assert_eq!(vm.run(&mut NoHost), Outcome::Halt);
    vm.load(code("DEPTH\nDROP\nDROP"), LoadOptions::default()).unwrap();
    let Outcome::Fault(fault) = vm.run(&mut NoHost) else { panic!("its own stack is empty") };
    assert_eq!(fault.kind, FaultKind::StackIndex { index: 0, count: 0 });
    assert!(vm.results().is_empty());
}

#[test]
fn what_has_ended_stays_ended() {
    for text in ["PUSH1\nRET", "PUSH1\nABORT"] {
        let mut vm = loaded(&code(text), VmConfig::default());
        let outcome = vm.run(&mut NoHost);
        let end = Snapshot::of(&vm);
        assert_eq!(vm.run(&mut NoHost), outcome);
        assert_eq!(vm.step(&mut NoHost), Some(outcome.clone()));
        assert_eq!(Snapshot::of(&vm), end);
    }
}

#[test]
fn a_machine_that_was_reset_is_as_new() {
    let mut used = Vm::new(VmConfig::default(), RunOptions::default());
    let mut host = stub_host();
    for limit in [i64::MAX, 3_000_000, 100] {
        for text in [SHORT, LOOP, SYSCALLS, RETURNS, FAULTS, "NEWARRAY0\nDUP\nDUP\nAPPEND\nNEWMAP\nABORT"] {
            let code = code(text);
            let mut new = loaded_with(&code, VmConfig::default(), gas(limit));
            let outcome = new.run(&mut host);
            used.reset(gas(limit), &mut NoHost);
            used.load(code, LoadOptions::default()).unwrap();
            let again = used.run(&mut host);
            assert_eq!(again, outcome, "{limit}: {text}");
            assert_eq!(Snapshot::of(&used), Snapshot::of(&new), "{limit}: {text}");
        }
    }
}

/// Scripts that leave much behind when they are stopped: slots, frames, try blocks, static fields,
/// a pending exception, compounds, data of the script, a grown stack, misaligned instructions.
const LEFTOVERS: [&str; 4] = [
    "INITSSLOT 2\nPUSH1\nSTSFLD0\nPUSH2\nPUSH3\nCALL f\nRET\nf: INITSLOT 2, 2\nTRY -, finally\nPUSHDATA1 \"data\"\nSTLOC0
     LDLOC0\nLDARG0\nPUSH2\nPACK\nDUP\nDUP\nAPPEND\nTHROW\nfinally: PUSHNULL\nCALL g\nENDFINALLY\ng: INITSLOT 1, 1\nRET",
    "CALL f\nf: INITSLOT 9, 0\nPUSHINT16 500\nNEWARRAY\nUNPACK\nSTLOC 8\nCALL f",
    "PUSH9\nSTLOC0\nRET",
    "INITSLOT 1, 0\nPUSHINT8 40\nSTLOC0\nnext: NEWMAP\nPUSH1\nNEWARRAY0\nSETITEM\nPUSH3\nCALL h\nDROP\nLDLOC0\nDEC
     DUP\nSTLOC0\nJMPIF next\nABORT\nh: INITSLOT 0, 1\nLDARG0\nINC\nRET",
];

#[test]
fn a_machine_that_was_reset_in_the_middle_is_as_new() {
    let mut used = Vm::new(VmConfig::default(), RunOptions::default());
    let mut host = stub_host();
    for text in LEFTOVERS {
        let leftover = code(text);
        for budget in (0..60).chain([100, 300, 500]) {
            let next = code([SHORT, LOOP, SYSCALLS, RETURNS, FAULTS, LEFTOVERS[0], LEFTOVERS[3]][budget % 7]);
            let mut new = loaded_with(&next, VmConfig::default(), gas(2_000_000));
            let outcome = new.run(&mut host);
            used.reset(RunOptions::default(), &mut NoHost);
            used.load(Arc::clone(&leftover), LoadOptions::default()).unwrap();
            used.set_budget(Some(budget as u64));
            used.run(&mut host);
            used.reset(gas(2_000_000), &mut NoHost);
            used.load(next, LoadOptions::default()).unwrap();
            assert_eq!(used.run(&mut host), outcome, "{budget}: {text}");
            assert_eq!(Snapshot::of(&used), Snapshot::of(&new), "{budget}: {text}");
        }
    }
}

#[test]
fn a_reset_forgets_what_went_on() {
    let mut vm = loaded(&code("TRY -, finally\nPUSH1\nTHROW\nfinally: ABORT"), VmConfig::default());
    vm.set_budget(Some(5));
    assert!(matches!(vm.run(&mut NoHost), Outcome::Fault(_)));
    assert!(vm.pending_exception().is_some());
    vm.reset(gas(1_000), &mut NoHost);
    assert_eq!((vm.state(), vm.fault(), vm.depth(), vm.reference_count()), (State::Break, None, 0, 0));
    assert_eq!((vm.gas_consumed().datoshi_ceil(), vm.gas_left().datoshi_floor(), vm.instructions()), (0, 1_000, 0));
    assert!(vm.pending_exception().is_none());
    assert!(vm.results().is_empty());
    vm.load(code("NOP\nNOP\nNOP\nNOP"), LoadOptions::default()).unwrap();
    assert_eq!(vm.run(&mut NoHost), Outcome::Halt, "the budget is gone too");
}
