//! Engines that compile, for tests that run scripts in all modes.

use std::sync::Arc;

use neovm::{Code, Engine, EngineConfig, FaultKind, JitMode, Script, VmConfig};

/// The number of scripts that an engine prepares before it is replaced, so that
/// what it compiled is freed.
const SCRIPTS: usize = 256;

/// An engine that compiles. It is replaced now and then, so that memory stays bounded however many
/// scripts are compiled.
#[derive(Debug)]
pub struct Compiler {
    mode: JitMode,
    engine: Engine,
    scripts: usize,
    /// Entries of compiled code in the engines before this one.
    entered: u64,
}

impl Compiler {
    /// Creates an engine that compiles in a mode. Returns `None` if nothing is compiled: on other
    /// platforms than x86-64, or without the feature `jit`.
    pub fn new(mode: JitMode) -> Option<Self> {
        let engine = Engine::new(EngineConfig::default().with_jit(mode));
        entered(&engine)?;
        Some(Self { mode, engine, scripts: 0, entered: 0 })
    }

    /// Returns the settings of machines that may run its code.
    pub fn config(&self) -> VmConfig {
        self.engine.config().vm.clone()
    }

    /// Decodes a script for this compiler.
    ///
    /// # Errors
    /// The errors of [`Code::decode`].
    pub fn prepare(&mut self, script: impl Into<Script>) -> Result<Arc<Code>, FaultKind> {
        self.scripts += 1;
        if self.scripts > SCRIPTS {
            self.entered = self.entered();
            self.engine = Engine::new(self.engine.config().clone());
            self.scripts = 1;
        }
        self.engine.prepare(&script.into())
    }

    /// Returns how often a script is to run, so that code compiled in the first run is entered too.
    pub fn runs(&self) -> usize {
        if self.mode == JitMode::Eager { 1 } else { 2 }
    }

    /// Waits until everything that is hot is compiled.
    ///
    /// # Panics
    /// If the engine lost its compiler.
    pub fn wait(&self) {
        #[cfg(feature = "jit")]
        self.engine.jit().expect("a compiler").wait();
    }

    /// Returns the number of times that compiled code was entered.
    ///
    /// # Panics
    /// If the compiler panicked since.
    pub fn entered(&self) -> u64 {
        self.entered + entered(&self.engine).unwrap_or_default()
    }
}

#[cfg(feature = "jit")]
fn entered(engine: &Engine) -> Option<u64> {
    let stats = engine.jit()?.stats();
    assert_eq!(stats.refused.get(&neovm::jit::Refusal::Panicked), None, "the compiler panicked");
    Some(stats.entered)
}

#[cfg(not(feature = "jit"))]
fn entered(_: &Engine) -> Option<u64> {
    None
}
