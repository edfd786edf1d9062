//! The seam between the interpreter and a tier above it: a compiler that makes machine code of what is hot.
//!
//! For such a compiler only: nothing here is covered by semantic versioning, and embedders have no use for it. Safe
//! code cannot break the engine through this module; the one way to make a machine run foreign code is
//! [`CodeView::enter_by`], which is unsafe.
//!
//! # How it works together
//!
//! 1. [`attach`] gives decoded code a [`Tier`]. From then on jumps back, calls, and returns from the host and from
//!    other scripts count down a counter of the instruction they lead to.
//! 2. At zero the interpreter calls [`Tier::hot`] with the types of the items that the machine holds
//!    ([`TypeFeedback`]).
//! 3. The tier reads the code through a [`CodeView`], makes machine code, and lets the interpreter enter it with
//!    [`CodeView::enter_by`]. The machine code has the signature of a handler, runs any number of instructions, and
//!    leaves the machine between two of them. It may rely on
//!    - where the registers of the machine and the parts of items lie: [`layout`];
//!    - the functions of the interpreter that it may call: [`builtins`];
//!    - exits, which make the machine what the interpreter would have made it: [`Exit`], [`Plan`].
//! 4. An exit that should not be taken is counted, and now and then reported to [`Tier::failing`].
//!
//! Counters, machine code and exits belong to the decoded code, and outlive an execution.

pub mod builtins;
mod calls;
mod code;
mod exits;
mod feedback;
mod items;
pub mod layout;

use alloc::sync::Arc;

#[cfg(neovm_tail_calls)]
pub(crate) use self::feedback::counter;
pub use self::{
    builtins::{Builtin, BuiltinStatus, STATUS_MASK},
    code::{CodeView, FloorMod},
    exits::{After, Area, Exit, Held, Leave, OwnFrame, Plan, Restored},
    feedback::{Kind, TypeFeedback},
    items::NO_INTEGER,
};
pub(crate) use self::{
    calls::{Calls, LeftFrame},
    feedback::HotCounters,
};
use crate::code::Code;

/// Makes hot parts of one script faster. It is dropped with the decoded code it is attached to.
pub trait Tier: Send + Sync {
    /// An instruction was reached as often as the threshold says: its index, and what the machine holds. It runs next.
    fn hot(&self, code: &Arc<Code>, index: usize, feedback: &TypeFeedback);

    /// An exit was taken [`Exit::PATIENCE`] times more because something that its code took for granted does not hold.
    /// `guard` is the index of the instruction whose guard failed the last time, if a guard did, and `feedback` is what the
    /// machine holds there.
    fn failing(&self, code: &Arc<Code>, exit: &Exit, guard: Option<usize>, feedback: &TypeFeedback);

    /// Returns the number of bytes of memory that the tier uses.
    fn memory(&self) -> usize;
}

/// Attaches a tier to decoded code. The tier is told of instructions that were reached `threshold` times by jumps back,
/// by calls, or from the host or another script. On platforms without tail calls nothing is counted.
#[must_use]
pub fn attach(code: Code, tier: Arc<dyn Tier>, threshold: u32) -> Code {
    code.with_tier(tier, threshold)
}
