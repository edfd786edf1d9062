//! Follows a Neo N3 chain as a node does: its configuration, the verification of
//! blocks and transactions, their execution, state roots and application logs.
#![forbid(unsafe_code)]

mod application_log;
mod blockchain;
mod changes;
pub mod config;
mod diagnostics;
mod pool;
mod settings;
pub mod verify;

pub use self::{
    application_log::ApplicationLogs,
    blockchain::{Blockchain, BlockchainError, ExecutedBlock},
    changes::{Change, changes_line, net_changes},
    diagnostics::diagnostics_json,
    pool::MemoryPool,
    settings::OtherSetting,
};
