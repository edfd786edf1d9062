//! `neovm bench`: how long scripts take.

use std::{
    borrow::Cow,
    fs::File,
    io::{self, BufRead, BufReader, Read, Write},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, anyhow, bail, ensure};
use flate2::bufread::MultiGzDecoder;
use neovm::{Code, Config, Engine, Host, Integer, LoadOptions, NoHost, Outcome, StubHost, Vm};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    engine::EngineKind,
    input,
    json::{push, push_stack, push_text},
    lines::{self, MAX_LINE},
    show,
};

/// Time scripts line by line
///
/// A line is {"id","script":HEX,"gas_limit":DATOSHI,"hardfork":NAME,"host":"stub",
/// "state":NAME,"expect":INTEGER,"stack":[ITEM]}; all but the script may be
/// missing, other fields are ignored. The result is checked first, and a wrong one
/// not timed: the state (HALT if none is given), the integer on top, the result
/// stack. What is timed is a run on a warm machine: loading, running and dropping a
/// script that was decoded before; without "gas_limit" gas does not end. Lines that are malformed or wrong do not stop the
/// rest; the exit code is 1 in the end.
#[derive(clap::Args)]
pub(crate) struct BenchArgs {
    /// A file of lines, compressed by gzip or not, or - for standard input
    #[arg(value_name = "FILE.jsonl")]
    file: PathBuf,
    /// What runs the scripts
    #[arg(long, value_enum, default_value_t)]
    engine: EngineKind,
    /// Milliseconds that each script runs at least
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u64).range(1..=60_000))]
    min_ms: u64,
    /// Print a line of JSON for each script
    #[arg(long)]
    json: bool,
    /// The file of system calls for lines with "host":"stub"
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
    expect: Option<String>,
    /// The result stack; a text in place of a list says why it cannot be shown.
    stack: Option<Value>,
}

/// Enough runs make a sample that reading the clock does not matter.
const SAMPLE: Duration = Duration::from_micros(100);

/// How long a script runs before it is timed.
const WARM_UP: Duration = Duration::from_millis(20);

/// Samples of a script that runs long.
const MIN_SAMPLES: usize = 5;

/// What all files compressed by gzip start with.
const GZIP: [u8; 2] = [0x1f, 0x8b];

pub(crate) fn execute(args: &BenchArgs) -> Result<ExitCode> {
    let stub = args.host.as_deref().map(input::stub_host).transpose()?;
    let mut input = open(&args.file)?;
    let mut out = io::stdout().lock();
    if !args.json {
        writeln!(out, "{:37}{:>12}{:>12}   ns per instruction", "", "", "run")?;
        writeln!(
            out,
            "{:37}{:>12}{:>12}{:>9}{:>9}{:>9}",
            "script", "instructions", "median", "min", "median", "spread"
        )?;
    }
    let least = Duration::from_millis(args.min_ms);
    let (mut line, mut count, mut failed) = (Vec::new(), 0, 0);
    while let Some(fits) = lines::next_line(&mut input, &mut line).context("cannot read on")? {
        count += 1;
        let too_long = || Err(anyhow!("the line has more than {MAX_LINE} bytes"));
        match if fits { measure(&line, stub.as_ref(), args.engine, least) } else { too_long() } {
            Ok(timing) if args.json => writeln!(out, "{}", timing.json())?,
            Ok(timing) => writeln!(out, "{}", timing.row())?,
            Err(error) => {
                failed += 1;
                report(&mut out, args.json, count, &error)?;
            }
        }
    }
    ensure!(failed == 0, "{failed} of {count} lines are malformed or have a wrong result");
    Ok(ExitCode::SUCCESS)
}

/// Tells what is wrong with a line: programs in its place, people beside the table.
fn report(out: &mut impl Write, json: bool, line: u64, error: &anyhow::Error) -> io::Result<()> {
    if !json {
        return writeln!(io::stderr(), "line {line}: {error:#}");
    }
    let mut text = String::new();
    push_text(&mut text, Some(&format!("{error:#}")));
    writeln!(out, "{{\"line\":{line},\"error\":{text}}}")
}

