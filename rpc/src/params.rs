//! The parameters of a call, as the reference reads them.
//!
//! Sources: `ParameterConverter.cs` of the plugin RpcServer of the reference node, and
//! `AsString`, `AsBoolean` and `AsNumber` in `Neo.Json/*.cs`.

use neovm_crypto::script_hash_from_address;
use neovm_types::{Hash160, Hash256, base64, json::Json};

use crate::{
    error::{ErrorKind, RpcError},
    methods::Method,
};

type Result<T> = std::result::Result<T, RpcError>;

/// The parameters of a call.
#[derive(Clone, Copy, Debug)]
pub struct Params<'a> {
    method: &'static Method,
    values: &'a [Json],
}

impl<'a> Params<'a> {
    /// The parameters of a call of a method.
    pub const fn new(method: &'static Method, values: &'a [Json]) -> Self {
        Self { method, values }
    }

    /// Returns a parameter, unless it is missing or null.
    pub(crate) fn optional(&self, index: usize) -> Option<&'a Json> {
        self.values.get(index).filter(|value| **value != Json::Null)
    }

    /// Returns a parameter that must be there.
    pub(crate) fn required(&self, index: usize) -> Result<&'a Json> {
        self.optional(index).ok_or_else(|| {
            let name = self.method.parameters.get(index).map_or("", |parameter| parameter.name);
            ErrorKind::InvalidParams.with(format_args!("Required parameter '{name}' is missing"))
        })
    }

    /// A text. Whatever is no text is shown as one.
    pub(crate) fn text(&self, index: usize) -> Result<String> {
        self.required(index).map(as_text)
    }

    /// A Boolean, false if it is missing. A text is true unless it is empty, a number unless it is 0.
    pub(crate) fn boolean(&self, index: usize) -> bool {
        self.optional(index).is_some_and(as_boolean)
    }

    /// A whole number of a type: below 2^53, as all numbers of JSON, and written as a text or with a fraction of zero
    /// if need be.
    ///
    /// Source: `ParameterConverter.cs` (`ToNumeric`).
    pub(crate) fn integer<T: Whole>(&self, index: usize) -> Result<T> {
        let value = self.required(index)?;
        let number = as_number(value);
        let is_whole = number.abs() <= MAX_SAFE_INTEGER && number % 1.0 == 0.0;
        let whole = if is_whole { T::try_from(number as i64).ok() } else { None };
        whole.ok_or_else(|| invalid(T::KIND, value))
    }

    /// A whole number of a type, if it is there.
    pub(crate) fn optional_integer<T: Whole>(&self, index: usize) -> Result<Option<T>> {
        self.optional(index).map(|_| self.integer(index)).transpose()
    }

    /// The hash of a block or a transaction.
    pub(crate) fn hash256(&self, index: usize) -> Result<Hash256> {
        let value = self.required(index)?;
        value.as_str().and_then(|text| text.parse().ok()).ok_or_else(|| invalid("UInt256", value))
    }

    /// The hash of a contract.
    pub(crate) fn hash160(&self, index: usize) -> Result<Hash160> {
        let value = self.required(index)?;
        value.as_str().and_then(|text| text.parse().ok()).ok_or_else(|| invalid("UInt160", value))
    }

    /// An account: its hash or its address.
    pub(crate) fn account(&self, index: usize, address_version: u8) -> Result<Hash160> {
        let value = self.required(index)?;
        value
            .as_str()
            .and_then(|text| account(text, address_version))
            .ok_or_else(|| invalid("address or script hash", value))
    }

    /// Bytes in base64, which may be broken into lines.
    pub(crate) fn bytes(&self, index: usize) -> Result<Vec<u8>> {
        let value = self.required(index)?;
        let bytes = value.as_str().and_then(|text| base64::decode(text).ok());
        bytes.ok_or_else(|| invalid("Base64-encoded bytes", value))
    }

    /// A list, empty if it is missing.
    pub(crate) fn list(&self, index: usize) -> Result<&'a [Json]> {
        match self.optional(index) {
            None => Ok(&[]),
            Some(Json::Array(values)) => Ok(values),
            Some(value) => Err(invalid("array", value)),
        }
    }
}

/// A type of whole numbers, with what the reference calls a value of it.
pub(crate) trait Whole: TryFrom<i64> {
    const KIND: &'static str;
}

impl Whole for u32 {
    const KIND: &'static str = "System.UInt32 value";
}

impl Whole for i32 {
    const KIND: &'static str = "System.Int32 value";
}

impl Whole for u64 {
    const KIND: &'static str = "System.UInt64 value";
}

/// The greatest number up to which JSON has all whole numbers.
const MAX_SAFE_INTEGER: f64 = ((1u64 << 53) - 1) as f64;

/// A value as a number, which is not one for what has none.
fn as_number(value: &Json) -> f64 {
    match value {
        Json::Number(number) => *number,
        Json::Bool(value) => f64::from(u8::from(*value)),
        Json::String(text) if text.is_empty() => 0.0,
        Json::String(text) => trimmed(text).parse().unwrap_or(f64::NAN),
        _ => f64::NAN,
    }
}

/// A value as a Boolean.
pub(crate) fn as_boolean(value: &Json) -> bool {
    match value {
        Json::Null => false,
        Json::Bool(value) => *value,
        Json::Number(value) => *value != 0.0,
        Json::String(text) => !text.is_empty(),
        Json::Array(_) | Json::Object(_) => true,
    }
}

/// A text without the white space that .NET allows around a number.
pub(crate) fn trimmed(text: &str) -> &str {
    text.trim_matches(['\t', '\n', '\u{b}', '\u{c}', '\r', ' '])
}

/// A value as a text.
pub(crate) fn as_text(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// An account from its hash or its address.
pub(crate) fn account(text: &str, address_version: u8) -> Option<Hash160> {
    text.parse().ok().or_else(|| script_hash_from_address(text, address_version).ok().map(Hash160))
}

/// The error for a value that is none of a type.
pub(crate) fn invalid(what: &str, value: &Json) -> RpcError {
    let shown: String = value.to_string().chars().take(200).collect();
    ErrorKind::InvalidParams.with(format_args!("Invalid {what}: {shown}"))
}
