//! `neovm batch`: scripts line by line.

use std::{
    borrow::Cow,
    io::{self, IsTerminal, Write},
    path::PathBuf,
    process::ExitCode,
    time::{Duration, Instant},
};

use anyhow::{Result, anyhow, bail, ensure};
use neovm::{Engine, EngineConfig, Gas, Hardfork, LoadOptions, NoHost, Outcome, RunOptions, StubHost, Vm};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    engine::{EngineKind, compiler_stats},
    input::{self, TEST_GAS},
    json::{push, push_stack, push_text},
    lines,
    progress::Progress,
    show,
};

/// Run scripts line by line, from standard input to standard output
///
/// A line is
///   {"id","script":HEX,"gas_limit":DATOSHI,"hardfork":NAME,"host":"stub"}
/// Only the script is required, and other fields are ignored. The answer is a line
///   {"id","state","gasconsumed","exception","fault_at","stack","refs","instructions"}
/// or {"line","error"} if the line is malformed. The lines after it run all the same,
/// and the exit code is 1 in the end.
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
#[command(after_help = "Examples:
  neovm batch < scripts.jsonl
  neovm batch --engine interp < scripts.jsonl > results.jsonl")]
pub(crate) struct BatchArgs {
    /// What runs the scripts
    #[arg(long, value_enum, default_value_t)]
    engine: EngineKind,
    /// The file of system calls for lines with "host":"stub"
    #[arg(long, value_name = "STUB.json")]
    host: Option<PathBuf>,
    /// The gas limit of lines without "gas_limit", in datoshi
    #[arg(long, value_name = "DATOSHI", default_value_t = TEST_GAS, value_parser = clap::value_parser!(i64).range(0..))]
    gas: i64,
    /// Show what ran and how fast, on standard error
    #[arg(long)]
    stats: bool,
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
}

struct Batch {
    engine: Engine,
    vm: Vm,
    host: Option<StubHost>,
    gas: i64,
    instructions: u64,
    time: Duration,
}

pub(crate) fn execute(args: &BatchArgs) -> Result<ExitCode> {
    let host = args.host.as_deref().map(input::stub_host).transpose()?;
    let engine = args.engine.engine(EngineConfig::default());
    let vm = engine.vm(RunOptions::default());
    let mut batch = Batch { engine, vm, host, gas: args.gas, instructions: 0, time: Duration::ZERO };
    // At a terminal, the answers show how far it is.
    let progress = (!io::stdout().is_terminal()).then(|| Progress::new(None, "scripts"));
    let moved = |count| progress.iter().for_each(|progress| progress.set(count));
    let counts = lines::answer_lines(moved, |line, out| batch.answer(line, out))?;
    drop(progress);
    if args.stats {
        let Batch { instructions, time, engine, .. } = batch;
        let each = time.as_nanos() as f64 / instructions.max(1) as f64;
        writeln!(
            io::stderr(),
            "engine {}: {} ({} malformed), {} in {time:.3?}, {each:.2} ns each\n{}",
            args.engine.name(),
            show::count(counts.lines, "line"),
            counts.malformed,
            show::count(instructions, "instruction"),
            compiler_stats(&engine),
        )?;
    }
    counts.check()?;
    Ok(ExitCode::SUCCESS)
}

impl Batch {
    fn answer(&mut self, line: &[u8], out: &mut String) -> Result<()> {
        let line: Line<'_> = lines::parse(line)?;
        let script = input::hex_bytes(&line.script).and_then(|bytes| input::script(&bytes));
        let script = script.map_err(|error| anyhow!("script: {error:#}"))?;
        let gas = line.gas_limit.unwrap_or(self.gas);
        ensure!(gas >= 0, "gas_limit: {gas} is below zero");
        let hardfork = line.hardfork.as_deref().map(input::hardfork).transpose();
        self.prepare(gas, hardfork.map_err(|error| anyhow!("hardfork: {error}"))?.unwrap_or_default());

        let begun = Instant::now();
        let code = self.engine.prepare(&script)?;
        self.vm.load(code, LoadOptions::default())?;
        let outcome = match (line.host.as_deref(), &mut self.host) {
            (None, _) => self.vm.run(&mut NoHost),
            (Some("stub"), Some(host)) => self.vm.run(host),
            (Some("stub"), None) => bail!("host: \"stub\" needs the option --host STUB.json"),
            (Some(other), _) => bail!("host: no host {other:?}; there is \"stub\""),
        };
        self.time += begun.elapsed();
        self.instructions += self.vm.instructions();
        push_result(out, &line.id, &self.vm, &outcome);
        Ok(())
    }

    /// Makes the machine ready, and a new one for another hardfork.
    fn prepare(&mut self, gas: i64, hardfork: Hardfork) {
        let options = RunOptions::new(Gas::from_datoshi(gas));
        if self.vm.hardfork() == hardfork {
            self.vm.reset(options, &mut NoHost);
        } else {
            self.vm = Vm::new(self.engine.config().vm.clone().with_hardfork(hardfork), options);
        }
    }
}

fn push_result(out: &mut String, id: &Value, vm: &Vm, outcome: &Outcome) {
    let (state, gas) = (vm.state(), vm.gas_consumed().datoshi_ceil());
    push(out, format_args!("{{\"id\":{id},\"state\":\"{state}\",\"gasconsumed\":\"{gas}\",\"exception\":"));
    if let Outcome::Fault(fault) = outcome {
        push_text(out, Some(&fault.kind.to_string()));
        let position = Value::from(fault.position);
        push(out, format_args!(",\"fault_at\":{position},\"stack\":null,\"refs\":null"));
    } else {
        out.push_str("null,\"fault_at\":null,\"stack\":");
        push_stack(out, vm);
        push(out, format_args!(",\"refs\":{}", vm.reference_count()));
    }
    push(out, format_args!(",\"instructions\":{}}}", vm.instructions()));
}
