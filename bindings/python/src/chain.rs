//! Chains.

use std::{
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use neovm::{
    Block, Chain as HostChain, Hash160, Script, Store,
    host::{Contract, Invocation, genesis_block},
    storage::{ChainState, Direction, FlushPolicy, Key, TrieMode, WriteStore},
    types::{CallFlags, ScriptBuilder, manifest::ParameterType, text},
};
use neovm_disk::{Disk, Settings};
use neovm_node::Blockchain;
use pyo3::{
    exceptions::{PyAttributeError, PyOSError, PyOverflowError, PyRuntimeError, PyTypeError, PyValueError},
    prelude::*,
    types::{PyBytes, PyTuple},
};

use crate::{
    hash::{UInt160, UInt256},
    network::Network,
    receipt::{Receipt, Run},
    signals::Signals,
    signer::Signer,
    state::State,
    turns::Turns,
    value,
};

/// A chain, on which `neovm.Chain` is built.
///
/// Who changes it and who executes is up to `turns`; `chain` is locked for moments only, and
/// never by whoever waits for the GIL. A chain in a folder is saved while nobody executes.
#[pyclass(frozen, module = "neovm._neovm")]
pub(crate) struct Core {
    id: u64,
    /// The folder, which states only borrow; None in memory, and when it was closed.
    disk: Mutex<Option<Arc<Disk>>>,
    chain: Mutex<HostChain<State>>,
    turns: Turns,
}

/// What the lock holds is good even if somebody panicked who held it: changes are made at once.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A state to come back to.
#[pyclass(frozen, module = "neovm._neovm")]
pub(crate) struct CoreSnapshot {
    chain: u64,
    state: State,
}

/// A contract as the node stores it.
#[pyclass(frozen, get_all, module = "neovm")]
pub(crate) struct ContractState {
    /// The hash.
    hash: UInt160,
    /// The id, under which the storage lies.
    id: i32,
    /// The number of times that the contract was updated.
    update_counter: u16,
    /// The name in the manifest.
    name: String,
    /// The NEF file.
    nef: Py<PyBytes>,
    /// The manifest, as JSON.
    manifest: String,
}

/// A state or a folder that cannot be read or written.
pub(crate) fn unreadable(error: impl std::fmt::Display) -> PyErr {
    PyOSError::new_err(error.to_string())
}

pub(crate) fn closed() -> PyErr {
    PyRuntimeError::new_err("the chain was closed")
}

impl Core {
    fn with_chain((chain, disk): (HostChain<State>, Option<Arc<Disk>>)) -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let id = COUNT.fetch_add(1, Ordering::Relaxed);
        Self { id, disk: Mutex::new(disk), chain: Mutex::new(chain), turns: Turns::default() }
    }

    /// Why the state does not let something be done. A chain that was closed is no matter of values.
    fn refused(&self, error: impl std::fmt::Display) -> PyErr {
        let is_closed = locked(&self.chain).store().is_closed();
        if is_closed { closed() } else { PyValueError::new_err(error.to_string()) }
    }

    /// Why the state cannot be read.
    fn failed(&self, error: impl std::fmt::Display) -> PyErr {
        locked(&self.chain).store().failed(error)
    }

    /// A copy of the chain as it is now.
    fn now(&self) -> HostChain<State> {
        locked(&self.chain).clone()
    }

    /// Executes a script, and keeps what it changed if that is wanted.
    fn execute(
        &self,
        py: Python<'_>,
        script: Script,
        (signers, gas): Terms<'_>,
        keep: bool,
        wanted: ParameterType,
    ) -> PyResult<Receipt> {
        let gas = number("gas", &gas, i64::MAX as u64)?;
        let mut invocation = Invocation::new(script.clone()).with_gas(gas as i64);
        invocation.signers = signers.into_iter().map(|signer| signer.0).collect();
        let signals = Signals::new(py)?;
        py.detach(|| {
            let _change = keep.then(|| self.turns.change(signals)).transpose()?;
            let _turn = self.turns.execute(signals)?;
            let chain = self.now();
            invocation.timestamp = chain.store().next_time;
            let pending = chain.store().over(|state| {
                let chain = HostChain::with_store(Arc::clone(chain.network()), state);
                chain.prepare(&invocation).map_err(|fault| self.refused(fault))
            })?;
            let receipt = Receipt::of(Run { chain, pending, script: script.bytes().to_vec() }, wanted, signals)?;
            if keep && receipt.halted() {
                locked(&self.chain).store_mut().write(receipt.state_changes()).map_err(unreadable)?;
            }
            Ok(receipt)
        })
    }

    fn mine_one(&self, time: Option<u64>) -> PyResult<()> {
        let mut chain = self.now();
        let last = chain.last_header().map_err(|error| self.failed(error))?.timestamp;
        let time = time.or(chain.store().next_time);
        let next = Invocation { timestamp: time, ..Invocation::new(Script::from(Vec::new())) };
        let header = chain.prepare(&next).map_err(|error| self.failed(error))?.header().clone();
        check_time(Some(header.timestamp), last)?;
        chain
            .persist(&Block::new(header, Vec::new()).map_err(|error| self.failed(error))?)
            .map_err(|error| self.failed(error))?;
        chain.store_mut().end_block();
        *locked(&self.chain) = chain;
        Ok(())
    }
}

