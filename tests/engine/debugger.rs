//! Stepping and breakpoints, where the JSON suite has none.

use neovm::{Debugger, NoHost, Outcome, Pause, Script, Stop, Vm, VmConfig};

use crate::{code, integers, loaded, script};

/// At 0 a call of 4, behind it RET; at 4 a loop of three turns.
const TEXT: &str = "CALL f\nPUSH9\nRET\nf: PUSH3\nnext: DEC\nDUP\nJMPIF next\nRET";

fn start() -> (Vm, Script) {
    (loaded(&code(TEXT), VmConfig::default()), script(TEXT))
}

#[test]
fn a_run_stops_at_each_breakpoint_it_comes_to() {
    let (mut vm, script) = start();
    let mut debugger = Debugger::new();
    debugger.add_breakpoint(&script, 0);
    debugger.add_breakpoint(&script, 5);
    for turn in 0..3 {
        assert_eq!(debugger.run(&mut vm, &mut NoHost), Pause::Breakpoint);
        assert_eq!((vm.position(), vm.instructions()), (Some(5), 2 + 3 * turn));
    }
    assert_eq!(debugger.run(&mut vm, &mut NoHost), Pause::Ended(Outcome::Halt));
    assert_eq!(integers(&vm), [0, 9]);
    assert_eq!(debugger.run(&mut vm, &mut NoHost), Pause::Ended(Outcome::Halt));
}

#[test]
fn a_breakpoint_that_was_removed_stops_nothing() {
    let (mut vm, script) = start();
    let mut debugger = Debugger::new();
    debugger.add_breakpoint(&script, 5);
    assert!(!debugger.remove_breakpoint(&script, 4));
    assert!(debugger.remove_breakpoint(&script, 5));
    assert!(!debugger.remove_breakpoint(&script, 5));
    assert_eq!(debugger.run(&mut vm, &mut NoHost), Pause::Ended(Outcome::Halt));
}

#[test]
fn a_breakpoint_of_another_script_stops_nothing() {
    let (mut vm, _) = start();
    let mut debugger = Debugger::new();
    debugger.add_breakpoint(&script("NOP\nNOP\nNOP\nNOP\nNOP\nNOP"), 5);
    assert_eq!(debugger.run(&mut vm, &mut NoHost), Pause::Ended(Outcome::Halt));
}

#[test]
fn steps_go_into_over_and_out_of_calls() {
    let debugger = Debugger::new();
    let (mut vm, _) = start();
    assert_eq!(debugger.step_into(&mut vm, &mut NoHost), Pause::Step);
    assert_eq!((vm.position(), vm.depth()), (Some(4), 2));
    assert_eq!(debugger.step_out(&mut vm, &mut NoHost), Pause::Step);
    assert_eq!((vm.position(), vm.depth()), (Some(2), 1));
    assert_eq!(debugger.step_out(&mut vm, &mut NoHost), Pause::Ended(Outcome::Halt));
    let (mut vm, _) = start();
    assert_eq!(debugger.step_over(&mut vm, &mut NoHost), Pause::Step);
    assert_eq!((vm.position(), vm.depth()), (Some(2), 1));
}

#[test]
fn a_breakpoint_stops_a_step_over_and_a_step_out() {
    let (mut vm, script) = start();
    let mut debugger = Debugger::new();
    debugger.add_breakpoint(&script, 6);
    assert_eq!(debugger.step_over(&mut vm, &mut NoHost), Pause::Breakpoint);
    assert_eq!(vm.depth(), 2);
    assert_eq!(debugger.step_out(&mut vm, &mut NoHost), Pause::Breakpoint);
    assert_eq!((vm.depth(), vm.position()), (2, Some(6)));
}

#[test]
fn a_budget_stops_the_debugger() {
    let (mut vm, _) = start();
    vm.set_budget(Some(4));
    let debugger = Debugger::new();
    assert_eq!(debugger.run(&mut vm, &mut NoHost), Pause::Ended(Outcome::Stopped(Stop::Budget)));
    assert_eq!(vm.instructions(), 4);
}
