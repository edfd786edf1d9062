//! Arguments of methods, read by the types of their parameters.

use anyhow::{Context, Result, bail, ensure};
use neovm::{
    Hash160, StackItem,
    host::argument::{self, Argument},
    types::{
        hexadecimal,
        manifest::{Parameter, ParameterType},
        text::{count, quoted},
    },
};
use serde::de::IgnoredAny;

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
    if text.trim_start().starts_with('{') {
        match Argument::parse(text) {
            Ok(argument) if argument.is_typed() => return Ok(argument.of_type(wanted)?),
            // What is no argument of the RPC is still a text.
            Err(error) if !is_text => return Err(error.into()),
            _ => {}
        }
    }
    if text == "null" && !is_text {
        return Ok(StackItem::Null);
    }
    match wanted {
        ParameterType::Boolean => match text {
            "true" => Ok(true.into()),
            "false" => Ok(false.into()),
            _ => bail!("{} is neither true nor false", quoted(text)),
        },
        ParameterType::String => Ok(text.into()),
        // Unless marked as hexadecimal, it is the bytes of a text.
        ParameterType::ByteArray if !text.starts_with("0x") => Ok(text.into()),
        ParameterType::ByteArray => Ok(hex_digits(text)?.as_slice().into()),
        ParameterType::Signature => {
            let bytes = hex_digits(text)?;
            let size = count(bytes.len() as u64, "byte");
            ensure!(bytes.len() == 64, "{} has {size}, 64 are needed", quoted(text));
            Ok(bytes.as_slice().into())
        }
        ParameterType::Any => any(text),
        ParameterType::Array => match any(text)? {
            item @ (StackItem::Array(_) | StackItem::Struct(_)) => Ok(item),
            item => bail!("{} is {}, not an Array", quoted(text), item.item_type()),
        },
        ParameterType::Map => match any(text)? {
            item @ StackItem::Map(_) => Ok(item),
            item => bail!("{} is {}, not a Map", quoted(text), item.item_type()),
        },
        ParameterType::Integer
        | ParameterType::PublicKey
        | ParameterType::Hash160
        | ParameterType::Hash256
        | ParameterType::InteropInterface
        | ParameterType::Void => Ok(Argument::from_text(wanted, text)?),
    }
}

fn hex_digits(text: &str) -> Result<Vec<u8>> {
    hexadecimal::decode_prefixed(text).with_context(|| format!("{} is not hexadecimal", quoted(text)))
}

/// An account, as a signer is given.
pub(crate) fn account(text: &str) -> Result<Hash160> {
    Ok(argument::script_hash(text)?)
}

fn any(text: &str) -> Result<StackItem> {
    let is_json = text.starts_with(['{', '[', '"']) || serde_json::from_str::<IgnoredAny>(text).is_ok();
    ensure!(is_json, "{} is not JSON (a text is written in quotes: '\"text\"')", quoted(text));
    Ok(Argument::parse(text)?.into_item())
}
