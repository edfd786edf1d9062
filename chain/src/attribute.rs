//! Attributes of transactions.

use base64::{Engine, prelude::BASE64_STANDARD};
use neovm_types::{
    CallFlags, Hash160, Hash256, Script, ScriptBuilder,
    io::{ReadError, Reader, invalid, write_bytes},
    json::Json,
    text::count,
};

use crate::{
    byte_enum::byte_enum,
    contract::{built, contract_hash},
    json::{Field, FromJsonError},
};

byte_enum! {
    /// The type of an [`Attribute`], with the byte that stands for it.
    ///
    /// Source: `Payloads/TransactionAttributeType.cs`.
    pub enum AttributeType {
        /// The type of [`Attribute::HighPriority`].
        HighPriority = 0x01,
        /// The type of [`Attribute::OracleResponse`].
        OracleResponse = 0x11,
        /// The type of [`Attribute::NotValidBefore`].
        NotValidBefore = 0x20,
        /// The type of [`Attribute::Conflicts`].
        Conflicts = 0x21,
        /// The type of [`Attribute::NotaryAssisted`].
        NotaryAssisted = 0x22,
    }
}

byte_enum! {
    /// How an oracle request went.
    ///
    /// Source: `Payloads/OracleResponseCode.cs`.
    pub enum OracleResponseCode {
        /// There is a result.
        Success = 0x00,
        /// The protocol of the address is not supported.
        ProtocolNotSupported = 0x10,
        /// The oracle nodes do not agree on the result.
        ConsensusUnreachable = 0x12,
        /// There is nothing at the address.
        NotFound = 0x14,
        /// The answer took too long.
        Timeout = 0x16,
        /// The request is not permitted.
        Forbidden = 0x18,
        /// The result is too large.
        ResponseTooLarge = 0x1a,
        /// The GAS that was paid is not enough for the answer.
        InsufficientFunds = 0x1c,
        /// The type of the answer's content is not supported.
        ContentTypeNotSupported = 0x1f,
        /// Something else went wrong.
        Error = 0xff,
    }
}

/// An attribute of a transaction.
///
/// Sources: `Payloads/TransactionAttribute.cs` and the files named like the variants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attribute {
    /// The committee wants the transaction in the next block.
    HighPriority,
    /// The transaction answers an oracle request.
    OracleResponse(OracleResponse),
    /// The transaction is valid only in blocks above a height.
    NotValidBefore {
        /// The height that the chain must have reached.
        height: u32,
    },
    /// At most one of this transaction and another one can be in the chain.
    Conflicts {
        /// The hash of the other transaction.
        hash: Hash256,
    },
    /// The notary service collects signatures for the transaction.
    NotaryAssisted {
        /// The number of signatures that it collects.
        keys: u8,
    },
}

/// The answer to an oracle request.
///
/// Source: `Payloads/OracleResponse.cs`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OracleResponse {
    /// The number of the request.
    pub id: u64,
    /// How the request went.
    pub code: OracleResponseCode,
    /// The result; empty unless the code is [`OracleResponseCode::Success`].
    pub result: Vec<u8>,
}

impl Attribute {
    /// Returns the attribute's type.
    pub const fn attribute_type(&self) -> AttributeType {
        match self {
            Self::HighPriority => AttributeType::HighPriority,
            Self::OracleResponse(_) => AttributeType::OracleResponse,
            Self::NotValidBefore { .. } => AttributeType::NotValidBefore,
            Self::Conflicts { .. } => AttributeType::Conflicts,
            Self::NotaryAssisted { .. } => AttributeType::NotaryAssisted,
        }
    }

    /// Returns whether a transaction can have several attributes of this type.
    pub const fn allows_multiple(&self) -> bool {
        matches!(self, Self::Conflicts { .. })
    }

    /// Reads an attribute.
    ///
    /// # Errors
    /// [`ReadError`] for the first thing that is wrong, in the reference's order.
    pub fn read(reader: &mut Reader<'_>) -> Result<Self, ReadError> {
        let start = reader.offset();
        let byte = reader.u8("attribute's type")?;
        let unknown = || invalid(start, "attribute's type", format_args!("is {byte:#04x}, not a known one"));
        Ok(match AttributeType::from_byte(byte).ok_or_else(unknown)? {
            AttributeType::HighPriority => Self::HighPriority,
            AttributeType::OracleResponse => Self::OracleResponse(OracleResponse::read(reader)?),
            AttributeType::NotValidBefore => Self::NotValidBefore { height: reader.u32("attribute's height")? },
            AttributeType::Conflicts => Self::Conflicts { hash: reader.hash256("conflicting hash")? },
            AttributeType::NotaryAssisted => Self::NotaryAssisted { keys: reader.u8("number of keys")? },
        })
    }

