//! The model and the engine on the same script.

pub(crate) mod engine;
pub(crate) mod versus;
