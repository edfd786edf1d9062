//! Making the next block.
//!
//! Source: the plugin DBFTPlugin of the reference node (`Consensus/ConsensusContext.cs`,
//! `Consensus/ConsensusContext.MakePayload.cs`), whose settings here are those that it has
//! unless told otherwise.

use std::{sync::Arc, time::SystemTime};

use neovm_chain::{
    Block, ReadError, Transaction, UnsignedHeader,
    contract::{MultisigError, bft_address, multisig_script},
    merkle_root,
};
use neovm_host::StateView;
use neovm_node::Blockchain;
use neovm_types::{FaultKind, PublicKey, Script, io::length_size};
use neovm_wallet::{PrivateKey, SignError, witness};

/// The greatest size of a block that consensus nodes propose, in bytes (`MaxBlockSize`).
pub const MAX_BLOCK_SIZE: usize = 2 << 20;

/// The greatest sum of system fees in a block that consensus nodes propose, in datoshi
/// (`MaxBlockSystemFee`): 1,500 GAS.
pub const MAX_BLOCK_SYSTEM_FEE: i64 = 150_000_000_000;

/// Why no block can be made.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ProduceError {
    /// There is no block yet, or no further one can follow.
    #[error("no block can follow {}", .0.map_or("no block".into(), |height| format!("block {height}")))]
    Height(Option<u32>),
    /// Keys of the validators are missing.
    #[error("block {height} has to be signed by the validators: {error}")]
    Keys {
        /// The block.
        height: u32,
        /// What is missing.
        error: SignError,
    },
    /// The validators have no account.
    #[error(transparent)]
    Validators(#[from] MultisigError),
    /// The block would not be read by nodes.
    #[error(transparent)]
    Block(#[from] ReadError),
    /// The operating system has no random numbers.
    #[error("the operating system gives no random numbers: {0}")]
    Random(String),
    /// The state cannot be read or is damaged.
    #[error(transparent)]
    State(#[from] FaultKind),
}

/// Makes the next block of a chain, as consensus nodes make it, and signs it with the keys of its validators. The
/// chain stays as it is.
///
/// The transactions must be verified over the state after the last block. They stand in the block as they are given,
/// those with the greatest network fee for each byte first in a node; those that do not fit any more are left out,
/// because of their number, the block's size or the sum of its system fees. (A consensus node takes none behind the
/// first one that does not fit.)
///
/// The time stamp, in milliseconds since 1970, is `timestamp`, or the time now. It is later than that of the last
/// block where none is given; one that is given and is not is refused when the block is executed.
///
/// # Errors
/// [`ProduceError`], above all if keys are missing.
pub fn next_block(
    chain: &Blockchain,
    keys: &[PrivateKey],
    transactions: &[Arc<Transaction>],
    timestamp: Option<u64>,
) -> Result<Block, ProduceError> {
    let last = chain.last_header().ok_or(ProduceError::Height(None))?;
    let following = UnsignedHeader::following(last).ok_or(ProduceError::Height(Some(last.index)))?;
    let settings = chain.network().settings();
    let state = StateView::new(chain.network(), chain.state());
    let validators = state.next_block_validators()?;
    let verification = multisig_script(required(&validators), &validators)?;
    let room = MAX_BLOCK_SIZE.saturating_sub(size_without_transactions(&verification, required(&validators)));
    let taken = that_fit(transactions, settings.max_transactions_per_block as usize, room);
    let hashes: Vec<_> = taken.iter().map(|transaction| transaction.hash()).collect();
    let header = UnsignedHeader {
        merkle_root: merkle_root(&hashes),
        timestamp: timestamp.unwrap_or_else(|| now().max(last.timestamp.saturating_add(1))),
        nonce: getrandom::u64().map_err(|error| ProduceError::Random(error.to_string()))?,
        // The first one proposes in turn, and there is no other view.
        primary_index: (following.index as usize % validators.len().max(1)) as u8,
        next_consensus: bft_address(&state.validators_of_block_after_next()?)?,
        ..following
    };
    let message = header.sign_data(settings.network);
    let signed = witness(&verification, &message, keys);
    let signed = signed.map_err(|error| ProduceError::Keys { height: header.index, error })?;
    Ok(Block::new(header.sign(&signed)?, taken)?)
}

/// How many validators must sign.
fn required(validators: &[PublicKey]) -> usize {
    validators.len() - validators.len().saturating_sub(1) / 3
}

/// The milliseconds since 1970.
fn now() -> u64 {
    let elapsed = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    elapsed.as_millis() as u64
}

/// The size of a block with as many transactions as there can be, without them.
fn size_without_transactions(verification: &Script, signatures: usize) -> usize {
    /// Version, two hashes, time, nonce, index, primary index, account and number of witnesses.
    const HEADER: usize = 4 + 32 + 32 + 8 + 8 + 4 + 1 + 20 + 1;
    /// A signature that is pushed.
    const SIGNATURE: usize = 66;
    let scripts = [SIGNATURE * signatures, verification.len()];
    HEADER + scripts.iter().map(|size| length_size(*size) + size).sum::<usize>() + length_size(u16::MAX.into())
}

/// The transactions that fit into a block.
fn that_fit(transactions: &[Arc<Transaction>], count: usize, mut room: usize) -> Vec<Arc<Transaction>> {
    let mut fee_left = MAX_BLOCK_SYSTEM_FEE;
    let fits = |transaction: &&Arc<Transaction>| {
        let fits = transaction.size() <= room && transaction.system_fee <= fee_left;
        if fits {
            room -= transaction.size();
            fee_left -= transaction.system_fee;
        }
        fits
    };
    transactions.iter().filter(fits).take(count).cloned().collect()
}
