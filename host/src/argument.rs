//! Arguments of methods as JSON, in the form of the RPC call `invokefunction`,
//! `{"type":"Hash160","value":"0x.."}`, and of the stack items in its result.
//!
//! A value need not name its type: a text, an integer, true, false, null, a list and an
//! object stand for a String, an Integer, a Boolean, Null, an Array and a Map.
//!
//! Source: `ContractParameter.cs` of the reference node (`FromJson`).

use std::fmt::Display;

use neovm_crypto::{ADDRESS_VERSION, script_hash_from_address};
use neovm_types::{
    Hash160, Integer, Map, StackItem, hexadecimal,
    manifest::{ParameterType, PublicKey},
    text::{count, quoted},
};

use crate::json::{Json, Object};

/// A value that was given as JSON.
///
/// ```
/// use neovm_host::argument::Argument;
/// use neovm_types::manifest::ParameterType;
///
/// let argument = Argument::parse(r#"{"type":"Hash160","value":"0x0100000000000000000000000000000000000002"}"#)?;
/// let item = argument.of_type(ParameterType::Hash160)?;
/// assert_eq!(item.with_bytes(|bytes| (bytes[0], bytes[19])), Ok((2, 1)));
///
/// let wrong = Argument::parse(r#"[1, {"type":"Integer","value":"one"}]"#).unwrap_err();
/// assert_eq!(wrong.to_string(), "[1]: value of type Integer: \"one\" is not a decimal integer of at most 32 bytes");
/// # Ok::<_, neovm_host::argument::ArgumentError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Argument {
    /// The name of its type, given or not.
    type_name: String,
    is_typed: bool,
    item: StackItem,
}

/// Why JSON is no argument.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}{}{problem}", if path.is_empty() { "" } else { ": " })]
pub struct ArgumentError {
    /// The place of what is wrong within the value, `.value[2].key`; empty for all of it.
    pub path: String,
    /// What is wrong with it.
    pub problem: String,
}

type Result<T> = std::result::Result<T, ArgumentError>;

impl ArgumentError {
    fn new(problem: impl Display) -> Self {
        Self { path: String::new(), problem: problem.to_string() }
    }

    /// The error of a value that is a part of another one.
    fn within(mut self, part: impl Display) -> Self {
        self.path.insert_str(0, &part.to_string());
        self
    }
}

fn wrong<T>(problem: impl Display) -> Result<T> {
    Err(ArgumentError::new(problem))
}

impl Argument {
    /// Reads an argument.
    ///
    /// # Errors
    /// [`ArgumentError`], which says what is wrong and where.
    pub fn parse(json: &str) -> Result<Self> {
        let value = serde_json::from_str(json);
        let value =
            value.map_err(|error| ArgumentError::new(format!("{} cannot be read as JSON: {error}", quoted(json))))?;
        Self::of_json(&value)
    }

    /// Reads a list of arguments.
    ///
    /// # Errors
    /// As [`Argument::parse`].
    pub fn parse_list(json: &[u8]) -> Result<Vec<StackItem>> {
        let values: Vec<Json> = serde_json::from_slice(json).map_err(ArgumentError::new)?;
        list_of_json(&values)
    }

    /// Reads a value of a type that JSON has as a text: of an Integer, a String, a hash, a
    /// public key, and of bytes in base64.
    ///
    /// # Errors
    /// [`ArgumentError`] if the text is no such value.
    pub fn from_text(parameter_type: ParameterType, text: &str) -> Result<StackItem> {
        item_of_type(parameter_type.name(), &Json::Text(text.into()))
    }

    /// Whether the JSON names the type.
    pub fn is_typed(&self) -> bool {
        self.is_typed
    }

    /// Returns the item, of whatever type it is.
    pub fn into_item(self) -> StackItem {
        self.item
    }

