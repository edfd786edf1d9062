//! The native contract LedgerContract. Blocks and transactions of the past.
//!
//! Its storage is not part of the state root.
//!
//! Sources: `LedgerContract.cs`, `TrimmedBlock.cs`, `TransactionState.cs`,
//! `HashIndexState.cs` of the reference node.

use neovm_chain::{Attribute, Header, Transaction, TrimmedBlock};
use neovm_storage::{Key, Layer};
use neovm_types::{CallFlags, FaultKind, Hardfork, Hash160, Hash256, Integer, StackItem};

use super::{
    keys::{key, write},
    policy,
    table::NativeContract,
};
use crate::{
    executor::Executor,
    fault,
    parameter::ArrayItem,
    stored::{deserialize, number, serialize, with_fields},
};

/// The native contract LedgerContract.
pub(crate) const CONTRACT: NativeContract = NativeContract {
    doc: "Blocks and transactions of the past.",
    methods: methods! {
        (executor, _caller)

        /// Returns the hash of the last block.
        currentHash() -> Hash256 { cpu_fee: 1 << 15, flags: CallFlags::READ_STATES } => current_hash(executor.layer());
        /// Returns the index of the last block.
        currentIndex() -> u32 { cpu_fee: 1 << 15, flags: CallFlags::READ_STATES } => current_index(executor.layer());
        /// Returns a block, given by its index or hash, or Null.
        getBlock(indexOrHash: Vec<u8>) -> Option<ArrayItem> { cpu_fee: 1 << 15, flags: CallFlags::READ_STATES }
            => get_block(executor, &indexOrHash);
        /// Returns a transaction, or Null.
        getTransaction(hash: Hash256) -> Option<ArrayItem> { cpu_fee: 1 << 15, flags: CallFlags::READ_STATES }
            => Ok(traceable(executor, hash)?.map(|state| ArrayItem(state.transaction.to_stack_item())));
        /// Returns the transaction at an index of a block, or Null.
        getTransactionFromBlock(blockIndexOrHash: Vec<u8>, txIndex: i32) -> Option<ArrayItem>
            { cpu_fee: 1 << 16, flags: CallFlags::READ_STATES }
            => get_transaction_from_block(executor, &blockIndexOrHash, txIndex);
        /// Returns the index of the block that holds a transaction, or -1.
        getTransactionHeight(hash: Hash256) -> i32 { cpu_fee: 1 << 15, flags: CallFlags::READ_STATES }
            => Ok(traceable(executor, hash)?.map_or(-1, |state| state.block_index as i32));
        /// Returns the signers of a transaction, or Null.
        getTransactionSigners(hash: Hash256) -> Option<Vec<StackItem>>
            { cpu_fee: 1 << 15, flags: CallFlags::READ_STATES }
            => Ok(traceable(executor, hash)?
                .map(|state| state.transaction.signers.iter().map(|signer| signer.to_stack_item()).collect()));
        /// Returns how a transaction ended, or 0.
        getTransactionVMState(hash: Hash256) -> u8 { cpu_fee: 1 << 15, flags: CallFlags::READ_STATES }
            => Ok(traceable(executor, hash)?.map_or(0, |state| state.vm_state));
    },
    on_persist: |executor, _| on_persist(executor),
    post_persist: |executor, _| post_persist(executor),
    ..NativeContract::new("LedgerContract", ID, Hash160(HASH))
};

/// The contract's id.
pub const ID: i32 = neovm_storage::LEDGER_ID;
/// The hash.
const HASH: [u8; 20] = [
    0xbe, 0xf2, 0x04, 0x31, 0x40, 0x36, 0x2a, 0x77, 0xc1, 0x50, 0x99, 0xc7, 0xe6, 0x4c, 0x12, 0xf7, 0x00, 0xb6, 0x65,
    0xda,
];

const PREFIX_BLOCK: u8 = 5;
const PREFIX_BLOCK_HASH: u8 = 9;
const PREFIX_TRANSACTION: u8 = 11;
const PREFIX_CURRENT_BLOCK: u8 = 12;

