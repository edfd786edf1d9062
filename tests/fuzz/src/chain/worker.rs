//! Compares one case after the other.

use neovm_generator::Random;

use super::{ChainCase, ChainComparer, minimized_chain};
use crate::tally::Tally;

/// Generates cases and compares them.
#[derive(Debug, Default)]
pub struct ChainWorker {
    comparer: ChainComparer,
    tally: Tally,
}

impl ChainWorker {
    /// Returns what was done so far.
    pub fn tally(&self) -> Tally {
        self.tally.clone()
    }

    /// Compares the case that random numbers generate. Returns it if it differs.
    pub fn check(&mut self, random: &mut Random) -> Option<ChainCase> {
        let case = ChainCase::random(&self.comparer, random);
        let comparison = self.comparer.compare(&case);
        self.tally.scripts += 1;
        self.tally.replayed += u64::from(comparison.is_replayed);
        self.tally.entered_scripts += u64::from(comparison.compiled.entered > 0);
        self.tally.compiled.add(&comparison.compiled);
        for ending in &comparison.endings {
            self.tally.executions += 1;
            self.tally.instructions += ending.instructions;
            *self.tally.ends.entry(ending.kind()).or_default() += 1;
        }
        self.tally.differences += u64::from(comparison.difference.is_some());
        comparison.difference.is_some().then_some(case)
    }

    /// Returns a shorter case that differs, and a report.
    pub fn explain(&mut self, case: ChainCase) -> (ChainCase, String) {
        let case = minimized_chain(&self.comparer, case);
        let text = self.comparer.compare(&case).difference;
        let text = text.unwrap_or_else(|| "The case differed once and not again.\n".into());
        (case, text)
    }
}
