//! `neovm cases` over outcomes that were recorded of the reference node.

mod common;

use std::{
    io::Read,
    path::{Path, PathBuf},
};

use common::raw;
use flate2::read::GzDecoder;
use serde_json::{Map, Value};

/// The fields that are compared, for each kind of line that is answered.
const FIELDS: [(&str, &[&str]); 5] = [
    ("genesisState", &["engines", "storage"]),
    ("case", &["outcome"]),
    ("verify", &["ok", "fee"]),
    ("chainStart", &["mptRoot", "stateDigest"]),
    ("chainBlock", &["hash", "onPersist", "txs", "postPersist", "changes", "mptRoot", "stateDigest"]),
];

/// What is for people, or an input.
const IGNORED: [&str; 4] = ["fault", "exception", "tx", "held"];

fn fields(line: &Value) -> Option<&'static [&'static str]> {
    let kind = line["kind"].as_str()?;
    FIELDS.iter().find(|(known, _)| *known == kind).map(|(_, fields)| *fields)
}

/// A value without what is not compared.
fn compared(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let kept = members.iter().filter(|(key, _)| !IGNORED.contains(&key.as_str()));
            kept.map(|(key, value)| (key.clone(), compared(value))).collect::<Map<_, _>>().into()
        }
        Value::Array(items) => items.iter().map(compared).collect(),
        other => other.clone(),
    }
}

fn lines(text: &[u8]) -> Vec<Value> {
    let lines = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    lines.map(|line| serde_json::from_slice(line).expect("a line of JSON")).collect()
}

/// Runs a file in an engine and compares every line.
fn check(path: &Path, engine: &str) {
    let mut input = Vec::new();
    let file = std::fs::File::open(path).expect("the file is there");
    GzDecoder::new(file).read_to_end(&mut input).expect("the file is compressed");
    let output = raw(&["cases", "--engine", engine], &input);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let expected: Vec<Value> = lines(&input).into_iter().filter(|line| fields(line).is_some()).collect();
    let answers = lines(&output.stdout);
    assert_eq!(answers.len(), expected.len(), "lines of {path:?}");
    let mut differences = Vec::new();
    for (expected, answer) in expected.iter().zip(&answers) {
        let name = format!("{} {} {}", expected["kind"], expected["settings"], expected["id"]);
        assert_eq!((&expected["settings"], &expected["id"]), (&answer["settings"], &answer["id"]), "out of step");
        for field in fields(expected).expect("filtered") {
            let (a, b) = (compared(&expected[*field]), compared(&answer[*field]));
            if a != b {
                differences
                    .push(format!("{name}, {field}:\n  expected {a:.600}\n  got      {b:.600} {}", answer["error"]));
            }
        }
    }
    let shown = differences.iter().take(5).map(String::as_str).collect::<Vec<_>>().join("\n");
    assert!(differences.is_empty(), "{engine}: {} of {} lines differ\n{shown}", differences.len(), expected.len());
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_path_buf()
}

/// Checks a file of the large collection, if it is there.
fn check_large(name: &str, engine: &str) {
    let path = root().join("../shared/reference/host").join(name);
    if path.exists() {
        check(&path, engine);
    } else {
        eprintln!("SKIPPED: {path:?} is not there; the share in tests/data was checked");
    }
}

#[test]
fn a_share_of_the_recorded_outcomes_interpreted() {
    check(&root().join("tests/data/host-cases.jsonl.gz"), "interp");
}

#[test]
fn a_share_of_the_recorded_outcomes_compiled() {
    check(&root().join("tests/data/host-cases.jsonl.gz"), "jit");
}

#[test]
fn all_recorded_outcomes_interpreted() {
    check_large("cases.jsonl.gz", "interp");
}

#[test]
fn all_recorded_outcomes_compiled() {
    check_large("cases.jsonl.gz", "jit");
}

#[test]
fn all_recorded_outcomes_by_default() {
    check_large("cases.jsonl.gz", "auto");
}

/// Two chains from their genesis blocks on.
#[test]
fn recorded_chains_in_all_engines() {
    for engine in ["interp", "jit", "auto"] {
        check_large("replay-testblocks.jsonl.gz", engine);
        check_large("replay-chain50x2.jsonl.gz", engine);
    }
}

#[test]
fn contracts_of_the_csharp_compiler_interpreted() {
    check_large("devpack.jsonl.gz", "interp");
}

#[test]
fn contracts_of_the_csharp_compiler_compiled() {
    check_large("devpack.jsonl.gz", "jit");
}

#[test]
fn contracts_of_the_csharp_compiler_by_default() {
    check_large("devpack.jsonl.gz", "auto");
}
