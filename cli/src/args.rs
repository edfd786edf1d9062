//! Arguments of methods, read by the types of their parameters.

mod typed;

use anyhow::{Context, Result, anyhow, bail, ensure};
use neovm::{
    Hash160, Integer, StackItem,
    crypto::script_hash_from_address,
    types::manifest::{Parameter, ParameterType, PublicKey},
};

use crate::ordered::Json;

/// The version byte of the addresses of Neo N3, which makes them start with N.
pub(crate) const ADDRESS_VERSION: u8 = 0x35;

/// Reads the arguments of a method.
pub(crate) fn of_method(texts: &[String], parameters: &[Parameter]) -> Result<Vec<StackItem>> {
    let item = |(i, (text, parameter)): (usize, (&String, &Parameter))| {
        let Parameter { name, parameter_type } = parameter;
        parse(text, *parameter_type).with_context(|| format!("argument {}, {name}: {parameter_type}", i + 1))
    };
    texts.iter().zip(parameters).enumerate().map(item).collect()
}

/// Reads arguments whose types are unknown.
pub(crate) fn untyped(texts: &[String]) -> Result<Vec<StackItem>> {
    let item = |(i, text): (usize, &String)| any(text).with_context(|| format!("argument {}", i + 1));
    texts.iter().enumerate().map(item).collect()
}

fn parse(text: &str, wanted: ParameterType) -> Result<StackItem> {
    let is_text = matches!(wanted, ParameterType::String | ParameterType::ByteArray);
    match typed::parse(text) {
        Some(Ok(given)) => return given.of_type(wanted),
        // What is no argument of the RPC is still a text.
        Some(Err(error)) if !is_text => return Err(error),
        _ => {}
    }
    if text == "null" && !is_text {
        return Ok(StackItem::Null);
    }
    match wanted {
        ParameterType::Integer => Ok(text.parse::<Integer>()?.into()),
        ParameterType::Boolean => match text {
            "true" => Ok(true.into()),
            "false" => Ok(false.into()),
            _ => bail!("{} is neither true nor false", quoted(text)),
        },
        ParameterType::String => Ok(text.into()),
        // Unless marked as hexadecimal, it is the bytes of a text.
        ParameterType::ByteArray if !text.starts_with("0x") => Ok(text.into()),
        ParameterType::ByteArray => Ok(hex_digits(text)?.as_slice().into()),
        ParameterType::Signature => Ok(sized(text, 64)?.as_slice().into()),
        ParameterType::PublicKey => Ok(public_key(text)?.as_slice().into()),
        ParameterType::Hash160 => Ok(script_hash(text)?.as_slice().into()),
        ParameterType::Hash256 => Ok(hash256(text)?.as_slice().into()),
        ParameterType::Any => any(text),
        ParameterType::Array => match any(text)? {
            item @ (StackItem::Array(_) | StackItem::Struct(_)) => Ok(item),
            item => bail!("{} is {}, not an Array", quoted(text), item.item_type()),
        },
        ParameterType::Map => match any(text)? {
            item @ StackItem::Map(_) => Ok(item),
            item => bail!("{} is {}, not a Map", quoted(text), item.item_type()),
        },
        ParameterType::InteropInterface | ParameterType::Void => bail!("no value of this type can be given"),
    }
}

/// A text as messages show it, cut off if it is long.
fn quoted(text: &str) -> String {
    let shown: String = text.chars().take(60).collect();
    format!("{shown:?}{}", if shown.len() < text.len() { "..." } else { "" })
}

fn hex_digits(text: &str) -> Result<Vec<u8>> {
    hex::decode(text.strip_prefix("0x").unwrap_or(text)).with_context(|| format!("{} is not hexadecimal", quoted(text)))
}

fn sized(text: &str, size: usize) -> Result<Vec<u8>> {
    let bytes = hex_digits(text)?;
    ensure!(bytes.len() == size, "{} has {} bytes, {size} are needed", quoted(text), bytes.len());
    Ok(bytes)
}

fn public_key(text: &str) -> Result<[u8; 33]> {
    let bytes = sized(text, 33)?;
    let key: PublicKey =
        hex::encode(bytes).parse().map_err(|_| anyhow!("{} does not start with 02 or 03", quoted(text)))?;
    Ok(key.0)
}

/// A script hash in the order of its bytes in scripts, from the reversed digits
/// that people write, or from an address.
fn script_hash(text: &str) -> Result<[u8; 20]> {
    // Decoding an address takes time with the square of its length.
    if text.starts_with('N') && text.len() <= 40 {
        return script_hash_from_address(text, ADDRESS_VERSION).with_context(|| format!("address {}", quoted(text)));
    }
    let hash =
        text.parse::<Hash160>().map_err(|_| anyhow!("{} is neither 0x and 40 digits nor an address", quoted(text)));
    Ok(hash?.0)
}

/// An account, as a signer is given.
pub(crate) fn account(text: &str) -> Result<Hash160> {
    script_hash(text).map(Hash160)
}

/// The hash of a block or transaction, from the reversed digits that people write.
fn hash256(text: &str) -> Result<Vec<u8>> {
    let mut bytes = sized(text, 32)?;
    bytes.reverse();
    Ok(bytes)
}

fn any(text: &str) -> Result<StackItem> {
    match serde_json::from_str::<Json>(text) {
        Ok(json) => from_json(&json),
        Err(error) if text.starts_with(['{', '[', '"']) => {
            Err(error).with_context(|| format!("{} cannot be read as JSON", quoted(text)))
        }
        Err(_) => bail!("{} is not JSON (a text is written in quotes: '\"text\"')", quoted(text)),
    }
}

/// The item of a JSON value: in the form of the RPC if it is an object that
/// names its type, otherwise the text, number, list or map that it is.
fn from_json(json: &Json) -> Result<StackItem> {
    match json {
        Json::Null => Ok(StackItem::Null),
        Json::Boolean(value) => Ok((*value).into()),
        Json::Text(text) => Ok(text.as_str().into()),
        Json::Integer(value) => Ok((*value).into()),
        Json::Float(number) => {
            bail!(
                "{number} is not an integer of 64 bits; for larger ones write {{\"type\":\"Integer\",\"value\":\"123\"}}"
            )
        }
        Json::List(values) => Ok(StackItem::array(values.iter().map(from_json).collect::<Result<Vec<_>>>()?)),
        Json::Object(fields) if fields.iter().any(|(key, _)| key == "type") => Ok(typed::from_fields(fields)?.item),
        Json::Object(fields) => map(fields.iter().map(|(key, value)| Ok((key.as_str().into(), from_json(value)?)))),
    }
}

/// A map of entries, in their order.
fn map(entries: impl Iterator<Item = Result<(StackItem, StackItem)>>) -> Result<StackItem> {
    let item = StackItem::map();
    let StackItem::Map(map) = &item else { unreachable!("a map was made") };
    for entry in entries {
        let (key, value) = entry?;
        map.insert(key, value)?;
    }
    Ok(item)
}
