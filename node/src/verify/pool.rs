//! The transactions that wait for a block.

use std::{
    collections::{HashMap, HashSet, hash_map::Entry},
    sync::Arc,
};

use neovm_chain::Transaction;
use neovm_host::{Network, StateView};
use neovm_storage::Store;
use neovm_types::{FaultKind, Hash160, Hash256, Integer};

use super::{VerifyResult, conflicts, notary, oracle_request, verify_new_transaction};

/// Transactions that were verified and are in no block yet, and what they keep others
/// from: the fees of each payer, the oracle requests that they answer, and the
/// transactions that they conflict with. It has no limit and no order.
///
/// Sources: `Ledger/MemoryPool.cs`, `Ledger/TransactionVerificationContext.cs` of the
/// reference node.
#[derive(Clone, Debug, Default)]
pub struct Pool {
    transactions: HashMap<Hash256, Arc<Transaction>>,
    /// The transactions of the pool that name a hash in attributes Conflicts.
    conflicts: HashMap<Hash256, HashSet<Hash256>>,
    /// The fees of each payer, in datoshi.
    fees: HashMap<Payer, i128>,
    oracle_requests: HashSet<u64>,
}

/// Who pays the fees of a transaction.
///
/// Source: `MemoryPool.cs` (`GetPayer`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Payer {
    /// The sender's GAS.
    Sender(Hash160),
    /// What the second signer has deposited with the contract Notary, which is the sender.
    Deposit(Hash160),
}

impl Payer {
    fn of(transaction: &Transaction) -> Self {
        match &transaction.signers[..] {
            [sender, owner, ..] if sender.account == notary() => Self::Deposit(owner.account),
            _ => Self::Sender(transaction.sender()),
        }
    }

    fn account(self) -> Hash160 {
        let (Self::Sender(account) | Self::Deposit(account)) = self;
        account
    }

    /// What it has, in datoshi.
    fn balance(self, state: &StateView<'_>) -> Result<Integer, FaultKind> {
        match self {
            Self::Sender(account) => state.gas_balance(account),
            Self::Deposit(account) => state.notary_deposit(account),
        }
    }
}

impl Pool {
    /// Creates a pool without transactions.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the number of transactions.
    pub fn len(&self) -> usize {
        self.transactions.len()
    }

    /// Returns whether there are no transactions.
    pub fn is_empty(&self) -> bool {
        self.transactions.is_empty()
    }

    /// Returns whether a transaction is in the pool.
    pub fn contains(&self, hash: Hash256) -> bool {
        self.transactions.contains_key(&hash)
    }

    /// Returns a transaction of the pool.
    pub fn get(&self, hash: Hash256) -> Option<&Arc<Transaction>> {
        self.transactions.get(&hash)
    }

    /// Verifies a transaction that was received, over the state after the last block,
    /// and adds it to the pool if it is valid. Transactions of the pool that it
    /// conflicts with leave the pool then.
    ///
    /// # Errors
    /// A fault if the storage cannot be read or is damaged, unless it is a witness that
    /// reads it, see [`crate::verify`].
    pub fn try_add(
        &mut self,
        network: &Network,
        store: &dyn Store,
        transaction: Arc<Transaction>,
    ) -> Result<VerifyResult, FaultKind> {
        let result = verify_new_transaction(network, store, self, &transaction)?;
        if result == VerifyResult::Succeed {
            let replaced = self.replaced_by(&transaction).unwrap_or_default();
            self.add(transaction);
            for conflicting in replaced {
                self.remove(conflicting.hash());
            }
        }
        Ok(result)
    }

    /// Adds a transaction that was verified.
    pub(crate) fn add(&mut self, transaction: Arc<Transaction>) {
        for hash in conflicts(&transaction) {
            self.conflicts.entry(hash).or_default().insert(transaction.hash());
        }
        self.oracle_requests.extend(oracle_request(&transaction));
        *self.fees.entry(Payer::of(&transaction)).or_default() += fees(&transaction);
        self.transactions.insert(transaction.hash(), transaction);
    }

    pub(crate) fn remove(&mut self, hash: Hash256) {
        let Some(transaction) = self.transactions.remove(&hash) else { return };
        for named in conflicts(&transaction) {
            if let Some(naming) = self.conflicts.get_mut(&named) {
                naming.remove(&hash);
                if naming.is_empty() {
                    self.conflicts.remove(&named);
                }
            }
        }
        if let Some(request) = oracle_request(&transaction) {
            self.oracle_requests.remove(&request);
        }
        if let Entry::Occupied(mut pending) = self.fees.entry(Payer::of(&transaction)) {
            *pending.get_mut() -= fees(&transaction);
            if *pending.get() == 0 {
                pending.remove();
            }
        }
    }

    /// Returns whether a transaction conflicts with one of the pool, by an attribute
    /// of either.
    pub(super) fn conflicts_with(&self, transaction: &Transaction) -> bool {
        let is_named = self.conflicts.get(&transaction.hash()).is_some_and(|naming| !naming.is_empty());
        is_named || conflicts(transaction).any(|hash| self.contains(hash))
    }

    /// Returns the transactions that leave the pool for a transaction; none if it has
    /// to yield to them: it pays no more than they do together, or none of its signers
    /// has signed one that it names. One that conflicts both ways is listed and paid
    /// for twice, as in the reference.
    ///
    /// Source: `MemoryPool.cs` (`CheckConflicts`).
    pub(crate) fn replaced_by(&self, transaction: &Transaction) -> Option<Vec<Arc<Transaction>>> {
        let payer = Payer::of(transaction).account();
        let mut replaced = Vec::new();
        let mut paid: i128 = 0;
        for hash in self.conflicts.get(&transaction.hash()).into_iter().flatten() {
            let naming = &self.transactions[hash];
            if naming.signers.iter().any(|signer| signer.account == payer) {
                paid += i128::from(naming.network_fee);
            }
            replaced.push(Arc::clone(naming));
        }
        for named in conflicts(transaction).filter_map(|hash| self.transactions.get(&hash)) {
            let is_own = |account| transaction.signers.iter().any(|signer| signer.account == account);
            if !named.signers.iter().any(|signer| is_own(signer.account)) {
                return None;
            }
            paid += i128::from(named.network_fee);
            replaced.push(Arc::clone(named));
        }
        (paid == 0 || paid < i128::from(transaction.network_fee)).then_some(replaced)
    }

    /// Returns whether the payer can pay a transaction beside what the pool holds of
    /// it, without the transactions that are replaced, and the oracle request that it
    /// answers is still open.
    ///
    /// Source: `TransactionVerificationContext.cs` (`CheckTransaction`).
    pub(super) fn can_pay(
        &self,
        state: &StateView<'_>,
        transaction: &Transaction,
        replaced: &[Arc<Transaction>],
    ) -> Result<bool, FaultKind> {
        let payer = Payer::of(transaction);
        let pending = self.fees.get(&payer).copied().unwrap_or(0);
        let freed: i128 = replaced.iter().filter(|other| Payer::of(other) == payer).map(|other| fees(other)).sum();
        let needed = fees(transaction) + pending - freed;
        let is_answered = oracle_request(transaction).is_some_and(|request| self.oracle_requests.contains(&request));
        Ok(payer.balance(state)? >= Integer::from(needed) && !is_answered)
    }
}

/// The fees of a transaction, in datoshi.
fn fees(transaction: &Transaction) -> i128 {
    i128::from(transaction.system_fee) + i128::from(transaction.network_fee)
}
