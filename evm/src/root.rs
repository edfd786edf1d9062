//! State roots and hashes of logs.

use std::collections::HashMap;

use alloy_rlp::Encodable;
use alloy_trie::{HashBuilder, Nibbles, TrieAccount, root::storage_root_unhashed};
use neovm_storage::{Direction, StoreError};
use revm::primitives::{Address, B256, Log, U256, keccak256};

use crate::{
    Record, State,
    record::{all_storage_prefix, owner_of, slot_of, value_of},
};

/// Slots and values, by address and generation.
type Storage = HashMap<(Address, u32), Vec<(B256, U256)>>;

impl State<'_> {
    /// Returns the root of the Merkle Patricia trie of all accounts. It is computed from all of them.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    pub fn root(&self) -> Result<B256, StoreError> {
        let mut storage = self.storage()?;
        let leaf = |account: Result<(Address, Record), StoreError>| {
            let (address, Record { generation, nonce, balance, code_hash }) = account?;
            let slots = storage.remove(&(address, generation)).unwrap_or_default();
            let storage_root = storage_root_unhashed(slots);
            Ok((keccak256(address), TrieAccount { nonce, balance, storage_root, code_hash }))
        };
        let mut leaves = self.accounts().map(leaf).collect::<Result<Vec<_>, StoreError>>()?;
        leaves.sort_unstable_by_key(|(hash, _)| *hash);
        let (mut builder, mut bytes) = (HashBuilder::default(), Vec::new());
        for (hash, account) in leaves {
            bytes.clear();
            account.encode(&mut bytes);
            builder.add_leaf(Nibbles::unpack(hash), &bytes);
        }
        Ok(builder.root())
    }

    /// All values of all storage. To look for those of each account would look through all of the layer each time.
    fn storage(&self) -> Result<Storage, StoreError> {
        let mut storage = Storage::new();
        for entry in self.layer().find(&all_storage_prefix(), Direction::Forward) {
            let (key, item) = entry?;
            let slots = storage.entry(owner_of(&key)?).or_default();
            slots.push((slot_of(&key)?.into(), value_of(|| key, &item.value())?));
        }
        Ok(storage)
    }
}

/// Returns the hash of the logs of a transaction, as state tests have it: of their list in RLP.
pub fn logs_hash(logs: &[Log]) -> B256 {
    let mut bytes = Vec::new();
    alloy_rlp::encode_list(logs, &mut bytes);
    keccak256(bytes)
}
