//! Transactions, witnesses, signers and blocks of Neo N3: reading, writing and
//! hashing them.
//!
//! Everything here follows the reference node (neo-project/neo v3.10.2). The files
//! named below are in its folders `src/Neo` and `src/Neo/Network/P2P`.
//!
//! # Examples
//! A transaction with one signer:
//!
//! ```
//! use neovm_chain::{Signer, Transaction, UnsignedTransaction, Witness, WitnessScopes};
//! use neovm_types::{Hash160, OpCode, ScriptBuilder};
//!
//! let account = Hash160([1; 20]);
//! let unsigned = UnsignedTransaction {
//!     version: 0,
//!     nonce: 7,
//!     system_fee: 1_000_000,
//!     network_fee: 200_000,
//!     valid_until_block: 100,
//!     signers: vec![Signer::new(account, WitnessScopes::CALLED_BY_ENTRY)],
//!     attributes: vec![],
//!     script: ScriptBuilder::new().push(42).op(OpCode::RET).build()?,
//! };
//! let signed = unsigned.sign(&[Witness::empty()])?;
//! assert_eq!(signed.sender(), account);
//!
//! let read = Transaction::parse(&signed.to_bytes())?;
//! assert_eq!(read.hash(), unsigned.hash());
//! assert_eq!(read.nonce, 7);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

mod attribute;
mod block;
mod byte_enum;
mod condition;
pub mod contract;
mod dump;
mod header;
mod json;
mod signer;
mod transaction;
mod witness;

use neovm_types::Hash256;
pub use neovm_types::io::{ReadError, ReadProblem, Reader};

pub use self::{
    attribute::{Attribute, AttributeType, OracleResponse, OracleResponseCode},
    block::{Block, TrimmedBlock, merkle_root},
    byte_enum::UnknownName,
    condition::Condition,
    dump::{DumpError, DumpReader, write_dump},
    header::{Header, UnsignedHeader},
    json::FromJsonError,
    signer::{Signer, WitnessRule, WitnessRuleAction, WitnessScopes},
    transaction::{Transaction, UnsignedTransaction},
    witness::Witness,
};

/// Returns the bytes that are signed for a transaction or a block with a hash: the
/// magic number of the network and the hash.
///
/// Source: `Network/P2P/Helper.cs`.
pub fn sign_data(hash: &Hash256, network: u32) -> [u8; 36] {
    let mut data = [0; 36];
    data[..4].copy_from_slice(&network.to_le_bytes());
    data[4..].copy_from_slice(&hash.0);
    data
}
