//! Counts which instructions follow each other, to find out which are worth fusing.
//!
//! ```text
//! cargo run --release -p neovm-bench --bin pairs                     in the order of scripts
//! cargo run --release -p neovm-bench --bin pairs -- --dynamic        in the order of execution
//! cargo run --release -p neovm-bench --bin pairs -- --top 60 FILE..  60 rows, for other scripts
//! ```
//!
//! The output is Markdown. Each line of a file is a JSON object with a `script` in hexadecimal or a
//! `nef` in Base64. The default is the project's workloads and, if they exist, the contracts next to
//! the project. Opcodes that differ only in a constant, a slot number or the width of a jump count as
//! one.
//!
//! Two instructions form a pair if the second directly follows the first in the script and is reached
//! from it, because only such instructions can be fused.

use std::{
    collections::HashMap,
    env,
    path::{Path, PathBuf},
    process::ExitCode,
};

use neovm::{Observer, OpCode, Script, StubHost, Vm, types::opcode::Family};
use neovm_bench::{Machine, contracts, exit_code, scripts, workloads};

/// The default number of rows in a table.
const TOP: usize = 30;

type Error = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    exit_code(run().map(|()| ExitCode::SUCCESS))
}

fn run() -> Result<(), Error> {
    let (mut top, mut dynamic, mut files) = (TOP, false, Vec::new());
    let mut arguments = env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--top" => top = arguments.next().ok_or("--top NUMBER")?.parse()?,
            "--dynamic" => dynamic = true,
            file => files.push(PathBuf::from(file)),
        }
    }
    match (dynamic, files.is_empty()) {
        (false, _) => as_written(files, top),
        (true, true) => as_run(top),
        (true, false) => Err("usage: pairs [--top NUMBER] [--dynamic | FILE..]".into()),
    }
}

/// Counts the instructions of scripts in the order in which they are written.
fn as_written(mut files: Vec<PathBuf>, top: usize) -> Result<(), Error> {
    if files.is_empty() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        files.push(root.join("tests/data/workloads.jsonl"));
        for contracts in ["mainnet.jsonl", "devpack.jsonl"] {
            let path = root.join("../shared/contracts").join(contracts);
            if path.exists() {
                files.push(path);
            } else {
                println!("SKIPPED: {contracts}: there is no ../shared/contracts next to the project");
            }
        }
    }
    let mut sequences = Sequences::default();
    let mut count = 0;
    for file in &files {
        for script in scripts(file).map_err(|error| format!("{}: {error}", file.display()))? {
            sequences.add_script(&script);
            count += 1;
        }
    }
    sequences.print(&format!("{count} scripts, as written"), top);
    Ok(())
}

/// Counts the instructions that run, separately for the workloads and for each kind of contract.
fn as_run(top: usize) -> Result<(), Error> {
    let mut machine = Machine::new(StubHost::default());
    let mut sequences = Sequences::default();
    for program in workloads(&mut machine) {
        machine.run_observed(&program, &mut sequences);
    }
    sequences.print("Workloads, as run", top);
    let Some((mut machine, contracts)) = contracts() else {
        println!("SKIPPED: calls of contracts: there is no ../shared/reference next to the project");
        return Ok(());
    };
    let (devpack, mainnet): (Vec<_>, Vec<_>) = contracts.iter().partition(|calls| calls.contract == "devpack");
    for (name, contracts) in [("MainNet", mainnet), ("C# compiler's", devpack)] {
        let mut sequences = Sequences::default();
        for program in contracts.iter().flat_map(|calls| &calls.programs) {
            machine.run_observed(program, &mut sequences);
        }
        sequences.print(&format!("Calls of {name} contracts, as run"), top);
    }
    Ok(())
}

/// The number of occurrences of single opcodes, pairs and triples.
#[derive(Default)]
struct Sequences {
    single: HashMap<[&'static str; 1], u64>,
    pairs: HashMap<[&'static str; 2], u64>,
    triples: HashMap<[&'static str; 3], u64>,
    /// The previous two opcodes, most recent last.
    before: [Option<&'static str>; 2],
    /// The position and the invocation stack depth that the next instruction must have to form a pair
    /// with the previous one.
    next: Option<(usize, usize)>,
}

impl Sequences {
    fn add_script(&mut self, script: &Script) {
        self.next = None;
        for (position, instruction) in script.instructions().filter_map(|(at, found)| Some((at, found.ok()?))) {
            self.add(instruction.opcode, position, 0);
            // Instructions such as JMP never continue at the next position.
            self.next = falls_through(instruction.opcode).then_some((position + instruction.size(), 0));
        }
    }

    fn add(&mut self, opcode: OpCode, position: usize, depth: usize) {
        if self.next != Some((position, depth)) {
            self.before = [None; 2];
        }
        let name = name(opcode);
        *self.single.entry([name]).or_default() += 1;
        if let Some(last) = self.before[1] {
            *self.pairs.entry([last, name]).or_default() += 1;
            if let Some(first) = self.before[0] {
                *self.triples.entry([first, last, name]).or_default() += 1;
            }
        }
        self.before = [self.before[1], Some(name)];
    }

    fn print(&self, title: &str, top: usize) {
        let total: u64 = self.single.values().sum();
        println!("\n## {title}: {total} instructions\n");
        let columns = [rows(&self.single, total), rows(&self.pairs, total), rows(&self.triples, total)];
        println!("| opcode | | % | pairs | | % | triples | | % |\n|---|---|---|---|---|---|---|---|---|");
        let longest = columns.iter().map(Vec::len).max().unwrap_or(0);
        for row in 0..longest.min(top) {
            let cell = |column: &Vec<String>| column.get(row).cloned().unwrap_or("| | |".into());
            println!("{} |", columns.iter().map(cell).collect::<Vec<_>>().join(" "));
        }
    }
}

impl Observer for Sequences {
    fn before(&mut self, vm: &Vm) {
        let (Some(opcode), Some(position)) = (vm.opcode(), vm.position()) else { return };
        self.add(opcode, position, vm.depth());
        let size = vm.script().and_then(|script| script.instruction(position).ok()).map(|found| found.size());
        self.next = size.map(|size| (position + size, vm.depth()));
    }
}

/// Formats sequences with their counts and shares, most frequent first.
fn rows<const N: usize>(counts: &HashMap<[&'static str; N], u64>, total: u64) -> Vec<String> {
    let mut counts: Vec<_> = counts.iter().collect();
    counts.sort_unstable_by_key(|&(sequence, &count)| (std::cmp::Reverse(count), *sequence));
    let share = |count| 100.0 * count as f64 / total as f64;
    counts.iter().map(|&(names, &count)| format!("| {} | {count} | {:.2}", names.join(" "), share(count))).collect()
}

fn falls_through(opcode: OpCode) -> bool {
    use OpCode::*;
    !matches!(opcode, JMP | JMP_L | RET | THROW | ABORT | ABORTMSG | ENDTRY | ENDTRY_L | ENDFINALLY)
}

/// Returns the name under which an opcode is counted.
fn name(opcode: OpCode) -> &'static str {
    let info = opcode.info();
    let name = match info.family {
        Family::Push | Family::Slot => info.mnemonic.trim_end_matches(|digit: char| digit.is_ascii_digit()),
        _ => info.mnemonic.trim_end_matches("_L"),
    };
    match name {
        "PUSHINT" | "PUSHM" => "PUSH",
        _ => name,
    }
}
