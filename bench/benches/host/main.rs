//! Transactions, system calls and native methods over a chain, beside the C# node.
//!
//! ```text
//! cargo bench -p neovm-bench --bench host -- [PART OF A NAME] [--interp]
//! ```
//!
//! The scripts and the states that they run on are those that the C# node core 3.10.2 was measured with. The outcome of
//! each is compared with the recorded one before it is measured. A figure is, as the C# node's, the time of a whole run
//! divided by the number of transactions, calls or iterations in it, without that of what else is in an iteration.
//! `--interp` measures without compiled code.
//!
//! With `PASSES=1000` in the environment, each figure is run a thousand times and nothing is timed: what a profiler
//! such as callgrind is to look at.
//!
//! The figures of the C# node are the best ones on the machine that the inputs were recorded on.

mod check;
mod inputs;
mod signatures;
mod timing;

use std::{cell::RefCell, collections::HashMap, env, time::Instant};

use neovm::{
    EngineConfig, Hardfork, JitMode,
    host::{Container, execute, verify_witness},
    storage::WriteStore,
};
use serde::Deserialize;

use self::{
    check::check,
    inputs::{Case, Inputs, World},
    timing::{Times, measure, measure_parts},
};

/// What was measured in the C# node.
const FIGURES: &str = include_str!("../../data/host-timings.jsonl");

/// A figure of the C# node.
#[derive(Deserialize)]
struct Figure {
    name: String,
    /// `us/tx` stands for transactions on a state that each of them changes.
    unit: String,
    /// The best time, in the unit.
    value: f64,
    /// The number of transactions, calls or iterations of a run.
    n: u32,
    /// The figure to be subtracted.
    minus: Option<String>,
    /// The case.
    input: String,
}

impl Figure {
    fn nanoseconds(&self) -> f64 {
        if self.unit.starts_with("us") { self.value * 1e3 } else { self.value }
    }
}

struct Bench {
    inputs: Inputs,
    /// A network of today, and one before Faun.
    worlds: [World; 2],
    figures: Vec<Figure>,
    measured: RefCell<HashMap<String, Times>>,
}

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let is_interpreted = arguments.iter().any(|argument| argument == "--interp");
    let part = arguments.iter().find(|argument| !argument.starts_with("--")).map_or("", String::as_str);
    let config = || match is_interpreted {
        true => EngineConfig::default().with_jit(JitMode::Off),
        false => EngineConfig::default(),
    };
    let inputs = Inputs::read();
    let worlds = [Hardfork::Gorgon, Hardfork::Echidna].map(|last| inputs.world(last, config()));
    let figures = FIGURES.lines().map(|line| serde_json::from_str(line).expect("a figure")).collect();
    let bench = Bench { inputs, worlds, figures, measured: RefCell::default() };

    println!("{:<32} {:>10} {:>10} {:>10} {:>10} {:>8}", "nanoseconds", "min", "median", "max", "C# best", "factor");
    for figure in bench.figures.iter().filter(|figure| figure.name.contains(part)) {
        if let Some(times) = bench.net(figure) {
            print_row(&figure.name, times, Some(figure.nanoseconds()));
        }
    }
    for (name, run) in signatures::figures(&bench.worlds[0]) {
        if name.contains(part) {
            print_row(name, run(), None);
        }
    }
}

fn print_row(name: &str, times: Times, theirs: Option<f64>) {
    print!("{name:<32} {:>10.1} {:>10.1} {:>10.1}", times.min, times.median, times.max);
    match theirs {
        Some(theirs) => println!(" {theirs:>10.1} {:>8.1}", theirs / times.min),
        None => println!(" {:>10} {:>8}", "-", "-"),
    }
}

impl Bench {
    /// A figure without what is to be subtracted; none if its case is not there.
    fn net(&self, figure: &Figure) -> Option<Times> {
        let gross = self.gross(figure)?;
        let Some(minus) = &figure.minus else { return Some(gross) };
        let other = self.figures.iter().find(|other| other.name == *minus).expect("a figure to subtract");
        let other_gross = self.gross(other)?;
        // A whole run is subtracted from the whole run.
        Some(if other.unit == "us/run" { gross - other_gross / f64::from(figure.n) } else { gross - other_gross })
    }

    fn gross(&self, figure: &Figure) -> Option<Times> {
        if let Some(times) = self.measured.borrow().get(&figure.name) {
            return Some(*times);
        }
        let world = &self.worlds[usize::from(figure.name.ends_with("_echidna0"))];
        let times = match self.inputs.cases.get(&figure.input) {
            Some(case) if figure.unit == "us/tx" => self.transactions(figure, case, world),
            Some(case) if figure.unit == "us/run" => self.run(figure, case, world),
            Some(case) => self.run(figure, case, world) / f64::from(figure.n),
            None => self.witness(figure)?,
        };
        self.measured.borrow_mut().insert(figure.name.clone(), times);
        Some(times)
    }

    /// A whole run of a script: an overlay, an executor, the script, the receipt.
    fn run(&self, figure: &Figure, case: &Case, world: &World) -> Times {
        let state = case.state(&self.inputs, world);
        let (transaction, script) = (case.transaction(None), case.script());
        let job = case.job(world, &transaction, &script);
        check(&figure.name, &execute(&world.network, &state, &job).expect("a good state"), &state, &case.outcome);
        measure(|| {
            let receipt = execute(&world.network, &state, &job).expect("a good state");
            assert!(receipt.halted());
        })
    }

    /// Transactions with different hashes one after another, each with its changes written to the store.
    fn transactions(&self, figure: &Figure, case: &Case, world: &World) -> Times {
        let before = case.state(&self.inputs, world);
        let script = case.script();
        let recorded = case.transaction(None);
        let receipt = execute(&world.network, &before, &case.job(world, &recorded, &script)).expect("a good state");
        check(&figure.name, &receipt, &before, &case.outcome);
        let transactions: Vec<_> = (0..figure.n).map(|nonce| case.transaction(Some(nonce))).collect();
        let jobs: Vec<_> = transactions.iter().map(|transaction| case.job(world, transaction, &script)).collect();
        let round = || {
            let mut state = before.clone();
            let begun = Instant::now();
            for job in &jobs {
                let receipt = execute(&world.network, &state, job).expect("a good state");
                assert!(receipt.halted());
                state.write(&receipt.changes).expect("a store in memory");
            }
            begun.elapsed()
        };
        measure_parts(round) / f64::from(figure.n)
    }

    fn witness(&self, figure: &Figure) -> Option<Times> {
        let verify = self.inputs.verifies.get(&figure.input)?;
        let world = &self.worlds[0];
        let state = verify.state(&self.inputs, world);
        let (transaction, witness) = (verify.transaction(), verify.witness());
        let hash = verify.hash.parse().expect("a hash");
        let run = || {
            let container = Container::Transaction(&transaction);
            verify_witness(&world.network, &state, container, hash, &witness, verify.datoshi).expect("a good state")
        };
        let verdict = run();
        assert!(verdict.ok, "{}", figure.name);
        assert_eq!(verdict.fee.datoshi_ceil(), u128::try_from(verify.fee).expect("a fee"), "{}", figure.name);
        Some(measure(|| assert!(run().ok)))
    }
}
