//! Machine code: how Cranelift makes it, and where it lies.

mod arena;
pub(crate) mod capacity;
pub(crate) mod code;
pub(crate) mod module;
