//! `neovm test`: tests of contracts.

mod find;
mod gas;
mod junit;
mod report;
mod watch;

use std::{
    num::NonZero,
    path::PathBuf,
    process::ExitCode,
    sync::{
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use neovm_workbench::suite::{Base, Effort, Settings, Suite, TestReport};

use self::report::Reporter;
use crate::{interrupt, profile, show, terminal};

/// Run tests of contracts
///
/// A test is written in a file X.test.toml, which says what is called and what comes of
/// it, or is a method test* of a contract. Each runs on a copy of a chain on which the
/// contracts were deployed. The guide explains both (docs/guide.md).
///
/// Methods with parameters run many times with arguments that are made up; the smallest
/// ones that fail are shown, and their seeds are kept in a folder X.seeds and tried first.
/// Methods invariant* are checked after random calls of what setUp has deployed.
///
/// The exit code is 0 if all tests pass, 1 if one fails, if a file cannot be used or if
/// --filter chooses no test, and 130 if Ctrl-C stopped them.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  neovm test examples/contracts
  neovm test token.test.toml --filter 'owner mints' --gas-report
  neovm test --gas-snapshot gas.txt --junit junit.xml
  neovm test --cases 10000 --seed 7 --watch")]
pub(crate) struct TestArgs {
    /// Files, or folders that are searched for X.test.toml and for X.nef with methods test*
    #[arg(value_name = "PATH", default_value = ".")]
    paths: Vec<PathBuf>,
    /// Run the tests whose path and name contain this text; several times for several
    #[arg(long, short, value_name = "TEXT")]
    filter: Vec<String>,
    /// Run the tests whose name is the text of --filter
    #[arg(long, requires = "filter")]
    exact: bool,
    /// Show the names of the tests and run none
    #[arg(long)]
    list: bool,
    /// The number of threads; as many as the machine has unless given
    #[arg(long, short, value_name = "N")]
    jobs: Option<NonZero<usize>>,
    /// How many times a test with parameters runs
    #[arg(long, value_name = "N", default_value_t = Effort::default().cases)]
    cases: NonZero<u32>,
    /// How many random calls an invariant is checked after at most
    #[arg(long, value_name = "N", default_value_t = Effort::default().depth)]
    depth: NonZero<usize>,
    /// What arguments are made up from; something else each time unless given. Where a test
    /// with such arguments fails, it is shown
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Show the gas of each method: least, median and most
    #[arg(long)]
    gas_report: bool,
    /// Compare the gas of each test with this file, and fail where it differs. The file is
    /// written if it is not there
    #[arg(long, value_name = "FILE")]
    gas_snapshot: Option<PathBuf>,
    /// Write the file of --gas-snapshot again
    #[arg(long, requires = "gas_snapshot")]
    update: bool,
    /// Show what the tests reach of the contracts
    #[arg(long)]
    coverage: bool,
    /// Write the source lines that the tests reach in the format of lcov
    #[arg(long, value_name = "OUT.info")]
    lcov: Option<PathBuf>,
    /// Write a report in the format of JUnit
    #[arg(long, value_name = "OUT.xml")]
    junit: Option<PathBuf>,
    /// Write JSON in place of the report
    #[arg(long)]
    json: bool,
    /// Run the tests again whenever a file changes, until Ctrl-C
    #[arg(long, conflicts_with_all = ["json", "list"])]
    watch: bool,
}

/// A test that ran.
pub(crate) struct Ran<'a> {
    suite: &'a Suite,
    name: &'a str,
    report: TestReport,
    time: Duration,
}

pub(crate) fn execute(args: &TestArgs) -> Result<ExitCode> {
    if !args.watch {
        return run(args).map(|(code, _)| code);
    }
    watch::repeat(|| run(args))
}

/// Runs all tests once. Returns the files that they depend on, too.
fn run(args: &TestArgs) -> Result<(ExitCode, Vec<PathBuf>)> {
    let begun = Instant::now();
    let paths = find::files(&args.paths)?;
    let base = Base::new()?;
    let jobs = args.jobs.or(thread::available_parallelism().ok()).map_or(1, NonZero::get);
    let mut loaded = Vec::new();
    in_parallel(
        jobs,
        paths.len(),
        |i| Suite::load(&base, &paths[i], Some(&interrupt::flag())),
        |suite| loaded.push(suite),
    );
    let mut errors = Vec::new();
    let mut suites: Vec<Suite> = Vec::new();
    for suite in loaded {
        match suite {
            Ok(suite) => suites.push(suite),
            Err(error) => errors.push(error),
        }
    }
    let files = suites.iter().flat_map(Suite::files).chain(paths).collect();
    if interrupt::flag().load(Ordering::Relaxed) {
        return Ok((stopped(), files));
    }
    let all: Vec<(&Suite, usize, &str)> = suites.iter().flat_map(tests).collect();
    let chosen: Vec<_> = all.iter().copied().filter(|(suite, _, name)| args.chooses(&suite.path, name)).collect();
    if args.list {
        let list: String =
            chosen.iter().map(|(suite, _, name)| format!("{}  {}\n", suite.path, show::one_line(name))).collect();
        terminal::write(&list)?;
        return Ok((report::errors(&errors)?, files));
    }
    let snapshot = args.gas_snapshot.as_ref().map(|path| gas::Snapshot::read(path, args.update())).transpose()?;
    let seed = args.seed.map_or_else(random_seed, Ok)?;
    let settings = args.settings(seed);
    let counts = report::Counts { files: suites.len(), tests: chosen.len(), skipped: all.len() - chosen.len() };
    let mut reporter = Reporter::new(args.json, seed, &counts)?;
    let mut ran: Vec<Ran<'_>> = Vec::with_capacity(chosen.len());
    let run_one = |i: usize| {
        let (suite, index, name) = chosen[i];
        let begun = Instant::now();
        let report = suite.run(index, &settings);
        // What a test that was stopped ended with is not its outcome.
        let is_stopped = interrupt::flag().load(Ordering::Relaxed);
        (!is_stopped).then(|| Ran { suite, name, report, time: begun.elapsed() })
    };
    let mut written = Ok(());
    in_parallel(jobs, chosen.len(), run_one, |one| {
        let Some(one) = one else { return };
        if written.is_ok() {
            written = reporter.show(&one);
        }
        ran.push(one);
    });
    written?;
    if interrupt::flag().load(Ordering::Relaxed) {
        return Ok((stopped(), files));
    }
    let compared = snapshot.map(|snapshot| gas::compare(snapshot, &suites, &ran)).transpose();
    let drift = compared.as_ref().ok().cloned().flatten().unwrap_or_default();
    reporter.finish(&ran, &errors, &drift, begun.elapsed())?;
    args.write_reports(&ran, &errors, &drift, begun.elapsed())?;
    compared?;
    if chosen.is_empty() && errors.is_empty() {
        bail!("no test has what --filter wants in its path and name");
    }
    let failed = ran.iter().any(|one| one.report.failure.is_some()) || !errors.is_empty() || !drift.is_empty();
    Ok((if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }, files))
}

