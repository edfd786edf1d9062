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

use std::{hint::black_box, process::ExitCode, time::Instant};

use neovm::{JitMode, StubHost};
use neovm_bench::{Machine, Plain, Program, Runner, Spread, Timed, WARM_UP, exit_code, top, workloads};

/// The workloads, starting with those that have a function in plain Rust.
const WORKLOADS: [&str; 10] =
    ["loop_sum", "collatz", "count_primes", "gcd_sum", "fib", "fib_rec", "sieve", "bubble_sort", "matmul", "checksum"];

/// The number of samples of each kind, which is odd so that there is a median.
const ROUNDS: usize = 31;

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
    let mut interp = Runner::new(JitMode::Off, program, result)?;
    let mut jit = Runner::new(JitMode::default(), program, result)?;
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
        let cell = |spread: Option<Spread>, decimals| spread.map(|spread| spread.text(decimals)).unwrap_or_default();
        print_row([
            self.id.clone(),
            self.instructions.to_string(),
            cell(Spread::of(&self.interp), 2),
            cell(Spread::of(&self.jit), 3),
            cell(Spread::of(&self.plain), 3),
            cell(Spread::of_ratios(&self.jit, &self.plain), 2),
            cell(Spread::of_ratios(&self.interp, &self.jit), 2),
        ]);
    }
}
