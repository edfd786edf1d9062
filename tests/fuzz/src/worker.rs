//! Compares one script after the other.

use neovm_generator::{Random, SystemCalls, any_script};

use crate::{
    case::{Against, Case, GAS, Run},
    compare::Comparer,
    minimize::minimized,
    report::report,
    tally::Tally,
};

/// The most executions of a script.
const MOST_RUNS: usize = 6;

/// Generates scripts and compares them. Keeps machines and compilers as a [`Comparer`] does.
#[derive(Debug)]
pub struct Worker {
    against: Against,
    comparer: Comparer,
    calls: SystemCalls,
    tally: Tally,
}

impl Worker {
    /// Creates a worker that has compared nothing yet.
    pub fn new(against: Against) -> Self {
        let comparer = Comparer::new();
        let calls = comparer.hosts().calls();
        Self { against, comparer, calls, tally: Tally::default() }
    }

    /// Returns what was done so far.
    pub fn tally(&self) -> Tally {
        Tally { compiled: self.comparer.compiled(), ..self.tally.clone() }
    }

    /// Compares the script that random numbers generate. Returns the case if its last run differs.
    pub fn check(&mut self, random: &mut Random) -> Option<Case> {
        let script = any_script(random, &self.calls);
        let mut case = self.against.case(script, random);
        let (reference, subject) =
            (self.comparer.ready(&case.script, case.reference), self.comparer.ready(&case.script, case.subject));
        let before = self.comparer.entered(case.subject);
        let (mut differs, mut gas) = (false, 0u64);
        self.tally.scripts += 1;
        while let Some(run) = case.runs.last() {
            let end = self.comparer.run(&reference, run);
            differs = !end.agrees(&self.comparer.run(&subject, run));
            self.tally.executions += 1;
            self.tally.instructions += end.instructions;
            *self.tally.ends.entry(end.kind()).or_default() += 1;
            if differs || case.runs.len() == MOST_RUNS {
                break;
            }
            gas = gas.max(end.gas as u64);
            let Some(next) = next_run(&case, gas, random) else { break };
            case.runs.push(next);
        }
        self.tally.entered_scripts += u64::from(self.comparer.entered(case.subject) > before);
        self.tally.differences += u64::from(differs);
        differs.then_some(case)
    }

    /// Returns a shorter case that differs, and a report of where the executions part.
    pub fn explain(&mut self, case: Case) -> (Case, String) {
        let case = minimized(&mut self.comparer, case);
        let text = report(&mut self.comparer, &case).unwrap_or_else(|| {
            format!(
                "{case:?}\nThe case differed once and not again: the difference depends on when code was compiled.\n"
            )
        });
        (case, text)
    }
}

/// Chooses another run of a script whose runs agreed: with less gas than one of them consumed, so that it ends anywhere
/// in the code that was compiled meanwhile, with other settings, or the same run once more.
fn next_run(case: &Case, gas: u64, random: &mut Random) -> Option<Run> {
    let last = case.runs.last()?;
    let is_compiled = case.subject.is_compiled();
    match random.below(8) {
        0..=4 => Some(Run { gas_limit: random.below(gas as usize + 1) as u64, ..last.clone() }),
        5 if is_compiled => Some(Run::random(random)),
        6 if is_compiled => Some(Run { gas_limit: GAS, ..last.clone() }),
        _ => None,
    }
}
