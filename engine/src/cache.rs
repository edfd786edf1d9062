//! The cache of decoded scripts.

use std::sync::{Arc, Mutex, PoisonError};

use hashbrown::DefaultHashBuilder;
use neovm_interp::Code;
use neovm_types::{FaultKind, PriceTable, Script};
use quick_cache::{Equivalent, OptionsBuilder, Weighter, sync::Cache, sync::DefaultLifecycle};

/// The bytes that a decoded script usually takes, for an estimate of how many
/// fit.
const USUAL_BYTES: usize = 4096;

/// Decoded scripts, found by their bytes and by the prices that are decoded in.
/// Scripts that are used again and again stay although many others come once.
#[derive(Debug)]
pub(crate) struct ScriptCache {
    entries: Cache<Key, Entry, BySize, DefaultHashBuilder>,
    /// The prices that most scripts are decoded with: table 0.
    usual: Arc<PriceTable>,
    /// The other price tables in use; they are few.
    others: Mutex<Vec<Arc<PriceTable>>>,
}

/// A script and the index of a price table. Scripts are looked for by reference.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key<S = Script>(S, usize);

impl Equivalent<Key> for Key<&Script> {
    fn equivalent(&self, key: &Key) -> bool {
        *self.0 == key.0 && self.1 == key.1
    }
}

#[derive(Clone, Debug)]
struct Entry {
    code: Arc<Code>,
    /// Its size in bytes when it was decoded.
    size: u64,
}

#[derive(Clone, Debug)]
struct BySize;

impl Weighter<Key, Entry> for BySize {
    fn weight(&self, _: &Key, entry: &Entry) -> u64 {
        entry.size
    }
}

impl ScriptCache {
    /// Creates a cache that keeps at most `capacity` bytes, mostly of scripts with the prices `usual`.
    pub(crate) fn new(capacity: usize, usual: Arc<PriceTable>) -> Self {
        // In one shard, so that a large script finds room too.
        let mut options = OptionsBuilder::new();
        options.shards(1).weight_capacity(capacity as u64).estimated_items_capacity(capacity / USUAL_BYTES);
        let options = options.build().expect("the options that have no default are set");
        let entries = Cache::with_options(options, BySize, DefaultHashBuilder::default(), DefaultLifecycle::default());
        Self { entries, usual, others: Mutex::default() }
    }

    /// Returns the index of a price table.
    fn table(&self, prices: &Arc<PriceTable>) -> usize {
        let is = |known: &Arc<PriceTable>| Arc::ptr_eq(known, prices) || known == prices;
        if is(&self.usual) {
            return 0;
        }
        // Nothing under the lock can panic half-way, so a poisoned one is good.
        let mut others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
        let known = others.iter().position(is);
        let index = known.unwrap_or_else(|| {
            others.push(Arc::clone(prices));
            others.len() - 1
        });
        1 + index
    }

    /// Returns the code of a script with some prices, and decodes it if it is not
    /// there. Threads that ask for it while another decodes it wait for that.
    ///
    /// # Errors
    /// Those of `decode`.
    pub(crate) fn get_or_decode(
        &self,
        script: &Script,
        prices: &Arc<PriceTable>,
        decode: impl FnOnce() -> Result<Code, FaultKind>,
    ) -> Result<Arc<Code>, FaultKind> {
        let key = Key(script, self.table(prices));
        if let Some(entry) = self.entries.get(&key) {
            return Ok(entry.code);
        }
        let entry = self.entries.get_or_insert_with(&Key(script.clone(), key.1), || {
            let code = Arc::new(decode()?);
            let size = footprint(&code) as u64;
            Ok(Entry { code, size })
        });
        entry.map(|entry| entry.code)
    }

    /// Drops scripts until half of the bytes are left.
    #[cfg(feature = "jit")]
    pub(crate) fn halve(&self) {
        let capacity = self.entries.capacity();
        self.entries.set_capacity((self.entries.weight() / 2).max(1));
        self.entries.set_capacity(capacity);
    }

    /// Returns the number of scripts that are kept, and the bytes they take.
    pub(crate) fn usage(&self) -> (usize, usize) {
        (self.entries.len(), self.entries.weight() as usize)
    }
}

/// The bytes that a decoded script takes in the cache.
fn footprint(code: &Code) -> usize {
    code.memory() + code.script().len() + size_of::<(Key, Entry)>()
}
