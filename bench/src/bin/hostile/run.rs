//! Runs a script once and measures what it takes.

use std::time::{Duration, Instant};

use neovm::{
    Engine, EngineConfig, Gas, JitMode, LoadOptions, NoHost, Outcome, RunOptions, Script,
    types::{asm::assemble, text::beginning},
};
use neovm_testing::allocator;

use crate::Error;

/// The price of a unit, in datoshi.
const UNIT: f64 = 30.0;

/// The number of datoshi in one GAS.
pub(crate) const GAS: i64 = 100_000_000;

/// The engines that are compared: the interpreter alone, one that compiles all code before it runs, and
/// one with default settings.
pub(crate) const ENGINES: [(&str, JitMode); 3] =
    [("interp", JitMode::Off), ("eager", JitMode::Eager), ("auto", DEFAULT)];

const DEFAULT: JitMode = JitMode::Lazy { threshold: 2000, background: true };

/// The outcome and the costs of a run.
pub(crate) struct Taken {
    pub(crate) outcome: Outcome,
    pub(crate) time: Duration,
    /// The peak of allocated memory, in bytes.
    pub(crate) bytes: isize,
    /// The units paid.
    pub(crate) units: f64,
    pub(crate) instructions: u64,
    /// The number of items on the result stack.
    pub(crate) results: usize,
}

impl Taken {
    pub(crate) fn nanoseconds_a_unit(&self) -> f64 {
        self.time.as_secs_f64() * 1e9 / self.units.max(1.0)
    }

    pub(crate) fn bytes_a_unit(&self) -> f64 {
        self.bytes as f64 / self.units.max(1.0)
    }

    pub(crate) fn mebibytes(&self) -> f64 {
        self.bytes as f64 / f64::from(1 << 20)
    }
}

/// Decodes, loads, runs and drops a script in an engine of its own.
pub(crate) fn run(script: &Script, jit: JitMode, gas_limit: i64) -> Result<Taken, Error> {
    let begun = Instant::now();
    let (ended, bytes) = allocator::peak(|| {
        let engine = Engine::new(EngineConfig::default().with_jit(jit));
        let code = engine.prepare(script)?;
        let mut vm = engine.vm(RunOptions::new(Gas::from_datoshi(gas_limit)));
        vm.load(code, LoadOptions::default())?;
        let outcome = vm.run(&mut NoHost);
        Ok::<_, Error>((outcome, vm.gas_consumed().datoshi_ceil(), vm.instructions(), vm.results().len()))
    });
    let (outcome, gas, instructions, results) = ended?;
    Ok(Taken { outcome, time: begun.elapsed(), bytes, units: gas as f64 / UNIT, instructions, results })
}

/// Assembles a script that this program generated.
pub(crate) fn script(text: &str) -> Result<Script, Error> {
    assemble(text).map_err(|error| format!("{error} in\n{text}").into())
}

/// Describes an outcome in a few words.
pub(crate) fn ending(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Halt => "HALT".into(),
        Outcome::Fault(fault) => beginning(&fault.kind.to_string(), 40).into(),
        other => format!("{other:?}"),
    }
}
