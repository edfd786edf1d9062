//! A private Neo N3 network in a folder: a chain, whose blocks are made by keys that lie beside it.
//!
//! - [`next_block`] makes the next block of any chain whose validators' keys are at hand.
//! - [`PrivateChain`] keeps such a chain, with the configuration of its network, a wallet and
//!   the application logs.
#![forbid(unsafe_code)]

mod chain;
mod copies;
mod folder;
mod produce;
mod send;

pub use self::{
    chain::{MinedBlock, PrivateChain, PrivateError},
    folder::{Folder, NewChain},
    produce::{MAX_BLOCK_SIZE, MAX_BLOCK_SYSTEM_FEE, ProduceError, next_block},
    send::{SendError, Signing},
};