/// How a transaction ended, as it is stored: always that it has not run.
///
/// The reference stores a copy of its record before the transactions run, and
/// notes how they end in the original alone.
const VM_STATE: u8 = 0;

/// A transaction and what came of it.
struct TransactionState {
    block_index: u32,
    transaction: Transaction,
    vm_state: u8,
}

/// What an entry of the Ledger is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LedgerEntry {
    /// Which block is the last one.
    LastBlock,
    /// The hash of the block at an index.
    BlockHash(u32),
    /// A block, which is stored as [`TrimmedBlock::to_bytes`] writes it.
    Block(Hash256),
    /// A transaction, see [`transaction_record`], or that others conflict with it.
    Transaction(Hash256),
    /// That transactions of an account conflict with one.
    Conflict(Hash256, Hash160),
}

impl LedgerEntry {
    /// Returns what a key of the Ledger's own storage stands for, if it is one that the Ledger uses.
    pub fn of_key(key: &[u8]) -> Option<Self> {
        let (prefix, rest) = key.split_first()?;
        match (*prefix, rest.len()) {
            (PREFIX_CURRENT_BLOCK, 0) => Some(Self::LastBlock),
            (PREFIX_BLOCK_HASH, 4) => rest.first_chunk().map(|index| Self::BlockHash(u32::from_be_bytes(*index))),
            (PREFIX_BLOCK, 32) => rest.first_chunk().map(|hash| Self::Block(Hash256(*hash))),
            (PREFIX_TRANSACTION, 32) => rest.first_chunk().map(|hash| Self::Transaction(Hash256(*hash))),
            (PREFIX_TRANSACTION, 52) => {
                let (hash, account) = rest.split_first_chunk()?;
                Some(Self::Conflict(Hash256(*hash), Hash160(account.try_into().ok()?)))
            }
            _ => None,
        }
    }
}

/// Returns the bytes that a transaction in the block at an index is stored as.
///
/// # Errors
/// A fault if it is too large for a transaction.
pub fn transaction_record(index: u32, transaction: &Transaction) -> Result<Vec<u8>, FaultKind> {
    let fields = [index.into(), transaction.to_bytes().into(), VM_STATE.into()];
    serialize(&StackItem::structure(fields))
}

/// Stores which block is the last one.
pub(crate) fn write_last_block(layer: &Layer<'_>, hash: Hash256, index: u32) -> Result<(), FaultKind> {
    let record = StackItem::structure([hash.0.as_slice().into(), index.into()]);
    write(layer, key(ID, PREFIX_CURRENT_BLOCK), &serialize(&record)?)
}

fn transaction_key(hash: Hash256) -> Key {
    key(ID, PREFIX_TRANSACTION).with(&hash.0)
}

/// The hash and index of the last block that was persisted.
fn current_block(layer: &Layer<'_>) -> Result<(Hash256, u32), FaultKind> {
    let stored = layer.get(&key(ID, PREFIX_CURRENT_BLOCK)).map_err(fault)?;
    let stored = stored.ok_or_else(|| fault("the storage holds no block"))?;
    let damaged = || fault("the record of the last block is damaged");
    with_fields(&stored, |fields| {
        let [hash, index] = fields else { return Err(damaged()) };
        let hash = hash.with_bytes(|bytes| bytes.try_into())?.map_err(|_| damaged())?;
        Ok((Hash256(hash), number(index.to_integer()?)?))
    })
}

/// The header of the last block that was persisted.
pub(crate) fn last_header(layer: &Layer<'_>) -> Result<Header, FaultKind> {
    let (hash, index) = current_block(layer)?;
    let block = trimmed_block(layer, hash)?.ok_or_else(|| fault(format!("block {index} is not in the storage")))?;
    Ok(block.header)
}

/// The index of the last block that was persisted.
pub(crate) fn current_index(layer: &Layer<'_>) -> Result<u32, FaultKind> {
    Ok(current_block(layer)?.1)
}