    /// Appends the bytes of the attribute.
    pub fn write(&self, bytes: &mut Vec<u8>) {
        bytes.push(self.attribute_type() as u8);
        match self {
            Self::HighPriority => {}
            Self::OracleResponse(response) => response.write(bytes),
            Self::NotValidBefore { height } => bytes.extend(height.to_le_bytes()),
            Self::Conflicts { hash } => bytes.extend(hash.0),
            Self::NotaryAssisted { keys } => bytes.push(*keys),
        }
    }

    /// Returns the JSON form that nodes use.
    pub fn to_json(&self) -> Json {
        let mut members = vec![("type".into(), self.attribute_type().name().into())];
        let mut add = |key: &str, value| members.push((key.into(), value));
        match self {
            Self::HighPriority => {}
            Self::OracleResponse(OracleResponse { id, code, result }) => {
                // As in the node, beyond 2^53 the number is rounded.
                add("id", Json::Number(*id as f64));
                add("code", code.name().into());
                add("result", BASE64_STANDARD.encode(result).into());
            }
            Self::NotValidBefore { height } => add("height", Json::Number(f64::from(*height))),
            Self::Conflicts { hash } => add("hash", hash.to_string().into()),
            Self::NotaryAssisted { keys } => add("nkeys", Json::Number(f64::from(*keys))),
        }
        Json::Object(members)
    }

    /// Reads the JSON form that nodes use.
    ///
    /// # Errors
    /// [`FromJsonError`] for the first field that is wrong.
    pub fn from_json(json: &Json) -> Result<Self, FromJsonError> {
        Self::from_field(Field { path: "attribute".into(), value: json })
    }

    pub(crate) fn from_field(field: Field<'_>) -> Result<Self, FromJsonError> {
        let json = field.object()?;
        Ok(match json.required("type")?.parse(str::parse)? {
            AttributeType::HighPriority => Self::HighPriority,
            AttributeType::OracleResponse => Self::OracleResponse(OracleResponse {
                id: json.required("id")?.integer()?,
                code: json.required("code")?.parse(str::parse)?,
                result: json.required("result")?.bytes()?,
            }),
            AttributeType::NotValidBefore => Self::NotValidBefore { height: json.required("height")?.integer()? },
            AttributeType::Conflicts => Self::Conflicts { hash: json.required("hash")?.parse(str::parse)? },
            AttributeType::NotaryAssisted => Self::NotaryAssisted { keys: json.required("nkeys")?.integer()? },
        })
    }
}

impl OracleResponse {
    /// The largest size of a result, in bytes.
    pub const MAX_RESULT_SIZE: usize = u16::MAX as usize;

    /// Returns the script that every transaction with an oracle response has: it
    /// calls `finish` of the native contract `OracleContract`.
    pub fn fixed_script() -> Script {
        let oracle = contract_hash(Hash160::default(), 0, "OracleContract");
        let mut script = ScriptBuilder::new();
        script.dynamic_call(oracle, "finish", CallFlags::ALL, &[]);
        built(&script)
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, ReadError> {
        let id = reader.u64("request's number")?;
        let start = reader.offset();
        let byte = reader.u8("response code")?;
        let unknown = || invalid(start, "response code", format_args!("is {byte:#04x}, not a known one"));
        let code = OracleResponseCode::from_byte(byte).ok_or_else(unknown)?;
        let start = reader.offset();
        let result = reader.bytes("oracle's result", Self::MAX_RESULT_SIZE)?.to_vec();
        if code != OracleResponseCode::Success && !result.is_empty() {
            let size = count(result.len() as u64, "byte");
            let what = format_args!("has {size}, although the response code is {code}");
            return Err(invalid(start, "oracle's result", what));
        }
        Ok(Self { id, code, result })
    }

    fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend(self.id.to_le_bytes());
        bytes.push(self.code as u8);
        write_bytes(bytes, &self.result);
    }
}
