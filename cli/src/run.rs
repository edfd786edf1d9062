//! `neovm run`: one script or method.

use std::{
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, anyhow, bail};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use neovm::{
    Code, Config, Engine, Hardfork, Host, LoadOptions, NoHost, Outcome, StackItem, Vm, load_method,
    types::manifest::{Abi, Method},
};

use crate::{
    args,
    engine::{EngineKind, compiler_stats},
    input::{self, Program, Source, TEST_GAS},
    json::{push, push_stack, push_text},
    show, trace,
};

/// Most items of the stack that people see.
const MAX_ITEMS: usize = 20;

/// The exit code for a script that ended with a fault.
const FAULTED: u8 = 3;

/// Run a script, or a method of a contract
///
/// The exit code is 0 where the script halts and 3 where it faults; with --json
/// 0 for both. Without --host, system calls fault.
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
    /// Tell on standard error what ran and how fast
    #[arg(long)]
    stats: bool,
    /// Write JSON, in the form of the RPC call invokescript
    #[arg(long)]
    json: bool,
}

/// What is run, and with what.
#[derive(clap::Args)]
pub(crate) struct Invocation {
    #[command(flatten)]
    source: Source,
    /// Run this method, which the manifest X.manifest.json beside X.nef tells
    /// of, after _initialize if there is one; without it the script runs from
    /// its first byte
    #[arg(long, value_name = "NAME")]
    method: Option<String>,
    /// Arguments, the first one on top of the stack.
    ///
    /// By the type of the method's parameter: Integer in decimal; Boolean true
    /// or false; String text; ByteArray 0x and hexadecimal, or else text;
    /// Signature and PublicKey hexadecimal; Hash160 0x and hexadecimal as shown
    /// (in reverse), or an address; Hash256 hexadecimal as shown; Array, Map and
    /// Any, and all arguments without --method, JSON: as it is ("text", 5,
    /// true, null, [1,2], {"key":1}) or in the form of the Neo RPC
    /// ({"type":"ByteString","value":BASE64}).
    #[arg(allow_negative_numbers = true)]
    args: Vec<String>,
    /// Gas that may be used, in datoshi (10^-8 GAS); 20 GAS unless told, as nodes
    /// allow for test calls
    #[arg(long, value_name = "DATOSHI", default_value_t = TEST_GAS, value_parser = clap::value_parser!(i64).range(0..))]
    gas: i64,
    /// The hardfork whose rules are followed: Genesis, Aspidochelone, Basilisk,
    /// Cockatrice, Domovoi, Echidna, Faun, Gorgon, Huyao or Iara. The names of the
    /// reference's jump tables work too: Default (Gorgon), NotGorgon (Faun) and
    /// NotEchidna (Domovoi)
    #[arg(long, value_name = "NAME", default_value_t, value_parser = input::hardfork)]
    hardfork: Hardfork,
    /// Stop, with exit code 1, after so many instructions
    #[arg(long, value_name = "N")]
    max_instructions: Option<u64>,
    /// The file of system calls: what each pops and pushes
    #[arg(long, value_name = "STUB.json")]
    host: Option<PathBuf>,
}

pub(crate) fn execute(args: &RunArgs) -> Result<ExitCode> {
    let invocation = &args.invocation;
    let engine = args.engine.engine(invocation.config());
    let Prepared { program, mut vm, code, mut host, decoding } = invocation.prepare(&engine)?;

    let begun = Instant::now();
    let outcome = match args.trace {
        true => trace::run(&mut vm, host.as_mut())?,
        false => vm.run(host.as_mut()),
    };
    let running = begun.elapsed();
    if args.stats {
        write_stats(&engine, &vm, &code, args, [decoding, running]).context("cannot write to standard error")?;
    }
    if let Outcome::Stopped(_) = outcome {
        let position = vm.position().unwrap_or_default();
        bail!("stopped by --max-instructions after {} instructions, at byte {position}", vm.instructions());
    }
    let text = if args.json { json(&program, &vm) } else { report(&vm) };
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).context("cannot write to standard output")?;
    match outcome {
        Outcome::Fault(_) if !args.json => Ok(FAULTED.into()),
        _ => Ok(ExitCode::SUCCESS),
    }
}

/// A program that is loaded, at its method, with its arguments.
pub(crate) struct Prepared {
    pub(crate) program: Program,
    pub(crate) vm: Vm,
    pub(crate) code: Arc<Code>,
    pub(crate) host: Box<dyn Host>,
    decoding: Duration,
}

impl Invocation {
    /// The settings of the engine that is to run it.
    pub(crate) fn config(&self) -> Config {
        Config { hardfork: self.hardfork, ..Config::default() }
    }

