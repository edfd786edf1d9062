//! Compares the interpreter and the compiler with neo-go.
//!
//! ```text
//! cargo run --release -p neovm-bench --bin versus-neo-go -- PATH-TO-neogo [--rounds N] [--json]
//! ```
//!
//! The program runs all workloads in one run. In each round, the interpreter, an engine with default settings once all
//! hot code has been compiled, and neo-go take turns, so that other load on the machine affects all of them, and
//! ratios are computed from times of the same round. The results of all three must be the expected ones.
//!
//! The time of neo-go is that of the command `run` in its `vm` prompt, which loaded the script before, less the median time of
//! that command for a script without work. Its process stays the same for all workloads. Ours consists of loading, running and dropping a script that was
//! decoded before. Times are in nanoseconds per VM instruction: the median of the rounds, with the minimum and the
//! maximum in parentheses.
//!
//! With `--json`, the program prints a line for each workload, from which `chart` draws a picture, and no table.

#![forbid(unsafe_code)]

mod peer;

use std::{env, path::PathBuf, process::ExitCode};

use neovm::{JitMode, StubHost};
use neovm_bench::{Machine, Program, Runner, Spread, Timed, exit_code, geometric_mean, top, workloads};
use peer::{HOW_TO_GET, Peer};
use serde::Serialize;

const USAGE: &str = "usage: versus-neo-go PATH-TO-neogo [--rounds N] [--json]";

/// The number of rounds, unless the command line says otherwise.
const ROUNDS: usize = 15;

type Error = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    exit_code(run().map(|()| ExitCode::SUCCESS))
}

/// The command line.
struct Arguments {
    program: PathBuf,
    rounds: usize,
    json: bool,
}

impl Arguments {
    fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self, Error> {
        let (mut program, mut rounds, mut json) = (None, ROUNDS, false);
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--json" => json = true,
                "--rounds" => {
                    let number = arguments.next().and_then(|number| number.parse().ok()).filter(|number| *number > 0);
                    rounds = number.ok_or_else(|| format!("--rounds takes a positive number\n{USAGE}"))?;
                }
                option if option.starts_with('-') => return Err(format!("unknown option {option}\n{USAGE}").into()),
                _ if program.is_some() => return Err(USAGE.into()),
                path => program = Some(path.into()),
            }
        }
        let program = program.ok_or_else(|| format!("no path to neo-go's program\n{USAGE}\n\n{HOW_TO_GET}"))?;
        Ok(Self { program, rounds, json })
    }
}

fn run() -> Result<(), Error> {
    let arguments = Arguments::parse(env::args().skip(1))?;
    if cfg!(debug_assertions) {
        return Err("this build is not optimized; use cargo run --release".into());
    }
    let version = Peer::version(&arguments.program)?;
    let mut peer = Peer::start(&arguments.program)?;
    let mut machine = Machine::new(StubHost::default());
    let programs = workloads(&mut machine);
    if !arguments.json {
        println!(
            "Nanoseconds per VM instruction, neo-go {version}: median of {} rounds (minimum to maximum)\n",
            arguments.rounds
        );
        println!(
            "| workload | instructions | interpreter | compiled | neo-go | interpreter, times faster | compiled, times faster |"
        );
        println!("|---|--:|--:|--:|--:|--:|--:|");
    }
    let mut rows = Vec::new();
    for program in &programs {
        machine.run_program(program);
        let result = top(&machine.vm).ok_or("the result is not an integer")?;
        let row = measure(program, &result, &mut peer, arguments.rounds)?;
        if arguments.json {
            println!("{}", serde_json::to_string(&row)?);
        } else {
            row.print();
        }
        rows.push(row);
    }
    if !arguments.json {
        print_means(&rows);
    }
    Ok(())
}

/// The times of a workload, in nanoseconds per VM instruction, and how many times longer neo-go takes.
#[derive(Serialize)]
struct Row {
    id: String,
    instructions: u64,
    interpreter: Spread,
    compiled: Spread,
    neo_go: Spread,
    interpreter_times_faster: Spread,
    compiled_times_faster: Spread,
}

fn measure(program: &Program, result: &str, peer: &mut Peer, rounds: usize) -> Result<Row, Error> {
    let mut interpreter = Runner::new(JitMode::Off, program, result)?;
    let mut compiled = Runner::new(JitMode::default(), program, result)?;
    let mut interpreter = Timed::new(|| interpreter.run());
    let mut compiled = Timed::new(|| compiled.run());
    let script = hex::encode(program.code.script().bytes());
    let (mut interpreted, mut machine_code, mut peers, mut overheads) = (vec![], vec![], vec![], vec![]);
    let each = |time: f64| time / program.instructions as f64;
    peer.run(&script)?;
    for _ in 0..rounds {
        interpreted.push(each(interpreter.sample()));
        machine_code.push(each(compiled.sample()));
        let (time, top) = peer.run(&script)?;
        if top != result {
            return Err(format!("{}: neo-go computes {top}, not {result}", program.id).into());
        }
        peers.push(each(time.as_secs_f64() * 1e9));
        overheads.push(each(peer.overhead()?.as_secs_f64() * 1e9));
    }
    let none = "no rounds";
    let overhead = Spread::of(&overheads).ok_or(none)?.median;
    peers.iter_mut().for_each(|time| *time -= overhead);
    Ok(Row {
        id: program.id.clone(),
        instructions: program.instructions,
        interpreter: Spread::of(&interpreted).ok_or(none)?,
        compiled: Spread::of(&machine_code).ok_or(none)?,
        neo_go: Spread::of(&peers).ok_or(none)?,
        interpreter_times_faster: Spread::of_ratios(&peers, &interpreted).ok_or(none)?,
        compiled_times_faster: Spread::of_ratios(&peers, &machine_code).ok_or(none)?,
    })
}

impl Row {
    fn print(&self) {
        println!(
            "| {} | {} | {} | {} | {} | {} | {} |",
            self.id,
            self.instructions,
            self.interpreter.text(2),
            self.compiled.text(3),
            self.neo_go.text(1),
            self.interpreter_times_faster.text(0),
            self.compiled_times_faster.text(0),
        );
    }
}

/// Prints the geometric means of the ratios, and the workloads with the least.
fn print_means(rows: &[Row]) {
    println!();
    print_mean("interpreter", rows, |row| row.interpreter_times_faster.median);
    print_mean("compiled", rows, |row| row.compiled_times_faster.median);
}

fn print_mean(name: &str, rows: &[Row], ratio: fn(&Row) -> f64) {
    let mean = geometric_mean(rows.iter().map(ratio));
    let Some(least) = rows.iter().min_by(|a, b| ratio(a).total_cmp(&ratio(b))) else { return };
    println!("{name}: geometric mean {mean:.0}, least {:.1} ({})", ratio(least), least.id);
}
