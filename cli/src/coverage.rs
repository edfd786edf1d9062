//! `neovm coverage`: what a run, or several, reached.

use std::{path::PathBuf, process::ExitCode};

use anyhow::{Context, Result, anyhow, ensure};
use neovm_workbench::{Coverage, CoverageRecorder, Share};

use crate::{
    Usage,
    chain::{ChainArgs, Session},
    debug_info,
    input::{self, MAX_TEXT, Program},
    invocation::{Call, Invocation},
    json::push,
    profile, terminal,
};

/// Show which instructions, branches, methods and source lines a run reaches
///
/// The method runs as with run, without machine code. Recorded runs are merged with
/// --merge; with that and without --method nothing runs, and only what was recorded is
/// shown. Source lines need debug information.
///
/// The exit code is 0 if the script halts and 3 if it faults; what ran until then
/// counts.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  neovm coverage classify.nef --method classify 10 --record one.json
  neovm coverage classify.nef --method classify 100 --merge one.json --html coverage.html
  neovm coverage classify.nef --merge one.json --merge two.json --lcov lcov.info")]
pub(crate) struct CoverageArgs {
    #[command(flatten)]
    invocation: Invocation,
    #[command(flatten)]
    chain: ChainArgs,
    #[command(flatten)]
    debug_info: debug_info::DebugInfoArgs,
    /// Add what an earlier run recorded; several times for several runs
    #[arg(long, value_name = "FILE")]
    merge: Vec<PathBuf>,
    /// Write what was reached to this file, with what was merged
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// Write the source lines in the format of lcov
    #[arg(long, value_name = "OUT.info")]
    lcov: Option<PathBuf>,
    /// Write a page with sources and instructions
    #[arg(long, value_name = "OUT.html")]
    html: Option<PathBuf>,
    /// Write JSON in place of the table
    #[arg(long)]
    json: bool,
}

impl CoverageArgs {
    pub(crate) fn call_mut(&mut self) -> &mut Call {
        &mut self.invocation.call
    }
}

pub(crate) fn execute(args: &CoverageArgs) -> Result<ExitCode> {
    ensure!(args.invocation.host.is_none(), Usage("coverage runs on a chain: it takes no --host".into()));
    let program = args.invocation.read()?;
    let info = args.debug_info.read(&program)?;
    let manifest = program.require_manifest()?;
    let (name, methods) = (manifest.name.escape_debug().to_string(), &manifest.abi.methods);
    let mut coverage = Coverage::new(name, program.script.clone(), methods, info.clone());
    for path in &args.merge {
        let text = input::read_limited(path, MAX_TEXT)?;
        coverage.merge_file(&text).with_context(|| input::name_of(path))?;
    }
    let mut code = ExitCode::SUCCESS;
    if args.invocation.call.method.is_some() || args.merge.is_empty() {
        (coverage, code) = run(args, &program, coverage)?;
    }
    let sources = info.map(|info| args.debug_info.sources(&info, &program)).unwrap_or_default();
    let sources: Vec<Option<String>> = sources.into_iter().map(|source| Some(source?.text)).collect();
    profile::write_file(args.record.as_ref(), || coverage.to_file())?;
    ensure!(
        args.lcov.is_none() || !coverage.documents().is_empty(),
        "lcov needs debug information; name it with --debug-info FILE"
    );
    profile::write_file(args.lcov.as_ref(), || coverage.lcov())?;
    profile::write_file(args.html.as_ref(), || coverage.html(&sources))?;
    terminal::write(&if args.json { json(&coverage) } else { text(&coverage) })?;
    Ok(code)
}

/// Runs the method, and adds what it reaches.
fn run(args: &CoverageArgs, program: &Program, coverage: Coverage) -> Result<(Coverage, ExitCode)> {
    let session = Session::new(&args.chain, &args.invocation, program, profile::config(&args.invocation))?;
    let contract = session.contract_hash().ok_or_else(|| anyhow!("coverage is that of a contract's method"))?;
    let mut execution = session.begin()?;
    let mut recorder = CoverageRecorder::new(contract, coverage);
    let outcome = execution.run_watched(|execution| recorder.watch(execution));
    Ok((recorder.finish(&execution), profile::ended(execution.vm(), outcome)))
}

pub(crate) fn text(coverage: &Coverage) -> String {
    let mut out = String::new();
    for (what, share) in coverage.shares() {
        push(&mut out, format_args!("{what:<14}{:>5.1} %  {} of {}\n", share.percent(), share.covered, share.all));
    }
    push(&mut out, format_args!("\n{:>8} {:>14} {:>10}  method\n", "calls", "instructions", "branches"));
    let show = |share: Share| if share.all == 0 { "-".into() } else { format!("{}/{}", share.covered, share.all) };
    for method in coverage.methods() {
        let line = format!(
            "{:>8} {:>14} {:>10}  {}",
            method.calls,
            show(method.instructions),
            show(method.branches),
            method.name.escape_debug()
        );
        push(&mut out, format_args!("{}\n", terminal::cut(&line, terminal::width())));
    }
    out
}

fn json(coverage: &Coverage) -> String {
    json_value(coverage).to_string() + "\n"
}

pub(crate) fn json_value(coverage: &Coverage) -> serde_json::Value {
    use serde_json::{Value, json};
    let share = |share: Share| json!({"covered": share.covered, "all": share.all});
    let methods: Vec<Value> = coverage
        .methods()
        .into_iter()
        .map(|method| {
            json!({
                "name": method.name,
                "start": method.start,
                "calls": method.calls,
                "instructions": share(method.instructions),
                "branches": share(method.branches),
            })
        })
        .collect();
    let mut json = json!({"name": coverage.name, "methods": methods});
    coverage.shares().into_iter().for_each(|(what, part)| json["shares"][what] = share(part));
    json
}
