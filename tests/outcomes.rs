//! Outcomes of the C# engine v3.10.1 that are part of the project: see
//! `data/README.md`. A clone has all that is needed.

#[path = "support/outcome.rs"]
mod outcome;

use std::path::Path;

fn check(file: &str, count: usize) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    outcome::check_file(&folder.join(file), count, include_str!("data/stub-host.json"), outcome::ALL);
}

#[test]
fn generated() {
    check("generated.jsonl.gz", 6_400);
}

#[test]
fn contexts() {
    check("contexts.jsonl.gz", 521);
}

#[test]
fn rules() {
    check("rules.jsonl.gz", 164);
}

#[test]
fn hardforks() {
    check("hardforks.jsonl.gz", 9_160);
}

#[test]
fn hostile() {
    check("hostile.jsonl.gz", 44);
}

#[test]
fn strict() {
    check("strict.jsonl.gz", 2_000);
}