    /// Returns the item, if a parameter of a type takes it: a value of the type itself;
    /// bytes of the right length where bytes are wanted; Null always.
    ///
    /// # Errors
    /// [`ArgumentError`] if not.
    pub fn of_type(self, wanted: ParameterType) -> Result<StackItem> {
        let Self { type_name: name, item, .. } = self;
        let is_bytes = matches!(name.as_str(), "ByteArray" | "ByteString" | "Buffer");
        let fits = match wanted {
            ParameterType::Any => true,
            _ if matches!(item, StackItem::Null) || name == wanted.name() => true,
            ParameterType::ByteArray => is_bytes || matches!(item, StackItem::ByteString(_)),
            ParameterType::String => is_bytes,
            ParameterType::Hash160 => is_bytes && has_length(&item, 20)?,
            ParameterType::Hash256 => is_bytes && has_length(&item, 32)?,
            ParameterType::PublicKey => is_bytes && has_length(&item, 33)?,
            ParameterType::Signature => is_bytes && has_length(&item, 64)?,
            ParameterType::Array => name == "Struct",
            _ => false,
        };
        if fits { Ok(item) } else { wrong(format_args!("a value of type {name} is not accepted")) }
    }

    /// Reads a value. The parser of JSON has limited how deep this calls itself.
    fn of_json(json: &Json) -> Result<Self> {
        let given = |type_name: &str, item| Ok(Self { type_name: type_name.into(), is_typed: false, item });
        match json {
            Json::Null => given("Any", StackItem::Null),
            Json::Boolean(value) => given("Boolean", (*value).into()),
            Json::Text(text) => given("String", text.as_str().into()),
            Json::Integer(value) => given("Integer", (*value).into()),
            Json::Float(number) => wrong(format_args!(
                "{number} is not an integer of 64 bits; for larger ones write {{\"type\":\"Integer\",\"value\":\"123\"}}"
            )),
            Json::List(values) => given("Array", StackItem::array(list_of_json(values)?)),
            Json::Object(object) if object.get("type").is_some() => Self::typed(object),
            Json::Object(object) => given(
                "Map",
                map(object.0.iter().map(|(key, value)| {
                    let item = item(value).map_err(|error| error.within(format_args!(".{key}")))?;
                    Ok((key.as_str().into(), item))
                }))?,
            ),
        }
    }

    /// Reads an object that has a type. Without `value`, or with null there, it is Null
    /// whatever its type, as for nodes.
    fn typed(object: &Object<Json>) -> Result<Self> {
        if let Some((key, _)) = object.0.iter().find(|(key, _)| key != "type" && key != "value") {
            return wrong(format_args!(
                "a value with a \"type\" has a \"value\" and nothing else, but here is {key:?}"
            ));
        }
        let name = match object.get("type") {
            Some(Json::Text(name)) => name,
            other => {
                let other = other.unwrap_or(&Json::Null);
                return wrong(format_args!("the \"type\" of a value must be a text, not {other}"));
            }
        };
        let item = match object.get("value") {
            None | Some(Json::Null) if can_be_given(name) => StackItem::Null,
            value => item_of_type(name, value.unwrap_or(&Json::Null)).map_err(|error| match error {
                // What is wrong deeper inside has said so.
                ArgumentError { path, problem } if path.is_empty() => {
                    ArgumentError::new(format_args!("value of type {name}: {problem}"))
                }
                deeper => deeper.within(".value"),
            })?,
        };
        Ok(Self { type_name: name.clone(), is_typed: true, item })
    }
}

/// Reads the items of a list.
pub(crate) fn list_of_json(values: &[Json]) -> Result<Vec<StackItem>> {
    let item = |(i, value): (usize, &Json)| item(value).map_err(|error| error.within(format_args!("[{i}]")));
    values.iter().enumerate().map(item).collect()
}

fn item(json: &Json) -> Result<StackItem> {
    Argument::of_json(json).map(Argument::into_item)
}

/// Whether values of a type can be given.
fn can_be_given(name: &str) -> bool {
    const OTHER: [&str; 3] = ["ByteString", "Buffer", "Struct"];
    OTHER.contains(&name)
        || ParameterType::ALL.iter().any(|known| {
            known.name() == name && !matches!(known, ParameterType::InteropInterface | ParameterType::Void)
        })
}

