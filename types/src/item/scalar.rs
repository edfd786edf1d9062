//! Payloads of eight bytes: with nothing but those, a whole item travels in two
//! registers.

/// True or false, in eight bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bool(u64);

impl Bool {
    /// Returns the value.
    pub const fn get(self) -> bool {
        self.0 != 0
    }
}

impl From<bool> for Bool {
    fn from(value: bool) -> Self {
        Self(u64::from(value))
    }
}

impl From<Bool> for bool {
    fn from(value: Bool) -> Self {
        value.get()
    }
}

impl core::fmt::Display for Bool {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.get().fmt(f)
    }
}

impl core::fmt::Debug for Bool {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.get().fmt(f)
    }
}

/// A position in a script that an engine loaded.
///
/// Only engines make pointers. Each time a script is loaded it gets a number of
/// its own within its engine, so a pointer into another load of the same bytes is
/// neither equal nor callable. Engines number their loads independently: a
/// pointer means nothing to another engine, and a host does not hand one on.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Pointer(u64);

impl Pointer {
    /// Creates a pointer to a position of a load, in bytes.
    pub(crate) const fn new(load: u32, position: u32) -> Self {
        Self((load as u64) << 32 | position as u64)
    }

    /// Returns the number of the load that the pointer belongs to.
    pub const fn load(self) -> u32 {
        (self.0 >> 32) as u32
    }

    /// Returns the position, in bytes.
    pub const fn position(self) -> u32 {
        self.0 as u32
    }
}

impl core::fmt::Debug for Pointer {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{}@{}", self.position(), self.load())
    }
}
