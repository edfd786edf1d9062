//! Blocks and transactions that the host looks up, in the form in which LedgerContract stores them.
//!
//! Sources: `LedgerContract.cs`, `TrimmedBlock.cs`, `TransactionState.cs` of the reference node.

use neovm::{
    Hash256, StackItem,
    chain::{Header, Transaction, TrimmedBlock},
    host::native::LEDGER_ID,
    storage::{StoreError, Value},
    types::item::binary,
};

/// The bytes of a header, and those of the hashes of its transactions.
pub(crate) type BlockParts = (Vec<u8>, Vec<u8>);

/// What the host knows of blocks and transactions.
pub(crate) trait Ledger {
    /// The hash and height of the last block.
    fn current_block(&self) -> Result<Option<([u8; 32], u32)>, StoreError>;
    /// The hash of the block at a height.
    fn block_hash(&self, index: u32) -> Result<Option<[u8; 32]>, StoreError>;
    /// The header of a block, and the hashes of its transactions.
    fn block(&self, hash: &[u8; 32]) -> Result<Option<BlockParts>, StoreError>;
    /// A transaction, and the height of its block.
    fn transaction(&self, hash: &[u8; 32]) -> Result<Option<(Vec<u8>, u32)>, StoreError>;
    /// The height of the last block with a conflicting transaction.
    fn conflict(&self, hash: &[u8; 32], signer: Option<&[u8; 20]>) -> Result<Option<u32>, StoreError>;
    /// Notes that a look-up gave bytes that cannot be read.
    fn malformed(&self, what: &str) -> StoreError;
}

/// A key of LedgerContract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LedgerKey<'a> {
    CurrentBlock,
    BlockHash(u32),
    Block(&'a [u8; 32]),
    Transaction(&'a [u8; 32]),
    Conflict(&'a [u8; 32], &'a [u8; 20]),
}

impl<'a> LedgerKey<'a> {
    pub(crate) fn of(key: &'a [u8]) -> Option<Self> {
        let local = key.strip_prefix(&LEDGER_ID.to_le_bytes())?;
        match local {
            [12] => Some(Self::CurrentBlock),
            [9, index @ ..] => Some(Self::BlockHash(u32::from_be_bytes(index.try_into().ok()?))),
            [5, hash @ ..] => Some(Self::Block(hash.try_into().ok()?)),
            [11, rest @ ..] => match rest.split_first_chunk()? {
                (hash, []) => Some(Self::Transaction(hash)),
                (hash, signer) => Some(Self::Conflict(hash, signer.try_into().ok()?)),
            },
            _ => None,
        }
    }
}

/// Returns the value of a key as LedgerContract stores it.
pub(crate) fn value(ledger: &impl Ledger, key: LedgerKey<'_>) -> Result<Option<Value>, StoreError> {
    let structure = |fields: &[StackItem]| {
        let bytes = binary::serialize_struct(fields, usize::MAX, usize::MAX);
        bytes.map(Value::from).map_err(|_| ledger.malformed("transaction"))
    };
    match key {
        LedgerKey::CurrentBlock => {
            let current = ledger.current_block()?;
            current.map(|(hash, index)| structure(&[hash.into(), index.into()])).transpose()
        }
        LedgerKey::BlockHash(index) => Ok(ledger.block_hash(index)?.map(|hash| Value::from(hash.as_slice()))),
        LedgerKey::Block(hash) => {
            let Some((header, hashes)) = ledger.block(hash)? else { return Ok(None) };
            let header = Header::parse(&header).map_err(|_| ledger.malformed("block"))?;
            let (hashes, []) = hashes.as_chunks() else { return Err(ledger.malformed("block")) };
            let transaction_hashes = hashes.iter().map(|hash| Hash256(*hash)).collect();
            Ok(Some(TrimmedBlock { header, transaction_hashes }.to_bytes().into()))
        }
        LedgerKey::Transaction(hash) => match ledger.transaction(hash)? {
            Some((bytes, index)) => {
                Transaction::parse(&bytes).map_err(|_| ledger.malformed("transaction"))?;
                // The reference always stores that it has not run: 0.
                structure(&[index.into(), bytes.into(), 0.into()]).map(Some)
            }
            None => ledger.conflict(hash, None)?.map(|index| structure(&[index.into()])).transpose(),
        },
        LedgerKey::Conflict(hash, signer) => {
            ledger.conflict(hash, Some(signer))?.map(|index| structure(&[index.into()])).transpose()
        }
    }
}
