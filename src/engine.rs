//! What threads share: the settings of a network, and scripts decoded once.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use neovm_crypto::sha256;
#[cfg(feature = "jit")]
use neovm_interp::JitMode;
use neovm_interp::{Code, Config, Vm};
#[cfg(feature = "jit")]
use neovm_jit::{Jit, Mode};
use neovm_types::{FaultKind, PriceTable, Script};

/// Bytes of decoded scripts that an engine keeps unless told otherwise: 64 MiB.
pub const DEFAULT_CACHE_SIZE: usize = 64 << 20;

/// Makes machines, and keeps the scripts they run decoded.
///
/// Shared by threads behind a reference or an [`Arc`]. Scripts are found by a
/// digest of their bytes, never by a contract's hash, which an update keeps,
/// and by the prices that are decoded in. Machines with other limits or another
/// hardfork run the same decoded scripts.
#[derive(Debug)]
pub struct Engine {
    config: Config,
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
    /// An engine whose machines run with these settings.
    pub fn new(config: Config) -> Self {
        Self::with_cache_size(config, DEFAULT_CACHE_SIZE)
    }

    /// An engine that keeps decoded scripts up to so many bytes.
    pub fn with_cache_size(config: Config, capacity: usize) -> Self {
        let tables = vec![Arc::clone(&config.prices)];
        let cache = Cache { entries: HashMap::new(), tables, capacity, size: 0, clock: 0 };
        Self {
            #[cfg(feature = "jit")]
            jit: compiler(config.jit, neovm_jit::DEFAULT_CAPACITY),
            config,
            cache: Mutex::new(cache),
        }
    }

    /// The same engine, whose machine code takes so many bytes at most. Above half
    /// of that, scripts that were not used for longest are let go.
    #[cfg(feature = "jit")]
    #[must_use]
    pub fn with_machine_code(self, capacity: usize) -> Self {
        let jit = compiler(self.config.jit, capacity);
        Self { jit, ..self }
    }

    /// The compiler of hot code; none if the settings say so or there is none
    /// for the platform.
    #[cfg(feature = "jit")]
    pub fn jit(&self) -> Option<&Jit> {
        self.jit.as_ref()
    }

    /// The settings of its machines.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// A machine with so much gas, in datoshi.
    pub fn vm(&self, gas_limit: i64) -> Vm {
        Vm::new(Config { gas_limit, ..self.config.clone() })
    }

    /// The decoded form of a script, from the cache if it was seen lately. Who
    /// runs a script often keeps this and saves the look-up.
    ///
    /// # Errors
    /// Those of [`Code::decode`].
    pub fn prepare(&self, script: &Script) -> Result<Arc<Code>, FaultKind> {
        self.prepare_with(script, &self.config.prices)
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
fn compiler(mode: JitMode, capacity: usize) -> Option<Jit> {
    let mode = match mode {
        JitMode::Off => return None,
        JitMode::Eager => Mode { threshold: 1, background: false },
        JitMode::Lazy { threshold, background } => Mode { threshold, background },
    };
    Jit::with_capacity(mode, capacity)
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
        let engine = Engine::new(Config::default());
        let first = engine.prepare(&script(1)).unwrap();
        assert!(Arc::ptr_eq(&first, &engine.prepare(&script(1)).unwrap()));
        assert!(!Arc::ptr_eq(&first, &engine.prepare(&script(2)).unwrap()));
        assert_eq!(engine.cached().0, 2);
    }

    #[test]
    fn the_cache_is_bounded_and_keeps_what_is_used() {
        let one = footprint(&Engine::new(Config::default()).prepare(&script(0)).unwrap());
        let engine = Engine::with_cache_size(Config::default(), 8 * one);
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
        let engine = Engine::with_cache_size(Config::default(), 8);
        let code = engine.prepare(&script(7)).unwrap();
        let mut vm = engine.vm(1000);
        vm.load(code, neovm_interp::LoadOptions::default()).unwrap();
        assert_eq!(vm.run(&mut neovm_interp::NoHost), neovm_interp::Outcome::Halt);
        assert_eq!(engine.cached(), (0, 0));
    }
}
