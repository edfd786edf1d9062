//! Counts what was run and compiled, which tells how much a comparison says.

use std::{
    collections::BTreeMap,
    fmt::{Display, Formatter, Result},
};

use neovm::jit::{Refusal, Stats};
use serde::Serialize;

/// What was run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// The number of scripts compared.
    pub scripts: u64,
    /// The number of executions compared; each is one of either machine.
    pub executions: u64,
    /// The number of instructions executed by one of the machines.
    pub instructions: u64,
    /// The executions by their kind of outcome.
    pub ends: BTreeMap<&'static str, u64>,
    /// The number of scripts over the host that were run again without the calls that were rolled back.
    pub replayed: u64,
    /// The number of scripts that entered compiled code.
    pub entered_scripts: u64,
    /// What was compiled.
    pub compiled: Compiled,
    /// The number of scripts that differ.
    pub differences: u64,
}

/// What a compiler did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Compiled {
    /// The number of regions, including those compiled again.
    pub regions: u64,
    /// The number of regions compiled again.
    pub anew: u64,
    /// The number of regions given up after several attempts.
    pub given_up: u64,
    /// The number of instructions in regions.
    pub instructions: u64,
    /// The milliseconds spent compiling.
    pub milliseconds: u64,
    /// The number of times that compiled code was entered.
    pub entered: u64,
    /// The number of times that compiled code was left, by reason.
    pub exits: BTreeMap<&'static str, u64>,
    /// The number of regions that were not compiled, by reason.
    pub refused: BTreeMap<String, u64>,
}

impl Tally {
    /// Adds another tally.
    pub fn add(&mut self, other: &Self) {
        self.scripts += other.scripts;
        self.executions += other.executions;
        self.instructions += other.instructions;
        self.replayed += other.replayed;
        self.entered_scripts += other.entered_scripts;
        self.differences += other.differences;
        add_counts(&mut self.ends, &other.ends);
        self.compiled.add(&other.compiled);
    }
}

impl Compiled {
    /// Returns the number of regions at which the compiler itself failed. This changes no result but
    /// should never happen.
    pub fn failures(&self) -> u64 {
        let failures = [Refusal::Panicked, Refusal::Cranelift].map(|refusal| refusal.to_string());
        failures.iter().filter_map(|refusal| self.refused.get(refusal)).sum()
    }

    pub(crate) fn add(&mut self, other: &Self) {
        self.regions += other.regions;
        self.anew += other.anew;
        self.given_up += other.given_up;
        self.instructions += other.instructions;
        self.milliseconds += other.milliseconds;
        self.entered += other.entered;
        add_counts(&mut self.exits, &other.exits);
        add_counts(&mut self.refused, &other.refused);
    }

    pub(crate) fn of(stats: &Stats) -> Self {
        Self {
            regions: stats.compiled,
            anew: stats.recompiled,
            given_up: stats.given_up,
            instructions: stats.instructions,
            milliseconds: stats.compile_time.as_millis() as u64,
            entered: stats.entered,
            exits: stats.exits.iter().map(|(why, count)| (why.name(), *count)).collect(),
            refused: stats.refused.iter().map(|(refusal, count)| (refusal.to_string(), *count)).collect(),
        }
    }
}

fn add_counts<K: Ord + Clone>(sum: &mut BTreeMap<K, u64>, counts: &BTreeMap<K, u64>) {
    for (key, count) in counts {
        *sum.entry(key.clone()).or_default() += count;
    }
}

fn list<K: Display>(counts: &BTreeMap<K, u64>) -> String {
    counts.iter().map(|(key, count)| format!("{key} {count}")).collect::<Vec<_>>().join(", ")
}

impl Display for Tally {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let Self { scripts, executions, instructions, replayed, entered_scripts, compiled, differences, ends } = self;
        writeln!(f, "{scripts} scripts, {executions} executions of {instructions} instructions: {}", list(ends))?;
        if *replayed > 0 {
            writeln!(f, "{replayed} scripts were run again without the calls that were rolled back")?;
        }
        if compiled.regions > 0 {
            let share = *entered_scripts as f64 * 100.0 / (*scripts).max(1) as f64;
            writeln!(f, "{entered_scripts} scripts ({share:.0} %) entered compiled code")?;
            writeln!(f, "{compiled}")?;
        }
        write!(f, "{differences} scripts differ")
    }
}

impl Display for Compiled {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let Self { regions, anew, given_up, instructions, milliseconds, entered, exits, refused } = self;
        writeln!(
            f,
            "compiled {regions} regions ({anew} anew, {given_up} given up) of {instructions} instructions in {:.1} s",
            *milliseconds as f64 / 1e3
        )?;
        if !refused.is_empty() {
            writeln!(f, "refused: {}", list(refused))?;
        }
        write!(f, "entered {entered} times, left by: {}", list(exits))
    }
}
