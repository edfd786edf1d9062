//! Headers and blocks.
//!
//! Source: `Payloads/Header.cs` (`Verify`) of the reference node. The limits of the
//! format (the Merkle root, the number of transactions, that none occurs twice) are
//! checked when a block is read. The number of transactions that the settings name
//! binds the consensus nodes when they make a block; nobody else checks it.

use neovm_chain::{Block, Header, Transaction};
use neovm_host::{Container, Network, ProtocolSettings, StateView, verify_witness};
use neovm_storage::Store;
use neovm_types::{FaultKind, Hash256};

use super::{
    MAX_VERIFICATION_GAS, Pool, VerifyLevel, VerifyResult,
    transaction::{in_chain, verify_in, verify_state_independent},
    witness::{Standard, verify_standard},
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
/// [`BlockRefusal`] for the first thing that is wrong; a store that a witness cannot read
/// is a wrong witness, see [the module](crate::verify).
pub fn verify_block(
    network: &Network,
    store: &dyn Store,
    block: &Block,
    level: VerifyLevel,
) -> Result<(), BlockRefusal> {
    if level == VerifyLevel::None {
        return Ok(());
    }
    let previous = previous(network, store, block)?;
    verify_block_independent(network.settings(), &previous, block, level)?;
    verify_block_dependent(network, store, &previous, block, level)
}

/// Verifies a header over the state after the block before it.
///
/// # Errors
/// [`BlockRefusal`] for the first thing that is wrong; a store that a witness cannot read
/// is a wrong witness, see [the module](crate::verify).
pub fn verify_header(network: &Network, store: &dyn Store, header: &Header) -> Result<(), BlockRefusal> {
    let previous = previous(network, store, header)?;
    verify_header_independent(network.settings(), &previous, header)?;
    verify_header_dependent(network, store, &previous, header)
}

/// Verifies what of a block does not depend on the state: that it follows another
/// one, and signatures. It can run on any thread, before the blocks below are
/// executed; the rest is for [`verify_block_dependent`].
///
/// # Errors
/// [`BlockRefusal`] for the first thing that is wrong.
pub fn verify_block_independent(
    settings: &ProtocolSettings,
    previous: &Header,
    block: &Block,
    level: VerifyLevel,
) -> Result<(), BlockRefusal> {
    if level == VerifyLevel::None {
        return Ok(());
    }
    verify_header_independent(settings, previous, block)?;
    if level == VerifyLevel::Full {
        for transaction in block.transactions() {
            check(transaction, verify_state_independent(settings, transaction))?;
        }
    }
    Ok(())
}

/// Verifies what of a block depends on the state after the block before it, if
/// [`verify_block_independent`] accepts it.
///
/// # Errors
/// [`BlockRefusal`] for the first thing that is wrong; a store that a witness cannot read
/// is a wrong witness, see [the module](crate::verify).
pub fn verify_block_dependent(
    network: &Network,
    store: &dyn Store,
    previous: &Header,
    block: &Block,
    level: VerifyLevel,
) -> Result<(), BlockRefusal> {
    if level == VerifyLevel::None {
        return Ok(());
    }
    verify_header_dependent(network, store, previous, block)?;
    if level == VerifyLevel::Full { verify_transactions(network, store, block) } else { Ok(()) }
}

/// Returns the header that another one names as the one before it.
fn previous(network: &Network, store: &dyn Store, header: &Header) -> Result<Header, BlockRefusal> {
    check_primary(network.settings(), header)?;
    let block = StateView::new(network, store).block(header.previous_hash)?;
    Ok(block.ok_or(InvalidHeader::UnknownPrevious(header.previous_hash))?.header)
}

fn check_primary(settings: &ProtocolSettings, header: &Header) -> Result<(), InvalidHeader> {
    let (primary_index, validators) = (header.primary_index, settings.validators_count);
    if u32::from(primary_index) < validators {
        Ok(())
    } else {
        Err(InvalidHeader::PrimaryIndex { primary_index, validators })
    }
}

fn verify_header_independent(
    settings: &ProtocolSettings,
    previous: &Header,
    header: &Header,
) -> Result<(), InvalidHeader> {
    check_primary(settings, header)?;
    if header.previous_hash != previous.hash() {
        return Err(InvalidHeader::PreviousHash { expected: previous.hash(), found: header.previous_hash });
    }
    if previous.index.checked_add(1) != Some(header.index) {
        return Err(InvalidHeader::Index { previous: previous.index, found: header.index });
    }
    if header.timestamp <= previous.timestamp {
        return Err(InvalidHeader::Timestamp { previous: previous.timestamp, found: header.timestamp });
    }
    let message = header.sign_data(settings.network);
    match verify_standard(&message, previous.next_consensus, header.witness()) {
        VerifyResult::Succeed => Ok(()),
        _ => Err(InvalidHeader::Witness),
    }
}

/// Executes the witness, unless it is that of a standard account: at most 29 keys fit
/// into its 1,024 bytes, which at the highest price of a unit, 100 datoshi, use less
/// than the 1.5 GAS that there are.
fn verify_header_dependent(
    network: &Network,
    store: &dyn Store,
    previous: &Header,
    header: &Header,
) -> Result<(), BlockRefusal> {
    let witness = header.witness();
    if Standard::new(witness).is_some() {
        return Ok(());
    }
    let container = Container::Block(header);
    let (account, gas) = (previous.next_consensus, MAX_VERIFICATION_GAS);
    let verification = verify_witness(network, store, container, account, witness, gas)?;
    if verification.ok { Ok(()) } else { Err(InvalidHeader::Witness.into()) }
}

fn verify_transactions(network: &Network, store: &dyn Store, block: &Block) -> Result<(), BlockRefusal> {
    let state = StateView::new(network, store);
    let mut before = Pool::new();
    for transaction in block.transactions() {
        let result = match in_chain(&state, transaction)? {
            Some(result) => result,
            None if before.conflicts_with(transaction) => VerifyResult::HasConflicts,
            None => verify_in(network, store, &state, &before, &[], transaction)?,
        };
        check(transaction, result)?;
        before.add(transaction.clone());
    }
    Ok(())
}

fn check(transaction: &Transaction, result: VerifyResult) -> Result<(), BlockRefusal> {
    match result {
        VerifyResult::Succeed => Ok(()),
        result => Err(BlockRefusal::Transaction { hash: transaction.hash(), result }),
    }
}
