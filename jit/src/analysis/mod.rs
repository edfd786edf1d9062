//! Analyses that run before anything is emitted, one pass in each file.

pub(crate) mod gas;
pub(crate) mod inline;
pub(crate) mod instruction;
pub(crate) mod methods;
pub(crate) mod region;
pub(crate) mod tries;
