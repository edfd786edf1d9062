//! System calls on iterators. Source: `ApplicationEngine.Iterator.cs`.

use neovm_types::{FaultKind, StackItem};

use crate::executor::{Executor, IteratorHandle};

pub(super) fn next(executor: &mut Executor<'_>, iterator: IteratorHandle) -> Result<bool, FaultKind> {
    executor.iterator(&iterator)?.next_entry()
}

pub(super) fn value(executor: &mut Executor<'_>, iterator: IteratorHandle) -> Result<StackItem, FaultKind> {
    executor.iterator(&iterator)?.value()
}
