//! Measures how the time, the disk and the memory that a replay takes grow with the chain.
//!
//! ```text
//! cargo run --release -p neovm-bench --bin chain-curve -- EVERY DIR \
//!     target/release/neovm replay OUT/chain.acc --config OUT/config.json --data DIR --json > curve.jsonl
//! ```
//!
//! Runs the command, which keeps the chain in the folder DIR and prints a line of JSON for each block.
//! After every EVERY blocks prints a line of its own: blocks and transactions so far, seconds since the
//! start, the size of the folder in bytes, and the peak memory of the command in KiB (Linux only).

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
    let (mut blocks, mut transactions) = (0_u64, 0);
    for line in BufReader::new(output).lines() {
        let line: Line = serde_json::from_str(&line?)?;
        blocks += 1;
        transactions += line.transactions;
        if blocks.is_multiple_of(every.max(1)) {
            let (seconds, bytes) = (start.elapsed().as_secs_f64(), size(Path::new(folder))?);
            let peak = peak_memory(child.id());
            println!(
                "{}",
                json!({ "blocks": blocks, "transactions": transactions, "seconds": seconds, "bytes": bytes, "peak": peak })
            );
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

/// The most memory that a process has had, in KiB; none where the system does not say.
fn peak_memory(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}
