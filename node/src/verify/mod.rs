//! The verification of transactions, headers and blocks.
//!
//! The order of the checks and the names of the results are those of the reference
//! node (`Ledger/Blockchain.cs`, `Ledger/MemoryPool.cs`, `Payloads/Transaction.cs`,
//! `Payloads/Header.cs`).
//!
//! A witness that is executed faults if the store cannot be read then, as it does for any
//! other reason: it is taken for a wrong one, and its result is no error. Whoever has a
//! store that can fail verifies inside [`checked`](neovm_storage::checked), of which nothing
//! comes then, as [`Blockchain`](crate::Blockchain) does.

mod ahead;
mod attributes;
mod block;
mod fee;
mod pool;
mod transaction;
mod witness;

use std::{fmt, str::FromStr, sync::LazyLock};

use neovm_chain::{Attribute, Transaction, contract::contract_hash};
use neovm_types::{Hash160, Hash256};

pub(crate) use self::transaction::{in_chain, verify_in};
pub use self::{
    ahead::{PreverifiedBlock, Preverifier},
    block::{
        BlockRefusal, InvalidHeader, verify_block, verify_block_dependent, verify_block_independent, verify_header,
    },
    fee::{NetworkFeeError, network_fee},
    pool::Pool,
    transaction::{verify_new_transaction, verify_state_dependent, verify_state_independent},
};

/// The gas that the witnesses of a transaction may use together, or the witness of a header, in datoshi: 1.5 GAS.
///
/// `Header.Verify` of the reference names 3 GAS, of which `VerifyWitnesses` leaves 1.5.
///
/// Source: `SmartContract/Helper.cs` of the reference node.
pub const MAX_VERIFICATION_GAS: i64 = 150_000_000;

/// The result of verifying a transaction or a block.
///
/// Source: `Ledger/VerifyResult.cs` of the reference node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum VerifyResult {
    /// It is valid.
    Succeed,
    /// It is in the chain.
    AlreadyExists,
    /// It is in the pool.
    AlreadyInPool,
    /// The pool is full. [`Pool`] has no limit and never answers this.
    OutOfMemory,
    /// The block before it is unknown.
    UnableToVerify,
    /// A witness does not verify.
    Invalid,
    /// The script has bytes that are no instructions, or a jump that leads nowhere.
    InvalidScript,
    /// An attribute does not hold.
    InvalidAttribute,
    /// A signature of a standard account does not verify.
    InvalidSignature,
    /// It is too large.
    OverSize,
    /// The last block that it is valid for has passed.
    Expired,
    /// The last block that it is valid for is too far away.
    NotYetValid,
    /// What the payer has or the network fee is not enough, or an oracle request is
    /// answered in the pool already.
    InsufficientFunds,
    /// An account that signs is blocked.
    PolicyFail,
    /// It conflicts with a transaction of the chain or the pool.
    HasConflicts,
    /// Another reason.
    Unknown,
}

impl VerifyResult {
    /// All results, in the order of the reference.
    pub const ALL: [Self; 16] = [
        Self::Succeed,
        Self::AlreadyExists,
        Self::AlreadyInPool,
        Self::OutOfMemory,
        Self::UnableToVerify,
        Self::Invalid,
        Self::InvalidScript,
        Self::InvalidAttribute,
        Self::InvalidSignature,
        Self::OverSize,
        Self::Expired,
        Self::NotYetValid,
        Self::InsufficientFunds,
        Self::PolicyFail,
        Self::HasConflicts,
        Self::Unknown,
    ];

    /// Returns the name, which is that of the reference.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Succeed => "Succeed",
            Self::AlreadyExists => "AlreadyExists",
            Self::AlreadyInPool => "AlreadyInPool",
            Self::OutOfMemory => "OutOfMemory",
            Self::UnableToVerify => "UnableToVerify",
            Self::Invalid => "Invalid",
            Self::InvalidScript => "InvalidScript",
            Self::InvalidAttribute => "InvalidAttribute",
            Self::InvalidSignature => "InvalidSignature",
            Self::OverSize => "OverSize",
            Self::Expired => "Expired",
            Self::NotYetValid => "NotYetValid",
            Self::InsufficientFunds => "InsufficientFunds",
            Self::PolicyFail => "PolicyFail",
            Self::HasConflicts => "HasConflicts",
            Self::Unknown => "Unknown",
        }
    }
}

impl fmt::Display for VerifyResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What of a block is verified before it is executed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum VerifyLevel {
    /// Nothing.
    None,
    /// The header: that it follows the last block, and that the consensus nodes have
    /// signed it. This is what the reference does when it imports blocks.
    #[default]
    Headers,
    /// The header and the transactions.
    Full,
}

impl VerifyLevel {
    /// All levels with their names.
    pub const ALL: [(&str, Self); 3] = [("none", Self::None), ("headers", Self::Headers), ("full", Self::Full)];
}

/// A name that no level of verification has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is none of none, headers, full")]
pub struct UnknownLevel(String);

impl FromStr for VerifyLevel {
    type Err = UnknownLevel;

    fn from_str(name: &str) -> Result<Self, UnknownLevel> {
        let known = Self::ALL.into_iter().find(|(known, _)| *known == name);
        known.map(|(_, level)| level).ok_or_else(|| UnknownLevel(name.into()))
    }
}

impl fmt::Display for VerifyLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = Self::ALL.into_iter().find(|(_, level)| level == self);
        f.pad(named.map_or("", |(name, _)| name))
    }
}

/// The hash of the contract Notary.
fn notary() -> Hash160 {
    static NOTARY: LazyLock<Hash160> = LazyLock::new(|| contract_hash(Hash160::default(), 0, "Notary"));
    *NOTARY
}

/// The hashes that a transaction names in attributes Conflicts, in their order.
fn conflicts(transaction: &Transaction) -> impl Iterator<Item = Hash256> {
    transaction.attributes.iter().filter_map(|attribute| match attribute {
        Attribute::Conflicts { hash } => Some(*hash),
        _ => None,
    })
}

/// The number of the oracle request that a transaction answers, if it does.
fn oracle_request(transaction: &Transaction) -> Option<u64> {
    transaction.attributes.iter().find_map(|attribute| match attribute {
        Attribute::OracleResponse(response) => Some(response.id),
        _ => None,
    })
}
