//! How far machine code of scripts is from plain Rust, and from the interpreter.
//!
//! ```text
//! cargo run --release -p neovm-bench --bin versus-plain
//! ```
//!
//! One table, measured in one run. The kinds take turns in each round of
//! samples, so that what else the machine does hits all alike, and a quotient is
//! that of times of the same round. A cell is the median of the rounds, and the
//! least and the most in brackets.
//!
//! - interp: nanoseconds per VM instruction of the interpreter alone;
//! - jit: of an engine as it is by default, after all that is hot was compiled;
//! - plain: the time of a function in plain Rust that computes the same, see
//!   `plain.rs`, divided by the VM instructions of the script. Scripts with arrays
//!   and byte strings have none.
//!
//! A run is loading, running and dropping a script that was decoded before.

use std::{
    hint::black_box,
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use neovm::{Code, Engine, EngineConfig, JitMode, LoadOptions, NoHost, Outcome, RunOptions, StubHost, Vm};
use neovm_bench::{Machine, Plain, Program, exit_code, workloads};

/// What is measured, those with plain functions first.
const WORKLOADS: [&str; 10] =
    ["loop_sum", "collatz", "count_primes", "gcd_sum", "fib", "fib_rec", "sieve", "bubble_sort", "matmul", "checksum"];

/// Samples of each kind; an odd number has a median.
const ROUNDS: usize = 31;

/// What a sample takes at least, so that reading the clock does not matter.
const SAMPLE: Duration = Duration::from_millis(1);

/// How long each kind runs before it is timed.
const WARM_UP: Duration = Duration::from_millis(30);

/// Runs before it is timed, however long they take.
const WARM_UP_RUNS: u32 = 3;

type Error = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    exit_code(run().map(|()| ExitCode::SUCCESS))
}

fn run() -> Result<(), Error> {
    if cfg!(debug_assertions) {
        return Err("only optimized code is worth timing: cargo run --release".into());
    }
    let mut machine = Machine::new(StubHost::default());
    let programs = workloads(&mut machine);
    println!("Nanoseconds per VM instruction: median of {ROUNDS} rounds (least to most)\n");
    print_row(["workload", "instructions", "interp", "jit", "plain", "jit / plain", "interp / jit"].map(String::from));
    println!("|---|--:|--:|--:|--:|--:|--:|");
    for id in WORKLOADS {
        let program = programs.iter().find(|program| program.id == id).ok_or("no such workload")?;
        machine.run_program(program);
        let result = top(&machine.vm).ok_or("a result that is no integer")?;
        measure(program, &result)?.print();
    }
    Ok(())
}

/// A row of a table in Markdown that can be read as it is, too.
fn print_row([id, instructions, times @ ..]: [String; 7]) {
    print!("| {id:<12} | {instructions:>12} |");
    for time in times {
        print!(" {time:>24} |");
    }
    println!();
}

/// The integer on top in the end.
fn top(vm: &Vm) -> Option<String> {
    Some(vm.results().last()?.to_integer().ok()?.to_string())
}

/// An engine with a machine that runs a script over and over.
struct Runner {
    engine: Engine,
    vm: Vm,
    code: Arc<Code>,
}

impl Runner {
    fn new(jit: JitMode, program: &Program) -> Result<Self, Error> {
        let engine = Engine::new(EngineConfig::default().with_jit(jit));
        let (vm, code) = (engine.vm(RunOptions::default()), engine.prepare(program.code.script())?);
        Ok(Self { engine, vm, code })
    }

    /// Drops what the last run left, loads and runs.
    fn run(&mut self) {
        self.vm.reset(RunOptions::default(), &mut NoHost);
        self.vm.load(Arc::clone(&self.code), LoadOptions::default()).expect("code for this machine");
        assert_eq!(self.vm.run(&mut NoHost), Outcome::Halt);
    }

