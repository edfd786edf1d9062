//! Timing a script on a warm machine.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Result, anyhow, bail, ensure};
use neovm::{
    Code, Engine, EngineConfig, Gas, Host, LoadOptions, NoHost, Outcome, RunOptions, Script, StubHost, Vm,
    types::text::beginning,
};
use serde_json::Value;

use super::Line;
use crate::{engine::EngineKind, input, invocation::Entry, json::push};

/// A sample has as many runs as it takes for the time of reading the clock not to
/// matter.
const SAMPLE: Duration = Duration::from_micros(100);

/// How long a script runs before it is timed.
const WARM_UP: Duration = Duration::from_millis(20);

/// The fewest samples, of a script that runs long.
const MIN_SAMPLES: usize = 5;

/// The head of the table that people read.
pub(super) const HEADER: &str = concat!(
    "                                                          run   ns per instruction\n",
    "script                               instructions      median      min   median   spread\n"
);

/// How long a script took.
pub(super) struct Timing {
    id: Value,
    engine: EngineKind,
    instructions: u64,
    /// Nanoseconds of a run: minimum, median and maximum.
    run: [f64; 3],
    /// The interquartile range of the samples, as a fraction of the median.
    spread: f64,
}

/// A machine, and the script that it runs over and over.
pub(super) struct Runner<'a> {
    engine: Engine,
    pub(super) vm: Vm,
    host: Box<dyn Host>,
    code: Arc<Code>,
    options: RunOptions,
    /// The method to enter; none for the first byte.
    entry: Option<Entry<'a>>,
}

impl<'a> Runner<'a> {
    /// A machine for the script of a line.
    pub(super) fn of_line(line: &Line<'_>, stub: Option<&StubHost>, kind: EngineKind) -> Result<Self> {
        let script = input::hex_bytes(&line.script).and_then(|bytes| input::script(&bytes));
        let script = script.map_err(|error| anyhow!("script: {error:#}"))?;
        let gas = line.gas_limit.unwrap_or(i64::MAX);
        ensure!(gas >= 0, "gas_limit: {gas} is below zero");
        let hardfork = line.hardfork.as_deref().map(input::hardfork).transpose();
        let hardfork = hardfork.map_err(|error| anyhow!("hardfork: {error}"))?.unwrap_or_default();
        let host: Box<dyn Host> = match (line.host.as_deref(), stub) {
            (None, _) => Box::new(NoHost),
            (Some("stub"), Some(stub)) => Box::new(stub.clone()),
            (Some("stub"), None) => bail!("host: \"stub\" needs the option --host STUB.json"),
            (Some(other), _) => bail!("host: no host {other:?}; there is \"stub\""),
        };
        let engine = kind.engine(EngineConfig::default().with_hardfork(hardfork));
        Self::new(engine, &script, host, RunOptions::new(Gas::from_datoshi(gas)), None)
    }

    /// A machine for a method of a contract, without a gas limit.
    pub(super) fn of_method(
        entry: Entry<'a>,
        script: &Script,
        stub: Option<StubHost>,
        kind: EngineKind,
    ) -> Result<Self> {
        let host: Box<dyn Host> = stub.map_or_else(|| Box::new(NoHost) as Box<dyn Host>, |stub| Box::new(stub));
        Self::new(kind.engine(EngineConfig::default()), script, host, RunOptions::default(), Some(entry))
    }

    fn new(
        engine: Engine,
        script: &Script,
        host: Box<dyn Host>,
        options: RunOptions,
        entry: Option<Entry<'a>>,
    ) -> Result<Self> {
        let vm = engine.vm(options);
        let code = engine.prepare(script)?;
        Ok(Self { engine, vm, host, code, options, entry })
    }

    /// Times the script: runs it for at least `least`.
    pub(super) fn time(&mut self, id: Value, engine: EngineKind, least: Duration) -> Result<Timing> {
        self.warm_up()?;
        let samples = self.samples(least)?;
        let at = |part: f64| samples[((samples.len() - 1) as f64 * part) as usize];
        let run = [at(0.0), at(0.5), at(1.0)];
        let spread = (at(0.75) - at(0.25)) / at(0.5);
        Ok(Timing { id, engine, instructions: self.vm.instructions(), run, spread })
    }

    /// Runs until all hot code is compiled, and compiled again where needed.
    fn warm_up(&mut self) -> Result<()> {
        let begun = Instant::now();
        let mut runs = 0;
        while runs < 3 || begun.elapsed() < WARM_UP {
            self.run()?;
            if let Some(jit) = self.engine.jit() {
                jit.wait();
            }
            runs += 1;
        }
        Ok(())
    }

    /// Drops what the last run left, loads and runs.
    pub(super) fn run(&mut self) -> Result<Outcome> {
        self.vm.reset(self.options, &mut *self.host);
        match &self.entry {
            Some(entry) => entry.load(&mut self.vm, &self.code)?,
            None => drop(self.vm.load(Arc::clone(&self.code), LoadOptions::default())?),
        }
        Ok(self.vm.run(&mut *self.host))
    }

    /// Nanoseconds of a run in each sample, sorted.
    fn samples(&mut self, least: Duration) -> Result<Vec<f64>> {
        let begun = Instant::now();
        self.run()?;
        let runs = (SAMPLE.as_nanos() / begun.elapsed().as_nanos().max(1)).clamp(1, 100_000) as u32;
        let mut samples = Vec::new();
        let start = Instant::now();
        while samples.len() < MIN_SAMPLES || start.elapsed() < least {
            let begun = Instant::now();
            for _ in 0..runs {
                self.run()?;
            }
            samples.push(begun.elapsed().as_secs_f64() * 1e9 / f64::from(runs));
        }
        samples.sort_by(f64::total_cmp);
        Ok(samples)
    }
}

impl Timing {
    /// Nanoseconds of an instruction: minimum, median and maximum.
    fn instruction(&self) -> [f64; 3] {
        // A script that does not begin with an opcode runs no instruction.
        self.run.map(|time| time / self.instructions.max(1) as f64)
    }

    /// A line for programs.
    pub(super) fn json(&self) -> String {
        let mut out = String::new();
        push(&mut out, format_args!("{{\"id\":{},\"engine\":\"{}\"", self.id, self.engine.name()));
        push(&mut out, format_args!(",\"instructions\":{}", self.instructions));
        for (name, [min, median, max]) in [("run", self.run), ("instruction", self.instruction())] {
            let times = format_args!("{{\"min\":{min:.4},\"median\":{median:.4},\"max\":{max:.4}}}");
            push(&mut out, format_args!(",\"ns_per_{name}\":{times}"));
        }
        out.push('}');
        out
    }

    /// A row of the table.
    pub(super) fn row(&self) -> String {
        let id = self.id.as_str().map_or_else(|| self.id.to_string(), str::to_owned);
        let id = beginning(&id, 36);
        let [min, median, _] = self.instruction();
        let (run, spread) = (time(self.run[1]), self.spread * 100.0);
        format!("{id:37}{:>12}{run:>12}{min:>9.2}{median:>9.2}{spread:>8.1}%", self.instructions)
    }
}

/// Nanoseconds as people read them.
fn time(nanoseconds: f64) -> String {
    match nanoseconds {
        ..1e3 => format!("{nanoseconds:.1} ns"),
        1e3..1e6 => format!("{:.2} us", nanoseconds / 1e3),
        1e6..1e9 => format!("{:.2} ms", nanoseconds / 1e6),
        _ => format!("{:.2} s", nanoseconds / 1e9),
    }
}
