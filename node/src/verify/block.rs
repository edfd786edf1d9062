//! Headers and blocks.
//!
//! Source: `Payloads/Header.cs` (`Verify`) of the reference node. The limits of the
//! format (the Merkle root, the number of transactions, that none occurs twice) are
//! checked when a block is read. The number of transactions that the settings name
//! binds the consensus nodes when they make a block; nobody else checks it.

use neovm_chain::{Block, Header};
use neovm_host::{Container, Network, StateView, verify_witness};
use neovm_storage::Store;
use neovm_types::{FaultKind, Hash256};

use super::{
    MAX_HEADER_VERIFICATION_GAS, Pool, VerifyLevel, VerifyResult,
    transaction::{in_chain, verify_in, verify_state_independent},
};

/// What is wrong with a header.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidHeader {
    /// The position of the node that proposed the block is not one of a validator.
    #[error("the primary index is {primary_index}, there are {validators} validators")]
    PrimaryIndex {
        /// The position.
        primary_index: u8,
        /// The number of validators.
        validators: u32,
    },
    /// The block before it is unknown.
    #[error("the previous block {0} is unknown")]
    UnknownPrevious(Hash256),
    /// It names another block as the one before it.
    #[error("the previous block is {expected}, the header names {found}")]
    PreviousHash {
        /// The hash of the block before it.
        expected: Hash256,
        /// The hash that it names.
        found: Hash256,
    },
    /// The index does not follow that of the block before it.
    #[error("the index is {found}, the previous block has {previous}")]
    Index {
        /// The index of the block before it.
        previous: u32,
        /// The index.
        found: u32,
    },
    /// The time stamp is not later than that of the block before it.
    #[error("the time stamp is {found}, not later than {previous} of the previous block")]
    Timestamp {
        /// The time stamp of the block before it, in milliseconds since 1970.
        previous: u64,
        /// The time stamp, in milliseconds since 1970.
        found: u64,
    },
    /// The witness is not that of the account that the block before it names.
    #[error("the witness does not verify for the consensus nodes that the previous block names")]
    Witness,
}

/// Why a block is refused.
#[derive(Clone, Debug, thiserror::Error)]
pub enum BlockRefusal {
    /// The header is wrong.
    #[error("{0}")]
    Header(#[from] InvalidHeader),
    /// A transaction is wrong.
    #[error("transaction {hash}: {result}")]
    Transaction {
        /// The hash of the transaction.
        hash: Hash256,
        /// What verifying it resulted in.
        result: VerifyResult,
    },
    /// The storage cannot be read or is damaged.
    #[error("{0}")]
    State(#[from] FaultKind),
}

/// Verifies a block over the state after the block before it.
///
/// The transactions are verified as if they were sent one after another, except that
/// none may conflict with another one of the block, as consensus nodes have it.
///
/// # Errors
/// [`BlockRefusal`] for the first thing that is wrong.
pub fn verify_block(
    network: &Network,
    store: &dyn Store,
    block: &Block,
    level: VerifyLevel,
) -> Result<(), BlockRefusal> {
    if level == VerifyLevel::None {
        return Ok(());
    }
    verify_header(network, store, block)?;
    if level == VerifyLevel::Full { verify_transactions(network, store, block) } else { Ok(()) }
}

/// Verifies a header over the state after the block before it.
///
/// # Errors
/// [`BlockRefusal`] for the first thing that is wrong.
pub fn verify_header(network: &Network, store: &dyn Store, header: &Header) -> Result<(), BlockRefusal> {
    check_primary(network, header)?;
    let previous = StateView::new(network, store).block(header.previous_hash)?;
    let previous = previous.ok_or(InvalidHeader::UnknownPrevious(header.previous_hash))?;
    verify_header_after(network, store, &previous.header, header)
}

/// Verifies a header that follows another one, whose block need not be executed yet.
/// The state only decides what the witness costs, and what a contract does if one
/// has to sign.
///
/// # Errors
/// [`BlockRefusal`] for the first thing that is wrong.
pub fn verify_header_after(
    network: &Network,
    store: &dyn Store,
    previous: &Header,
    header: &Header,
) -> Result<(), BlockRefusal> {
    check_primary(network, header)?;
    if header.previous_hash != previous.hash() {
        let (expected, found) = (previous.hash(), header.previous_hash);
        return Err(InvalidHeader::PreviousHash { expected, found }.into());
    }
    if previous.index.checked_add(1) != Some(header.index) {
        return Err(InvalidHeader::Index { previous: previous.index, found: header.index }.into());
    }
    if header.timestamp <= previous.timestamp {
        return Err(InvalidHeader::Timestamp { previous: previous.timestamp, found: header.timestamp }.into());
    }
    let container = Container::Block(header);
    let (account, gas) = (previous.next_consensus, MAX_HEADER_VERIFICATION_GAS);
    let verification = verify_witness(network, store, container, account, header.witness(), gas)?;
    if verification.ok { Ok(()) } else { Err(InvalidHeader::Witness.into()) }
}

fn check_primary(network: &Network, header: &Header) -> Result<(), InvalidHeader> {
    let (primary_index, validators) = (header.primary_index, network.settings().validators_count);
    if u32::from(primary_index) < validators {
        Ok(())
    } else {
        Err(InvalidHeader::PrimaryIndex { primary_index, validators })
    }
}

fn verify_transactions(network: &Network, store: &dyn Store, block: &Block) -> Result<(), BlockRefusal> {
    let state = StateView::new(network, store);
    let mut before = Pool::new();
    for transaction in block.transactions() {
        let result = match verify_state_independent(network.settings(), transaction) {
            VerifyResult::Succeed => match in_chain(&state, transaction)? {
                Some(result) => result,
                None if before.conflicts_with(transaction) => VerifyResult::HasConflicts,
                None => verify_in(network, store, &state, &before, &[], transaction)?,
            },
            refused => refused,
        };
        if result != VerifyResult::Succeed {
            return Err(BlockRefusal::Transaction { hash: transaction.hash(), result });
        }
        before.add(transaction.clone());
    }
    Ok(())
}
