//! The JSON form of receipts.

use base64::{Engine, prelude::BASE64_STANDARD};
use neovm_storage::{Key, Value as Stored};
use neovm_types::StackItem;
use serde_json::{Value, json};

use crate::executor::{FaultPlace, Log, Notification, Receipt};

/// Below this depth only types are written.
const MAX_DEPTH: usize = 55;

/// More items than this are not written. A machine holds a few thousand, but they may be
/// shared, so that they occur any number of times.
const MAX_ITEMS: usize = 1 << 18;

/// More bytes of byte strings are not written.
const MAX_BYTES: usize = 64 << 20;

impl Receipt {
    /// Returns the receipt as JSON. `limit` is the gas limit of the job, see [`Receipt::gas_datoshi`].
    pub fn to_json(&self, limit: i64) -> Value {
        let mut writer = Writer::default();
        let mut json = json!({
            "state": if self.halted() { "HALT" } else { "FAULT" },
            "gasDatoshi": self.gas_datoshi(limit),
            "gasPico": self.gas_consumed.pico().to_string(),
            "stack": writer.items(&self.stack),
            "notifications": self.notifications.iter().map(|event| writer.notification(event)).collect::<Vec<_>>(),
            "logs": self.logs.iter().map(log).collect::<Vec<_>>(),
            "changes": self.changes.iter().map(change).collect::<Vec<_>>(),
        });
        if let Some(fault) = &self.fault {
            json["fault"] = json!({"message": fault.kind.to_string()});
            json["faultAt"] = self.fault_place.map_or(Value::Null, fault_place);
        }
        json
    }
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

fn log(log: &Log) -> Value {
    json!({"contract": log.script_hash.to_string(), "message": log.message})
}

fn change((key, value): &(Key, Option<Stored>)) -> Value {
    json!({"key": hex::encode(&**key), "value": value.as_ref().map(hex::encode)})
}

/// Returns an item as JSON: its type, and its value in the form of the RPC. Unlike
/// that form it shows any item: `"cycle": true` stands for a compound that it lies in,
/// `"deep": true` for what is nested too deep, and `"cut": true` for what is too much.
pub fn item_to_json(item: &StackItem) -> Value {
    Writer::default().item(item)
}

/// Writes items. Shared ones are written each time that they occur, so what is written
/// must be bounded.
struct Writer {
    /// The compounds that are being written.
    open: Vec<StackItem>,
    /// The items that may still be written.
    items: usize,
    /// The bytes that may still be written.
    bytes: usize,
}

impl Default for Writer {
    fn default() -> Self {
        Self { open: Vec::new(), items: MAX_ITEMS, bytes: MAX_BYTES }
    }
}

impl Writer {
    fn item(&mut self, item: &StackItem) -> Value {
        let mut value = json!({"type": item.item_type().name()});
        if self.items == 0 {
            value["cut"] = true.into();
            return value;
        }
        self.items -= 1;
        match item {
            StackItem::Null => {}
            StackItem::Boolean(_) => value["value"] = item.to_boolean().unwrap_or(false).into(),
            StackItem::Integer(_) | StackItem::BigInteger(_) => {
                value["value"] = item.to_integer().map(|integer| integer.to_string()).unwrap_or_default().into();
            }
            StackItem::Pointer(pointer) => value["value"] = pointer.position().into(),
            StackItem::ByteString(_) | StackItem::Buffer(_) => match item.with_bytes(|bytes| self.base64(bytes)) {
                Ok(Some(text)) => value["value"] = text.into(),
                _ => value["cut"] = true.into(),
            },
            StackItem::Interop(object) => value["interface"] = crate::interface_name(object).into(),
            compound if self.open.iter().any(|one| one.is_same(compound)) => value["cycle"] = true.into(),
            _ if self.open.len() >= MAX_DEPTH => value["deep"] = true.into(),
            compound => {
                self.open.push(compound.clone());
                value["value"] = self.children(compound);
                self.open.pop();
            }
        }
        value
    }

    fn items(&mut self, items: &[StackItem]) -> Value {
        items.iter().map(|item| self.item(item)).collect()
    }

    fn base64(&mut self, bytes: &[u8]) -> Option<String> {
        self.bytes = self.bytes.checked_sub(bytes.len())?;
        Some(BASE64_STANDARD.encode(bytes))
    }

    fn children(&mut self, compound: &StackItem) -> Value {
        match compound {
            StackItem::Map(map) => {
                let entry = |(key, value): &(StackItem, StackItem)| {
                    let key = self.item(key);
                    json!({"key": key, "value": self.item(value)})
                };
                map.to_vec().iter().map(entry).collect()
            }
            StackItem::Array(array) | StackItem::Struct(array) => self.items(&array.to_vec()),
            _ => Value::Null,
        }
    }

    fn notification(&mut self, notification: &Notification) -> Value {
        json!({
            "contract": notification.contract.to_string(),
            "event": &*notification.event,
            "state": self.item(&notification.state),
        })
    }
}

/// Returns the path and the values of the first thing in which a receipt differs from
/// the one that was expected. Texts of faults are for people, and are not compared; nor
/// is what the expected one does not have.
pub fn difference(expected: &Value, actual: &Value) -> Option<String> {
    differs("", expected, actual)
}

fn differs(path: &str, expected: &Value, actual: &Value) -> Option<String> {
    match (expected, actual) {
        (Value::Object(members), Value::Object(others)) => {
            let mut compared = members.iter().filter(|(name, _)| *name != "fault");
            compared.find_map(|(name, value)| {
                differs(&format!("{path}.{name}"), value, others.get(name).unwrap_or(&Value::Null))
            })
        }
        (Value::Array(items), Value::Array(others)) => {
            let count = items.len().max(others.len());
            let at = |list: &[Value], i: usize| list.get(i).cloned().unwrap_or(Value::Null);
            (0..count).find_map(|i| differs(&format!("{path}[{i}]"), &at(items, i), &at(others, i)))
        }
        _ if expected == actual => None,
        _ => Some(format!("{}: expected {expected:.200}, got {actual:.200}", path.trim_start_matches('.'))),
    }
}
