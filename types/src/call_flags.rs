//! What a called contract may do.
//!
//! Source: `CallFlags.cs` of the reference node.

use core::{fmt, ops::BitOr, str::FromStr};

use crate::item::StackItem;

/// A set of permissions for a call.
///
/// Shown with the reference's names: those of several flags where they fit,
/// `WriteStates, ReadOnly` for example.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct CallFlags(u8);

impl CallFlags {
    /// Nothing.
    pub const NONE: Self = Self(0);
    /// Reading states.
    pub const READ_STATES: Self = Self(1);
    /// Writing states.
    pub const WRITE_STATES: Self = Self(2);
    /// Calling contracts.
    pub const ALLOW_CALL: Self = Self(4);
    /// Sending notifications.
    pub const ALLOW_NOTIFY: Self = Self(8);
    /// Reading and writing states.
    pub const STATES: Self = Self(3);
    /// Reading states and calling contracts.
    pub const READ_ONLY: Self = Self(5);
    /// Everything.
    pub const ALL: Self = Self(15);

    /// All names, the greatest value first.
    const NAMES: [(&'static str, Self); 8] = [
        ("All", Self::ALL),
        ("AllowNotify", Self::ALLOW_NOTIFY),
        ("ReadOnly", Self::READ_ONLY),
        ("AllowCall", Self::ALLOW_CALL),
        ("States", Self::STATES),
        ("WriteStates", Self::WRITE_STATES),
        ("ReadStates", Self::READ_STATES),
        ("None", Self::NONE),
    ];

    /// The flags of a byte, if it has no other bits.
    pub const fn from_bits(bits: u8) -> Option<Self> {
        if bits & !Self::ALL.0 == 0 { Some(Self(bits)) } else { None }
    }

    /// The byte.
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// Whether all flags of another set are in this one.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl BitOr for CallFlags {
    type Output = Self;

    fn bitor(self, rhs: Self) -> Self {
        Self(self.0 | rhs.0)
    }
}

impl From<CallFlags> for StackItem {
    fn from(flags: CallFlags) -> Self {
        Self::Integer(i64::from(flags.0))
    }
}

impl fmt::Display for CallFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut left = self.0;
        let mut names = smallvec::SmallVec::<[&str; 4]>::new();
        for (name, flags) in Self::NAMES {
            if left & flags.0 == flags.0 && (left != 0 || names.is_empty()) {
                names.push(name);
                left &= !flags.0;
            }
        }
        for (i, name) in names.iter().rev().enumerate() {
            write!(f, "{}{name}", if i > 0 { ", " } else { "" })?;
        }
        Ok(())
    }
}

/// A text that names no flags.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no call flag: None, ReadStates, WriteStates, AllowCall, AllowNotify, States, ReadOnly or All, \
     several with commas between"
)]
pub struct ParseCallFlagsError(pub alloc::string::String);

impl FromStr for CallFlags {
    type Err = ParseCallFlagsError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.split(',').map(str::trim).try_fold(Self::NONE, |flags, part| {
            let known = Self::NAMES.into_iter().find(|(name, _)| *name == part);
            known.map(|(_, named)| flags | named).ok_or_else(|| ParseCallFlagsError(part.chars().take(80).collect()))
        })
    }
}