/// The lines of a file, decompressed where they need it.
fn open(path: &Path) -> Result<Box<dyn BufRead>> {
    let named = || format!("cannot read {}", path.display());
    let file: Box<dyn Read> =
        if path == "-" { Box::new(io::stdin()) } else { Box::new(File::open(path).with_context(named)?) };
    let mut input = BufReader::with_capacity(1 << 16, file);
    if input.fill_buf().with_context(named)?.starts_with(&GZIP) {
        return Ok(Box::new(BufReader::new(MultiGzDecoder::new(input))));
    }
    Ok(Box::new(input))
}

/// How long a script took.
struct Timing {
    id: Value,
    engine: EngineKind,
    instructions: u64,
    /// Nanoseconds of a run: least, median and most.
    run: [f64; 3],
    /// From the first to the third quarter of the samples, in parts of the median.
    spread: f64,
}

/// Checks and times the script of a line.
fn measure(line: &[u8], stub: Option<&StubHost>, kind: EngineKind, least: Duration) -> Result<Timing> {
    let line: Line<'_> = lines::parse(line)?;
    let mut runner = Runner::new(&line, stub, kind)?;
    let outcome = runner.run()?;
    check(&line, &outcome, &runner.vm)?;
    runner.warm_up()?;
    let samples = runner.samples(least)?;
    let at = |part: f64| samples[((samples.len() - 1) as f64 * part) as usize];
    let run = [at(0.0), at(0.5), at(1.0)];
    let spread = (at(0.75) - at(0.25)) / at(0.5);
    Ok(Timing { id: line.id, engine: kind, instructions: runner.vm.instructions(), run, spread })
}

/// A machine with the script that it runs over and over.
struct Runner {
    engine: Engine,
    vm: Vm,
    host: Box<dyn Host>,
    code: Arc<Code>,
    gas: i64,
}

impl Runner {
    fn new(line: &Line<'_>, stub: Option<&StubHost>, kind: EngineKind) -> Result<Self> {
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
        let engine = kind.engine(Config { hardfork, ..Config::default() });
        let vm = engine.vm(gas);
        let code = engine.prepare(&script)?;
        Ok(Self { engine, vm, host, code, gas })
    }

    /// Runs until all that is hot is compiled, and compiled anew where it has to be.
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
    fn run(&mut self) -> Result<Outcome> {
        self.vm.reset(self.gas, &mut NoHost);
        self.vm.load(Arc::clone(&self.code), LoadOptions::default())?;
        Ok(self.vm.run(&mut *self.host))
    }

    /// Nanoseconds of a run, in each sample, in order.
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

/// An error if the result is not what the line says.
fn check(line: &Line<'_>, outcome: &Outcome, vm: &Vm) -> Result<()> {
    let (state, wanted) = (vm.state().name(), line.state.as_deref().unwrap_or("HALT"));
    let why = if let Outcome::Fault(fault) = outcome { format!(" ({fault})") } else { String::new() };
    ensure!(state == wanted, "wrong result: {state}{why}, not {wanted}");
    if let Some(expect) = &line.expect {
        let wanted: Integer = expect.parse().map_err(|error| anyhow!("expect: {error}"))?;
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

impl Timing {
    /// Nanoseconds of an instruction: least, median and most.
    fn instruction(&self) -> [f64; 3] {
        // A script whose first byte is no opcode begins no instruction.
        self.run.map(|time| time / self.instructions.max(1) as f64)
    }

    fn json(&self) -> String {
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
    fn row(&self) -> String {
        let id = self.id.as_str().map_or_else(|| self.id.to_string(), str::to_owned);
        let id: String = id.chars().take(36).collect();
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
