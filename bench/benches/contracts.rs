//! Methods of real contracts, with the stub host.
//!
//! The MainNet contracts may not be copied into the project. If they do not exist next to it, the
//! examples are measured instead.
//!
//! With `PASSES=16` in the environment, the calls of the contracts that are named on the command line run
//! sixteen times and nothing is timed: what a profiler such as callgrind is to look at.

use std::env;

use criterion::{BenchmarkGroup, measurement::WallTime};
use neovm::{Contract, Engine, EngineConfig, NoHost, Outcome, RunOptions};
use neovm_bench::{Calls, Machine, Program, contracts, criterion, measure};

fn main() {
    if let Some(passes) = env::var("PASSES").ok().and_then(|passes| passes.parse().ok()) {
        return run(passes);
    }
    let mut criterion = criterion();
    let mut group = criterion.benchmark_group("contracts");
    match contracts() {
        Some((mut machine, contracts)) => {
            for Calls { contract, programs } in &contracts {
                let instructions = programs.iter().map(|program| program.instructions).sum();
                measure(&mut group, &format!("{contract}, {} calls", programs.len()), instructions, || {
                    programs.iter().for_each(|program| machine.run_program(program));
                });
            }
        }
        None => {
            println!("SKIPPED: MainNet contracts: there is no ../shared/reference next to the project; examples run");
            let arith: [&[u8]; 2] =
                [include_bytes!("../../examples/arith.nef"), include_bytes!("../../examples/arith.manifest.json")];
            let colls: [&[u8]; 2] =
                [include_bytes!("../../examples/colls.nef"), include_bytes!("../../examples/colls.manifest.json")];
            call_example(&mut group, arith, "gcd_sum", 100);
            call_example(&mut group, arith, "fib_rec", 8);
            call_example(&mut group, colls, "ledger", 100);
            call_example(&mut group, colls, "tries", 100);
        }
    }
    group.finish();
    criterion.final_summary();
}

/// Runs all calls of the contracts whose names contain the argument, if there is one.
fn run(passes: u32) {
    let (mut machine, contracts) = contracts().expect("the recorded outcomes next to the project");
    let part = env::args().skip(1).find(|argument| !argument.starts_with("--")).unwrap_or_default();
    for Calls { programs, .. } in contracts.iter().filter(|calls| calls.contract.contains(&part)) {
        for program in programs {
            run_often(&mut machine, program, passes);
        }
    }
}

#[inline(never)]
fn run_often(machine: &mut Machine, program: &Program, passes: u32) {
    for _ in 0..passes {
        machine.run_program(program);
    }
}

fn call_example(group: &mut BenchmarkGroup<'_, WallTime>, [nef, manifest]: [&[u8]; 2], method: &str, argument: i64) {
    let engine = Engine::new(EngineConfig::default());
    let contract = Contract::open(&engine, nef, manifest).expect("an example");
    let mut vm = engine.vm(RunOptions::default());
    let mut call = || {
        vm.reset(RunOptions::default(), &mut NoHost);
        contract.load(&mut vm, method, vec![argument.into()]).expect("a method");
        assert_eq!(vm.run(&mut NoHost), Outcome::Halt);
        vm.instructions()
    };
    let instructions = call();
    measure(group, &format!("{method}({argument})"), instructions, || {
        call();
    });
}
