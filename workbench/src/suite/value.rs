//! Values in test files: as items, and compared with what a contract returned.

use std::collections::HashMap;

use neovm::{
    Hash160, StackItem,
    host::argument::{Argument, ArgumentError},
    types::{hash::hash160, hexadecimal, item::Map, manifest::ParameterType},
};
use serde_json::json;

use super::node::{Node, Problem, Result, Value, did_you_mean};

/// The accounts and contracts that a test file names.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names(HashMap<String, Hash160>);

/// The account of a name: nobody has the key of it, but in tests everybody signs.
pub(crate) fn account(name: &str) -> Hash160 {
    hash160(name.as_bytes())
}

/// The first account that is there a second time.
pub(crate) fn repeated(accounts: &[Hash160]) -> Option<Hash160> {
    accounts.iter().enumerate().find(|(i, account)| accounts[..*i].contains(account)).map(|(_, account)| *account)
}

impl Names {
    pub(crate) fn insert(&mut self, name: &str, hash: Hash160) -> Option<Hash160> {
        self.0.insert(name.into(), hash)
    }

    /// The name of an account or a contract, if it has one.
    pub(crate) fn name(&self, hash: Hash160) -> Option<&str> {
        self.0.iter().find(|(_, named)| **named == hash).map(|(name, _)| name.as_str())
    }

    /// What stands behind an @.
    fn named(&self, node: &Node, name: &str) -> Result<Hash160> {
        self.0.get(name).copied().ok_or_else(|| {
            Problem::new(&node.span, format!("nobody is called `{name}`"))
                .help(did_you_mean(name, self.0.keys().map(String::as_str)))
        })
    }

    /// An account: `@name`, an address or 0x and 40 digits.
    pub(crate) fn account(&self, node: &Node) -> Result<Hash160> {
        let item = self.item(node, ParameterType::Hash160)?;
        let hash = item.with_bytes(|bytes| bytes.try_into().ok()).ok().flatten();
        hash.map(Hash160).ok_or_else(|| Problem::new(&node.span, "an account is expected"))
    }

    /// The item of a value for a parameter of a type.
    pub(crate) fn item(&self, node: &Node, wanted: ParameterType) -> Result<StackItem> {
        use ParameterType::{Any, Array, Boolean, ByteArray, Integer, Map as MapType, Signature, String as Text};
        let wrong = || {
            Problem::new(&node.span, format!("{} is expected, not {}", article(wanted), node.kind()))
                .label(hint(wanted))
        };
        let is_text = matches!(wanted, Text | ByteArray);
        match (&node.value, wanted) {
            (Value::Table(entries), _) if entries.iter().any(|(key, _)| key.name == "type") => typed(node, wanted),
            (Value::Text(text), _) if text == "null" && !is_text => Ok(StackItem::Null),
            (Value::Text(text), _) if text.starts_with("@@") => Ok(text[1..].into()),
            (Value::Text(text), _) if text.starts_with('@') => Ok(self.named(node, &text[1..])?.into()),
            (Value::Boolean(value), Boolean | Any) => Ok((*value).into()),
            (Value::Integer(number), Integer | Any) => Ok((*number).into()),
            (Value::Text(text), Text | Any) => Ok(text.as_str().into()),
            (Value::Text(text), ByteArray) => Ok(bytes(node, text)?.into()),
            (Value::Text(text), Signature) => match hex::decode(text.strip_prefix("0x").unwrap_or(text)) {
                Ok(bytes) if bytes.len() == 64 => Ok(bytes.into()),
                _ => Err(Problem::new(&node.span, "a signature has 128 hexadecimal digits")),
            },
            (Value::List(nodes), Array | Any) => {
                let items = nodes.iter().map(|node| self.item(node, Any)).collect::<Result<Vec<_>>>()?;
                Ok(StackItem::array(items))
            }
            (Value::Table(entries), MapType | Any) => {
                let map = Map::new();
                for (key, value) in entries {
                    let inserted = map.insert(key.name.as_str().into(), self.item(value, Any)?);
                    inserted.map_err(|error| Problem::new(&key.span, error.to_string()))?;
                }
                Ok(StackItem::Map(map))
            }
            (
                Value::Text(text),
                Integer | ParameterType::Hash160 | ParameterType::Hash256 | ParameterType::PublicKey,
            ) => Argument::from_text(wanted, text).map_err(|error| problem(node, &error)),
            _ => Err(wrong()),
        }
    }
}

fn article(wanted: ParameterType) -> String {
    let name = wanted.name();
    format!("{} {name}", if name.starts_with(['A', 'I']) { "an" } else { "a" })
}

fn hint(wanted: ParameterType) -> &'static str {
    match wanted {
        ParameterType::Hash160 => "@name, an address or 0x and 40 digits",
        ParameterType::ByteArray => "\"0x\" and digits, or a text",
        ParameterType::Boolean => "true or false",
        _ => "",
    }
}

/// The bytes of a text: hexadecimal digits behind 0x, otherwise its own.
pub(crate) fn bytes(node: &Node, text: &str) -> Result<Vec<u8>> {
    if !text.starts_with("0x") {
        return Ok(text.as_bytes().into());
    }
    let bytes = hexadecimal::decode_prefixed(text);
    bytes.map_err(|error| Problem::new(&node.span, format!("{text:?} is not hexadecimal: {error}")))
}

