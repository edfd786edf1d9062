//! The model and the engine on the same script.

#[path = "../../../support/compiling.rs"]
pub(crate) mod compiling;
pub(crate) mod engine;
pub(crate) mod versus;
