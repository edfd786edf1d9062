//! A private Neo N3 network in a folder: a chain, whose blocks are made by keys that lie beside it.
//!
//! - [`next_block`] makes the next block of any chain whose validators' keys are at hand.
//! - [`PrivateChain`] keeps such a chain, with the configuration of its network, a wallet and
//!   the application logs.
//! - An [`Origin`] is another network's state after a block, which a fork goes on from: [`PrivateChain::fork_of`].
#![forbid(unsafe_code)]

mod chain;
mod copies;
mod folder;
mod origin;
mod produce;
mod send;

pub use self::{
    chain::{MinedBlock, PrivateChain, PrivateError},
    folder::{Folder, ForkOf, NewChain},
    origin::{Origin, OriginError, OriginFile, Problem},
    produce::{MAX_BLOCK_SIZE, MAX_BLOCK_SYSTEM_FEE, ProduceError, next_block},
    send::{SendError, Signing},
};
