//! The chain in memory that `run` uses.

mod signers;

use std::{collections::HashMap, rc::Rc, sync::Arc};

use anyhow::{Context, Result};
use clap::ValueEnum;
use neovm::{
    Chain, EngineConfig, Execution, FaultKind, Hash160, Network, Outcome, ProtocolSettings, Receipt, Script, Signer,
    StackItem, Stop, WitnessScopes,
    host::{self, Contract, HardforkHeights, PendingInvocation, native},
    types::{NefFile, manifest::Method},
};

pub(crate) use self::signers::{Account, Scopes, signers};
use crate::{
    diff,
    input::Program,
    interrupt,
    invocation::{Entry, Invocation},
    place::{Functions, Site, line},
    report,
};

/// What a deployment may cost, in datoshi: 10,000 GAS. A contract of the largest
/// size costs a tenth of that.
const DEPLOYMENT_GAS: i64 = 1_000_000_000_000;

/// The chain, and who signs.
#[derive(clap::Args)]
pub(crate) struct ChainArgs {
    /// An account that signs, as an address or 0x and 40 digits; several times for
    /// several accounts, of which the first deploys the contract. A signer of the RPC
    /// is taken too: {"account":"0x..","scopes":"CalledByEntry"}
    #[arg(long = "signer", value_name = "ACCOUNT", conflicts_with = "host")]
    signers: Vec<Account>,
    /// Where the signatures count: None, CalledByEntry, Global, or the values
    /// CustomContracts=HASH and CustomGroups=KEY, separated by commas. Given once, it is
    /// for all signers, otherwise for one each; CalledByEntry unless given
    #[arg(long = "scope", value_name = "SCOPES", conflicts_with = "host")]
    scopes: Vec<Scopes>,
    /// The network whose magic number and committee the chain has
    #[arg(long, value_enum, default_value_t, conflicts_with = "host")]
    network: NetworkName,
    /// The height of the last block, with the hardforks that the network has there.
    /// Unless given, it is 0, and the hardforks up to --hardfork are active from the
    /// first block
    #[arg(long, value_name = "N", conflicts_with_all = ["host", "hardfork"])]
    height: Option<u32>,
    /// The milliseconds between two blocks: the script runs in a block that comes so
    /// much later than the last one
    #[arg(long, value_name = "MS", conflicts_with = "host", value_parser = clap::value_parser!(u32).range(1..))]
    block_time: Option<u32>,
    /// Show what changed in the storage; with --json the "diagnostics" of the RPC: the
    /// contracts that were invoked, and the storage changes
    #[arg(long, visible_alias = "diagnostics", conflicts_with = "host")]
    pub(crate) diff: bool,
}

/// A network whose settings are known.
#[derive(Clone, Copy, Default, ValueEnum)]
enum NetworkName {
    /// The main network
    Mainnet,
    /// The public test network
    Testnet,
    /// A network with one member of the committee, whose private key is 1
    #[default]
    Private,
}

/// A chain with the contract deployed, and a script that runs on it.
pub(crate) struct Session<'a> {
    pub(crate) chain: Chain,
    /// The script, which calls the method if there is one.
    pub(crate) script: Script,
    /// The method that is called.
    pub(crate) method: Option<&'a Method>,
    program: &'a Program,
    contract: Option<Arc<Contract>>,
    pending: PendingInvocation,
    entry: Entry<'a>,
    max_instructions: Option<u64>,
}

impl ChainArgs {
    fn network(&self, invocation: &Invocation, config: EngineConfig) -> Network {
        let mut settings = match self.network {
            NetworkName::Mainnet => ProtocolSettings::mainnet(),
            NetworkName::Testnet => ProtocolSettings::testnet(),
            NetworkName::Private => ProtocolSettings::private(),
        };
        if self.height.is_none() {
            settings.hardforks = HardforkHeights::all_until(invocation.hardfork);
        }
        settings.milliseconds_per_block = self.block_time.unwrap_or(settings.milliseconds_per_block);
        Network::with_engine(settings, config)
    }
}

impl<'a> Session<'a> {
    /// Makes the chain and deploys the contract whose method is called.
    pub(crate) fn new(
        args: &ChainArgs,
        invocation: &Invocation,
        program: &'a Program,
        config: EngineConfig,
    ) -> Result<Self> {
        let entry = invocation.call.resolve(program)?;
        let signers = signers(&args.signers, &args.scopes)?;
        let network = Arc::new(args.network(invocation, config));
        let height = args.height.unwrap_or(0);
        let mut chain =
            Chain::at_height(network, height).with_context(|| format!("no chain can be made at height {height}"))?;
        let method = entry.method.map(|(_, method)| method);
        let (contract, call) = match method {
            None => (None, host::Invocation::new(program.script.clone())),
            Some(method) => {
                let contract = deploy(&mut chain, program, &signers)?;
                let call = host::Invocation::call(contract.state().hash, &method.name, entry.fresh_items());
                (Some(contract), call.context("the arguments cannot be pushed by a script")?)
            }
        };
        let call = signers.into_iter().fold(call.with_gas(invocation.gas), host::Invocation::with_signer);
        let pending = chain.prepare(&call)?;
        let max_instructions = invocation.max_instructions;
        Ok(Self { chain, script: call.script, method, program, contract, pending, entry, max_instructions })
    }

    /// The contract, if there is one.
    pub(crate) fn contract(&self) -> Option<&Arc<Contract>> {
        self.contract.as_ref()
    }

