//! Items as text that shows which of them are the same object, and the references of compounds.

use std::fmt::Write;

use neovm::{StackItem, types::engine_internals::ItemInternals};

/// Writes items as text to compare: their types and values, with a number for each object, so that
/// two occurrences of one object differ from two equal objects, and with the reference count of
/// each compound.
///
/// # Panics
/// If an item cannot be written, which does not happen.
pub fn describe(items: &[StackItem]) -> String {
    let mut describer = Describer { text: String::new(), seen: Vec::new() };
    describer.items(items);
    describer.text
}

struct Describer {
    text: String,
    /// The objects, and one pointer for each script, in the order of their numbers.
    seen: Vec<StackItem>,
}

impl Describer {
    fn items(&mut self, items: &[StackItem]) {
        for (place, item) in items.iter().enumerate() {
            if place > 0 {
                self.text.push(' ');
            }
            self.item(item);
        }
    }

    fn item(&mut self, item: &StackItem) {
        match item {
            StackItem::Null => self.text.push_str("null"),
            StackItem::Boolean(value) => self.write(format_args!("{value}")),
            StackItem::Integer(value) => self.write(format_args!("{value}")),
            StackItem::BigInteger(_) => self.write(format_args!("{}", item.to_integer().unwrap())),
            StackItem::ByteString(bytes) => self.write(format_args!("x{}", hex::encode(&**bytes))),
            StackItem::Buffer(buffer) => {
                if self.number("buffer", item) {
                    let text = buffer.with(|bytes| hex::encode(bytes));
                    self.write(format_args!("x{text}"));
                }
            }
            StackItem::Pointer(pointer) => {
                self.number("script", item);
                self.write(format_args!("@{}", pointer.position()));
            }
            StackItem::Interop(_) => {
                self.number("object", item);
            }
            StackItem::Array(array) => self.compound("array", item, &[], &array.to_vec()),
            StackItem::Struct(array) => self.compound("struct", item, &[], &array.to_vec()),
            StackItem::Map(map) => self.compound("map", item, &map.keys(), &map.values()),
        }
    }

    fn compound(&mut self, name: &str, item: &StackItem, keys: &[StackItem], values: &[StackItem]) {
        if self.number(name, item) {
            let references = item.header().map_or(0, |header| header.references());
            self.write(format_args!("*{references}["));
            self.items(keys);
            self.text.push_str(if name == "map" { ": " } else { "" });
            self.items(values);
            self.text.push(']');
        }
    }

    /// Writes the number of an object. Returns whether the object is a new one.
    fn number(&mut self, name: &str, item: &StackItem) -> bool {
        let known = self.seen.iter().position(|other| is_same(other, item));
        let number = known.unwrap_or(self.seen.len());
        self.write(format_args!("{name}#{number}"));
        if known.is_none() {
            self.seen.push(item.clone());
        }
        known.is_none()
    }

    fn write(&mut self, text: std::fmt::Arguments<'_>) {
        self.text.write_fmt(text).unwrap();
    }
}

fn is_same(a: &StackItem, b: &StackItem) -> bool {
    match (a, b) {
        (StackItem::Pointer(a), StackItem::Pointer(b)) => a.load() == b.load(),
        (StackItem::Interop(a), StackItem::Interop(b)) => a == b,
        _ => a.is_same(b),
    }
}