/// Checks that a block can come after the last one.
fn check_time(time: Option<u64>, last: u64) -> PyResult<()> {
    match time {
        Some(time) if time <= last => {
            Err(PyValueError::new_err(format!("a block at {time} cannot follow the last one, which is at {last}")))
        }
        _ => Ok(()),
    }
}

/// How a script is executed: who signs, and the gas that it may use.
type Terms<'py> = (Vec<Signer>, Bound<'py, PyAny>);

/// An int that must lie in a range from 0 on.
fn number(name: &str, value: &Bound<'_, PyAny>, most: u64) -> PyResult<u64> {
    match value.extract::<u64>() {
        Ok(number) if number <= most => Ok(number),
        Err(error) if !error.is_instance_of::<PyOverflowError>(value.py()) => Err(error),
        _ => Err(PyValueError::new_err(format!("{name} is {}: an int from 0 to {most} is expected", value.str()?))),
    }
}

/// Makes a chain and opens it.
fn open(
    network: &Network,
    folder: Option<PathBuf>,
    height: Option<u32>,
) -> PyResult<(HostChain<State>, Option<Arc<Disk>>)> {
    let shared = Arc::clone(&network.shared);
    let invalid = |error: neovm::FaultKind| PyValueError::new_err(error.to_string());
    let Some(folder) = folder else {
        let made = HostChain::at_height(Arc::clone(&shared), height.unwrap_or(0)).map_err(invalid)?;
        let entries: Vec<_> = made.store().iter().map(|(key, value)| (key.clone(), Some(value.clone()))).collect();
        let mut state = State::default();
        state.write(&entries).map_err(unreadable)?;
        return Ok((HostChain::with_store(shared, state), None));
    };
    if height.is_some() {
        return Err(PyValueError::new_err("height is for chains in memory: a folder has the height that it has"));
    }
    let settings = Settings { network: shared.settings().network, trie_mode: TrieMode::Latest, ..Settings::default() };
    let disk = Disk::open(&folder, settings).map_err(unreadable)?;
    let disk = Arc::new(disk);
    let mut chain = HostChain::with_store(Arc::clone(&shared), State::of_folder(&disk));
    // Refuses the chain of another network.
    let kept = ChainState::open(disk.clone(), FlushPolicy::ON_DEMAND).map_err(unreadable)?;
    let kept = Blockchain::open(Arc::clone(&shared), kept).map_err(|error| PyValueError::new_err(error.to_string()))?;
    if kept.height().is_none() {
        chain.persist(&genesis_block(shared.settings()).map_err(invalid)?).map_err(unreadable)?;
        chain.store_mut().end_block();
    }
    Ok((chain, Some(disk)))
}

#[pymethods]
impl Core {
    #[new]
    #[pyo3(signature = (network, folder = None, height = None))]
    fn new(py: Python<'_>, network: &Network, folder: Option<PathBuf>, height: Option<u32>) -> PyResult<Self> {
        py.detach(|| open(network, folder, height)).map(Self::with_chain)
    }

    /// Another chain with the state of this one.
    fn copy(&self) -> PyResult<Self> {
        let chain = self.now();
        if chain.store().has_folder() {
            return Err(PyValueError::new_err("a chain in a folder cannot be copied: two would save to one folder"));
        }
        Ok(Self::with_chain((chain, None)))
    }

    /// Runs a script.
    fn run(&self, py: Python<'_>, script: &[u8], terms: Terms<'_>, keep: bool) -> PyResult<Receipt> {
        self.execute(py, Script::from(script.to_vec()), terms, keep, ParameterType::Any)
    }

