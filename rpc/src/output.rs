//! Writing results: JSON text, as the reference's writer writes it.

use std::fmt::{Display, Write};

use neovm_types::json::write_string;

/// An object that is being written.
#[derive(Debug)]
pub(crate) struct Object(String);

impl Object {
    pub(crate) fn new() -> Self {
        Self("{".into())
    }

    fn key(&mut self, key: &str) {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        self.0 += &text(key);
        self.0.push(':');
    }

    /// Adds a text.
    pub(crate) fn text(self, key: &str, value: &str) -> Self {
        self.raw(key, text(value))
    }

    /// Adds a text, or null.
    pub(crate) fn optional_text(self, key: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.text(key, value),
            None => self.raw(key, "null"),
        }
    }

    /// Adds what is shown as JSON: a number, a Boolean, or what was written before.
    pub(crate) fn raw(mut self, key: &str, value: impl Display) -> Self {
        self.key(key);
        let _ = write!(self.0, "{value}");
        self
    }

    pub(crate) fn finish(mut self) -> String {
        self.0.push('}');
        self.0
    }
}

/// A text as JSON.
pub(crate) fn text(value: &str) -> String {
    let mut out = String::with_capacity(value.len() + 2);
    let _ = write_string(&mut out, value);
    out
}

/// A list of values that were written before.
pub(crate) fn list(values: impl IntoIterator<Item = String>) -> String {
    let mut out = String::from("[");
    for (i, value) in values.into_iter().enumerate() {
        out += if i > 0 { "," } else { "" };
        out += &value;
    }
    out.push(']');
    out
}
