//! Runs Neo N3 transactions as the reference node does: system calls, native
//! contracts, fees, notifications and rollback, over a storage.
#![forbid(unsafe_code)]
