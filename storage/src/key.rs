//! Storage keys.

use std::{borrow::Borrow, fmt, ops::Deref};

use smallvec::SmallVec;

/// A key of a node's storage: the id of a contract in four bytes, little
/// endian, followed by the contract's own key.
///
/// Keys are ordered by their bytes.
///
/// Source: `StorageKey.cs` of the reference node.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Key(SmallVec<[u8; INLINE]>);

/// Keys of up to this number of bytes need no allocation: all those of native
/// contracts, and most of others.
const INLINE: usize = 36;

impl Key {
    /// Creates the key of a contract.
    pub fn new(contract: i32, key: &[u8]) -> Self {
        Self::joined(&contract.to_le_bytes(), key)
    }

    /// Creates a key from all its bytes, the contract's id first.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        Self(SmallVec::from_slice(bytes))
    }

    /// Returns this key with more bytes behind it.
    #[must_use]
    pub fn with(self, bytes: &[u8]) -> Self {
        Self::joined(&self, bytes)
    }

    fn joined(first: &[u8], second: &[u8]) -> Self {
        let length = first.len() + second.len();
        if length > INLINE {
            return Self(SmallVec::from_vec([first, second].concat()));
        }
        let mut bytes = [0; INLINE];
        bytes[..first.len()].copy_from_slice(first);
        bytes[first.len()..length].copy_from_slice(second);
        Self(SmallVec::from_buf_and_len(bytes, length))
    }

    /// Returns the contract's id; 0 for a key of less than four bytes.
    pub fn contract(&self) -> i32 {
        self.0.first_chunk().map_or(0, |id| i32::from_le_bytes(*id))
    }

    /// Returns the contract's own key, without its id.
    pub fn local(&self) -> &[u8] {
        self.0.get(4..).unwrap_or(&[])
    }
}

impl Deref for Key {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl Borrow<[u8]> for Key {
    fn borrow(&self) -> &[u8] {
        &self.0
    }
}

/// As the bytes hash, so that a map of keys can be asked for bytes.
impl std::hash::Hash for Key {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        (**self).hash(state);
    }
}

/// The contract's id, and its key in hexadecimal.
impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.contract())?;
        self.local().iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