    /// The hash of the contract, if there is one.
    pub(crate) fn contract_hash(&self) -> Option<Hash160> {
        self.contract.as_ref().map(|contract| contract.state().hash)
    }

    /// The height of the last block.
    pub(crate) fn height(&self) -> u32 {
        self.pending.header().index - 1
    }

    /// Loads the script, which Ctrl-C and --max-instructions stop.
    pub(crate) fn begin(&self) -> Result<Execution<'_>, FaultKind> {
        let mut execution = Execution::new(self.chain.network(), self.chain.store(), &self.pending.job())?;
        if self.contract.is_none() {
            self.entry.fresh_items().into_iter().rev().for_each(|item: StackItem| execution.push(item));
        }
        execution.set_budget(self.max_instructions);
        execution.set_interrupt(Some(interrupt::flag()));
        Ok(execution)
    }

    /// The contexts to show of a run: those before the instruction that faulted, or
    /// as it was stopped.
    pub(crate) fn sites(&self, execution: &Execution<'_>, outcome: &Outcome) -> Vec<Site> {
        let replayed = if report::needs_replay(outcome) { self.replayed(execution, outcome) } else { None };
        replayed.unwrap_or_else(|| if *outcome == Outcome::Halt { Vec::new() } else { self.contexts(execution) })
    }

    /// The contexts of a second run, up to the fault. None if that is interrupted
    /// or ends otherwise.
    fn replayed(&self, execution: &Execution<'_>, outcome: &Outcome) -> Option<Vec<Site>> {
        let mut again = self.begin().ok()?;
        // Bytes that are no instruction do not count as one.
        again.set_budget(Some(execution.vm().instructions().saturating_sub(1)));
        if !matches!(again.run(), Outcome::Stopped(Stop::Budget)) {
            return None;
        }
        for _ in 0..2 {
            let contexts = self.contexts(&again);
            if let Some(end) = again.step() {
                return (end == *outcome).then_some(contexts);
            }
        }
        None
    }

    fn contexts(&self, execution: &Execution<'_>) -> Vec<Site> {
        let mut known: HashMap<Hash160, Rc<Functions>> = HashMap::new();
        let site = |(view, running): (neovm::ContextView, host::RunningScript)| {
            let functions = known.entry(running.hash).or_insert_with(|| self.functions(&view.script, &running).into());
            Site::new(view, Rc::clone(functions))
        };
        execution.vm().contexts().into_iter().zip(execution.running_scripts()).map(site).collect()
    }

    /// The functions of a script that runs.
    fn functions(&self, script: &Script, running: &host::RunningScript) -> Functions {
        match &running.contract {
            None if self.contract.is_none() && *script == self.program.script => Functions::of_program(self.program),
            None => {
                let name = if *script == self.script { "the entry script" } else { "another script" };
                Functions::new(script, &[], Some(name.into()))
            }
            Some(contract) => {
                let state = contract.state();
                let is_own = self.contract.as_ref().is_some_and(|own| own.state().hash == state.hash);
                let of = (!is_own).then(|| self.name(state.hash));
                Functions::new(script, &state.manifest.abi.methods, of)
            }
        }
    }

    /// The name of a contract, or its hash.
    pub(crate) fn name(&self, hash: Hash160) -> String {
        if let Some(native) = native::find(hash) {
            return native.name.into();
        }
        match self.chain.contract(hash) {
            Ok(Some(contract)) => contract.state().manifest.name.escape_debug().to_string(),
            _ if hash == neovm::types::hash::hash160(self.script.bytes()) => "the entry script".into(),
            _ => hash.to_string(),
        }
    }

    /// The name of the contract with an id.
    pub(crate) fn name_of_id(&self, id: i32) -> String {
        match &self.contract {
            Some(contract) if contract.state().id == id => contract.state().manifest.name.escape_debug().to_string(),
            _ => diff::contract_name(id),
        }
    }

    /// What people are shown of the chain: the contract, notifications, logs and
    /// storage changes.
    pub(crate) fn events(&self, receipt: &Receipt, with_changes: bool) -> String {
        let mut out = String::new();
        if let Some(contract) = &self.contract {
            let state = contract.state();
            line(&mut out, "contract", &format!("{} {}", self.name(state.hash), state.hash));
        }
        diff::push_events(&mut out, self, receipt);
        if with_changes {
            diff::push_changes(&mut out, self, &receipt.changes);
        }
        out
    }
}

/// Deploys the contract of a program.
fn deploy(chain: &mut Chain, program: &Program, signers: &[Signer]) -> Result<Arc<Contract>> {
    let nef = program.nef.clone().unwrap_or_else(|| NefFile {
        compiler: "neovm".into(),
        source: String::new(),
        tokens: Vec::new(),
        script: program.script.clone(),
    });
    let manifest = program.require_manifest()?.to_json();
    let mut deploy = || -> Result<Arc<Contract>> {
        let deployment = host::Invocation::deploy(&nef.to_bytes()?, manifest.as_bytes())?.with_gas(DEPLOYMENT_GAS);
        // Somebody must have sent the transaction.
        let nobody = [Signer::new(Hash160::default(), WitnessScopes::NONE)];
        let signers = if signers.is_empty() { &nobody } else { signers };
        let deployment = signers.iter().cloned().fold(deployment, host::Invocation::with_signer);
        let receipt = chain.execute(&deployment)?;
        Ok(chain.deployed(&receipt)?)
    };
    deploy().with_context(|| format!("{} cannot be deployed", program.name))
}
