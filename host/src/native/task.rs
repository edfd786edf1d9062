//! What native methods take and return.

use std::fmt;

use neovm_interp::Caller;
use neovm_types::{FaultKind, StackItem, manifest::ParameterType};

use crate::{
    executor::{Executor, Then},
    parameter::{Parameter, Return},
};

/// How far a native method is.
pub enum Finished {
    /// It has ended with a result, or without one.
    Done(Option<StackItem>),
    /// It has called a contract with [`Executor::call_from_native`], and goes on
    /// when that returns.
    Await(Then),
}

impl Finished {
    /// The method has ended with a value; `()` if it returns nothing.
    pub fn value(value: impl Return) -> Self {
        Self::Done(value.into_item())
    }
}

impl fmt::Debug for Finished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done(result) => f.debug_tuple("Done").field(result).finish(),
            Self::Await(_) => f.debug_struct("Await").finish_non_exhaustive(),
        }
    }
}

/// A result that may be there only after a contract that was called returns.
pub(crate) enum Task<T> {
    /// It is there.
    Done(T),
    /// The method has called a contract with
    /// [`Executor::call_from_native`] and goes on when that returns.
    Await(Continuation<T>),
}

/// What a native method does after a contract has returned.
pub(crate) type Continuation<T> = Box<dyn FnOnce(&mut Executor<'_>, &mut Caller<'_>) -> Result<Task<T>, FaultKind>>;

impl<T: Return + 'static> Task<T> {
    /// Goes on after a contract returns that was called just now.
    pub(crate) fn after(
        then: impl FnOnce(&mut Executor<'_>, &mut Caller<'_>) -> Result<Self, FaultKind> + 'static,
    ) -> Self {
        Self::Await(Box::new(then))
    }

    /// Goes on with the result, when it is there.
    pub(crate) fn then<U: 'static>(
        self,
        executor: &mut Executor<'_>,
        caller: &mut Caller<'_>,
        next: impl FnOnce(&mut Executor<'_>, &mut Caller<'_>, T) -> Result<Task<U>, FaultKind> + 'static,
    ) -> Result<Task<U>, FaultKind> {
        match self {
            Self::Done(value) => next(executor, caller, value),
            Self::Await(wait) => Ok(Task::Await(Box::new(move |executor, caller| {
                let task = wait(executor, caller)?;
                task.then(executor, caller, next)
            }))),
        }
    }
}

/// What the handler of a native method may return.
pub(crate) trait NativeReturn {
    /// The type that manifests show.
    const TYPE: ParameterType;

    fn finish(self) -> Finished;
}

impl<T: Return> NativeReturn for T {
    const TYPE: ParameterType = <T as Return>::TYPE;

    fn finish(self) -> Finished {
        Finished::value(self)
    }
}

impl<T: Return + 'static> NativeReturn for Task<T> {
    const TYPE: ParameterType = <T as Return>::TYPE;

    fn finish(self) -> Finished {
        match self {
            Self::Done(value) => Finished::value(value),
            Self::Await(then) => Finished::Await(Box::new(|executor, caller| Ok(then(executor, caller)?.finish()))),
        }
    }
}

/// Converts an argument of the current native method: the first one has the index 0.
/// It stays on the stack until the method has ended.
///
/// # Errors
/// A fault if the item is no such value, or if the stack has not as many items.
pub fn argument<T: Parameter>(caller: &mut Caller<'_>, index: usize) -> Result<T, FaultKind> {
    let item = caller.peek(index)?.clone();
    T::from_item(item, caller)
}

/// Converts the argument at an index, and goes on to the one behind it.
pub(crate) fn next_argument<T: Parameter>(caller: &mut Caller<'_>, index: &mut usize) -> Result<T, FaultKind> {
    let value = argument(caller, *index);
    *index += 1;
    value
}
