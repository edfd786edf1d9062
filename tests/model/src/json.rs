//! Items as JSON, as Neo RPC encodes them. Source: `Extensions/VM/StackItemExtensions.cs` of the
//! node.

use std::{fmt::Write, rc::Rc};

use base64::{Engine, prelude::BASE64_STANDARD};

use crate::item::{Compound, Item, Kind};

/// The reason why items cannot be encoded as JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonError {
    /// A compound contains itself, directly or indirectly.
    Cycle,
    /// There are more items than allowed.
    TooLarge,
}

pub(crate) fn base64(bytes: &[u8]) -> String {
    BASE64_STANDARD.encode(bytes)
}

/// Encodes a list of items as compact JSON. At most `most` items are allowed, including those in
/// compounds.
///
/// # Errors
/// Returns [`JsonError`] if there is a cycle or there are too many items.
pub fn stack_json(items: &[Item], most: usize) -> Result<String, JsonError> {
    let mut writer = Writer { text: String::new(), left: most, open: Vec::new() };
    writer.list(items)?;
    Ok(writer.text)
}

struct Writer {
    text: String,
    left: usize,
    /// The compounds that contain the item being written.
    open: Vec<*const Compound>,
}

impl Writer {
    fn list(&mut self, items: &[Item]) -> Result<(), JsonError> {
        self.text.push('[');
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                self.text.push(',');
            }
            self.item(item)?;
        }
        self.text.push(']');
        Ok(())
    }

    fn item(&mut self, item: &Item) -> Result<(), JsonError> {
        self.left = self.left.checked_sub(1).ok_or(JsonError::TooLarge)?;
        self.write(format_args!("{{\"type\":\"{}\"", item.type_name()));
        match item {
            Item::Null | Item::Interop(_) => {}
            Item::Boolean(value) => self.write(format_args!(",\"value\":{value}")),
            Item::Integer(value) => self.write(format_args!(",\"value\":\"{value}\"")),
            Item::ByteString(bytes) => self.write(format_args!(",\"value\":\"{}\"", base64(bytes))),
            Item::Buffer(bytes) => self.write(format_args!(",\"value\":\"{}\"", base64(&bytes.borrow()))),
            Item::Pointer(_, position) => self.write(format_args!(",\"value\":{position}")),
            Item::Compound(compound) => {
                self.text.push_str(",\"value\":");
                self.compound(compound)?;
            }
        }
        self.text.push('}');
        Ok(())
    }

    fn compound(&mut self, compound: &Rc<Compound>) -> Result<(), JsonError> {
        let address = Rc::as_ptr(compound);
        if self.open.contains(&address) {
            return Err(JsonError::Cycle);
        }
        self.open.push(address);
        if compound.kind == Kind::Map {
            self.entries(compound)?;
        } else {
            self.list(&compound.values.borrow())?;
        }
        self.open.pop();
        Ok(())
    }

    fn entries(&mut self, map: &Compound) -> Result<(), JsonError> {
        self.text.push('[');
        for (index, (key, value)) in map.keys.borrow().iter().zip(map.values.borrow().iter()).enumerate() {
            self.text.push_str(if index > 0 { ",{\"key\":" } else { "{\"key\":" });
            self.item(key)?;
            self.text.push_str(",\"value\":");
            self.item(value)?;
            self.text.push('}');
        }
        self.text.push(']');
        Ok(())
    }

    fn write(&mut self, text: std::fmt::Arguments<'_>) {
        self.text.write_fmt(text).expect("writing to a string cannot fail");
    }
}
