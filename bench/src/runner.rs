//! An engine that runs one program again and again, and samples of how long a run takes.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use neovm::{Code, Engine, EngineConfig, JitMode, LoadOptions, NoHost, Outcome, RunOptions, Vm};

use crate::Program;

/// The minimum duration of a sample, which makes the time for reading the clock negligible.
const SAMPLE: Duration = Duration::from_millis(1);

/// The minimum time for which each kind runs before it is measured.
pub const WARM_UP: Duration = Duration::from_millis(30);

/// The minimum number of runs before each kind is measured.
const WARM_UP_RUNS: u32 = 3;

type Error = Box<dyn std::error::Error>;

/// An engine with a machine that runs a script repeatedly.
pub struct Runner {
    engine: Engine,
    vm: Vm,
    code: Arc<Code>,
}

impl Runner {
    /// Creates an engine, and runs a program until all hot code is compiled and, if necessary, recompiled.
    ///
    /// # Errors
    /// If there is no such compiler for this platform, or the result on top of the stack or the number of
    /// instructions is not the expected one.
    pub fn new(jit: JitMode, program: &Program, result: &str) -> Result<Self, Error> {
        let engine = Engine::new(EngineConfig::default().with_jit(jit));
        if jit != JitMode::Off && engine.jit().is_none() {
            return Err("there is no compiler for this platform".into());
        }
        let (vm, code) = (engine.vm(RunOptions::default()), engine.prepare(program.code.script())?);
        let mut runner = Self { engine, vm, code };
        runner.warm_up(program, result)?;
        Ok(runner)
    }

    /// Resets the machine, loads the script, which was decoded before, and runs it.
    ///
    /// # Panics
    /// If the script does not halt.
    pub fn run(&mut self) {
        self.vm.reset(RunOptions::default(), &mut NoHost);
        self.vm.load(Arc::clone(&self.code), LoadOptions::default()).expect("code for this machine");
        assert_eq!(self.vm.run(&mut NoHost), Outcome::Halt);
    }

    fn warm_up(&mut self, program: &Program, result: &str) -> Result<(), Error> {
        let begun = Instant::now();
        let mut runs = 0;
        while runs < WARM_UP_RUNS || begun.elapsed() < WARM_UP {
            self.run();
            if let Some(jit) = self.engine.jit() {
                jit.wait();
            }
            runs += 1;
        }
        if top(&self.vm).as_deref() != Some(result) || self.vm.instructions() != program.instructions {
            return Err(format!("{}: unexpected result or number of instructions", program.id).into());
        }
        Ok(())
    }
}

/// Returns the integer on top of the result stack.
pub fn top(vm: &Vm) -> Option<String> {
    Some(vm.results().last()?.to_integer().ok()?.to_string())
}

/// A function to be measured, and the number of times that a sample runs it.
pub struct Timed<'a> {
    run: Box<dyn FnMut() + 'a>,
    runs: u32,
}

impl<'a> Timed<'a> {
    /// Finds out how often a sample has to run a function.
    pub fn new(run: impl FnMut() + 'a) -> Self {
        let mut timed = Self { run: Box::new(run), runs: 1 };
        while timed.total() < SAMPLE {
            timed.runs *= 2;
        }
        timed
    }

    fn total(&mut self) -> Duration {
        let begun = Instant::now();
        for _ in 0..self.runs {
            (self.run)();
        }
        begun.elapsed()
    }

    /// Takes a sample and returns the time of a run in nanoseconds.
    pub fn sample(&mut self) -> f64 {
        self.total().as_secs_f64() * 1e9 / f64::from(self.runs)
    }
}
