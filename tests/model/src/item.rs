//! Stack items. Sources: `Types/*.cs`.

use std::{
    cell::{Cell, RefCell},
    rc::{Rc, Weak},
};

use num_bigint::BigInt;
use num_traits::{One, Zero};

use crate::{
    error::{Done, fault, invalid_cast},
    integer,
};

/// A stack item. Cloning a buffer, a compound or a host object copies only the reference to it.
#[derive(Clone, Debug)]
pub enum Item {
    /// Null, whose type is Any.
    Null,
    /// A boolean.
    Boolean(bool),
    /// An integer of at most 32 bytes.
    Integer(BigInt),
    /// An immutable byte string.
    ByteString(Rc<[u8]>),
    /// A mutable byte string of fixed length.
    Buffer(Rc<RefCell<Vec<u8>>>),
    /// An array, struct or map.
    Compound(Rc<Compound>),
    /// A position in a loaded script.
    Pointer(Rc<[u8]>, usize),
    /// A host object.
    Interop(Rc<()>),
}

/// The kind of a compound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A list that is compared by identity.
    Array,
    /// A list that is compared and copied by value.
    Struct,
    /// A map from keys to values.
    Map,
}

/// An array, struct or map.
#[derive(Debug)]
pub struct Compound {
    /// The kind of the compound.
    pub kind: Kind,
    /// The number of references from stacks, slots and counted compounds
    /// (`CompoundType.StackReferences`).
    pub references: Cell<i64>,
    /// The keys of a map in insertion order; empty for other compounds.
    pub keys: RefCell<Vec<Item>>,
    /// The values of a map in the order of its keys, or the items of an array or struct.
    pub values: RefCell<Vec<Item>>,
}

/// The maximum size of a map key, in bytes (`Map.cs`).
const MAX_KEY_SIZE: usize = 64;

impl Compound {
    /// Returns the number of items or entries.
    pub fn count(&self) -> usize {
        self.values.borrow().len()
    }

    /// Returns all items in the compound; for a map, the keys followed by the values (`SubItems`).
    pub fn sub_items(&self) -> Vec<Item> {
        self.keys.borrow().iter().chain(self.values.borrow().iter()).cloned().collect()
    }

    /// Returns the index of a key in a map. Faults if the key is too long.
    pub(crate) fn find(&self, key: &Item) -> Done<Option<usize>> {
        let size = key.size().unwrap_or_default();
        if size > MAX_KEY_SIZE {
            return fault(format!(
                "Key size {size} bytes exceeds maximum allowed size of {MAX_KEY_SIZE} bytes. (Parameter 'key')"
            ));
        }
        Ok(self.keys.borrow().iter().position(|other| same_key(key, other)))
    }

    /// Sets the value of a key. An existing key keeps its index.
    pub(crate) fn set(&self, key: Item, value: Item) -> Done {
        match self.find(&key)? {
            Some(index) => self.values.borrow_mut()[index] = value,
            None => {
                self.keys.borrow_mut().push(key);
                self.values.borrow_mut().push(value);
            }
        }
        Ok(())
    }

    /// Removes a key and its value. The message for a key that is too long differs from that of
    /// `find`.
    pub(crate) fn remove(&self, key: &Item) -> Done<Option<Item>> {
        let size = key.size().unwrap_or_default();
        if size > MAX_KEY_SIZE {
            return fault(format!(
                "Can not remove key from map, MaxKeySize of Map is exceeded: {size}/{MAX_KEY_SIZE}. (Parameter 'key')"
            ));
        }
        let index = self.find(key)?;
        Ok(index.map(|index| {
            self.keys.borrow_mut().remove(index);
            self.values.borrow_mut().remove(index)
        }))
    }
}

/// Returns whether two keys are equal. Keys of different types never are.
fn same_key(a: &Item, b: &Item) -> bool {
    match (a, b) {
        (Item::Boolean(a), Item::Boolean(b)) => a == b,
        (Item::Integer(a), Item::Integer(b)) => a == b,
        (Item::ByteString(a), Item::ByteString(b)) => a == b,
        _ => false,
    }
}

impl Item {
    /// Creates a byte string.
    pub fn bytes(bytes: &[u8]) -> Self {
        Self::ByteString(bytes.into())
    }

    /// Creates a buffer.
    pub fn buffer(bytes: Vec<u8>) -> Self {
        Self::Buffer(Rc::new(RefCell::new(bytes)))
    }

    /// Creates an integer that is known to have at most 32 bytes.
    pub fn small(value: impl Into<BigInt>) -> Self {
        Self::Integer(value.into())
    }

    /// Creates an integer. Faults if it has more than 32 bytes.
    pub(crate) fn integer(value: BigInt) -> Done<Self> {
        let size = integer::size(&value);
        if size > integer::MAX_SIZE {
            return fault(format!(
                "Integer size {size} bytes exceeds maximum allowed size of 32 bytes. (Parameter 'value')"
            ));
        }
        Ok(Self::Integer(value))
    }

    /// Returns the byte of the item's type (`StackItemType.cs`).
    pub fn type_byte(&self) -> u8 {
        match self {
            Self::Null => 0x00,
            Self::Pointer(..) => 0x10,
            Self::Boolean(_) => 0x20,
            Self::Integer(_) => 0x21,
            Self::ByteString(_) => 0x28,
            Self::Buffer(_) => 0x30,
            Self::Compound(compound) => match compound.kind {
                Kind::Array => 0x40,
                Kind::Struct => 0x41,
                Kind::Map => 0x48,
            },
            Self::Interop(_) => 0x60,
        }
    }

