//! Each guard fails in turn: the interpreter goes on from there, with the same results.

use std::sync::Arc;

use neovm::{
    Code, Dispatch, VmConfig,
    jit::{Jit, Mode, Why},
};
use neovm_testing::{Program, Runner, Snapshot, Tally, assert_same, is_long, say};

use crate::corpus::{looping, workloads};

/// When code is compiled: hot loops and methods, or before it runs.
const MODES: [Mode; 2] = [Mode { threshold: 2, background: false }, Mode { threshold: 1, background: false }];

/// A program compiled with a guard that always fails.
struct Stressed {
    runner: Runner,
    jit: Jit,
}

impl Stressed {
    fn new(program: &Program, mode: Mode, failing: Option<u32>) -> Self {
        let jit = Jit::with_failing_guard(mode, failing).expect("a compiler");
        if failing.is_none() {
            jit.watch();
        }
        let code = Code::decode(program.script.clone(), &VmConfig::default().prices).unwrap();
        Self { runner: Runner::new(Arc::new(jit.attach(code)), Dispatch::Auto), jit }
    }

    /// Runs the program twice; the second run enters what was compiled in the first.
    fn check(&mut self, program: &Program, expected: &Snapshot, failing: Option<u32>, tally: &mut Tally) {
        for _ in 0..2 {
            let end = self.runner.end(program.start);
            let mode = format!("guard {failing:?} fails, {:?}", self.jit.mode());
            assert_same(program, &mode, expected, end, &mut self.runner);
            tally.runs += 1;
        }
    }

    /// Returns a bound on the number of guards of a function: each is a branch.
    fn most_guards(&self) -> u32 {
        let branches = |clif: &str| clif.matches("brif").count() as u32;
        let reports = self.jit.reports();
        reports
            .iter()
            .filter_map(|report| report.outcome.as_ref().ok())
            .map(|made| branches(&made.clif))
            .max()
            .unwrap_or(0)
    }
}

/// Tries every `share`th guard of each program, starting from another one with each program.
fn try_guards(name: &str, programs: &[Program], share: u32) {
    let (mut tally, mut guards, mut failed) = (Tally::default(), 0, 0);
    for (number, program) in programs.iter().enumerate() {
        let expected = Runner::new(program.decode(), Dispatch::Auto).end(program.start);
        for mode in MODES {
            let mut none = Stressed::new(program, mode, None);
            none.check(program, &expected, None, &mut tally);
            for guard in (number as u32 % share..none.most_guards()).step_by(share as usize) {
                let mut stressed = Stressed::new(program, mode, Some(guard));
                stressed.check(program, &expected, Some(guard), &mut tally);
                let stats = stressed.jit.stats();
                tally.entered += stats.entered;
                guards += 1;
                let by_guard = [Why::Guard, Why::Gas, Why::Room, Why::Entry];
                failed += u64::from(by_guard.iter().any(|why| stats.exits.contains_key(why)));
            }
        }
    }
    let Tally { runs, entered } = tally;
    let count = programs.len();
    say(&format!(
        "{name}: {count} scripts, {guards} guards, of which {failed} failed, {runs} executions, {entered} entries"
    ));
    assert!(failed * 4 > guards, "guards fail that are reached");
}

#[test]
fn each_guard_fails() {
    try_guards("guards that fail", looping(), if is_long() { 1 } else { 4 });
}

#[test]
fn guards_of_programs_fail() {
    try_guards("guards that fail, programs", &workloads(), if is_long() { 1 } else { 20 });
}
