//! Budgets of instructions: a run stops after exactly so many, and goes on as
//! if it had not stopped.

use std::sync::Arc;

use neovm::{Caller, Code, Host, HostError, NoHost, Outcome, State, Stop, Vm, VmConfig};
use neovm_testing::Snapshot;

use crate::{CHEAP, FAULTS, LOOP, RETURNS, SHORT, SYSCALLS, code, gas, integers, loaded, loaded_with, stub_host};

fn run_whole(code: &Arc<Code>) -> Vm {
    let mut vm = loaded(code, VmConfig::default());
    vm.run(&mut stub_host());
    vm
}

fn run_in_parts(code: &Arc<Code>, budget: u64) -> Snapshot {
    let mut host = stub_host();
    let mut vm = loaded(code, VmConfig::default());
    for parts in 1.. {
        vm.set_budget(Some(budget));
        let outcome = vm.run(&mut host);
        if outcome != Outcome::Stopped(Stop::Budget) {
            return Snapshot::of(&vm);
        }
        assert_eq!(vm.instructions(), parts * budget);
        assert_eq!(vm.state(), State::Break);
    }
    unreachable!("the loop has no end")
}

fn run_by_steps(code: &Arc<Code>) -> Snapshot {
    let mut host = stub_host();
    let mut vm = loaded(code, VmConfig::default());
    loop {
        if vm.step(&mut host).is_some() {
            return Snapshot::of(&vm);
        }
    }
}

#[test]
fn each_budget_of_a_short_script() {
    let code = code(SHORT);
    let whole = run_whole(&code);
    assert_eq!((whole.state(), integers(&whole)), (State::Halt, vec![894]));
    let whole = Snapshot::of(&whole);
    for budget in 1..=whole.instructions + 1 {
        assert_eq!(run_in_parts(&code, budget), whole, "budget {budget}");
    }
}

#[test]
fn budgets_of_long_scripts() {
    for text in [LOOP, SYSCALLS, RETURNS, FAULTS, CHEAP] {
        let code = code(text);
        let whole = Snapshot::of(&run_whole(&code));
        assert!(whole.instructions > 60_000, "{} are few", whole.instructions);
        let ends = [whole.instructions - 1, whole.instructions, whole.instructions + 1];
        let around = [1, 2, 1023, 4095, 8191, 8192, 8193, 9001, 16_384, 20_011, 50_000];
        for budget in around.into_iter().chain(ends) {
            assert_eq!(run_in_parts(&code, budget), whole, "budget {budget}: {text}");
        }
        assert_eq!(run_by_steps(&code), whole, "{text}");
    }
}

#[test]
fn free_instructions_count() {
    struct Silent;
    impl Host for Silent {
        fn syscall(&mut self, _: &mut Caller<'_>, _: u32) -> Result<(), HostError> {
            Ok(())
        }
    }
    let mut vm = loaded_with(&code(&"SYSCALL 0x00000000\n".repeat(60_000)), VmConfig::default(), gas(0));
    for budget in [20_000, 8_192, 1, 30_000] {
        let before = vm.instructions();
        vm.set_budget(Some(budget));
        assert_eq!(vm.run(&mut Silent), Outcome::Stopped(Stop::Budget));
        assert_eq!(vm.instructions() - before, budget);
    }
    vm.set_budget(None);
    assert_eq!((vm.run(&mut Silent), vm.instructions()), (Outcome::Halt, 60_001));
}

#[test]
fn a_budget_stays_used_up_until_it_is_set_again() {
    let code = code("PUSH1\nPUSH2\nADD\nRET");
    let mut vm = loaded(&code, VmConfig::default());
    vm.set_budget(Some(0));
    assert_eq!(vm.run(&mut NoHost), Outcome::Stopped(Stop::Budget));
    assert_eq!(vm.instructions(), 0);
    vm.set_budget(Some(2));
    for _ in 0..3 {
        assert_eq!(vm.run(&mut NoHost), Outcome::Stopped(Stop::Budget));
        assert_eq!((vm.instructions(), vm.position()), (2, Some(2)));
    }
    vm.set_budget(None);
    assert_eq!(vm.run(&mut NoHost), Outcome::Halt);
    assert_eq!(integers(&vm), [3]);
}

#[test]
fn a_step_runs_one_instruction() {
    let code = code("PUSH1\nPUSH2\nADD\nRET");
    let mut vm = loaded(&code, VmConfig::default());
    for position in 1..=3 {
        assert_eq!(vm.step(&mut NoHost), None);
        assert_eq!((vm.position(), vm.instructions()), (Some(position), position as u64));
    }
    assert_eq!(vm.step(&mut NoHost), Some(Outcome::Halt));
    assert_eq!(vm.step(&mut NoHost), Some(Outcome::Halt));
    assert_eq!(vm.instructions(), 4);
}