/// A seed of the operating system's: a number that is easy to type.
fn random_seed() -> Result<u64> {
    let mut bytes = [0; 4];
    getrandom::fill(&mut bytes).context("the operating system gives no random numbers")?;
    Ok(u32::from_le_bytes(bytes).into())
}

/// Says that Ctrl-C ended it.
fn stopped() -> ExitCode {
    terminal::warn("stopped by Ctrl-C");
    interrupt::INTERRUPTED.into()
}

fn tests(suite: &Suite) -> impl Iterator<Item = (&Suite, usize, &str)> {
    suite.tests().into_iter().enumerate().map(move |(index, name)| (suite, index, name))
}

impl TestArgs {
    fn chooses(&self, path: &str, name: &str) -> bool {
        let full = format!("{path} {name}");
        let chosen = |text: &String| if self.exact { name == text } else { full.contains(text.as_str()) };
        self.filter.is_empty() || self.filter.iter().any(chosen)
    }

    /// What is written of a gas snapshot that is there.
    fn update(&self) -> gas::Update {
        match (self.update, self.filter.is_empty()) {
            (false, _) => gas::Update::No,
            (true, true) => gas::Update::All,
            (true, false) => gas::Update::Run,
        }
    }

    fn settings(&self, seed: u64) -> Settings {
        Settings {
            gas: self.gas_report,
            coverage: self.coverage || self.lcov.is_some(),
            effort: Effort { cases: self.cases, depth: self.depth, seed: Some(seed) },
            interrupt: Some(interrupt::flag()),
        }
    }

    /// What follows the report of the tests, and files.
    fn write_reports(&self, ran: &[Ran<'_>], errors: &[String], drift: &[String], time: Duration) -> Result<()> {
        if self.gas_report && !self.json {
            terminal::write(&gas::table(ran))?;
        }
        let coverage = report::coverage(ran);
        if self.coverage && !self.json {
            terminal::write(&report::coverage_text(&coverage))?;
        }
        profile::write_file(self.lcov.as_ref(), || coverage.iter().map(neovm_workbench::Coverage::lcov).collect())?;
        profile::write_file(self.junit.as_ref(), || junit::xml(ran, errors, drift, time))
    }
}

/// Does many things on some threads. What comes of them is taken in their order, as soon as it is there.
fn in_parallel<T: Send>(jobs: usize, count: usize, work: impl Fn(usize) -> T + Sync, mut take: impl FnMut(T)) {
    let (next, stopped) = (AtomicUsize::new(0), AtomicBool::new(false));
    let (sender, receiver) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..jobs.min(count) {
            let sender = sender.clone();
            let (next, stopped, work) = (&next, &stopped, &work);
            scope.spawn(move || {
                while !stopped.load(Ordering::Relaxed) {
                    let i = next.fetch_add(1, Ordering::Relaxed);
                    if i >= count || sender.send((i, work(i))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        let mut waiting: Vec<Option<T>> = (0..count).map(|_| None).collect();
        let mut taken = 0;
        for (i, done) in receiver {
            waiting[i] = Some(done);
            while let Some(done) = waiting.get_mut(taken).and_then(Option::take) {
                take(done);
                taken += 1;
            }
            if interrupt::flag().load(Ordering::Relaxed) {
                stopped.store(true, Ordering::Relaxed);
            }
        }
    });
}
