//! `neovm bench`: how long scripts take.

mod timing;

use std::{
    borrow::Cow,
    fs::File,
    io::{self, BufRead, BufReader, Read, Write},
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use anyhow::{Context, Result, anyhow, bail, ensure};
use flate2::bufread::MultiGzDecoder;
use neovm::{Integer, Outcome, StubHost, Vm};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    Usage,
    engine::EngineKind,
    input::{self, Format},
    invocation::Call,
    json::{push_stack, push_text},
    lines::{self, MAX_LINE},
    progress::Progress,
    show, terminal,
};
use timing::{Runner, Timing};

/// Time a method of a contract, or scripts line by line
///
/// With --method, the file is a contract, X.nef with X.manifest.json beside it.
///
/// Otherwise it is a list of scripts. A line is
///   {"id","script":HEX,"gas_limit":DATOSHI,"hardfork":NAME,"host":"stub",
///    "state":NAME,"expect":INTEGER,"stack":[ITEM]}
/// Only the script is required, and other fields are ignored. The result is checked
/// before anything is timed: the state (HALT unless given), the integer on top of the
/// stack ("expect":55 or "expect":"55"), the whole result stack.
///
/// A run on a warm machine is timed: loading, running and dropping a script that
/// was decoded before, without a gas limit unless the line has one. After lines
/// that are malformed or have a wrong result the others are timed all the same,
/// and the exit code is 1 in the end.
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
#[command(after_help = "Examples:
  neovm bench workloads.jsonl
  neovm bench arith.nef --method fib 1000 --engine interp")]
pub(crate) struct BenchArgs {
    /// A contract, or a file of lines, compressed by gzip or not; - for standard input
    #[arg(value_name = "X.nef|FILE.jsonl")]
    file: PathBuf,
    #[command(flatten)]
    call: Call,
    /// The contract's manifest; X.manifest.json beside X.nef unless given
    #[arg(long, value_name = "FILE", requires = "method")]
    manifest: Option<PathBuf>,
    /// What runs the scripts
    #[arg(long, value_enum, default_value_t)]
    engine: EngineKind,
    /// Run each script for at least N milliseconds
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u64).range(1..=60_000))]
    min_ms: u64,
    /// Print a line of JSON for each script
    #[arg(long)]
    json: bool,
    /// The file of system calls, for a contract and for lines with "host":"stub"
    #[arg(long, value_name = "STUB.json")]
    host: Option<PathBuf>,
}

/// A line of the input.
#[derive(Deserialize)]
struct Line<'a> {
    #[serde(default)]
    id: Value,
    #[serde(borrow)]
    script: Cow<'a, str>,
    gas_limit: Option<i64>,
    hardfork: Option<String>,
    host: Option<String>,
    state: Option<String>,
    /// The integer on top of the stack, as a number or as a text.
    expect: Option<Value>,
    /// The result stack; a text in place of a list says why it cannot be shown.
    stack: Option<Value>,
}

/// What all files compressed by gzip start with.
const GZIP: [u8; 2] = [0x1f, 0x8b];

impl BenchArgs {
    pub(crate) fn call_mut(&mut self) -> &mut Call {
        &mut self.call
    }
}

/// What an error of standard output is said to be.
const UNWRITTEN: &str = "cannot write to standard output";

pub(crate) fn execute(args: &BenchArgs) -> Result<ExitCode> {
    let stub = args.host.as_deref().map(input::stub_host).transpose()?;
    if args.call.method.is_some() {
        return time_method(args, stub);
    }
    if !args.call.args.is_empty() {
        return Err(Usage("arguments are those of a method: name it by --method".into()).into());
    }
    time_lines(args, stub.as_ref())
}

fn time_method(args: &BenchArgs, stub: Option<StubHost>) -> Result<ExitCode> {
    let program = input::read(&args.file, Format::Auto, args.manifest.as_deref())?;
    let mut runner = Runner::of_method(args.call.resolve(&program)?, &program.script, stub, args.engine)?;
    let outcome = runner.run()?;
    ensure!(outcome == Outcome::Halt, "the method does not halt: {}", ended(&outcome, &runner.vm));
    let id = Value::from(args.call.method.as_deref());
    let timing = runner.time(id, args.engine, Duration::from_millis(args.min_ms))?;
    let mut out = terminal::output();
    let written = match args.json {
        true => writeln!(out, "{}", timing.json()),
        false => writeln!(out, "{}{}", timing::HEADER, timing.row()),
    };
    written.and_then(|()| out.flush()).context(UNWRITTEN)?;
    Ok(ExitCode::SUCCESS)
}

