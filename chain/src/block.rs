//! Blocks, and the form in which nodes store them.

use std::{collections::HashSet, ops::Deref, sync::Arc};

use neovm_crypto::hash256;
use neovm_types::{
    Hash256, StackItem,
    io::{ReadError, Reader, invalid, length_size, write_list},
    json::Json,
};

use crate::{
    header::Header,
    json::{FromJsonError, Object},
    transaction::Transaction,
};

/// The largest number of transactions in a block that can be read.
const MAX_TRANSACTIONS: usize = u16::MAX as usize;

/// A block: a header and transactions whose Merkle root is that of the header.
///
/// It dereferences to its [`Header`]: `block.hash()`, `block.index`. Blocks are
/// equal if their hashes are.
///
/// Source: `Payloads/Block.cs`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    header: Header,
    transactions: Vec<Arc<Transaction>>,
}

impl Block {
    /// Parses a block. As in the reference, bytes after it are ignored.
    ///
    /// # Errors
    /// [`ReadError`] for the first thing that is wrong, in the reference's order.
    pub fn parse(bytes: &[u8]) -> Result<Self, ReadError> {
        Self::read(&mut Reader::new(bytes))
    }

    /// Reads a block.
    ///
    /// # Errors
    /// [`ReadError`] for the first thing that is wrong, in the reference's order.
    pub fn read(reader: &mut Reader<'_>) -> Result<Self, ReadError> {
        let header = Header::read(reader)?;
        let start = reader.offset();
        let mut hashes = HashSet::new();
        let transactions = reader.list("list of transactions", MAX_TRANSACTIONS, |reader| {
            let start = reader.offset();
            let transaction = Transaction::read(reader)?;
            if !hashes.insert(transaction.hash()) {
                return Err(invalid(start, "transaction", format_args!("{} occurs twice", transaction.hash())));
            }
            Ok(Arc::new(transaction))
        })?;
        let block = Self { header, transactions };
        let (found, expected) = (block.merkle_root, merkle_root(&block.transaction_hashes()));
        if found != expected {
            let what = format_args!("have the Merkle root {expected}, the header says {found}");
            return Err(invalid(start, "transactions", what));
        }
        Ok(block)
    }

    /// Creates a block.
    ///
    /// # Errors
    /// [`ReadError`] if the block could not be read again: if a transaction occurs
    /// twice, there are more than 65,535, or their Merkle root is not the header's.
    pub fn new(header: Header, transactions: Vec<Arc<Transaction>>) -> Result<Self, ReadError> {
        let block = Self { header, transactions };
        Self::parse(&block.to_bytes())?;
        Ok(block)
    }

    /// Appends the bytes of the block.
    pub fn write(&self, bytes: &mut Vec<u8>) {
        self.header.write(bytes);
        write_list(bytes, &self.transactions, |transaction, bytes| transaction.write(bytes));
    }

    /// Returns the bytes of the block.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(1024 + self.transactions.iter().map(|tx| tx.size()).sum::<usize>());
        self.write(&mut bytes);
        bytes
    }

    /// Returns the number of bytes that the block was read from, with the header in
    /// its shortest form.
    pub fn size(&self) -> usize {
        let transactions: usize = self.transactions.iter().map(|transaction| transaction.size()).sum();
        self.header.size() + length_size(self.transactions.len()) + transactions
    }

    /// Returns the header.
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// Returns the transactions in the order in which they run.
    pub fn transactions(&self) -> &[Arc<Transaction>] {
        &self.transactions
    }

    /// Returns the hashes of the transactions.
    pub fn transaction_hashes(&self) -> Vec<Hash256> {
        self.transactions.iter().map(|transaction| transaction.hash()).collect()
    }

    /// Returns the form in which nodes store the block.
    pub fn trim(&self) -> TrimmedBlock {
        TrimmedBlock { header: self.header.clone(), transaction_hashes: self.transaction_hashes() }
    }

    /// Returns the JSON form that nodes use, with addresses of this version.
    pub fn to_json(&self, address_version: u8) -> Json {
        let mut json = self.header.to_json_with_size(self.size(), address_version);
        if let Json::Object(members) = &mut json {
            let transactions = self.transactions.iter().map(|transaction| transaction.to_json(address_version));
            members.push(("tx".into(), transactions.collect()));
        }
        json
    }

    /// Reads the JSON form that nodes use, with addresses of this version. Hashes are
    /// checked where they are there; sizes, and what RPC adds, are not read.
    ///
    /// # Errors
    /// [`FromJsonError`] for the first field that is wrong, and if nodes would not
    /// read the block.
    pub fn from_json(json: &Json, address_version: u8) -> Result<Self, FromJsonError> {
        let json = Object::new(json, "block")?;
        let header = Header::from_object(&json, address_version)?;
        let transaction = |field| Transaction::from_field(field).map(Arc::new);
        let transactions = json.required("tx")?.list(MAX_TRANSACTIONS, transaction)?;
        Self::new(header, transactions).map_err(|error| FromJsonError::new(json.path(), error))
    }
}

impl Deref for Block {
    type Target = Header;

    fn deref(&self) -> &Header {
        &self.header
    }
}

/// A block as nodes store it: the header and the hashes of the transactions.
///
/// Source: `Native/TrimmedBlock.cs`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrimmedBlock {
    /// The header.
    pub header: Header,
    /// The hashes of the transactions in the order in which they run.
    pub transaction_hashes: Vec<Hash256>,
}

impl TrimmedBlock {
    /// Parses a stored block. As in the reference, bytes after it are ignored and the
    /// Merkle root is not checked.
    ///
    /// # Errors
    /// [`ReadError`] for the first thing that is wrong, in the reference's order.
    pub fn parse(bytes: &[u8]) -> Result<Self, ReadError> {
        let reader = &mut Reader::new(bytes);
        let header = Header::read(reader)?;
        let element = |reader: &mut Reader<'_>| reader.hash256("transaction's hash");
        Ok(Self { header, transaction_hashes: reader.list("list of transactions", MAX_TRANSACTIONS, element)? })
    }

    /// Returns the bytes that are stored.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(1024 + 32 * self.transaction_hashes.len());
        self.header.write(&mut bytes);
        write_list(&mut bytes, &self.transaction_hashes, |hash, bytes| bytes.extend(hash.0));
        bytes
    }

    /// Returns the block as contracts see it, see [`Header::to_stack_item`].
    pub fn to_stack_item(&self) -> StackItem {
        self.header.to_stack_item(self.transaction_hashes.len())
    }
}

/// Returns the root of the Merkle tree over some hashes: zero for none, and the hash
/// itself for one. A level with an odd number of hashes repeats its last one.
///
/// Source: `Cryptography/MerkleTree.cs`.
pub fn merkle_root(hashes: &[Hash256]) -> Hash256 {
    let mut level = hashes.to_vec();
    while level.len() > 1 {
        let parent = |pair: &[Hash256]| Hash256(hash256(&[pair[0].0, pair[pair.len() - 1].0].concat()));
        level = level.chunks(2).map(parent).collect();
    }
    level.first().copied().unwrap_or_default()
}
