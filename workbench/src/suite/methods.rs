//! Tests that are methods of a contract: `test*`, after `setUp`, with parameters that are made up, and `invariant*`.

use std::{path::Path, sync::Arc};

use neovm::{
    Chain, FaultKind, Hash160, Signer, StackItem, WitnessScopes,
    host::{ContractState, Invocation},
    storage::WriteStore,
    types::manifest::{Method, Parameter, ParameterType},
};

use super::{
    base::{Base, Files, Snapshot, management},
    cheats::Cheats,
    execute::{self, Ran, Record, Watch},
    value::account,
};
use crate::{debug_info::DebugInfo, show};

/// What a method of a test may use, in datoshi: 500 GAS, for it deploys contracts.
const GAS: i64 = 50_000_000_000;

/// A contract with tests, deployed and set up.
#[derive(Debug)]
pub(crate) struct MethodSuite {
    pub(crate) chain: Chain<Snapshot>,
    pub(crate) tests: Vec<Method>,
    /// What its setup has deployed, which invariants are to hold for.
    pub(crate) targets: Vec<(Hash160, Vec<Method>)>,
    /// The accounts that its setup has asked for, and who signs unless a test says otherwise: who makes random calls.
    accounts: Vec<(String, Hash160)>,
    /// The contracts that it has deployed, and their names.
    contracts: Vec<(String, Hash160)>,
    hash: Hash160,
    folder: std::path::PathBuf,
    pub(crate) debug: Vec<(Hash160, Arc<DebugInfo>)>,
}

/// Who signs unless a test says otherwise.
fn tester() -> Signer {
    Signer::new(account("tester"), WitnessScopes::GLOBAL)
}

/// Whether a manifest has methods of tests.
pub(crate) fn has_tests(files: &Files) -> bool {
    ["test", "invariant"].iter().any(|prefix| !files.methods(prefix).is_empty())
}

impl MethodSuite {
    /// Deploys a contract and runs its method `setUp`, if there is one.
    pub(crate) fn prepare(base: &Base, files: &Files, folder: &Path, watch: &Watch) -> Result<Self, String> {
        let text = |error: FaultKind| error.to_string();
        let mut chain = base.chain();
        let deployment = files.deployment(StackItem::Null, &[tester()]).map_err(text)?;
        let cheats = Cheats::new(folder);
        let ran = execute::run(&chain, &deployment, &cheats, watch, &mut Record::default()).map_err(text)?;
        if let Some(text) = execute::fault_text(&chain, &ran.receipt, &[]) {
            return Err(format!("the contract cannot be deployed: {text}"));
        }
        let deployed = ran.results.first().ok_or("the deployment returned nothing")?;
        let hash = ContractState::from_item(deployed).map_err(text)?.hash;
        let debug: Vec<_> = files.debug.iter().map(|info| (hash, Arc::clone(info))).collect();
        chain.store_mut().write(&ran.receipt.changes).map_err(|error| error.to_string())?;
        let tests = [files.methods("test"), files.methods("invariant")].concat().into_iter().cloned().collect();
        let (targets, accounts, contracts) = (Vec::new(), Vec::new(), Vec::new());
        let mut suite = Self { chain, tests, targets, accounts, contracts, hash, folder: folder.into(), debug };
        if files.manifest.abi.method("setUp", Some(0)).is_some() {
            suite.set_up(watch)?;
        }
        suite.accounts.push(("tester".into(), tester().account));
        let store = suite.chain.store().clone().freeze();
        suite.chain = Chain::with_store(Arc::clone(suite.chain.network()), store);
        Ok(suite)
    }

    fn set_up(&mut self, watch: &Watch) -> Result<(), String> {
        let (ran, cheats) = self.run("setUp", Vec::new(), watch, &mut Record::default())?;
        if let Some(text) = execute::fault_text(&self.chain, &ran.receipt, &self.debug) {
            return Err(format!("setUp faults: {text}"));
        }
        self.chain.store_mut().write(&ran.receipt.changes).map_err(|error| error.to_string())?;
        self.accounts = cheats.accounts.take();
        for event in &ran.receipt.notifications {
            let StackItem::Array(values) = &event.state else { continue };
            if event.contract != management() || *event.event != *"Deploy" {
                continue;
            }
            let hash = values.get(0).and_then(|hash| hash.with_bytes(|bytes| bytes.try_into().ok()).ok().flatten());
            let hash = Hash160(hash.unwrap_or_default());
            let Ok(Some(contract)) = self.chain.contract(hash) else { continue };
            let methods = contract.state().manifest.abi.methods.iter();
            let methods = methods.filter(|method| !method.safe && !method.name.starts_with('_')).cloned();
            self.targets.push((hash, methods.collect()));
            self.contracts.push((contract.state().manifest.name.escape_debug().to_string(), hash));
        }
        Ok(())
    }

