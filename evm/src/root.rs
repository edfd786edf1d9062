//! State roots and hashes of logs.

use alloy_primitives::utils::{init_keccak_cache, keccak256_cached};
use alloy_trie::{
    EMPTY_ROOT_HASH, TrieAccount,
    root::{state_root_unsorted, storage_root_unsorted},
};
use neovm_storage::StoreError;
use revm::primitives::{Address, B256, HashMap, Log, U256, keccak256};

use crate::{
    Record, State,
    record::{accounts_prefix, address_of, all_storage_prefix, owner_of, slot_of, value_of},
};

/// So many hashes of addresses and slots are kept, in half a megabyte, unless the embedder has chosen another number.
const KEPT_HASHES: usize = 1 << 12;

/// Slots and values, by address and generation.
pub(crate) type Storage = HashMap<(Address, u32), Vec<(B256, U256)>>;

impl State<'_> {
    /// Returns the root of the Merkle Patricia trie of all accounts. It is computed from all of them.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    pub fn root(&self) -> Result<B256, StoreError> {
        // It is chosen once.
        let _ = init_keccak_cache(KEPT_HASHES);
        let (mut storage, mut leaves) = (self.storage()?, Vec::new());
        self.layer().peek_each(&accounts_prefix(), |key, value| {
            let address = address_of(key)?;
            let Record { generation, nonce, balance, code_hash } = Record::from_bytes(key, value)?;
            let storage_root = storage.remove(&(address, generation)).map_or(EMPTY_ROOT_HASH, |slots| {
                storage_root_unsorted(slots.into_iter().map(|(slot, value)| (keccak256_cached(slot), value)))
            });
            leaves.push((keccak256_cached(address), TrieAccount { nonce, balance, storage_root, code_hash }));
            Ok(())
        })?;
        Ok(state_root_unsorted(leaves))
    }

    /// All values of all storage. To look for those of each account would look through all of the layer each time.
    pub(crate) fn storage(&self) -> Result<Storage, StoreError> {
        let mut storage = Storage::default();
        self.layer().peek_each(&all_storage_prefix(), |key, value| {
            let slots = storage.entry(owner_of(key)?).or_default();
            slots.push((slot_of(key)?.into(), value_of(|| key.clone(), value)?));
            Ok(())
        })?;
        Ok(storage)
    }
}

/// Returns the hash of the logs of a transaction, as state tests have it: of their list in RLP.
pub fn logs_hash(logs: &[Log]) -> B256 {
    let mut bytes = Vec::new();
    alloy_rlp::encode_list(logs, &mut bytes);
    keccak256(bytes)
}
