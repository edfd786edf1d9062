//! System calls on storage. Source: `ApplicationEngine.Storage.cs`.

use neovm_interp::Caller;
use neovm_storage::Direction;
use neovm_types::{ByteString, FaultKind, Gas, Interop, StackItem, manifest::ParameterType};

use crate::{
    executor::{Executor, FindOptions, IteratorHandle, StorageIterator},
    fault,
    parameter::{LocalKey, Parameter, Return, object},
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

    fn pop(caller: &mut Caller<'_>) -> Result<Self, FaultKind> {
        caller.pop_with(|item| context(object(item)?))?
    }
}

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

pub(super) fn get(executor: &Executor<'_>, context: Context, key: LocalKey) -> Result<Option<ByteString>, FaultKind> {
    executor.layer().get_with(&key.of(context.contract), |value| ByteString::new(value)).map_err(fault)
}

pub(super) fn find(
    executor: &mut Executor<'_>,
    context: Context,
    prefix: LocalKey,
    options: FindOptions,
) -> Result<IteratorHandle, FaultKind> {
    options.check()?;
    let direction = if options.contains(FindOptions::BACKWARDS) { Direction::Backward } else { Direction::Forward };
    let length = prefix.len();
    let entries = executor.layer().find(&prefix.of(context.contract), direction);
    Ok(executor.add_iterator(StorageIterator::new(entries, length, options)))
}

pub(super) fn put(
    executor: &Executor<'_>,
    caller: &mut Caller<'_>,
    context: Context,
    key: LocalKey,
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
        caller.add_fee(Gas::from_datoshi(bytes as i64 * i64::from(executor.storage_price())))
    };
    executor.layer().put_checked(key.of(context.contract), value, charge).map_err(fault)?
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

pub(super) fn delete(executor: &Executor<'_>, context: Context, key: LocalKey) -> Result<(), FaultKind> {
    check_writable(context)?;
    executor.layer().delete(&key.of(context.contract)).map_err(fault)
}

fn check_writable(context: Context) -> Result<(), FaultKind> {
    if context.is_read_only { Err(fault("the storage context is read-only")) } else { Ok(()) }
}
