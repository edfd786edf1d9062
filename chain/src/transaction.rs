//! Transactions.

use std::{collections::HashSet, fmt, ops::Deref};

use base64::{Engine, prelude::BASE64_STANDARD};
use neovm_crypto::{address_from_script_hash, sha256};
use neovm_types::{
    Hash160, Hash256, Script, StackItem,
    io::{ReadError, Reader, invalid, write_bytes, write_list},
    json::Json,
    text::count,
};

use crate::{
    attribute::Attribute,
    json::{Field, FromJsonError, number, object},
    sign_data,
    signer::Signer,
    witness::Witness,
};

/// The part of a transaction that is hashed and signed.
///
/// With witnesses it becomes a [`Transaction`], see [`UnsignedTransaction::sign`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnsignedTransaction {
    /// The version of the format: 0.
    pub version: u8,
    /// A random number, so that transactions that do the same differ.
    pub nonce: u32,
    /// The fee for running the script, in datoshi.
    pub system_fee: i64,
    /// The fee for the size and the witnesses, in datoshi.
    pub network_fee: i64,
    /// The last block that the transaction can be in.
    pub valid_until_block: u32,
    /// The accounts that agree; at least one, all different. The first, the sender,
    /// pays the fees.
    pub signers: Vec<Signer>,
    /// The attributes. Together with the signers there are at most 16.
    pub attributes: Vec<Attribute>,
    /// The script that runs, from 1 to 65,535 bytes.
    pub script: Script,
}

impl UnsignedTransaction {
    /// Reads the unsigned part of a transaction.
    ///
    /// # Errors
    /// [`ReadError`] for the first thing that is wrong, in the reference's order.
    pub fn read(reader: &mut Reader<'_>) -> Result<Self, ReadError> {
        Rules::Network.read_unsigned(reader)
    }

    /// Appends the bytes that are hashed.
    pub fn write(&self, bytes: &mut Vec<u8>) {
        bytes.push(self.version);
        bytes.extend(self.nonce.to_le_bytes());
        bytes.extend(self.system_fee.to_le_bytes());
        bytes.extend(self.network_fee.to_le_bytes());
        bytes.extend(self.valid_until_block.to_le_bytes());
        write_list(bytes, &self.signers, Signer::write);
        write_list(bytes, &self.attributes, Attribute::write);
        write_bytes(bytes, self.script.bytes());
    }

    /// Returns the hash of the transaction: SHA-256 of its unsigned part.
    pub fn hash(&self) -> Hash256 {
        let mut bytes = Vec::with_capacity(256);
        self.write(&mut bytes);
        Hash256(sha256(&bytes))
    }

    /// Returns the bytes that the signers sign on a network. The network is the
    /// magic number of its configuration.
    pub fn sign_data(&self, network: u32) -> [u8; 36] {
        sign_data(&self.hash(), network)
    }

    /// Returns the transaction with these witnesses, one for each signer.
    ///
    /// # Errors
    /// [`ReadError`] if nodes would not read the transaction: if a limit is exceeded,
    /// a signer occurs twice, or the number of witnesses is wrong.
    pub fn sign(&self, witnesses: &[Witness]) -> Result<Transaction, ReadError> {
        Transaction::parse(&self.with(witnesses))
    }

    /// Returns the transaction with empty witnesses, for test runs. Like
    /// [`Transaction::parse_lenient`], it allows what nodes would refuse.
    ///
    /// # Errors
    /// [`ReadError`] if there are no signers, or more lists or elements than
    /// can be read.
    pub fn with_empty_witnesses(&self) -> Result<Transaction, ReadError> {
        Transaction::parse_lenient(&self.with(&vec![Witness::empty(); self.signers.len()]))
    }

    fn with(&self, witnesses: &[Witness]) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.write(&mut bytes);
        write_list(&mut bytes, witnesses, Witness::write);
        bytes
    }
}

/// What is refused when a transaction is read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rules {
    /// All that nodes refuse.
    Network,
    /// What cannot be represented. The rest is allowed, as in transactions that the
    /// reference makes for test runs.
    TestRun,
}

impl Rules {
    /// Returns an error if a rule of the network is broken and matters.
    fn refuse(
        self,
        broken: bool,
        offset: usize,
        field: &'static str,
        what: fmt::Arguments<'_>,
    ) -> Result<(), ReadError> {
        if broken && self == Self::Network { Err(invalid(offset, field, what)) } else { Ok(()) }
    }