    /// Calls a method of a contract. Without `keep`, changes are kept unless the manifest
    /// says that the method is safe.
    #[pyo3(signature = (contract, method, arguments, terms, keep = None))]
    fn call(
        &self,
        py: Python<'_>,
        contract: UInt160,
        method: &str,
        arguments: &Bound<'_, PyTuple>,
        terms: Terms<'_>,
        keep: Option<bool>,
    ) -> PyResult<Receipt> {
        let deployed = self.now().contract(contract.0).map_err(|error| self.failed(error))?;
        let deployed = deployed.ok_or_else(|| PyValueError::new_err(format!("there is no contract {}", contract.0)))?;
        let found = deployed.method(method, arguments.len());
        let found = found.ok_or_else(|| missing(&deployed, method, arguments.len()))?;
        let mut items = Vec::with_capacity(arguments.len());
        for (argument, parameter) in arguments.iter().zip(&found.parameters) {
            let item = value::argument(&argument, parameter.parameter_type);
            items.push(item.map_err(|error| in_argument(py, error, method, &parameter.name))?);
        }
        let script = call_script(contract.0, method, &items)?;
        self.execute(py, script, terms, keep.unwrap_or(!found.safe), found.return_type)
    }

    /// Deploys a contract. `data` goes to its method _deploy.
    #[pyo3(signature = (nef, manifest, data, terms))]
    fn deploy(
        &self,
        py: Python<'_>,
        nef: &[u8],
        manifest: &str,
        data: &Bound<'_, PyAny>,
        terms: Terms<'_>,
    ) -> PyResult<Receipt> {
        let management = neovm::host::native::NATIVES.iter().find(|native| native.name == "ContractManagement");
        let management = management.ok_or_else(|| unreadable("there is no ContractManagement"))?.hash;
        let mut items = vec![nef.into(), manifest.as_bytes().into()];
        if !data.is_none() {
            items.push(value::item(data)?);
        }
        let script = call_script(management, "deploy", &items)?;
        self.execute(py, script, terms, true, ParameterType::Any)
    }

    /// A contract, if it is deployed.
    fn contract(&self, py: Python<'_>, hash: UInt160) -> PyResult<Option<ContractState>> {
        let Some(contract) = self.now().contract(hash.0).map_err(|error| self.failed(error))? else { return Ok(None) };
        let state = contract.state();
        Ok(Some(ContractState {
            hash: UInt160(state.hash),
            id: state.id,
            update_counter: state.update_counter,
            name: state.manifest.name.clone(),
            nef: PyBytes::new(py, &state.nef.to_bytes().map_err(|error| self.failed(error))?).unbind(),
            manifest: state.manifest.to_json(),
        }))
    }

    /// The index of the last block.
    #[getter]
    fn height(&self) -> PyResult<u32> {
        self.now().state().height().map_err(|error| self.failed(error))
    }

    /// The hash of the last block.
    #[getter]
    fn last_hash(&self) -> PyResult<UInt256> {
        self.now().state().last_hash().map(UInt256).map_err(|error| self.failed(error))
    }

    /// The account of the committee.
    #[getter]
    fn committee(&self) -> PyResult<UInt160> {
        self.now().state().committee_address().map(UInt160).map_err(|error| self.failed(error))
    }

    /// The account of the validators, to which the first block gives all NEO and GAS.
    #[getter]
    fn validators(&self) -> PyResult<UInt160> {
        self.now().last_header().map(|header| UInt160(header.next_consensus)).map_err(|error| self.failed(error))
    }

    /// The time stamp of the block that comes next, in milliseconds.
    #[getter]
    fn time(&self) -> PyResult<u64> {
        let chain = self.now();
        if let Some(time) = chain.store().next_time {
            return Ok(time);
        }
        let next = chain.prepare(&Invocation::new(Script::from(Vec::new()))).map_err(|error| self.failed(error))?;
        Ok(next.header().timestamp)
    }

    #[setter]
    fn set_time(&self, py: Python<'_>, time: &Bound<'_, PyAny>) -> PyResult<()> {
        let time = number("time", time, u64::MAX)?;
        let signals = Signals::new(py)?;
        py.detach(|| {
            let _change = self.turns.change(signals)?;
            check_time(Some(time), self.now().last_header().map_err(|error| self.failed(error))?.timestamp)?;
            locked(&self.chain).store_mut().next_time = Some(time);
            Ok(())
        })
    }

    /// Appends empty blocks, the first at a time.
    #[pyo3(signature = (count, time = None))]
    fn mine(&self, py: Python<'_>, count: &Bound<'_, PyAny>, time: Option<&Bound<'_, PyAny>>) -> PyResult<()> {
        let count = number("count", count, u32::MAX.into())?;
        let time = time.map(|time| number("time", time, u64::MAX)).transpose()?;
        let signals = Signals::new(py)?;
        py.detach(|| {
            let _change = self.turns.change(signals)?;
            let _turn = self.turns.execute(signals)?;
            (0..count).try_for_each(|i| {
                if i % 1024 == 1023 {
                    signals.check()?;
                }
                self.mine_one(time.filter(|_| i == 0))
            })
        })
    }

    /// Keeps the state, to come back to it.
    fn snapshot(&self) -> CoreSnapshot {
        CoreSnapshot { chain: self.id, state: self.now().store().clone() }
    }