fn problem(node: &Node, error: &ArgumentError) -> Box<Problem> {
    Problem::new(&node.span, error.to_string())
}

/// A value that names its type, as the RPC has it; bytes are in base64, or in hexadecimal behind 0x.
fn typed(node: &Node, wanted: ParameterType) -> Result<StackItem> {
    let mut fields = node.fields()?;
    let name = fields.require("type")?.text()?;
    if let ("ByteArray" | "ByteString", Some(value)) = (name, fields.take("value"))
        && let Value::Text(text) = &value.value
        && text.starts_with("0x")
    {
        fields.end()?;
        return Ok(bytes(value, text)?.into());
    }
    let argument = Argument::parse(&json(node).to_string()).map_err(|error| problem(node, &error))?;
    argument.of_type(wanted).map_err(|error| problem(node, &error))
}

fn json(node: &Node) -> serde_json::Value {
    match &node.value {
        Value::Text(text) => json!(text),
        Value::Boolean(value) => json!(value),
        Value::Integer(number) => match number.to_string().parse::<i64>() {
            Ok(number) => json!(number),
            Err(_) => json!({"type": "Integer", "value": number.to_string()}),
        },
        Value::List(nodes) => nodes.iter().map(json).collect(),
        Value::Table(entries) => entries.iter().map(|(key, value)| (key.name.clone(), json(value))).collect(),
    }
}

/// Whether an item is what a test expects. Contracts return integers as bytes and the other way round; the expected
/// item says how it is to be read.
pub(crate) fn agrees(actual: &StackItem, expected: &StackItem) -> bool {
    let is_primitive = actual.primitive_size().is_some() || matches!(actual, StackItem::Buffer(_));
    match expected {
        StackItem::Null => actual.is_null(),
        StackItem::Boolean(_) => is_primitive && actual.to_boolean().ok() == expected.to_boolean().ok(),
        StackItem::Integer(_) | StackItem::BigInteger(_) => {
            is_primitive && actual.to_integer().ok() == expected.to_integer().ok()
        }
        StackItem::Array(list) | StackItem::Struct(list) => match actual {
            StackItem::Array(own) | StackItem::Struct(own) => {
                let (own, list) = (own.to_vec(), list.to_vec());
                own.len() == list.len() && own.iter().zip(&list).all(|(actual, expected)| agrees(actual, expected))
            }
            _ => false,
        },
        StackItem::Map(map) => match actual {
            StackItem::Map(own) if own.len() == map.len() => map
                .to_vec()
                .iter()
                .all(|(key, expected)| own.get(key).ok().flatten().is_some_and(|actual| agrees(&actual, expected))),
            _ => false,
        },
        _ => {
            let bytes = expected.with_bytes(<[u8]>::to_vec).ok();
            is_primitive && bytes.is_some() && actual.with_bytes(<[u8]>::to_vec).ok() == bytes
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(text: &str) -> Node {
        let root = Node::parse(&format!("v = {text}")).unwrap();
        let Value::Table(mut entries) = root.value else { panic!("a table") };
        entries.remove(0).1
    }

    #[test]
    fn values_by_type() {
        use ParameterType as T;
        let mut names = Names::default();
        names.insert("bob", Hash160([7; 20]));
        let item = |text: &str, wanted| names.item(&node(text), wanted).map_err(|problem| problem.message);
        assert_eq!(item("5", T::Integer).unwrap(), 5);
        assert_eq!(
            item("\"170141183460469231731687303715884105728\"", T::Integer).unwrap().to_integer().unwrap(),
            "170141183460469231731687303715884105728".parse().unwrap()
        );
        assert_eq!(item("\"@bob\"", T::Hash160).unwrap(), [7_u8; 20].as_slice());
        assert_eq!(item("\"@@bob\"", T::String).unwrap(), "@bob");
        assert_eq!(item("\"0x0aff\"", T::ByteArray).unwrap(), [0x0a_u8, 0xff].as_slice());
        assert!(item("\"null\"", T::Any).unwrap().is_null());
        assert_eq!(item("\"null\"", T::String).unwrap(), "null");
        assert_eq!(item("{type = \"ByteArray\", value = \"0x01\"}", T::Any).unwrap(), [1_u8].as_slice());
        assert_eq!(item("\"text\"", T::Integer).unwrap_err(), "\"text\" is not a decimal integer of at most 32 bytes");
        assert_eq!(item("5", T::String).unwrap_err(), "a String is expected, not a number");
        assert_eq!(item("\"@bib\"", T::Any).unwrap_err(), "nobody is called `bib`");
    }

    #[test]
    fn items_that_agree() {
        assert!(agrees(&[5_u8].as_slice().into(), &5.into()));
        assert!(agrees(&StackItem::structure([1.into()]), &StackItem::array([true.into()])));
        assert!(!agrees(&StackItem::array([]), &true.into()));
        assert!(!agrees(&StackItem::Null, &0.into()));
        assert!(!agrees(&0.into(), &StackItem::Null));
        assert!(!agrees(&6.into(), &5.into()));
    }
}
