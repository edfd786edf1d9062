//! Runs Neo N3 transactions as the reference node does: system calls, native
//! contracts, fees, notifications and rollback, over a storage.
//!
//! - [`execute`] runs a [`Job`] over a [`Store`](neovm_storage::Store) and returns
//!   a [`Receipt`]. [`execute_block`] runs a whole block, [`verify_witness`] a
//!   witness. The store does not change: receipts list the changes to write.
//! - [`Execution`] runs a job step by step, under a budget, or until another
//!   thread stops it.
//! - [`StateView`] is what a node reads of a state without executing anything.
//! - [`Chain`] is a chain in memory, for tests and for trying out contracts.
//! - [`Network`] holds what executions share. An embedder adds system calls, or
//!   replaces them, by [`Network::with_syscall`]; likewise native contracts by
//!   [`Network::with_native`], and their methods by [`Network::with_native_method`]
//!   and [`Network::with_native_handler`].
//! - With the feature `serde`, [`job_file`] has jobs and receipts as files, and [`argument`] reads arguments as
//!   the RPC has them.
//! - [`syscalls::SYSCALLS`] and [`native::NATIVES`] are the tables of the system
//!   calls and the native contracts.
//!
//! ```
//! use neovm_host::{Container, Entry, Job, Network, ProtocolSettings, Trigger, execute, execute_block, genesis_block};
//! use neovm_storage::{MemoryStore, WriteStore};
//! use neovm_types::{CallFlags, ScriptBuilder};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let network = Network::new(ProtocolSettings::private());
//! let mut store = MemoryStore::default();
//! let genesis = execute_block(&network, &store, &genesis_block(network.settings())?)?;
//! store.write(&genesis.changes)?;
//!
//! let script = ScriptBuilder::new().syscall("System.Runtime.GetNetwork").build()?;
//! let job = Job {
//!     trigger: Trigger::Application,
//!     container: Container::None,
//!     block: None,
//!     gas: 100_000_000,
//!     entry: Entry::Script { script, flags: CallFlags::ALL },
//! };
//! let receipt = execute(&network, &store, &job)?;
//! assert!(receipt.halted());
//! assert_eq!(receipt.stack, [network.settings().network]);
//! # Ok(())
//! # }
//! ```
#![forbid(unsafe_code)]

#[cfg(feature = "serde")]
pub mod argument;
mod block;
mod chain;
mod contract;
pub mod executor;
mod hash_state;
#[cfg(feature = "serde")]
pub mod job_file;
#[cfg(feature = "serde")]
mod json;
pub mod native;
mod network;
pub mod parameter;
mod serialize;
pub mod settings;
mod state;
mod stored;
pub mod syscalls;

pub use self::{
    block::{BlockReceipt, execute_block, execute_block_as_a_whole, genesis_block},
    chain::{Chain, Invocation, PendingInvocation},
    contract::{Contract, ContractState},
    executor::{
        CallNode, CallTrace, Container, Entry, Execution, Executor, FaultPlace, Job, Log, Notification,
        PersistingBlock, Receipt, RunningScript, Trigger, Verification, execute, first_reads, verify_witness,
    },
    network::Network,
    settings::{HardforkHeights, HardforkHeightsError, PolicyAtEchidna, ProtocolSettings},
    state::StateView,
};

use neovm_types::{FaultKind, Interop};

/// Returns the name that the reference gives to the type of a host object in a stack item.
pub fn interface_name(object: &Interop) -> &'static str {
    if object.downcast_ref::<executor::IteratorHandle>().is_some() {
        "StorageIterator"
    } else if syscalls::is_storage_context(object) {
        "StorageContext"
    } else {
        native::crypto_lib::point_name(object).unwrap_or("InteropInterface")
    }
}

/// A fault of the host, whose text is for people.
#[cold]
pub(crate) fn fault(message: impl ToString) -> FaultKind {
    FaultKind::Host(message.to_string())
}
