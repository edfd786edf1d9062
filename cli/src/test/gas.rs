//! What tests say of gas: by method, and whether it has changed.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
    fs,
    path::Path,
};

use anyhow::{Context, Result, anyhow};
use neovm_workbench::suite::Suite;

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

/// A file with the gas of each test.
pub(super) struct Snapshot<'a> {
    path: &'a Path,
    update: Update,
    /// What it holds; nothing if it is not there, or is written anew.
    before: Option<BTreeMap<String, u128>>,
}

impl<'a> Snapshot<'a> {
    /// Reads a file.
    pub(super) fn read(path: &'a Path, update: Update) -> Result<Self> {
        let is_read = update != Update::All && path.exists();
        Ok(Self { path, update, before: is_read.then(|| read(path)).transpose()? })
    }
}

/// Compares the gas of each test with a file, and returns what differs. The file is written if it is not there, or
/// if that is wanted. Tests whose arguments are made up are left out.
pub(super) fn compare(snapshot: Snapshot<'_>, suites: &[Suite], ran: &[Ran<'_>]) -> Result<Vec<String>> {
    let Snapshot { path, update, before } = snapshot;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let tests = ran.iter().filter(|one| !one.report.is_random && one.report.failure.is_none());
    let now: BTreeMap<String, u128> =
        tests.map(|one| (key(&file_key(folder, &one.suite.path), one.name), one.report.gas)).collect();
    let Some(before) = before else { return write(path, &now) };
    if update == Update::Run {
        return write(path, &before.into_iter().chain(now).collect());
    }
    // Tests that did not run this time say nothing, unless there are none of them any more.
    let loaded: HashMap<String, &Suite> = suites.iter().map(|suite| (file_key(folder, &suite.path), suite)).collect();
    let is_gone = |test: &str| {
        let (file, name) = test.split_once("  ").unwrap_or((test, ""));
        match loaded.get(file) {
            Some(suite) => !suite.tests().into_iter().any(|known| show::one_line(known) == name),
            None => !folder.join(file).exists(),
        }
    };
    let gone = before.keys().filter(|test| is_gone(test)).map(|test| format!("{test}: there is no such test any more"));
    let changed = before.iter().filter_map(|(test, before)| {
        let gas = now.get(test).filter(|gas| *gas != before)?;
        let change = 100.0 * (*gas as f64 - *before as f64) / (*before).max(1) as f64;
        Some(format!("{test}: {before} -> {gas} datoshi ({change:+.2} %)"))
    });
    let new = now.keys().filter(|test| !before.contains_key(*test));
    Ok(changed.chain(new.map(|test| format!("{test}: not in the snapshot"))).chain(gone).collect())
}

/// What stands for a test in a snapshot.
fn key(file: &str, name: &str) -> String {
    format!("{file}  {}", show::one_line(name))
}

/// The path of a file with tests from the folder of the snapshot, whatever was typed.
fn file_key(folder: &Path, file: &str) -> String {
    let found = fs::canonicalize(folder).and_then(|folder| Ok((folder, fs::canonicalize(file)?)));
    let Ok((folder, file)) = found else { return show::one_line(file) };
    let (from, to): (Vec<_>, Vec<_>) = (folder.components().collect(), file.components().collect());
    let shared = from.iter().zip(&to).take_while(|(one, other)| one == other).count();
    let up = from[shared..].iter().map(|_| "..".into());
    let down = to[shared..].iter().map(|part| part.as_os_str().to_string_lossy());
    let parts: Vec<Cow<'_, str>> = up.chain(down).collect();
    show::one_line(&parts.join("/"))
}

fn write(path: &Path, gas: &BTreeMap<String, u128>) -> Result<Vec<String>> {
    let text: String = gas.iter().map(|(test, gas)| format!("{gas:>12}  {test}\n")).collect();
    input::write_file(path, text)?;
    Ok(Vec::new())
}

fn read(path: &Path) -> Result<BTreeMap<String, u128>> {
    let text = String::from_utf8(input::read_limited(path, input::MAX_TEXT)?);
    let text = text.ok().with_context(|| format!("{} is no gas snapshot: it is not UTF-8", input::name_of(path)))?;
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
