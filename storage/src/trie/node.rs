//! Nodes, and their bytes.

use neovm_crypto::hash256;

use super::{NodeHash, TrieError};
use crate::Value;

/// Node types, as nodes are written.
const BRANCH: u8 = 0;
const EXTENSION: u8 = 1;
const LEAF: u8 = 2;
const HASH: u8 = 3;
const EMPTY: u8 = 4;

/// The number of children of a branch: one for each nibble, and a leaf for the key that ends there.
pub(super) const CHILDREN: usize = 17;

/// The child of a branch that holds the key that ends there.
pub(super) const VALUE: u8 = 16;

/// What stands at a position of the trie.
#[derive(Debug)]
pub(super) enum Link {
    Empty,
    /// A node that has to be read.
    Stored(NodeHash),
    Loaded(Box<Node>),
}

#[derive(Debug)]
pub(super) struct Node {
    pub(super) kind: Kind,
    /// None from a change until the node is sealed.
    pub(super) hash: Option<NodeHash>,
    pub(super) record: Record,
    /// The latest batch that came by.
    pub(super) used: u32,
}

#[derive(Debug)]
pub(super) enum Kind {
    Branch(Box<[Link; CHILDREN]>),
    /// The nibbles that all keys below share, of which there is at least one.
    Extension(Box<[u8]>, Link),
    Leaf(Value),
}

/// How the place where nodes are kept knows a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Record {
    /// As it is.
    Current,
    /// Another one is kept at its position.
    Outdated,
    /// None is kept at its position. So it is with the leaf that an extension leads to: it is kept with the extension.
    Absent,
}

impl Record {
    /// The record of a node that changes, or that takes the place of another.
    pub(super) fn changed(self) -> Self {
        if self == Self::Absent { Self::Absent } else { Self::Outdated }
    }
}

impl Link {
    pub(super) fn new(kind: Kind, record: Record, used: u32) -> Self {
        Self::Loaded(Box::new(Node { kind, hash: None, record, used }))
    }

    pub(super) fn branch() -> Box<[Self; CHILDREN]> {
        Box::new([const { Self::Empty }; CHILDREN])
    }

    pub(super) fn is_empty(&self) -> bool {
        matches!(self, Self::Empty)
    }

    pub(super) fn is_leaf(&self) -> bool {
        matches!(self, Self::Loaded(node) if matches!(node.kind, Kind::Leaf(_)))
    }

    pub(super) fn take(&mut self) -> Self {
        std::mem::replace(self, Self::Empty)
    }

    /// The hash of a node that is sealed.
    pub(super) fn hash(&self) -> Option<NodeHash> {
        match self {
            Self::Empty => None,
            Self::Stored(hash) => Some(*hash),
            Self::Loaded(node) => {
                debug_assert!(node.hash.is_some(), "the children of a node are sealed before it");
                node.hash
            }
        }
    }

    /// Computes the hashes of the changed nodes from here down, each once, and returns the hash of this one.
    pub(super) fn seal(&mut self, buffer: &mut Vec<u8>) -> Option<NodeHash> {
        if let Self::Loaded(node) = self
            && node.hash.is_none()
        {
            match &mut node.kind {
                Kind::Branch(children) => children.iter_mut().for_each(|child| _ = child.seal(buffer)),
                Kind::Extension(_, next) => _ = next.seal(buffer),
                Kind::Leaf(_) => {}
            }
            buffer.clear();
            node.kind.write(buffer);
            node.hash = Some(hash256(buffer));
        }
        self.hash()
    }
}

impl Node {
    /// The value of a leaf.
    pub(super) fn value(&self) -> Option<Value> {
        if let Kind::Leaf(value) = &self.kind { Some(value.clone()) } else { None }
    }
}

impl Kind {
    /// Appends the bytes that are hashed, which have no reference count.
    pub(super) fn write(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Branch(children) => {
                bytes.push(BRANCH);
                children.iter().for_each(|child| write_child(bytes, child));
            }
            Self::Extension(path, next) => {
                bytes.push(EXTENSION);
                write_bytes(bytes, path);
                write_child(bytes, next);
            }
            Self::Leaf(value) => {
                bytes.push(LEAF);
                write_bytes(bytes, value);
            }
        }
    }

    /// Reads the bytes of a node, and returns how many they are.
    pub(super) fn read(bytes: &[u8]) -> Result<(Self, usize), TrieError> {
        let mut reader = Reader { bytes, at: 0 };
        let kind = match reader.byte()? {
            BRANCH => {
                let mut children = Link::branch();
                for child in children.iter_mut() {
                    *child = reader.child()?;
                }
                Self::Branch(children)
            }
            EXTENSION => {
                let path = reader.var_bytes()?;
                if path.is_empty() || path.iter().any(|nibble| *nibble > 15) {
                    return Err(reader.error("the path of an extension is not one of nibbles"));
                }
                Self::Extension(path.into(), reader.child()?)
            }
            LEAF => Self::Leaf(reader.var_bytes()?.into()),
            _ => return Err(reader.error("no type of node")),
        };
        Ok((kind, reader.at))
    }
}

fn write_child(bytes: &mut Vec<u8>, child: &Link) {
    match child.hash() {
        Some(hash) => {
            bytes.push(HASH);
            bytes.extend(hash);
        }
        None => bytes.push(EMPTY),
    }
}

/// Writes bytes behind their length.
pub(super) fn write_bytes(bytes: &mut Vec<u8>, data: &[u8]) {
    write_length(bytes, data.len());
    bytes.extend_from_slice(data);
}

pub(super) fn write_length(bytes: &mut Vec<u8>, length: usize) {
    match length {
        0..0xfd => bytes.push(length as u8),
        0xfd..=0xffff => {
            bytes.push(0xfd);
            bytes.extend((length as u16).to_le_bytes());
        }
        _ => {
            bytes.push(0xfe);
            bytes.extend((length as u32).to_le_bytes());
        }
    }
}

/// Reads the bytes of nodes and proofs.
pub(super) struct Reader<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) at: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn error(&self, reason: &'static str) -> TrieError {
        TrieError::Format { at: self.at, reason }
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], TrieError> {
        let taken = self.bytes[self.at..].get(..count).ok_or_else(|| self.error("the bytes end too early"))?;
        self.at += count;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8, TrieError> {
        self.take(1).map(|bytes| bytes[0])
    }

    fn child(&mut self) -> Result<Link, TrieError> {
        match self.byte()? {
            HASH => {
                let hash = self.take(32)?.first_chunk().copied();
                Ok(hash.map_or(Link::Empty, Link::Stored))
            }
            EMPTY => Ok(Link::Empty),
            _ => Err(self.error("a child is neither a hash nor empty")),
        }
    }

    pub(super) fn length(&mut self) -> Result<usize, TrieError> {
        let size = match self.byte()? {
            0xfd => 2,
            0xfe => 4,
            0xff => return Err(self.error("a length of eight bytes")),
            length => return Ok(usize::from(length)),
        };
        let bytes = self.take(size)?;
        Ok(bytes.iter().rev().fold(0, |length, byte| length << 8 | usize::from(*byte)))
    }

    pub(super) fn var_bytes(&mut self) -> Result<&'a [u8], TrieError> {
        let length = self.length()?;
        self.take(length)
    }
}
