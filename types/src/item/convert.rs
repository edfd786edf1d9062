//! Conversions between types.
//!
//! Sources: `Types/PrimitiveType.cs`, `Types/ByteString.cs`, `Types/Buffer.cs`,
//! `Types/Array.cs`, `Types/Struct.cs`, `Types/Null.cs`.

use alloc::{format, string::String};

use base64::Engine;

use super::{Array, Buffer, ByteString, ItemType, StackItem};
use crate::{
    fault::FaultKind,
    integer::{Integer, MAX_SIZE},
};

impl StackItem {
    /// Converts the item to a boolean, as conditions do.
    ///
    /// # Errors
    /// [`FaultKind::InvalidCast`] for a byte string of more than 32 bytes.
    pub fn to_boolean(&self) -> Result<bool, FaultKind> {
        match self {
            Self::Integer(value) => Ok(*value != 0),
            Self::Boolean(value) => Ok(value.get()),
            Self::Null => Ok(false),
            Self::ByteString(bytes) if bytes.len() > MAX_SIZE => Err(FaultKind::InvalidCast),
            Self::ByteString(bytes) => Ok(bytes.iter().any(|&byte| byte != 0)),
            _ => Ok(true),
        }
    }

    /// Converts the item to an integer.
    ///
    /// # Errors
    /// [`FaultKind::InvalidCast`] if the item is not a primitive,
    /// [`FaultKind::ByteStringToInteger`] for a byte string of more than 32 bytes.
    pub fn to_integer(&self) -> Result<Integer, FaultKind> {
        match self {
            Self::Integer(value) => Ok(Integer::Small(*value)),
            Self::BigInteger(value) => Ok(Integer::Wide(value.get())),
            Self::Boolean(value) => Ok(Integer::Small(i64::from(value.get()))),
            Self::ByteString(bytes) => Integer::from_le_bytes(bytes).ok_or(FaultKind::ByteStringToInteger(bytes.len())),
            _ => Err(FaultKind::InvalidCast),
        }
    }

    /// Converts the item to an `i32`, as the reference engine casts integers.
    ///
    /// # Errors
    /// Those of [`Self::to_integer`] and of [`Integer::to_i32`].
    pub fn to_i32(&self) -> Result<i32, FaultKind> {
        self.to_integer()?.to_i32()
    }

    /// Returns the size of an integer, a boolean or a byte string, in bytes; none
    /// for other types.
    pub fn primitive_size(&self) -> Option<usize> {
        match self {
            Self::ByteString(bytes) => Some(bytes.len()),
            Self::Boolean(_) => Some(1),
            Self::Integer(value) => Some(Integer::Small(*value).byte_len()),
            Self::BigInteger(value) => Some(value.byte_len()),
            _ => None,
        }
    }

    /// Calls a function with the item's bytes. The function must not change
    /// the item if it is a buffer.
    ///
    /// # Errors
    /// [`FaultKind::InvalidCast`] if the item is neither a primitive nor a buffer.
    pub fn with_bytes<R>(&self, f: impl FnOnce(&[u8]) -> R) -> Result<R, FaultKind> {
        match self {
            Self::ByteString(bytes) => Ok(f(bytes)),
            Self::Buffer(buffer) => Ok(buffer.with(f)),
            Self::Boolean(value) => Ok(f(&[u8::from(value.get())])),
            Self::Integer(value) => Ok(f(&Integer::Small(*value).to_le_bytes())),
            Self::BigInteger(value) => Ok(f(&Integer::Wide(value.get()).to_le_bytes())),
            _ => Err(FaultKind::InvalidCast),
        }
    }

    /// Returns the item's bytes as text; none for Null.
    ///
    /// # Errors
    /// [`FaultKind::InvalidCast`] for a type without bytes,
    /// [`FaultKind::NotUtf8`] for bytes that are not UTF-8.
    pub fn to_text(&self) -> Result<Option<String>, FaultKind> {
        self.check_text()?;
        if self.is_null() {
            return Ok(None);
        }
        Ok(Some(self.with_bytes(|bytes| String::from_utf8_lossy(bytes).into_owned())?))
    }

    /// Checks that the item is Null or its bytes are UTF-8. The result is
    /// remembered until the bytes change.
    ///
    /// # Errors
    /// Those of [`StackItem::to_text`].
    pub fn check_text(&self) -> Result<(), FaultKind> {
        let checked = match self {
            Self::Null => return Ok(()),
            Self::ByteString(bytes) => bytes.check_text(),
            Self::Buffer(buffer) => buffer.check_text(),
            item => item.with_bytes(|bytes| core::str::from_utf8(bytes).map(drop))?,
        };
        checked.or_else(|error| {
            let index = error.valid_up_to();
            Err(FaultKind::NotUtf8 { byte: self.with_bytes(|bytes| bytes[index])?, index })
        })
    }

    /// Converts the item to a type.
    ///
    /// # Errors
    /// [`FaultKind::InvalidCast`], or the fault of the reference engine where it
    /// has another, if there is no such conversion.
    pub fn convert(&self, to: ItemType) -> Result<Self, FaultKind> {
        match (self, to) {
            (Self::Null, ItemType::Any) => Err(FaultKind::ConvertNull(to.name().into())),
            (Self::Null, _) => Ok(Self::Null),
            (item, to) if item.item_type() == to => Ok(item.clone()),
            (item, ItemType::Integer) if item.is_primitive() => Ok(item.to_integer()?.into()),
            (item, ItemType::ByteString) if item.is_primitive() => {
                item.with_bytes(|bytes| Self::ByteString(ByteString::new(bytes)))
            }
            (item, ItemType::Buffer) if item.is_primitive() => {
                item.with_bytes(|bytes| Self::Buffer(Buffer::new(bytes)))
            }
            (Self::Buffer(buffer), ItemType::ByteString) => {
                Ok(buffer.with(|bytes| Self::ByteString(ByteString::new(bytes))))
            }
            (Self::Buffer(buffer), ItemType::Integer) => {
                let value = buffer.with(Integer::from_le_bytes).ok_or(FaultKind::InvalidCast)?;
                Ok(value.into())
            }
            (Self::Array(array), ItemType::Struct) => Ok(Self::Struct(Array::new(array.to_vec()))),
            (Self::Struct(array), ItemType::Array) => Ok(Self::Array(Array::new(array.to_vec()))),
            (item, ItemType::Boolean) => Ok(Self::from(item.to_boolean()?)),
            _ => Err(FaultKind::InvalidCast),
        }
    }

    /// Formats a map's key as fault messages show it.
    pub fn key_text(&self) -> String {
        match self {
            Self::Boolean(value) => if value.get() { "True" } else { "False" }.into(),
            Self::ByteString(bytes) => match core::str::from_utf8(bytes) {
                Ok(text) => format!("\"{text}\""),
                Err(_) => format!("\"Base64: {}\"", base64::prelude::BASE64_STANDARD.encode(&**bytes)),
            },
            item => item.to_integer().map_or_else(|_| String::new(), |value| format!("{value}")),
        }
    }
}
