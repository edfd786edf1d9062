//! The native contracts as they are from a hardfork on: scripts and manifests.
//!
//! Source: `NativeContract.cs` (`GetContractState`, `GetAllowedMethods`).

use std::sync::OnceLock;

use neovm_storage::Value;
use neovm_types::{
    FaultKind, Hardfork, Hash160, Manifest, NefFile, OpCode, Script,
    hash::syscall_id,
    manifest::{self, Abi, ContractDescriptor, ParameterType, Permission, Wildcard},
};

use super::{Event, Method, NativeContract, registry::Native};
use crate::{contract::ContractState, settings::HardforkHeights};

/// The size of a method's script: PUSH0, SYSCALL, RET.
const METHOD_SIZE: usize = 7;
/// Where the SYSCALL lies in it.
const SYSCALL_OFFSET: usize = 1;

/// The native contracts as they are from a hardfork on.
#[derive(Debug)]
pub struct NativeLevel {
    hardfork: Hardfork,
    states: Vec<NativeState>,
}

/// A native contract as it is from a hardfork on.
#[derive(Debug)]
pub struct NativeState {
    /// The contract's table. Its methods are those of all networks.
    pub contract: NativeContract,
    /// What is stored of it, with an update counter of 0.
    pub state: ContractState,
    methods: Vec<LevelMethod>,
    /// The hardforks with which the state changes, in order.
    hardforks: Vec<Hardfork>,
    /// The update counter and the bytes that were stored first.
    stored: OnceLock<(u16, Value)>,
}

/// A method that is active.
#[derive(Debug)]
pub struct LevelMethod {
    /// The row of the table.
    pub row: Method,
    /// What the manifest says of it.
    pub descriptor: manifest::Method,
}

impl NativeLevel {
    pub(crate) fn new(natives: &[Native], hardfork: Hardfork) -> Self {
        Self { hardfork, states: natives.iter().map(|native| NativeState::new(native, hardfork)).collect() }
    }

    /// The hardfork.
    pub fn hardfork(&self) -> Hardfork {
        self.hardfork
    }

    /// The contracts: those of [`NATIVES`](super::NATIVES) in their order, and then those that were added. Contracts
    /// that do not exist yet are among them.
    pub fn states(&self) -> &[NativeState] {
        &self.states
    }

    /// Returns the contract with a hash.
    pub fn find(&self, hash: Hash160) -> Option<&NativeState> {
        self.states.iter().find(|state| state.contract.hash == hash)
    }
}

impl NativeState {
    fn new(native: &Native, hardfork: Hardfork) -> Self {
        let contract = native.contract;
        let rows = native.methods.iter().filter(|row| row.is_active(hardfork));
        let method = |(index, row): (usize, &Method)| LevelMethod { row: *row, descriptor: descriptor(row, index) };
        let methods: Vec<LevelMethod> = rows.enumerate().map(method).collect();
        let nef = NefFile {
            compiler: "neo-core-v3.0".into(),
            source: String::new(),
            tokens: Vec::new(),
            script: script(methods.len()),
        };
        let mut manifest = Manifest {
            name: contract.name.into(),
            groups: Vec::new(),
            supported_standards: Vec::new(),
            abi: Abi {
                methods: methods.iter().map(|method| method.descriptor.clone()).collect(),
                events: contract.events.iter().filter(|row| row.is_active(hardfork)).map(event).collect(),
            },
            permissions: vec![Permission { contract: ContractDescriptor::Any, methods: Wildcard::Any }],
            trusts: Wildcard::List(Vec::new()),
            extra: None,
        };
        (contract.compose)(&mut manifest, hardfork);
        let state = ContractState { id: contract.id, update_counter: 0, hash: contract.hash, nef, manifest };
        Self { contract, state, methods, hardforks: native.hardforks(), stored: OnceLock::new() }
    }

    /// Returns the bytes that are stored of the contract when it has been updated so often. The first are kept, as
    /// chains of one network store the same.
    ///
    /// # Errors
    /// A fault if the contract is too large for a storage item.
    pub(crate) fn stored(&self, update_counter: u16) -> Result<Value, FaultKind> {
        if let Some((_, stored)) = self.stored.get().filter(|(counter, _)| *counter == update_counter) {
            return Ok(Value::clone(stored));
        }
        let stored: Value = ContractState { update_counter, ..self.state.clone() }.to_bytes()?.into();
        // Another thread may have been first.
        _ = self.stored.set((update_counter, Value::clone(&stored)));
        Ok(stored)
    }

    /// Returns the method whose SYSCALL lies at a position of the contract's script.
    pub fn method(&self, position: usize) -> Option<&LevelMethod> {
        let index = position.checked_sub(SYSCALL_OFFSET).filter(|start| start % METHOD_SIZE == 0)? / METHOD_SIZE;
        self.methods.get(index)
    }

    /// The hardforks that the block at a height activates and with which the state
    /// is created or changes, in order. The genesis block counts as one.
    ///
    /// Source: `NativeContract.cs` (`IsInitializeBlock`).
    pub(crate) fn activated_at(&self, heights: &HardforkHeights, height: u32) -> Vec<Hardfork> {
        let is_created = self.contract.active_in == Hardfork::Genesis && self.contract.height == height;
        let exists = self.contract.start(heights) <= height;
        let activated = heights.activated_at(height).filter(|hardfork| exists && self.hardforks.contains(hardfork));
        is_created.then_some(Hardfork::Genesis).into_iter().chain(activated).collect()
    }
}

fn descriptor(row: &Method, index: usize) -> manifest::Method {
    manifest::Method {
        name: row.name.into(),
        parameters: parameters(row.parameters),
        return_type: row.returns,
        offset: (index * METHOD_SIZE) as i32,
        safe: row.is_safe(),
    }
}

fn event(row: &Event) -> manifest::Event {
    manifest::Event { name: row.name.into(), parameters: parameters(row.parameters) }
}

fn parameters(parameters: &[(&str, ParameterType)]) -> Vec<manifest::Parameter> {
    let parameter =
        |&(name, parameter_type): &(&str, ParameterType)| manifest::Parameter { name: name.into(), parameter_type };
    parameters.iter().map(parameter).collect()
}

/// The script of a native contract: one system call for each method.
fn script(methods: usize) -> Script {
    let [a, b, c, d] = syscall_id("System.Contract.CallNative").to_le_bytes();
    let method = [OpCode::PUSH0 as u8, OpCode::SYSCALL as u8, a, b, c, d, OpCode::RET as u8];
    Script::from(method.repeat(methods))
}
