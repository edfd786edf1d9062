//! The parts of the invocation stack.

use alloc::{boxed::Box, sync::Arc, vec::Vec};

use neovm_types::StackItem;

use crate::{
    code::{Code, MisalignedInsts},
    host::LoadId,
    inst::DecodedInst,
};

/// A context that waits for the one above it to return.
#[derive(Clone, Copy)]
pub(crate) struct Frame {
    /// The instruction that it continues with.
    pub(crate) ip: *const DecodedInst,
    /// Between its arguments (below) and its local variables.
    pub(crate) slots: *mut StackItem,
    /// The offset of its last argument, see `Vm`.
    pub(crate) args_offset: i64,
    pub(crate) locals: u32,
    /// Height of the try stack when it began.
    pub(crate) try_base: u32,
}

/// A loaded script: what the contexts made by CALL share.
pub(crate) struct Load {
    /// Declared before the code, whose bytes they may borrow: fields are dropped
    /// in order.
    pub(crate) statics: Vec<StackItem>,
    pub(crate) code: Arc<Code>,
    /// Created when a jump first leads into the middle of an instruction.
    pub(crate) misaligned: Option<Box<MisalignedInsts>>,
    pub(crate) id: LoadId,
    /// Bottom of its evaluation stack.
    pub(crate) stack: *mut StackItem,
    /// The number of items that it must return, or -1 for any number.
    pub(crate) return_count: i32,
    /// The number of frames that waited when it was loaded.
    pub(crate) frames: usize,
    /// Whether instructions and fees are free.
    pub(crate) free: bool,
}

/// The part of a try block that runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TryState {
    Try,
    Catch,
    Finally,
}

/// An open try block. A position below zero stands for a block that is absent.
///
/// Source: `ExceptionHandlingContext.cs`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TryBlock {
    pub(crate) catch: i32,
    pub(crate) finally: i32,
    pub(crate) end: i32,
    pub(crate) state: TryState,
}

impl TryBlock {
    pub(crate) const fn has_catch(&self) -> bool {
        self.catch >= 0
    }

    pub(crate) const fn has_finally(&self) -> bool {
        self.finally >= 0
    }
}
