//! `neovm jit`: what the compiler makes of a script.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use anyhow::{Context, Result};
use neovm::{Engine, JitMode, jit::Report as Compiled};

use crate::{
    Usage, interrupt,
    invocation::{Call, Invocation, Prepared},
    report::{Ended, Report},
    show, terminal,
};

/// Show what the compiler makes of a script, or of a method of a contract
///
/// Runs it, so that the compiler sees which types the values have, and shows each
/// region that it tried to compile: where it begins, its size, how long that took,
/// or why it was not compiled. Then follows how the run ended; the exit code is
/// that of `run`.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  neovm jit 0x139d4a24fe40
  neovm jit arith.nef --method fib 1000")]
pub(crate) struct JitArgs {
    #[command(flatten)]
    invocation: Invocation,
    /// Compile code once it was reached N times; 1 compiles the beginning of the
    /// script as well
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..))]
    threshold: u32,
    /// Show Cranelift's intermediate language
    #[arg(long)]
    clif: bool,
    /// Show machine code
    #[arg(long)]
    asm: bool,
}

impl JitArgs {
    pub(crate) fn call_mut(&mut self) -> &mut Call {
        &mut self.invocation.call
    }
}

pub(crate) fn execute(args: &JitArgs) -> Result<ExitCode> {
    let JitArgs { invocation, threshold, .. } = args;
    let mode = JitMode::Lazy { threshold: *threshold, background: false };
    let engine = Engine::new(invocation.config().with_jit(mode));
    let Some(jit) = engine.jit() else { return Err(Usage("there is no compiler for this platform".into()).into()) };
    jit.watch();
    let program = invocation.read()?;
    let Prepared { mut vm, mut host, method, .. } = invocation.prepare(&engine, &program)?;
    vm.set_interrupt(Some(interrupt::flag()));
    let outcome = vm.run(host.as_mut());
    // Before the report, which may run the script once more.
    let (compiled, stats) = (jit.reports(), jit.stats());
    let mut out = terminal::output();
    for region in compiled {
        write_region(&mut out, &region, args).context("cannot write to standard output")?;
    }
    writeln!(out, "{stats}\n").context("cannot write to standard output")?;
    drop(out);
    let sites = invocation.sites(&engine, &program, &vm, &outcome);
    let ended = Ended::new(&vm, outcome);
    Report { ended: &ended, sites, method, syscalls: invocation.syscalls(), events: String::new() }.write()?;
    Ok(ended.exit_code().into())
}

fn write_region(out: &mut impl Write, region: &Compiled, args: &JitArgs) -> io::Result<()> {
    let Compiled { position, time, outcome } = region;
    let details = match outcome {
        Ok(details) => details,
        Err(refusal) => return writeln!(out, "byte {position}: not compiled: {refusal}"),
    };
    let kind = if details.has_loop { "loop" } else { "method" };
    let each = time.as_secs_f64() * 1e6 / details.instructions as f64;
    let instructions = show::count(details.instructions as u64, "instruction");
    let blocks = show::count(details.blocks as u64, "block");
    let bytes = show::count(details.size as u64, "byte");
    writeln!(
        out,
        "byte {position}: {kind} of {instructions} in {blocks}: {bytes} in {time:.1?}, {each:.1} us an instruction"
    )?;
    if args.clif {
        writeln!(out, "{}", details.clif)?;
    }
    if args.asm {
        writeln!(out, "{}", details.assembly)?;
    }
    Ok(())
}
