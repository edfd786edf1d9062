//! What the executor knows of each script that is loaded.

use std::{fmt, rc::Rc, sync::Arc};

use neovm_interp::{Caller, LoadId};
use neovm_storage::Layer;
use neovm_types::{CallFlags, FaultKind, Hash160};

use super::Executor;
use crate::{contract::Contract, native::Finished};

/// What a native method does after the contract that it called has returned.
pub(crate) type Then = Box<dyn FnOnce(&mut Executor<'_>, &mut Caller<'_>) -> Result<Finished, FaultKind>>;

/// The state of a loaded script.
///
/// Source: `ExecutionContextState.cs` of the reference node.
pub(crate) struct Frame<'s> {
    pub(crate) load: LoadId,
    /// The hash of the script, or of the contract that it belongs to.
    pub(crate) hash: Hash160,
    pub(crate) calling: Option<Calling>,
    /// The native contract that called, which counts as the caller.
    pub(crate) native_calling: Option<Hash160>,
    /// The contract as it was when it was called.
    pub(crate) contract: Option<Arc<Contract>>,
    pub(crate) flags: CallFlags,
    pub(crate) layer: Rc<Layer<'s>>,
    /// The number of notifications that are undone with the script.
    pub(crate) notifications: usize,
    /// Whether the caller gets Null if nothing is returned.
    pub(crate) is_dynamic: bool,
    /// The number of items that the caller's stack holds below what is returned.
    pub(crate) stack_below: usize,
    /// The number of arguments that a native method leaves on the stack while it runs.
    pub(crate) arguments: usize,
    /// What follows in the native method that called.
    pub(crate) then: Option<Then>,
}

/// The script that called another one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Calling {
    pub(crate) hash: Hash160,
    /// Whether nobody called it.
    pub(crate) is_entry: bool,
}

impl fmt::Debug for Frame<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Frame").field("hash", &self.hash).field("flags", &self.flags).finish_non_exhaustive()
    }
}
