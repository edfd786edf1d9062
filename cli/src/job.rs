//! `neovm job`: executions as files.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, Result, anyhow, bail, ensure};
use clap::Subcommand;
use neovm::{
    EngineConfig, Execution, Network, Outcome, Store,
    host::{
        CallNode, CallTrace,
        job_file::{JobFile, RecordingStore, difference},
    },
};
use neovm_disk::{Disk, DiskError, Settings};
use serde_json::{Value, json};

use crate::{
    engine::EngineKind,
    input::{self, MAX_TEXT},
    interrupt, terminal,
};

/// Run executions that are described by files
///
/// A job file holds all that an execution depends on, so that it gives the same result
/// wherever it runs: a difference between two engines is a file to attach to a report.
/// docs/embedding.md describes the format.
#[derive(clap::Args)]
#[command(arg_required_else_help = true)]
pub(crate) struct JobArgs {
    #[command(subcommand)]
    command: JobCommand,
}

#[derive(Subcommand)]
enum JobCommand {
    Run(RunArgs),
}

/// Run a job file, and print the receipt as JSON
///
/// If the file holds a receipt, the two are compared: the first difference goes to standard
/// error, and the exit code is 1.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  neovm job run job.json
  neovm job run job.json --write whole.json --calls
  neovm job run job.json --data mainnet")]
struct RunArgs {
    /// The job file, or - for standard input
    #[arg(value_name = "FILE.json")]
    file: PathBuf,
    /// Run it on the state of a chain in a folder, as neovm replay --data makes it. The file
    /// then holds no state of its own
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Write a job file with the storage that was read, and with the receipt
    #[arg(long, value_name = "FILE.json")]
    write: Option<PathBuf>,
    /// Add "calls" to the receipt: the scripts that ran, each with its depth. They are also
    /// added if the file's receipt has them
    #[arg(long)]
    calls: bool,
    /// What runs the scripts
    #[arg(long, value_enum, default_value_t)]
    engine: EngineKind,
}

pub(crate) fn execute(args: &JobArgs) -> Result<ExitCode> {
    let JobCommand::Run(args) = &args.command;
    let text = input::read_limited(&args.file, MAX_TEXT)?;
    let mut file = JobFile::from_json(&text).with_context(|| input::name_of(&args.file))?;
    let network = Network::with_engine(file.settings.clone(), args.engine.config(EngineConfig::default()));
    let receipt = match &args.data {
        None => {
            let store = file.store(&network).map_err(|fault| anyhow!("{fault}"))?;
            run(args, &network, &store, &mut file)?
        }
        Some(folder) => {
            ensure!(!file.genesis && file.storage.is_empty(), "with --data the file must not hold a state of its own");
            run(args, &network, &open(folder, file.settings.network)?, &mut file)?
        }
    };
    terminal::write(&format!("{receipt:#}\n"))?;
    let different = file.receipt.as_ref().and_then(|expected| difference(expected, &receipt));
    if let Some(path) = &args.write {
        file.receipt = Some(receipt);
        input::write_file(path, file.to_json() + "\n")?;
    }
    match different {
        None => Ok(ExitCode::SUCCESS),
        Some(what) => {
            terminal::error(&format!("the receipt differs from that in the file: {what}"));
            Ok(ExitCode::FAILURE)
        }
    }
}

/// Runs the job, and puts the storage that it read into the file.
fn run(args: &RunArgs, network: &Network, store: &dyn Store, file: &mut JobFile) -> Result<Value> {
    let store = RecordingStore::new(store);
    let limit = file.job.gas;
    let mut execution = Execution::new(network, &store, &file.job.job())?;
    execution.set_interrupt(Some(interrupt::flag()));
    let mut calls = CallTrace::default();
    let wants_calls = args.calls || file.receipt.as_ref().is_some_and(|expected| expected.get("calls").is_some());
    let outcome = if wants_calls { execution.run_watched(|execution| calls.watch(execution)) } else { execution.run() };
    if let Outcome::Stopped(_) = outcome {
        bail!("stopped by Ctrl-C");
    }
    calls.watch(&execution);
    let mut receipt = execution.finish();
    receipt.retain_net_changes(&store)?;
    let mut json = receipt.to_json(limit);
    if wants_calls {
        let node = |call: &CallNode| json!({"depth": call.depth, "hash": call.script_hash.to_string()});
        json["calls"] = calls.nodes().iter().map(node).collect();
    }
    (file.genesis, file.storage) = (false, store.read());
    Ok(json)
}

/// Opens a chain whatever state tries it keeps.
fn open(folder: &Path, network: u32) -> Result<Disk> {
    // It would be made.
    ensure!(folder.join("format").is_file(), "there is no chain in {}", folder.display());
    let settings = Settings { network, ..Settings::default() };
    match Disk::open(folder, settings) {
        Err(DiskError::TrieMode { found, .. }) => Ok(Disk::open(folder, Settings { trie_mode: found, ..settings })?),
        disk => Ok(disk?),
    }
}
