//! The Merkle Patricia trie over the state of a chain.
//!
//! A *position* is the path of nibbles from the root to a node; no two nodes share one. A place keeps the latest
//! trie by position: a node that changes replaces the former one, so that nodes need no reference counts. A place
//! that keeps all states keeps nodes by hash.
//!
//! Sources: `MPTTrie/*.cs` of the reference node, whose stored form (node and reference count) differs, and whose
//! hashes and proofs are the same.

mod node;
mod position;
mod proof;
mod read;
mod update;

use neovm_crypto::hash256;
use node::{Kind, Link, Node, Record};
use update::{Change, Update};

pub use self::{
    position::Position,
    proof::{Proof, Range},
    read::{Find, TrieReader},
};
use crate::{Key, StoreError, Value};

/// The nibbles of a key.
fn nibbles(key: &[u8]) -> Vec<u8> {
    key.iter().flat_map(|byte| [byte >> 4, byte & 15]).collect()
}

/// The hash of a node: [`hash256`](neovm_crypto::hash256) of its bytes. That of the root is the state root.
pub type NodeHash = [u8; 32];

/// The greatest length of a key in bytes: the id of a contract and 64 bytes.
///
/// Source: `Node.Extension.cs` (`MaxKeyLength`) of the reference node, which counts nibbles.
pub const MAX_KEY_LENGTH: usize = 68;

/// What is wrong with a trie, a key or a proof.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TrieError {
    /// The place that keeps the nodes failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A node that should be there is not.
    #[error("state trie: no node {hash} at position {position}", hash = shown(.hash))]
    Missing {
        /// The hash of the node.
        hash: NodeHash,
        /// Where it should be.
        position: Position,
    },
    /// Another node is kept in the place of the one that should be there.
    #[error("state trie: the node at position {position} is damaged: it should have hash {hash}", hash = shown(.hash))]
    Damaged {
        /// The hash of the node that should be there.
        hash: NodeHash,
        /// Where it should be.
        position: Position,
    },
    /// Bytes that are no node, or no proof.
    #[error("state trie: at byte {at}: {reason}")]
    Format {
        /// The position of the first wrong byte.
        at: usize,
        /// What is wrong.
        reason: &'static str,
    },
    /// A key that is empty or longer than [`MAX_KEY_LENGTH`].
    #[error("state trie: a key of {0} bytes, where 1 to 68 are allowed")]
    KeyLength(usize),
}

/// A hash as nodes show it.
pub(crate) fn shown(hash: &NodeHash) -> String {
    hash.iter().rev().fold("0x".to_owned(), |text, byte| text + &format!("{byte:02x}"))
}

/// Where the nodes of a trie are kept.
pub trait Nodes {
    /// Reads the bytes of the node at a position. One that keeps all states looks for the hash, and one that keeps
    /// the latest for the position.
    ///
    /// # Errors
    /// [`StoreError`] if the nodes cannot be read.
    fn node(&self, position: &Position, hash: &NodeHash) -> Result<Option<Value>, StoreError>;
}

/// Keeps nothing: all nodes stay in the trie.
impl Nodes for () {
    fn node(&self, _: &Position, _: &NodeHash) -> Result<Option<Value>, StoreError> {
        Ok(None)
    }
}

impl<N: Nodes + ?Sized> Nodes for &N {
    fn node(&self, position: &Position, hash: &NodeHash) -> Result<Option<Value>, StoreError> {
        (**self).node(position, hash)
    }
}

impl<N: Nodes + ?Sized> Nodes for std::sync::Arc<N> {
    fn node(&self, position: &Position, hash: &NodeHash) -> Result<Option<Value>, StoreError> {
        (**self).node(position, hash)
    }
}

/// A node to keep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeRecord {
    /// Where it is.
    pub position: Position,
    /// Its hash.
    pub hash: NodeHash,
    /// Its bytes, and those of the leaf that it leads to if it is an extension above one.
    pub bytes: Vec<u8>,
}