    fn read_unsigned(self, reader: &mut Reader<'_>) -> Result<UnsignedTransaction, ReadError> {
        let start = reader.offset();
        let version = reader.u8("version")?;
        self.refuse(version > 0, start, "version", format_args!("is {version}, not 0"))?;
        let nonce = reader.u32("nonce")?;
        let system_fee = self.read_fee(reader, "system fee")?;
        let start = reader.offset();
        let network_fee = self.read_fee(reader, "network fee")?;
        let what = format_args!("is {network_fee}, too much beside a system fee of {system_fee}");
        self.refuse(system_fee.checked_add(network_fee).is_none(), start, "network fee", what)?;
        let valid_until_block = reader.u32("last valid block")?;
        let signers = self.read_signers(reader)?;
        let attributes = self.read_attributes(reader, Transaction::MAX_ATTRIBUTES - signers.len())?;
        let start = reader.offset();
        let limit = if self == Self::Network { Transaction::MAX_SCRIPT_SIZE } else { usize::MAX };
        let script = Script::from(reader.bytes("script", limit)?);
        self.refuse(script.is_empty(), start, "script", format_args!("is empty"))?;
        Ok(UnsignedTransaction {
            version,
            nonce,
            system_fee,
            network_fee,
            valid_until_block,
            signers,
            attributes,
            script,
        })
    }

    fn read_fee(self, reader: &mut Reader<'_>, field: &'static str) -> Result<i64, ReadError> {
        let start = reader.offset();
        let fee = reader.i64(field)?;
        self.refuse(fee < 0, start, field, format_args!("is {fee}, below 0"))?;
        Ok(fee)
    }

    fn read_signers(self, reader: &mut Reader<'_>) -> Result<Vec<Signer>, ReadError> {
        let list_start = reader.offset();
        let mut accounts = HashSet::new();
        let signers = reader.list("list of signers", Transaction::MAX_ATTRIBUTES, |reader| {
            let start = reader.offset();
            let signer = Signer::read(reader)?;
            let what = format_args!("{} occurs twice", signer.account);
            self.refuse(!accounts.insert(signer.account), start, "signer", what)?;
            Ok(signer)
        })?;
        if signers.is_empty() {
            return Err(invalid(list_start, "list of signers", format_args!("is empty")));
        }
        Ok(signers)
    }

    fn read_attributes(self, reader: &mut Reader<'_>, limit: usize) -> Result<Vec<Attribute>, ReadError> {
        let mut types = HashSet::new();
        reader.list("list of attributes", limit, |reader| {
            let start = reader.offset();
            let attribute = Attribute::read(reader)?;
            let attribute_type = attribute.attribute_type();
            let again = !attribute.allows_multiple() && !types.insert(attribute_type);
            self.refuse(again, start, "attribute", format_args!("{attribute_type} occurs twice"))?;
            Ok(attribute)
        })
    }

    fn read(self, reader: &mut Reader<'_>) -> Result<Transaction, ReadError> {
        let start = reader.offset();
        let unsigned = self.read_unsigned(reader)?;
        let signers = unsigned.signers.len();
        let witnesses_start = reader.offset();
        let witnesses = reader.list("list of witnesses", signers, Witness::read)?;
        if witnesses.len() != signers {
            let [elements, signers] =
                [(witnesses.len(), "element"), (signers, "signer")].map(|(n, it)| count(n as u64, it));
            return Err(invalid(witnesses_start, "list of witnesses", format_args!("has {elements} for {signers}")));
        }
        let hash = unsigned.hash();
        Ok(Transaction { unsigned, witnesses, hash, size: reader.offset() - start })
    }
}

/// A transaction: what it does, and the witnesses of its signers.
///
/// A transaction cannot be changed, so its hash is computed once. It dereferences to
/// its [`UnsignedTransaction`]: `transaction.nonce`, `transaction.signers`.
/// Transactions are equal if their hashes are, whatever their witnesses.
///
/// Source: `Payloads/Transaction.cs`.
#[derive(Clone, Debug)]
pub struct Transaction {
    unsigned: UnsignedTransaction,
    witnesses: Vec<Witness>,
    hash: Hash256,
    size: usize,
}

impl Transaction {
    /// The largest size of a transaction that nodes relay, in bytes. Reading does
    /// not check it.
    pub const MAX_SIZE: usize = 102_400;

    /// The largest number of attributes and signers together.
    pub const MAX_ATTRIBUTES: usize = 16;

    /// The largest size of a script, in bytes.
    pub const MAX_SCRIPT_SIZE: usize = u16::MAX as usize;

    /// Parses a transaction. As in the reference, bytes after it are ignored.
    ///
    /// # Errors
    /// [`ReadError`] for the first thing that is wrong, in the reference's order.
    pub fn parse(bytes: &[u8]) -> Result<Self, ReadError> {
        Self::read(&mut Reader::new(bytes))
    }

    /// Parses a transaction for a test run, which may break rules of the network: any
    /// version and fees, a signer or attribute that occurs twice, a script that is
    /// empty or too large.
    ///
    /// # Errors
    /// [`ReadError`] for the first thing that cannot be represented.
    pub fn parse_lenient(bytes: &[u8]) -> Result<Self, ReadError> {
        Rules::TestRun.read(&mut Reader::new(bytes))
    }

