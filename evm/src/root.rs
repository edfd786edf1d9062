//! State roots and hashes of logs.

use alloy_rlp::Encodable;
use alloy_trie::{HashBuilder, Nibbles, TrieAccount, root::storage_root_unhashed};
use neovm_storage::StoreError;
use revm::primitives::{Address, B256, Log, keccak256};

use crate::{Record, State};

impl State<'_> {
    /// Returns the root of the Merkle Patricia trie of all accounts. It is computed from all of them.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    pub fn root(&self) -> Result<B256, StoreError> {
        let leaf = |account: Result<(Address, Record), StoreError>| {
            let (address, record) = account?;
            let Record { nonce, balance, code_hash, .. } = record;
            let storage = self.storage_of(address, &record).map(|slot| slot.map(|(slot, value)| (slot.into(), value)));
            let storage_root = storage_root_unhashed(storage.collect::<Result<Vec<(B256, _)>, _>>()?);
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
}

/// Returns the hash of the logs of a transaction, as state tests have it: of their list in RLP.
pub fn logs_hash(logs: &[Log]) -> B256 {
    let mut bytes = Vec::new();
    alloy_rlp::encode_list(logs, &mut bytes);
    keccak256(bytes)
}
