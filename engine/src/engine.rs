//! What threads share: the settings of a network, and scripts decoded once.

use std::sync::Arc;

use neovm_interp::{Code, RunOptions, Vm};
#[cfg(feature = "jit")]
use neovm_jit::{Jit, Mode};
use neovm_types::{FaultKind, PriceTable, Script};

#[cfg(feature = "jit")]
use crate::JitMode;
use crate::{EngineConfig, cache::ScriptCache};

/// Makes machines, keeps the scripts that they run decoded, and compiles hot code.
///
/// Threads share an engine behind a reference or an [`Arc`]; each makes its own
/// machines with [`Engine::vm`]. Scripts are found by their bytes,
/// never by a contract's hash, which stays the same when the contract is
/// updated, and by the prices that are decoded in. Machines with other limits
/// or another hardfork run the same decoded scripts.
#[derive(Debug)]
pub struct Engine {
    config: EngineConfig,
    cache: ScriptCache,
    #[cfg(feature = "jit")]
    jit: Option<Jit>,
}

impl Engine {
    /// Creates an engine.
    pub fn new(config: EngineConfig) -> Self {
        Self {
            #[cfg(feature = "jit")]
            jit: compiler(&config),
            cache: ScriptCache::new(config.cache_bytes, Arc::clone(&config.vm.prices)),
            config,
        }
    }

    /// Returns the compiler, or `None` if compiling is off or there is no
    /// compiler for the platform.
    #[cfg(feature = "jit")]
    pub fn jit(&self) -> Option<&Jit> {
        self.jit.as_ref()
    }

    /// Returns what the engine was made with.
    pub fn config(&self) -> &EngineConfig {
        &self.config
    }

    /// Creates a machine for one execution, or more after [`Vm::reset`].
    pub fn vm(&self, options: RunOptions) -> Vm {
        Vm::new(self.config.vm.clone(), options)
    }

    /// Returns a script decoded, from the cache if it is there. Keep the result
    /// of a script that runs often: it saves the look-up, which hashes the script.
    ///
    /// # Errors
    /// Those of [`Code::decode`].
    pub fn prepare(&self, script: &Script) -> Result<Arc<Code>, FaultKind> {
        self.prepare_with(script, &self.config.vm.prices)
    }

    /// Returns a script decoded for machines with other prices than the
    /// engine's, such as those of another height. Such machines refuse code
    /// that was decoded with the engine's prices.
    ///
    /// Price tables are told apart by their content, and the engine keeps each
    /// one that it has seen.
    ///
    /// # Errors
    /// Those of [`Code::decode`].
    pub fn prepare_with(&self, script: &Script, prices: &Arc<PriceTable>) -> Result<Arc<Code>, FaultKind> {
        self.cache.get_or_decode(script, prices, || {
            let code = Code::decode(script.clone(), prices)?;
            #[cfg(feature = "jit")]
            let code = self.attach(code);
            Ok(code)
        })
    }

    /// Makes code known to the compiler. Machine code lives as long as the
    /// script, so scripts are dropped when there is much of it.
    #[cfg(feature = "jit")]
    fn attach(&self, code: Code) -> Code {
        let Some(jit) = &self.jit else { return code };
        let code = jit.attach(code);
        if jit.bytes() > jit.capacity() / 2 {
            self.cache.halve();
        }
        code
    }

    /// Returns the number of decoded scripts in the cache, and the bytes they take.
    pub fn cached(&self) -> (usize, usize) {
        self.cache.usage()
    }
}

#[cfg(feature = "jit")]
fn compiler(config: &EngineConfig) -> Option<Jit> {
    let mode = match config.jit {
        JitMode::Off => return None,
        JitMode::Eager => Mode { threshold: 1, background: false },
        JitMode::Lazy { threshold, background } => Mode { threshold, background },
    };
    Jit::with_capacity(mode, config.machine_code_bytes)
}