    /// Comes back to a state.
    fn revert(&self, py: Python<'_>, snapshot: &CoreSnapshot) -> PyResult<()> {
        if snapshot.chain != self.id {
            return Err(PyValueError::new_err("the snapshot is another chain's"));
        }
        let signals = Signals::new(py)?;
        py.detach(|| {
            let _change = self.turns.change(signals)?;
            let mut chain = locked(&self.chain);
            if chain.store().saved() != snapshot.state.saved() {
                return Err(PyValueError::new_err("the chain was saved after the snapshot: the folder has moved on"));
            }
            *chain.store_mut() = snapshot.state.clone();
            Ok(())
        })
    }

    /// Writes to the folder what was executed since the last time, in a block if it is in none.
    fn save(&self, py: Python<'_>) -> PyResult<()> {
        let signals = Signals::new(py)?;
        py.detach(|| {
            let change = self.turns.change(signals)?;
            change.alone(signals)?;
            let state = self.now().store().clone();
            if !state.has_folder() {
                return Err(PyValueError::new_err("the chain has no folder"));
            }
            if state.is_pending() {
                self.mine_one(None)?;
            }
            let mut chain = self.now();
            let disk = locked(&self.disk).clone().ok_or_else(closed)?;
            chain.store_mut().save(disk).map_err(unreadable)?;
            *locked(&self.chain) = chain;
            Ok(())
        })
    }

    /// Lets go of the folder. What was not saved is gone.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        let signals = Signals::new(py)?;
        py.detach(|| {
            let change = self.turns.change(signals)?;
            change.alone(signals)?;
            drop(locked(&self.disk).take());
            Ok(())
        })
    }

    /// The value of a key in a contract's storage.
    fn storage_get<'py>(&self, py: Python<'py>, id: i32, key: &[u8]) -> PyResult<Option<Bound<'py, PyBytes>>> {
        let value = self.now().store().get(&Key::new(id, key)).map_err(|error| self.failed(error))?;
        Ok(value.map(|value| PyBytes::new(py, &value)))
    }

    /// The keys and values of a contract's storage whose keys begin with a prefix.
    fn storage_find<'py>(
        &self,
        py: Python<'py>,
        id: i32,
        prefix: &[u8],
    ) -> PyResult<Vec<(Bound<'py, PyBytes>, Bound<'py, PyBytes>)>> {
        let chain = self.now();
        let entries = chain.store().seek(&Key::new(id, prefix), None, Direction::Forward);
        let entry = |entry: Result<(Key, neovm::storage::Value), _>| {
            let (key, value) = entry.map_err(|error| self.failed(error))?;
            Ok((PyBytes::new(py, key.local()), PyBytes::new(py, &value)))
        };
        entries.map(entry).collect()
    }

    /// Sets or deletes a key of a contract's storage.
    fn storage_put(&self, py: Python<'_>, id: i32, key: &[u8], value: Option<&[u8]>) -> PyResult<()> {
        let change = (Key::new(id, key), value.map(Into::into));
        let signals = Signals::new(py)?;
        py.detach(|| {
            let _change = self.turns.change(signals)?;
            locked(&self.chain).store_mut().write(&[change]).map_err(unreadable)
        })
    }
}

fn call_script(contract: Hash160, method: &str, items: &[neovm::StackItem]) -> PyResult<Script> {
    let built = ScriptBuilder::new().dynamic_call(contract, method, CallFlags::ALL, items).build();
    built.map_err(|error| PyValueError::new_err(error.to_string()))
}

/// Why a method cannot be called.
fn missing(contract: &Contract, method: &str, count: usize) -> PyErr {
    let manifest = &contract.state().manifest;
    let named: Vec<_> = manifest.abi.methods.iter().filter(|known| known.name == method).collect();
    if named.is_empty() {
        return PyAttributeError::new_err(format!("{} has no method {method:?}", manifest.name));
    }
    let takes: Vec<String> = named
        .iter()
        .map(|known| {
            let parameters = known.parameters.iter().map(|it| format!("{}: {}", it.name, it.parameter_type));
            format!("{method}({})", parameters.collect::<Vec<_>>().join(", "))
        })
        .collect();
    let (given, were) = (text::count(count as u64, "argument"), if count == 1 { "was" } else { "were" });
    PyTypeError::new_err(format!("{given} {were} given: {}", takes.join(" or ")))
}

/// Says which argument an error is about, without changing its type.
fn in_argument(py: Python<'_>, error: PyErr, method: &str, name: &str) -> PyErr {
    let message = format!("argument '{name}' of {method}: {}", error.value(py));
    error.get_type(py).call1((message,)).map_or(error, PyErr::from_value)
}