fn item_of_type(name: &str, value: &Json) -> Result<StackItem> {
    match name {
        "Any" => wrong(format_args!("it must be null, not {value}")),
        "Boolean" => match value {
            Json::Boolean(value) => Ok((*value).into()),
            _ => wrong(format_args!("it must be true or false, not {value}")),
        },
        "Integer" => match value {
            Json::Integer(value) => Ok((*value).into()),
            _ => text(value)?.parse::<Integer>().map(Into::into).map_err(ArgumentError::new),
        },
        "ByteArray" | "ByteString" => Ok(base64(value)?.as_slice().into()),
        "Buffer" => Ok(StackItem::buffer(&base64(value)?)),
        "Signature" => {
            let bytes = base64(value)?;
            if bytes.len() != 64 {
                return wrong(format_args!("it has {}, 64 are needed", count(bytes.len() as u64, "byte")));
            }
            Ok(bytes.as_slice().into())
        }
        "String" => Ok(text(value)?.into()),
        "Hash160" => Ok(script_hash(text(value)?)?.into()),
        "Hash256" => hash256(text(value)?),
        "PublicKey" => public_key(text(value)?),
        "Array" => Ok(StackItem::array(list_of_json(list(value)?)?)),
        "Struct" => Ok(StackItem::structure(list_of_json(list(value)?)?)),
        "Map" => map(list(value)?
            .iter()
            .enumerate()
            .map(|(i, value)| entry(value).map_err(|error| error.within(format_args!("[{i}]"))))),
        "Pointer" | "InteropInterface" | "Void" => wrong("no value of this type can be given"),
        _ => wrong("there is no such type"),
    }
}

fn text(value: &Json) -> Result<&str> {
    if let Json::Text(text) = value { Ok(text) } else { wrong(format_args!("it must be a text, not {value}")) }
}

fn list(value: &Json) -> Result<&[Json]> {
    if let Json::List(values) = value { Ok(values) } else { wrong(format_args!("it must be a list, not {value}")) }
}

fn base64(value: &Json) -> Result<Vec<u8>> {
    let text = text(value)?;
    let bytes = neovm_types::base64::decode(text);
    bytes.map_err(|error| ArgumentError::new(format_args!("{} is not base64: {error}", quoted(text))))
}

/// An entry of a map, `{"key":..,"value":..}`.
fn entry(value: &Json) -> Result<(StackItem, StackItem)> {
    let Json::Object(object) = value else {
        return wrong(format_args!("an entry must be an object, not {value}"));
    };
    let part = |name: &str| match object.get(name) {
        Some(value) => item(value).map_err(|error| error.within(format_args!(".{name}"))),
        None => wrong("an entry needs \"key\" and \"value\""),
    };
    Ok((part("key")?, part("value")?))
}

/// A map of entries, in their order.
fn map(entries: impl Iterator<Item = Result<(StackItem, StackItem)>>) -> Result<StackItem> {
    let map = Map::new();
    for entry in entries {
        let (key, value) = entry?;
        map.insert(key, value).map_err(ArgumentError::new)?;
    }
    Ok(StackItem::Map(map))
}

/// Reads a script hash from the reversed digits that people write, or from an address.
///
/// # Errors
/// [`ArgumentError`] if the text is neither.
pub fn script_hash(text: &str) -> Result<Hash160> {
    if text.starts_with('N') {
        let hash = script_hash_from_address(text, ADDRESS_VERSION).map(Hash160);
        return hash.map_err(|error| ArgumentError::new(format_args!("address {}: {error}", quoted(text))));
    }
    let hash = text.parse();
    hash.map_err(|_| ArgumentError::new(format_args!("{} is neither 0x and 40 digits nor an address", quoted(text))))
}

/// The hash of a block or transaction, from the reversed digits that people write.
fn hash256(text: &str) -> Result<StackItem> {
    let mut bytes = hex_digits(text)?;
    if bytes.len() != 32 {
        return wrong(format_args!("{} has {}, 32 are needed", quoted(text), count(bytes.len() as u64, "byte")));
    }
    bytes.reverse();
    Ok(bytes.as_slice().into())
}

fn public_key(text: &str) -> Result<StackItem> {
    let key = PublicKey::from_bytes(&hex_digits(text)?);
    let key = key.map_err(|why| ArgumentError::new(format_args!("{} is not a public key: {why}", quoted(text))))?;
    Ok((&key).into())
}

fn hex_digits(text: &str) -> Result<Vec<u8>> {
    let bytes = hexadecimal::decode_prefixed(text);
    bytes.map_err(|error| ArgumentError::new(format_args!("{} is not hexadecimal: {error}", quoted(text))))
}

fn has_length(item: &StackItem, wanted: usize) -> Result<bool> {
    let length = item.with_bytes(<[u8]>::len).map_err(ArgumentError::new)?;
    if length != wanted {
        return wrong(format_args!("the value has {}, {wanted} are needed", count(length as u64, "byte")));
    }
    Ok(true)
}
