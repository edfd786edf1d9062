//! Enumerations whose values are a byte on the wire and a name in JSON.

use neovm_types::text::shown;

/// Defines an enumeration from rows of a name and a byte.
macro_rules! byte_enum {
    (
        $(#[$meta:meta])*
        $vis:vis enum $name:ident {
            $($(#[$doc:meta])* $variant:ident = $byte:literal,)*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        $vis enum $name {
            $($(#[$doc])* $variant = $byte,)*
        }

        impl $name {
            const ALL: &[Self] = &[$(Self::$variant),*];

            /// Returns the value that a byte stands for; none if the byte is undefined.
            $vis const fn from_byte(byte: u8) -> Option<Self> {
                match byte {
                    $($byte => Some(Self::$variant),)*
                    _ => None,
                }
            }

            /// Returns the name that JSON uses, which is that of the reference.
            $vis const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => stringify!($variant),)*
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.name())
            }
        }

        impl std::str::FromStr for $name {
            type Err = crate::byte_enum::UnknownName;

            fn from_str(name: &str) -> Result<Self, Self::Err> {
                let known = Self::ALL.iter().copied().find(|value| value.name() == name);
                known.ok_or_else(|| crate::byte_enum::UnknownName::new(name, Self::ALL.iter().map(|value| value.name())))
            }
        }
    };
}

pub(crate) use byte_enum;

/// A name that is none of those that are allowed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name:?} is none of {known}")]
pub struct UnknownName {
    name: String,
    known: String,
}

impl UnknownName {
    pub(crate) fn new(name: &str, known: impl Iterator<Item = &'static str>) -> Self {
        Self { name: shown(name).into(), known: known.collect::<Vec<_>>().join(", ") }
    }
}
