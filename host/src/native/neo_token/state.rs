//! What NeoToken stores of accounts and candidates.
//!
//! Source: `NeoToken.cs` (`NeoAccountState`, `CandidateState`).

use neovm_types::{
    FaultKind, Integer, StackItem,
    manifest::{ParameterType, PublicKey},
};

use smallvec::{SmallVec, smallvec};

use crate::{
    fault,
    native::fungible::Account,
    parameter::Return,
    stored::{number, struct_of, with_fields},
};

/// What is stored for an account.
#[derive(Clone, Debug)]
pub(crate) struct NeoAccount {
    /// The balance.
    balance: Integer,
    /// The block up to which the account has received the GAS that it earned.
    pub(super) balance_height: u32,
    /// The candidate that the account votes for.
    pub(super) vote_to: Option<PublicKey>,
    /// What a vote for the candidate had earned by then.
    pub(super) last_gas_per_vote: Integer,
}

impl Default for NeoAccount {
    fn default() -> Self {
        Self { balance: Integer::Small(0), balance_height: 0, vote_to: None, last_gas_per_vote: Integer::Small(0) }
    }
}

impl Account for NeoAccount {
    fn balance(&self) -> Integer {
        self.balance
    }

    fn set_balance(&mut self, balance: Integer) {
        self.balance = balance;
    }

    fn from_fields(fields: &[StackItem]) -> Result<Self, FaultKind> {
        let damaged = || fault("a stored account is damaged");
        let [balance, balance_height, vote_to, last_gas_per_vote] = fields else { return Err(damaged()) };
        let balance_height = number(balance_height.to_integer()?).map_err(|_| damaged())?;
        let vote_to = if vote_to.is_null() { None } else { Some(stored_key(vote_to)?) };
        Ok(Self {
            balance: balance.to_integer()?,
            balance_height,
            vote_to,
            last_gas_per_vote: last_gas_per_vote.to_integer()?,
        })
    }

    fn fields(&self) -> SmallVec<[StackItem; 4]> {
        smallvec![
            self.balance.into(),
            self.balance_height.into(),
            self.vote_to.as_ref().into(),
            self.last_gas_per_vote.into(),
        ]
    }
}

impl Return for NeoAccount {
    const TYPE: ParameterType = <Vec<StackItem> as Return>::TYPE;

    fn into_item(self) -> Option<StackItem> {
        Some(StackItem::structure(self.fields().into_vec()))
    }
}

/// What is stored for a key that is a candidate, or was one and still has votes.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    /// Whether the key is a candidate.
    pub(super) registered: bool,
    /// The number of tokens whose holders vote for the key.
    pub(super) votes: Integer,
}

impl Candidate {
    /// Reads the stored bytes.
    pub(super) fn from_bytes(bytes: &[u8]) -> Result<Self, FaultKind> {
        with_fields(bytes, |fields| match fields {
            [registered, votes] => Ok(Self { registered: registered.to_boolean()?, votes: votes.to_integer()? }),
            _ => Err(fault("a stored candidate is damaged")),
        })
    }

    /// Returns the bytes to store.
    pub(super) fn to_bytes(&self) -> Result<Vec<u8>, FaultKind> {
        struct_of(&[self.registered.into(), self.votes.into()])
    }
}

/// A public key that is stored. It was checked before.
pub(super) fn stored_key(item: &StackItem) -> Result<PublicKey, FaultKind> {
    let key = item.with_bytes(|bytes| bytes.try_into().map(PublicKey))?;
    key.map_err(|_| fault("a stored public key has not 33 bytes"))
}
