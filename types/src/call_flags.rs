//! What a called contract may do.
//!
//! Source: `CallFlags.cs` of the reference node.

use core::{fmt, str::FromStr};

use crate::{item::StackItem, text::shown};

bitflags::bitflags! {
    /// A set of permissions for a call.
    ///
    /// Displayed with the names of the reference, those that combine several
    /// flags included: `WriteStates, ReadOnly` is `READ_STATES`, `WRITE_STATES` and
    /// `ALLOW_CALL`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
    pub struct CallFlags: u8 {
        /// The callee may read the chain's state.
        const READ_STATES = 1;
        /// The callee may write to the chain's state.
        const WRITE_STATES = 1 << 1;
        /// The callee may call other contracts.
        const ALLOW_CALL = 1 << 2;
        /// The callee may send notifications.
        const ALLOW_NOTIFY = 1 << 3;
        /// The callee may read and write the chain's state.
        const STATES = Self::READ_STATES.bits() | Self::WRITE_STATES.bits();
        /// The callee may read the chain's state and call other contracts.
        const READ_ONLY = Self::READ_STATES.bits() | Self::ALLOW_CALL.bits();
        /// The callee may do everything.
        const ALL = Self::STATES.bits() | Self::ALLOW_CALL.bits() | Self::ALLOW_NOTIFY.bits();
    }
}

impl CallFlags {
    /// The callee may only compute.
    pub const NONE: Self = Self::empty();

    /// The reference's names, the greatest value first.
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
}

impl From<CallFlags> for StackItem {
    fn from(flags: CallFlags) -> Self {
        Self::Integer(i64::from(flags.bits()))
    }
}

impl fmt::Display for CallFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // As .NET shows an enum: the greatest named value that fits, then that of the rest.
        let mut left = *self;
        let mut names = smallvec::SmallVec::<[&str; 4]>::new();
        for (name, flags) in Self::NAMES {
            if left.contains(flags) && (!left.is_empty() || names.is_empty()) {
                names.push(name);
                left -= flags;
            }
        }
        for (i, name) in names.iter().rev().enumerate() {
            write!(f, "{}{name}", if i > 0 { ", " } else { "" })?;
        }
        Ok(())
    }
}

/// A text that is not a list of call flags.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not a call flag: None, ReadStates, WriteStates, AllowCall, AllowNotify, States, ReadOnly or All, \
     several of them with commas between"
)]
pub struct ParseCallFlagsError(pub alloc::string::String);

impl FromStr for CallFlags {
    type Err = ParseCallFlagsError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.split(',').map(str::trim).try_fold(Self::NONE, |flags, part| {
            let known = Self::NAMES.into_iter().find(|(name, _)| *name == part);
            known.map(|(_, named)| flags | named).ok_or_else(|| ParseCallFlagsError(shown(part).into()))
        })
    }
}
