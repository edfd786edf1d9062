//! Runs Neo N3 transactions as the reference node does: system calls, native
//! contracts, fees, notifications and rollback, over a storage.
#![forbid(unsafe_code)]

#[allow(dead_code, reason = "the tables of native methods are to call these")]
mod native;
#[allow(dead_code, reason = "StdLib is to call these")]
mod serialize;
