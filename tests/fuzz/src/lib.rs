//! Compares machines with each other: the interpreter, compiled code and the model must come to the
//! same outcome on generated scripts.
//!
//! A [`Case`] is a script, the two [`Executor`]s that run it, and their settings. A [`Comparer`] runs
//! cases and keeps machines and engines from one case to the next. [`minimized`] shortens a case that
//! differs, [`report`] shows where its executions part. [`run`] does all of this for any number of
//! scripts; the command `neovm-fuzz` and the tests use it. Fuzzers call [`targets`].
//!
//! A [`ChainCase`] is a script over the host, with the contracts that it calls. A [`ChainComparer`] runs
//! it in two modes of the engine.
#![forbid(unsafe_code)]

mod campaign;
mod case;
mod chain;
mod compare;
mod describe;
mod final_state;
mod host;
mod minimize;
mod program;
mod report;
mod tally;
pub mod targets;
mod worker;

pub use crate::{
    campaign::{Campaign, Difference, Target, run},
    case::{Against, Case, Executor, Run},
    chain::{ChainCase, ChainComparer, ChainWorker, Comparison, ContractFiles, Ending, minimized_chain},
    compare::Comparer,
    final_state::FinalState,
    host::Hosts,
    minimize::minimized,
    report::report,
    tally::{Compiled, Tally},
    worker::Worker,
};

/// The native stack, in bytes, that a thread needs to compare: items nested as deep as the item limit
/// allows are dropped recursively.
pub const NATIVE_STACK: usize = 64 << 20;
