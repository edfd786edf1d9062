//! What all executions on a network share.

use std::sync::{
    Arc, OnceLock, PoisonError, RwLock,
    atomic::{AtomicU64, Ordering},
};

use hashbrown::HashMap;
use neovm_engine::{Engine, EngineConfig};
use neovm_interp::Code;
use neovm_storage::Value;
use neovm_types::{FaultKind, Hardfork, Hash160};
use smallvec::SmallVec;

use crate::{
    contract::{Contract, ContractState},
    hash_state::HashState,
    native::{Method, MethodHandler, NativeContract, NativeError, NativeLevel, Natives},
    settings::ProtocolSettings,
    syscalls::Syscall,
};

/// A network: its settings, and what executions on it share, on any number of
/// threads: decoded and compiled scripts, contracts, the tables of native
/// contracts, and what an embedder adds to those and to the system calls.
#[derive(Debug)]
pub struct Network {
    /// Tells it from other networks of the process.
    id: u64,
    settings: ProtocolSettings,
    engine: Engine,
    contracts: ContractCache,
    natives: Natives,
    levels: [OnceLock<NativeLevel>; Hardfork::ALL.len()],
    syscalls: HashMap<u32, Syscall>,
}

impl Network {
    /// Creates a network with the default engine.
    pub fn new(settings: ProtocolSettings) -> Self {
        Self::with_engine(settings, EngineConfig::default())
    }

    /// Creates a network with an engine of its own. The hardfork in the
    /// engine's configuration is not used: it follows from the height.
    pub fn with_engine(settings: ProtocolSettings, config: EngineConfig) -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        Self {
            id: COUNT.fetch_add(1, Ordering::Relaxed),
            settings,
            engine: Engine::new(config),
            contracts: ContractCache::default(),
            natives: Natives::default(),
            levels: Default::default(),
            syscalls: HashMap::new(),
        }
    }

    /// Adds a system call, in place of the one with its name if there is one.
    #[must_use]
    pub fn with_syscall(mut self, syscall: Syscall) -> Self {
        self.syscalls.insert(syscall.id(), syscall);
        self
    }

    /// Adds a native contract. The block that brings it stores its script and
    /// manifest; it can be called from the next block on. Its place is behind all
    /// others: it is initialized and persists last.
    ///
    /// # Errors
    /// [`NativeError`] if another native contract has the hash or the id, if the id
    /// is not negative, or if two methods cannot be told apart.
    pub fn with_native(mut self, contract: &NativeContract) -> Result<Self, NativeError> {
        self.natives.add(contract)?;
        self.levels = Default::default();
        Ok(self)
    }

    /// Adds a method to a native contract, in place of those with its name and
    /// number of parameters if there are any.
    ///
    /// The script and the manifest of the contract change with it: the chain is not
    /// that of the nodes that lack the method. They are stored when the contract is
    /// created and at each hardfork that concerns it, so the method must exist
    /// since a hardfork that the chain has not reached yet. With a store that
    /// holds the contract as it was without the method, calls reach the wrong
    /// methods.
    ///
    /// # Errors
    /// [`NativeError`] if there is no such contract.
    pub fn with_native_method(mut self, contract: Hash160, method: Method) -> Result<Self, NativeError> {
        self.natives.add_method(contract, method)?;
        self.levels = Default::default();
        Ok(self)
    }

    /// Replaces what runs a method of a native contract, under all hardforks. Its
    /// price, its flags, and the script and the manifest of the contract stay what
    /// they are.
    ///
    /// # Errors
    /// [`NativeError`] if there is no such contract or method.
    pub fn with_native_handler(
        mut self,
        contract: Hash160,
        method: &str,
        parameters: usize,
        handler: MethodHandler,
    ) -> Result<Self, NativeError> {
        self.natives.replace_handler(contract, method, parameters, handler)?;
        self.levels = Default::default();
        Ok(self)
    }

    /// A number that no other network of the process has.
    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    /// The settings.
    pub fn settings(&self) -> &ProtocolSettings {
        &self.settings
    }

    /// The engine.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The system calls that were added, by their ids.
    pub(crate) fn added_syscalls(&self) -> &HashMap<u32, Syscall> {
        &self.syscalls
    }

    /// Returns the native contracts as they are from a hardfork on.
    pub fn natives(&self, hardfork: Hardfork) -> &NativeLevel {
        self.levels[hardfork as usize].get_or_init(|| NativeLevel::new(self.natives.as_slice(), hardfork))
    }

    /// Returns the contract that lies in the storage under its hash with these bytes.
    ///
    /// # Errors
    /// A fault if the bytes are no contract.
    pub(crate) fn contract(&self, hash: Hash160, stored: &Value) -> Result<Arc<Contract>, FaultKind> {
        self.contracts.get(hash, stored)
    }

    /// Returns the decoded script of a contract, which is decoded at the first call.
    ///
    /// # Errors
    /// Those of [`Engine::prepare`].
    pub(crate) fn code<'a>(&self, contract: &'a Contract) -> Result<&'a Arc<Code>, FaultKind> {
        if let Some(code) = contract.decoded() {
            return Ok(code);
        }
        let code = contract.code(&self.engine)?;
        self.contracts.grow(code.memory());
        Ok(code)
    }
}

/// Contracts that were read from storage, by their hashes.
///
/// An entry is used only if it was made from the bytes that are stored now, so
/// it cannot be stale, whatever chain or branch it comes from.
#[derive(Debug, Default)]
struct ContractCache(RwLock<CachedContracts>);

