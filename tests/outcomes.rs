//! Outcomes of the C# engine v3.10.1 that are part of the project: see
//! `data/README.md`. A clone has all that is needed.

#[path = "support/compiling.rs"]
mod compiling;
#[path = "support/outcome.rs"]
mod outcome;
#[path = "support/report.rs"]
mod report;

use std::path::Path;

/// Of kinds without loops each `share`th line is compiled too.
fn check(file: &str, count: usize, share: usize) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    outcome::check_file(&folder.join(file), count, include_str!("data/stub-host.json"), outcome::ALL, share);
}

#[test]
fn generated() {
    check("generated.jsonl.gz", 6_400, 1);
}

#[test]
fn contexts() {
    check("contexts.jsonl.gz", 521, 1);
}

#[test]
fn rules() {
    check("rules.jsonl.gz", 164, 1);
}

#[test]
fn hardforks() {
    check("hardforks.jsonl.gz", 9_160, 1);
}

#[test]
fn hostile() {
    check("hostile.jsonl.gz", 44, 1);
}

#[test]
fn strict() {
    check("strict.jsonl.gz", 2_000, 1);
}
