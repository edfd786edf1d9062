//! Where nodes are.

use std::{fmt, ops::Deref};

use smallvec::SmallVec;

use super::node::VALUE;

/// The place of a node in a trie: the nibbles from the root to it, as bytes that differ from those of all other
/// positions. Those of nodes below one another start with the same bytes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Position(SmallVec<[u8; 36]>);

/// In the last byte: one more nibble stands in its upper half.
const ODD: u8 = 1;

/// In the last byte: the node is the value of a branch.
const OF_BRANCH: u8 = 2;

impl Position {
    /// Packs nibbles, behind which the number of a branch's child for values may stand.
    pub(super) fn new(nibbles: &[u8]) -> Self {
        let (nibbles, mut last) = match nibbles.split_last() {
            Some((&VALUE, nibbles)) => (nibbles, OF_BRANCH),
            _ => (nibbles, 0),
        };
        let (pairs, rest) = nibbles.as_chunks::<2>();
        if let [nibble] = rest {
            last |= nibble << 4 | ODD;
        }
        Self(pairs.iter().map(|[high, low]| high << 4 | low).chain([last]).collect())
    }
}

impl Deref for Position {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

/// The nibbles in hexadecimal, and `.` behind those of a branch's value.
impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((last, pairs)) = self.0.split_last() else { return Ok(()) };
        f.write_str("/")?;
        pairs.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        if last & ODD != 0 {
            write!(f, "{:x}", last >> 4)?;
        }
        f.write_str(if last & OF_BRANCH == 0 { "" } else { "." })
    }
}

impl fmt::Debug for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