pub(crate) fn current_hash(layer: &Layer<'_>) -> Result<Hash256, FaultKind> {
    Ok(current_block(layer)?.0)
}

/// The hash of the block at an index.
pub(crate) fn block_hash(layer: &Layer<'_>, index: u32) -> Result<Option<Hash256>, FaultKind> {
    let stored = layer.get(&key(ID, PREFIX_BLOCK_HASH).with(&index.to_be_bytes())).map_err(fault)?;
    let hash = stored.map(|hash| (&*hash).try_into().map(Hash256));
    hash.transpose().map_err(|_| fault("a stored hash has not 32 bytes"))
}

/// The block with a hash, if it is there.
pub(crate) fn trimmed_block(layer: &Layer<'_>, hash: Hash256) -> Result<Option<TrimmedBlock>, FaultKind> {
    let stored = layer.get(&key(ID, PREFIX_BLOCK).with(&hash.0)).map_err(fault)?;
    stored.map(|block| TrimmedBlock::parse(&block).map_err(fault)).transpose()
}

fn transaction_state(layer: &Layer<'_>, hash: Hash256) -> Result<Option<TransactionState>, FaultKind> {
    let Some(stored) = layer.get(&transaction_key(hash)).map_err(fault)? else { return Ok(None) };
    let damaged = || fault("the record of a transaction is damaged");
    let StackItem::Struct(fields) = deserialize(&stored)? else { return Err(damaged()) };
    match &fields.to_vec()[..] {
        // The transaction conflicts with one that was persisted.
        [_] => Ok(None),
        [block_index, transaction, vm_state] => Ok(Some(TransactionState {
            block_index: number(block_index.to_integer()?)?,
            transaction: transaction.with_bytes(Transaction::parse)?.map_err(fault)?,
            vm_state: u8::try_from(vm_state.to_i32()?).map_err(|_| damaged())?,
        })),
        _ => Err(damaged()),
    }
}

/// A transaction of the past and the index of its block, if it is known.
pub(crate) fn transaction_and_index(layer: &Layer<'_>, hash: Hash256) -> Result<Option<(Transaction, u32)>, FaultKind> {
    Ok(transaction_state(layer, hash)?.map(|state| (state.transaction, state.block_index)))
}

/// A transaction of the past, if it is known.
pub(crate) fn transaction(layer: &Layer<'_>, hash: Hash256) -> Result<Option<Transaction>, FaultKind> {
    Ok(transaction_state(layer, hash)?.map(|state| state.transaction))
}

/// The account that must sign a block: the consensus that the block before names.
///
/// Source: `Header.cs` (`GetScriptHashesForVerifying`).
pub(crate) fn block_signer(layer: &Layer<'_>, header: &Header) -> Result<Hash160, FaultKind> {
    if header.previous_hash == Hash256::default() {
        return Ok(header.witness().script_hash());
    }
    let previous = trimmed_block(layer, header.previous_hash)?;
    Ok(previous.ok_or_else(|| fault("the previous block is unknown"))?.header.next_consensus)
}

/// Returns whether contracts can see a block.
fn is_traceable(executor: &Executor<'_>, index: u32) -> Result<bool, FaultKind> {
    let count = if executor.is_active(Hardfork::Echidna) {
        policy::max_traceable_blocks(executor.layer())?
    } else {
        executor.settings().max_traceable_blocks
    };
    is_among_last(executor.layer(), index, count)
}

/// Returns whether a block is one of the last ones, of which there are `count`.
fn is_among_last(layer: &Layer<'_>, index: u32, count: u32) -> Result<bool, FaultKind> {
    let current = current_index(layer)?;
    Ok(index <= current && index.wrapping_add(count) > current)
}

