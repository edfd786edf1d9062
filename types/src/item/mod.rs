//! Stack items: the ten types of value that a script works with.
//!
//! A [`StackItem`] takes 16 bytes: a tag of eight and a payload of eight. Small
//! integers, booleans, Null and pointers are stored in the payload; byte strings,
//! buffers, compounds and large integers are counted references. Cloning an item
//! clones the reference: arrays, structs, maps and buffers are shared and mutable,
//! as in the reference engine.
//!
//! Sources: `Types/*.cs` of the reference engine.

#[allow(unsafe_code, reason = "items that compiled code reaches: see its module")]
mod array;
pub mod binary;
#[allow(unsafe_code, reason = "memory that is used again: see its module")]
pub(crate) mod block;
pub(crate) mod bytes;
pub(crate) mod compound;
mod convert;
mod copy;
pub(crate) mod cycles;
mod equality;
pub(crate) mod fork;
mod interop;
#[allow(unsafe_code, reason = "a vector of known layout: see its module")]
pub(crate) mod item_vec;
mod json;
mod map;
mod native;
mod results;
mod scalar;
#[allow(unsafe_code, reason = "counted references to values: see its module")]
mod shared;

use self::item_vec::ItemVec;
pub use self::{
    array::Array,
    bytes::{Buffer, ByteString, WideInteger},
    copy::StructCloneLimit,
    interop::Interop,
    json::{JsonError, JsonLimits, write_json_stack},
    map::{MAX_KEY_SIZE, Map},
    results::Results,
    scalar::{Bool, Pointer},
};
use crate::{fault::FaultKind, integer::Integer};

/// The type of a stack item, with the byte that stands for it in scripts.
///
/// Source: `Types/StackItemType.cs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum ItemType {
    /// Any type; the type of Null.
    Any = 0x00,
    /// A position in a script.
    Pointer = 0x10,
    /// True or false.
    Boolean = 0x20,
    /// An integer of at most 32 bytes.
    Integer = 0x21,
    /// An immutable byte string.
    ByteString = 0x28,
    /// A mutable byte string.
    Buffer = 0x30,
    /// An array.
    Array = 0x40,
    /// An array that is copied where it is stored.
    Struct = 0x41,
    /// A map from primitive keys, in order of insertion.
    Map = 0x48,
    /// An object of the host.
    InteropInterface = 0x60,
}

impl ItemType {
    /// All types.
    pub const ALL: [Self; 10] = [
        Self::Any,
        Self::Pointer,
        Self::Boolean,
        Self::Integer,
        Self::ByteString,
        Self::Buffer,
        Self::Array,
        Self::Struct,
        Self::Map,
        Self::InteropInterface,
    ];

    /// Returns the type that a byte stands for; none if the byte is undefined.
    pub const fn from_byte(byte: u8) -> Option<Self> {
        Some(match byte {
            0x00 => Self::Any,
            0x10 => Self::Pointer,
            0x20 => Self::Boolean,
            0x21 => Self::Integer,
            0x28 => Self::ByteString,
            0x30 => Self::Buffer,
            0x40 => Self::Array,
            0x41 => Self::Struct,
            0x48 => Self::Map,
            0x60 => Self::InteropInterface,
            _ => return None,
        })
    }

    /// Returns the type's name, as used in messages and in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Any => "Any",
            Self::Pointer => "Pointer",
            Self::Boolean => "Boolean",
            Self::Integer => "Integer",
            Self::ByteString => "ByteString",
            Self::Buffer => "Buffer",
            Self::Array => "Array",
            Self::Struct => "Struct",
            Self::Map => "Map",
            Self::InteropInterface => "InteropInterface",
        }
    }

    /// Returns the type with a name; none if there is no such type.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|item_type| item_type.name() == name)
    }
}

impl core::fmt::Display for ItemType {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.pad(self.name())
    }
}

/// A value on a stack, in a slot or in a compound.
///
/// The engine's crates rely on the layout: a tag of eight bytes, then a payload
/// of eight. Items with tags up to that of `Pointer` own no memory.
#[derive(Clone, Default)]
#[repr(u64)]
pub enum StackItem {
    /// An integer that fits an `i64`.
    Integer(i64) = 0,
    /// True or false.
    Boolean(Bool) = 1,
    /// Null.
    #[default]
    Null = 2,
    /// A position in a script.
    Pointer(Pointer) = 3,
    /// An integer that does not fit an `i64`.
    BigInteger(WideInteger) = 4,
    /// An immutable byte string.
    ByteString(ByteString) = 5,
    /// A mutable byte string, shared by its references.
    Buffer(Buffer) = 6,
    /// An object of the host.
    Interop(Interop) = 7,
    /// An array, shared by its references.
    Array(Array) = 8,
    /// An array that is copied where it is stored in a compound.
    Struct(Array) = 9,
    /// A map, shared by its references.
    Map(Map) = 10,
}

