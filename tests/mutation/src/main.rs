//! Breaks the engine on purpose, one mutant of `mutants.toml` at a time, and reports whether the
//! project's own tests notice. See `docs/reliability.md`.
//!
//! Requires `git`, `timeout` and `prlimit`. The exit code is 0 if all mutants were noticed, and 1 if
//! one was not or the list is invalid.

#![forbid(unsafe_code)]

mod list;
mod run;

use std::{
    collections::BTreeMap,
    error::Error,
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Parser;
use serde::{Deserialize, Serialize};

use crate::{
    list::Mutant,
    run::{Copy, Result, Verdict},
};

/// Breaks the engine on purpose and reports whether the project's tests notice.
#[derive(Parser)]
struct Args {
    /// List the mutants.
    #[arg(long)]
    list: bool,
    /// Check that each mutant still matches the sources.
    #[arg(long)]
    check: bool,
    /// Run only the mutants with this name or of this family.
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// Continue an interrupted run, without repeating the mutants that have been run.
    #[arg(long)]
    resume: bool,
    /// Folder for the copy of the checkout, the build and the results.
    #[arg(long, value_name = "FOLDER")]
    scratch: Option<PathBuf>,
    /// Time limit for each build or test step, in seconds; a step that exceeds it counts as endless.
    #[arg(long, default_value_t = 900)]
    seconds: u64,
}

/// The results so far, in a file to which results are appended.
#[derive(Default, Serialize, Deserialize)]
struct Results {
    #[serde(default)]
    result: Vec<Result>,
}

/// Returns the root of the checkout that this program was built from.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn main() -> ExitCode {
    match execute(&Args::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn execute(args: &Args) -> std::result::Result<bool, Box<dyn Error>> {
    let root = fs::canonicalize(root())?;
    let mut mutants = list::read(&root)?;
    let problems = list::check(&root, &mutants);
    if args.check || !problems.is_empty() {
        problems.iter().for_each(|problem| println!("{problem}"));
        return Ok(problems.is_empty());
    }
    mutants.retain(|mutant| args.only.is_empty() || args.only.iter().any(|name| mutant.is_called(name)));
    if args.list {
        mutants.iter().for_each(|mutant| println!("{} ({}): {}", mutant.name, mutant.family, mutant.why));
        return Ok(true);
    }
    let scratch = args.scratch.clone().unwrap_or_else(|| root.join("target/mutation"));
    let results = run_all(args, &root, &scratch, &mutants)?;
    Ok(show(&mutants, &results))
}

/// Runs mutants and writes each result to the file at once.
fn run_all(
    args: &Args,
    root: &Path,
    scratch: &Path,
    mutants: &[Mutant],
) -> std::result::Result<BTreeMap<String, Result>, Box<dyn Error>> {
    let copy = Copy::new(root, scratch, args.seconds)?;
    let file = scratch.join("results.toml");
    let known = if args.resume { fs::read_to_string(&file).unwrap_or_default() } else { String::new() };
    let known: Results = toml::from_str(&known)?;
    let mut results: BTreeMap<_, _> = known.result.into_iter().map(|result| (result.name.clone(), result)).collect();
    let mut file = fs::OpenOptions::new().create(true).append(true).truncate(false).open(file)?;
    if !args.resume {
        file.set_len(0)?;
    }
    for mutant in mutants {
        if results.contains_key(&mutant.name) {
            continue;
        }
        let result = copy.run(mutant)?;
        println!("{}: {:?} {} ({} s)", result.name, result.verdict, result.by, result.seconds);
        let mut one = Results { result: vec![result] };
        file.write_all(toml::to_string(&one)?.as_bytes())?;
        results.extend(one.result.pop().map(|result| (mutant.name.clone(), result)));
    }
    Ok(results)
}

/// Prints a table by family and the total. Returns whether all mutants were noticed.
fn show(mutants: &[Mutant], results: &BTreeMap<String, Result>) -> bool {
    let mut families: Vec<&str> = Vec::new();
    for mutant in mutants {
        if !families.contains(&mutant.family.as_str()) {
            families.push(&mutant.family);
        }
    }
    println!(
        "\n| family | mutants | noticed | by the time limit | noticed since a test was added |\n|---|--:|--:|--:|--:|"
    );
    for family in families {
        let own: Vec<_> = mutants.iter().filter(|mutant| mutant.family == family).collect();
        row(family, &own, results);
    }
    let all: Vec<_> = mutants.iter().collect();
    let noticed = row("all", &all, results);
    for mutant in &all {
        match results.get(&mutant.name).map(|result| result.verdict) {
            Some(Verdict::Caught | Verdict::TimedOut) => {}
            verdict => println!("{}: {:?}: {}", mutant.name, verdict, mutant.why),
        }
    }
    println!("{noticed} of {} noticed", all.len());
    noticed == all.len()
}

/// Prints a row of the table and returns the number of mutants that were noticed.
fn row(name: &str, mutants: &[&Mutant], results: &BTreeMap<String, Result>) -> usize {
    let count = |wanted| {
        let is_wanted = |mutant: &&&Mutant| results.get(&mutant.name).is_some_and(|result| result.verdict == wanted);
        mutants.iter().filter(is_wanted).count()
    };
    let (late, gaps) = (count(Verdict::TimedOut), mutants.iter().filter(|mutant| mutant.gap.is_some()).count());
    let noticed = count(Verdict::Caught) + late;
    println!("| {name} | {} | {noticed} | {late} | {gaps} |", mutants.len());
    noticed
}
