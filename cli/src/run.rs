//! `neovm run`: one script or method.

use std::{
    io::{self, Write},
    process::ExitCode,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use neovm::{Engine, Outcome};

use crate::{
    engine::{EngineKind, compiler_stats},
    interrupt,
    invocation::{Call, Invocation, Prepared},
    report::{self, Report},
    show, terminal, trace,
};

/// Run a script, or a method of a contract
///
/// The exit code is 0 if the script halts and 3 if it faults; with --json it is 0
/// for both. Without --host, system calls fault.
#[derive(clap::Args)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    invocation: Invocation,
    /// What runs the script
    #[arg(long, value_enum, default_value_t)]
    engine: EngineKind,
    /// Show each instruction before it runs, on standard error
    #[arg(long)]
    trace: bool,
    /// Show what ran and how fast, on standard error
    #[arg(long)]
    stats: bool,
    /// Write JSON: the result of the RPC call invokescript, and "fault_at", the
    /// position of a fault in bytes
    #[arg(long)]
    json: bool,
}

impl RunArgs {
    pub(crate) fn call_mut(&mut self) -> &mut Call {
        &mut self.invocation.call
    }
}

pub(crate) fn execute(args: &RunArgs) -> Result<ExitCode> {
    let RunArgs { invocation, engine: kind, .. } = args;
    let engine = kind.engine(invocation.config());
    let program = invocation.read()?;
    let mut prepared = invocation.prepare(&engine, &program)?;
    let Prepared { vm, host, .. } = &mut prepared;
    interrupt::watch(vm);
    let begun = Instant::now();
    let outcome = if args.trace { trace::run(vm, host.as_mut())? } else { vm.run(host.as_mut()) };
    let running = begun.elapsed();
    let Prepared { vm, method, .. } = &prepared;
    if args.json {
        let text = report::json(&program, vm);
        io::stdout().write_all(text.as_bytes()).context("cannot write to standard output")?;
        report::stopped(&outcome, vm).iter().for_each(|why| terminal::warn(&format!("stopped {why}")));
    } else {
        Report { invocation, engine: &engine, program: &program, method: *method, vm, outcome: &outcome }.write()?;
    }
    if args.stats {
        write_stats(&engine, &prepared, args, running).context("cannot write to standard error")?;
    }
    // To programs that read JSON, a fault is a result like any other.
    let is_result = args.json && matches!(outcome, Outcome::Fault(_));
    Ok(if is_result { ExitCode::SUCCESS } else { report::exit_code(&outcome).into() })
}

fn write_stats(engine: &Engine, prepared: &Prepared<'_>, args: &RunArgs, running: Duration) -> io::Result<()> {
    let Prepared { vm, code, decoding, .. } = prepared;
    let host = if args.invocation.host.is_some() { "stub, system calls are free" } else { "none" };
    let how = if args.trace { "interp, step by step" } else { args.engine.name() };
    let each = running.as_nanos() as f64 / vm.instructions().max(1) as f64;
    let mut out = io::stderr().lock();
    writeln!(out, "engine {how}; hardfork {}; host {host}", vm.hardfork().name())?;
    writeln!(out, "script of {} bytes decoded to {} bytes in {decoding:.1?}", code.script().len(), code.memory())?;
    writeln!(out, "ran {} in {running:.1?}, {each:.2} ns each", show::count(vm.instructions(), "instruction"))?;
    writeln!(out, "{}", compiler_stats(engine))
}