    /// Returns the name of the item's type.
    pub fn type_name(&self) -> &'static str {
        type_name(self.type_byte()).unwrap_or_default()
    }

    pub(crate) fn is_primitive(&self) -> bool {
        matches!(self, Self::Boolean(_) | Self::Integer(_) | Self::ByteString(_))
    }

    /// Returns the size of a primitive item in bytes, or `None` if the item is not primitive.
    pub(crate) fn size(&self) -> Option<usize> {
        match self {
            Self::Boolean(_) => Some(1),
            Self::Integer(value) => Some(integer::size(value)),
            Self::ByteString(bytes) => Some(bytes.len()),
            _ => None,
        }
    }

    /// Returns the item as bytes (`GetSpan`).
    pub(crate) fn span(&self) -> Done<Vec<u8>> {
        match self {
            Self::Boolean(value) => Ok(vec![u8::from(*value)]),
            Self::Integer(value) => Ok(integer::to_bytes(value)),
            Self::ByteString(bytes) => Ok(bytes.to_vec()),
            Self::Buffer(bytes) => Ok(bytes.borrow().clone()),
            _ => invalid_cast(),
        }
    }

    /// Returns the item as an integer (`GetInteger`).
    pub(crate) fn to_integer(&self) -> Done<BigInt> {
        match self {
            Self::Boolean(true) => Ok(BigInt::one()),
            Self::Boolean(false) => Ok(BigInt::zero()),
            Self::Integer(value) => Ok(value.clone()),
            Self::ByteString(bytes) if bytes.len() > integer::MAX_SIZE => fault(format!(
                "Can not convert ByteString to an integer, MaxSize of Integer is exceeded: {}/32.",
                bytes.len()
            )),
            Self::ByteString(bytes) => Ok(BigInt::from_signed_bytes_le(bytes)),
            _ => invalid_cast(),
        }
    }

    /// Returns the item as a boolean (`GetBoolean`).
    pub(crate) fn to_boolean(&self) -> Done<bool> {
        match self {
            Self::Null => Ok(false),
            Self::Boolean(value) => Ok(*value),
            Self::Integer(value) => Ok(!value.is_zero()),
            Self::ByteString(bytes) if bytes.len() > integer::MAX_SIZE => invalid_cast(),
            Self::ByteString(bytes) => Ok(bytes.iter().any(|&byte| byte != 0)),
            _ => Ok(true),
        }
    }

    /// Returns the item as text, or `None` for Null (`GetString`).
    pub(crate) fn text(&self) -> Done<String> {
        if let Self::Null = self {
            return Ok(String::new());
        }
        match String::from_utf8(self.span()?) {
            Ok(text) => Ok(text),
            // In the reference, the rest of the message comes from .NET's decoder. No test compares it.
            Err(_) => fault(NOT_UTF8),
        }
    }

    /// Returns a key as shown in the message that it is missing (`ToString`).
    pub(crate) fn key_text(&self) -> String {
        match self {
            Self::Boolean(true) => "True".into(),
            Self::Boolean(false) => "False".into(),
            Self::Integer(value) => value.to_string(),
            Self::ByteString(bytes) => match core::str::from_utf8(bytes) {
                Ok(text) => format!("\"{text}\""),
                Err(_) => format!("\"Base64: {}\"", crate::json::base64(bytes)),
            },
            _ => String::new(),
        }
    }
}

/// The start of the message for bytes that are not valid UTF-8.
pub const NOT_UTF8: &str = "Unable to translate bytes";

/// Returns the name of the type with this byte, if there is one.
pub(crate) fn type_name(byte: u8) -> Option<&'static str> {
    Some(match byte {
        0x00 => "Any",
        0x10 => "Pointer",
        0x20 => "Boolean",
        0x21 => "Integer",
        0x28 => "ByteString",
        0x30 => "Buffer",
        0x40 => "Array",
        0x41 => "Struct",
        0x48 => "Map",
        0x60 => "InteropInterface",
        _ => return None,
    })
}

/// The compounds of a machine. Dropping the machine empties them, so that cycles are freed.
#[derive(Default)]
pub(crate) struct Heap {
    all: Vec<Weak<Compound>>,
    /// The number of entries at which those of freed compounds are next removed.
    due: usize,
}

impl Heap {
    pub(crate) fn make(&mut self, kind: Kind, keys: Vec<Item>, values: Vec<Item>) -> Rc<Compound> {
        let compound = Rc::new(Compound {
            kind,
            references: Cell::new(0),
            keys: RefCell::new(keys),
            values: RefCell::new(values),
        });
        if self.all.len() >= self.due {
            self.all.retain(|compound| compound.strong_count() > 0);
            self.due = 2 * self.all.len() + 64;
        }
        self.all.push(Rc::downgrade(&compound));
        compound
    }
}

impl Drop for Heap {
    fn drop(&mut self) {
        let left: Vec<_> = self.all.iter().filter_map(Weak::upgrade).collect();
        for compound in &left {
            compound.keys.take();
            compound.values.take();
        }
    }
}