    /// Reads a transaction.
    ///
    /// # Errors
    /// [`ReadError`] for the first thing that is wrong, in the reference's order.
    pub fn read(reader: &mut Reader<'_>) -> Result<Self, ReadError> {
        Rules::Network.read(reader)
    }

    /// Appends the bytes of the transaction.
    pub fn write(&self, bytes: &mut Vec<u8>) {
        self.unsigned.write(bytes);
        write_list(bytes, &self.witnesses, Witness::write);
    }

    /// Returns the bytes of the transaction.
    ///
    /// They are those that were read, unless these had lengths longer than
    /// necessary or uncompressed keys.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.size);
        self.write(&mut bytes);
        bytes
    }

    /// Returns the hash, which identifies the transaction: SHA-256 of the unsigned
    /// part as [`Transaction::write`] writes it, not as it was read.
    pub const fn hash(&self) -> Hash256 {
        self.hash
    }

    /// Returns the number of bytes that the transaction was read from.
    pub const fn size(&self) -> usize {
        self.size
    }

    /// Returns the account of the first signer, who pays the fees.
    pub fn sender(&self) -> Hash160 {
        self.signers[0].account
    }

    /// Returns the witnesses, one for each signer.
    pub fn witnesses(&self) -> &[Witness] {
        &self.witnesses
    }

    /// Returns the part of the transaction that is hashed and signed.
    pub const fn unsigned(&self) -> &UnsignedTransaction {
        &self.unsigned
    }

    /// Returns the bytes that the signers sign on a network. The network is the
    /// magic number of its configuration.
    pub fn sign_data(&self, network: u32) -> [u8; 36] {
        sign_data(&self.hash, network)
    }

    /// Returns the transaction as contracts see it: an array of the hash, version,
    /// nonce, sender, system fee, network fee, last valid block and script.
    pub fn to_stack_item(&self) -> StackItem {
        StackItem::array([
            self.hash.0.into(),
            self.version.into(),
            self.nonce.into(),
            self.sender().into(),
            self.system_fee.into(),
            self.network_fee.into(),
            self.valid_until_block.into(),
            self.script.bytes().into(),
        ])
    }

    /// Returns the JSON form that nodes use, with the sender as an address of this
    /// version.
    pub fn to_json(&self, address_version: u8) -> Json {
        object([
            ("hash", self.hash.to_string().into()),
            ("size", number(self.size as f64)),
            ("version", number(self.version)),
            ("nonce", number(self.nonce)),
            ("sender", address_from_script_hash(self.sender().0, address_version).into()),
            ("sysfee", self.system_fee.to_string().into()),
            ("netfee", self.network_fee.to_string().into()),
            ("validuntilblock", number(self.valid_until_block)),
            ("signers", self.signers.iter().map(Signer::to_json).collect()),
            ("attributes", self.attributes.iter().map(Attribute::to_json).collect()),
            ("script", BASE64_STANDARD.encode(self.script.bytes()).into()),
            ("witnesses", self.witnesses.iter().map(Witness::to_json).collect()),
        ])
    }

    /// Reads the JSON form that nodes use. The hash is checked if it is there; the
    /// size and the sender follow from the rest and are not read.
    ///
    /// # Errors
    /// [`FromJsonError`] for the first field that is wrong, and if nodes would not
    /// read the transaction.
    pub fn from_json(json: &Json) -> Result<Self, FromJsonError> {
        Self::from_field(Field { path: "transaction".into(), value: json })
    }

    pub(crate) fn from_field(field: Field<'_>) -> Result<Self, FromJsonError> {
        let path = field.path.clone();
        let json = field.object()?;
        let limit = Self::MAX_ATTRIBUTES;
        let unsigned = UnsignedTransaction {
            version: json.required("version")?.integer()?,
            nonce: json.required("nonce")?.integer()?,
            system_fee: json.required("sysfee")?.parse(str::parse)?,
            network_fee: json.required("netfee")?.parse(str::parse)?,
            valid_until_block: json.required("validuntilblock")?.integer()?,
            signers: json.required("signers")?.list(limit, Signer::from_field)?,
            attributes: json.required("attributes")?.list(limit, Attribute::from_field)?,
            script: json.required("script")?.bytes()?.into(),
        };
        let witnesses = json.required("witnesses")?.list(limit, Witness::from_field)?;
        let transaction = unsigned.sign(&witnesses).map_err(|error| FromJsonError::new(path, error))?;
        json.check("hash", &transaction.hash.to_string())?;
        Ok(transaction)
    }
}

impl Deref for Transaction {
    type Target = UnsignedTransaction;

    fn deref(&self) -> &UnsignedTransaction {
        &self.unsigned
    }
}

impl PartialEq for Transaction {
    fn eq(&self, other: &Self) -> bool {
        self.hash == other.hash
    }
}

impl Eq for Transaction {}
