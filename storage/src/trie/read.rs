//! Reading a trie at a root.

use super::{
    Loaded, MAX_KEY_LENGTH, NodeHash, Nodes, Proof, TrieError, load, nibbles,
    node::{Kind, Link, VALUE},
};
use crate::{Entry, Key, Value};

fn check_key(key: &[u8]) -> Result<(), TrieError> {
    if key.is_empty() || key.len() > MAX_KEY_LENGTH { Err(TrieError::KeyLength(key.len())) } else { Ok(()) }
}

/// The trie that has a root, as its nodes are kept.
#[derive(Clone, Copy, Debug)]
pub struct TrieReader<N> {
    nodes: N,
    root: NodeHash,
}

impl<N: Nodes> TrieReader<N> {
    /// Reads the trie that has a root.
    pub fn new(nodes: N, root: NodeHash) -> Self {
        Self { nodes, root }
    }

    /// Returns the value of a key, if it is there.
    ///
    /// # Errors
    /// [`TrieError::KeyLength`], or another one if nodes cannot be read.
    pub fn get(&self, key: &[u8]) -> Result<Option<Value>, TrieError> {
        self.walk(key, |_| ())
    }

    /// Returns the nodes that prove what value a key has; None if it is not there.
    ///
    /// # Errors
    /// As for [`get`](Self::get).
    ///
    /// Source: `Trie.Proof.cs` of the reference node.
    pub fn proof(&self, key: &[u8]) -> Result<Option<Proof>, TrieError> {
        let mut nodes = Vec::new();
        let value = self.walk(key, |bytes| nodes.push(bytes.to_vec()))?;
        Ok(value.map(|_| Proof { key: key.to_vec(), nodes }))
    }

    /// Goes from the root to a key, and shows the bytes of each node that leads there.
    fn walk(&self, key: &[u8], mut show: impl FnMut(&[u8])) -> Result<Option<Value>, TrieError> {
        check_key(key)?;
        let mut path = nibbles(key);
        path.push(VALUE);
        let (mut depth, mut hash) = (0, self.root);
        loop {
            let Loaded { kind, bytes, length } = load(&self.nodes, &path[..depth], &hash)?;
            let (own, behind) = bytes.split_at(length);
            let next = match kind {
                Kind::Leaf(value) => {
                    if depth + 1 < path.len() {
                        return Ok(None);
                    }
                    show(own);
                    return Ok(Some(value));
                }
                Kind::Extension(nibbles, next) => {
                    // None below the value of a branch.
                    let rest = path.get(depth..path.len() - 1).unwrap_or_default();
                    if !rest.starts_with(&nibbles) {
                        return Ok(None);
                    }
                    depth += nibbles.len();
                    next
                }
                Kind::Branch(mut children) => {
                    // A node that is the value of a branch has no children.
                    let Some(nibble) = path.get(depth) else { return Ok(None) };
                    depth += 1;
                    children[usize::from(*nibble)].take()
                }
            };
            show(own);
            hash = match next {
                Link::Stored(next) => next,
                Link::Loaded(leaf) if depth + 1 == path.len() => {
                    show(behind);
                    return Ok(leaf.value());
                }
                Link::Loaded(_) | Link::Empty => return Ok(None),
            };
        }
    }

    /// Reads the entries whose keys start with a prefix, in order; with `from`, those behind that key.
    ///
    /// # Errors
    /// [`TrieError::KeyLength`] if a key is too long.
    ///
    /// Source: `Trie.Find.cs` of the reference node.
    pub fn find(&self, prefix: &[u8], from: Option<&[u8]>) -> Result<Find<'_, N>, TrieError> {
        let from = from.unwrap_or_default();
        if let Some(key) = [prefix, from].into_iter().find(|key| key.len() > MAX_KEY_LENGTH) {
            return Err(TrieError::KeyLength(key.len()));
        }
        let ahead = vec![(Vec::new(), self.root)];
        Ok(Find { reader: self, prefix: nibbles(prefix), from: nibbles(from), ahead })
    }
}

/// Entries of a trie in the order of their keys. Made by [`TrieReader::find`].
#[derive(Debug)]
pub struct Find<'a, N> {
    reader: &'a TrieReader<N>,
    prefix: Vec<u8>,
    from: Vec<u8>,
    /// Nodes to visit, the next one last.
    ahead: Vec<(Vec<u8>, NodeHash)>,
}

impl<N: Nodes> Find<'_, N> {
    /// Notes a node to visit, unless nothing that is looked for can be below.
    fn visit(&mut self, path: Vec<u8>, link: &Link) {
        let Link::Stored(hash) = link else { return };
        let key = path.strip_suffix(&[VALUE]).unwrap_or(&path);
        let start = |other: &[u8]| key[..key.len().min(other.len())].cmp(&other[..key.len().min(other.len())]);
        if start(&self.prefix).is_eq() && start(&self.from).is_ge() {
            self.ahead.push((path, *hash));
        }
    }

    /// The entry of a leaf, if it is looked for.
    fn entry(&self, path: &[u8], value: Value) -> Option<Entry> {
        let key = path.strip_suffix(&[VALUE]).unwrap_or(path);
        let is_behind = self.from.is_empty() || *key > *self.from;
        let bytes = || key.as_chunks::<2>().0.iter().map(|[high, low]| high << 4 | low).collect::<Vec<_>>();
        (key.starts_with(&self.prefix) && is_behind).then(|| (Key::from_bytes(&bytes()), value))
    }

    fn advance(&mut self) -> Result<Option<Entry>, TrieError> {
        while let Some((path, hash)) = self.ahead.pop() {
            let entry = match load(&self.reader.nodes, &path, &hash)?.kind {
                Kind::Leaf(value) => self.entry(&path, value),
                Kind::Extension(nibbles, Link::Loaded(leaf)) => {
                    leaf.value().and_then(|value| self.entry(&[&path[..], &nibbles].concat(), value))
                }
                Kind::Extension(nibbles, next) => {
                    self.visit([&path[..], &nibbles].concat(), &next);
                    None
                }
                Kind::Branch(children) => {
                    for nibble in (0..VALUE).rev() {
                        self.visit([&path[..], &[nibble]].concat(), &children[usize::from(nibble)]);
                    }
                    self.visit([&path[..], &[VALUE]].concat(), &children[usize::from(VALUE)]);
                    None
                }
            };
            if entry.is_some() {
                return Ok(entry);
            }
        }
        Ok(None)
    }
}

impl<N: Nodes> Iterator for Find<'_, N> {
    type Item = Result<Entry, TrieError>;

    fn next(&mut self) -> Option<Self::Item> {
        let entry = self.advance();
        if entry.is_err() {
            self.ahead.clear();
        }
        entry.transpose()
    }
}