/// How a run ended, in a word or a few.
fn ended(outcome: &Outcome, vm: &Vm) -> String {
    let state = vm.state().name();
    if let Outcome::Fault(fault) = outcome { format!("{state} ({})", fault.kind) } else { state.into() }
}

fn time_lines(args: &BenchArgs, stub: Option<&StubHost>) -> Result<ExitCode> {
    let mut input = open(&args.file)?;
    let mut out = terminal::output();
    if !args.json {
        write!(out, "{}", timing::HEADER).context(UNWRITTEN)?;
    }
    let progress = Progress::new(None, "scripts");
    let least = Duration::from_millis(args.min_ms);
    let (mut line, mut count, mut failed) = (Vec::new(), 0, 0);
    while let Some(fits) = lines::next_line(&mut input, &mut line).context("cannot read on")? {
        count += 1;
        let too_long = || Err(anyhow!("the line has more than {MAX_LINE} bytes"));
        let timing = if fits { measure(&line, stub, args.engine, least) } else { too_long() };
        let written = progress.suspend(|| match timing {
            Ok(timing) if args.json => writeln!(out, "{}", timing.json()),
            Ok(timing) => writeln!(out, "{}", timing.row()),
            Err(error) => {
                failed += 1;
                report(&mut out, args.json, count, &error)
            }
        });
        written.and_then(|()| out.flush()).context(UNWRITTEN)?;
        progress.set(count);
    }
    let are = if failed == 1 { "is malformed or has" } else { "are malformed or have" };
    ensure!(failed == 0, "{failed} of {} {are} a wrong result", show::count(count, "line"));
    Ok(ExitCode::SUCCESS)
}

/// Reports what is wrong with a line: to programs in its place, to people beside
/// the table.
fn report(out: &mut impl Write, json: bool, line: u64, error: &anyhow::Error) -> io::Result<()> {
    if !json {
        return writeln!(io::stderr(), "line {line}: {error:#}");
    }
    let mut text = String::new();
    push_text(&mut text, Some(&format!("{error:#}")));
    writeln!(out, "{{\"line\":{line},\"error\":{text}}}")
}

/// The lines of a file, decompressed if they are compressed.
fn open(path: &Path) -> Result<Box<dyn BufRead>> {
    let named = || format!("cannot read {}", path.display());
    let file: Box<dyn Read> =
        if path == "-" { Box::new(io::stdin()) } else { Box::new(File::open(path).with_context(named)?) };
    let mut input = BufReader::with_capacity(1 << 16, file);
    let start = input.fill_buf().with_context(named)?;
    if start.starts_with(b"NEF3") {
        let text = format!("{} is a contract: add --method NAME (neovm methods lists them)", path.display());
        return Err(Usage(text).into());
    }
    if start.starts_with(&GZIP) {
        return Ok(Box::new(BufReader::new(MultiGzDecoder::new(input))));
    }
    Ok(Box::new(input))
}

/// Checks and times the script of a line.
fn measure(line: &[u8], stub: Option<&StubHost>, kind: EngineKind, least: Duration) -> Result<Timing> {
    let line: Line<'_> = lines::parse(line)?;
    let mut runner = Runner::of_line(&line, stub, kind)?;
    let outcome = runner.run()?;
    check(&line, &outcome, &runner.vm)?;
    runner.time(line.id, kind, least)
}

/// Checks that the result is what the line says.
fn check(line: &Line<'_>, outcome: &Outcome, vm: &Vm) -> Result<()> {
    let (state, wanted) = (vm.state().name(), line.state.as_deref().unwrap_or("HALT"));
    ensure!(state == wanted, "wrong result: {}, not {wanted}", ended(outcome, vm));
    if let Some(expect) = &line.expect {
        let text = expect.as_str().map_or_else(|| expect.to_string(), str::to_owned);
        let wanted: Integer = text.parse().map_err(|error| anyhow!("expect: {error}"))?;
        let Some(top) = vm.results().last() else { bail!("wrong result: nothing on top, not {wanted}") };
        ensure!(top.to_integer().as_ref() == Ok(&wanted), "wrong result: {} on top, not {wanted}", show::item(top));
    }
    if let Some(stack @ Value::Array(_)) = &line.stack {
        let mut text = String::new();
        push_stack(&mut text, vm);
        let results: Vec<_> = vm.results().iter().map(show::item).collect();
        let equal = serde_json::from_str::<Value>(&text).is_ok_and(|result| result == *stack);
        ensure!(equal, "wrong result: the stack is not \"stack\", but [{}]", results.join(", "));
    }
    Ok(())
}
