//! JSON that is written piece by piece into a line.

use std::fmt::{Display, Write};

use neovm::{
    Vm,
    types::item::{JsonLimits, write_json_stack},
};
use serde_json::Value;

/// Appends formatted text; that cannot fail for a [`String`].
pub(crate) fn push(out: &mut String, text: impl Display) {
    let _ = write!(out, "{text}");
}

/// Appends a text in quotes, or null.
pub(crate) fn push_text(out: &mut String, text: Option<&str>) {
    push(out, Value::from(text));
}

/// Appends a result stack, bottom first in the form of the Neo RPC, or in its
/// place the text of why it has none.
pub(crate) fn push_stack(out: &mut String, vm: &Vm) {
    let start = out.len();
    if let Err(error) = write_json_stack(out, vm.results(), JsonLimits::default()) {
        out.truncate(start);
        push_text(out, Some(&format!("error: {error}")));
    }
}
