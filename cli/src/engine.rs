//! What runs scripts: the interpreter, with machine code or without.

use clap::ValueEnum;
use neovm::{Engine, EngineConfig, JitMode};

/// What runs scripts.
#[derive(Clone, Copy, Default, ValueEnum)]
pub(crate) enum EngineKind {
    /// The interpreter, and machine code for hot code
    #[default]
    Auto,
    /// The interpreter alone
    Interp,
    /// Machine code for everything that can be compiled, before it runs
    Jit,
}

impl EngineKind {
    /// Its name on the command line.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Interp => "interp",
            Self::Jit => "jit",
        }
    }

    /// An engine of this kind; `config` decides on everything else.
    pub(crate) fn engine(self, config: EngineConfig) -> Engine {
        Engine::new(self.config(config))
    }

    /// A configuration for an engine of this kind; `config` decides on everything else.
    pub(crate) fn config(self, config: EngineConfig) -> EngineConfig {
        let jit = match self {
            Self::Auto => JitMode::default(),
            Self::Interp => JitMode::Off,
            Self::Jit => JitMode::Eager,
        };
        config.with_jit(jit)
    }
}

/// What an engine's compiler did, in one line or more, or that there is none.
pub(crate) fn compiler_stats(engine: &Engine) -> String {
    match engine.jit() {
        Some(jit) => {
            jit.wait();
            jit.stats().to_string()
        }
        None if engine.config().jit == JitMode::Off => "not compiled: the interpreter alone".into(),
        None => "not compiled: there is no compiler for this platform".into(),
    }
}
