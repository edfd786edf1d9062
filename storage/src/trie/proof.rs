//! Proofs of values.

use std::collections::HashMap;

use neovm_crypto::hash256;

use super::{
    MAX_KEY_LENGTH, NodeHash, Nodes, Position, TrieError, TrieReader,
    node::{Reader, write_bytes, write_length},
};
use crate::{StoreError, Value};

/// The nodes from a root to a key, which prove the key's value to anyone who knows the root.
///
/// Source: `Trie.Proof.cs` and `StatePlugin.cs` (`GetProof`, `VerifyProof`) of the reference node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// The key.
    pub key: Vec<u8>,
    /// The bytes of the nodes, the root first.
    pub nodes: Vec<Vec<u8>>,
}

impl Proof {
    /// Returns the bytes that the RPC method `getproof` gives in Base64: the key, the number of nodes, the nodes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        write_bytes(&mut bytes, &self.key);
        write_length(&mut bytes, self.nodes.len());
        self.nodes.iter().for_each(|node| write_bytes(&mut bytes, node));
        bytes
    }

    /// Reads what [`to_bytes`](Self::to_bytes) writes. Like the reference it does not mind bytes behind the nodes.
    ///
    /// # Errors
    /// [`TrieError::Format`] if the bytes end too early; [`TrieError::KeyLength`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, TrieError> {
        let mut reader = Reader { bytes, at: 0 };
        let key = reader.var_bytes()?.to_vec();
        // The reference's limit here is twice that of keys.
        if key.len() > 2 * MAX_KEY_LENGTH {
            return Err(TrieError::KeyLength(key.len()));
        }
        let count = reader.length()?;
        let nodes = (0..count).map(|_| reader.var_bytes().map(<[u8]>::to_vec)).collect::<Result<_, _>>()?;
        Ok(Self { key, nodes })
    }

    /// Returns the value that the proof shows to stand at its key under a root; None if it shows that there is none.
    ///
    /// # Errors
    /// [`TrieError::Missing`] if a node is missing, which is what a wrong root or proof leads to; others if a node
    /// or the key is malformed.
    pub fn verify(&self, root: NodeHash) -> Result<Option<Value>, TrieError> {
        let nodes = self.nodes.iter().map(|node| (hash256(node), Value::from(&node[..]))).collect();
        TrieReader::new(ByHash(nodes), root).get(&self.key)
    }
}

struct ByHash(HashMap<NodeHash, Value>);

impl Nodes for ByHash {
    fn node(&self, _: &Position, hash: &NodeHash) -> Result<Option<Value>, StoreError> {
        Ok(self.0.get(hash).cloned())
    }
}
