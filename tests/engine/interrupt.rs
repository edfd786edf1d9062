//! The interrupt flag: stops what would not end, and is never a fault.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use neovm::{LoadOptions, NoHost, Outcome, State, Stop, Vm, VmConfig};
use neovm_testing::Snapshot;

use crate::{LOOP, code, gas, loaded};

/// Runs with a flag that another thread sets soon after.
fn run_interrupted(vm: &mut Vm) -> Outcome {
    let flag = Arc::new(AtomicBool::new(false));
    vm.set_interrupt(Some(Arc::clone(&flag)));
    thread::scope(|scope| {
        scope.spawn(|| {
            thread::sleep(Duration::from_millis(20));
            flag.store(true, Ordering::Relaxed);
        });
        vm.run(&mut NoHost)
    })
}

#[test]
fn an_endless_loop_stops_and_goes_on() {
    for (text, free) in [
        ("next: JMP next", false),
        ("next: NOP\nJMP next", true),
        ("next: PUSH1\nDROP\nCALL end\nJMP next\nend: RET", false),
    ] {
        let mut vm = Vm::new(VmConfig::default(), gas(if free { 0 } else { i64::MAX }));
        vm.load(code(text), LoadOptions::default().with_free(free)).unwrap();
        for _ in 0..3 {
            let before = vm.instructions();
            // On a busy machine the flag may be set before the first instruction.
            while vm.instructions() == before {
                assert_eq!(run_interrupted(&mut vm), Outcome::Stopped(Stop::Interrupted), "{text}");
                assert_eq!((vm.state(), vm.fault()), (State::Break, None));
            }
        }
    }
}

#[test]
fn an_interrupted_run_ends_as_another() {
    let code = code(LOOP);
    let mut whole = loaded(&code, VmConfig::default());
    assert_eq!(whole.run(&mut NoHost), Outcome::Halt);

    let flag = Arc::new(AtomicBool::new(true));
    let mut vm = loaded(&code, VmConfig::default());
    vm.set_interrupt(Some(Arc::clone(&flag)));
    assert_eq!(vm.run(&mut NoHost), Outcome::Stopped(Stop::Interrupted));
    assert_eq!(vm.instructions(), 0, "a flag that is set stops at once");
    flag.store(false, Ordering::Relaxed);
    vm.set_budget(Some(70_000));
    assert_eq!(vm.run(&mut NoHost), Outcome::Stopped(Stop::Budget));
    flag.store(true, Ordering::Relaxed);
    vm.set_budget(None);
    assert_eq!(vm.run(&mut NoHost), Outcome::Stopped(Stop::Interrupted));
    assert_eq!(vm.instructions(), 70_000);
    vm.set_interrupt(None);
    assert_eq!(vm.run(&mut NoHost), Outcome::Halt);
    assert_eq!(Snapshot::of(&vm), Snapshot::of(&whole));
}

#[test]
fn the_flag_says_nothing_to_what_has_ended() {
    let mut vm = loaded(&code("PUSH1\nABORT"), VmConfig::default());
    let outcome = vm.run(&mut NoHost);
    vm.set_interrupt(Some(Arc::new(AtomicBool::new(true))));
    assert_eq!(vm.run(&mut NoHost), outcome);
    assert!(matches!(outcome, Outcome::Fault(_)));
}
