//! neovm for programs in C, and for all that can call C.
//!
//! `include/neovm.h` is made from this crate; what it says of each function is
//! the documentation that its users read. `docs/embedding.md` tells which of the
//! two levels to choose, and what holds for threads and memory:
//!
//! - the *executor level* ([`neovm_run`]) runs a job of a node over a storage that
//!   the host serves by call-backs;
//! - the *machine level* ([`neovm_machine_new`]) runs scripts, and calls the host
//!   back for system calls.
//!
//! All that is unsafe lies at the border: `boundary` reads and writes memory of the
//! caller, `storage` and `machine::host` call its functions, `receipt` keeps
//! pointers into itself. Whatever the host passes is checked there, and the rest
//! works on Rust's types. No panic crosses the border: see `boundary::guard`.

#![allow(clippy::missing_safety_doc, reason = "the header says once what holds for all pointers")]
#![allow(non_camel_case_types, reason = "types have the names that the header gives them")]

mod abi;
mod boundary;
mod engine;
mod handles;
mod job;
mod ledger;
mod machine;
mod receipt;
mod run;
mod storage;

pub use self::{
    abi::*,
    engine::*,
    machine::{api::*, host::neovm_host, items_api::*},
    receipt::*,
    run::*,
    storage::neovm_storage,
};
