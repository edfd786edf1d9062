//! Compares the machine code of scripts with plain Rust and with the interpreter.
//!
//! ```text
//! cargo run --release -p neovm-bench --bin versus-plain
//! ```
//!
//! The program prints one table, measured in one run. Each round takes one sample of every kind, so
//! that other load on the machine affects all kinds equally, and ratios are computed from times of the
//! same round. A cell shows the median of the rounds, followed by the minimum and the maximum in
//! parentheses.
//!
//! - interp: the time of the interpreter alone, in nanoseconds per VM instruction;
//! - jit: the time of an engine with default settings, once all hot code has been compiled;
//! - plain: the time of an equivalent function in plain Rust (see `plain.rs`), divided by the number
//!   of VM instructions of the script. Workloads with arrays or byte strings have no such function.
//!
//! A run consists of loading, running and dropping a script that was decoded before.

use std::{
    hint::black_box,
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use neovm::{Code, Engine, EngineConfig, JitMode, LoadOptions, NoHost, Outcome, RunOptions, StubHost, Vm};
use neovm_bench::{Machine, Plain, Program, exit_code, workloads};

/// The workloads, starting with those that have a function in plain Rust.
const WORKLOADS: [&str; 10] =
    ["loop_sum", "collatz", "count_primes", "gcd_sum", "fib", "fib_rec", "sieve", "bubble_sort", "matmul", "checksum"];

/// The number of samples of each kind, which is odd so that there is a median.
const ROUNDS: usize = 31;

/// The minimum duration of a sample, which makes the time for reading the clock negligible.
const SAMPLE: Duration = Duration::from_millis(1);

/// The minimum time for which each kind runs before it is measured.
const WARM_UP: Duration = Duration::from_millis(30);

/// The minimum number of runs before each kind is measured.
const WARM_UP_RUNS: u32 = 3;

type Error = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    exit_code(run().map(|()| ExitCode::SUCCESS))
}

fn run() -> Result<(), Error> {
    if cfg!(debug_assertions) {
        return Err("this build is not optimized; use cargo run --release".into());
    }
    let mut machine = Machine::new(StubHost::default());
    let programs = workloads(&mut machine);
    println!("Nanoseconds per VM instruction: median of {ROUNDS} rounds (minimum to maximum)\n");
    print_row(["workload", "instructions", "interp", "jit", "plain", "jit / plain", "interp / jit"].map(String::from));
    println!("|---|--:|--:|--:|--:|--:|--:|");
    for id in WORKLOADS {
        let program = programs.iter().find(|program| program.id == id).ok_or("no such workload")?;
        machine.run_program(program);
        let result = top(&machine.vm).ok_or("the result is not an integer")?;
        measure(program, &result)?.print();
    }
    Ok(())
}

/// Prints a row of a Markdown table, aligned so that it is readable as text.
fn print_row([id, instructions, times @ ..]: [String; 7]) {
    print!("| {id:<12} | {instructions:>12} |");
    for time in times {
        print!(" {time:>24} |");
    }
    println!();
}

/// Returns the integer on top of the result stack.
fn top(vm: &Vm) -> Option<String> {
    Some(vm.results().last()?.to_integer().ok()?.to_string())
}

/// An engine with a machine that runs a script repeatedly.
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

    /// Resets the machine, loads the script and runs it.
    fn run(&mut self) {
        self.vm.reset(RunOptions::default(), &mut NoHost);
        self.vm.load(Arc::clone(&self.code), LoadOptions::default()).expect("code for this machine");
        assert_eq!(self.vm.run(&mut NoHost), Outcome::Halt);
    }

    /// Runs until all hot code is compiled and, if necessary, recompiled. Returns an error if the
    /// result or the number of instructions differs then.
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
            return Err(format!("{}: unexpected result or number of instructions", program.id).into());
        }
        Ok(())
    }
}

/// A function to be measured, and the number of times that a sample runs it.
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

    /// Takes a sample and returns the time of a run in nanoseconds.
    fn sample(&mut self) -> f64 {
        self.total().as_secs_f64() * 1e9 / f64::from(self.runs)
    }
}

/// The times of a workload in each round, in nanoseconds per VM instruction.
struct Times {
    id: String,
    instructions: u64,
    interp: Vec<f64>,
    jit: Vec<f64>,
    /// Empty if there is no function in plain Rust.
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

/// Warms up a function in plain Rust and checks its result.
fn timed_plain(plain: &'static Plain, result: &str) -> Result<Timed<'static>, Error> {
    let begun = Instant::now();
    while begun.elapsed() < WARM_UP {
        if plain.run().map(|found| found.to_string()).as_deref() != Some(result) {
            return Err(format!("{}: unexpected result of plain Rust", plain.id).into());
        }
    }
    Ok(Timed::new(|| {
        black_box(plain.run());
    }))
}

impl Times {
    fn print(&self) {
        let (jit_to_plain, interp_to_jit) = (ratios(&self.jit, &self.plain), ratios(&self.interp, &self.jit));
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

/// Returns the ratio of two times for each round.
fn ratios(dividends: &[f64], divisors: &[f64]) -> Vec<f64> {
    dividends.iter().zip(divisors).map(|(dividend, divisor)| dividend / divisor).collect()
}

/// Formats the median, the minimum and the maximum with the given number of decimals.
fn cell(values: &[f64], decimals: usize) -> String {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    let [least, .., most] = values[..] else { return String::new() };
    format!("{:.decimals$} ({least:.decimals$} to {most:.decimals$})", values[values.len() / 2])
}
