//! Stack items as JSON, in the form of the Neo RPC.
//!
//! `{"type":"Integer","value":"1"}`; byte strings and buffers in base64; Null is
//! `{"type":"Any"}`; a map's value is a list of `{"key":..,"value":..}`.
//! Source: `Extensions/VM/StackItemExtensions.cs` of the reference node.

use alloc::{
    collections::BTreeSet,
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::fmt::{self, Write};

use serde_json::Value;

use super::{ItemType, StackItem};
use crate::{integer::Integer, json::write_base64, text::shown};

/// Limits on the JSON that is written.
#[derive(Clone, Copy, Debug)]
pub struct JsonLimits {
    /// The largest number of items, including those inside compounds.
    pub nodes: usize,
    /// The largest size of the text, in bytes.
    pub text: usize,
}

impl Default for JsonLimits {
    fn default() -> Self {
        Self { nodes: 100_000, text: 16 << 20 }
    }
}

/// Why an item cannot be written as JSON, or JSON cannot be read as an item.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// A compound contains itself.
    #[error("an item holds itself")]
    Cycle,
    /// The limits are exceeded.
    #[error("too large")]
    TooLarge,
    /// The writer refused the text.
    #[error("the text could not be written")]
    Write,
    /// A JSON value that is not a stack item; the text says what is wrong.
    #[error("{0}")]
    Invalid(String),
}

impl From<fmt::Error> for JsonError {
    fn from(_: fmt::Error) -> Self {
        Self::Write
    }
}

/// What is left to write.
enum Work {
    Item(StackItem),
    Text(&'static str),
    /// The compound of that address is written.
    Leave(usize),
}

struct Writer<'a, W> {
    out: &'a mut W,
    limits: JsonLimits,
    /// In reverse order.
    work: Vec<Work>,
    /// Addresses of the compounds that are being written.
    open: BTreeSet<usize>,
}

/// Writes a list of items as compact JSON, without recursion. What was written
/// before an error stays written.
///
/// # Errors
/// [`JsonError::Cycle`] where a compound holds itself, [`JsonError::TooLarge`]
/// past the limits, [`JsonError::Write`] where the writer fails.
pub fn write_json_stack<'a, W: Write>(
    out: &mut W,
    items: impl IntoIterator<Item = &'a StackItem>,
    limits: JsonLimits,
) -> Result<(), JsonError> {
    let mut writer = Writer { out, limits, work: Vec::new(), open: BTreeSet::new() };
    writer.text("[")?;
    let items: Vec<Work> = items.into_iter().cloned().map(Work::Item).collect();
    writer.list(items);
    writer.work.insert(0, Work::Text("]"));
    writer.run()
}

impl StackItem {
    /// Formats the item as compact JSON.
    ///
    /// # Errors
    /// As [`write_json_stack`], with the default limits.
    pub fn to_json(&self) -> Result<String, JsonError> {
        let mut text = String::new();
        let work = alloc::vec![Work::Item(self.clone())];
        Writer { out: &mut text, limits: JsonLimits::default(), work, open: BTreeSet::new() }.run()?;
        Ok(text)
    }

    /// Reads an item from a JSON value. Pointers and interop objects cannot be read.
    ///
    /// # Errors
    /// [`JsonError::Invalid`], which says what is wrong.
    pub fn from_json(value: &Value) -> Result<Self, JsonError> {
        let type_name = value.get("type").and_then(Value::as_str);
        let name = type_name.ok_or_else(|| invalid("a stack item needs a \"type\"", value))?;
        let inner = value.get("value").unwrap_or(&Value::Null);
        let array = || inner.as_array().ok_or_else(|| invalid("a compound needs a list as its value", value));
        match ItemType::from_name(name) {
            Some(ItemType::Any) => Ok(Self::Null),
            Some(ItemType::Boolean) => {
                inner.as_bool().map(Self::from).ok_or_else(|| invalid("a Boolean is true or false", value))
            }
            Some(ItemType::Integer) => integer_from_json(inner),
            Some(ItemType::ByteString) => Ok(bytes_from_json(inner)?.as_slice().into()),
            Some(ItemType::Buffer) => Ok(Self::buffer(&bytes_from_json(inner)?)),
            Some(ItemType::Array) => Ok(Self::array(items_from_json(array()?)?)),
            Some(ItemType::Struct) => Ok(Self::structure(items_from_json(array()?)?)),
            Some(ItemType::Map) => map_from_json(array()?),
            Some(ItemType::Pointer | ItemType::InteropInterface) => {
                Err(invalid("this type cannot be given from outside", value))
            }
            None => Err(invalid("unknown item type", value)),
        }
    }
}