/// What changed since nodes were last saved.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeChanges {
    /// Positions where no node is any more, unless one of `written` is there.
    pub removed: Vec<Position>,
    /// The nodes that are new or changed, the root first.
    pub written: Vec<NodeRecord>,
}

/// A node that was read.
struct Loaded {
    kind: Kind,
    bytes: Value,
    /// How many of the bytes are those of the node. Behind an extension may follow the leaf that it leads to.
    length: usize,
}

/// Reads a node, checks its hash and decodes it.
fn load(nodes: &impl Nodes, position: &[u8], hash: &NodeHash) -> Result<Loaded, TrieError> {
    let position = Position::new(position);
    let Some(bytes) = nodes.node(&position, hash)? else { return Err(TrieError::Missing { hash: *hash, position }) };
    let (mut kind, length) = Kind::read(&bytes)?;
    let (own, behind) = bytes.split_at(length);
    let mut is_right = hash256(own) == *hash;
    if !behind.is_empty() {
        let (leaf, leaf_length) = Kind::read(behind)?;
        let (Kind::Extension(_, next), Kind::Leaf(_)) = (&mut kind, &leaf) else {
            return Err(TrieError::Format { at: length, reason: "bytes behind a node" });
        };
        let leaf_hash = hash256(behind);
        is_right &= next.hash() == Some(leaf_hash) && leaf_length == behind.len();
        let leaf = Node { kind: leaf, hash: Some(leaf_hash), record: Record::Absent, used: 0 };
        *next = Link::Loaded(Box::new(leaf));
    }
    if is_right { Ok(Loaded { kind, bytes, length }) } else { Err(TrieError::Damaged { hash: *hash, position }) }
}

/// The trie over the latest state. It holds the nodes that it has come by, and reads others.
///
/// After an error it is of no use.
#[derive(Debug)]
pub struct Trie<N> {
    nodes: N,
    root: Link,
    /// Kept nodes that are no more.
    removed: Vec<Position>,
    /// The number of the batch.
    now: u32,
    /// About how many nodes are held.
    held: usize,
    buffer: Vec<u8>,
}

impl<N: Nodes> Trie<N> {
    /// Opens the trie that has a root, whose nodes are kept; without one, an empty trie.
    pub fn new(nodes: N, root: Option<NodeHash>) -> Self {
        let root = root.map_or(Link::Empty, Link::Stored);
        Self { nodes, root, removed: Vec::new(), now: 0, held: 0, buffer: Vec::new() }
    }

    /// Makes changes, which are in the order of their keys, and returns the root. Each changed node is hashed once.
    ///
    /// The root of nothing is zeros.
    ///
    /// # Errors
    /// - [`TrieError::KeyLength`] for a key that no contract can have.
    /// - The others if the nodes cannot be read.
    pub fn apply<'a>(
        &mut self,
        changes: impl IntoIterator<Item = (&'a Key, Option<&'a Value>)>,
    ) -> Result<NodeHash, TrieError> {
        let changes: Vec<Change<'_>> = changes.into_iter().map(|(key, value)| (&**key, value)).collect();
        if let Some((key, _)) = changes.iter().find(|(key, _)| key.is_empty() || key.len() > MAX_KEY_LENGTH) {
            return Err(TrieError::KeyLength(key.len()));
        }
        debug_assert!(changes.is_sorted_by(|(a, _), (b, _)| a < b), "changes are in the order of their keys");
        self.now = self.now.wrapping_add(1);
        let mut update = Update::new(&self.nodes, &mut self.removed, self.now, &mut self.held);
        update.apply(&mut self.root, &changes)?;
        Ok(self.root.seal(&mut self.buffer).unwrap_or_default())
    }

    /// Drops the entries between two paths of keys, both included, so that they can be put anew.
    fn clear(&mut self, low: &[u8], high: &[u8]) -> Result<(), TrieError> {
        Update::new(&self.nodes, &mut self.removed, self.now, &mut self.held).clear(&mut self.root, low, high)
    }

    /// Returns what has changed since this was last called, which is for the place that keeps the nodes.
    pub fn save(&mut self) -> NodeChanges {
        let mut changes = NodeChanges { removed: std::mem::take(&mut self.removed), written: Vec::new() };
        save(&mut self.root, &mut Vec::new(), &mut self.buffer, &mut changes.written);
        changes
    }

    /// Lets go of nodes that are kept elsewhere, those used longest ago first, until at most as many as given are left
    /// or nothing more can be let go.
    pub fn shrink(&mut self, limit: usize) {
        if self.held <= limit {
            return;
        }
        let mut counts = [0_usize; 33];
        count_ages(&self.root, self.now, &mut counts);
        let mut left = 0;
        let too_many = counts.iter().position(|count| {
            left += count;
            left > limit
        });
        self.held = match too_many {
            None => left,
            Some(bits) => shrink(&mut self.root, self.now, (1_u64 << bits) >> 1),
        };
    }

    /// Returns about how many nodes are held.
    pub fn held(&self) -> usize {
        self.held
    }
}

