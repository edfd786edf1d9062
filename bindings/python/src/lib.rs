//! The Python package `neovm`: the module `neovm._neovm`, on which it is built.
//!
//! Executions run without the GIL. Items never leave the thread that they were made on: what
//! Python keeps of an execution is a copy of them, see the module `value`.

mod chain;
mod hash;
mod keys;
mod network;
mod receipt;
mod script;
mod signals;
mod signer;
mod state;
mod turns;
mod value;

use pyo3::prelude::*;

#[pymodule]
mod _neovm {
    #[pymodule_export]
    use crate::{
        chain::{ContractState, Core, CoreSnapshot},
        hash::{UInt160, UInt256},
        keys::KeyPair,
        network::Network,
        receipt::{Call, Frame, Notification, Receipt},
        script::{Label, ScriptBuilder, assemble, disassemble},
        signer::Signer,
        value::{InteropInterface, Pointer},
    };

    /// The version of the package.
    #[pymodule_export]
    #[allow(non_upper_case_globals)]
    const __version__: &str = env!("CARGO_PKG_VERSION");
}
