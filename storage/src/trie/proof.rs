//! Proofs of values.

use std::collections::HashMap;

use neovm_crypto::hash256;

use super::{
    MAX_KEY_LENGTH, NodeHash, Nodes, Position, Trie, TrieError, TrieReader, nibbles,
    node::{Reader, VALUE, write_bytes, write_length},
};
use crate::{Key, StoreError, Value};

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
        TrieReader::new(ByHash::new([self]), root).get(&self.key)
    }
}

/// Entries that follow one another: those with a prefix, of which a first and a last one may be named.
#[derive(Clone, Copy, Debug)]
pub struct Range<'a> {
    /// The prefix.
    pub prefix: &'a [u8],
    /// The first key, in place of the first one with the prefix.
    pub first: Option<&'a [u8]>,
    /// The last key, in place of the last one with the prefix.
    pub last: Option<&'a [u8]>,
}

impl Range<'_> {
    /// Whether these entries, in the order of their keys, are all that stand in the range under a root, with their
    /// values. The proofs of the first and of the last one suffice for that: what lies between them can be built of
    /// the entries, and leads to the root.
    ///
    /// # Errors
    /// As for [`Proof::verify`].
    pub fn verify<'a>(
        &self,
        root: NodeHash,
        proofs: impl IntoIterator<Item = &'a Proof>,
        entries: impl IntoIterator<Item = (&'a Key, &'a Value)>,
    ) -> Result<bool, TrieError> {
        let entries: Vec<_> = entries.into_iter().collect();
        if !entries.iter().all(|(key, _)| self.contains(key)) {
            return Ok(false);
        }
        let low = nibbles(self.first.unwrap_or(self.prefix));
        // No nibble is as great as that of a branch's value.
        let high = self.last.map_or_else(|| [nibbles(self.prefix), vec![VALUE]].concat(), nibbles);
        let mut trie = Trie::new(ByHash::new(proofs), Some(root));
        trie.clear(&low, &high)?;
        Ok(trie.apply(entries.into_iter().map(|(key, value)| (key, Some(value))))? == root)
    }

    fn contains(&self, key: &[u8]) -> bool {
        key.starts_with(self.prefix)
            && self.first.is_none_or(|first| first <= key)
            && self.last.is_none_or(|last| key <= last)
    }
}

struct ByHash(HashMap<NodeHash, Value>);

impl ByHash {
    fn new<'a>(proofs: impl IntoIterator<Item = &'a Proof>) -> Self {
        let nodes = proofs.into_iter().flat_map(|proof| &proof.nodes);
        Self(nodes.map(|node| (hash256(node), Value::from(&node[..]))).collect())
    }
}

impl Nodes for ByHash {
    fn node(&self, _: &Position, hash: &NodeHash) -> Result<Option<Value>, StoreError> {
        Ok(self.0.get(hash).cloned())
    }
}
