//! A machine that is reused for all runs, as a node would.

use std::sync::Arc;

use neovm::{Code, Gas, LoadOptions, Observer, Outcome, RunOptions, Script, StubHost, Vm, VmConfig};

/// A script decoded, with what a run of it may spend and begins.
pub struct Program {
    /// Its name.
    pub id: String,
    /// The script, decoded.
    pub code: Arc<Code>,
    /// Gas of a run, in datoshi.
    pub gas_limit: i64,
    /// Instructions that a run begins.
    pub instructions: u64,
}

/// A machine and its host.
pub struct Machine {
    /// The machine.
    pub vm: Vm,
    host: StubHost,
}

impl Machine {
    /// A machine with the limits of the networks.
    pub fn new(host: StubHost) -> Self {
        Self::with_config(host, VmConfig::default())
    }

    /// A machine with other settings.
    pub fn with_config(host: StubHost, config: VmConfig) -> Self {
        Self { vm: Vm::new(config, RunOptions::default()), host }
    }

    /// A script decoded for this machine.
    ///
    /// # Panics
    /// If the script is too long to be decoded.
    pub fn decode(&self, script: Script) -> Arc<Code> {
        Arc::new(Code::decode(script, self.vm.prices()).expect("a script that is not too long"))
    }

    /// Drops what the last run left, loads and runs.
    ///
    /// # Panics
    /// If the machine refuses the code: it was decoded for another.
    pub fn run(&mut self, code: &Arc<Code>, gas_limit: i64) -> Outcome {
        self.load(code, gas_limit);
        self.vm.run(&mut self.host)
    }

    /// The program of a script that halts, run once.
    ///
    /// # Panics
    /// If the script does not halt.
    pub fn program(&mut self, id: &str, script: Script, gas_limit: i64) -> Program {
        let code = self.decode(script);
        let outcome = self.run(&code, gas_limit);
        assert_eq!(outcome, Outcome::Halt, "{id}");
        Program { id: id.into(), code, gas_limit, instructions: self.vm.instructions() }
    }

    /// Runs a program that halts.
    ///
    /// # Panics
    /// If it does not halt.
    pub fn run_program(&mut self, program: &Program) {
        let outcome = self.run(&program.code, program.gas_limit);
        assert_eq!(outcome, Outcome::Halt, "{}", program.id);
    }

    /// Runs a program that halts, somebody looking on.
    ///
    /// # Panics
    /// If it does not halt.
    pub fn run_observed(&mut self, program: &Program, observer: &mut dyn Observer) {
        self.load(&program.code, program.gas_limit);
        let outcome = self.vm.run_observed(&mut self.host, observer);
        assert_eq!(outcome, Outcome::Halt, "{}", program.id);
    }

    fn load(&mut self, code: &Arc<Code>, gas_limit: i64) {
        self.vm.reset(RunOptions::new(Gas::from_datoshi(gas_limit)), &mut self.host);
        self.vm.load(Arc::clone(code), LoadOptions::default()).expect("code for this machine");
    }
}
