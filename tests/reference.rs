//! All recorded outcomes of the C# engine, if `../shared/reference` lies next to the project.
//! `outcomes.rs` compares the share of them that is part of the project, and describes the names of
//! the tests.

use std::process::ExitCode;

use libtest_mimic::{Arguments, Completion, Trial};
use neovm_testing::{
    Mode,
    recorded::{File, trials},
    say, shared,
};

/// The files with the modes that they run in. Of kinds of scripts without loops only each `n`th line
/// is compiled, where `n` is the last number.
const FILES: [(File, &[Mode], usize); 7] = [
    // They take long; a share of them runs in all modes in `outcomes.rs`.
    (File { name: "hostile", lines: 84, chunk: 7 }, &[Mode::ALL[0]], 1),
    (File { name: "generated", lines: 25_600, chunk: 3_200 }, &Mode::ALL, 16),
    (File { name: "contracts", lines: 5_811, chunk: 1_000 }, &Mode::ALL, 16),
    (File { name: "contexts", lines: 2_082, chunk: 521 }, &Mode::ALL, 8),
    (File { name: "hardforks", lines: 9_160, chunk: 2_290 }, &Mode::ALL, 8),
    (File { name: "rules", lines: 164, chunk: 164 }, &Mode::ALL, 1),
    // Validation runs nothing.
    (File { name: "strict", lines: 4_000, chunk: 4_000 }, &[Mode::ALL[0]], 1),
];

fn main() -> ExitCode {
    let all: Vec<Trial> = match shared("reference") {
        Some(folder) => {
            let same_host = std::fs::read_to_string(folder.join("stub-host.json")).unwrap();
            assert_eq!(same_host, neovm_testing::STUB_HOST, "the stub host of ../shared/reference is another");
            FILES.iter().flat_map(|(file, modes, share)| trials(&folder, *file, modes, *share)).collect()
        }
        None => {
            say("SKIPPED: all of tests/reference.rs: there is no ../shared/reference next to the project");
            FILES.iter().map(|(file, ..)| skipped(file.name)).collect()
        }
    };
    libtest_mimic::run(&Arguments::from_args(), all).exit_code()
}

fn skipped(name: &str) -> Trial {
    Trial::ignorable_test(name, || Ok(Completion::ignored_with("there is no ../shared/reference")))
}
