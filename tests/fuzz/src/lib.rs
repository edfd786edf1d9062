//! Machines against each other: generated scripts, run by the interpreter, by
//! compiled code and by the model, must come to the same end.
//!
//! A [`Case`] is a script with two ways to run it and what it runs under. A
//! [`Comparer`] runs cases and keeps machines and engines from one to the
//! next. [`minimized`] makes a case that differs short, [`report`] shows where
//! the two part. [`run`] does all of it for as many scripts as wanted; the
//! command `neovm fuzz` and the tests use it. [`targets`] is what fuzzers call.
#![forbid(unsafe_code)]

mod campaign;
mod case;
mod compare;
mod describe;
mod end;
mod host;
mod minimize;
mod report;
mod tally;
pub mod targets;
mod worker;

pub use crate::{
    campaign::{Campaign, Difference, run},
    case::{Against, Case, Run, Way},
    compare::Comparer,
    end::End,
    host::Hosts,
    minimize::minimized,
    report::report,
    tally::{Compiled, Tally},
    worker::Worker,
};

/// Native stack that a thread needs that compares: room for dropping what is
/// nested as deep as the item limit allows.
pub const NATIVE_STACK: usize = 64 << 20;
