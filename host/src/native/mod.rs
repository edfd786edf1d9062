//! The native contracts, one file or folder each.

pub(crate) mod std_lib;
