//! Compares the machine instructions per VM instruction with the project's baseline.
//!
//! ```text
//! cargo run --release -p neovm-bench --bin callgrind-diff             compare; fails on an increase over 3 %
//! cargo run --release -p neovm-bench --bin callgrind-diff -- --write  update the baseline
//! ```
//!
//! Unlike times, counts do not depend on the load of the machine, so that even a small regression is
//! visible. The program runs itself under `valgrind --tool=callgrind` for each workload, with gas for
//! about its first hundred thousand instructions, and executes the workload first once and then twice.
//! The difference is the cost of a run on a warm machine, without startup and decoding.
//!
//! Existing crates for this purpose require a runner program of their exact version, while only a
//! total is needed here.
//!
//! Dispatch by the portable loop, which other platforms use, is counted for one workload. It must not
//! take more than twice as many machine instructions as dispatch by tail calls.
//!
//! Counts depend on the rustc version. If a new version changes them, update the baseline.

use std::{collections::BTreeMap, env, fmt::Write, fs, path::PathBuf, process::ExitCode};

use neovm::{Dispatch, StubHost, VmConfig};
use neovm_bench::{Machine, callgrind, exit_code, workload_script, workloads};

/// The largest increase that is tolerated for a workload, as a fraction.
const TOLERANCE: f64 = 0.03;

/// The workload for which the portable loop is counted, and the largest factor by which it may exceed
/// tail calls.
const LOOP_WORKLOAD: &str = "loop_sum";
const LOOP_FACTOR: f64 = 2.0;

/// The approximate number of VM instructions that are counted in a workload.
const INSTRUCTIONS: u64 = 100_000;

type Error = Box<dyn std::error::Error>;

/// Machine instructions per VM instruction, by workload.
type Costs = BTreeMap<String, f64>;

fn main() -> ExitCode {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    exit_code(match arguments[..] {
        [] => compare(),
        ["--write"] => write_baseline(),
        ["run", id, gas, runs] => run(id, gas, runs, Dispatch::Auto),
        ["run", id, gas, runs, "loop"] => run(id, gas, runs, Dispatch::Loop),
        _ => Err("usage: callgrind-diff [--write]".into()),
    })
}

/// The part that runs under valgrind: runs a workload `runs` times and prints the number of VM
/// instructions of one run.
fn run(id: &str, gas: &str, runs: &str, dispatch: Dispatch) -> Result<ExitCode, Error> {
    let (gas, runs) = (gas.parse()?, runs.parse::<u32>()?);
    let config = VmConfig::default().with_dispatch(dispatch);
    let mut machine = Machine::with_config(StubHost::default(), config);
    let code = machine.decode(workload_script(id).ok_or("no such workload")?);
    for _ in 0..runs {
        machine.run(&code, gas);
    }
    println!("{}", machine.vm.instructions());
    Ok(ExitCode::SUCCESS)
}

fn compare() -> Result<ExitCode, Error> {
    let baseline: Costs = serde_json::from_str(&fs::read_to_string(baseline_path())?)?;
    let Counts { costs: now, by_loop } = measure()?;
    let mut lost = 0;
    println!(
        "machine instructions per VM instruction\n{:<14}{:>10}{:>10}{:>10}",
        "workload", "baseline", "now", "change"
    );
    for (id, cost) in &now {
        let Some(before) = baseline.get(id) else {
            println!("{id:<14}{:>10}{cost:>10.2}", "none");
            lost += 1;
            continue;
        };
        let change = cost / before - 1.0;
        let mark = if change > TOLERANCE { "  WORSE" } else { "" };
        println!("{id:<14}{before:>10.2}{cost:>10.2}{:>+9.1}%{mark}", change * 100.0);
        lost += u32::from(change > TOLERANCE);
    }
    let usual = now.get(LOOP_WORKLOAD).ok_or("no such workload")?;
    println!("{LOOP_WORKLOAD} by the portable loop: {by_loop:.2}, {:.2} times as many", by_loop / usual);
    if by_loop > usual * LOOP_FACTOR {
        println!("The portable loop may take at most {LOOP_FACTOR} times as many.");
        return Ok(ExitCode::FAILURE);
    }
    if lost > 0 {
        println!("{lost} workloads cost over {:.0} % more or have no baseline.", TOLERANCE * 100.0);
        println!("If this is intended, update the baseline with --write and explain why in the commit message.");
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

fn write_baseline() -> Result<ExitCode, Error> {
    let mut text = String::from("{");
    for (i, (id, cost)) in measure()?.costs.iter().enumerate() {
        let comma = if i > 0 { "," } else { "" };
        write!(text, "{comma}\n  \"{id}\": {cost:.3}")?;
    }
    text.push_str("\n}\n");
    fs::write(baseline_path(), text)?;
    println!("written: {}", baseline_path().display());
    Ok(ExitCode::SUCCESS)
}

fn baseline_path() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/callgrind-baseline.json"))
}

/// The results of a measurement.
struct Counts {
    costs: Costs,
    /// The machine instructions per VM instruction with the portable loop.
    by_loop: f64,
}

fn measure() -> Result<Counts, Error> {
    if cfg!(debug_assertions) {
        return Err("this build is not optimized; use cargo run --release".into());
    }
    let mut machine = Machine::new(StubHost::default());
    let programs = workloads(&mut machine);
    let mut counts = Counts { costs: Costs::new(), by_loop: 0.0 };
    for program in &programs {
        machine.run_program(program);
        let gas = u64::try_from(machine.vm.gas_consumed().datoshi_ceil())? * INSTRUCTIONS
            / program.instructions.max(INSTRUCTIONS);
        counts.costs.insert(program.id.clone(), cost(&program.id, gas, &[])?);
        if program.id == LOOP_WORKLOAD {
            counts.by_loop = cost(&program.id, gas, &["loop"])?;
        }
    }
    Ok(counts)
}

/// Returns the machine instructions per VM instruction of a run on a warm machine.
fn cost(id: &str, gas: u64, dispatch: &[&str]) -> Result<f64, Error> {
    let (once, _) = count(id, gas, 1, dispatch)?;
    let (twice, instructions) = count(id, gas, 2, dispatch)?;
    Ok((twice - once) as f64 / instructions as f64)
}

/// Returns the machine instructions of the whole process and the VM instructions of its last run.
fn count(id: &str, gas: u64, runs: u32, dispatch: &[&str]) -> Result<(u64, u64), Error> {
    let (gas, runs) = (gas.to_string(), runs.to_string());
    let (total, out) = callgrind(&[&["run", id, &gas, &runs], dispatch].concat())?;
    Ok((total, out.trim().parse()?))
}
