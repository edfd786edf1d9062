//! Ethereum bytecode beside Neo's: the EVM of [revm], over the same stores and layers as the contracts of Neo N3.
//!
//! - [`Evm`] executes transactions and [messages](Message) by the rules of a [`Fork`], and returns a [`Receipt`].
//! - [`World`] is what they run over: a [`Layer`](neovm_storage::Layer) of the storage, and what the embedder adds,
//!   precompiled contracts and hashes of blocks. Hooks are revm's inspectors.
//! - [`State`] shows the accounts in a layer, and computes the state root.
//! - [`PrecompileCall`] and [`Suspended`] let the EVM and another machine call each other, with one checkpoint for both.
//!
//! This crate needs Rust 1.91, because revm does. Types of revm, which is exported, are part of its interface.
//!
//! ```
//! use neovm_evm::{Evm, Fork, Message, State, World, primitives::{Address, Bytes, TxKind, U256}};
//! use neovm_storage::{Layer, MemoryStore, WriteStore};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // PUSH1 10, PUSH1 20, ADD, PUSH1 5, MUL, PUSH0, MSTORE, PUSH1 32, PUSH0, RETURN
//! let code = [0x60, 10, 0x60, 20, 0x01, 0x60, 5, 0x02, 0x5f, 0x52, 0x60, 32, 0x5f, 0xf3];
//! let contract = Address::repeat_byte(0xc0);
//! let mut store = MemoryStore::default();
//! let changes = {
//!     let layer = Layer::over(&store);
//!     State::new(&layer).set_account(contract, 1, U256::ZERO, &code)?;
//!     layer.changes()
//! };
//! store.write(&changes)?;
//!
//! let layer = Layer::over(&store);
//! let message = Message {
//!     caller: Address::ZERO,
//!     to: TxKind::Call(contract),
//!     value: U256::ZERO,
//!     input: Bytes::new(),
//!     gas: 100_000,
//!     is_static: false,
//! };
//! let receipt = Evm::new(Fork::LATEST, 1).call(&World::new(&layer), &Default::default(), &message, 0)?;
//! assert!(receipt.status.is_success());
//! assert_eq!(U256::try_from_be_slice(&receipt.output), Some(U256::from(150)));
//! assert_eq!(receipt.gas_used, 30);
//! # Ok(())
//! # }
//! ```
#![forbid(unsafe_code)]

mod disasm;
mod evm;
mod fork;
mod json;
mod machine;
mod precompile;
mod receipt;
mod record;
mod revert;
mod root;
mod session;
mod spare;
mod state;
pub mod statetest;
mod suspended;
pub mod t8n;
mod trace;
mod turns;
mod world;

pub use revm::{
    self,
    context::{BlockEnv, TxEnv},
    primitives,
};

pub use self::{
    disasm::{Instruction, instructions},
    evm::{Evm, EvmError, Message},
    fork::{Fork, UnknownFork},
    json::{AccountJson, Alloc, parse_quantity, read_json},
    machine::{Context, Extension},
    precompile::{PrecompileCall, PrecompileError},
    receipt::{Receipt, Status},
    record::{EVM_ID, Record},
    revert::revert_reason,
    root::logs_hash,
    state::{State, StateError},
    suspended::{MAX_NESTING, Suspended},
    trace::{Trace, TraceFields},
    turns::Turns,
    world::{Precompile, World},
};
