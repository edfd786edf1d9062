//! `neovm fuzz`: generated scripts in several machines.

use std::{
    fs,
    io::{self, IsTerminal, Write},
    path::{Path, PathBuf},
    process::ExitCode,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, anyhow};
use clap::ValueEnum;
use neovm_fuzz::{Against, Campaign, Case, Comparer, Difference, NATIVE_STACK, Tally, report};
use serde_json::json;

use crate::{input, progress::Progress};

/// How many seconds to run unless given.
const SECONDS: u64 = 10;

/// How many seconds lie between reports of progress unless given.
const EVERY: u64 = 10;

/// Compare the engine's ways to run scripts on generated scripts
///
/// Each script runs twice, with equal gas and limits, and everything that can be
/// seen must be equal: state, results and their types, gas, counts, the position
/// and message of a fault. If something differs, it is searched for a shorter
/// script that differs as well, which is shown instruction by instruction in both
/// ways and written to a file for --replay. The exit code is 1 then.
#[derive(clap::Args)]
pub(crate) struct FuzzArgs {
    /// What to compare
    #[arg(long, value_enum, default_value_t = Oracle::Jit)]
    against: Oracle,
    /// Stop after N seconds; 10 unless a number of scripts is given
    #[arg(long, value_name = "N")]
    seconds: Option<u64>,
    /// Stop after N scripts
    #[arg(long, value_name = "N")]
    scripts: Option<u64>,
    /// The seed of the first script; each further script has the next seed
    #[arg(long, value_name = "S", default_value_t = 0)]
    seed: u64,
    /// The number of threads
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: u16,
    /// Stop after N differences
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..))]
    differences: u64,
    /// Report progress on standard error every N seconds; 10 unless given. At a
    /// terminal there is a progress bar unless this option is given.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    every: Option<u64>,
    /// Write files of what differs to this folder
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    save: PathBuf,
    /// Write what ran, and how fast, as one line of JSON
    #[arg(long)]
    json: bool,
    /// Only run what a file of a difference describes again
    #[arg(long, value_name = "FILE", conflicts_with_all = ["seconds", "scripts", "seed", "threads"])]
    replay: Option<PathBuf>,
}

/// What is compared.
#[derive(Clone, Copy, ValueEnum)]
enum Oracle {
    /// The interpreter's fast handlers with its general ones
    Interp,
    /// Compiled code with the interpreter
    Jit,
    /// The interpreter and compiled code with a model that shares no code with them
    Model,
}

impl From<Oracle> for Against {
    fn from(oracle: Oracle) -> Self {
        match oracle {
            Oracle::Interp => Self::Interp,
            Oracle::Jit => Self::Jit,
            Oracle::Model => Self::Model,
        }
    }
}

pub(crate) fn execute(args: &FuzzArgs) -> Result<ExitCode> {
    if let Some(path) = &args.replay {
        return replay(path);
    }
    let has_bar = args.every.is_none() && io::stderr().is_terminal();
    let seconds = args.seconds.or(args.scripts.is_none().then_some(SECONDS));
    let campaign = Campaign {
        against: args.against.into(),
        seed: args.seed,
        scripts: args.scripts.unwrap_or(u64::MAX),
        time: seconds.map(Duration::from_secs),
        threads: args.threads.into(),
        differences: args.differences,
        every: Duration::from_secs(args.every.unwrap_or(if has_bar { 1 } else { EVERY })),
    };
    let total = args.scripts.filter(|_| args.seconds.is_none());
    let bar = has_bar.then(|| Progress::new(total, "scripts"));
    let begun = Instant::now();
    let mut saved = Ok(());
    let tally = neovm_fuzz::run(
        &campaign,
        |tally, elapsed| match &bar {
            Some(bar) => bar.set(tally.scripts),
            None => drop(writeln!(io::stderr(), "{}", progress(tally, elapsed))),
        },
        |difference| {
            let save = || save(difference, &args.save);
            if let Err(error) = bar.as_ref().map_or_else(save, |bar| bar.suspend(save)) {
                saved = Err(error);
            }
        },
    )
    .context("cannot start a thread")?;
    drop(bar);
    let text = if args.json { json_line(&campaign, &tally, begun.elapsed()) } else { summary(&tally, begun.elapsed()) };
    writeln!(io::stdout(), "{text}").context("cannot write to standard output")?;
    saved?;
    Ok(if tally.differences + tally.compiled.failures() > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn rate(tally: &Tally, elapsed: Duration) -> f64 {
    tally.scripts as f64 / elapsed.as_secs_f64().max(1e-9)
}

fn progress(tally: &Tally, elapsed: Duration) -> String {
    let Tally { scripts, entered_scripts, differences, .. } = tally;
    let (rate, seconds) = (rate(tally, elapsed), elapsed.as_secs());
    format!(
        "{seconds} s: {scripts} scripts, {rate:.0} a second, {entered_scripts} entered compiled code, {differences} differ"
    )
}

fn summary(tally: &Tally, elapsed: Duration) -> String {
    format!("{tally}\n{:.1} s, {:.0} scripts a second", elapsed.as_secs_f64(), rate(tally, elapsed))
}

fn json_line(campaign: &Campaign, tally: &Tally, elapsed: Duration) -> String {
    let Campaign { against, seed, threads, .. } = campaign;
    json!({
        "against": against.name(), "seed": seed, "threads": threads, "seconds": elapsed.as_secs_f64(),
        "scripts_per_second": rate(tally, elapsed), "tally": tally,
    })
    .to_string()
}

/// Shows a difference and writes it to a file.
fn save(difference: &Difference, folder: &Path) -> Result<()> {
    let Difference { seed, case, text } = difference;
    let path = folder.join(format!("neovm-fuzz-{seed}.json"));
    let mut err = io::stderr().lock();
    let _ = writeln!(err, "seed {seed}: {text}");
    fs::write(&path, serde_json::to_string_pretty(case)?)
        .with_context(|| format!("cannot write {}", path.display()))?;
    let _ = writeln!(err, "again by: neovm fuzz --replay {}", path.display());
    Ok(())
}

fn replay(path: &Path) -> Result<ExitCode> {
    let text = input::read_limited(path, input::MAX_TEXT)?;
    let case: Case = serde_json::from_slice(&text).with_context(|| format!("{}", path.display()))?;
    let worker = thread::Builder::new().stack_size(NATIVE_STACK);
    let shown = worker.spawn(move || report(&mut Comparer::new(), &case)).context("cannot start a thread")?.join();
    let shown = shown.map_err(|_| anyhow!("the comparison panicked"))?;
    let text = shown.as_deref().unwrap_or("nothing differs\n");
    write!(io::stdout(), "{text}").context("cannot write to standard output")?;
    Ok(if shown.is_some() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