    /// Runs until all that is hot is compiled, and compiled anew where it has to
    /// be. An error if it is another program then.
    fn warm_up(&mut self, program: &Program, result: &str) -> Result<(), Error> {
        let begun = Instant::now();
        let mut runs = 0;
        while runs < WARM_UP_RUNS || begun.elapsed() < WARM_UP {
            self.run();
            if let Some(jit) = self.engine.jit() {
                jit.wait();
            }
            runs += 1;
        }
        if top(&self.vm).as_deref() != Some(result) || self.vm.instructions() != program.instructions {
            return Err(format!("{}: another result or number of instructions", program.id).into());
        }
        Ok(())
    }
}

/// Something to be timed, and how often a sample runs it.
struct Timed<'a> {
    run: Box<dyn FnMut() + 'a>,
    runs: u32,
}

impl<'a> Timed<'a> {
    fn new(run: impl FnMut() + 'a) -> Self {
        let mut timed = Self { run: Box::new(run), runs: 1 };
        while timed.total() < SAMPLE {
            timed.runs *= 2;
        }
        timed
    }

    fn total(&mut self) -> Duration {
        let begun = Instant::now();
        for _ in 0..self.runs {
            (self.run)();
        }
        begun.elapsed()
    }

    /// Nanoseconds of a run, by another sample.
    fn sample(&mut self) -> f64 {
        self.total().as_secs_f64() * 1e9 / f64::from(self.runs)
    }
}

/// The times of a workload, in nanoseconds per VM instruction, by rounds.
struct Times {
    id: String,
    instructions: u64,
    interp: Vec<f64>,
    jit: Vec<f64>,
    /// Empty if there is no plain function.
    plain: Vec<f64>,
}

fn measure(program: &Program, result: &str) -> Result<Times, Error> {
    let mut interp = Runner::new(JitMode::Off, program)?;
    let mut jit = Runner::new(JitMode::default(), program)?;
    if jit.engine.jit().is_none() {
        return Err("there is no compiler for this platform".into());
    }
    interp.warm_up(program, result)?;
    jit.warm_up(program, result)?;
    let mut interp = Timed::new(|| interp.run());
    let mut jit = Timed::new(|| jit.run());
    let mut plain = Plain::find(&program.id).map(|plain| timed_plain(plain, result)).transpose()?;
    let each = |time: f64| time / program.instructions as f64;
    let (id, instructions) = (program.id.clone(), program.instructions);
    let mut times = Times { id, instructions, interp: Vec::new(), jit: Vec::new(), plain: Vec::new() };
    for _ in 0..ROUNDS {
        times.interp.push(each(interp.sample()));
        times.jit.push(each(jit.sample()));
        times.plain.extend(plain.as_mut().map(|plain| each(plain.sample())));
    }
    Ok(times)
}

/// A plain function, warm and with its result checked.
fn timed_plain(plain: &'static Plain, result: &str) -> Result<Timed<'static>, Error> {
    let begun = Instant::now();
    while begun.elapsed() < WARM_UP {
        if plain.run().map(|found| found.to_string()).as_deref() != Some(result) {
            return Err(format!("{}: plain Rust has another result", plain.id).into());
        }
    }
    Ok(Timed::new(|| {
        black_box(plain.run());
    }))
}

impl Times {
    fn print(&self) {
        let (jit_to_plain, interp_to_jit) = (quotients(&self.jit, &self.plain), quotients(&self.interp, &self.jit));
        print_row([
            self.id.clone(),
            self.instructions.to_string(),
            cell(&self.interp, 2),
            cell(&self.jit, 3),
            cell(&self.plain, 3),
            cell(&jit_to_plain, 2),
            cell(&interp_to_jit, 2),
        ]);
    }
}

/// The quotients of times of the same round.
fn quotients(dividends: &[f64], divisors: &[f64]) -> Vec<f64> {
    dividends.iter().zip(divisors).map(|(dividend, divisor)| dividend / divisor).collect()
}

/// The median, the least and the most, with so many decimals.
fn cell(values: &[f64], decimals: usize) -> String {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    let [least, .., most] = values[..] else { return String::new() };
    format!("{:.decimals$} ({least:.decimals$} to {most:.decimals$})", values[values.len() / 2])
}
