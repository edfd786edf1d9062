//! Follows a Neo N3 chain as a node does: its configuration, the verification of
//! blocks and transactions, their execution, state roots and application logs.
#![forbid(unsafe_code)]

pub mod config;
pub mod verify;
