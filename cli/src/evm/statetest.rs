//! `neovm evm statetest`: state tests of Ethereum.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::{
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread,
};

use anyhow::{Context, Result, ensure};
use neovm_evm::{
    Fork, TraceFields,
    statetest::{Outcome, run_state_tests, trace_state_tests},
};
use serde_json::json;

use crate::{
    input::{MAX_TEXT, name_of, read_limited},
    progress::Progress,
    show, terminal,
};

/// Run state tests of Ethereum
///
/// Each file holds tests in the format of GeneralStateTests: accounts, a transaction, and what
/// becomes of them by the rules of each fork. State root, hash of the logs and expected exceptions are
/// compared, and the executions counted by fork.
///
/// The exit code is 1 if a test fails or a file cannot be read.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  neovm evm statetest GeneralStateTests
  neovm evm statetest test.json --json")]
pub(crate) struct StateTestArgs {
    /// Files of state tests, and folders of such files
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Write a line of JSON for each execution
    #[arg(long)]
    json: bool,
    /// How many threads run tests; as many as there are processors unless given
    #[arg(long, value_name = "N")]
    jobs: Option<std::num::NonZeroUsize>,
    /// Write a line of JSON for each instruction, as EIP-3155 has them, and one for each state root, on standard error
    #[arg(long, conflicts_with = "jobs")]
    trace: bool,
    /// With the memory on each of these lines
    #[arg(long, requires = "trace")]
    trace_memory: bool,
}

/// What came of a file.
struct Ran {
    outcomes: Vec<Outcome>,
    error: Option<anyhow::Error>,
}

/// How many executions there were, and how many of them failed.
type Counts = BTreeMap<Fork, (usize, usize)>;

pub(crate) fn execute(args: &StateTestArgs) -> Result<ExitCode> {
    let files = files(&args.paths)?;
    let trace = args.trace.then(|| TraceFields { memory: args.trace_memory, ..TraceFields::default() });
    let jobs = match trace {
        Some(_) => 1,
        None => args.jobs.or_else(|| thread::available_parallelism().ok()).map_or(1, usize::from).min(files.len()),
    };
    let progress = Progress::new(Some(files.len() as u64), "files");
    let (mut counts, mut errors) = (Counts::new(), 0);
    run_all(&files, trace, jobs, &mut |done, file, ran| {
        if trace.is_none() {
            progress.set(done as u64);
        }
        progress.suspend(|| report(args.json, file, &ran))?;
        for outcome in &ran.outcomes {
            let (all, failed) = counts.entry(outcome.fork).or_default();
            *all += 1;
            *failed += usize::from(outcome.failure.is_some());
        }
        errors += usize::from(ran.error.is_some());
        Ok(())
    })?;
    let count = || show::count(files.len() as u64, "file");
    ensure!(errors > 0 || !counts.is_empty(), "there is no execution in {}", count());
    let failed = counts.values().map(|(_, failed)| failed).sum::<usize>();
    if !args.json {
        terminal::write(&summary(&counts, &count()))?;
    }
    ensure!(errors == 0, "{errors} of {} could not be read", count());
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The JSON files that paths stand for, in order.
fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in paths {
        let before = files.len();
        add(path, true, &mut files)?;
        ensure!(files.len() > before, "{} holds no .json files", name_of(path));
    }
    Ok(files)
}

fn add(path: &Path, is_given: bool, files: &mut Vec<PathBuf>) -> Result<()> {
    let failed = || format!("cannot read {}", name_of(path));
    // Links to folders are not followed unless they are given: they may lead in circles.
    let metadata = if is_given { fs::metadata(path) } else { fs::symlink_metadata(path) };
    if metadata.with_context(failed)?.is_dir() {
        let entries = fs::read_dir(path).and_then(|entries| entries.collect::<io::Result<Vec<_>>>());
        let mut entries: Vec<_> = entries.with_context(failed)?.iter().map(fs::DirEntry::path).collect();
        entries.sort();
        return entries.iter().try_for_each(|path| add(path, false, files));
    }
    let is_json = path.extension().is_some_and(|extension| extension == "json");
    if is_given || is_json && fs::metadata(path).with_context(failed)?.is_file() {
        files.push(path.to_owned());
    }
    Ok(())
}

/// Runs files on several threads. Only as many outcomes are in memory as threads have files.
fn run_all(
    files: &[PathBuf],
    trace: Option<TraceFields>,
    jobs: usize,
    each: &mut dyn FnMut(usize, &Path, Ran) -> Result<()>,
) -> Result<()> {
    let (next, stop) = (AtomicUsize::new(0), std::sync::atomic::AtomicBool::new(false));
    thread::scope(|scope| {
        let (sender, receiver) = mpsc::sync_channel(jobs);
        for _ in 0..jobs {
            let (sender, next, stop) = (sender.clone(), &next, &stop);
            scope.spawn(move || {
                while !stop.load(Ordering::Relaxed)
                    && let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed))
                    && sender.send((file, run(file, trace))).is_ok()
                {}
            });
        }
        drop(sender);
        let result = receiver.iter().enumerate().try_for_each(|(done, (file, ran))| each(done + 1, file, ran));
        stop.store(true, Ordering::Relaxed);
        result
    })
}

fn run(file: &Path, trace: Option<TraceFields>) -> Ran {
    let mut outcomes = Vec::new();
    let mut run = || -> Result<()> {
        let text = read_limited(file, MAX_TEXT)?;
        let text = String::from_utf8(text).context("not a state test: not UTF-8")?;
        let mut each = |outcome| outcomes.push(outcome);
        match trace {
            None => run_state_tests(&text, &mut each)?,
            Some(fields) => {
                let mut to = BufWriter::new(io::stderr().lock());
                trace_state_tests(&text, fields, &mut to, &mut each)?;
                to.flush().context("cannot write to standard error")?;
            }
        }
        Ok(())
    };
    let error = run().err();
    Ran { outcomes, error }
}

fn report(json: bool, file: &Path, ran: &Ran) -> Result<()> {
    let mut text = String::new();
    for Outcome { test, fork, indexes: [data, gas, value], root, logs, gas_used, failure } in &ran.outcomes {
        if json {
            let line = json!({
                "file": file, "name": test, "fork": fork.name(), "d": data, "g": gas, "v": value,
                "pass": failure.is_none(), "stateRoot": root, "logsHash": logs, "gasUsed": gas_used, "error": failure,
            });
            text += &format!("{line}\n");
        } else if let Some(failure) = failure {
            let file = name_of(file);
            text += &format!("FAILED {file}: {test}, {fork}, d{data} g{gas} v{value}: {failure}\n");
        }
    }
    terminal::write(&text)?;
    ran.error.iter().for_each(|error| terminal::error(&format!("{}: {error:#}", name_of(file))));
    Ok(())
}

fn summary(counts: &Counts, files: &str) -> String {
    let mut text: String = counts
        .iter()
        .map(|(fork, (all, failed))| format!("{:<18}{:>6} passed{}\n", fork.name(), all - failed, also(*failed)))
        .collect();
    let (all, failed) = counts.values().fold((0, 0), |(all, failed), count| (all + count.0, failed + count.1));
    text += &format!("{:<18}{:>6} passed{}, {files}\n", "all", all - failed, also(failed));
    text
}

fn also(failed: usize) -> String {
    if failed == 0 { String::new() } else { format!(", {failed} FAILED") }
}
