//! The transactions that a node keeps until a block takes them.
//!
//! Sources: `Ledger/MemoryPool.cs`, `Ledger/PoolItem.cs` of the reference node.

use std::{cmp::Reverse, collections::BTreeSet, sync::Arc};

use neovm_chain::{Attribute, Block, Transaction};
use neovm_host::{Network, StateView};
use neovm_storage::{Store, checked};
use neovm_types::{FaultKind, Hash256};

use crate::verify::{Pool, VerifyResult, in_chain, verify_in, verify_new_transaction};

/// A [`Pool`] with a capacity, in the order in which blocks take the transactions.
///
/// The reference verifies what waits again after each block, as long as it has time,
/// and keeps the rest aside as unverified. Here all of it is verified again at once.
#[derive(Clone, Debug)]
pub struct MemoryPool {
    pool: Pool,
    /// The transactions, the last to be taken first.
    order: BTreeSet<Rank>,
    capacity: usize,
}

/// The place of a transaction in the order: the higher, the earlier a block takes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    has_high_priority: bool,
    fee_per_byte: i64,
    network_fee: i64,
    hash: Reverse<Digits>,
}

/// A hash in the order of the number that it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Digits(Hash256);

impl Ord for Digits {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.0.iter().rev().cmp(other.0.0.iter().rev())
    }
}

impl PartialOrd for Digits {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Rank {
    /// Source: `PoolItem.cs` (`CompareTo`).
    fn of(transaction: &Transaction) -> Self {
        Self {
            has_high_priority: transaction.attributes.contains(&Attribute::HighPriority),
            fee_per_byte: transaction.network_fee / transaction.size() as i64,
            network_fee: transaction.network_fee,
            hash: Reverse(Digits(transaction.hash())),
        }
    }
}

impl MemoryPool {
    /// Creates a pool for at most so many transactions.
    pub fn new(capacity: usize) -> Self {
        Self { pool: Pool::new(), order: BTreeSet::new(), capacity }
    }

    /// Returns the number of transactions that it keeps at most.
    pub const fn capacity(&self) -> usize {
        self.capacity
    }

    /// Returns the number of transactions.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Returns whether there are no transactions.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// Returns a transaction.
    pub fn get(&self, hash: Hash256) -> Option<&Arc<Transaction>> {
        self.pool.get(hash)
    }

    /// Returns the transactions in the order in which blocks take them: those with the
    /// attribute HighPriority first, then by the network fee for a byte, the network fee
    /// and the hash.
    pub fn transactions(&self) -> impl Iterator<Item = &Arc<Transaction>> {
        self.order.iter().rev().filter_map(|rank| self.pool.get(rank.hash.0.0))
    }

    /// Verifies a transaction over the state after the last block, and adds it if it is
    /// valid. Transactions that it conflicts with leave the pool. If there are too many
    /// then, the last in the order leaves, which may be the new one.
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
        let result = verify_new_transaction(network, store, &self.pool, &transaction)?;
        if result != VerifyResult::Succeed {
            return Ok(result);
        }
        let hash = transaction.hash();
        self.add(transaction);
        while self.len() > self.capacity {
            let Some(last) = self.order.pop_first() else { break };
            self.pool.remove(last.hash.0.0);
        }
        Ok(if self.pool.contains(hash) { VerifyResult::Succeed } else { VerifyResult::OutOfMemory })
    }

    /// Adds a transaction that was verified beside the others.
    fn add(&mut self, transaction: Arc<Transaction>) {
        let replaced = self.pool.replaced_by(&transaction).unwrap_or_default();
        self.order.insert(Rank::of(&transaction));
        self.pool.add(transaction);
        for conflicting in replaced {
            self.remove(conflicting.hash());
        }
    }

    /// Takes a transaction out.
    pub fn remove(&mut self, hash: Hash256) {
        if let Some(transaction) = self.pool.get(hash) {
            self.order.remove(&Rank::of(transaction));
            self.pool.remove(hash);
        }
    }

    /// Takes note of a block that was appended, over the state after it: its transactions
    /// leave the pool, and of the others those that are not valid any more, because they
    /// conflict with one of the block, have expired, or cannot be paid. Those stay of which
    /// that cannot be told, since the storage cannot be read or is damaged.
    pub fn block_appended(&mut self, network: &Network, store: &dyn Store, block: &Block) {
        if self.is_empty() {
            return;
        }
        let taken = block.transaction_hashes();
        let waiting: Vec<_> = self.transactions().filter(|one| !taken.contains(&one.hash())).cloned().collect();
        let state = StateView::new(network, store);
        let mut left = Self::new(self.capacity);
        for transaction in waiting {
            let verified = checked(store, |store| left.verify_again(network, store, &state, &transaction));
            if verified.map_or(true, |result| result.unwrap_or(VerifyResult::Succeed) == VerifyResult::Succeed) {
                left.add(transaction);
            }
        }
        *self = left;
    }

    /// Verifies a transaction that was valid before the last block.
    fn verify_again(
        &self,
        network: &Network,
        store: &dyn Store,
        state: &StateView<'_>,
        transaction: &Transaction,
    ) -> Result<VerifyResult, FaultKind> {
        if let Some(result) = in_chain(state, transaction)? {
            return Ok(result);
        }
        match self.pool.replaced_by(transaction) {
            Some(replaced) => verify_in(network, store, state, &self.pool, &replaced, transaction),
            None => Ok(VerifyResult::HasConflicts),
        }
    }
}
