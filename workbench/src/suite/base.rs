//! The chain that tests begin with, and copies of it.

use std::{
    collections::BTreeMap,
    ops::Bound,
    path::{Path, PathBuf},
    sync::Arc,
};

use neovm::{
    Chain, FaultKind, Hash160, MemoryStore, Network, ProtocolSettings, Signer, StackItem,
    host::{Contract, HardforkHeights, Invocation, native},
    storage::{Batch, Cursor, Direction, Key, Store, StoreError, Value, WriteStore, overlay, seek_range},
    types::{Manifest, NefFile, manifest::Method},
};

use super::cheats;
use crate::{debug_info::DebugInfo, files};

/// What a deployment may cost, in datoshi: 1000 GAS, more than the storage of the largest contract costs.
const DEPLOYMENT_GAS: i64 = 100_000_000_000;

/// A state that others share, with changes of its own.
#[derive(Clone, Debug, Default)]
pub(crate) struct Snapshot {
    base: Arc<MemoryStore>,
    changes: BTreeMap<Key, Option<Value>>,
}

impl Snapshot {
    /// The same state, of which copies are cheap.
    pub(crate) fn freeze(self) -> Self {
        let mut base = Arc::unwrap_or_clone(self.base);
        let changes: Batch = self.changes.into_iter().collect();
        // Nothing in memory can fail.
        let _ = base.write(&changes);
        Self { base: Arc::new(base), changes: BTreeMap::new() }
    }
}

impl Store for Snapshot {
    fn get(&self, key: &[u8]) -> Result<Option<Value>, StoreError> {
        match self.changes.get(key) {
            Some(changed) => Ok(changed.clone()),
            None => self.base.get(key),
        }
    }

    fn seek<'a>(&'a self, prefix: &[u8], from: Option<&[u8]>, direction: Direction) -> Cursor<'a> {
        let below = self.base.seek(prefix, from, direction);
        let Some((start, end)) = seek_range(prefix, from, direction) else { return below };
        let changes = self.changes.range::<[u8], _>((Bound::Included(start), end.as_ref().map(Vec::as_slice)));
        match direction {
            Direction::Forward => overlay(changes, below, direction),
            Direction::Backward => overlay(changes.rev(), below, direction),
        }
    }
}

impl WriteStore for Snapshot {
    fn write(&mut self, changes: &[(Key, Option<Value>)]) -> Result<(), StoreError> {
        self.changes.extend(changes.iter().cloned());
        Ok(())
    }
}

/// A chain with the genesis block of a private network under the latest rules, and the native contract of tests.
#[derive(Debug)]
pub struct Base {
    chain: Chain<Snapshot>,
}

impl Base {
    /// Makes the chain.
    ///
    /// # Errors
    /// A fault if it cannot be made.
    pub fn new() -> Result<Self, FaultKind> {
        let settings = ProtocolSettings {
            hardforks: HardforkHeights::all_until(Default::default()),
            ..ProtocolSettings::private()
        };
        let network = Network::new(settings).with_native(&cheats::CONTRACT);
        let network = Arc::new(network.map_err(|error| FaultKind::Host(error.to_string()))?);
        let chain = Chain::with_network(Arc::clone(&network))?;
        let base = Arc::new(chain.store().clone());
        let chain = Chain::with_store(network, Snapshot { base, changes: BTreeMap::new() });
        Ok(Self { chain })
    }

    /// A copy of the chain.
    pub(crate) fn chain(&self) -> Chain<Snapshot> {
        self.chain.clone()
    }

    /// The native contracts.
    pub(crate) fn natives(&self) -> impl Iterator<Item = Arc<Contract>> {
        let all = native::NATIVES.into_iter().map(|native| native.hash).chain([cheats::CONTRACT.hash]);
        all.filter_map(|hash| self.chain.contract(hash).ok().flatten())
    }
}

/// A contract in files: `X.nef`, `X.manifest.json` and, if there is some, debug information.
#[derive(Clone, Debug)]
pub(crate) struct Files {
    /// Where the NEF file lies.
    pub(crate) path: PathBuf,
    pub(crate) nef: NefFile,
    pub(crate) nef_bytes: Vec<u8>,
    pub(crate) manifest: Manifest,
    pub(crate) manifest_bytes: Vec<u8>,
    pub(crate) debug: Option<Arc<DebugInfo>>,
}

impl Files {
    /// Where the files of a contract are: the NEF file, the manifest and, one of two, the debug information.
    pub(crate) fn paths(nef: &Path) -> [PathBuf; 4] {
        ["nef", "manifest.json", "nefdbgnfo", "debug.json"].map(|extension| nef.with_extension(extension))
    }

    /// Reads the files.
    ///
    /// # Errors
    /// What is wrong, with the name of the file.
    pub(crate) fn read(nef: &Path) -> Result<Self, String> {
        let of = |path: &Path, error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        let nef_bytes = files::read(nef).map_err(|error| of(nef, &error))?;
        let parsed = NefFile::parse(&nef_bytes).map_err(|error| of(nef, &error))?;
        let [_, path, beside @ ..] = Self::paths(nef);
        let manifest_bytes = files::read(&path).map_err(|error| of(&path, &error))?;
        let manifest = Manifest::parse(&manifest_bytes).map_err(|error| of(&path, &error))?;
        let debug = beside.iter().find_map(|path| DebugInfo::read(&files::read(path).ok()?).ok());
        // What belongs to another script would name wrong places.
        let debug = debug.filter(|info| info.hash.is_none_or(|hash| hash == parsed.script.hash()));
        Ok(Self { path: nef.into(), nef: parsed, nef_bytes, manifest, manifest_bytes, debug: debug.map(Arc::new) })
    }

    /// The methods with this beginning of the name, in the order of the source.
    pub(crate) fn methods(&self, prefix: &str) -> Vec<&Method> {
        let mut methods: Vec<&Method> =
            self.manifest.abi.methods.iter().filter(|method| method.name.starts_with(prefix)).collect();
        methods.sort_by_key(|method| method.offset);
        methods
    }

    /// The call that deploys the contract, with data for its `_deploy`.
    ///
    /// # Errors
    /// A fault if the contract is too large for a script.
    pub(crate) fn deployment(&self, data: StackItem, signers: &[Signer]) -> Result<Invocation, FaultKind> {
        let arguments = vec![self.nef_bytes.as_slice().into(), self.manifest_bytes.as_slice().into(), data];
        let call = Invocation::call(management(), "deploy", arguments)?.with_gas(DEPLOYMENT_GAS);
        Ok(signers.iter().cloned().fold(call, Invocation::with_signer))
    }
}

/// The hash of ContractManagement, the first native contract.
pub(crate) fn management() -> Hash160 {
    native::NATIVES[0].hash
}
