//! Comparison of an outcome with the recorded one.

use base64::{Engine, prelude::BASE64_STANDARD as BASE64};
use neovm::{MemoryStore, Receipt, StackItem, Store, storage::Batch};
use serde_json::{Value, json};

use crate::inputs::batch;

/// Compares what came of a case with what was recorded: state, gas, stack, notifications, logs, changes.
///
/// # Panics
/// If they differ.
pub(crate) fn check(name: &str, receipt: &Receipt, before: &MemoryStore, recorded: &Value) {
    let state = if receipt.halted() { "HALT" } else { "FAULT" };
    assert_eq!(recorded["state"], state, "{name}: {:?}", receipt.fault);
    assert_eq!(recorded["gasPico"], receipt.gas_consumed.pico().to_string(), "{name}: gas");
    let stack: Vec<_> = receipt.stack.iter().map(item).collect();
    assert_eq!(recorded["stack"], Value::from(stack), "{name}: stack");
    let notification = |one: &neovm::host::Notification| json!({"contract": one.contract.to_string(), "event": &*one.event, "state": item(&one.state)});
    let notifications: Vec<_> = receipt.notifications.iter().map(notification).collect();
    assert_eq!(recorded["notifications"], Value::from(notifications), "{name}: notifications");
    let log = |one: &neovm::host::Log| json!({"contract": one.script_hash.to_string(), "message": one.message});
    let logs: Vec<_> = receipt.logs.iter().map(log).collect();
    assert_eq!(recorded["logs"], Value::from(logs), "{name}: logs");
    assert_eq!(net(&receipt.changes, before), batch(&recorded["changes"]), "{name}: changes");
}

/// The changes without those that set what was there.
fn net(changes: &Batch, before: &MemoryStore) -> Batch {
    let differs = |key: &[u8], new: &Option<_>| before.get(key).expect("a store in memory") != *new;
    changes.iter().filter(|(key, new)| differs(key, new)).cloned().collect()
}

/// An item in the form of the recorded outcomes. There are no cycles in them here.
fn item(item: &StackItem) -> Value {
    let mut value = json!({"type": item.item_type().name()});
    match item {
        StackItem::Null => {}
        StackItem::Boolean(_) => value["value"] = item.to_boolean().expect("a boolean").into(),
        StackItem::Integer(_) | StackItem::BigInteger(_) => {
            value["value"] = item.to_integer().expect("an integer").to_string().into();
        }
        StackItem::ByteString(_) | StackItem::Buffer(_) => {
            value["value"] = item.with_bytes(|bytes| BASE64.encode(bytes)).expect("bytes").into();
        }
        StackItem::Array(array) | StackItem::Struct(array) => {
            value["value"] = array.to_vec().iter().map(self::item).collect::<Vec<_>>().into();
        }
        other => panic!("an item of type {}", other.item_type().name()),
    }
    value
}
