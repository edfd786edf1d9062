//! Runs Neo N3 transactions as the reference node does: system calls, native
//! contracts, fees, notifications and rollback, over a storage.
#![forbid(unsafe_code)]

mod block;
mod chain;
mod contract;
pub mod executor;
mod hash_state;
pub mod native;
mod network;
pub mod parameter;
mod serialize;
pub mod settings;
mod stored;
pub mod syscalls;

pub use self::{
    block::{BlockReceipt, execute_block, genesis_block},
    chain::{Chain, Invocation, PendingInvocation},
    contract::{Contract, ContractState},
    executor::{
        Container, Entry, Execution, Executor, FaultPlace, Job, Log, Notification, PersistingBlock, Receipt,
        RunningScript, Trigger, Verification, execute, verify_witness,
    },
    network::Network,
    settings::{HardforkHeights, HardforkHeightsError, ProtocolSettings},
};

use neovm_types::{FaultKind, Interop};

/// Returns the reference's name for the type of an object that scripts hold.
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
pub(crate) fn fault(message: impl ToString) -> FaultKind {
    FaultKind::Host(message.to_string())
}
