//! The outcomes that are written.

use base64::{Engine, prelude::BASE64_STANDARD};
use neovm::{
    StackItem,
    host::{self, BlockReceipt, FaultPlace, Notification, Receipt},
    storage::{Batch, Key, MemoryStore, Store, Value as Stored},
};
use serde_json::{Map, Value, json};

/// Below this depth only types are written.
const MAX_DEPTH: usize = 55;

/// What came of a script, with its changes against the state before.
pub(super) fn outcome(receipt: &Receipt, limit: i64, before: &MemoryStore) -> Value {
    let mut outcome = outcome_without_changes(receipt, limit);
    outcome["changes"] = changes(&receipt.changes, |key| before.get(key).ok().flatten());
    outcome
}

/// What came of a script with a gas limit in datoshi, which stands for gas that is
/// too much for a node's counter.
pub(super) fn outcome_without_changes(receipt: &Receipt, limit: i64) -> Value {
    let pico = receipt.gas_consumed.pico();
    let mut outcome = json!({
        "state": if receipt.halted() { "HALT" } else { "FAULT" },
        "gasDatoshi": i64::try_from(receipt.gas_consumed.datoshi_ceil()).unwrap_or(limit),
        "gasPico": pico.to_string(),
        "stack": receipt.stack.iter().map(item).collect::<Vec<_>>(),
        "notifications": receipt.notifications.iter().map(notification).collect::<Vec<_>>(),
        "logs": receipt.logs.iter().map(|log| json!({"contract": log.script_hash.to_string(), "message": log.message})).collect::<Vec<_>>(),
    });
    if let Some(fault) = &receipt.fault {
        outcome["fault"] = json!({"message": fault.kind.to_string()});
        outcome["faultAt"] = receipt.fault_place.map_or(Value::Null, fault_place);
    }
    outcome
}

fn fault_place(place: FaultPlace) -> Value {
    let mut value = json!({
        "depth": place.depth,
        "scriptHash": place.script_hash.to_string(),
        "ip": place.position,
    });
    if place.is_end {
        value["opcode"] = Value::Null;
    } else if let Some(opcode) = place.opcode {
        value["opcode"] = format!("{opcode:?}").into();
    }
    value
}

/// What came of a block, with the changes against the state before.
pub(super) fn block(hash: &str, receipt: &BlockReceipt, before: &MemoryStore) -> Map<String, Value> {
    let mut state = before.clone();
    for (key, value) in &receipt.on_persist.changes {
        set(&mut state, key, value.as_ref());
    }
    let mut transactions = Vec::new();
    for transaction in &receipt.transactions {
        transactions.push(json!({"outcome": outcome(transaction, i64::MAX, &state)}));
        for (key, value) in &transaction.changes {
            set(&mut state, key, value.as_ref());
        }
    }
    let mut fields = Map::new();
    fields.insert("hash".into(), hash.into());
    fields.insert("onPersist".into(), outcome_without_changes(&receipt.on_persist, 0));
    fields.insert("txs".into(), transactions.into());
    fields.insert("postPersist".into(), outcome_without_changes(&receipt.post_persist, 0));
    fields.insert("changes".into(), changes(&receipt.changes, |key| before.get(key).ok().flatten()));
    fields
}

fn set(state: &mut MemoryStore, key: &Key, value: Option<&Stored>) {
    match value {
        Some(value) => state.insert(key.clone(), value.clone()),
        None => state.remove(key),
    };
}

/// Net changes.
fn changes(changes: &Batch, old: impl Fn(&Key) -> Option<Stored>) -> Value {
    let change = |(key, value): &(Key, Option<Stored>)| {
        let old = old(key);
        let mut change = json!({"key": hex::encode(&**key)});
        change["op"] = match (&old, value) {
            (None, Some(_)) => "add",
            (Some(old), Some(new)) if old != new => "change",
            (Some(_), None) => "delete",
            _ => return None,
        }
        .into();
        if let Some(value) = value {
            change["value"] = hex::encode(value).into();
        }
        if let Some(old) = old {
            change["old"] = hex::encode(old).into();
        }
        Some(change)
    };
    changes.iter().filter_map(change).collect::<Vec<_>>().into()
}

fn notification(notification: &Notification) -> Value {
    json!({
        "contract": notification.contract.to_string(),
        "event": notification.event,
        "state": item(&notification.state),
    })
}

/// An item in the form of the recorded outcomes.
fn item(item: &StackItem) -> Value {
    nested(item, &mut Vec::new())
}

fn nested(item: &StackItem, open: &mut Vec<StackItem>) -> Value {
    let mut value = json!({"type": item.item_type().name()});
    match item {
        StackItem::Null => {}
        StackItem::Boolean(_) => value["value"] = item.to_boolean().unwrap_or(false).into(),
        StackItem::Integer(_) | StackItem::BigInteger(_) => {
            value["value"] = item.to_integer().map(|integer| integer.to_string()).unwrap_or_default().into();
        }
        StackItem::Pointer(pointer) => value["value"] = pointer.position().into(),
        StackItem::ByteString(_) | StackItem::Buffer(_) => {
            value["value"] = item.with_bytes(|bytes| BASE64_STANDARD.encode(bytes)).unwrap_or_default().into();
        }
        StackItem::Interop(object) => value["interface"] = host::interface_name(object).into(),
        compound if open.iter().any(|one| one.is_same(compound)) => value["cycle"] = true.into(),
        _ if open.len() >= MAX_DEPTH => value["deep"] = true.into(),
        compound => {
            open.push(compound.clone());
            value["value"] = children(compound, open);
            open.pop();
        }
    }
    value
}

fn children(compound: &StackItem, open: &mut Vec<StackItem>) -> Value {
    match compound {
        StackItem::Map(map) => {
            let entry = |(key, value): (StackItem, StackItem)| json!({"key": nested(&key, open), "value": nested(&value, open)});
            map.to_vec().into_iter().map(entry).collect::<Vec<_>>().into()
        }
        StackItem::Array(array) | StackItem::Struct(array) => {
            array.to_vec().iter().map(|item| nested(item, open)).collect::<Vec<_>>().into()
        }
        _ => Value::Null,
    }
}
