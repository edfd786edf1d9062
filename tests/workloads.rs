//! Programs that compute something, with the integer they end with.

#[path = "support/compiling.rs"]
mod compiling;
#[path = "support/report.rs"]
mod report;

use std::sync::Arc;

use compiling::{COMPILING, Compiler};
use neovm::{Code, Config, LoadOptions, NoHost, Outcome, Script, Vm};
use serde::Deserialize;

const WORKLOADS: &str = include_str!("data/workloads.jsonl");

/// A program. What it was compiled from, and its arguments, are in the script.
#[derive(Deserialize)]
struct Workload {
    id: String,
    script: String,
    expect: String,
}

impl Workload {
    fn all() -> impl Iterator<Item = Self> {
        WORKLOADS.lines().map(|line| serde_json::from_str(line).unwrap())
    }

    fn script(&self) -> Script {
        hex::decode(&self.script).unwrap().into()
    }

    /// Runs its code; returns the machine after its end.
    fn run(&self, code: &Arc<Code>, config: Config) -> Vm {
        let mut vm = Vm::new(config);
        vm.load(Arc::clone(code), LoadOptions::default()).unwrap();
        assert_eq!(vm.run(&mut NoHost), Outcome::Halt, "{}", self.id);
        let top = vm.results().last().expect("a result").to_integer();
        assert_eq!(top, Ok(self.expect.parse().unwrap()), "{}", self.id);
        vm
    }
}

#[test]
fn each_program_halts_with_its_result_on_top() {
    for workload in Workload::all() {
        let config = Config::default();
        let code = Arc::new(Code::decode(workload.script(), &config.prices).unwrap());
        workload.run(&code, config);
    }
    assert_eq!(Workload::all().count(), 18);
}

#[test]
fn each_compiled_program_ends_alike() {
    for mode in COMPILING {
        let Some(mut compiler) = Compiler::new(mode) else {
            return report::say("SKIPPED: compiled programs: no code is compiled here");
        };
        for workload in Workload::all() {
            let config = compiler.config();
            let plain = Arc::new(Code::decode(workload.script(), &config.prices).unwrap());
            let interpreted = workload.run(&plain, config.clone());
            let end = |vm: &Vm| (vm.gas_consumed(), vm.instructions(), vm.reference_count());
            let code = compiler.prepare(workload.script()).unwrap();
            let before = compiler.entered();
            for turn in 0..compiler.runs() {
                let vm = workload.run(&code, config.clone());
                assert_eq!(end(&vm), end(&interpreted), "{}, {mode:?}, run {turn}", workload.id);
                compiler.wait();
            }
            // A loop that begins with TRY has nothing to compile at its head.
            let is_entered = compiler.entered() > before || workload.id == "tries";
            assert!(is_entered, "{}, {mode:?}: compiled code was never entered", workload.id);
        }
    }
}
