//! The form of the reference's own JSON suite.
//!
//! Sources: `Types/VMUT*.cs`, `Converters/ScriptConverter.cs` of the reference's tests.

use std::fmt;

use neovm::OpCode;
use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, Visitor},
};

/// A file of the suite.
#[derive(Deserialize)]
pub(crate) struct Suite {
    pub(crate) name: String,
    pub(crate) tests: Vec<Case>,
}

/// A script, and what is done with it.
#[derive(Deserialize)]
pub(crate) struct Case {
    pub(crate) name: String,
    script: Vec<String>,
    #[serde(default)]
    pub(crate) steps: Vec<Step>,
}

/// Actions, and how the machine stands after them.
#[derive(Deserialize)]
pub(crate) struct Step {
    #[serde(default)]
    pub(crate) actions: Vec<String>,
    pub(crate) result: Expected,
}

/// How the machine stands. What is missing of `results` and `refs` is not
/// compared; a missing invocation stack is an empty one.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Expected {
    pub(crate) state: String,
    pub(crate) exception_message: Option<String>,
    #[serde(rename = "resultStack")]
    pub(crate) results: Option<Vec<Item>>,
    pub(crate) refs: Option<i64>,
    #[serde(default, rename = "invocationStack")]
    pub(crate) contexts: Vec<Context>,
    /// Misplaced, here and in the next field: the reference's harness passes them over.
    #[serde(rename = "arguments")]
    _arguments: Option<IgnoredAny>,
    #[serde(rename = "evaluationStack")]
    _stack: Option<IgnoredAny>,
}

/// A context on the invocation stack. A missing slot is an empty one, a
/// missing evaluation stack is not compared.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Context {
    #[serde(rename = "instructionPointer")]
    pub(crate) position: usize,
    #[serde(rename = "nextInstruction")]
    pub(crate) next: String,
    #[serde(rename = "evaluationStack")]
    pub(crate) stack: Option<Vec<Item>>,
    #[serde(default, rename = "staticFields")]
    pub(crate) statics: Vec<Item>,
    #[serde(default)]
    pub(crate) arguments: Vec<Item>,
    #[serde(default, rename = "localVariables")]
    pub(crate) locals: Vec<Item>,
}

/// An item as the suite writes it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Item {
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) value: Option<Value>,
}

/// The value of an item.
#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum Value {
    Boolean(bool),
    Number(i64),
    Text(String),
    Items(Vec<Item>),
    Entries(Entries),
}

/// Entries of a map, in the order of the text.
pub(crate) struct Entries(pub(crate) Vec<(String, Item)>);

impl<'de> Deserialize<'de> for Entries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EntriesVisitor)
    }
}

struct EntriesVisitor;

impl<'de> Visitor<'de> for EntriesVisitor {
    type Value = Entries;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the entries of a map")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Entries(entries))
    }
}

impl Case {
    /// The bytes of the script, which is written as mnemonics and hexadecimal pieces.
    pub(crate) fn script(&self) -> Vec<u8> {
        let piece = |text: &String| match OpCode::from_mnemonic(text) {
            Some(opcode) => vec![opcode as u8],
            None => bytes(text),
        };
        self.script.iter().flat_map(piece).collect()
    }
}

/// The bytes of a hexadecimal text, which has a prefix.
pub(crate) fn bytes(text: &str) -> Vec<u8> {
    let digits = text.strip_prefix("0x").unwrap_or_else(|| panic!("{text:?} has no prefix 0x"));
    hex::decode(digits).unwrap_or_else(|error| panic!("{text:?}: {error}"))
}

impl Item {
    /// The item as one line of text, in the form in which `shown` writes a machine's.
    pub(crate) fn show(&self) -> String {
        let kind = self.kind.to_lowercase();
        match (kind.as_str(), &self.value) {
            ("null", None) => "Null".into(),
            ("boolean", Some(Value::Boolean(value))) => format!("Boolean {value}"),
            ("integer", Some(Value::Number(value))) => format!("Integer {value}"),
            ("integer", Some(Value::Text(value))) => format!("Integer {value}"),
            ("pointer", Some(Value::Number(position))) => format!("Pointer {position}"),
            ("interop", Some(Value::Text(name))) if name == "Object" => "Interop".into(),
            ("string", Some(Value::Text(text))) => format!("ByteString {}", hex::encode(text)),
            ("bytestring", value) => format!("ByteString {}", bytes_of(value)),
            ("buffer", value) => format!("Buffer {}", bytes_of(value)),
            ("array", Some(Value::Items(items))) => format!("Array [{}]", show_all(items)),
            ("struct", Some(Value::Items(items))) => format!("Struct [{}]", show_all(items)),
            ("map", Some(Value::Entries(Entries(entries)))) => {
                let entry = |(key, value): &(String, Item)| format!("{}: {}", bytes_of_text(key), value.show());
                format!("Map [{}]", entries.iter().map(entry).collect::<Vec<_>>().join(", "))
            }
            _ => panic!("an item that the suite does not have: {}", self.kind),
        }
    }
}

/// Items as one line of text.
pub(crate) fn show_all(items: &[Item]) -> String {
    items.iter().map(Item::show).collect::<Vec<_>>().join(", ")
}

fn bytes_of(value: &Option<Value>) -> String {
    match value {
        None => String::new(),
        Some(Value::Text(text)) => bytes_of_text(text),
        Some(_) => panic!("bytes that are no text"),
    }
}

fn bytes_of_text(text: &str) -> String {
    if text.is_empty() { String::new() } else { hex::encode(bytes(text)) }
}
