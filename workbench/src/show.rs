//! Values as people read them, cut off where they are long.

use std::fmt::{Display, Write};

use neovm::{
    Hash160, StackItem,
    crypto::{ADDRESS_VERSION, address_from_script_hash},
    types::{manifest::ParameterType, text::beginning},
};

pub use neovm::types::text::count;

/// The approximate length of an item as text.
const MAX_LETTERS: usize = 300;

/// How many bytes of a byte string are shown at most.
const MAX_BYTES: usize = 64;

/// How deep nested compounds are shown.
const MAX_DEPTH: usize = 5;

/// Appends formatted text, which cannot fail for a [`String`].
pub(crate) fn push(out: &mut String, text: impl Display) {
    let _ = write!(out, "{text}");
}

/// A result: the name of its type, and its value. If the manifest names a type
/// that the item has, it is shown in the notation that arguments of that type
/// have; otherwise as [`item`] shows it.
pub fn result(value: &StackItem, wanted: Option<ParameterType>) -> (&'static str, String) {
    if let Some(wanted) = wanted
        && let Some(text) = of_type(value, wanted)
    {
        return (wanted.name(), text);
    }
    let (name, text) = (value.item_type().name(), item(value));
    let mut text = text.strip_prefix(name).unwrap_or(&text).trim_start().to_owned();
    if let Some(wanted) = wanted.filter(|wanted| !agrees(value, *wanted)) {
        push(&mut text, format_args!(" (not {wanted}, as the manifest says)"));
    }
    (name, text)
}

/// A value as [`result`] shows it, without the name of the type and the address of
/// an account.
pub fn brief(value: &StackItem, wanted: ParameterType) -> String {
    match wanted {
        ParameterType::Hash160 => hash160(value).map_or_else(|| item(value), |hash| hash.to_string()),
        _ => of_type(value, wanted).unwrap_or_else(|| item(value)),
    }
}

fn hash160(value: &StackItem) -> Option<Hash160> {
    value.with_bytes(|bytes| bytes.try_into().ok().map(Hash160)).ok().flatten()
}

/// Whether an item that [`of_type`] does not show is of a type nevertheless.
/// Null is of all types.
fn agrees(value: &StackItem, wanted: ParameterType) -> bool {
    match value {
        StackItem::Null => true,
        StackItem::Array(_) | StackItem::Struct(_) => matches!(wanted, ParameterType::Array | ParameterType::Any),
        StackItem::Map(_) => matches!(wanted, ParameterType::Map | ParameterType::Any),
        StackItem::Interop(_) => matches!(wanted, ParameterType::InteropInterface | ParameterType::Any),
        _ => wanted == ParameterType::Any,
    }
}

/// A value in the notation of arguments of a type; none if it is not of the type.
fn of_type(value: &StackItem, wanted: ParameterType) -> Option<String> {
    if matches!(value, StackItem::Pointer(_)) {
        return None;
    }
    match wanted {
        ParameterType::Integer => value.to_integer().ok().map(|value| value.to_string()),
        ParameterType::Boolean if value.primitive_size().is_some() => value.to_boolean().ok().map(|it| it.to_string()),
        _ => value.with_bytes(|bytes| of_bytes(bytes, wanted)).ok()?,
    }
}

fn of_bytes(bytes: &[u8], wanted: ParameterType) -> Option<String> {
    let hex = |bytes: &[u8]| format!("0x{}", hex::encode(bytes));
    match wanted {
        ParameterType::String => str::from_utf8(bytes).ok().map(quoted),
        ParameterType::ByteArray => Some(match printable(bytes) {
            Some(text) if bytes.len() <= MAX_BYTES => format!("{} ({text:?})", hex(bytes)),
            _ => cut_hex(bytes),
        }),
        ParameterType::Hash160 => {
            let hash: [u8; 20] = bytes.try_into().ok()?;
            Some(format!("{}, address {}", Hash160(hash), address_from_script_hash(hash, ADDRESS_VERSION)))
        }
        ParameterType::Hash256 => {
            let reversed: Vec<u8> = bytes.iter().rev().copied().collect();
            (bytes.len() == 32).then(|| hex(&reversed))
        }
        ParameterType::PublicKey => (bytes.len() == 33).then(|| hex::encode(bytes)),
        ParameterType::Signature => (bytes.len() == 64).then(|| hex::encode(bytes)),
        _ => None,
    }
}

