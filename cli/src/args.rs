//! Arguments of methods, read by the types of their parameters.

use anyhow::{Context, Result, anyhow, bail, ensure};
use neovm::{
    Hash160, Integer, StackItem,
    crypto::script_hash_from_address,
    types::manifest::{Parameter, ParameterType},
};
use serde_json::Value;

/// The version byte of the addresses of Neo N3, which makes them start with N.
const ADDRESS_VERSION: u8 = 0x35;

/// The items of a method's arguments.
pub(crate) fn typed(texts: &[String], parameters: &[Parameter]) -> Result<Vec<StackItem>> {
    let item = |(i, (text, parameter)): (usize, (&String, &Parameter))| {
        let Parameter { name, parameter_type } = parameter;
        parse(text, *parameter_type).with_context(|| format!("argument {}, {name}: {parameter_type}", i + 1))
    };
    texts.iter().zip(parameters).enumerate().map(item).collect()
}

/// The items of arguments whose types nobody told.
pub(crate) fn untyped(texts: &[String]) -> Result<Vec<StackItem>> {
    let item = |(i, text): (usize, &String)| any(text).with_context(|| format!("argument {}", i + 1));
    texts.iter().enumerate().map(item).collect()
}

fn parse(text: &str, wanted: ParameterType) -> Result<StackItem> {
    match wanted {
        ParameterType::Integer => Ok(text.parse::<Integer>()?.into()),
        ParameterType::Boolean => match text {
            "true" => Ok(true.into()),
            "false" => Ok(false.into()),
            _ => bail!("{} is neither true nor false", quoted(text)),
        },
        ParameterType::String => Ok(text.into()),
        // What is not marked as hexadecimal is the bytes of a text.
        ParameterType::ByteArray if !text.starts_with("0x") => Ok(text.into()),
        ParameterType::ByteArray => Ok(hex_digits(text)?.as_slice().into()),
        ParameterType::Signature => Ok(sized(text, 64)?.as_slice().into()),
        ParameterType::PublicKey => Ok(sized(text, 33)?.as_slice().into()),
        ParameterType::Hash160 => Ok(script_hash(text)?.as_slice().into()),
        ParameterType::Hash256 => {
            // Shown in reverse, as block and transaction hashes are.
            let mut bytes = sized(text, 32)?;
            bytes.reverse();
            Ok(bytes.as_slice().into())
        }
        ParameterType::Any => any(text),
        ParameterType::Array => match any(text)? {
            item @ (StackItem::Array(_) | StackItem::Struct(_)) => Ok(item),
            item => bail!("{} is no Array but {}", quoted(text), item.item_type()),
        },
        ParameterType::Map => match any(text)? {
            item @ StackItem::Map(_) => Ok(item),
            item => bail!("{} is no Map but {}", quoted(text), item.item_type()),
        },
        ParameterType::InteropInterface | ParameterType::Void => bail!("no value of this type can be given"),
    }
}

/// A text as messages show it: not at any length.
fn quoted(text: &str) -> String {
    let shown: String = text.chars().take(60).collect();
    format!("{shown:?}{}", if shown.len() < text.len() { "..." } else { "" })
}

fn hex_digits(text: &str) -> Result<Vec<u8>> {
    hex::decode(text.strip_prefix("0x").unwrap_or(text)).with_context(|| format!("{} is no hexadecimal", quoted(text)))
}

fn sized(text: &str, size: usize) -> Result<Vec<u8>> {
    let bytes = hex_digits(text)?;
    ensure!(bytes.len() == size, "{} has {} bytes, {size} are needed", quoted(text), bytes.len());
    Ok(bytes)
}

/// A script hash as scripts hold it, from its usual form or an address.
fn script_hash(text: &str) -> Result<[u8; 20]> {
    // Reading an address takes time with the square of its length.
    if text.starts_with('N') && text.len() <= 40 {
        return script_hash_from_address(text, ADDRESS_VERSION).with_context(|| format!("address {}", quoted(text)));
    }
    let hash =
        text.parse::<Hash160>().map_err(|_| anyhow!("{} is neither 0x and 40 digits nor an address", quoted(text)));
    Ok(hash?.0)
}

fn any(text: &str) -> Result<StackItem> {
    let value = serde_json::from_str(text).with_context(|| format!("{} is no JSON", quoted(text)))?;
    from_json(&value)
}

/// The item of a JSON value: of the Neo RPC form where an object says its
/// type, else a text, number, list or object as it is.
fn from_json(value: &Value) -> Result<StackItem> {
    match value {
        Value::Null => Ok(StackItem::Null),
        Value::Bool(value) => Ok((*value).into()),
        Value::String(text) => Ok(text.as_str().into()),
        Value::Number(number) => {
            let hint = r#"an Integer of any size is {"type":"Integer","value":"123"}"#;
            let value = number.to_string().parse::<Integer>();
            Ok(value.map_err(|_| anyhow!("{number} is no integer of 64 bits; {hint}"))?.into())
        }
        Value::Array(values) => Ok(StackItem::array(values.iter().map(from_json).collect::<Result<Vec<_>>>()?)),
        Value::Object(fields) if fields.contains_key("type") => Ok(StackItem::from_json(value)?),
        Value::Object(fields) => {
            let item = StackItem::map();
            if let StackItem::Map(map) = &item {
                for (key, value) in fields {
                    map.insert(key.as_str().into(), from_json(value)?)?;
                }
            }
            Ok(item)
        }
    }
}
