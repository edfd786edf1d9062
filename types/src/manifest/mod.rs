//! Contract manifests: the name of a contract, its methods and events, and the
//! permissions it asks for.
//!
//! A manifest is accepted here if and only if a node accepts it when the
//! contract is deployed, except for what takes more than the manifest to know:
//! whether a group's key has signed the contract's hash, and whether an
//! instruction starts at each method's offset.
//!
//! Sources: `Manifest/*.cs` and `Helper.cs` of the reference node.

mod parameter_type;
mod read;
mod stored;
mod write;

use alloc::{
    format,
    string::{String, ToString},
    sync::Arc,
    vec::Vec,
};
use core::{fmt, str::FromStr};

use neovm_crypto::{Curve, Hash, verify};

pub use self::parameter_type::{ParameterType, ParseParameterTypeError};
pub use crate::public_key::{ParseKeyError, PublicKey};
use crate::{
    fault::FaultKind,
    hash::{Hash160, ParseHashError},
    item::{StackItem, binary},
    json::{Json, ParseJsonError},
    limits::Limits,
    text::shown,
};

/// A contract's manifest.
///
/// In JSON there is one more field, `features`, which must be an empty object.
#[derive(Clone, Debug, PartialEq)]
pub struct Manifest {
    /// The contract's name, not empty.
    pub name: String,
    /// The groups that the contract belongs to, each with a key of its own.
    pub groups: Vec<Group>,
    /// The standards that the contract follows, such as `NEP-17`.
    pub supported_standards: Vec<String>,
    /// The contract's methods and events.
    pub abi: Abi,
    /// What the contract may call.
    pub permissions: Vec<Permission>,
    /// The contracts that may call this one without a warning to the user.
    pub trusts: Wildcard<ContractDescriptor>,
    /// Data of the author's: an object, if there is any.
    pub extra: Option<Json>,
}

/// The methods and events of a contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Abi {
    /// The methods, at least one. No two have the same name and number of parameters.
    pub methods: Vec<Method>,
    /// The events. No two have the same name.
    pub events: Vec<Event>,
}

/// A method of a contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Method {
    /// The method's name, not empty.
    pub name: String,
    /// The parameters, each with a name of its own.
    pub parameters: Vec<Parameter>,
    /// The type of the value that the method returns.
    pub return_type: ParameterType,
    /// The position of the method's first instruction in the script. Not negative.
    pub offset: i32,
    /// Whether the method only reads: it is called without the flags for writing and notifying.
    pub safe: bool,
}

/// An event of a contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The event's name, not empty, which notifications share.
    pub name: Arc<str>,
    /// The parameters, each with a name of its own.
    pub parameters: Vec<Parameter>,
}

/// A parameter of a method or an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// The parameter's name, not empty.
    pub name: String,
    /// The parameter's type, never [`ParameterType::Void`].
    pub parameter_type: ParameterType,
}

/// A group that a contract belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The group's public key.
    pub pubkey: PublicKey,
    /// The signature of the contract's hash by that key.
    pub signature: [u8; 64],
}

/// A permission to call methods of other contracts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permission {
    /// The contracts that may be called.
    pub contract: ContractDescriptor,
    /// The methods of theirs that may be called.
    pub methods: Wildcard<String>,
}

/// A contract, the contracts of a group, or all contracts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ContractDescriptor {
    /// All contracts, written `*`.
    Any,
    /// The contract with this hash.
    Hash(Hash160),
    /// The contracts of the group with this key.
    Group(PublicKey),
}

/// Everything, or a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wildcard<T> {
    /// Everything, written `*`.
    Any,
    /// Only these.
    List(Vec<T>),
}

/// Why a node would refuse a manifest.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ManifestError {
    /// The text is longer than [`Manifest::MAX_LENGTH`].
    #[error("the manifest has {0} bytes, at most {limit} are allowed", limit = Manifest::MAX_LENGTH)]
    TooLong(usize),
    /// The text is not JSON.
    #[error("the manifest is not JSON: {0}")]
    Json(#[from] ParseJsonError),
    /// A field is wrong.
    #[error("manifest, {field}: {what}")]
    Field {
        /// The path of the field, such as `abi.methods[2].offset`.
        field: String,
        /// What is wrong with it.
        what: String,
    },
    /// The manifest is too large to be stored as a stack item; the fault is that of
    /// [`binary::serialize`] with the default limits.
    #[error("the manifest cannot be stored: {0}")]
    TooLarge(FaultKind),
}