/// A text in quotes, cut off if it is long, with its length then.
fn quoted(text: &str) -> String {
    match beginning(text, MAX_LETTERS) {
        shown if shown.len() < text.len() => format!("{shown:?}... ({} bytes)", text.len()),
        shown => format!("{shown:?}"),
    }
}

/// A text that a contract wrote, on one line: control characters are escaped.
///
/// ```
/// assert_eq!(neovm_workbench::show::one_line("it's\n\u{1b}[31mred"), "it's\\n\\u{1b}[31mred");
/// ```
pub fn one_line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_control() {
            out.extend(letter.escape_debug());
        } else {
            out.push(letter);
        }
    }
    out
}

/// An item on one line: `5`, `"text"`, `0x00ff`, `[1, 2]`, `{"a": 1}`, with a
/// word in front of whatever would look like another type.
pub fn item(item: &StackItem) -> String {
    let mut text = String::new();
    push_item(&mut text, item, 0);
    text
}

fn push_item(out: &mut String, item: &StackItem, depth: usize) {
    match item {
        StackItem::Null => out.push_str("null"),
        StackItem::Boolean(value) => push(out, value),
        StackItem::Pointer(pointer) => push(out, format_args!("Pointer {}", pointer.position())),
        StackItem::Interop(_) => out.push_str("InteropInterface"),
        StackItem::Integer(value) => push(out, value),
        StackItem::BigInteger(_) => item.to_integer().iter().for_each(|value| push(out, value)),
        StackItem::ByteString(bytes) => push_bytes(out, bytes),
        StackItem::Buffer(buffer) => {
            out.push_str("Buffer ");
            buffer.with(|bytes| push_bytes(out, bytes));
        }
        StackItem::Struct(array) => {
            out.push_str("Struct ");
            push_list(out, ["[", "]"], array.len(), depth, |out, i| push_child(out, array.get(i), depth));
        }
        StackItem::Array(array) => {
            push_list(out, ["[", "]"], array.len(), depth, |out, i| push_child(out, array.get(i), depth));
        }
        StackItem::Map(map) => {
            let entries = map.to_vec();
            push_list(out, ["{", "}"], entries.len(), depth, |out, i| {
                push_item(out, &entries[i].0, depth + 1);
                out.push_str(": ");
                push_item(out, &entries[i].1, depth + 1);
            });
        }
    }
}

fn push_child(out: &mut String, item: Option<StackItem>, depth: usize) {
    item.iter().for_each(|item| push_item(out, item, depth + 1));
}

/// Writes parts between brackets until there is no more room.
fn push_list(
    out: &mut String,
    [open, close]: [&str; 2],
    count: usize,
    depth: usize,
    mut part: impl FnMut(&mut String, usize),
) {
    out.push_str(open);
    for i in 0..count {
        out.push_str(if i > 0 { ", " } else { "" });
        if depth == MAX_DEPTH || out.len() > MAX_LETTERS {
            push(out, format_args!("... {} more", count - i));
            break;
        }
        part(out, i);
    }
    out.push_str(close);
}

/// Bytes in quotes if they are a text that can be shown, otherwise in hexadecimal.
fn push_bytes(out: &mut String, bytes: &[u8]) {
    match printable(bytes) {
        Some(text) if text.len() <= MAX_BYTES => push(out, format_args!("{text:?}")),
        _ => out.push_str(&cut_hex(bytes)),
    }
}

/// The text that bytes are, if it can be shown.
pub(crate) fn printable(bytes: &[u8]) -> Option<&str> {
    str::from_utf8(bytes).ok().filter(|text| !text.is_empty() && !text.contains(char::is_control))
}

/// Bytes in hexadecimal, cut off if they are many.
fn cut_hex(bytes: &[u8]) -> String {
    if bytes.len() <= MAX_BYTES {
        return format!("0x{}", hex::encode(bytes));
    }
    format!("0x{}... ({} bytes)", hex::encode(&bytes[..MAX_BYTES]), bytes.len())
}

/// An amount of datoshi in GAS.
pub fn gas(datoshi: u128) -> String {
    const GAS: u128 = 1_0000_0000;
    let text = format!("{}.{:08}", datoshi / GAS, datoshi % GAS);
    text.trim_end_matches('0').trim_end_matches('.').into()
}

/// A text as XML and HTML hold it.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            // XML has no way to write them.
            letter if letter.is_control() && letter != '\n' => out.push('\u{fffd}'),
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            letter => out.push(letter),
        }
    }
    out
}
