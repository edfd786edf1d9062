//! Compares compiled code with the interpreter: wherever an execution is stopped or runs out of gas or
//! room, whichever guard fails, however deep the calls are, and while code is compiled and evicted.
//!
//! With `NEOVM_LONG` all points and rounds are tried, which takes some minutes; otherwise a share.
#![cfg(target_arch = "x86_64")]

mod calling;
mod corpus;
mod deep;
mod division;
mod eviction;
mod expected;
mod guards;
mod handed;
mod interrupts;
mod layout;
mod recompiled;
mod refusals;
mod shapes;
mod sweeps;
mod syscalls;
mod tries;
mod wide;
