//! What the benchmarks share: programs, a machine to run them, and measuring.
//!
//! The groups, one file each in `benches`, are kept apart because they answer
//! different questions: `decode` (preparing a script), `load` (starting and
//! ending a run), `execute` (whole programs), `opcode` (each instruction),
//! `map_keys` (maps with hostile keys), `contracts` (what runs on MainNet).
//!
//! Times vary between runs and machines. What a change must not make worse is
//! held by `callgrind-diff`, which counts machine instructions.

#![forbid(unsafe_code)]

mod data;
mod exit;
mod machine;
mod measure;
mod plain;

pub use data::{Calls, contracts, long_script, scripts, workload_script, workloads};
pub use exit::exit_code;
pub use machine::{Machine, Program};
pub use measure::{best_time, criterion, measure, quick_criterion};
pub use plain::Plain;
