//! The model comes to the recorded outcomes of the C# engine v3.10.1.
//! `tests/data/README.md` of the project tells what a line holds.
//!
//! They are those next to the project, where they are, else the share of them
//! that is part of it. The `hostile` lines, which do for 20 GAS what costs
//! most, take some minutes and run with `NEOVM_ALL=1` only.

use std::{fmt::Write as _, fs::File, io::Read, path::PathBuf};

use flate2::read::MultiGzDecoder;
use neovm_model::{Hardfork, Machine, Setup, StubHost, stack_json};
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// Items of a stack beyond which the recorded form is an error.
const MOST_ITEMS: usize = 100_000;

/// Room for dropping what is nested as deep as the item limit allows.
const NATIVE_STACK: usize = 64 << 20;

/// A line: a script and its outcome.
#[derive(Deserialize)]
struct Line {
    id: String,
    script: String,
    gas_limit: u64,
    hardfork: Option<String>,
    host: Option<String>,
    state: String,
    gasconsumed: String,
    exception: Option<String>,
    #[serde(default)]
    exception_loose: bool,
    fault_at: Option<usize>,
    stack: Option<Value>,
    stack_sha256: Option<String>,
    refs: Option<i64>,
    instructions: u64,
}

/// Compares the lines of a file. `next_to` and `inside` tell how many there are
/// next to the project and in it; 0: it is not there.
fn check(file: &'static str, next_to: usize, inside: usize) {
    let project = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let (outside, own) = (project.join("../shared/reference"), project.join("tests/data"));
    let (folder, count) = if outside.exists() { (outside, next_to) } else { (own, inside) };
    if count == 0 {
        return say(&format!("SKIPPED: {file}: there is no ../shared/reference next to the project"));
    }
    let host = std::fs::read_to_string(folder.join("stub-host.json")).unwrap();
    let mut text = String::new();
    MultiGzDecoder::new(File::open(folder.join(file)).unwrap()).read_to_string(&mut text).unwrap();
    let work = move || {
        let host = StubHost::from_json(&host).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), count, "lines in {file}");
        let differing: Vec<String> = lines.iter().filter_map(|line| differences(line, &host)).collect();
        say(&format!("{file}: {count} lines, {} differ", differing.len()));
        assert!(differing.is_empty(), "{}", differing[..differing.len().min(10)].join("\n"));
    };
    let worker = std::thread::Builder::new().stack_size(NATIVE_STACK).spawn(work).unwrap();
    if let Err(panic) = worker.join() {
        std::panic::resume_unwind(panic);
    }
}

/// Writes a line past the test harness, which keeps what passing tests print.
fn say(line: &str) {
    let _ = std::io::Write::write_all(&mut std::io::stderr(), format!("{line}\n").as_bytes());
}

/// What differs in a line, if anything does.
fn differences(line: &str, host: &StubHost) -> Option<String> {
    let line: Line = serde_json::from_str(line).unwrap();
    let setup = Setup {
        gas_limit: Some(line.gas_limit),
        hardfork: hardfork(line.hardfork.as_deref()),
        host: line.host.as_ref().map(|_| host),
        ..Setup::default()
    };
    let mut machine = Machine::new(&hex::decode(&line.script).unwrap(), &setup);
    machine.run();
    let mut found = String::new();
    let mut compare = |what: &str, expected: String, actual: String| {
        if expected != actual {
            write!(found, "\n    {what}: expected {expected:.300} got {actual:.300}").unwrap();
        }
    };
    compare("state", line.state.clone(), if machine.halted() { "HALT" } else { "FAULT" }.into());
    compare("gasconsumed", line.gasconsumed.clone(), machine.gas().to_string());
    compare("instructions", line.instructions.to_string(), machine.instructions().to_string());
    let message = machine.fault().map(|fault| fault.message.clone());
    if !line.exception_loose || message.is_none() {
        compare("exception", format!("{:?}", line.exception), format!("{message:?}"));
    }
    if line.state == "HALT" {
        compare("refs", format!("{:?}", line.refs), format!("{:?}", Some(machine.references())));
        let (expected, actual) = stacks(&line, &machine);
        compare("stack", expected, actual);
    } else {
        let position = machine.fault().and_then(|fault| fault.position);
        compare("fault_at", format!("{:?}", line.fault_at), format!("{position:?}"));
    }
    (!found.is_empty()).then(|| format!("{}{found}", line.id))
}

fn hardfork(name: Option<&str>) -> Hardfork {
    match name {
        None | Some("Default") => Hardfork::Default,
        Some("NotGorgon") => Hardfork::NotGorgon,
        Some("NotEchidna") => Hardfork::NotEchidna,
        Some(other) => panic!("unknown hardfork {other}"),
    }
}

/// The recorded stack and the machine's, both as JSON, as a digest, or as an error.
fn stacks(line: &Line, machine: &Machine<'_>) -> (String, String) {
    let actual = stack_json(&machine.stack(), MOST_ITEMS);
    if let Some(digest) = &line.stack_sha256 {
        let actual = actual.map(|text| hex::encode(Sha256::digest(text))[..32].to_owned());
        return (digest.clone(), actual.unwrap_or_else(|error| format!("{error:?}")));
    }
    match (line.stack.as_ref().expect("a stack or its digest"), actual) {
        (Value::String(error), Err(_)) if error.starts_with("error:") => Default::default(),
        (expected, Ok(text)) => {
            let actual: Value = serde_json::from_str(&text).unwrap();
            (expected.to_string(), actual.to_string())
        }
        (expected, Err(error)) => (expected.to_string(), format!("{error:?}")),
    }
}

#[test]
fn rules() {
    check("rules.jsonl.gz", 164, 164);
}

#[test]
fn contexts() {
    check("contexts.jsonl.gz", 2_082, 521);
}

#[test]
fn hardforks() {
    check("hardforks.jsonl.gz", 9_160, 9_160);
}

#[test]
fn contracts() {
    check("contracts.jsonl.gz", 5_811, 0);
}

#[test]
fn generated() {
    check("generated.jsonl.gz", 25_600, 6_400);
}

#[test]
fn hostile() {
    if std::env::var_os("NEOVM_ALL").is_none() {
        return say("SKIPPED: hostile.jsonl.gz: it takes minutes, NEOVM_ALL=1 runs it");
    }
    check("hostile.jsonl.gz", 84, 44);
}
