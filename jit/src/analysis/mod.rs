//! What is compiled, found out before anything is emitted; one pass a file.

pub(crate) mod gas;
pub(crate) mod instruction;
pub(crate) mod methods;
pub(crate) mod region;
