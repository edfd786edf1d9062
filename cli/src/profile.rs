//! `neovm profile`: where gas, instructions and time go.

use std::{path::PathBuf, process::ExitCode};

use anyhow::{Result, ensure};
use neovm::{EngineConfig, Outcome, Vm};
use neovm_workbench::{Measure, Profile, Row, Scripts};
use serde_json::Value;

use crate::{
    Usage,
    chain::{ChainArgs, Session},
    debug_info, input,
    invocation::{Call, Invocation},
    json::push,
    report::Ended,
    show, terminal,
};

/// Show what gas, instructions and time a run takes, and where
///
/// The script runs as with run, without machine code. Tables show contracts, methods with
/// what they call, source lines (where there is debug information), and opcodes.
///
/// The exit code is 0 if the script halts and 3 if it faults.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  neovm profile arith.nef --method fib 100
  neovm profile arith.nef --method fib 100 --by instructions --flame fib.svg
  neovm profile arith.nef --method fib 100 --folded > fib.folded
  neovm profile token.nef --method transfer A B 5 null --signer A --json")]
pub(crate) struct ProfileArgs {
    #[command(flatten)]
    invocation: Invocation,
    #[command(flatten)]
    chain: ChainArgs,
    #[command(flatten)]
    debug_info: debug_info::DebugInfoArgs,
    /// What the tables are sorted by and the flame graph shows: gas, instructions or
    /// time. The time is that of single steps: it compares, and does not say how long a
    /// run takes
    #[arg(long, value_name = "MEASURE", default_value = "gas")]
    by: Measure,
    /// How many rows a table has at most
    #[arg(long, value_name = "N", default_value_t = 15)]
    top: usize,
    /// Write a flame graph to this file
    #[arg(long, value_name = "OUT.svg")]
    flame: Option<PathBuf>,
    /// Write folded stacks, as tools for flame graphs read them, in place of the tables:
    /// picoGAS, instructions or nanoseconds
    #[arg(long)]
    folded: bool,
    /// Write JSON in place of the tables; gas is in picoGAS
    #[arg(long, conflicts_with = "folded")]
    json: bool,
}

impl ProfileArgs {
    pub(crate) fn call_mut(&mut self) -> &mut Call {
        &mut self.invocation.call
    }
}

pub(crate) fn execute(args: &ProfileArgs) -> Result<ExitCode> {
    ensure!(args.invocation.host.is_none(), Usage("profile runs on a chain: it takes no --host".into()));
    let program = args.invocation.read()?;
    let session = Session::new(&args.chain, &args.invocation, &program, config(&args.invocation))?;
    let mut scripts = Scripts::default();
    if let Some(info) = args.debug_info.read(&program)? {
        scripts.add_debug_info(&program.script, info);
    }
    let mut execution = session.begin()?;
    let mut profile = Profile::new(scripts, args.by == Measure::Time);
    let outcome = execution.run_watched(|execution| profile.watch(execution));
    profile.watch(&execution);
    write_file(args.flame.as_ref(), || profile.flame(args.by))?;
    let text = if args.json {
        json(&profile, execution.vm(), &outcome).to_string() + "\n"
    } else if args.folded {
        profile.folded(args.by)
    } else {
        tables(args, &profile)
    };
    terminal::write(&text)?;
    Ok(ended(execution.vm(), outcome))
}

/// The tables, and how the run ended.
fn json(profile: &Profile, vm: &Vm, outcome: &Outcome) -> Value {
    let mut json = profile.json();
    json["state"] = vm.state().to_string().into();
    json["fault"] = match outcome {
        Outcome::Fault(fault) => fault.kind.to_string().into(),
        _ => Value::Null,
    };
    json
}

/// Writes a file that was asked for.
pub(crate) fn write_file(path: Option<&PathBuf>, content: impl FnOnce() -> String) -> Result<()> {
    let Some(path) = path else { return Ok(()) };
    input::write_file(path, content())
}

/// Nothing is compiled: each instruction is looked at.
pub(crate) fn config(invocation: &Invocation) -> EngineConfig {
    crate::engine::EngineKind::Interp.config(invocation.config())
}

/// Says why a run did not halt, and returns the exit code.
pub(crate) fn ended(vm: &Vm, outcome: Outcome) -> ExitCode {
    let ended = Ended::new(vm, outcome);
    if let Outcome::Fault(fault) = &ended.outcome {
        terminal::warn(&format!("the script faulted: {}", show::one_line(&fault.kind.to_string())));
    }
    ended.stopped().iter().for_each(|why| terminal::warn(&format!("stopped {why}")));
    ended.exit_code().into()
}

fn tables(args: &ProfileArgs, profile: &Profile) -> String {
    let total = profile.total();
    let gas = show::gas(total.gas.datoshi_ceil());
    let mut out = format!("{}, {gas} GAS\n", show::count(total.instructions, "instruction"));
    let whole = args.by.of(&total).max(1);
    let sections = [
        ("contracts", profile.contracts()),
        ("methods", profile.methods()),
        ("source lines", profile.lines()),
        ("opcodes", profile.opcodes()),
    ];
    for (what, mut rows) in sections {
        if !rows.is_empty() {
            rows.sort_by_key(|row| std::cmp::Reverse(args.by.of(&row.own)));
            push_table(&mut out, what, &rows, args, whole);
        }
    }
    out
}

/// Appends a table. What rows have in total is shown for methods alone, which call others.
fn push_table(out: &mut String, what: &str, rows: &[Row], args: &ProfileArgs, whole: u128) {
    let is_time = args.by == Measure::Time;
    push(out, format_args!("\n{:>12} {:>14} {:>7} {:>7}  {what}\n", "instructions", "gas", "own %", "total %"));
    let percent = |cost| format!("{:.1}", args.by.of(cost) as f64 * 100.0 / whole as f64);
    for row in rows.iter().take(args.top) {
        let total = if what == "methods" { percent(&row.total) } else { String::new() };
        let gas = show::gas(row.own.gas.datoshi_ceil());
        let time = if is_time { format!("  ({:.1} µs)", row.own.nanoseconds as f64 / 1e3) } else { String::new() };
        let line =
            format!("{:>12} {gas:>14} {:>7} {total:>7}  {}{time}", row.own.instructions, percent(&row.own), row.name);
        push(out, format_args!("{}\n", terminal::cut(&line, terminal::width())));
    }
    if rows.len() > args.top {
        push(out, format_args!("{:>12} more\n", rows.len() - args.top));
    }
}
