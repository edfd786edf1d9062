//! Headers of blocks.

use std::ops::Deref;

use neovm_crypto::{address_from_script_hash, script_hash_from_address, sha256};
use neovm_types::{
    Hash160, Hash256, StackItem,
    io::{ReadError, Reader, invalid, write_list},
    json::Json,
};

use crate::{
    json::{FromJsonError, Object, number, object},
    sign_data,
    witness::Witness,
};

/// The part of a header that is hashed and signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnsignedHeader {
    /// The version of the format: 0.
    pub version: u32,
    /// The hash of the block before; zero for the first one.
    pub previous_hash: Hash256,
    /// The Merkle root of the transactions' hashes.
    pub merkle_root: Hash256,
    /// The time in milliseconds since 1970-01-01 UTC.
    pub timestamp: u64,
    /// A random number of the node that proposed the block.
    pub nonce: u64,
    /// The height of the block: 0 for the first one.
    pub index: u32,
    /// The position of the node that proposed the block among the consensus nodes.
    pub primary_index: u8,
    /// The account that has to sign the next block.
    pub next_consensus: Hash160,
}

impl UnsignedHeader {
    /// The header of an empty block that follows another one at the same time, if there can be one: it lies at the
    /// next height, and whatever else the next block has is for its maker to set.
    pub fn following(last: &Header) -> Option<Self> {
        Some(Self {
            version: 0,
            previous_hash: last.hash(),
            merkle_root: Hash256::default(),
            timestamp: last.timestamp,
            nonce: 0,
            index: last.index.checked_add(1)?,
            primary_index: 0,
            next_consensus: last.next_consensus,
        })
    }

    /// Reads the unsigned part of a header.
    ///
    /// # Errors
    /// [`ReadError`] for the first thing that is wrong, in the reference's order.
    pub fn read(reader: &mut Reader<'_>) -> Result<Self, ReadError> {
        let start = reader.offset();
        let version = reader.u32("header's version")?;
        if version > 0 {
            return Err(invalid(start, "header's version", format_args!("is {version}, not 0")));
        }
        Ok(Self {
            version,
            previous_hash: reader.hash256("previous hash")?,
            merkle_root: reader.hash256("Merkle root")?,
            timestamp: reader.u64("timestamp")?,
            nonce: reader.u64("nonce")?,
            index: reader.u32("index")?,
            primary_index: reader.u8("primary index")?,
            next_consensus: reader.hash160("next consensus")?,
        })
    }

    /// Appends the bytes that are hashed.
    pub fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend(self.version.to_le_bytes());
        bytes.extend(self.previous_hash.0);
        bytes.extend(self.merkle_root.0);
        bytes.extend(self.timestamp.to_le_bytes());
        bytes.extend(self.nonce.to_le_bytes());
        bytes.extend(self.index.to_le_bytes());
        bytes.push(self.primary_index);
        bytes.extend(self.next_consensus.0);
    }

    /// Returns the hash of the block: SHA-256 of the header's unsigned part.
    pub fn hash(&self) -> Hash256 {
        let mut bytes = Vec::with_capacity(128);
        self.write(&mut bytes);
        Hash256(sha256(&bytes))
    }

    /// Returns the bytes that the consensus nodes sign on a network. The network is
    /// the magic number of its configuration.
    pub fn sign_data(&self, network: u32) -> [u8; 36] {
        sign_data(&self.hash(), network)
    }

    /// Returns the header with this witness.
    ///
    /// # Errors
    /// [`ReadError`] if the header could not be read again: if the version is not 0
    /// or the witness is too large.
    pub fn sign(&self, witness: &Witness) -> Result<Header, ReadError> {
        let mut bytes = Vec::new();
        self.write(&mut bytes);
        write_list(&mut bytes, std::slice::from_ref(witness), Witness::write);
        Header::parse(&bytes)
    }
}

/// The header of a block, with the witness of the consensus nodes.
///
/// A header cannot be changed, so its hash is computed once. It dereferences to its
/// [`UnsignedHeader`]: `header.index`, `header.timestamp`. Headers are equal if their
/// hashes are, whatever their witnesses.
///
/// Source: `Payloads/Header.cs`.
#[derive(Clone, Debug)]
pub struct Header {
    unsigned: UnsignedHeader,
    witness: Witness,
    hash: Hash256,
}

impl Header {
    /// Parses a header. As in the reference, bytes after it are ignored.
    ///
    /// # Errors
    /// [`ReadError`] for the first thing that is wrong, in the reference's order.
    pub fn parse(bytes: &[u8]) -> Result<Self, ReadError> {
        Self::read(&mut Reader::new(bytes))
    }

    /// Reads a header.
    ///
    /// # Errors
    /// [`ReadError`] for the first thing that is wrong, in the reference's order.
    pub fn read(reader: &mut Reader<'_>) -> Result<Self, ReadError> {
        let unsigned = UnsignedHeader::read(reader)?;
        let start = reader.offset();
        let witnesses = reader.list("header's list of witnesses", 1, Witness::read)?;
        let Ok([witness]) = <[Witness; 1]>::try_from(witnesses) else {
            return Err(invalid(start, "header's list of witnesses", format_args!("is empty")));
        };
        let hash = unsigned.hash();
        Ok(Self { unsigned, witness, hash })
    }

