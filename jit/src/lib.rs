//! The compiler of hot Neo N3 scripts to machine code.
//!
//! A [`Jit`] belongs to an engine. Attached to decoded code, it is told of loops
//! and methods that run often, makes machine code of them with Cranelift, and
//! lets the interpreter enter it. Results are those of the interpreter, bit for
//! bit: what compiled code cannot do it leaves to the interpreter, at an
//! instruction, with the machine as the interpreter would have it.

mod analysis;
mod compile;
mod memory;
mod runtime;
mod translate;

use std::sync::{Mutex, MutexGuard, PoisonError};

pub use self::{
    memory::capacity::DEFAULT_CAPACITY,
    runtime::{
        stats::{Details, Report, Stats, Why},
        tier::{Jit, Mode},
    },
};

/// Nothing under these locks can panic half-way.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Why a region is not compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
pub enum Refusal {
    /// There is no compiler for the platform.
    #[error("no compiler for this platform")]
    Platform,
    /// Nothing of it can be compiled.
    #[error("no instruction can be compiled")]
    Nothing,
    /// Entering it would cost what it gains.
    #[error("too little to gain")]
    Small,
    /// It has too many instructions or blocks.
    #[error("too many instructions")]
    TooLong,
    /// By the prices of an embedder, its instructions may cost more than a meter holds.
    #[error("too expensive")]
    TooDear,
    /// The stack is too high in it.
    #[error("too many items")]
    TooHigh,
    /// The stack's height depends on the way there.
    #[error("the stack's height depends on the way")]
    Heights,
    /// The kinds of items do not agree after several rounds.
    #[error("the kinds of items do not agree")]
    Kinds,
    /// Too many regions wait to be compiled.
    #[error("too many regions are waiting")]
    Busy,
    /// There is too much machine code already.
    #[error("too much machine code")]
    Full,
    /// Too much of the script was compiled already.
    #[error("too much of the script was compiled")]
    BudgetExhausted,
    /// Cranelift failed.
    #[error("Cranelift failed")]
    Cranelift,
    /// The compiler panicked.
    #[error("the compiler panicked")]
    Panicked,
}
