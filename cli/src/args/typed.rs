//! Arguments in the form of the RPC calls `invokefunction`,
//! `{"type":"Hash160","value":"0x.."}`, and of the stack items in their results.
//!
//! Source: `ContractParameter.cs` of the reference node (`FromJson`).

use anyhow::{Context, Result, anyhow, bail, ensure};
use base64::{Engine, prelude::BASE64_STANDARD};
use neovm::{Integer, StackItem, types::manifest::ParameterType};

use super::{from_json, hash256, map, public_key, quoted, script_hash};
use crate::ordered::Json;

/// A value that was given with its type.
pub(super) struct Given {
    /// The name of its type.
    name: String,
    pub(super) item: StackItem,
}

/// The value of an object `{"type":..,"value":..}`; none if the text is no such
/// object.
pub(super) fn parse(text: &str) -> Option<Result<Given>> {
    if !text.trim_start().starts_with('{') {
        return None;
    }
    match serde_json::from_str(text) {
        Ok(Json::Object(fields)) if fields.iter().any(|(key, _)| key == "type") => Some(from_fields(&fields)),
        Ok(_) => None,
        Err(error) => Some(Err(error).with_context(|| format!("{} cannot be read as JSON", quoted(text)))),
    }
}

/// The value of the fields of an object, `type` among them. Without `value`, or
/// with null there, it is Null whatever its type, as for nodes.
pub(super) fn from_fields(fields: &[(String, Json)]) -> Result<Given> {
    let field = |name: &str| fields.iter().find(|(key, _)| key == name).map(|(_, value)| value);
    if let Some((key, _)) = fields.iter().find(|(key, _)| key != "type" && key != "value") {
        bail!("a value with a \"type\" has a \"value\" and nothing else, but here is {key:?}");
    }
    let Some(Json::Text(name)) = field("type") else { bail!("the \"type\" of a value must be a text") };
    let item = match field("value") {
        None | Some(Json::Null) if is_known(name) => StackItem::Null,
        value => item(name, value.unwrap_or(&Json::Null)).with_context(|| format!("value of type {name}"))?,
    };
    Ok(Given { name: name.clone(), item })
}

/// Whether values of a type can be given.
fn is_known(name: &str) -> bool {
    const OTHER: [&str; 3] = ["ByteString", "Buffer", "Struct"];
    OTHER.contains(&name)
        || ParameterType::ALL.iter().any(|known| {
            known.name() == name && !matches!(known, ParameterType::InteropInterface | ParameterType::Void)
        })
}

fn item(name: &str, value: &Json) -> Result<StackItem> {
    match name {
        "Any" => bail!("it must be null"),
        "Boolean" => match value {
            Json::Boolean(value) => Ok((*value).into()),
            _ => bail!("it must be true or false, not {}", value.kind()),
        },
        "Integer" => match value {
            Json::Integer(value) => Ok((*value).into()),
            _ => Ok(text(value)?.parse::<Integer>()?.into()),
        },
        "ByteArray" | "ByteString" => Ok(base64(value)?.as_slice().into()),
        "Buffer" => Ok(StackItem::buffer(&base64(value)?)),
        "Signature" => {
            let bytes = base64(value)?;
            ensure!(bytes.len() == 64, "it has {} bytes, 64 are needed", bytes.len());
            Ok(bytes.as_slice().into())
        }
        "String" => Ok(text(value)?.into()),
        "Hash160" => Ok(script_hash(text(value)?)?.as_slice().into()),
        "Hash256" => Ok(hash256(text(value)?)?.as_slice().into()),
        "PublicKey" => Ok(public_key(text(value)?)?.as_slice().into()),
        "Array" => Ok(StackItem::array(items(value)?)),
        "Struct" => Ok(StackItem::structure(items(value)?)),
        "Map" => map(list(value)?.iter().map(entry)),
        "Pointer" | "InteropInterface" | "Void" => bail!("no value of this type can be given"),
        _ => bail!("there is no such type"),
    }
}

fn text(value: &Json) -> Result<&str> {
    if let Json::Text(text) = value { Ok(text) } else { Err(anyhow!("it must be a text, not {}", value.kind())) }
}

fn base64(value: &Json) -> Result<Vec<u8>> {
    let text = text(value)?;
    BASE64_STANDARD.decode(text).with_context(|| format!("{} is not base64", quoted(text)))
}

fn list(value: &Json) -> Result<&[Json]> {
    if let Json::List(values) = value { Ok(values) } else { Err(anyhow!("it must be a list, not {}", value.kind())) }
}

fn items(value: &Json) -> Result<Vec<StackItem>> {
    list(value)?.iter().map(from_json).collect()
}

/// An entry of a map, `{"key":..,"value":..}`.
fn entry(value: &Json) -> Result<(StackItem, StackItem)> {
    let Json::Object(fields) = value else { bail!("an entry must be an object, not {}", value.kind()) };
    let part = |name: &str| {
        let field = fields.iter().find(|(key, _)| key == name);
        field.map(|(_, value)| value).ok_or_else(|| anyhow!("an entry needs \"key\" and \"value\""))
    };
    Ok((from_json(part("key")?)?, from_json(part("value")?)?))
}

impl Given {
    /// The item, if a parameter of a type takes it: a value of the type itself;
    /// bytes of the right length where bytes are wanted; Null always.
    pub(super) fn of_type(self, wanted: ParameterType) -> Result<StackItem> {
        let Self { name, item } = self;
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
        ensure!(fits, "a value of type {name} is not accepted");
        Ok(item)
    }
}

fn has_length(item: &StackItem, wanted: usize) -> Result<bool> {
    let length = item.with_bytes(<[u8]>::len)?;
    ensure!(length == wanted, "the value has {length} bytes, {wanted} are needed");
    Ok(true)
}
