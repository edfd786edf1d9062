//! What people and programs see of tests.

use std::{process::ExitCode, time::Duration};

use anyhow::Result;
use neovm::Hash160;
use neovm_workbench::Coverage;
use serde_json::json;

use super::{Ran, gas};
use crate::{
    coverage::text,
    show,
    terminal::{self, BAD, GOOD, NOTE},
};

/// Shows tests as they end.
pub(super) struct Reporter {
    json: bool,
    /// What arguments are made up from.
    seed: u64,
    skipped: usize,
}

/// How many there are.
pub(super) struct Counts {
    pub(super) files: usize,
    pub(super) tests: usize,
    pub(super) skipped: usize,
}

impl Reporter {
    pub(super) fn new(json: bool, seed: u64, counts: &Counts) -> Result<Self> {
        let Counts { files, tests, skipped } = *counts;
        if !json {
            let left_out = if skipped == 0 { String::new() } else { format!(" ({skipped} skipped)") };
            let tests = show::count(tests as u64, "test");
            let files = show::count(files as u64, "file");
            terminal::write(&format!("{GOOD}{:>12}{GOOD:#} {tests} in {files}{left_out}\n", "Starting"))?;
        }
        Ok(Self { json, seed, skipped })
    }

    /// A line for a test.
    pub(super) fn show(&mut self, one: &Ran<'_>) -> Result<()> {
        if self.json {
            return Ok(());
        }
        let (style, word) = if one.report.failure.is_none() { (GOOD, "PASS") } else { (BAD, "FAIL") };
        let gas = if one.report.gas == 0 || one.report.is_random {
            String::new()
        } else {
            format!("  ({})", gas::amount(one.report.gas))
        };
        let time = one.time.as_secs_f64();
        let mut text = format!(
            "{style}{word:>12}{style:#} [{time:>8.3}s] {}  {}{gas}\n",
            one.suite.path,
            show::one_line(one.name)
        );
        if let Some(failure) = &one.report.failure {
            text += &format!("\n{failure}\n");
        }
        terminal::write(&text)
    }

    /// The summary.
    pub(super) fn finish(&self, ran: &[Ran<'_>], errors: &[String], drift: &[String], time: Duration) -> Result<()> {
        let failed = ran.iter().filter(|one| one.report.failure.is_some()).count();
        if self.json {
            return terminal::write(&self.json(ran, errors, drift, time));
        }
        self::errors(errors)?;
        let mut text = String::from("------------\n");
        for line in drift {
            text += &format!("{BAD}{:>12}{BAD:#} {line}\n", "GAS");
        }
        let style = if failed == 0 && errors.is_empty() && drift.is_empty() { GOOD } else { BAD };
        let tests = show::count(ran.len() as u64, "test");
        text += &format!(
            "{style}{:>12}{style:#} [{:>8.3}s] {tests} run: {} passed, {failed} failed, {} skipped\n",
            "Summary",
            time.as_secs_f64(),
            ran.len() - failed,
            self.skipped
        );
        for one in ran.iter().filter(|one| one.report.failure.is_some()) {
            text += &format!("{BAD}{:>12}{BAD:#} {}  {}\n", "FAIL", one.suite.path, show::one_line(one.name));
        }
        if ran.iter().any(|one| one.report.failure.is_some() && one.report.is_random) {
            let seed = self.seed;
            text += &format!("{NOTE}{:>12}{NOTE:#} --seed {seed} makes up the same arguments again\n", "Seed");
        }
        if !errors.is_empty() {
            let files = show::count(errors.len() as u64, "file");
            text += &format!("{NOTE}{:>12}{NOTE:#} {files} cannot be used\n", "ERROR");
        }
        terminal::write(&text)
    }

    fn json(&self, ran: &[Ran<'_>], errors: &[String], drift: &[String], time: Duration) -> String {
        let plain = |text: &str| anstream::adapter::strip_str(text).to_string();
        let test = |one: &Ran<'_>| {
            json!({
                "file": one.suite.path,
                "name": one.name,
                "passed": one.report.failure.is_none(),
                "failure": one.report.failure.as_deref().map(plain),
                "gas": one.report.gas.to_string(),
                "calls": one.report.calls.iter().map(|(method, gas)| json!([method, gas.to_string()])).collect::<Vec<_>>(),
                "seconds": one.time.as_secs_f64(),
            })
        };
        let coverage: Vec<_> = coverage(ran).iter().map(crate::coverage::json_value).collect();
        let json = json!({
            "tests": ran.iter().map(test).collect::<Vec<_>>(),
            "seed": self.seed,
            "skipped": self.skipped,
            "errors": errors.iter().map(|error| plain(error)).collect::<Vec<_>>(),
            "gas_drift": drift,
            "coverage": coverage,
            "seconds": time.as_secs_f64(),
        });
        json.to_string() + "\n"
    }
}

/// Writes what is wrong with files to standard error.
pub(super) fn errors(errors: &[String]) -> Result<ExitCode> {
    use std::io::Write;
    for error in errors {
        anstream::stderr().write_all(error.as_bytes())?;
    }
    Ok(if errors.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What all tests reached, by contract.
pub(super) fn coverage(ran: &[Ran<'_>]) -> Vec<Coverage> {
    let mut all: Vec<(Hash160, Coverage)> = Vec::new();
    for (hash, coverage) in ran.iter().flat_map(|one| &one.report.coverage) {
        // A contract is the same in several files if its script is.
        match all.iter_mut().find(|(_, known)| known.script == coverage.script && known.name == coverage.name) {
            Some((_, known)) => known.merge(coverage),
            None => all.push((*hash, coverage.clone())),
        }
    }
    all.into_iter().map(|(_, coverage)| coverage).collect()
}

pub(super) fn coverage_text(all: &[Coverage]) -> String {
    all.iter().map(|coverage| format!("\n{}\n{}", coverage.name, text(coverage))).collect()
}
