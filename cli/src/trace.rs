//! `neovm run --trace`: a line for each instruction before it runs.

use std::io::{self, StderrLock, Write};

use anyhow::{Context, Result};
use clap::ValueEnum;
use neovm::{Execution, Host, Observer, Outcome, Vm};
use neovm_workbench::{Filter, FilterError, RunningScript, Scripts, TraceLine};

use crate::input::Program;

pub(crate) use neovm_workbench::instruction;

/// So many bytes of lines are written at a time.
const BUFFER: usize = 1 << 16;

/// What is shown of instructions.
#[derive(clap::Args)]
pub(crate) struct TraceArgs {
    /// Show each instruction before it runs, on standard error; with =json as one
    /// object a line
    #[arg(long, value_enum, value_name = "FORMAT", num_args = 0..=1, require_equals = true, default_missing_value = "text")]
    pub(crate) trace: Option<TraceFormat>,
    /// Trace only what fits: contract=NAME or its hash, method=NAME, opcode=NAME,
    /// depth=2 or depth=2..5, offset=10..40 (bytes in the script). Given several times,
    /// values of one key are alternatives, and what several keys ask for must hold
    /// together
    #[arg(long, value_name = "KEY=VALUE", requires = "trace", value_parser = parse_filter)]
    only: Vec<Filter>,
}

fn parse_filter(text: &str) -> Result<Filter, FilterError> {
    text.parse()
}

/// The form of a line.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TraceFormat {
    /// For people: number, depth, position, instruction, gas so far in datoshi, stack
    Text,
    /// For programs: an object with n, depth, contract, name, method, offset, opcode,
    /// text, gas, items and top
    Json,
}

impl TraceArgs {
    pub(crate) fn is_on(&self) -> bool {
        self.trace.is_some()
    }

    /// The tracer of an execution; none if nothing is traced.
    pub(crate) fn tracer(&self) -> Option<Tracer> {
        self.trace.map(|format| Tracer {
            out: io::stderr().lock(),
            lines: String::with_capacity(2 * BUFFER),
            written: Ok(()),
            format,
            filter: self.only.iter().cloned().collect(),
            scripts: Scripts::default(),
        })
    }

    /// Runs a program without a chain as [`Vm::run`] does, and traces it if that is
    /// asked for.
    pub(crate) fn run(&self, program: &Program, vm: &mut Vm, host: &mut dyn Host) -> Result<Outcome> {
        let Some(mut tracer) = self.tracer() else { return Ok(vm.run(host)) };
        let methods = program.manifest().map(|manifest| &manifest.abi.methods[..]).unwrap_or_default();
        if let Some(script) = vm.script() {
            let name = program.name.clone();
            tracer.scripts = Scripts::with(RunningScript::new(script, script.hash(), name, methods));
        }
        let outcome = vm.run_observed(host, &mut tracer);
        tracer.finish()?;
        Ok(outcome)
    }
}

/// Writes the lines to standard error.
pub(crate) struct Tracer {
    out: StderrLock<'static>,
    /// The lines that are still to be written.
    lines: String,
    /// The first failure; nothing is written after it.
    written: io::Result<()>,
    format: TraceFormat,
    filter: Filter,
    scripts: Scripts,
}

impl Tracer {
    /// Writes the line of the next instruction of an execution.
    pub(crate) fn watch(&mut self, execution: &Execution<'_>) {
        let place = self.scripts.current(execution);
        self.write(execution.vm(), place);
    }

    fn write(&mut self, vm: &Vm, place: Option<usize>) {
        let Self { lines, format, filter, scripts, .. } = self;
        let line = place.and_then(|place| TraceLine::new(vm, scripts.get_mut(place)));
        let Some(line) = line.filter(|line| line.passes(filter)) else { return };
        match format {
            TraceFormat::Text => line.push_text(lines),
            TraceFormat::Json => line.push_json(lines),
        }
        if self.lines.len() >= BUFFER {
            self.flush();
        }
    }

    fn flush(&mut self) {
        if self.written.is_ok() {
            self.written = self.out.write_all(self.lines.as_bytes());
        }
        self.lines.clear();
    }

    pub(crate) fn finish(mut self) -> Result<()> {
        self.flush();
        self.written.and_then(|()| self.out.flush()).context("cannot write to standard error")
    }
}

impl Observer for Tracer {
    fn before(&mut self, vm: &Vm) {
        let place = self.scripts.current_of(vm);
        self.write(vm, place);
    }
}
