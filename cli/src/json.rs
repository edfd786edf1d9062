//! JSON that is written piece by piece into a line.

use std::fmt::{Display, Write};

use neovm::{
    StackItem, Vm,
    types::item::{JsonError, JsonLimits, write_json_stack},
};
use serde_json::Value;

/// Appends formatted text, which cannot fail for a [`String`].
pub(crate) fn push(out: &mut String, text: impl Display) {
    let _ = write!(out, "{text}");
}

/// Appends a text in quotes, or null.
pub(crate) fn push_text(out: &mut String, text: Option<&str>) {
    push(out, Value::from(text));
}

/// Appends a result stack, bottom first, in the form of the Neo RPC. If any of it
/// cannot be shown, the text of why stands in its place.
pub(crate) fn push_stack(out: &mut String, vm: &Vm) {
    let start = out.len();
    if let Err(error) = write_json_stack(out, vm.results(), JsonLimits::default()) {
        out.truncate(start);
        push_text(out, Some(&format!("error: {error}")));
    }
}

/// Appends a list of results as the RPC does: an item that cannot be shown is
/// replaced by the text of why, and the others stay.
///
/// Source: `RpcServer.SmartContract.cs` of the reference node (`GetInvokeResult`),
/// `StackItemExtensions.cs` (`ToJson`).
pub(crate) fn push_results(out: &mut String, items: &[StackItem]) {
    let mut limits = JsonLimits::default();
    out.push('[');
    for (i, item) in items.iter().enumerate() {
        out.push_str(if i > 0 { "," } else { "" });
        let start = out.len();
        push_result(out, item, limits);
        limits.text = limits.text.saturating_sub(out.len() - start);
    }
    out.push(']');
}

/// Appends an item, or the text of why it cannot be shown.
pub(crate) fn push_result(out: &mut String, item: &StackItem, limits: JsonLimits) {
    let mut text = String::new();
    match write_json_stack(&mut text, [item], limits) {
        // The item without the brackets of the list of one.
        Ok(()) => out.push_str(&text[1..text.len() - 1]),
        Err(JsonError::Cycle) => push_text(out, Some("error: Circular reference.")),
        Err(_) => push_text(out, Some("error: Max size reached.")),
    }
}
