//! Another machine that system calls and native methods can reach.

use std::{fmt, rc::Rc};

use neovm_interp::Caller;
use neovm_types::{FaultKind, StackItem};

use super::Executor;

type Function<'s> = dyn Fn(&mut Executor<'s>, &mut Caller<'_>) -> Result<StackItem, FaultKind> + 's;

/// What an embedder attaches to an execution: another machine, or whatever else its system calls and native methods
/// need that is not in the storage. They get it from [`Executor::attached`].
///
/// It finds its arguments on the stack, charges by the [`Caller`], and may write to [`Executor::layer`]: what it writes
/// there is undone with the script that called it.
#[derive(Clone)]
pub struct Attached<'s>(Rc<Function<'s>>);

impl<'s> Attached<'s> {
    /// Attaches a function.
    pub fn new(function: impl Fn(&mut Executor<'s>, &mut Caller<'_>) -> Result<StackItem, FaultKind> + 's) -> Self {
        Self(Rc::new(function))
    }

    /// Calls it.
    ///
    /// # Errors
    /// Its own.
    pub fn call(&self, executor: &mut Executor<'s>, caller: &mut Caller<'_>) -> Result<StackItem, FaultKind> {
        (self.0)(executor, caller)
    }
}

impl fmt::Debug for Attached<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Attached")
    }
}
