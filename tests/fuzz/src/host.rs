//! The host that generated scripts call.

use neovm::StubHost;
use neovm_generator::{SimpleCall, SystemCalls};
use neovm_testing::STUB_HOST;

/// The stub host, for the engine and for the model.
#[derive(Clone, Debug)]
pub struct Hosts {
    pub(crate) model: neovm_model::StubHost,
    pub(crate) engine: StubHost,
}

impl Default for Hosts {
    fn default() -> Self {
        Self::new()
    }
}

impl Hosts {
    /// Reads the stub host that is part of the project.
    ///
    /// # Panics
    /// If the file is malformed.
    pub fn new() -> Self {
        Self {
            model: neovm_model::StubHost::from_json(STUB_HOST).expect("a host"),
            engine: StubHost::from_json(STUB_HOST).expect("a host"),
        }
    }

    /// Returns the stub host for the model.
    pub fn model(&self) -> &neovm_model::StubHost {
        &self.model
    }

    /// Returns the system calls that generated scripts make. Those with a fixed answer are in the
    /// order of their identifiers.
    pub fn calls(&self) -> SystemCalls {
        let mut calls = SystemCalls::default();
        for call in self.model.calls() {
            match call.special {
                Some("load") => calls.load = Some(call.id),
                Some("throw") => calls.throw = Some(call.id),
                _ => calls.simple.push(SimpleCall { id: call.id, pops: call.pops, pushes: call.pushes }),
            }
        }
        calls.simple.sort_unstable_by_key(|call| call.id);
        calls
    }
}
