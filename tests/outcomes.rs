//! The recorded outcomes of the C# engine that are part of the project; `data/README.md` describes
//! them. Each chunk of lines is a test in each mode, named `file::mode::lines`:
//!
//! ```sh
//! cargo test --test outcomes -- hardforks::eager
//! ```

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};
use neovm_testing::{
    Mode, data,
    recorded::{File, trials},
};

/// The files with the modes that they run in.
const FILES: [(File, &[Mode]); 6] = [
    (File { name: "generated", lines: 6_400, chunk: 800 }, &Mode::ALL),
    (File { name: "contexts", lines: 521, chunk: 131 }, &Mode::ALL),
    (File { name: "rules", lines: 164, chunk: 164 }, &Mode::ALL),
    (File { name: "hardforks", lines: 9_160, chunk: 2_290 }, &Mode::ALL),
    (File { name: "hostile", lines: 44, chunk: 11 }, &Mode::ALL),
    // Validation runs nothing.
    (File { name: "strict", lines: 2_000, chunk: 2_000 }, &[Mode::ALL[0]]),
];

fn main() -> ExitCode {
    let trials: Vec<Trial> = FILES.iter().flat_map(|(file, modes)| trials(&data(), *file, modes, 1)).collect();
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}
