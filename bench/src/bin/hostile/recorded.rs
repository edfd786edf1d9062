//! Runs the hostile scripts among the recorded outcomes in each engine.

use std::{
    fs::File,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
};

use flate2::read::GzDecoder;
use neovm::{Outcome, Script};
use serde::Deserialize;

use crate::{
    Error,
    run::{ENGINES, run},
};

/// A line of the recorded outcomes. The project's tests compare outcomes in full.
#[derive(Deserialize)]
struct Line {
    id: String,
    script: String,
    gas_limit: i64,
    instructions: u64,
    state: String,
    csharp_ms: f64,
}

/// Returns the file with all recorded scripts if it exists next to the project, and otherwise the
/// sample that is part of the project.
fn usual_file() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let all = root.join("../shared/reference/hostile.jsonl.gz");
    if all.exists() { all } else { root.join("tests/data/hostile.jsonl.gz") }
}

/// Prints times in milliseconds, those of the C# engine, and the largest memory use of all engines.
pub(crate) fn print(file: Option<&str>) -> Result<(), Error> {
    let file = File::open(file.map_or_else(usual_file, PathBuf::from))?;
    println!("| script | C# ms | interp ms | eager ms | auto ms | C# / interp | MiB |");
    println!("|---|--:|--:|--:|--:|--:|--:|");
    let (mut theirs, mut ours, mut slowest, mut largest) = (0.0, [0.0; 3], 0.0_f64, 0.0_f64);
    for line in BufReader::new(GzDecoder::new(file)).lines() {
        let line: Line = serde_json::from_str(&line?)?;
        let script = Script::from(hex::decode(&line.script)?);
        let (mut times, mut memory) = ([0.0; 3], 0.0_f64);
        for ((time, (name, jit)), sum) in times.iter_mut().zip(ENGINES).zip(&mut ours) {
            let taken = run(&script, jit, line.gas_limit)?;
            let is_alike = (taken.outcome == Outcome::Halt) == (line.state == "HALT");
            if !is_alike || taken.instructions != line.instructions {
                return Err(format!("{}, {name}: the outcome differs from the recorded one", line.id).into());
            }
            *time = taken.time.as_secs_f64() * 1e3;
            *sum += *time;
            memory = memory.max(taken.mebibytes());
        }
        theirs += line.csharp_ms;
        slowest = times.into_iter().fold(slowest, f64::max);
        largest = largest.max(memory);
        print_row(&line.id, line.csharp_ms, times, memory);
    }
    print_row("sum (memory: maximum)", theirs, ours, largest);
    println!("\nThe slowest took {slowest:.0} ms.");
    Ok(())
}

fn print_row(name: &str, theirs: f64, [interp, eager, auto]: [f64; 3], memory: f64) {
    let quotient = theirs / interp;
    println!("| {name} | {theirs:.1} | {interp:.1} | {eager:.1} | {auto:.1} | {quotient:.1} | {memory:.2} |");
}
