//! `neovm-fuzz`: runs generated scripts in several machines and compares the outcomes.
//!
//! Exit codes: 0 nothing differs; 1 something differs, or an error; 2 bad usage.

#![forbid(unsafe_code)]

use std::{
    fs,
    io::{self, IsTerminal, Write},
    path::{Path, PathBuf},
    process::ExitCode,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, anyhow};
use clap::{Parser, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use neovm_fuzz::{Against, Campaign, Case, ChainComparer, Comparer, Difference, NATIVE_STACK, Tally, Target, report};
use serde_json::json;

/// The duration of a campaign in seconds, unless configured otherwise.
const SECONDS: u64 = 10;

/// The interval between progress reports in seconds, unless configured otherwise.
const EVERY: u64 = 10;

/// Compares the engine's modes with each other, or with the model, on generated scripts
///
/// Each script runs in two machines with equal gas and limits, and everything that
/// can be observed must be equal: state, results and their types, gas, counts, and
/// the position and message of a fault. A script whose outcomes differ is
/// minimized, shown instruction by instruction in both machines, and written to a
/// file for --replay. The exit code is then 1.
#[derive(Parser)]
#[command(name = "neovm-fuzz", version)]
struct Args {
    /// What to compare
    #[arg(long, value_enum, default_value_t = Oracle::Jit)]
    against: Oracle,
    /// Stop after N seconds; 10 by default, unless --scripts is given
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
    /// Report progress on standard error every N seconds; 10 by default. At a
    /// terminal there is a progress bar unless this option is given.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    every: Option<u64>,
    /// The folder to which cases that differ are written
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    save: PathBuf,
    /// Write the summary as one line of JSON
    #[arg(long)]
    json: bool,
    /// Run only the case in this file, which an earlier difference wrote
    #[arg(long, value_name = "FILE", conflicts_with_all = ["seconds", "scripts", "seed", "threads"])]
    replay: Option<PathBuf>,
}

/// The machines to compare.
#[derive(Clone, Copy, ValueEnum)]
enum Oracle {
    /// The interpreter's fast handlers against its general ones
    Interp,
    /// Compiled code against the interpreter
    Jit,
    /// The interpreter and compiled code against a model that shares no code with them
    Model,
    /// Compiled code against the interpreter over the host: contracts on a chain
    Host,
}

impl From<Oracle> for Target {
    fn from(oracle: Oracle) -> Self {
        match oracle {
            Oracle::Interp => Self::Scripts(Against::Interp),
            Oracle::Jit => Self::Scripts(Against::Jit),
            Oracle::Model => Self::Scripts(Against::Model),
            Oracle::Host => Self::Host,
        }
    }
}

fn main() -> ExitCode {
    execute(&Args::parse()).unwrap_or_else(|error| {
        let _ = writeln!(io::stderr(), "error: {error:#}");
        ExitCode::FAILURE
    })
}

fn execute(args: &Args) -> Result<ExitCode> {
    if let Some(path) = &args.replay {
        return replay(path);
    }
    let has_bar = args.every.is_none() && io::stderr().is_terminal();
    let seconds = args.seconds.or(args.scripts.is_none().then_some(SECONDS));
    let campaign = Campaign {
        target: args.against.into(),
        seed: args.seed,
        scripts: args.scripts.unwrap_or(u64::MAX),
        time: seconds.map(Duration::from_secs),
        threads: args.threads.into(),
        differences: args.differences,
        every: Duration::from_secs(args.every.unwrap_or(if has_bar { 1 } else { EVERY })),
    };
    let total = args.scripts.filter(|_| args.seconds.is_none());
    let bar = has_bar.then(|| bar(total));
    let begun = Instant::now();
    let mut saved = Ok(());
    let tally = neovm_fuzz::run(
        &campaign,
        |tally, elapsed| match &bar {
            Some(bar) => bar.set_position(tally.scripts),
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
    bar.iter().for_each(ProgressBar::finish_and_clear);
    let text = if args.json { json_line(&campaign, &tally, begun.elapsed()) } else { summary(&tally, begun.elapsed()) };
    writeln!(io::stdout(), "{text}").context("cannot write to standard output")?;
    saved?;
    Ok(if tally.differences + tally.compiled.failures() > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Returns a progress bar on standard error. It is not drawn before it is moved for the first time.
fn bar(total: Option<u64>) -> ProgressBar {
    let template = match total {
        Some(_) => "[{elapsed}] {bar:30} {human_pos} of {human_len} scripts, {eta} left",
        None => "[{elapsed}] {spinner} {human_pos} scripts, {per_sec}",
    };
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    total.map_or_else(ProgressBar::no_length, ProgressBar::new).with_style(style)
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
    let Campaign { target, seed, threads, .. } = campaign;
    json!({
        "against": target.name(), "seed": seed, "threads": threads, "seconds": elapsed.as_secs_f64(),
        "scripts_per_second": rate(tally, elapsed), "tally": tally,
    })
    .to_string()
}

/// Shows a difference and writes its case to a file.
fn save(difference: &Difference, folder: &Path) -> Result<()> {
    let Difference { seed, case, text } = difference;
    let path = folder.join(format!("neovm-fuzz-{seed}.json"));
    let mut err = io::stderr().lock();
    let _ = writeln!(err, "seed {seed}: {text}");
    fs::write(&path, case).with_context(|| format!("cannot write {}", path.display()))?;
    let _ = writeln!(err, "to run it again: neovm-fuzz --replay {}", path.display());
    Ok(())
}

fn replay(path: &Path) -> Result<ExitCode> {
    let text = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    // Only cases over the host have contracts.
    let value: serde_json::Value = serde_json::from_slice(&text).with_context(|| format!("{}", path.display()))?;
    let shown = if value.get("contracts").is_some() {
        let case = serde_json::from_value(value).with_context(|| format!("{}", path.display()))?;
        spawn(move || ChainComparer::new().compare(&case).difference)?
    } else {
        let case: Case = serde_json::from_value(value).with_context(|| format!("{}", path.display()))?;
        spawn(move || report(&mut Comparer::new(), &case))?
    };
    let text = shown.as_deref().unwrap_or("nothing differs\n");
    write!(io::stdout(), "{text}").context("cannot write to standard output")?;
    Ok(if shown.is_some() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Runs a comparison in a thread with enough native stack, and returns what differs.
fn spawn(compare: impl FnOnce() -> Option<String> + Send + 'static) -> Result<Option<String>> {
    let worker = thread::Builder::new().stack_size(NATIVE_STACK);
    let worker = worker.spawn(compare).context("cannot start a thread")?;
    worker.join().map_err(|_| anyhow!("the comparison panicked"))
}