    /// Reads and loads it.
    pub(crate) fn prepare(&self, engine: &Engine) -> Result<Prepared> {
        let program = self.source.read()?;
        let host: Box<dyn Host> = match &self.host {
            Some(path) => Box::new(input::stub_host(path)?),
            None => Box::new(NoHost),
        };
        let mut vm = engine.vm(self.gas);
        vm.set_budget(self.max_instructions);
        let begun = Instant::now();
        let code = engine.prepare(&program.script)?;
        let decoding = begun.elapsed();
        enter(&mut vm, code.clone(), &program, self)?;
        Ok(Prepared { program, vm, code, host, decoding })
    }
}

/// Loads the program, at the method if one is named, with its arguments.
fn enter(vm: &mut Vm, code: Arc<Code>, program: &Program, args: &Invocation) -> Result<()> {
    let Some(name) = &args.method else {
        let items = args::untyped(&args.args)?;
        vm.load(code, LoadOptions::default())?;
        items.into_iter().rev().for_each(|item| vm.push(item));
        return Ok(());
    };
    let manifest = program.manifest.as_ref();
    let abi = &manifest.context("--method needs a file X.nef with X.manifest.json beside it")?.abi;
    let method = find(abi, name, args.args.len())?;
    let items = args::typed(&args.args, &method.parameters)?;
    load_method(vm, &code, abi, method, items)
        .with_context(|| format!("method {} starts at byte {}", method.name, method.offset))
}

/// The method of a name that takes so many arguments.
fn find<'a>(abi: &'a Abi, name: &str, count: usize) -> Result<&'a Method> {
    abi.method(name, Some(count)).ok_or_else(|| {
        let same_name: Vec<String> = abi.methods.iter().filter(|method| method.name == name).map(signature).collect();
        if same_name.is_empty() {
            let all: Vec<String> = abi.methods.iter().map(signature).collect();
            return anyhow!("there is no method {name:?}, but: {}", all.join(", "));
        }
        anyhow!("{count} arguments for method {}", same_name.join(", "))
    })
}

fn signature(method: &Method) -> String {
    let parameters =
        method.parameters.iter().map(|parameter| format!("{}: {}", parameter.name, parameter.parameter_type));
    format!("{}({}): {}", method.name, parameters.collect::<Vec<_>>().join(", "), method.return_type)
}

fn write_stats(
    engine: &Engine,
    vm: &Vm,
    code: &Code,
    args: &RunArgs,
    [decoding, running]: [Duration; 2],
) -> io::Result<()> {
    let host = if args.invocation.host.is_some() { "stub" } else { "none" };
    let how = if args.trace { "interp, step by step" } else { args.engine.name() };
    let each = running.as_nanos() as f64 / vm.instructions().max(1) as f64;
    let mut out = io::stderr().lock();
    writeln!(out, "engine {how}; hardfork {}; host {host}", vm.hardfork().name())?;
    writeln!(out, "script of {} bytes decoded to {} bytes in {decoding:.1?}", code.script().len(), code.memory())?;
    writeln!(out, "ran {} instructions in {running:.1?}, {each:.2} ns each", vm.instructions())?;
    writeln!(out, "{}", compiler_stats(engine))
}

/// The result as the RPC call invokescript gives it, on a line.
fn json(program: &Program, vm: &Vm) -> String {
    let script = BASE64_STANDARD.encode(program.script.bytes());
    let (state, gas) = (vm.state(), vm.gas_consumed());
    let exception = vm.fault().map(ToString::to_string);
    let mut out = format!("{{\"script\":\"{script}\",\"state\":\"{state}\",\"gasconsumed\":\"{gas}\",\"exception\":");
    push_text(&mut out, exception.as_deref());
    out.push_str(",\"stack\":");
    push_stack(&mut out, vm);
    out.push_str("}\n");
    out
}

/// The result as people read it.
fn report(vm: &Vm) -> String {
    let mut out = String::new();
    let gas = vm.gas_consumed();
    let mut line = |name: &str, text: String| push(&mut out, format_args!("{name:<14}{text}\n"));
    line("state", vm.state().to_string());
    if let Some(fault) = vm.fault() {
        line("fault", fault.to_string());
        let place = fault.position.map_or_else(|| "where no script is loaded".into(), |at| format!("at byte {at}"));
        line("", fault.opcode.map_or_else(|| place.clone(), |opcode| format!("{place}, {opcode}")));
    }
    line("gas", format!("{} GAS ({gas} datoshi)", show::gas(gas)));
    line("instructions", vm.instructions().to_string());
    if vm.fault().is_none() {
        push_items(&mut out, vm.results());
    }
    out
}

/// The result stack, its top last.
fn push_items(out: &mut String, items: &[StackItem]) {
    push(out, format_args!("{:<14}{} item{}\n", "stack", items.len(), if items.len() == 1 { "" } else { "s" }));
    for (i, item) in items.iter().enumerate().take(MAX_ITEMS) {
        let (name, text) = (item.item_type().name(), show::item(item));
        let value = text.strip_prefix(name).unwrap_or(&text).trim_start();
        push(out, format_args!("{i:>6}  {name:<12}{value}\n"));
    }
    if items.len() > MAX_ITEMS {
        push(out, format_args!("        and {} more\n", items.len() - MAX_ITEMS));
    }
}