/// Returns whether a transaction in one of the last `count` blocks conflicts with
/// the one that has this hash; with a signer, whether that account has signed it.
pub(crate) fn is_conflicting(
    layer: &Layer<'_>,
    hash: Hash256,
    signer: Option<Hash160>,
    count: u32,
) -> Result<bool, FaultKind> {
    let key = signer.map_or(transaction_key(hash), |signer| transaction_key(hash).with(&signer.0));
    let Some(stored) = layer.get(&key).map_err(fault)? else { return Ok(false) };
    let StackItem::Struct(fields) = deserialize(&stored)? else { return Err(fault("a stored conflict is damaged")) };
    match &fields.to_vec()[..] {
        [index] => is_among_last(layer, number(index.to_integer()?)?, count),
        // A transaction, not a conflict.
        _ => Ok(false),
    }
}

/// A transaction that contracts can see.
fn traceable(executor: &Executor<'_>, hash: Hash256) -> Result<Option<TransactionState>, FaultKind> {
    match transaction_state(executor.layer(), hash)? {
        Some(state) if is_traceable(executor, state.block_index)? => Ok(Some(state)),
        _ => Ok(None),
    }
}

/// A block that contracts can see, by its hash or index.
fn traceable_block(executor: &Executor<'_>, index_or_hash: &[u8]) -> Result<Option<TrimmedBlock>, FaultKind> {
    let layer = executor.layer();
    let hash = match index_or_hash.try_into() {
        Ok(hash) => Some(Hash256(hash)),
        Err(_) if index_or_hash.len() > 32 => return Err(fault("neither an index nor a hash of a block")),
        Err(_) => {
            let index = Integer::from_le_bytes(index_or_hash).ok_or(FaultKind::Overflow)?;
            block_hash(layer, number(index)?)?
        }
    };
    let block = hash.map(|hash| trimmed_block(layer, hash)).transpose()?.flatten();
    match block {
        Some(block) if is_traceable(executor, block.header.index)? => Ok(Some(block)),
        _ => Ok(None),
    }
}

fn get_block(executor: &Executor<'_>, index_or_hash: &[u8]) -> Result<Option<ArrayItem>, FaultKind> {
    Ok(traceable_block(executor, index_or_hash)?.map(|block| ArrayItem(block.to_stack_item())))
}

fn get_transaction_from_block(
    executor: &Executor<'_>,
    index_or_hash: &[u8],
    index: i32,
) -> Result<Option<ArrayItem>, FaultKind> {
    let Some(block) = traceable_block(executor, index_or_hash)? else { return Ok(None) };
    let hash = usize::try_from(index).ok().and_then(|index| block.transaction_hashes.get(index));
    let hash = hash.ok_or_else(|| fault(format!("the block has no transaction {index}")))?;
    Ok(transaction(executor.layer(), *hash)?.map(|transaction| ArrayItem(transaction.to_stack_item())))
}

fn on_persist(executor: &Executor<'_>) -> Result<(), FaultKind> {
    let block = executor.require_block()?;
    let layer = executor.layer();
    write(layer, key(ID, PREFIX_BLOCK_HASH).with(&block.index.to_be_bytes()), &block.hash().0)?;
    let transaction_hashes = block.transactions().iter().map(|transaction| transaction.hash()).collect();
    let trimmed = TrimmedBlock { header: (*block).clone(), transaction_hashes };
    write(layer, key(ID, PREFIX_BLOCK).with(&block.hash().0), &trimmed.to_bytes())?;
    let conflict = serialize(&StackItem::structure([StackItem::from(block.index)]))?;
    for transaction in block.transactions() {
        write(layer, transaction_key(transaction.hash()), &transaction_record(block.index, transaction)?)?;
        for attribute in &transaction.attributes {
            let Attribute::Conflicts { hash } = attribute else { continue };
            write(layer, transaction_key(*hash), &conflict)?;
            for signer in &transaction.signers {
                write(layer, transaction_key(*hash).with(&signer.account.0), &conflict)?;
            }
        }
    }
    Ok(())
}

fn post_persist(executor: &Executor<'_>) -> Result<(), FaultKind> {
    let block = executor.require_block()?;
    write_last_block(executor.layer(), block.hash(), block.index)
}
