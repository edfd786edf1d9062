//! Looks on at executions of contracts, for those who write them.
//!
//! - [`CallTree`] records which contract called which, with arguments and results
//!   by the types of the manifests, events, logs, storage changes and gas.
//! - [`TraceLine`] is an instruction before it runs; [`Filter`] chooses which ones.
//! - [`Scripts`] knows the scripts that run: whose they are, and their functions.
//! - [`Profile`] adds up gas, instructions and time by opcode, method, source line and
//!   contract; [`Coverage`] tells which instructions ran and which way branches went.
//! - [`DebugInfo`] is what a compiler tells of sources and variables.
//! - [`debugger`] runs an execution step by step, forward and back.
//! - [`readings`] says what a text may stand for.
//! - [`Explanation`] says in words what a script does.
//! - [`suite`] runs tests of contracts.
//! - [`show`] writes values as people read them.
//!
//! An observer is told of each instruction by
//! [`Execution::run_watched`](neovm::Execution::run_watched), which interprets the
//! script one instruction at a time. An execution that nobody looks on at is not
//! concerned.
#![forbid(unsafe_code)]

mod call_tree;
mod convert;
mod coverage;
mod debug_info;
pub mod debugger;
mod explain;
mod files;
mod frames;
mod functions;
mod profile;
mod scripts;
pub mod show;
pub mod suite;
mod trace;

pub use self::{
    call_tree::{Argument, Call, CallTree, CallTreeColours, CallTreeText, Change, Ended, Event, Step},
    convert::{Format, Reading, formatted, readings},
    coverage::{Branch, Coverage, CoverageFileError, CoverageRecorder, LineCoverage, MethodCoverage, Share},
    debug_info::{DebugInfo, DebugInfoError, DebugMethod, SequencePoint, Variable},
    explain::Explanation,
    functions::Functions,
    profile::{Cost, Measure, Profile, Row},
    scripts::{RunningScript, Scripts},
    trace::{Filter, FilterError, TraceLine, instruction},
};
