//! One script after the other.

use neovm_generator::{Random, SystemCalls, any_script};

use crate::{
    case::{Against, Case, Run, Way},
    compare::Comparer,
    end::End,
    minimize::minimized,
    report::report,
    tally::Tally,
};

/// Most executions of a script.
const MOST_RUNS: usize = 3;

/// Makes scripts and compares them. It keeps what a [`Comparer`] does.
#[derive(Debug)]
pub struct Worker {
    against: Against,
    comparer: Comparer,
    calls: SystemCalls,
    tally: Tally,
}

impl Worker {
    /// Nothing was compared yet.
    pub fn new(against: Against) -> Self {
        let comparer = Comparer::new();
        let calls = comparer.hosts().calls();
        Self { against, comparer, calls, tally: Tally::default() }
    }

    /// What was done so far.
    pub fn tally(&self) -> Tally {
        Tally { compiled: self.comparer.compiled(), ..self.tally.clone() }
    }

    /// Compares the script that random numbers make. What differs is the last
    /// run of the case that is returned.
    pub fn check(&mut self, random: &mut Random) -> Option<Case> {
        let script = any_script(random, &self.calls);
        let mut case = self.against.case(script, random);
        let (reference, subject) =
            (self.comparer.ready(&case.script, case.reference), self.comparer.ready(&case.script, case.subject));
        let before = self.comparer.entered(case.subject);
        let mut differs = false;
        self.tally.scripts += 1;
        while let Some(run) = case.runs.last() {
            let end = self.comparer.end(&reference, run);
            differs = !end.agrees(&self.comparer.end(&subject, run));
            self.tally.executions += 1;
            self.tally.instructions += end.instructions;
            *self.tally.ends.entry(end.kind()).or_default() += 1;
            if differs || case.runs.len() == MOST_RUNS {
                break;
            }
            let Some(next) = next_run(&case, &end, random) else { break };
            case.runs.push(next);
        }
        self.tally.entered_scripts += u64::from(self.comparer.entered(case.subject) > before);
        self.tally.differences += u64::from(differs);
        differs.then_some(case)
    }

    /// A shorter case that differs too, and where the machines part.
    pub fn explain(&mut self, case: Case) -> (Case, String) {
        let case = minimized(&mut self.comparer, case);
        let text = report(&mut self.comparer, &case)
            .unwrap_or_else(|| format!("{case:?}\nonce, and then no more: it depends on when it was compiled\n"));
        (case, text)
    }
}

/// Another run of a script that ended alike: with less gas than it took, under
/// other limits, or the same with all that was compiled meanwhile.
fn next_run(case: &Case, end: &End, random: &mut Random) -> Option<Run> {
    let last = case.runs.last()?;
    let is_compiled = matches!(case.subject, Way::Compiled { .. });
    match random.below(6) {
        0..=2 => Some(Run { gas_limit: random.below(end.gas as usize + 1) as u64, ..last.clone() }),
        3 if is_compiled => Some(Run::random(random)),
        4 if is_compiled => Some(last.clone()),
        _ => None,
    }
}
