//! Values as people read them, never at any length.

use neovm::StackItem;

use crate::json::push;

/// About how many letters an item gets.
const MAX_LETTERS: usize = 300;

/// Most bytes that are shown of a byte string.
const MAX_BYTES: usize = 64;

/// How many compounds in one another are opened.
const MAX_DEPTH: usize = 5;

/// An item on one line: `5`, `"text"`, `0x00ff`, `[1, 2]`, `{"a": 1}`, with a
/// word in front of what would look the same as another.
pub(crate) fn item(item: &StackItem) -> String {
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

/// Writes parts between brackets, as long as there is room.
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

/// Bytes in quotes if they are a text that can be shown, else in hexadecimal.
fn push_bytes(out: &mut String, bytes: &[u8]) {
    let text = str::from_utf8(bytes).ok().filter(|text| !text.is_empty() && !text.contains(char::is_control));
    match text {
        Some(text) if text.len() <= MAX_BYTES => push(out, format_args!("{text:?}")),
        _ if bytes.len() <= MAX_BYTES => push(out, format_args!("0x{}", hex::encode(bytes))),
        _ => push(out, format_args!("0x{}... ({} bytes)", hex::encode(&bytes[..MAX_BYTES]), bytes.len())),
    }
}

/// An amount of datoshi in GAS.
pub(crate) fn gas(datoshi: u128) -> String {
    const GAS: u128 = 1_0000_0000;
    let text = format!("{}.{:08}", datoshi / GAS, datoshi % GAS);
    text.trim_end_matches('0').trim_end_matches('.').into()
}
