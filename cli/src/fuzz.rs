//! `neovm fuzz`: generated scripts in several machines.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, anyhow};
use clap::ValueEnum;
use neovm_fuzz::{Against, Campaign, Case, Comparer, Difference, NATIVE_STACK, Tally, report};
use serde_json::json;

use crate::input;

/// Seconds to run for if nobody says how long.
const SECONDS: u64 = 10;

/// Compare the machines of this engine on generated scripts
///
/// Each script runs twice, with the same gas and limits, and all that can be
/// seen must be the same: state, results with their types, gas, counts, the
/// place and message of a fault. Where something differs, a short script that
/// differs too is looked for; it is shown with both machines instruction by
/// instruction, written to a file that --replay reads, and the exit code is 1.
#[derive(clap::Args)]
pub(crate) struct FuzzArgs {
    /// What to compare
    #[arg(long, value_enum, default_value_t = Oracle::Jit)]
    against: Oracle,
    /// Stop after so many seconds; 10 if the number of scripts is not told either
    #[arg(long, value_name = "N")]
    seconds: Option<u64>,
    /// Stop after so many scripts
    #[arg(long, value_name = "N")]
    scripts: Option<u64>,
    /// The seed of the first script; the next one's is one more
    #[arg(long, value_name = "S", default_value_t = 0)]
    seed: u64,
    /// How many threads compare
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: u16,
    /// Stop after so many differences
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..))]
    differences: u64,
    /// Tell on standard error how far it is every so many seconds
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..))]
    every: u64,
    /// Write what differs to files in this folder
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    save: PathBuf,
    /// Write what ran, and how fast, as a line of JSON
    #[arg(long)]
    json: bool,
    /// Run what such a file tells of once more, and nothing else
    #[arg(long, value_name = "FILE", conflicts_with_all = ["seconds", "scripts", "seed", "threads"])]
    replay: Option<PathBuf>,
}

/// What is compared.
#[derive(Clone, Copy, ValueEnum)]
enum Oracle {
    /// The interpreter's fast ways with its plain handlers
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
    let seconds = args.seconds.or(args.scripts.is_none().then_some(SECONDS));
    let campaign = Campaign {
        against: args.against.into(),
        seed: args.seed,
        scripts: args.scripts.unwrap_or(u64::MAX),
        time: seconds.map(Duration::from_secs),
        threads: args.threads.into(),
        differences: args.differences,
        every: Duration::from_secs(args.every),
    };
    let begun = Instant::now();
    let mut saved = Ok(());
    let tally = neovm_fuzz::run(
        &campaign,
        |tally, elapsed| {
            let _ = writeln!(io::stderr(), "{}", progress(tally, elapsed));
        },
        |difference| {
            if let Err(error) = save(difference, &args.save) {
                saved = Err(error);
            }
        },
    )
    .context("cannot start a thread")?;
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
