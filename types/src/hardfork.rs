//! The hardforks of Neo N3, in order.

use alloc::string::String;
use core::{fmt, str::FromStr};

/// A hardfork of Neo N3.
///
/// Hardforks are ordered: a rule that came with Echidna holds if
/// `hardfork >= Hardfork::Echidna`. [`Hardfork::Genesis`] is the state of the
/// protocol before the first one.
///
/// Source: `Hardfork.cs` of the reference node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Hardfork {
    /// Before the first hardfork.
    Genesis,
    /// Changes how random numbers are made and what they cost.
    Aspidochelone,
    /// Checks scripts strictly when contracts are deployed, and notifications
    /// against the manifest.
    Basilisk,
    /// Adds Keccak-256 and ECDSA with a choice of hash.
    Cockatrice,
    /// A contract keeps the state that it was called with.
    Domovoi,
    /// Adds Ed25519, the Notary contract and block times set by policy, and
    /// checks the range of SUBSTR without overflow.
    Echidna,
    /// Counts fees in picoGAS and adds the Treasury contract.
    Faun,
    /// Changes HASKEY, PICKITEM, SETITEM, REMOVE, SHL and SHR. MainNet runs
    /// this one.
    #[default]
    Gorgon,
    /// Not yet scheduled.
    Huyao,
    /// Not yet scheduled.
    Iara,
}

impl Hardfork {
    /// All hardforks, the oldest first.
    pub const ALL: [Self; 10] = [
        Self::Genesis,
        Self::Aspidochelone,
        Self::Basilisk,
        Self::Cockatrice,
        Self::Domovoi,
        Self::Echidna,
        Self::Faun,
        Self::Gorgon,
        Self::Huyao,
        Self::Iara,
    ];

    /// Returns the name of the hardfork, without the reference's prefix `HF_`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Genesis => "Genesis",
            Self::Aspidochelone => "Aspidochelone",
            Self::Basilisk => "Basilisk",
            Self::Cockatrice => "Cockatrice",
            Self::Domovoi => "Domovoi",
            Self::Echidna => "Echidna",
            Self::Faun => "Faun",
            Self::Gorgon => "Gorgon",
            Self::Huyao => "Huyao",
            Self::Iara => "Iara",
        }
    }

    /// Returns the last hardfork that runs a jump table of the reference node,
    /// or `None` for an unknown name. Case is ignored.
    ///
    /// Recorded outcomes name the jump table that they ran with: `Default`,
    /// `NotGorgon` or `NotEchidna`. `Default` is mapped to the default hardfork.
    ///
    /// Source: `ApplicationEngine.cs` (`Create`).
    pub fn from_jump_table_name(name: &str) -> Option<Self> {
        let tables = [("Default", Self::default()), ("NotGorgon", Self::Faun), ("NotEchidna", Self::Domovoi)];
        tables.into_iter().find(|(table, _)| table.eq_ignore_ascii_case(name)).map(|(_, hardfork)| hardfork)
    }
}

impl fmt::Display for Hardfork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A name that no hardfork has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownHardfork(String);

impl fmt::Display for UnknownHardfork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unknown hardfork {:?}; expected one of ", self.0)?;
        let mut separator = "";
        for hardfork in Hardfork::ALL {
            write!(f, "{separator}{hardfork}")?;
            separator = ", ";
        }
        Ok(())
    }
}

impl core::error::Error for UnknownHardfork {}

impl FromStr for Hardfork {
    type Err = UnknownHardfork;

    /// Parses the name of a hardfork, ignoring case.
    fn from_str(name: &str) -> Result<Self, UnknownHardfork> {
        let found = Self::ALL.into_iter().find(|hardfork| hardfork.name().eq_ignore_ascii_case(name));
        found.ok_or_else(|| UnknownHardfork(name.into()))
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn all_are_listed_in_order() {
        assert!(Hardfork::ALL.is_sorted_by(|a, b| a < b));
        assert_eq!(Hardfork::ALL[0], Hardfork::Genesis);
        assert_eq!(Hardfork::ALL[Hardfork::ALL.len() - 1], Hardfork::Iara);
    }

    #[test]
    fn names_are_parsed_in_any_case() {
        for hardfork in Hardfork::ALL {
            assert_eq!(hardfork.name().parse(), Ok(hardfork));
            assert_eq!(hardfork.to_string().to_uppercase().parse(), Ok(hardfork));
        }
        let error = "NotGorgon".parse::<Hardfork>().unwrap_err().to_string();
        assert!(error.starts_with("unknown hardfork \"NotGorgon\"; expected one of Genesis, "), "{error}");
        assert!(error.ends_with(", Huyao, Iara"), "{error}");
    }

    #[test]
    fn jump_tables_name_the_last_hardfork_that_runs_them() {
        assert_eq!(Hardfork::from_jump_table_name("default"), Some(Hardfork::Gorgon));
        assert_eq!(Hardfork::from_jump_table_name("NotGorgon"), Some(Hardfork::Faun));
        assert_eq!(Hardfork::from_jump_table_name("NOTECHIDNA"), Some(Hardfork::Domovoi));
        assert_eq!(Hardfork::from_jump_table_name("Gorgon"), None);
    }
}
