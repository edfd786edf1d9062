//! Methods of real contracts, with the stub host.
//!
//! The MainNet contracts may not be copied into the project. If they do not exist next to it, the
//! examples are measured instead.

use criterion::{BenchmarkGroup, measurement::WallTime};
use neovm::{Contract, Engine, EngineConfig, NoHost, Outcome, RunOptions};
use neovm_bench::{Calls, contracts, criterion, measure};

fn main() {
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
