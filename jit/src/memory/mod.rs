//! Machine code in memory.

pub(crate) mod module;
