//! Decoded and compiled scripts of the neovm engine, shared among threads.
//!
//! An [`Engine`] makes machines for one network, keeps the scripts that they
//! run decoded, and compiles hot code where the feature `jit` is on and the
//! platform has a compiler.
#![forbid(unsafe_code)]

mod cache;
mod config;
mod engine;

pub use config::EngineConfig;
#[cfg(feature = "jit")]
pub use config::JitMode;
pub use engine::Engine;
