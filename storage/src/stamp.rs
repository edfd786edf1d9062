//! What stands for the contracts that a state holds.

use std::sync::atomic::{AtomicU64, Ordering};

/// The contracts whose records a stamp stands for: ContractManagement and Policy.
const CONTRACTS: [i32; 2] = [-1, -7];

/// Stands for all that the native contracts ContractManagement and Policy store. States with the same stamp, whether
/// of stores or of layers, hold the same of them.
///
/// Whoever changes what they store makes a new stamp, which nobody had before. Copies of a state keep its stamp until
/// one of them changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContractsStamp(u64);

impl ContractsStamp {
    /// Makes a stamp that nobody in the process has.
    pub fn unique() -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        Self(COUNT.fetch_add(1, Ordering::Relaxed))
    }

    /// Makes a new stamp if a key that is changed, given by its bytes, is one of those contracts.
    pub fn note_write(&mut self, key: &[u8]) {
        if key.first_chunk().is_some_and(|id| Self::covers(i32::from_le_bytes(*id))) {
            *self = Self::unique();
        }
    }

    /// Whether a contract, given by its id, is one of those.
    #[inline]
    pub(crate) fn covers(contract: i32) -> bool {
        CONTRACTS.contains(&contract)
    }
}

/// As [`ContractsStamp::unique`].
impl Default for ContractsStamp {
    fn default() -> Self {
        Self::unique()
    }
}
