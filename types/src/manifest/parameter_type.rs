//! Types of parameters and return values.

use core::{fmt, str::FromStr};

use alloc::string::String;
use serde::Serialize;

use crate::text::shown;

/// The type of a parameter or return value. Its byte is how it is stored.
///
/// [`FromStr`] reads all that the reference node does, which is not only names:
/// see [`ParseParameterTypeError`].
///
/// Source: `ContractParameterType.cs` of the reference node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[repr(u8)]
pub enum ParameterType {
    /// A value of any type.
    Any = 0x00,
    /// True or false.
    Boolean = 0x10,
    /// An integer.
    Integer = 0x11,
    /// A byte string.
    ByteArray = 0x12,
    /// UTF-8 text.
    String = 0x13,
    /// A script hash of 20 bytes.
    Hash160 = 0x14,
    /// A hash of 32 bytes.
    Hash256 = 0x15,
    /// A compressed public key of 33 bytes.
    PublicKey = 0x16,
    /// A signature of 64 bytes.
    Signature = 0x17,
    /// An array or a struct.
    Array = 0x20,
    /// A map.
    Map = 0x22,
    /// An object of the host, such as an iterator.
    InteropInterface = 0x30,
    /// No value. Only methods have this type, for what they return.
    Void = 0xff,
}

/// A text that the reference node does not read as a parameter type.
///
/// The node leaves the reading to .NET's `Enum.Parse`, which takes:
///
/// - a name, in the case shown by [`ParameterType::name`];
/// - several names with commas between them: the bytes of the types are or-ed;
/// - the byte in decimal, with an optional sign.
///
/// Whitespace may surround each of them. The result must be a type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a parameter type")]
pub struct ParseParameterTypeError(pub String);

impl ParameterType {
    /// All types, in the order of their bytes.
    pub const ALL: [Self; 13] = [
        Self::Any,
        Self::Boolean,
        Self::Integer,
        Self::ByteArray,
        Self::String,
        Self::Hash160,
        Self::Hash256,
        Self::PublicKey,
        Self::Signature,
        Self::Array,
        Self::Map,
        Self::InteropInterface,
        Self::Void,
    ];

    /// Returns the type with this byte, if there is one.
    pub fn from_byte(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|known| *known as u8 == byte)
    }

    /// Returns the name that manifests use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Any => "Any",
            Self::Boolean => "Boolean",
            Self::Integer => "Integer",
            Self::ByteArray => "ByteArray",
            Self::String => "String",
            Self::Hash160 => "Hash160",
            Self::Hash256 => "Hash256",
            Self::PublicKey => "PublicKey",
            Self::Signature => "Signature",
            Self::Array => "Array",
            Self::Map => "Map",
            Self::InteropInterface => "InteropInterface",
            Self::Void => "Void",
        }
    }
}

impl fmt::Display for ParameterType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for ParameterType {
    type Err = ParseParameterTypeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let byte = byte_of_number(text.trim_start()).or_else(|| byte_of_names(text));
        byte.and_then(Self::from_byte).ok_or_else(|| ParseParameterTypeError(shown(text).into()))
    }
}

/// Reads a byte as `Byte.Parse` does: a sign, digits, then whitespace and after it zero bytes.
fn byte_of_number(text: &str) -> Option<u8> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let end = unsigned.find(|character: char| !character.is_ascii_digit()).unwrap_or(unsigned.len());
    let (digits, rest) = unsigned.split_at(end);
    let rest = rest.trim_start_matches([' ', '\t', '\n', '\u{b}', '\u{c}', '\r']);
    let value = if rest.chars().all(|character| character == '\0') { digits.parse().ok()? } else { return None };
    // Of the negative numbers only zero is a byte.
    (value == 0 || !text.starts_with('-')).then_some(value)
}

fn byte_of_names(text: &str) -> Option<u8> {
    text.split(',').map(str::trim).try_fold(0, |byte, name| {
        let known = ParameterType::ALL.into_iter().find(|known| known.name() == name)?;
        Some(byte | known as u8)
    })
}
