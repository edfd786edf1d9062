//! Contract manifests: what a contract is called, what it offers, and what it
//! asks for.
//!
//! Sources: `Manifest/*.cs`, `ContractParameterType.cs` and `Helper.cs` of the
//! reference node. Keys of public keys are checked for their form only, not for
//! lying on the curve.

mod read;

use alloc::{format, string::String, vec::Vec};
use core::{fmt, str::FromStr};

use serde::{Serialize, Serializer, ser::SerializeSeq};
use serde_json::{Map, Value};

use crate::hash::{Hash160, ParseHashError};

/// A contract's manifest.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Manifest {
    /// The contract's name.
    pub name: String,
    /// The groups of contracts that it belongs to.
    pub groups: Vec<Group>,
    /// Reserved by the reference: always empty.
    pub features: Map<String, Value>,
    /// The standards that it keeps, `NEP-17` for example.
    #[serde(rename = "supportedstandards")]
    pub supported_standards: Vec<String>,
    /// Its methods and events.
    pub abi: Abi,
    /// What it may call.
    pub permissions: Vec<Permission>,
    /// Whose calls need no warning.
    pub trusts: Wildcard<ContractDescriptor>,
    /// What its author wants to tell. Keys come in their order.
    pub extra: Option<Map<String, Value>>,
}

/// A contract's methods and events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Abi {
    /// The methods: no two have the same name and number of parameters.
    pub methods: Vec<Method>,
    /// The events: no two have the same name.
    pub events: Vec<Event>,
}

/// A method.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Method {
    /// Its name.
    pub name: String,
    /// Its parameters: no two have the same name.
    pub parameters: Vec<Parameter>,
    /// The type of what it returns.
    #[serde(rename = "returntype")]
    pub return_type: ParameterType,
    /// Where it starts in the script, in bytes; not negative.
    pub offset: i32,
    /// Whether it changes nothing: it is called with flags for reading only.
    pub safe: bool,
}

/// An event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Event {
    /// Its name.
    pub name: String,
    /// Its parameters: no two have the same name.
    pub parameters: Vec<Parameter>,
}

/// A parameter of a method or an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Its type, not [`ParameterType::Void`].
    #[serde(rename = "type")]
    pub parameter_type: ParameterType,
}

/// The type of a parameter or of what a method returns, with its byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[repr(u8)]
pub enum ParameterType {
    /// Any.
    Any = 0x00,
    /// True or false.
    Boolean = 0x10,
    /// An integer.
    Integer = 0x11,
    /// Bytes.
    ByteArray = 0x12,
    /// UTF-8 text.
    String = 0x13,
    /// A script hash, 20 bytes.
    Hash160 = 0x14,
    /// A hash of 32 bytes.
    Hash256 = 0x15,
    /// A public key, 33 bytes.
    PublicKey = 0x16,
    /// A signature, 64 bytes.
    Signature = 0x17,
    /// An array or struct.
    Array = 0x20,
    /// A map.
    Map = 0x22,
    /// An object of the host.
    InteropInterface = 0x30,
    /// Nothing; for returns only.
    Void = 0xff,
}

/// A group of contracts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Group {
    /// The group's key.
    pub pubkey: PublicKey,
    /// The signature of the contract's hash with that key.
    #[serde(serialize_with = "base64_text")]
    pub signature: [u8; 64],
}

/// Methods that a contract may call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Permission {
    /// Of which contracts.
    pub contract: ContractDescriptor,
    /// Which methods.
    pub methods: Wildcard<String>,
}

/// One contract, those of a group, or all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ContractDescriptor {
    /// All.
    Any,
    /// The one with that hash.
    Hash(Hash160),
    /// Those of the group with that key.
    Group(PublicKey),
}

/// Everything, or a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wildcard<T> {
    /// Everything: `*`.
    Any,
    /// Those in the list.
    List(Vec<T>),
}

/// A compressed public key of secp256r1: a sign byte and 32 bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PublicKey(pub [u8; 33]);

/// What is wrong with a manifest, and in which field.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// The text is longer than [`Manifest::MAX_LENGTH`].
    #[error("the manifest has {0} bytes, at most {limit} are allowed", limit = Manifest::MAX_LENGTH)]
    TooLong(usize),
    /// The text is no JSON.
    #[error("the manifest is no JSON: {0}")]
    Json(String),
    /// A field is wrong.
    #[error("manifest, {field}: {what}")]
    Field {
        /// The field, `abi.methods[2].offset` for example.
        field: String,
        /// What is wrong.
        what: String,
    },
}

impl Manifest {
    /// The most bytes of a manifest's text.
    pub const MAX_LENGTH: usize = u16::MAX as usize;

    /// The manifest of a JSON text. Lists that are missing are empty.
    ///
    /// # Errors
    /// [`ManifestError`] for the first field that is wrong.
    pub fn parse(json: &[u8]) -> Result<Self, ManifestError> {
        if json.len() > Self::MAX_LENGTH {
            return Err(ManifestError::TooLong(json.len()));
        }
        let value = crate::json::parse(json).map_err(|error| ManifestError::Json(format!("{error}")))?;
        read::manifest(&value)
    }

    /// The manifest as compact JSON, the fields in the reference's order.
    pub fn to_json(&self) -> String {
        // Texts, numbers and lists: nothing here that has no JSON form.
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl Abi {
    /// The method of a name and number of parameters; without the latter the
    /// first one of that name.
    pub fn method(&self, name: &str, parameters: Option<usize>) -> Option<&Method> {
        let fits =
            |method: &&Method| method.name == name && parameters.is_none_or(|count| method.parameters.len() == count);
        self.methods.iter().find(fits)
    }
}

impl ParameterType {
    /// All types.
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

    /// The type of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.name() == name)
    }

    /// Its name.
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

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A text that is no public key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a compressed public key: 66 hexadecimal digits, 02 or 03 first")]
pub struct ParseKeyError(pub String);

impl FromStr for PublicKey {
    type Err = ParseKeyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || ParseKeyError(text.chars().take(80).collect());
        if text.len() != 66 || !text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(error());
        }
        let mut key = [0; 33];
        for (i, byte) in key.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[2 * i..2 * i + 2], 16).map_err(|_| error())?;
        }
        if matches!(key[0], 2 | 3) { Ok(Self(key)) } else { Err(error()) }
    }
}

impl fmt::Display for ContractDescriptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("*"),
            Self::Hash(hash) => hash.fmt(f),
            Self::Group(key) => key.fmt(f),
        }
    }
}

impl FromStr for ContractDescriptor {
    type Err = ParseHashError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "*" {
            return Ok(Self::Any);
        }
        match text.parse() {
            Ok(key) => Ok(Self::Group(key)),
            Err(_) => text.parse().map(Self::Hash),
        }
    }
}

impl Serialize for PublicKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for ContractDescriptor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<T: Serialize> Serialize for Wildcard<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self::List(items) = self else { return serializer.serialize_str("*") };
        let mut list = serializer.serialize_seq(Some(items.len()))?;
        items.iter().try_for_each(|item| list.serialize_element(item))?;
        list.end()
    }
}

fn base64_text<S: Serializer>(bytes: &[u8; 64], serializer: S) -> Result<S::Ok, S::Error> {
    use base64::{Engine, prelude::BASE64_STANDARD};
    serializer.collect_str(&BASE64_STANDARD.encode(bytes))
}
