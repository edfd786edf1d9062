//! The state tests of ethereum/tests: what becomes of the accounts, by the rules of each fork.

use std::{collections::BTreeMap, fs, io::Read, path::Path};

use flate2::read::GzDecoder;
use neovm_evm::statetest::{Outcome, run_state_tests};

/// Runs all files of an archive, and returns how many executions there were by fork.
fn run_archive(bytes: &[u8]) -> BTreeMap<String, usize> {
    let (mut counts, mut failures) = (BTreeMap::new(), Vec::new());
    for (name, text) in files(bytes) {
        let mut each = |outcome: Outcome| {
            *counts.entry(outcome.fork.to_string()).or_default() += 1;
            if let Some(failure) = outcome.failure {
                failures.push(format!("{name}: {} {} {:?}: {failure}", outcome.test, outcome.fork, outcome.indexes));
            }
        };
        run_state_tests(&text, &mut each).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
    assert!(
        failures.is_empty(),
        "{} failures, the first ones:\n{}",
        failures.len(),
        failures[..failures.len().min(20)].join("\n")
    );
    counts
}

/// The JSON files of a tar archive that was compressed by gzip.
fn files(bytes: &[u8]) -> Vec<(String, String)> {
    let mut archive = tar::Archive::new(GzDecoder::new(bytes));
    let files = archive.entries().unwrap().map(Result::unwrap).filter(|file| file.header().entry_type().is_file());
    let read = |mut file: tar::Entry<'_, _>| {
        let mut text = String::new();
        file.read_to_string(&mut text).unwrap();
        (file.path().unwrap().display().to_string(), text)
    };
    files.map(read).collect()
}

#[test]
fn a_share_of_the_public_tests_passes() {
    let counts = run_archive(&fs::read("tests/data/statetests.tar.gz").unwrap());
    assert_eq!(counts.values().sum::<usize>(), 521, "{counts:?}");
}

#[test]
fn all_public_tests_pass() {
    let path = Path::new("../../shared/evm/GeneralStateTests-public.tar.gz");
    if !path.exists() {
        println!("SKIPPED: all_public_tests_pass: there is no ../shared/evm/GeneralStateTests-public.tar.gz");
        return;
    }
    let counts = run_archive(&fs::read(path).unwrap());
    // As docs/evm.md has them.
    let expected = [
        ("Frontier", 16),
        ("Homestead", 16),
        ("Byzantium", 16),
        ("Constantinople", 16),
        ("ConstantinopleFix", 16),
        ("Istanbul", 17),
        ("Berlin", 18),
        ("London", 22),
        ("Paris", 39),
        ("Shanghai", 108),
        ("Cancun", 10_402),
    ];
    assert_eq!(counts, expected.map(|(fork, count)| (fork.to_owned(), count)).into());
}

/// By the rules of forks that the public tests leave out, with the outcomes of geth.
#[test]
fn vectors_of_other_forks_pass() {
    let counts = run_archive(&fs::read("tests/data/forks.tar.gz").unwrap());
    let expected = [("EIP150", 622), ("EIP158", 622), ("Prague", 664), ("Osaka", 664)];
    assert_eq!(counts, expected.map(|(fork, count)| (fork.to_owned(), count)).into());
}