    /// Appends the bytes of the header.
    pub fn write(&self, bytes: &mut Vec<u8>) {
        self.unsigned.write(bytes);
        write_list(bytes, std::slice::from_ref(&self.witness), Witness::write);
    }

    /// Returns the bytes of the header.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(1024);
        self.write(&mut bytes);
        bytes
    }

    /// Returns the hash, which identifies the block.
    pub const fn hash(&self) -> Hash256 {
        self.hash
    }

    /// Returns the number of bytes that [`Header::to_bytes`] returns.
    pub fn size(&self) -> usize {
        self.to_bytes().len()
    }

    /// Returns the witness of the consensus nodes.
    pub const fn witness(&self) -> &Witness {
        &self.witness
    }

    /// Returns the part of the header that is hashed and signed.
    pub const fn unsigned(&self) -> &UnsignedHeader {
        &self.unsigned
    }

    /// Returns the bytes that the consensus nodes sign on a network. The network is
    /// the magic number of its configuration.
    pub fn sign_data(&self, network: u32) -> [u8; 36] {
        sign_data(&self.hash, network)
    }

    /// Returns a block with this header and a number of transactions as contracts
    /// see it: an array of the hash, version, previous hash, Merkle root, timestamp,
    /// nonce, index, primary index, next consensus and number of transactions.
    ///
    /// Source: `Native/TrimmedBlock.cs`.
    pub fn to_stack_item(&self, transactions: usize) -> StackItem {
        StackItem::array([
            self.hash.0.into(),
            self.version.into(),
            self.previous_hash.0.into(),
            self.merkle_root.0.into(),
            self.timestamp.into(),
            self.nonce.into(),
            self.index.into(),
            self.primary_index.into(),
            self.next_consensus.into(),
            transactions.into(),
        ])
    }

    /// Returns the JSON form that nodes use, with the next consensus as an address of
    /// this version.
    pub fn to_json(&self, address_version: u8) -> Json {
        self.to_json_with_size(self.size(), address_version)
    }

    /// Reads the JSON form that nodes use, with addresses of this version. The hash is
    /// checked if it is there; the size follows from the rest and is not read.
    ///
    /// # Errors
    /// [`FromJsonError`] for the first field that is wrong.
    pub fn from_json(json: &Json, address_version: u8) -> Result<Self, FromJsonError> {
        Self::from_object(&Object::new(json, "header")?, address_version)
    }

    /// Reads a header from what it says of itself or of its block.
    pub(crate) fn from_object(json: &Object<'_>, address_version: u8) -> Result<Self, FromJsonError> {
        let address = |text: &str| script_hash_from_address(text, address_version);
        let unsigned = UnsignedHeader {
            version: json.required("version")?.integer()?,
            previous_hash: json.required("previousblockhash")?.parse(str::parse)?,
            merkle_root: json.required("merkleroot")?.parse(str::parse)?,
            timestamp: json.required("time")?.integer()?,
            nonce: json.required("nonce")?.parse(|text| u64::from_str_radix(text, 16))?,
            index: json.required("index")?.integer()?,
            primary_index: json.required("primary")?.integer()?,
            next_consensus: Hash160(json.required("nextconsensus")?.parse(address)?),
        };
        let witnesses = json.required("witnesses")?;
        let Ok([witness]) = <[Witness; 1]>::try_from(witnesses.list(1, Witness::from_field)?) else {
            return Err(FromJsonError::new(witnesses.path, "is empty"));
        };
        let header = unsigned.sign(&witness).map_err(|error| FromJsonError::new(json.path(), error))?;
        json.check("hash", &header.hash.to_string())?;
        Ok(header)
    }

    /// Returns the JSON form with the size of the header or of its block.
    pub(crate) fn to_json_with_size(&self, size: usize, address_version: u8) -> Json {
        object([
            ("hash", self.hash.to_string().into()),
            ("size", number(size as f64)),
            ("version", number(self.version)),
            ("previousblockhash", self.previous_hash.to_string().into()),
            ("merkleroot", self.merkle_root.to_string().into()),
            ("time", number(self.timestamp as f64)),
            ("nonce", format!("{:016X}", self.nonce).into()),
            ("index", number(self.index)),
            ("primary", number(self.primary_index)),
            ("nextconsensus", address_from_script_hash(self.next_consensus.0, address_version).into()),
            ("witnesses", [self.witness.to_json()].into_iter().collect()),
        ])
    }
}

impl Deref for Header {
    type Target = UnsignedHeader;

    fn deref(&self) -> &UnsignedHeader {
        &self.unsigned
    }
}

impl PartialEq for Header {
    fn eq(&self, other: &Self) -> bool {
        self.hash == other.hash
    }
}

impl Eq for Header {}
