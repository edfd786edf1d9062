//! Compares the model with the recorded outcomes of the C# engine v3.10.1, which
//! `tests/data/README.md` describes. Each chunk of lines is a test, named `file::lines`.
//!
//! The test reads the files in `../shared/reference` if that folder exists next to the project, and
//! otherwise those in `tests/data`. The `hostile` lines, which buy the most work for 20 GAS, take
//! minutes and only run with `NEOVM_ALL=1`.

use std::{path::Path, process::ExitCode, thread};

use libtest_mimic::{Arguments, Completion, Failed, Trial};
use neovm_model::{Hardfork, Machine, Setup, StubHost, stack_json};
use neovm_testing::{
    STUB_HOST, data,
    recorded::{Actual, Chunk, File, Line, Run},
    say, shared,
};

/// The maximum number of items in a stack that is recorded as JSON.
const MOST_ITEMS: usize = 100_000;

/// The size of the native stack, in bytes. Items that are nested as deeply as the item limit allows
/// are dropped recursively.
const NATIVE_STACK: usize = 64 << 20;

/// The maximum number of differences that a test shows.
const SHOWN: usize = 10;

/// The maximum number of lines in a test.
const CHUNK: usize = 1_000;

/// The name of each file, its number of lines in `../shared/reference`, and that in `tests/data`,
/// which is 0 if the file is not there.
const FILES: [(&str, usize, usize); 6] = [
    ("hostile", 84, 44),
    ("contracts", 5_811, 0),
    ("generated", 25_600, 6_400),
    ("contexts", 2_082, 521),
    ("hardforks", 9_160, 9_160),
    ("rules", 164, 164),
];

fn main() -> ExitCode {
    let outside = shared("reference");
    let trials = FILES.into_iter().flat_map(|(name, next_to, inside)| match &outside {
        Some(folder) => trials(folder, name, next_to),
        None => trials(&data(), name, inside),
    });
    libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit_code()
}

fn trials(folder: &Path, name: &'static str, lines: usize) -> Vec<Trial> {
    let skipped = if lines == 0 {
        "there is no ../shared/reference next to the project"
    } else if name == "hostile" && std::env::var_os("NEOVM_ALL").is_none() {
        "it takes minutes; NEOVM_ALL=1 runs it"
    } else {
        let trial = |chunk: Chunk| Trial::test(format!("{name}::{chunk}"), move || in_thread(chunk));
        return File { name, lines, chunk: CHUNK }.chunks(folder).map(trial).collect();
    };
    say(&format!("SKIPPED: {name} of tests/model: {skipped}"));
    vec![Trial::ignorable_test(name, move || Ok(Completion::ignored_with(skipped)))]
}

/// Checks a chunk in a thread with a large enough native stack.
fn in_thread(chunk: Chunk) -> Result<(), Failed> {
    let worker = thread::Builder::new().stack_size(NATIVE_STACK).spawn(move || check(&chunk)).unwrap();
    worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

fn check(chunk: &Chunk) -> Result<(), Failed> {
    let host = StubHost::from_json(STUB_HOST).unwrap();
    let mut differing = Vec::new();
    for (index, text) in chunk.lines() {
        let Line::Run(run) = Line::parse(text) else { panic!("line {}: an execution", index + 1) };
        let differences = differences(&run, &host);
        if !differences.is_empty() {
            differing.push(format!("{} (line {}){differences}", run.id, index + 1));
        }
    }
    if differing.is_empty() {
        return Ok(());
    }
    Err(format!("{} lines differ:\n{}", differing.len(), differing[..differing.len().min(SHOWN)].join("\n")).into())
}

fn differences(run: &Run, host: &StubHost) -> String {
    let setup = Setup {
        gas_limit: Some(run.gas_limit as u64),
        hardfork: hardfork(run.hardfork.as_deref()),
        host: run.host.as_ref().map(|_| host),
        ..Setup::default()
    };
    let mut machine = Machine::new(&run.script, &setup);
    machine.run();
    run.differences(&Actual {
        halted: machine.halted(),
        gas: machine.gas().into(),
        instructions: machine.instructions(),
        exception: machine.fault().map(|fault| fault.message.clone()),
        fault_at: machine.fault().and_then(|fault| fault.position),
        references: machine.references(),
        write_stack: &|out| {
            let text = stack_json(&machine.stack(), MOST_ITEMS).map_err(|error| format!("{error:?}"))?;
            out.write_str(&text).map_err(|error| error.to_string())
        },
    })
}

fn hardfork(name: Option<&str>) -> Hardfork {
    match name {
        None | Some("Default") => Hardfork::Default,
        Some("NotGorgon") => Hardfork::NotGorgon,
        Some("NotEchidna") => Hardfork::NotEchidna,
        Some(other) => panic!("unknown hardfork {other}"),
    }
}
