//! `neovm run`: one script or method.

use std::{
    io::{self, Write},
    process::ExitCode,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use neovm::{Engine, Execution, Outcome, Vm, host::CallTrace};
use neovm_node::diagnostics_json;
use neovm_workbench::CallTree;

use crate::{
    chain::{ChainArgs, Session},
    diff,
    engine::{EngineKind, compiler_stats},
    input::Program,
    interrupt,
    invocation::{Call, Invocation, Prepared},
    json::push,
    report::{Ended, Report, Syscalls},
    show, terminal,
    trace::{TraceArgs, Tracer},
};

/// Run a script, or a method of a contract
///
/// It runs on a chain in memory that begins with the genesis block of a network: a
/// contract is deployed first, and its method is called as by the RPC call
/// invokefunction. With --host there is no chain.
///
/// The exit code is 0 if the script halts and 3 if it faults; with --json it is 0
/// for both.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  neovm run 0x1213a0                                  # PUSH2 PUSH3 MUL
  neovm run arith.nef --method fib 10
  neovm run token.nef --method transfer A B 5 null --signer A --tree
  neovm run arith.nef --method fib 10 --trace --only method=fib --only opcode=ADD")]
pub(crate) struct RunArgs {
    #[command(flatten)]
    invocation: Invocation,
    #[command(flatten)]
    chain: ChainArgs,
    /// What runs the script
    #[arg(long, value_enum, default_value_t)]
    engine: EngineKind,
    #[command(flatten)]
    trace: TraceArgs,
    /// Show the calls of contracts as a tree: the gas of each in datoshi, arguments,
    /// events, logs, results and what it changed in the storage. With --json the tree is
    /// the field "calls"
    #[arg(long, conflicts_with = "host")]
    tree: bool,
    /// Show what ran and how fast, on standard error
    #[arg(long)]
    stats: bool,
    /// Write JSON: the result of the RPC call invokefunction or invokescript, and
    /// beside it "fault_at", the position of a fault in bytes, and on a chain "logs"
    #[arg(long)]
    json: bool,
}

impl RunArgs {
    pub(crate) fn call_mut(&mut self) -> &mut Call {
        &mut self.invocation.call
    }

    fn exit_code(&self, ended: &Ended) -> ExitCode {
        // To programs that read JSON, a fault is a result like any other.
        let is_result = self.json && matches!(ended.outcome, Outcome::Fault(_));
        if is_result { ExitCode::SUCCESS } else { ended.exit_code().into() }
    }
}

pub(crate) fn execute(args: &RunArgs) -> Result<ExitCode> {
    let program = args.invocation.read()?;
    if args.invocation.host.is_some() { alone(args, &program) } else { on_chain(args, &program) }
}

/// Runs a program with system calls from a file.
fn alone(args: &RunArgs, program: &Program) -> Result<ExitCode> {
    let RunArgs { invocation, engine: kind, .. } = args;
    let engine = kind.engine(invocation.config());
    let mut prepared = invocation.prepare(&engine, program)?;
    let Prepared { vm, host, .. } = &mut prepared;
    vm.set_interrupt(Some(interrupt::flag()));
    let begun = Instant::now();
    let outcome = args.trace.run(program, vm, host.as_mut())?;
    let running = begun.elapsed();
    let Prepared { vm, method, code, decoding, .. } = &prepared;
    let ended = Ended::new(vm, outcome);
    if args.json {
        write_json(&ended, &ended.json(&program.script, |_| {}))?;
    } else {
        let sites = invocation.sites(&engine, program, vm, &ended.outcome);
        Report { ended: &ended, sites, method: *method, syscalls: invocation.syscalls(), events: String::new() }
            .write()?;
    }
    if args.stats {
        let [script, memory] = [code.script().len(), code.memory()].map(|size| show::count(size as u64, "byte"));
        let decoded = format!("script of {script} decoded to {memory} in {decoding:.1?}\n");
        write_stats(args, &engine, vm, "stub, system calls are free", &decoded, running)?;
    }
    Ok(args.exit_code(&ended))
}

/// Runs a program on a chain.
fn on_chain(args: &RunArgs, program: &Program) -> Result<ExitCode> {
    let config = args.engine.config(args.invocation.config());
    let session = Session::new(&args.chain, &args.invocation, program, config)?;
    let mut execution = session.begin()?;
    let mut watchers = Watchers {
        tracer: args.trace.tracer(),
        calls: (args.json && args.chain.diff).then(CallTrace::default),
        tree: args.tree.then(CallTree::default),
    };
    let begun = Instant::now();
    let outcome = watchers.run(&mut execution)?;
    let running = begun.elapsed();
    let ended = Ended::new(execution.vm(), outcome);
    let sites = if args.json { Vec::new() } else { session.sites(&execution, &ended.outcome) };
    if args.stats {
        let what = format!("chain at height {}", session.height());
        write_stats(args, session.chain.network().engine(), execution.vm(), &what, "", running)?;
    }
    let changes = execution.changes();
    let receipt = execution.finish();
    if args.json {
        let calls = watchers.calls.as_ref();
        let diagnostics = calls.map(|calls| diagnostics_json(calls, &changes, session.chain.store())).transpose()?;
        let events = |out: &mut String| {
            diff::push_json_events(out, &receipt);
            if let Some(diagnostics) = &diagnostics {
                push(out, format_args!(",\"diagnostics\":{diagnostics}"));
            }
            if let Some(tree) = &watchers.tree {
                push(out, format_args!(",\"calls\":{}", tree.json()));
            }
        };
        write_json(&ended, &ended.json(&session.script, events))?;
    } else {
        if let Some(tree) = &watchers.tree {
            terminal::write(&format!("{}\n", tree.text(terminal::width()).coloured(terminal::CALLS)))?;
        }
        let events = session.events(&receipt, args.chain.diff);
        Report { ended: &ended, sites, method: session.method, syscalls: Syscalls::Chain, events }.write()?;
    }
    Ok(args.exit_code(&ended))
}

/// What looks on at an execution.
struct Watchers {
    tracer: Option<Tracer>,
    calls: Option<CallTrace>,
    tree: Option<CallTree>,
}

impl Watchers {
    /// Runs an execution; one that nobody looks on at runs as fast as it can.
    fn run(&mut self, execution: &mut Execution<'_>) -> Result<Outcome> {
        let Self { tracer, calls, tree } = self;
        if tracer.is_none() && calls.is_none() && tree.is_none() {
            return Ok(execution.run());
        }
        let outcome = execution.run_watched(|execution| {
            tracer.iter_mut().for_each(|tracer| tracer.watch(execution));
            calls.iter_mut().for_each(|calls| calls.watch(execution));
            tree.iter_mut().for_each(|tree| tree.watch(execution));
        });
        calls.iter_mut().for_each(|calls| calls.watch(execution));
        tree.iter_mut().for_each(|tree| tree.finish(execution, &outcome));
        tracer.take().map_or(Ok(()), Tracer::finish)?;
        Ok(outcome)
    }
}

fn write_json(ended: &Ended, text: &str) -> Result<()> {
    terminal::output().write_all(text.as_bytes()).context("cannot write to standard output")?;
    ended.stopped().iter().for_each(|why| terminal::warn(&format!("stopped {why}")));
    Ok(())
}

fn write_stats(args: &RunArgs, engine: &Engine, vm: &Vm, host: &str, decoded: &str, running: Duration) -> Result<()> {
    let how = if args.trace.is_on() || args.tree { "interp, step by step" } else { args.engine.name() };
    let each = running.as_nanos() as f64 / vm.instructions().max(1) as f64;
    let (hardfork, count) = (vm.hardfork().name(), show::count(vm.instructions(), "instruction"));
    let text = format!(
        "engine {how}; hardfork {hardfork}; host {host}\n{decoded}ran {count} in {running:.1?}, {each:.2} ns each\n{}\n",
        compiler_stats(engine)
    );
    io::stderr().write_all(text.as_bytes()).context("cannot write to standard error")
}