fn invalid(what: &str, value: &Value) -> JsonError {
    JsonError::Invalid(format!("{what}: {}", shown(&value.to_string())))
}

fn integer_from_json(value: &Value) -> Result<StackItem, JsonError> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return Err(invalid("an Integer is a decimal text", value)),
    };
    text.parse::<Integer>().map(StackItem::from).map_err(|error| JsonError::Invalid(error.to_string()))
}

fn bytes_from_json(value: &Value) -> Result<Vec<u8>, JsonError> {
    let text = value.as_str().ok_or_else(|| invalid("bytes are a base64 text", value))?;
    crate::base64::decode(text).map_err(|error| invalid(&format!("bad base64 ({error})"), value))
}

fn items_from_json(values: &[Value]) -> Result<Vec<StackItem>, JsonError> {
    values.iter().map(StackItem::from_json).collect()
}

fn map_from_json(entries: &[Value]) -> Result<StackItem, JsonError> {
    let map = super::Map::new();
    for entry in entries {
        let part =
            |name| entry.get(name).ok_or_else(|| invalid("an entry of a Map needs \"key\" and \"value\"", entry));
        let (key, value) = (StackItem::from_json(part("key")?)?, StackItem::from_json(part("value")?)?);
        map.insert(key, value).map_err(|fault| invalid(&fault.to_string(), entry))?;
    }
    Ok(StackItem::Map(map))
}

impl<W: Write> Writer<'_, W> {
    fn run(mut self) -> Result<(), JsonError> {
        while let Some(work) = self.work.pop() {
            match work {
                Work::Text(text) => self.text(text)?,
                Work::Leave(address) => drop(self.open.remove(&address)),
                Work::Item(item) => self.item(&item)?,
            }
        }
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), JsonError> {
        self.limits.text = self.limits.text.checked_sub(text.len()).ok_or(JsonError::TooLarge)?;
        Ok(self.out.write_str(text)?)
    }

    /// Lists work, commas between, to be done in this order.
    fn list(&mut self, parts: Vec<Work>) {
        for (i, part) in parts.into_iter().enumerate().rev() {
            self.work.push(part);
            if i > 0 {
                self.work.push(Work::Text(","));
            }
        }
    }

    fn item(&mut self, item: &StackItem) -> Result<(), JsonError> {
        self.limits.nodes = self.limits.nodes.checked_sub(1).ok_or(JsonError::TooLarge)?;
        let name = item.item_type().name();
        match item {
            StackItem::Null | StackItem::Interop(_) => self.text(&format!("{{\"type\":\"{name}\"}}")),
            StackItem::Boolean(value) => self.text(&format!("{{\"type\":\"{name}\",\"value\":{value}}}")),
            StackItem::Pointer(pointer) => {
                self.text(&format!("{{\"type\":\"{name}\",\"value\":{}}}", pointer.position()))
            }
            StackItem::Integer(_) | StackItem::BigInteger(_) => {
                let value = item.to_integer().map(|value| value.to_string()).unwrap_or_default();
                self.text(&format!("{{\"type\":\"{name}\",\"value\":\"{value}\"}}"))
            }
            StackItem::ByteString(_) | StackItem::Buffer(_) => {
                let mut value = String::new();
                let _ = item.with_bytes(|bytes| write_base64(&mut value, bytes));
                self.text(&format!("{{\"type\":\"{name}\",\"value\":{value}}}"))
            }
            StackItem::Array(array) | StackItem::Struct(array) => {
                self.open(array.address(), array.len(), name)?;
                self.list(array.to_vec().into_iter().map(Work::Item).collect());
                Ok(())
            }
            StackItem::Map(map) => {
                self.open(map.address(), map.len(), name)?;
                self.entries(map.to_vec());
                Ok(())
            }
        }
    }

    /// Starts a compound; what ends it is listed for later.
    fn open(&mut self, address: usize, items: usize, name: &str) -> Result<(), JsonError> {
        if items > self.limits.nodes {
            return Err(JsonError::TooLarge);
        }
        if !self.open.insert(address) {
            return Err(JsonError::Cycle);
        }
        self.work.push(Work::Leave(address));
        self.work.push(Work::Text("]}"));
        self.text(&format!("{{\"type\":\"{name}\",\"value\":["))
    }

    fn entries(&mut self, entries: Vec<(StackItem, StackItem)>) {
        for (i, (key, value)) in entries.into_iter().enumerate().rev() {
            self.work.push(Work::Text("}"));
            self.work.push(Work::Item(value));
            self.work.push(Work::Text(",\"value\":"));
            self.work.push(Work::Item(key));
            self.work.push(Work::Text(if i > 0 { ",{\"key\":" } else { "{\"key\":" }));
        }
    }
}
