//! The host that generated scripts call.

use neovm::StubHost;
use neovm_generator::SystemCalls;

const STUB_HOST: &str = include_str!("../../data/stub-host.json");

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
    /// The host that is part of the project.
    ///
    /// # Panics
    /// If its file is malformed.
    pub fn new() -> Self {
        Self {
            model: neovm_model::StubHost::from_json(STUB_HOST).expect("a host"),
            engine: StubHost::from_json(STUB_HOST).expect("a host"),
        }
    }

    /// The same for the model alone.
    pub fn model(&self) -> &neovm_model::StubHost {
        &self.model
    }

    /// What generated scripts call. Most system calls give a fixed answer, in the order of their identifiers.
    pub fn calls(&self) -> SystemCalls {
        let mut calls = SystemCalls::default();
        for (id, kind) in self.model.calls() {
            match kind {
                Some("load") => calls.load = Some(id),
                Some("throw") => calls.throw = Some(id),
                _ => calls.plain.push(id),
            }
        }
        calls.plain.sort_unstable();
        calls
    }
}
