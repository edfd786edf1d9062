//! What tests say of gas: by method, and whether it has changed.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context, Result, anyhow};

use super::Ran;
use crate::{input, json::push, show, terminal};

/// The least, the median and the most gas of each method, in datoshi.
pub(super) fn table(ran: &[Ran<'_>]) -> String {
    let mut methods: BTreeMap<&str, Vec<u128>> = BTreeMap::new();
    for (method, gas) in ran.iter().flat_map(|one| &one.report.calls) {
        methods.entry(method).or_default().push(*gas);
    }
    let mut out = format!("\n{:>12} {:>12} {:>12} {:>8}  gas in datoshi\n", "min", "median", "max", "calls");
    for (method, mut gas) in methods {
        gas.sort_unstable();
        let line =
            format!("{:>12} {:>12} {:>12} {:>8}  {method}", gas[0], gas[gas.len() / 2], gas[gas.len() - 1], gas.len());
        push(&mut out, format_args!("{}\n", terminal::cut(&line, terminal::width())));
    }
    out
}

/// What is written of a file that is there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Update {
    /// Nothing: it is compared.
    No,
    /// The tests that ran; the others stay as they are.
    Run,
    /// All of it.
    All,
}

/// Compares the gas of each test with a file, and returns what differs. The file is written if it is not there, or
/// if that is wanted. Tests whose arguments are made up are left out.
pub(super) fn compare(path: &Path, ran: &[Ran<'_>], update: Update) -> Result<Vec<String>> {
    let tests = ran.iter().filter(|one| !one.report.is_random && one.report.failure.is_none());
    let now: BTreeMap<String, u128> =
        tests.map(|one| (show::one_line(&format!("{}  {}", one.suite.path, one.name)), one.report.gas)).collect();
    if update == Update::All || !path.exists() {
        return write(path, &now);
    }
    let before = read(path)?;
    if update == Update::Run {
        return write(path, &before.into_iter().chain(now).collect());
    }
    // Tests that did not run this time say nothing.
    let changed = before.iter().filter_map(|(test, before)| {
        let gas = now.get(test).filter(|gas| *gas != before)?;
        let change = 100.0 * (*gas as f64 - *before as f64) / (*before).max(1) as f64;
        Some(format!("{test}: {before} -> {gas} datoshi ({change:+.2} %)"))
    });
    let new = now.keys().filter(|test| !before.contains_key(*test));
    Ok(changed.chain(new.map(|test| format!("{test}: not in the snapshot"))).collect())
}

fn write(path: &Path, gas: &BTreeMap<String, u128>) -> Result<Vec<String>> {
    let text: String = gas.iter().map(|(test, gas)| format!("{gas:>12}  {test}\n")).collect();
    fs::write(path, text).with_context(|| format!("cannot write {}", input::name_of(path)))?;
    Ok(Vec::new())
}

fn read(path: &Path) -> Result<BTreeMap<String, u128>> {
    let text = String::from_utf8(input::read_limited(path, input::MAX_TEXT)?).context("the gas snapshot is no text")?;
    let lines = text.lines().enumerate().map(|(i, line)| {
        let parts = line.trim_start().split_once("  ");
        let known = parts.and_then(|(gas, test)| Some((test.to_owned(), gas.parse().ok()?)));
        known.ok_or_else(|| {
            anyhow!("{}, line {}: a number, two spaces and a test are expected", input::name_of(path), i + 1)
        })
    });
    lines.collect()
}

/// An amount as reports show it.
pub(super) fn amount(datoshi: u128) -> String {
    format!("{} GAS", show::gas(datoshi))
}
