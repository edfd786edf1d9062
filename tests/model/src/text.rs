//! Items as one line of text that also shows which references lead to the same object.

use std::{fmt::Write, rc::Rc};

use crate::item::{Item, Kind};

/// Describes items as text. Two lists have equal texts if and only if neither a script nor the
/// reference counter can distinguish them.
///
/// Buffers, compounds, host objects and scripts are numbered in the order in which they occur,
/// bottom first and from the outside in. When one occurs again, only its number is written. The number
/// after a star is the number of references to a compound.
pub fn describe(items: impl AsRef<[Item]>) -> String {
    let mut describer = Describer { text: String::new(), seen: Vec::new() };
    describer.items(items.as_ref());
    describer.text
}

struct Describer {
    text: String,
    /// The addresses of objects, in the order of their numbers.
    seen: Vec<*const ()>,
}

impl Describer {
    fn items(&mut self, items: &[Item]) {
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                self.text.push(' ');
            }
            self.item(item);
        }
    }

    fn item(&mut self, item: &Item) {
        match item {
            Item::Null => self.text.push_str("null"),
            Item::Boolean(value) => self.write(format_args!("{value}")),
            Item::Integer(value) => self.write(format_args!("{value}")),
            Item::ByteString(bytes) => self.write(format_args!("x{}", hex::encode(bytes))),
            Item::Buffer(bytes) => {
                if self.number("buffer", Rc::as_ptr(bytes).cast()) {
                    self.write(format_args!("x{}", hex::encode(&*bytes.borrow())));
                }
            }
            Item::Pointer(script, position) => {
                self.number("script", Rc::as_ptr(script).cast());
                self.write(format_args!("@{position}"));
            }
            Item::Interop(object) => {
                self.number("object", Rc::as_ptr(object));
            }
            Item::Compound(compound) => {
                let name = match compound.kind {
                    Kind::Array => "array",
                    Kind::Struct => "struct",
                    Kind::Map => "map",
                };
                if self.number(name, Rc::as_ptr(compound).cast()) {
                    self.write(format_args!("*{}[", compound.references.get()));
                    self.items(&compound.keys.borrow());
                    self.text.push_str(if compound.kind == Kind::Map { ": " } else { "" });
                    self.items(&compound.values.borrow());
                    self.text.push(']');
                }
            }
        }
    }

    /// Writes the number of an object and returns whether the object is new.
    fn number(&mut self, name: &str, address: *const ()) -> bool {
        let known = self.seen.iter().position(|&other| other == address);
        let number = known.unwrap_or(self.seen.len());
        self.write(format_args!("{name}#{number}"));
        if known.is_none() {
            self.seen.push(address);
        }
        known.is_none()
    }

    fn write(&mut self, text: std::fmt::Arguments<'_>) {
        self.text.write_fmt(text).expect("writing to a string cannot fail");
    }
}
