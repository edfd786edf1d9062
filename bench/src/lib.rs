//! Shared parts of the benchmarks: programs, a machine that runs them, and measurement.
//!
//! Each group in `benches` has a file of its own and answers a question of its own: `decode`
//! (decoding a script), `load` (starting and ending a run), `execute` (whole programs), `opcode` (each
//! instruction), `map_keys` (maps with hostile keys), `contracts` (contracts that run on MainNet).
//!
//! Times vary between runs and machines. To detect regressions reliably, `callgrind-diff` counts
//! machine instructions instead.

#![forbid(unsafe_code)]

mod callgrind;
mod data;
mod exit;
mod machine;
mod measure;
mod plain;
mod runner;
mod spread;

pub use callgrind::callgrind;
pub use data::{Calls, contracts, long_script, scripts, workload_script, workloads};
pub use exit::exit_code;
pub use machine::{Machine, Program};
pub use measure::{best_time, criterion, measure, quick_criterion};
pub use plain::Plain;
pub use runner::{Runner, Timed, WARM_UP, top};
pub use spread::{Spread, geometric_mean};
