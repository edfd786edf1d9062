//! Engines that compile, for tests that run scripts in all ways.

use std::sync::Arc;

use neovm::{Code, Config, Engine, FaultKind, JitMode, Script};

/// Ways to compile: before anything runs, and what was reached twice, at once
/// or by another thread.
pub(crate) const COMPILING: [JitMode; 3] = [
    JitMode::Eager,
    JitMode::Lazy { threshold: 2, background: false },
    JitMode::Lazy { threshold: 2, background: true },
];

/// Scripts of one engine; those before are forgotten with it.
const SCRIPTS: usize = 256;

/// An engine that compiles, and another after some hundreds of scripts.
pub(crate) struct Compiler {
    mode: JitMode,
    engine: Engine,
    scripts: usize,
    /// How often the engines before entered compiled code.
    entered: u64,
}

impl Compiler {
    /// None where nothing is compiled: on other platforms, or without the feature.
    pub(crate) fn new(mode: JitMode) -> Option<Self> {
        let engine = Engine::new(Config { jit: mode, ..Config::default() });
        entered(&engine)?;
        Some(Self { mode, engine, scripts: 0, entered: 0 })
    }

    /// The settings of the machines that may run its code.
    pub(crate) fn config(&self) -> Config {
        self.engine.config().clone()
    }

    /// A script decoded, to be compiled.
    pub(crate) fn prepare(&mut self, script: impl Into<Script>) -> Result<Arc<Code>, FaultKind> {
        self.scripts += 1;
        if self.scripts > SCRIPTS {
            self.entered = self.entered();
            self.engine = Engine::new(self.config());
            self.scripts = 1;
        }
        self.engine.prepare(&script.into())
    }

    /// How often a script is to run, so that what is compiled meanwhile runs too.
    pub(crate) fn runs(&self) -> usize {
        if self.mode == JitMode::Eager { 1 } else { 2 }
    }

    /// Waits until all that is hot is compiled.
    pub(crate) fn wait(&self) {
        #[cfg(feature = "jit")]
        self.engine.jit().expect("a compiler").wait();
    }

    /// How often compiled code was entered.
    pub(crate) fn entered(&self) -> u64 {
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
