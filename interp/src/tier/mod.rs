//! The interface between the interpreter and a tier above it: a compiler that turns hot code into machine code.
//!
//! This module is meant for that compiler alone. It is exempt from semantic versioning, and embedders have no use for
//! it. Safe code cannot break the engine through it: the only way to make a machine run other code is
//! [`CodeView::enter_by`], which is unsafe.
//!
//! # How it works together
//!
//! 1. [`attach`] gives decoded code a [`Tier`]. From then on jumps back, calls, and returns from the host and from
//!    other scripts count down a counter of the instruction they lead to.
//! 2. At zero the interpreter calls [`Tier::hot`] with the types of the items that the machine holds
//!    ([`TypeFeedback`]).
//! 3. The tier reads the code through a [`CodeView`], generates machine code, and lets the interpreter enter it with
//!    [`CodeView::enter_by`]. The machine code has the signature of a handler, runs any number of instructions, and
//!    leaves the machine between two of them. It uses
//!    - the offsets of the machine's registers and of the parts of items ([`layout`]);
//!    - functions of the interpreter ([`builtins`]);
//!    - exits, which bring the machine to the state that the interpreter would have produced ([`Exit`], [`Plan`]).
//! 4. Exits that are taken because speculation failed are counted, and reported to [`Tier::failing`] from time to time.
//!
//! Counters, machine code and exits belong to the decoded code, so they outlive an execution.

pub mod builtins;
mod calls;
mod code;
mod exits;
mod feedback;
mod items;
pub mod layout;
mod maps;
mod text;
mod tries;
mod walk;
mod wide;

use alloc::sync::Arc;

#[cfg(neovm_tail_calls)]
pub(crate) use self::feedback::counter;
pub use self::{
    builtins::{Builtin, BuiltinStatus, STATUS_MASK},
    code::{CodeView, FloorMod},
    exits::{After, Area, Exit, Held, HeldTry, Leave, OwnFrame, Plan, Restored, TryPart},
    feedback::{Kind, TypeFeedback},
    items::NO_INTEGER,
    maps::NO_MAP,
    tries::MAX_TRIES,
    walk::{Kinds, Replaced, Seen, Width},
};
pub(crate) use self::{
    calls::{Calls, LeftFrame},
    feedback::HotCounters,
};
use crate::code::Code;

/// A compiler for the hot parts of one script. It is dropped with the decoded code that it is attached to.
pub trait Tier: Send + Sync {
    /// Called when the instruction with this index, which runs next, has been reached as often as the threshold
    /// says. `feedback` finds what the machine holds, which takes as long as some hundred instructions do.
    fn hot(&self, code: &Arc<Code>, index: usize, feedback: &dyn Fn() -> TypeFeedback);

    /// Called when an exit was taken another [`Exit::PATIENCE`] times because speculation failed. `guard` is the index
    /// of the instruction whose guard failed last, if one did, and `feedback` finds what the machine holds there.
    fn failing(&self, code: &Arc<Code>, exit: &Exit, guard: Option<usize>, feedback: &dyn Fn() -> TypeFeedback);

    /// Returns the number of bytes of memory that the tier uses.
    fn memory(&self) -> usize;
}

/// Attaches a tier to decoded code. It is notified of instructions that have been reached `threshold` times: by jumps
/// back, by calls, or from the host or another script. On platforms without tail calls, nothing is counted.
#[must_use]
pub fn attach(code: Code, tier: Arc<dyn Tier>, threshold: u32) -> Code {
    code.with_tier(tier, threshold)
}
