//! Measures how the time, the disk and the memory that a replay takes grow with the chain. (Linux only)
//!
//! ```text
//! cargo run --release -p neovm-bench --bin chain-curve -- EVERY DIR \
//!     target/release/neovm replay OUT/chain.acc --config OUT/config.json --data DIR --json > curve.jsonl
//! ```
//!
//! Runs the command, which keeps the chain in the folder DIR and prints a line of JSON for each block.
//! After every EVERY blocks prints a line of its own: blocks and transactions so far, seconds since the
//! start, seconds of processor time on all cores, which other load on the machine hardly changes, the size
//! of the folder in bytes, and the peak memory of the command in KiB.

#![forbid(unsafe_code)]

use std::{
    env, fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, ExitCode, Stdio},
    time::Instant,
};

use neovm_bench::exit_code;
use serde::Deserialize;
use serde_json::json;

type Error = Box<dyn std::error::Error>;

/// What counts of the line of a block.
#[derive(Deserialize)]
struct Line {
    transactions: u64,
}

fn main() -> ExitCode {
    exit_code(run())
}

fn run() -> Result<ExitCode, Error> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [every, folder, program, arguments @ ..] = &arguments[..] else {
        return Err("usage: chain-curve EVERY DIR COMMAND...".into());
    };
    let every: u64 = every.parse()?;
    let start = Instant::now();
    let mut child = Command::new(program).args(arguments).stdout(Stdio::piped()).spawn()?;
    let output = child.stdout.take().ok_or("the command has no output")?;
    let (mut blocks, mut transactions, mut peak) = (0_u64, 0, 0);
    for line in BufReader::new(output).lines() {
        let line: Line = serde_json::from_str(&line?)?;
        blocks += 1;
        transactions += line.transactions;
        if blocks.is_multiple_of(every.max(1)) {
            // A process that has ended has no memory.
            peak = peak_memory(child.id())?.unwrap_or(peak);
            let sample = json!({
                "blocks": blocks,
                "transactions": transactions,
                "seconds": start.elapsed().as_secs_f64(),
                "processor": processor_time(child.id())?,
                "bytes": size(Path::new(folder))?,
                "peak": peak,
            });
            println!("{sample}");
        }
    }
    let status = child.wait()?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The bytes of the files of a folder.
fn size(folder: &Path) -> Result<u64, Error> {
    let sizes = fs::read_dir(folder)?.map(|entry| Ok(entry?.metadata()?.len()));
    sizes.sum()
}

/// The processor time that a process has had, its own and the system's, in seconds.
fn processor_time(process: u32) -> Result<f64, Error> {
    const TICKS_PER_SECOND: f64 = 100.0;
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The name of the program, in brackets, may hold anything.
    let (_, fields) = stat.rsplit_once(')').ok_or("a stat file without a name")?;
    let ticks = fields.split_whitespace().skip(11).take(2).map(str::parse::<f64>).sum::<Result<f64, _>>()?;
    Ok(ticks / TICKS_PER_SECOND)
}

/// The most memory that a process has had, in KiB; none after its end.
fn peak_memory(process: u32) -> Result<Option<u64>, Error> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    Ok(line.map(|line| line.trim().trim_end_matches("kB").trim().parse()).transpose()?)
}
