//! System calls on storage. Source: `ApplicationEngine.Storage.cs`.

use neovm_interp::Caller;
use neovm_storage::{Direction, Key};
use neovm_types::{ByteString, FaultKind, Gas, Interop, StackItem, manifest::ParameterType};

use crate::{
    executor::{Executor, FindOptions, IteratorHandle, StorageIterator},
    fault,
    parameter::{Parameter, Return, object},
};

/// The longest key that a contract may write.
const MAX_KEY_SIZE: usize = 64;
/// The longest value that a contract may write.
const MAX_VALUE_SIZE: usize = u16::MAX as usize;

/// A contract's storage, to be passed to other system calls.
///
/// Source: `StorageContext.cs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Context {
    contract: i32,
    is_read_only: bool,
}

impl Parameter for Context {
    const TYPE: ParameterType = ParameterType::InteropInterface;

    fn from_item(item: StackItem, _: &mut Caller<'_>) -> Result<Self, FaultKind> {
        context(object(&item)?)
    }

    #[inline]
    fn pop(caller: &mut Caller<'_>) -> Result<Self, FaultKind> {
        caller.pop_with(|item| context(object(item)?))?
    }
}

#[inline]
fn context(object: &Interop) -> Result<Context, FaultKind> {
    object.downcast_ref().copied().ok_or_else(|| fault("the argument is no storage context"))
}

impl Return for Context {
    const TYPE: ParameterType = ParameterType::InteropInterface;

    fn into_item(self) -> Option<StackItem> {
        Some(StackItem::Interop(Interop::new(self)))
    }
}

pub(super) fn get_context(executor: &Executor<'_>) -> Result<Context, FaultKind> {
    let contract = executor.current_id()?.ok_or_else(|| fault("the current script is no deployed contract"))?;
    Ok(Context { contract, is_read_only: false })
}

pub(super) fn get_read_only_context(executor: &Executor<'_>) -> Result<Context, FaultKind> {
    Ok(Context { is_read_only: true, ..get_context(executor)? })
}

/// Returns a context that is read-only already itself, not a new object: scripts
/// can tell by EQUAL.
pub(super) fn as_read_only(object: Interop) -> Result<Interop, FaultKind> {
    let context = context(&object)?;
    Ok(if context.is_read_only { object } else { Interop::new(Context { is_read_only: true, ..context }) })
}

pub(super) fn get(executor: &Executor<'_>, context: Context, key: &[u8]) -> Result<Option<ByteString>, FaultKind> {
    executor.layer().get_with(context.contract, key, ByteString::new).map_err(fault)
}

pub(super) fn find(
    executor: &mut Executor<'_>,
    context: Context,
    prefix: &[u8],
    options: FindOptions,
) -> Result<IteratorHandle, FaultKind> {
    options.check()?;
    let direction = if options.contains(FindOptions::BACKWARDS) { Direction::Backward } else { Direction::Forward };
    let entries = executor.layer().find(&Key::new(context.contract, prefix), direction);
    Ok(executor.add_iterator(StorageIterator::new(entries, prefix.len(), options)))
}

pub(super) fn put(
    executor: &Executor<'_>,
    caller: &mut Caller<'_>,
    context: Context,
    key: &[u8],
    value: &[u8],
) -> Result<(), FaultKind> {
    let length = key.len();
    if length > MAX_KEY_SIZE {
        return Err(fault(format!("the key has {length} bytes, at most {MAX_KEY_SIZE} are allowed")));
    }
    if value.len() > MAX_VALUE_SIZE {
        return Err(fault(format!("the value has {} bytes, at most {MAX_VALUE_SIZE} are allowed", value.len())));
    }
    check_writable(context)?;
    let charge = |old| {
        let bytes = billed_bytes(length, old, value.len());
        caller.add_fee(Gas::from_datoshi(bytes as i64 * i64::from(executor.storage_price()))).is_ok()
    };
    let is_paid = executor.layer().put_if(context.contract, key, value, charge).map_err(fault)?;
    if is_paid { Ok(()) } else { Err(FaultKind::InsufficientGas) }
}

/// The bytes that a write is charged for: a quarter of those that overwrite others.
fn billed_bytes(key: usize, old: Option<usize>, new: usize) -> usize {
    match old {
        None => key + new,
        Some(_) if new == 0 => 0,
        Some(0) => new,
        Some(old) if new <= old => (new - 1) / 4 + 1,
        Some(old) => (old - 1) / 4 + 1 + new - old,
    }
}

pub(super) fn delete(executor: &Executor<'_>, context: Context, key: &[u8]) -> Result<(), FaultKind> {
    check_writable(context)?;
    executor.layer().delete(&Key::new(context.contract, key)).map_err(fault)
}

fn check_writable(context: Context) -> Result<(), FaultKind> {
    if context.is_read_only { Err(fault("the storage context is read-only")) } else { Ok(()) }
}
