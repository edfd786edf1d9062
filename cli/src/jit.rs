//! `neovm jit`: what the compiler makes of a script.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use anyhow::{Context, Result};
use neovm::{Config, Engine, JitMode, jit::Report};

use crate::{
    Usage,
    run::{Invocation, Prepared},
};

/// Show what the compiler makes of a script, or of a method of a contract
///
/// Runs it, so that the compiler sees what the machine holds, and shows each
/// region that was compiled or not: where it begins, its size, how long that
/// took, and why not.
#[derive(clap::Args)]
pub(crate) struct JitArgs {
    #[command(flatten)]
    invocation: Invocation,
    /// How often a place is reached until it is compiled; 1 compiles the
    /// script's begin too
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..))]
    threshold: u32,
    /// Show Cranelift's intermediate language
    #[arg(long)]
    clif: bool,
    /// Show machine code
    #[arg(long)]
    asm: bool,
}

pub(crate) fn execute(args: &JitArgs) -> Result<ExitCode> {
    let mode = JitMode::Lazy { threshold: args.threshold, background: false };
    let engine = Engine::new(Config { jit: mode, ..args.invocation.config() });
    let Some(jit) = engine.jit() else { return Err(Usage("there is no compiler for this platform".into()).into()) };
    jit.watch();
    let Prepared { mut vm, mut host, .. } = args.invocation.prepare(&engine)?;
    vm.run(host.as_mut());
    let mut out = io::stdout().lock();
    for report in jit.reports() {
        show(&mut out, &report, args).context("cannot write to standard output")?;
    }
    writeln!(out, "{}", jit.stats()).context("cannot write to standard output")?;
    Ok(ExitCode::SUCCESS)
}

fn show(out: &mut impl Write, report: &Report, args: &JitArgs) -> io::Result<()> {
    let Report { position, time, outcome } = report;
    let details = match outcome {
        Ok(details) => details,
        Err(refusal) => return writeln!(out, "byte {position}: not compiled: {refusal}"),
    };
    let kind = if details.has_loop { "loop" } else { "method" };
    let each = time.as_secs_f64() * 1e6 / details.instructions as f64;
    writeln!(
        out,
        "byte {position}: {kind} of {} instructions in {} blocks: {} bytes in {time:.1?}, {each:.1} us an instruction",
        details.instructions, details.blocks, details.size
    )?;
    if args.clif {
        writeln!(out, "{}", details.clif)?;
    }
    if args.asm {
        writeln!(out, "{}", details.assembly)?;
    }
    Ok(())
}
