//! Compiled code against the interpreter: wherever an execution is stopped, short of gas or
//! out of room, whatever guard fails, however deep it is, and while code comes and goes.
//!
//! With `NEOVM_LONG` all points and rounds are tried, which takes some minutes; without it a share.
#![cfg(target_arch = "x86_64")]

#[path = "../support/compiling.rs"]
mod compiling;
#[path = "../support/described.rs"]
mod described;
#[path = "../support/report.rs"]
mod report;
#[path = "../support/stand.rs"]
mod stand;
#[path = "../support/ways.rs"]
mod ways;

mod calling;
mod corpus;
mod deep;
mod division;
mod eviction;
mod expected;
mod guards;
mod interrupts;
mod layout;
mod recompiled;
mod refusals;
mod shapes;
mod sweeps;
mod syscalls;

/// Whether all is to be tried.
fn is_long() -> bool {
    std::env::var_os("NEOVM_LONG").is_some()
}