/// Above a node that is kept as it is, all are; below it too.
fn save(link: &mut Link, position: &mut Vec<u8>, buffer: &mut Vec<u8>, written: &mut Vec<NodeRecord>) {
    let Link::Loaded(node) = link else { return };
    if node.record == Record::Current {
        return;
    }
    node.record = Record::Current;
    buffer.clear();
    node.kind.write(buffer);
    if let Kind::Extension(_, Link::Loaded(next)) = &node.kind
        && let Kind::Leaf(_) = next.kind
    {
        next.kind.write(buffer);
    }
    let (hash, bytes) = (node.hash.unwrap_or_default(), buffer.to_vec());
    written.push(NodeRecord { position: Position::new(position), hash, bytes });
    let depth = position.len();
    match &mut node.kind {
        Kind::Branch(children) => {
            for (nibble, child) in (0..).zip(children.iter_mut()) {
                position.push(nibble);
                save(child, position, buffer, written);
                position.truncate(depth);
            }
        }
        Kind::Extension(path, next) if !next.is_leaf() => {
            position.extend_from_slice(path);
            save(next, position, buffer, written);
            position.truncate(depth);
        }
        Kind::Extension(..) | Kind::Leaf(_) => {}
    }
}

/// Counts nodes by the bits of their ages: how many batches came since one came by. No node is older than those below
/// it.
fn count_ages(link: &Link, now: u32, counts: &mut [usize; 33]) {
    let Link::Loaded(node) = link else { return };
    let count = &mut counts[(u32::BITS - now.wrapping_sub(node.used).leading_zeros()) as usize];
    *count += 1;
    match &node.kind {
        Kind::Branch(children) => children.iter().for_each(|child| count_ages(child, now, counts)),
        // They are let go together.
        Kind::Extension(_, next) if next.is_leaf() => *count += 1,
        Kind::Extension(_, next) => count_ages(next, now, counts),
        Kind::Leaf(_) => {}
    }
}

/// Lets go of nodes of an age and older ones, and returns how many are left.
fn shrink(link: &mut Link, now: u32, age: u64) -> usize {
    let Link::Loaded(node) = link else { return 0 };
    if let (Record::Current, Some(hash)) = (node.record, node.hash)
        && u64::from(now.wrapping_sub(node.used)) >= age
    {
        *link = Link::Stored(hash);
        return 0;
    }
    1 + match &mut node.kind {
        Kind::Branch(children) => children.iter_mut().map(|child| shrink(child, now, age)).sum(),
        Kind::Extension(_, next) => shrink(next, now, age),
        Kind::Leaf(_) => 0,
    }
}

/// Returns the root of the trie that holds these entries, which are in the order of their keys; zeros if there are
/// none.
///
/// A node's state root covers the storage of all contracts but the Ledger's.
pub fn state_root<'a>(entries: impl IntoIterator<Item = (&'a Key, &'a Value)>) -> NodeHash {
    let puts: Vec<Change<'_>> = entries.into_iter().map(|(key, value)| (&**key, Some(value))).collect();
    update::build(&puts, 0, 0).seal(&mut Vec::new()).unwrap_or_default()
}
