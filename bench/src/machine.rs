//! A machine that is reused for all runs, as it would be in a node.

use std::sync::Arc;

use neovm::{Code, Gas, LoadOptions, Observer, Outcome, RunOptions, Script, StubHost, Vm, VmConfig};

/// A decoded script with its gas limit and number of instructions.
pub struct Program {
    /// The name of the program.
    pub id: String,
    /// The decoded script.
    pub code: Arc<Code>,
    /// The gas limit of a run, in datoshi.
    pub gas_limit: i64,
    /// The number of instructions that a run begins.
    pub instructions: u64,
}

/// A machine and its host.
pub struct Machine {
    /// The machine.
    pub vm: Vm,
    host: StubHost,
}

impl Machine {
    /// Creates a machine with the limits of the public networks.
    pub fn new(host: StubHost) -> Self {
        Self::with_config(host, VmConfig::default())
    }

    /// Creates a machine with other settings.
    pub fn with_config(host: StubHost, config: VmConfig) -> Self {
        Self { vm: Vm::new(config, RunOptions::default()), host }
    }

    /// Decodes a script for this machine.
    ///
    /// # Panics
    /// If the script is too long.
    pub fn decode(&self, script: Script) -> Arc<Code> {
        Arc::new(Code::decode(script, self.vm.prices()).expect("a script that is not too long"))
    }

    /// Resets the machine, loads the code and runs it.
    ///
    /// # Panics
    /// If the code was decoded for another machine.
    pub fn run(&mut self, code: &Arc<Code>, gas_limit: i64) -> Outcome {
        self.load(code, gas_limit);
        self.vm.run(&mut self.host)
    }

    /// Creates a program from a script that halts, which is run once.
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

    /// Runs a program that halts, with an observer.
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
