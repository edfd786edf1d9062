//! What an engine is made with.

use std::sync::Arc;

use neovm_interp::{Dispatch, VmConfig};
use neovm_types::{Hardfork, Limits, PriceTable};

/// What an [`Engine`](crate::Engine) is made with. The default is what MainNet
/// runs, with the compiler on.
///
/// What a single execution may use (gas, instructions) is in
/// [`RunOptions`](neovm_interp::RunOptions).
///
/// ```
/// use neovm_engine::{Engine, EngineConfig};
/// use neovm_types::Hardfork;
///
/// let config = EngineConfig::default().with_hardfork(Hardfork::Faun).with_cache_bytes(16 << 20);
/// let engine = Engine::new(config);
/// assert_eq!(engine.config().vm.hardfork, Hardfork::Faun);
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct EngineConfig {
    /// What the engine's machines are made with.
    pub vm: VmConfig,
    /// The number of bytes that decoded scripts may take in the engine's cache.
    pub cache_bytes: usize,
    /// When scripts are compiled to machine code. Where there is no compiler
    /// for the platform, nothing is compiled, see [`Engine::jit`](crate::Engine::jit).
    #[cfg(feature = "jit")]
    pub jit: JitMode,
    /// The number of bytes that machine code may take. Above half of that, the
    /// engine drops half of its decoded scripts, those used least.
    #[cfg(feature = "jit")]
    pub machine_code_bytes: usize,
}

impl EngineConfig {
    /// Bytes of decoded scripts that an engine keeps by default: 64 MiB.
    pub const DEFAULT_CACHE_BYTES: usize = 64 << 20;

    /// Sets the hardfork whose rules are followed.
    #[must_use]
    pub fn with_hardfork(self, hardfork: Hardfork) -> Self {
        Self { vm: self.vm.with_hardfork(hardfork), ..self }
    }

    /// Sets the prices of opcodes.
    #[must_use]
    pub fn with_prices(self, prices: Arc<PriceTable>) -> Self {
        Self { vm: self.vm.with_prices(prices), ..self }
    }

    /// Sets the restrictions on scripts.
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { vm: self.vm.with_limits(limits), ..self }
    }

    /// Sets how the interpreter gets from one instruction to the next.
    #[must_use]
    pub fn with_dispatch(self, dispatch: Dispatch) -> Self {
        Self { vm: self.vm.with_dispatch(dispatch), ..self }
    }

    /// Sets the number of bytes that decoded scripts may take in the cache; 0
    /// for no cache.
    #[must_use]
    pub fn with_cache_bytes(self, cache_bytes: usize) -> Self {
        Self { cache_bytes, ..self }
    }

    /// Sets when scripts are compiled to machine code.
    #[cfg(feature = "jit")]
    #[must_use]
    pub fn with_jit(self, jit: JitMode) -> Self {
        Self { jit, ..self }
    }

    /// Sets the number of bytes that machine code may take.
    #[cfg(feature = "jit")]
    #[must_use]
    pub fn with_machine_code_bytes(self, machine_code_bytes: usize) -> Self {
        Self { machine_code_bytes, ..self }
    }
}

impl Default for EngineConfig {
    fn default() -> Self {
        Self {
            vm: VmConfig::default(),
            cache_bytes: Self::DEFAULT_CACHE_BYTES,
            #[cfg(feature = "jit")]
            jit: JitMode::default(),
            #[cfg(feature = "jit")]
            machine_code_bytes: neovm_jit::DEFAULT_CAPACITY,
        }
    }
}

/// When an engine compiles scripts to machine code. Results are the same in all modes.
#[cfg(feature = "jit")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum JitMode {
    /// Never.
    Off,
    /// Compiles loops and methods that were entered often.
    Lazy {
        /// The number of times that a loop or method is entered before it is compiled.
        threshold: u32,
        /// Whether another thread compiles while the interpreter goes on.
        background: bool,
    },
    /// Compiles everything that can be compiled before it runs.
    Eager,
}

#[cfg(feature = "jit")]
impl Default for JitMode {
    /// Compiles in the background what was entered 2,000 times.
    fn default() -> Self {
        Self::Lazy { threshold: 2000, background: true }
    }
}