    fn invocation(&self, method: &str, arguments: Vec<StackItem>) -> Result<Invocation, String> {
        let call = Invocation::call(self.hash, method, arguments).map_err(|error| error.to_string())?;
        Ok(call.with_signer(tester()).with_gas(GAS))
    }

    fn run(
        &self,
        method: &str,
        arguments: Vec<StackItem>,
        watch: &Watch,
        record: &mut Record,
    ) -> Result<(Ran, Cheats), String> {
        let cheats = Cheats::new(&self.folder);
        let invocation = self.invocation(method, arguments)?;
        let ran = execute::run(&self.chain, &invocation, &cheats, watch, record).map_err(|error| error.to_string())?;
        Ok((ran, cheats))
    }

    /// Runs a test once, and says what it failed with.
    pub(crate) fn test(
        &self,
        method: &Method,
        arguments: Vec<StackItem>,
        watch: &Watch,
        record: &mut Record,
    ) -> Result<(), String> {
        let (ran, cheats) = self.run(&method.name, arguments, watch, record)?;
        let kind = ran.receipt.fault.as_ref().map(|fault| fault.kind.to_string());
        match (cheats.expected.take(), kind) {
            (None, None) => {}
            (Some(wanted), Some(kind)) if kind.contains(&wanted) => return Ok(()),
            (Some(wanted), None) => return Err(format!("it halts, although a fault with {wanted:?} is expected")),
            (_, Some(_)) => {
                return Err(execute::fault_text(&self.chain, &ran.receipt, &self.debug).unwrap_or_default());
            }
        }
        let is_false = |item: &StackItem| !item.to_boolean().unwrap_or(true);
        if method.return_type == ParameterType::Boolean && ran.results.first().is_some_and(is_false) {
            return Err("it returns false".into());
        }
        Ok(())
    }

    /// Calls a method of a contract in the name of an account; what it faults with does not matter.
    pub(crate) fn call(&mut self, call: &RandomCall, watch: &Watch, record: &mut Record) -> Result<(), String> {
        let items = call.arguments.iter().map(|item| item.deep_copy(false)).collect();
        let invocation =
            Invocation::call(call.contract, &call.method.name, items).map_err(|error| error.to_string())?;
        let invocation = invocation.with_signer(Signer::new(call.signer, WitnessScopes::CALLED_BY_ENTRY));
        execute::change(&mut self.chain, &invocation, watch, record).map_err(|error| error.to_string())
    }

    /// A copy, which calls may change.
    pub(crate) fn copy(&self) -> Self {
        Self {
            chain: self.chain.clone(),
            tests: Vec::new(),
            targets: Vec::new(),
            accounts: Vec::new(),
            contracts: Vec::new(),
            hash: self.hash,
            folder: self.folder.clone(),
            debug: self.debug.clone(),
        }
    }

    /// The calls of a test as a tree.
    pub(crate) fn tree(&self, method: &str, arguments: Vec<StackItem>, watch: &Watch) -> Result<String, String> {
        let cheats = Cheats::new(&self.folder);
        let invocation = self.invocation(method, arguments)?;
        execute::tree(&self.chain, &invocation, &cheats, watch).map_err(|error| error.to_string())
    }

    /// The accounts that make random calls. A contract signs only what its own method allows, so none is among them.
    pub(crate) fn signers(&self) -> Vec<Hash160> {
        self.accounts.iter().map(|(_, hash)| *hash).collect()
    }

    /// The accounts and contracts that random arguments are taken from.
    pub(crate) fn hashes(&self) -> Vec<Hash160> {
        self.accounts.iter().chain(&self.contracts).map(|(_, hash)| *hash).collect()
    }

    /// The name of an account or a contract.
    pub(crate) fn name(&self, hash: Hash160) -> String {
        let known = self.accounts.iter().chain(&self.contracts).find(|(_, known)| *known == hash);
        known.map_or_else(|| hash.to_string(), |(name, _)| name.clone())
    }
}

/// A call that was made up.
#[derive(Clone, Debug)]
pub(crate) struct RandomCall {
    pub(crate) contract: Hash160,
    pub(crate) method: Method,
    pub(crate) arguments: Vec<StackItem>,
    pub(crate) signer: Hash160,
}

/// Arguments with the names of their parameters.
pub(crate) fn arguments(items: &[StackItem], parameters: &[Parameter]) -> String {
    let shown = items.iter().zip(parameters).map(|(item, parameter)| {
        format!("{} = {}", parameter.name.escape_debug(), show::brief(item, parameter.parameter_type))
    });
    shown.collect::<Vec<_>>().join(", ")
}
