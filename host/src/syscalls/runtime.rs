//! System calls about the execution. Source: `ApplicationEngine.Runtime.cs`.

use std::sync::Arc;

use neovm_chain::contract::account as account_of;
use neovm_interp::Caller;
use neovm_types::{
    CallFlags, FaultKind, Gas, Hardfork, Hash160, Integer, ItemType, Script, StackItem,
    item::binary,
    manifest::{Event, ParameterType},
};

use super::contract::check_flags;
use crate::{
    executor::Executor,
    fault,
    parameter::{ArrayItem, decode_point},
};

/// The longest name of an event.
const MAX_EVENT_NAME: usize = 32;
/// The most bytes that a notification or a message may have.
const MAX_NOTIFICATION_SIZE: usize = 1024;

pub(super) fn burn_gas(caller: &mut Caller<'_>, datoshi: i64) -> Result<(), FaultKind> {
    if datoshi <= 0 {
        return Err(fault("the gas to burn is not positive"));
    }
    caller.add_fee(Gas::from_datoshi(datoshi))
}

pub(super) fn check_witness(executor: &Executor<'_>, account: &[u8]) -> Result<bool, FaultKind> {
    let account = match account.len() {
        20 => account.try_into().map(Hash160).unwrap_or_default(),
        33 => account_of(&decode_point(account)?),
        length => return Err(fault(format!("{length} bytes are neither a script hash nor a public key"))),
    };
    executor.check_witness(account)
}

pub(super) fn gas_left(caller: &Caller<'_>) -> Result<i64, FaultKind> {
    i64::try_from(caller.gas_left().datoshi_floor()).map_err(|_| FaultKind::Overflow)
}

pub(super) fn invocation_counter(executor: &mut Executor<'_>) -> Result<i32, FaultKind> {
    let hash = executor.current_hash()?;
    Ok(executor.invocation_count(hash))
}

pub(super) fn get_random(executor: &mut Executor<'_>, caller: &mut Caller<'_>) -> Result<Integer, FaultKind> {
    let random = executor.next_random();
    let price = if executor.is_active(Hardfork::Aspidochelone) { 1 << 13 } else { 1 << 4 };
    executor.charge_units(caller, price)?;
    Ok(random.into())
}

pub(super) fn script_container(executor: &Executor<'_>) -> Result<StackItem, FaultKind> {
    executor.transaction_item().ok_or_else(|| fault("the script is not in a transaction"))
}

pub(super) fn get_time(executor: &Executor<'_>) -> Result<u64, FaultKind> {
    Ok(executor.require_block()?.timestamp)
}

pub(super) fn load_script(
    executor: &mut Executor<'_>,
    caller: &mut Caller<'_>,
    script: Script,
    flags: CallFlags,
    arguments: ArrayItem,
) -> Result<(), FaultKind> {
    check_flags(flags)?;
    script.validate().map_err(fault)?;
    let flags = flags & executor.call_flags()? & CallFlags::READ_ONLY;
    executor.call_script(caller, script, flags)?;
    for argument in arguments.iter().rev() {
        caller.push(argument);
    }
    Ok(())
}

pub(super) fn log(executor: &mut Executor<'_>, message: Vec<u8>) -> Result<(), FaultKind> {
    if message.len() > MAX_NOTIFICATION_SIZE {
        return Err(fault(format!("a message has more than {MAX_NOTIFICATION_SIZE} bytes")));
    }
    let message = String::from_utf8(message).map_err(|_| fault("a message is not UTF-8"))?;
    executor.log(message)
}

pub(super) fn notify(
    executor: &mut Executor<'_>,
    caller: &Caller<'_>,
    event: &[u8],
    state: ArrayItem,
) -> Result<(), FaultKind> {
    if event.len() > MAX_EVENT_NAME {
        return Err(fault(format!("the name of an event has more than {MAX_EVENT_NAME} bytes")));
    }
    let contract = executor.frame()?.contract.as_ref();
    let contract = contract.ok_or_else(|| fault("a script that is no contract cannot notify"))?;
    let event: Arc<str> = if executor.is_active(Hardfork::Basilisk) {
        let known = contract.state().manifest.abi.events.iter().find(|known| known.name.as_bytes() == event);
        let known = known.ok_or_else(|| fault(format!("the manifest has no event \"{}\"", event.escape_ascii())))?;
        check_values(known, &state)?;
        Arc::clone(&known.name)
    } else {
        str::from_utf8(event).map_err(|_| fault("the name of an event is not UTF-8"))?.into()
    };
    let ArrayItem(state) = state;
    binary::serialized_size(&state, MAX_NOTIFICATION_SIZE, caller.limits().max_stack_size as usize)?;
    executor.notify(executor.current_hash()?, event, state)
}

/// Checks that the values of an event are those that the manifest describes.
fn check_values(event: &Event, state: &ArrayItem) -> Result<(), FaultKind> {
    let (name, expected, got) = (&event.name, event.parameters.len(), state.len());
    if expected != got {
        return Err(fault(format!("event {name:?} has {expected} parameters, got {got}")));
    }
    let mut parameters = event.parameters.iter();
    state.try_for_each(|value| match parameters.next() {
        Some(parameter) if !fits(value, parameter.parameter_type)? => {
            Err(fault(format!("parameter {:?} of event {name:?} has another type", parameter.name)))
        }
        _ => Ok(()),
    })
}

/// Returns whether an item is of a manifest's type.
///
/// Source: `ApplicationEngine.Runtime.cs` (`CheckItemType`).
fn fits(item: &StackItem, parameter_type: ParameterType) -> Result<bool, FaultKind> {
    use ItemType as Item;
    let own = item.item_type();
    let is_bytes = matches!(own, Item::ByteString | Item::Buffer);
    let has_length =
        |length: usize| Ok(own == Item::Any || is_bytes && item.with_bytes(|bytes| bytes.len() == length)?);
    if own == Item::Pointer {
        return Ok(false);
    }
    match parameter_type {
        ParameterType::Any => Ok(true),
        ParameterType::Boolean => Ok(own == Item::Boolean),
        ParameterType::Integer => Ok(own == Item::Integer),
        ParameterType::ByteArray => Ok(own == Item::Any || is_bytes),
        ParameterType::String => Ok(is_bytes && item.with_bytes(|bytes| str::from_utf8(bytes).is_ok())?),
        ParameterType::Hash160 => has_length(20),
        ParameterType::Hash256 => has_length(32),
        ParameterType::PublicKey => has_length(33),
        ParameterType::Signature => has_length(64),
        ParameterType::Array => Ok(matches!(own, Item::Any | Item::Array | Item::Struct)),
        ParameterType::Map => Ok(matches!(own, Item::Any | Item::Map)),
        ParameterType::InteropInterface => Ok(matches!(own, Item::Any | Item::InteropInterface)),
        ParameterType::Void => Ok(false),
    }
}
