//! What threads share: the settings of a network, and scripts decoded once.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use neovm_crypto::sha256;
use neovm_interp::{Code, RunOptions, Vm};
#[cfg(feature = "jit")]
use neovm_jit::{Jit, Mode};
use neovm_types::{FaultKind, PriceTable, Script};

use crate::EngineConfig;
#[cfg(feature = "jit")]
use crate::JitMode;

/// Makes machines, and keeps the scripts they run decoded.
///
/// Shared by threads behind a reference or an [`Arc`]. Scripts are found by a
/// digest of their bytes, never by a contract's hash, which an update keeps,
/// and by the prices that are decoded in. Machines with other limits or another
/// hardfork run the same decoded scripts.
#[derive(Debug)]
pub struct Engine {
    config: EngineConfig,
    cache: Mutex<Cache>,
    #[cfg(feature = "jit")]
    jit: Option<Jit>,
}

#[derive(Debug)]
struct Cache {
    entries: HashMap<Key, Entry>,
    /// The price tables in use; they are few, and the first is the engine's own.
    tables: Vec<Arc<PriceTable>>,
    /// Bytes that entries may take, and take.
    capacity: usize,
    size: usize,
    /// Goes up with each look-up; an entry keeps that of its last.
    clock: u64,
}

/// The digest of a script and the number of a price table.
type Key = ([u8; 32], usize);

#[derive(Debug)]
struct Entry {
    code: Arc<Code>,
    /// Bytes, when it was decoded.
    size: usize,
    used: u64,
}

impl Engine {
    /// Creates an engine.
    pub fn new(config: EngineConfig) -> Self {
        let tables = vec![Arc::clone(&config.vm.prices)];
        let cache = Cache { entries: HashMap::new(), tables, capacity: config.cache_bytes, size: 0, clock: 0 };
        Self {
            #[cfg(feature = "jit")]
            jit: compiler(&config),
            cache: Mutex::new(cache),
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

    /// The decoded form of a script, from the cache if it was seen lately. Who
    /// runs a script often keeps this and saves the look-up.
    ///
    /// # Errors
    /// Those of [`Code::decode`].
    pub fn prepare(&self, script: &Script) -> Result<Arc<Code>, FaultKind> {
        self.prepare_with(script, &self.config.vm.prices)
    }

    /// The same for machines with other prices than the engine's, such as those
    /// of another height: they refuse code that was decoded with its prices.
    /// Tables are told apart by their content, and each one seen is kept.
    ///
    /// # Errors
    /// Those of [`Code::decode`].
    pub fn prepare_with(&self, script: &Script, prices: &Arc<PriceTable>) -> Result<Arc<Code>, FaultKind> {
        let digest = sha256(script.bytes());
        let key = {
            let mut cache = self.cache();
            let key = (digest, cache.table(prices));
            if let Some(code) = cache.find(&key) {
                return Ok(code);
            }
            key
        };
        // Decoded without the lock; two threads may do it twice.
        let code = Code::decode(script.clone(), prices)?;
        #[cfg(feature = "jit")]
        let code = match &self.jit {
            Some(jit) => jit.attach(code),
            None => code,
        };
        let code = Arc::new(code);
        let mut cache = self.cache();
        #[cfg(feature = "jit")]
        if self.jit.as_ref().is_some_and(|jit| jit.bytes() > jit.capacity() / 2) {
            let half = cache.size / 2;
            cache.evict_down_to(half);
        }
        cache.keep(key, &code);
        drop(cache);
        Ok(code)
    }

    /// Number of decoded scripts that are kept, and the bytes they take.
    pub fn cached(&self) -> (usize, usize) {
        let cache = self.cache();
        (cache.entries.len(), cache.size)
    }

    /// Nothing under the lock can panic half-way, so a poisoned one is good.
    fn cache(&self) -> MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
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

impl Cache {
    /// The number of a price table, which is a new one if it is not known.
    fn table(&mut self, prices: &Arc<PriceTable>) -> usize {
        let known = self.tables.iter().position(|known| Arc::ptr_eq(known, prices) || known == prices);
        known.unwrap_or_else(|| {
            self.tables.push(Arc::clone(prices));
            self.tables.len() - 1
        })
    }

    fn find(&mut self, key: &Key) -> Option<Arc<Code>> {
        self.clock += 1;
        let entry = self.entries.get_mut(key)?;
        entry.used = self.clock;
        Some(Arc::clone(&entry.code))
    }

    fn keep(&mut self, key: Key, code: &Arc<Code>) {
        let size = footprint(code);
        if size > self.capacity || self.entries.contains_key(&key) {
            return;
        }
        if self.size + size > self.capacity {
            // A quarter is freed, so that the search for it is seldom.
            self.evict_down_to(self.capacity.saturating_sub(size.max(self.capacity / 4)));
        }
        self.size += size;
        self.entries.insert(key, Entry { code: Arc::clone(code), size, used: self.clock });
    }

    /// Drops what was not used for longest.
    fn evict_down_to(&mut self, goal: usize) {
        let mut by_use: Vec<_> = self.entries.iter().map(|(key, entry)| (entry.used, *key)).collect();
        by_use.sort_unstable();
        for (_, key) in by_use {
            if self.size <= goal {
                return;
            }
            if let Some(entry) = self.entries.remove(&key) {
                self.size -= entry.size;
            }
        }
    }
}

fn footprint(code: &Code) -> usize {
    code.memory() + code.script().len() + size_of::<Entry>()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script(number: u32) -> Script {
        // PUSHINT32 number, RET
        let mut bytes = vec![0x02];
        bytes.extend(number.to_le_bytes());
        bytes.push(0x40);
        bytes.into()
    }

    #[test]
    fn equal_bytes_are_decoded_once() {
        let engine = Engine::new(EngineConfig::default());
        let first = engine.prepare(&script(1)).unwrap();
        assert!(Arc::ptr_eq(&first, &engine.prepare(&script(1)).unwrap()));
        assert!(!Arc::ptr_eq(&first, &engine.prepare(&script(2)).unwrap()));
        assert_eq!(engine.cached().0, 2);
    }

    #[test]
    fn the_cache_is_bounded_and_keeps_what_is_used() {
        let one = footprint(&Engine::new(EngineConfig::default()).prepare(&script(0)).unwrap());
        let engine = Engine::new(EngineConfig::default().with_cache_bytes(8 * one));
        let kept = engine.prepare(&script(0)).unwrap();
        for number in 1..100 {
            engine.prepare(&script(number)).unwrap();
            assert!(Arc::ptr_eq(&kept, &engine.prepare(&script(0)).unwrap()), "used last before {number}");
            let (entries, size) = engine.cached();
            assert!(size <= 8 * one && size == entries * one);
        }
    }

    #[test]
    fn a_script_larger_than_the_cache_runs_all_the_same() {
        let engine = Engine::new(EngineConfig::default().with_cache_bytes(8));
        let code = engine.prepare(&script(7)).unwrap();
        let mut vm = engine.vm(RunOptions::default());
        vm.load(code, neovm_interp::LoadOptions::default()).unwrap();
        assert_eq!(vm.run(&mut neovm_interp::NoHost), neovm_interp::Outcome::Halt);
        assert_eq!(engine.cached(), (0, 0));
    }
}