impl Manifest {
    /// The largest number of bytes that a manifest's JSON may have.
    pub const MAX_LENGTH: usize = u16::MAX as usize;

    /// Parses a manifest. `groups`, `supportedstandards`, `permissions`,
    /// `extra` and the ABI's `events` may be missing or null.
    ///
    /// # Errors
    /// [`ManifestError`] for the first thing that is wrong.
    pub fn parse(json: &[u8]) -> Result<Self, ManifestError> {
        Self::parse_with_item(json).map(|(manifest, _)| manifest)
    }

    /// Parses a manifest as [`Manifest::parse`] does, and also returns its
    /// [item](Manifest::to_stack_item), which the last of the checks needs.
    ///
    /// # Errors
    /// Those of [`Manifest::parse`].
    pub fn parse_with_item(json: &[u8]) -> Result<(Self, StackItem), ManifestError> {
        if json.len() > Self::MAX_LENGTH {
            return Err(ManifestError::TooLong(json.len()));
        }
        let manifest = read::manifest(&Json::parse(json, Json::MAX_DEPTH)?)?;
        let Limits { max_item_size, max_stack_size, .. } = Limits::DEFAULT;
        let item = manifest.to_stack_item();
        match binary::serialize(&item, max_item_size as usize, max_stack_size as usize) {
            Ok(_) => Ok((manifest, item)),
            Err(fault) => Err(ManifestError::TooLarge(fault)),
        }
    }

    /// Returns the manifest as JSON, byte by byte as a node writes it. It may be
    /// longer than [`Manifest::MAX_LENGTH`], since characters are escaped.
    pub fn to_json(&self) -> String {
        Json::from(self).to_string()
    }
}

impl Abi {
    /// Returns the method with this name and number of parameters, or the first
    /// one with this name if the number is `None`.
    pub fn method(&self, name: &str, parameters: Option<usize>) -> Option<&Method> {
        let fits =
            |method: &&Method| method.name == name && parameters.is_none_or(|count| method.parameters.len() == count);
        self.methods.iter().find(fits)
    }
}

impl Group {
    /// Returns whether the group's key has signed the hash of this contract. A
    /// node deploys a contract only if that is so for all its groups.
    pub fn has_signed(&self, contract: Hash160) -> bool {
        verify(&contract.0, &self.pubkey.0, &self.signature, Curve::Secp256r1, Hash::Sha256).unwrap_or(false)
    }
}

/// As people write it: `add(a: Integer, b: Integer): Integer`.
impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({}): {}", self.name.escape_debug(), Parameters(&self.parameters), self.return_type)
    }
}

/// Parameters as people write them: `a: Integer, b: Integer`.
struct Parameters<'a>(&'a [Parameter]);

impl fmt::Display for Parameters<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, Parameter { name, parameter_type }) in self.0.iter().enumerate() {
            let separator = if i > 0 { ", " } else { "" };
            write!(f, "{separator}{}: {parameter_type}", name.escape_debug())?;
        }
        Ok(())
    }
}

impl Method {
    /// What a call has to give: `2 arguments (a: Integer, b: Integer)`.
    pub fn needs(&self) -> String {
        match self.parameters.len() {
            0 => "no arguments".into(),
            1 => format!("1 argument ({})", Parameters(&self.parameters)),
            count => format!("{count} arguments ({})", Parameters(&self.parameters)),
        }
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

/// A text that is neither `*` nor a script hash nor a public key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseContractError {
    /// A text with the length of a script hash is not one.
    #[error(transparent)]
    Hash(#[from] ParseHashError),
    /// A text with the length of a compressed public key is not one.
    #[error(transparent)]
    Key(#[from] ParseKeyError),
    /// The text has the length of neither.
    #[error("{0:?} is neither \"*\" nor a script hash of 42 characters nor a public key of 66")]
    Length(String),
}

impl FromStr for ContractDescriptor {
    type Err = ParseContractError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // The reference tells the kinds apart by their length alone, so a hash needs its 0x.
        match text.len() {
            42 => Ok(Self::Hash(text.parse()?)),
            66 => Ok(Self::Group(text.parse()?)),
            _ if text == "*" => Ok(Self::Any),
            _ => Err(ParseContractError::Length(shown(text).into())),
        }
    }
}
