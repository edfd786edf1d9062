//! What the invocation stack is made of.

use alloc::{boxed::Box, sync::Arc, vec::Vec};

use neovm_types::StackItem;

use crate::{
    code::{Code, DecodedInst, MisalignedInsts},
    host::LoadId,
};

/// A context that waits for the one above it to return.
#[derive(Clone, Copy)]
pub(crate) struct Frame {
    /// Where it goes on.
    pub(crate) ip: *const DecodedInst,
    /// Between its arguments (below) and its local variables.
    pub(crate) slots: *mut StackItem,
    /// Where its last argument lies, see `Vm`.
    pub(crate) args_offset: i64,
    pub(crate) locals: u32,
    /// Height of the try stack when it began.
    pub(crate) try_base: u32,
}

/// A loaded script: what the contexts made by CALL share.
pub(crate) struct Load {
    /// Before the code, from which they may lend bytes: fields are dropped in order.
    pub(crate) statics: Vec<StackItem>,
    pub(crate) code: Arc<Code>,
    /// Made when a jump first leads into the middle of an instruction.
    pub(crate) misaligned: Option<Box<MisalignedInsts>>,
    pub(crate) id: LoadId,
    /// Bottom of its evaluation stack.
    pub(crate) stack: *mut StackItem,
    /// How many items it must return; -1 for any number.
    pub(crate) return_count: i32,
    /// How many frames waited when it was loaded.
    pub(crate) frames: usize,
    /// Whether it is free of fees.
    pub(crate) free: bool,
}

/// Where control is within a try block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TryState {
    Try,
    Catch,
    Finally,
}

/// An open try block. Positions below zero: there is none.
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