#[derive(Debug, Default)]
struct CachedContracts {
    versions: HashMap<Hash160, Versions, HashState>,
    /// What all versions together weigh.
    weight: usize,
}

/// What is stored of a contract in different states, and the contract: the newest version last.
type Versions = SmallVec<[(Value, Arc<Contract>); 1]>;

/// What the versions that are kept weigh together at most, in bytes.
const MAX_WEIGHT: usize = 256 << 20;

/// More versions of a contract than this are not kept: natives have as many as hardforks concern them.
const MAX_VERSIONS: usize = 4;

/// About how many bytes a version takes: what is stored and made of it, what the smallest one takes besides, and the
/// script if it was decoded.
fn weight(stored: &Value, contract: &Contract) -> usize {
    4 * stored.len() + 4096 + contract.decoded().map_or(0, |code| code.memory())
}

impl ContractCache {
    fn get(&self, hash: Hash160, stored: &Value) -> Result<Arc<Contract>, FaultKind> {
        let is_stored = |(bytes, _): &&(Value, _)| Arc::ptr_eq(bytes, stored) || bytes == stored;
        // Nothing under the lock can panic half-way, so a poisoned one is good.
        let cached = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, contract)) =
            cached.versions.get(&hash).and_then(|versions| versions.iter().rev().find(is_stored))
        {
            return Ok(Arc::clone(contract));
        }
        drop(cached);
        let contract = Arc::new(Contract::new(ContractState::from_bytes(stored)?));
        let mut cached = self.0.write().unwrap_or_else(PoisonError::into_inner);
        cached.add(hash, stored, &contract);
        Ok(contract)
    }

    /// Takes note of bytes that a contract takes from now on.
    fn grow(&self, bytes: usize) {
        let mut cached = self.0.write().unwrap_or_else(PoisonError::into_inner);
        cached.weight += bytes;
        if cached.weight > MAX_WEIGHT {
            *cached = CachedContracts::default();
        }
    }
}

impl CachedContracts {
    fn add(&mut self, hash: Hash160, stored: &Value, contract: &Arc<Contract>) {
        let added = weight(stored, contract);
        if self.weight + added > MAX_WEIGHT {
            *self = Self::default();
        }
        let versions = self.versions.entry(hash).or_default();
        if versions.len() == MAX_VERSIONS {
            let (stored, oldest) = versions.remove(0);
            // What is being decoded at this moment is not counted yet.
            self.weight = self.weight.saturating_sub(weight(&stored, &oldest));
        }
        versions.push((Arc::clone(stored), Arc::clone(contract)));
        self.weight += added;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Weak;

    use neovm_types::{Manifest, NefFile, OpCode};

    use super::*;

    /// A contract with a long script.
    fn state(number: u8) -> ContractState {
        let manifest = br#"{"name":"a","groups":[],"features":{},"supportedstandards":[],"trusts":[],"extra":null,
            "abi":{"methods":[{"name":"m","offset":0,"parameters":[],"returntype":"Void","safe":false}],"events":[]},
            "permissions":[]}"#;
        let nef = NefFile {
            compiler: "test".into(),
            source: String::new(),
            tokens: Vec::new(),
            script: vec![OpCode::RET as u8; 130_000].into(),
        };
        let manifest = Manifest::parse(manifest).unwrap();
        ContractState { id: 1, update_counter: 0, hash: Hash160([number; 20]), nef, manifest }
    }

    #[test]
    fn contracts_that_are_kept_weigh_little_in_all_their_versions() {
        let (cache, mut kept) = (ContractCache::default(), Vec::<Weak<[u8]>>::new());
        let mut add = |number: u8, update_counter: u16| {
            let state = ContractState { update_counter, ..state(number) };
            let stored = Value::from(state.to_bytes().unwrap());
            let contract = cache.get(state.hash, &stored).unwrap();
            assert!(Arc::ptr_eq(&contract, &cache.get(state.hash, &stored).unwrap()));
            kept.push(Arc::downgrade(&stored));
            drop(stored);
            kept.iter().filter_map(Weak::upgrade).map(|stored| stored.len()).sum::<usize>()
        };
        // More versions of one than are kept leave room for others.
        let most = (0..300).map(|version| add(0, version)).max().unwrap();
        assert!((4 * 130_000..5 * 130_000).contains(&most), "{most}");
        let most = (1..200).flat_map(|number| [(number, 0), (number, 1), (number, 2), (number, 3)]);
        let most = most.map(|(number, version)| add(number, version)).max().unwrap();
        assert!((MAX_WEIGHT / 4 - 3_000_000..=MAX_WEIGHT / 4).contains(&most), "{most}");
    }

    #[test]
    fn decoded_scripts_of_contracts_that_are_kept_weigh_as_much_as_they_take() {
        let network = Network::new(ProtocolSettings::private());
        let mut kept = Vec::<(Weak<Contract>, usize)>::new();
        let mut add = |number: u8| {
            let state = state(number);
            let contract = network.contract(state.hash, &Value::from(state.to_bytes().unwrap())).unwrap();
            let memory = network.code(&contract).unwrap().memory();
            kept.push((Arc::downgrade(&contract), memory));
            drop(contract);
            kept.iter().filter_map(|(contract, memory)| contract.upgrade().map(|_| *memory)).sum::<usize>()
        };
        let most = (0..=u8::MAX).map(&mut add).max().unwrap();
        assert!((MAX_WEIGHT / 2..=MAX_WEIGHT).contains(&most), "{most}");
    }
}
