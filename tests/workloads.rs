//! Programs that compute something, with the integer they end with: a test for each program and
//! mode, named `program::mode`.

use std::{process::ExitCode, sync::Arc};

use libtest_mimic::{Arguments, Completion, Failed, Trial};
use neovm::{Code, LoadOptions, NoHost, Outcome, Profile, RunOptions, Script, Vm, VmConfig};
use neovm_testing::{Compiler, Mode, Snapshot, WORKLOADS};
use serde::Deserialize;

/// The number of programs that there must be.
const COUNT: usize = 24;

/// A program. Its source and its arguments are part of the script.
#[derive(Clone, Deserialize)]
struct Workload {
    id: String,
    script: String,
    expect: String,
}

fn main() -> ExitCode {
    let workloads: Vec<Workload> = WORKLOADS.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(workloads.len(), COUNT);
    let trial = |workload: &Workload, mode: Mode| {
        let (name, workload) = (format!("{}::{mode}", workload.id), workload.clone());
        Trial::ignorable_test(name, move || workload.check(mode))
    };
    let trials = workloads.iter().flat_map(|workload| Mode::ALL.map(|mode| trial(workload, mode))).collect();
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

impl Workload {
    fn check(&self, mode: Mode) -> Result<Completion, Failed> {
        if mode.is_compiled() {
            return self.check_compiled(mode);
        }
        self.interpret(mode)?;
        Ok(Completion::Completed)
    }

    fn script(&self) -> Script {
        hex::decode(&self.script).unwrap().into()
    }

    fn interpret(&self, mode: Mode) -> Result<Snapshot, Failed> {
        let config = VmConfig::default().with_dispatch(mode.dispatch());
        let code = Arc::new(Code::decode(self.script(), &config.prices).unwrap());
        self.run(&code, config, mode)
    }

    /// Compiled code comes to the interpreter's result, gas and counts.
    fn check_compiled(&self, mode: Mode) -> Result<Completion, Failed> {
        let Some(mut compiler) = Compiler::new(mode.jit()) else {
            return Ok(Completion::ignored_with("nothing is compiled on this platform"));
        };
        let interpreted = self.interpret(Mode::ALL[0])?;
        let code = compiler.prepare(self.script()).unwrap();
        for turn in 0..compiler.runs() {
            let compiled = self.run(&code, compiler.config(), mode)?;
            if compiled != interpreted {
                return Err(format!("run {turn}: expected {interpreted:?} got {compiled:?}").into());
            }
            compiler.wait();
        }
        // A loop that begins with TRY has nothing to compile at its head.
        if compiler.entered() == 0 && !["tries", "guarded"].contains(&self.id.as_str()) {
            return Err("compiled code was never entered".into());
        }
        Ok(Completion::Completed)
    }

    /// Runs the code, which must halt with the result that is expected on top.
    fn run(&self, code: &Arc<Code>, config: VmConfig, mode: Mode) -> Result<Snapshot, Failed> {
        let mut vm = Vm::new(config, RunOptions::default());
        vm.load(Arc::clone(code), LoadOptions::default()).unwrap();
        let outcome = match mode {
            Mode::Observed => vm.run_observed(&mut NoHost, &mut Profile::new()),
            _ => vm.run(&mut NoHost),
        };
        let top = vm.results().last().map(|item| item.to_integer().unwrap().to_string());
        if outcome != Outcome::Halt || top.as_ref() != Some(&self.expect) {
            return Err(format!("expected {} got {outcome:?} with {top:?} on top", self.expect).into());
        }
        Ok(Snapshot::of(&vm))
    }
}
