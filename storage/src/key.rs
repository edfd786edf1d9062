//! Storage keys.

use std::{borrow::Borrow, cmp::Ordering, fmt, ops::Deref};

/// A key of a node's storage: the id of a contract in four bytes, little
/// endian, followed by the contract's own key.
///
/// Keys are ordered by their bytes.
///
/// Source: `StorageKey.cs` of the reference node.
#[derive(Clone, PartialEq, Eq)]
pub struct Key(Bytes);

/// Keys of up to this number of bytes need no allocation: all those of native
/// contracts, and most of others.
const INLINE: usize = 38;

/// The bytes of a key. The same bytes are always held in the same way.
// The tag takes a word, so that keys are moved by words: by parts that overlap, each move would wait for the one before.
#[derive(Clone, PartialEq, Eq)]
#[repr(u64)]
enum Bytes {
    /// Zeros fill up what the key does not need.
    Inline(u8, [u8; INLINE]),
    /// More than [`INLINE`].
    Heap(Box<[u8]>),
}

impl Key {
    /// Creates the key of a contract.
    #[inline]
    pub fn new(contract: i32, key: &[u8]) -> Self {
        Self::joined(&contract.to_le_bytes(), key)
    }

    /// Creates a key from all its bytes, the contract's id first.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        if bytes.len() > INLINE {
            return Self(Bytes::Heap(bytes.into()));
        }
        let mut inline = [0; INLINE];
        inline[..bytes.len()].copy_from_slice(bytes);
        Self(Bytes::Inline(bytes.len() as u8, inline))
    }

    /// Returns this key with more bytes behind it.
    #[must_use]
    #[inline]
    pub fn with(self, bytes: &[u8]) -> Self {
        Self::joined(&self, bytes)
    }

    #[inline]
    fn joined(first: &[u8], second: &[u8]) -> Self {
        let length = first.len() + second.len();
        if length > INLINE {
            return Self(Bytes::Heap([first, second].concat().into()));
        }
        let mut bytes = [0; INLINE];
        bytes[..first.len()].copy_from_slice(first);
        bytes[first.len()..length].copy_from_slice(second);
        Self(Bytes::Inline(length as u8, bytes))
    }

    /// Returns whether it is a contract's key with these bytes.
    #[inline]
    pub(crate) fn is(&self, contract: i32, local: &[u8]) -> bool {
        self.split_first_chunk().is_some_and(|(id, own)| i32::from_le_bytes(*id) == contract && own == local)
    }

    /// Returns the contract's id; 0 for a key of less than four bytes.
    pub fn contract(&self) -> i32 {
        self.first_chunk().map_or(0, |id| i32::from_le_bytes(*id))
    }

    /// Returns the contract's own key, without its id.
    pub fn local(&self) -> &[u8] {
        self.get(4..).unwrap_or(&[])
    }
}

/// Bytes as numbers, which are ordered as the bytes are: mostly the first one tells.
#[inline]
fn numbers(bytes: &[u8; INLINE]) -> (u128, u128, u64) {
    let first = |from: usize| bytes[from..].first_chunk().map_or(0, |chunk| u128::from_be_bytes(*chunk));
    let last = bytes.last_chunk().map_or(0, |chunk| u64::from_be_bytes(*chunk));
    (first(0), first(16), last)
}

impl Default for Key {
    fn default() -> Self {
        Self::from_bytes(&[])
    }
}

impl Deref for Key {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        match &self.0 {
            Bytes::Inline(length, bytes) => &bytes[..usize::from(*length)],
            Bytes::Heap(bytes) => bytes,
        }
    }
}

impl Borrow<[u8]> for Key {
    fn borrow(&self) -> &[u8] {
        self
    }
}

/// As the bytes are ordered.
impl Ord for Key {
    #[inline]
    fn cmp(&self, other: &Self) -> Ordering {
        match (&self.0, &other.0) {
            // Zeros fill up the shorter one, the least that there can be; where the other one has zeros of its own, the
            // lengths tell.
            (Bytes::Inline(length, bytes), Bytes::Inline(other_length, other_bytes)) => {
                numbers(bytes).cmp(&numbers(other_bytes)).then(length.cmp(other_length))
            }
            _ => (**self).cmp(other),
        }
    }
}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_that_of_one_contract_and_one_local_part() {
        for length in [0, 1, 34, 35, 64] {
            let local = vec![7; length];
            let key = Key::new(-5, &local);
            assert!(key.is(-5, &local), "{length}");
            assert!(!key.is(-6, &local) && !key.is(-5, &[&local[..], &[7]].concat()), "{length}");
            assert!(
                local.split_last().is_none_or(|(_, less)| !key.is(-5, less) && !key.is(-5, &[less, &[8]].concat()))
            );
        }
        assert!(!Key::from_bytes(&[0, 0, 0]).is(0, &[]), "a key of three bytes is no contract's");
    }

    #[test]
    fn keys_are_ordered_as_their_bytes() {
        let mut keys = vec![Vec::new()];
        for length in [1, 4, 5, 15, 16, 17, 31, 32, 33, 37, 38, 39, 60] {
            for (place, byte) in [(0, 1), (length / 2, 255), (length - 1, 1), (length - 1, 0)] {
                let mut key = vec![7; length];
                key[place] = byte;
                keys.extend([key, vec![0; length]]);
            }
        }
        for a in &keys {
            for b in &keys {
                let (left, right) = (Key::from_bytes(a), Key::from_bytes(b));
                assert_eq!((left.cmp(&right), left == right), (a.cmp(b), a == b), "{a:?} {b:?}");
            }
        }
    }
}
