//! All recorded outcomes of the C# engine v3.10.1, where they lie next to the
//! project. `outcomes.rs` compares the share of them that is part of it.

#[path = "support/compiling.rs"]
mod compiling;
#[path = "support/outcome.rs"]
mod outcome;
#[path = "support/report.rs"]
mod report;

use std::path::Path;

/// Of kinds without loops each `share`th line is compiled too.
fn check(file: &str, count: usize, share: usize) {
    check_in(file, count, outcome::ALL, share);
}

fn check_in(file: &str, count: usize, modes: &[outcome::Mode], share: usize) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/reference");
    if !folder.exists() {
        return report::say(&format!("SKIPPED: {file}: there is no ../shared/reference next to the project"));
    }
    let stub_host = std::fs::read_to_string(folder.join("stub-host.json")).unwrap();
    outcome::check_file(&folder.join(file), count, &stub_host, modes, share);
}

#[test]
fn generated() {
    check("generated.jsonl.gz", 25_600, 16);
}

#[test]
fn contracts() {
    check("contracts.jsonl.gz", 5_811, 16);
}

#[test]
fn contexts() {
    check("contexts.jsonl.gz", 2_082, 8);
}

#[test]
fn rules() {
    check("rules.jsonl.gz", 164, 1);
}

#[test]
fn hardforks() {
    check("hardforks.jsonl.gz", 9_160, 8);
}

#[test]
fn hostile() {
    // They take long; a share of them runs in all modes in `outcomes.rs`.
    check_in("hostile.jsonl.gz", 84, &outcome::ALL[..1], 1);
}

#[test]
fn strict() {
    check("strict.jsonl.gz", 4_000, 1);
}
