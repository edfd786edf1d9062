//! What the executor knows of each script that is loaded.

use std::{
    cell::{Cell, OnceCell},
    fmt,
    rc::Rc,
    sync::Arc,
};

use neovm_interp::{Caller, LoadId};
use neovm_storage::{ContractsStamp, Layer};
use neovm_types::{CallFlags, FaultKind, Hash160, Script, hash::hash160};

use super::Executor;
use crate::{contract::Contract, native::Finished};

/// What a native method does after the contract that it called has returned. What
/// that returned is on top of the stack.
pub type Then = Box<dyn FnOnce(&mut Executor<'_>, &mut Caller<'_>) -> Result<Finished, FaultKind>>;

/// The state of a loaded script.
///
/// Source: `ExecutionContextState.cs` of the reference node.
pub(crate) struct Frame<'s> {
    pub(crate) load: LoadId,
    pub(crate) script: ScriptHash,
    /// The place of the frame that called.
    pub(crate) calling: Option<usize>,
    /// The native contract that called, which counts as the caller.
    pub(crate) native_calling: Option<Hash160>,
    /// The contract as it was when it was called.
    pub(crate) contract: Option<Arc<Contract>>,
    pub(crate) flags: CallFlags,
    pub(crate) layer: Rc<Layer<'s>>,
    /// The layer's stamp when the script was loaded: as long as it is the same, so is the contract.
    pub(crate) stamp: Option<ContractsStamp>,
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

thread_local! {
    /// The memory of the last execution's frames.
    static SPARE: Cell<Vec<Frame<'static>>> = const { Cell::new(Vec::new()) };
}

/// The memory for more frames is not kept.
const MAX_SPARE: usize = 16;

impl Frame<'_> {
    /// Returns room for frames: that of the thread's last execution, if it was kept.
    pub(super) fn room() -> Vec<Self> {
        emptied(SPARE.try_with(Cell::take).unwrap_or_default())
    }

    /// Drops frames and keeps their memory for the next execution of the thread.
    pub(super) fn give_back(frames: Vec<Self>) {
        if frames.capacity() <= MAX_SPARE {
            // At the end of a thread there is nobody to keep it for.
            _ = SPARE.try_with(|spare| spare.set(emptied(frames)));
        }
    }
}

/// Drops frames and returns their memory, for frames of another lifetime: collecting them in place keeps it.
fn emptied<'s>(mut frames: Vec<Frame<'_>>) -> Vec<Frame<'s>> {
    frames.clear();
    frames.into_iter().map(|_| unreachable!("all were dropped")).collect()
}

/// The hash of a script, which is computed when it is asked for.
#[derive(Clone, Debug)]
pub(crate) enum ScriptHash {
    /// That of a contract.
    Contract(Hash160),
    /// That of a script that is no contract.
    Script(Script, OnceCell<Hash160>),
}

impl ScriptHash {
    pub(crate) fn of(script: Script) -> Self {
        Self::Script(script, OnceCell::new())
    }

    pub(crate) fn get(&self) -> Hash160 {
        match self {
            Self::Contract(hash) => *hash,
            Self::Script(script, hash) => *hash.get_or_init(|| hash160(script.bytes())),
        }
    }
}

impl fmt::Debug for Frame<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Frame").field("script", &self.script).field("flags", &self.flags).finish_non_exhaustive()
    }
}