const _: () = assert!(size_of::<StackItem>() == 16, "the engine relies on this size");

impl StackItem {
    /// Returns the type of the item.
    pub const fn item_type(&self) -> ItemType {
        match self {
            Self::Integer(_) | Self::BigInteger(_) => ItemType::Integer,
            Self::Boolean(_) => ItemType::Boolean,
            Self::Null => ItemType::Any,
            Self::Pointer(_) => ItemType::Pointer,
            Self::ByteString(_) => ItemType::ByteString,
            Self::Buffer(_) => ItemType::Buffer,
            Self::Interop(_) => ItemType::InteropInterface,
            Self::Array(_) => ItemType::Array,
            Self::Struct(_) => ItemType::Struct,
            Self::Map(_) => ItemType::Map,
        }
    }

    /// Returns whether the item is an integer, a boolean or a byte string, the
    /// types that a map takes as keys.
    pub const fn is_primitive(&self) -> bool {
        matches!(self, Self::Integer(_) | Self::BigInteger(_) | Self::Boolean(_) | Self::ByteString(_))
    }

    /// Returns whether the item is Null.
    pub const fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Creates an array of items: those of an array, a slice or a `Vec`.
    pub fn array(items: impl Into<ItemVec>) -> Self {
        Self::Array(Array::new(items))
    }

    /// Creates a struct of items: those of an array, a slice or a `Vec`.
    pub fn structure(items: impl Into<ItemVec>) -> Self {
        Self::Struct(Array::new(items))
    }

    /// Creates an empty map.
    pub fn map() -> Self {
        Self::Map(Map::new())
    }

    /// Creates a buffer with a copy of some bytes.
    pub fn buffer(bytes: &[u8]) -> Self {
        Self::Buffer(Buffer::new(bytes))
    }

    /// The counting header, if the item is a compound.
    #[inline(always)]
    pub(crate) fn header(&self) -> Option<&compound::Header> {
        match self {
            Self::Array(array) | Self::Struct(array) => Some(array.header()),
            Self::Map(map) => Some(map.header()),
            _ => None,
        }
    }

    /// Returns whether the item is an array, a struct or a map.
    pub const fn is_compound(&self) -> bool {
        matches!(self, Self::Array(_) | Self::Struct(_) | Self::Map(_))
    }

    /// Calls a function with each item that a compound holds: for a map with all
    /// keys first, then with all values. Other items hold none.
    pub fn for_each_child(&self, f: impl FnMut(&Self)) {
        match self {
            Self::Array(array) | Self::Struct(array) => array.for_each(f),
            Self::Map(map) => map.for_each(f),
            _ => {}
        }
    }

    /// Returns the number of items that a compound holds, where a map's keys and
    /// values both count; 0 for other items.
    pub fn child_count(&self) -> usize {
        match self {
            Self::Array(array) | Self::Struct(array) => array.len(),
            Self::Map(map) => 2 * map.len(),
            _ => 0,
        }
    }

    /// Returns where a compound lies, which tells compounds apart while they live; none
    /// for other items.
    pub fn address(&self) -> Option<usize> {
        match self {
            Self::Array(array) | Self::Struct(array) => Some(array.address()),
            Self::Map(map) => Some(map.address()),
            _ => None,
        }
    }

    /// Returns whether two items are the same object, not only equal. Always false
    /// for items that are neither compounds nor buffers.
    pub fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Array(a), Self::Array(b)) | (Self::Struct(a), Self::Struct(b)) => a.is_same(b),
            (Self::Map(a), Self::Map(b)) => a.is_same(b),
            (Self::Buffer(a), Self::Buffer(b)) => a.is_same(b),
            _ => false,
        }
    }
}

/// Formats the item as JSON, without recursion and without following cycles.
impl core::fmt::Debug for StackItem {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self.to_json() {
            Ok(text) => f.write_str(&text),
            Err(error) => write!(f, "{} ({error})", self.item_type()),
        }
    }
}

impl From<Integer> for StackItem {
    fn from(value: Integer) -> Self {
        match value {
            Integer::Small(value) => Self::Integer(value),
            Integer::Wide(value) => Self::BigInteger(WideInteger::new(value)),
        }
    }
}

/// The fault for an item that cannot be the key of a map.
pub(crate) const fn not_primitive() -> FaultKind {
    FaultKind::WrongType("PrimitiveType")
}
