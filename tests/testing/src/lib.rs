//! What the tests share: the [modes](Mode) that a script can run in, [snapshots](Snapshot) of
//! machines to compare, [programs](Program) run in all modes, the [recorded] outcomes of
//! the C# engine, and an allocator that counts.
//!
//! All modes must come to the same outcome. A suite lists a test of its own for each case and mode,
//! named for both, so that a test runner can list, select and run them one by one.

pub mod allocator;
mod blocks;
mod compiler;
mod describe;
pub mod handed;
pub mod hostile;
mod mode;
mod program;
pub mod recorded;
mod snapshot;
pub mod text;
pub mod tries;
pub mod wide;

use std::{
    io::Write,
    path::{Path, PathBuf},
};

pub use crate::{
    blocks::append_block,
    compiler::Compiler,
    describe::describe,
    mode::{Mode, UnknownMode},
    program::{Modes, Program, Runner, Start, Tally, assert_same},
    snapshot::Snapshot,
};

/// The stub host that recorded scripts call: the text of `tests/data/stub-host.json`.
pub const STUB_HOST: &str = include_str!("../../data/stub-host.json");

/// The programs of `tests/data/workloads.jsonl`, one a line.
pub const WORKLOADS: &str = include_str!("../../data/workloads.jsonl");

/// Returns the folder of the project.
pub fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Returns the folder of the test data that are part of the project.
pub fn data() -> PathBuf {
    project().join("tests/data")
}

/// Returns a folder of the larger reference sets next to the project, if they are there.
pub fn shared(name: &str) -> Option<PathBuf> {
    Some(project().join("../shared").join(name)).filter(|folder| folder.exists())
}

/// Whether `NEOVM_LONG` is set: tests that try a share of all cases then try each.
pub fn is_long() -> bool {
    std::env::var_os("NEOVM_LONG").is_some()
}

/// Writes a line that shows even if the test passes: the test harness captures what tests print
/// through [`println`] and [`eprintln`] only.
pub fn say(line: &str) {
    let _ = std::io::stderr().write_all(format!("{line}\n").as_bytes());
}
