//! Witnesses: what proves that an account agrees.

use base64::{Engine, prelude::BASE64_STANDARD};
use neovm_types::{
    Hash160, Script,
    io::{ReadError, Reader, write_bytes},
    json::Json,
};

use crate::json::{Field, FromJsonError, object};

/// Two scripts, run one after the other, that prove that an account agrees.
///
/// Source: `Payloads/Witness.cs`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    /// The script that pushes the arguments of the verification script: signatures.
    pub invocation: Script,
    /// The script whose hash is the account. It is empty if the account is a
    /// deployed contract, whose method `verify` is called instead.
    pub verification: Script,
}

impl Witness {
    /// The largest size of each of the two scripts, in bytes.
    pub const MAX_SCRIPT_SIZE: usize = 1024;

    /// Returns a witness without scripts, as transactions have in test runs.
    pub fn empty() -> Self {
        Self { invocation: Script::new([]), verification: Script::new([]) }
    }

    /// Returns the hash of the verification script.
    pub fn script_hash(&self) -> Hash160 {
        self.verification.hash()
    }

    /// Reads a witness.
    ///
    /// # Errors
    /// [`ReadError`] if the bytes end too early or a script is larger than
    /// [`Witness::MAX_SCRIPT_SIZE`].
    pub fn read(reader: &mut Reader<'_>) -> Result<Self, ReadError> {
        let invocation = reader.bytes("invocation script", Self::MAX_SCRIPT_SIZE)?.into();
        let verification = reader.bytes("verification script", Self::MAX_SCRIPT_SIZE)?.into();
        Ok(Self { invocation, verification })
    }

    /// Appends the bytes of the witness.
    pub fn write(&self, bytes: &mut Vec<u8>) {
        write_bytes(bytes, self.invocation.bytes());
        write_bytes(bytes, self.verification.bytes());
    }

    /// Returns the JSON form that nodes use.
    pub fn to_json(&self) -> Json {
        object([
            ("invocation", BASE64_STANDARD.encode(self.invocation.bytes()).into()),
            ("verification", BASE64_STANDARD.encode(self.verification.bytes()).into()),
        ])
    }

    /// Reads the JSON form that nodes use. A script that is missing is empty.
    ///
    /// # Errors
    /// [`FromJsonError`] for the first field that is wrong.
    pub fn from_json(json: &Json) -> Result<Self, FromJsonError> {
        Self::from_field(Field { path: "witness".into(), value: json })
    }

    pub(crate) fn from_field(field: Field<'_>) -> Result<Self, FromJsonError> {
        let witness = field.object()?;
        let script = |key| match witness.optional(key) {
            None => Ok(Script::new([])),
            Some(field) => field.bytes().map(Script::from),
        };
        Ok(Self { invocation: script("invocation")?, verification: script("verification")? })
    }
}
