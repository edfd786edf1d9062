//! Executions that end or stop at each possible point: compiled code comes to the interpreter's
//! outcome.

use std::sync::Arc;

use neovm::{Code, Dispatch, JitMode, State};

use neovm_testing::{Compiler, Modes, Program, Runner, Snapshot, Start, Tally, assert_same, is_long, say};

use crate::corpus::{HOT, looping, workloads};

/// The item limit.
const ITEMS: usize = 2048;

/// The most gas limits tried with a script.
const LIMITS: u64 = 5_000;

/// The number of instructions to spend on one script, unless `NEOVM_LONG` is set.
const WORK: u64 = 400_000;

/// A program that runs repeatedly, interpreted and compiled.
struct Pair<'a> {
    program: &'a Program,
    plain: Runner,
    compiled: Vec<(JitMode, Runner)>,
    end: Snapshot,
}

impl Pair<'_> {
    /// Compares the interpreter with compiled code from a start.
    fn check(&mut self, start: Start, tally: &mut Tally) {
        let expected = self.plain.end(start);
        let program = Program { start, ..self.program.clone() };
        for (mode, runner) in &mut self.compiled {
            let actual = runner.end(start);
            assert_same(&program, mode, &expected, actual, runner);
            tally.runs += 1;
        }
    }
}

/// Compiles each program and runs an action on it, then reports how much was compared. Each program
/// must enter compiled code.
fn each(name: &str, programs: &[Program], mut act: impl FnMut(&mut Pair<'_>, &mut Tally)) {
    let mut compilers: Vec<_> =
        [JitMode::Eager, HOT].into_iter().map(|mode| (mode, Compiler::new(mode).expect("a compiler"))).collect();
    let mut tally = Tally::default();
    for program in programs {
        let warm = |code: Arc<Code>| {
            let mut runner = Runner::new(code, Dispatch::Auto);
            (0..2).for_each(|_| drop(runner.end(program.start)));
            runner
        };
        let compiled = |(mode, compiler): &mut (JitMode, Compiler)| {
            (*mode, warm(compiler.prepare(program.script.clone()).unwrap()))
        };
        let mut plain = Runner::new(program.decode(), Dispatch::Auto);
        let end = plain.end(program.start);
        let compiled = compilers.iter_mut().map(compiled).collect();
        let entered = |compilers: &[(JitMode, Compiler)]| compilers.iter().map(|(_, own)| own.entered()).sum::<u64>();
        let before = entered(&compilers);
        act(&mut Pair { program, plain, compiled, end }, &mut tally);
        let after = entered(&compilers);
        assert!(after > before, "{name}: {} did not enter compiled code", program.name);
        tally.entered += after - before;
    }
    let Tally { runs, entered } = tally;
    say(&format!("{name}: {} scripts, {runs} executions, {entered} entries of compiled code", programs.len()));
}

/// Returns numbers from 0 to `last`, evenly spread.
fn spread(last: u64, count: u64) -> impl Iterator<Item = u64> {
    let count = count.clamp(1, last.max(1));
    (0..=count).map(move |i| (u128::from(last) * u128::from(i) / u128::from(count)) as u64)
}

#[test]
fn all_modes_agree() {
    let (mut modes, mut tally) = (Modes::all(), Tally::default());
    for program in looping() {
        modes.check(program, &mut tally);
    }
    let Tally { runs, entered } = tally;
    say(&format!("all modes: {} scripts, {runs} executions, {entered} entries of compiled code", looping().len()));
    assert!(entered > runs);
}

/// Tries gas limits from none to what the script consumes: at a price unit and a datoshi below.
fn try_gas(pair: &mut Pair<'_>, tally: &mut Tally) {
    let most = if is_long() { LIMITS } else { (WORK / pair.end.instructions).clamp(20, LIMITS) };
    let units = (pair.end.gas as u64).div_ceil(30);
    for unit in spread(units, most) {
        let gas_limit = (30 * unit as i64 - (unit % 2) as i64).max(0);
        pair.check(Start { gas_limit, ..pair.program.start }, tally);
    }
}

#[test]
fn each_limit_of_gas() {
    each("limits of gas", looping(), try_gas);
}

#[test]
fn limits_of_gas_of_programs() {
    each("limits of gas, programs", &workloads(), try_gas);
}

#[test]
fn each_level_of_items() {
    each("levels of items", looping(), |pair, tally| {
        // As many as the script has items at once, and a few more.
        let snapshots = pair.plain.steps(pair.program.start, usize::MAX);
        let peak = snapshots.iter().map(|snapshot| snapshot.references).max().unwrap_or_default() as usize;
        let most = if is_long() { ITEMS as u64 } else { (WORK / (pair.end.instructions + 2_000)).max(40) };
        for below in spread((peak + 4).min(ITEMS) as u64, most) {
            pair.check(Start { nulls: ITEMS - below as usize, ..pair.program.start }, tally);
        }
    });
}

/// Returns the number of instructions until the most frequent position was reached four times.
fn three_turns(snapshots: &[Snapshot]) -> usize {
    let mut reached = std::collections::BTreeMap::<_, Vec<usize>>::new();
    for (number, snapshot) in snapshots.iter().enumerate() {
        reached.entry(snapshot.position).or_default().push(number);
    }
    let most = reached.into_values().max_by_key(Vec::len).unwrap_or_default();
    most.get(3).copied().unwrap_or(snapshots.len())
}

#[test]
fn each_budget() {
    each("budgets", looping(), |pair, tally| {
        let start = pair.program.start;
        let steps = pair.plain.steps(start, 2_000);
        let most = if is_long() { steps.len() } else { three_turns(&steps).clamp(150, 600) };
        for (budget, expected) in steps.iter().enumerate().take(most) {
            for (mode, runner) in &mut pair.compiled {
                let vm = runner.start(start);
                vm.set_budget(Some(budget as u64));
                vm.run(&mut neovm::NoHost);
                let stopped = Snapshot::of(vm);
                vm.set_budget(None);
                vm.run(&mut neovm::NoHost);
                let end = Snapshot::of(vm);
                let name = format!("stopped after {budget} instructions by {mode:?}");
                let program = Program { name: format!("{} {name}", pair.program.name), ..pair.program.clone() };
                if stopped.state == State::Break {
                    assert_same(&program, &"where it stopped", expected, stopped, runner);
                }
                assert_same(&program, &"in the end", &pair.end, end, runner);
                tally.runs += 2;
            }
        }
    });
}
