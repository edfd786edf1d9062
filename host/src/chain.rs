//! A chain in memory, for tests and for trying contracts out.

use std::sync::Arc;

use neovm_chain::{Block, Header, Signer, Transaction, UnsignedHeader, UnsignedTransaction, Witness};
use neovm_storage::{Layer, MemoryStore, Store, WriteStore};
use neovm_types::{CallFlags, FaultKind, Hardfork, Hash160, Script, ScriptBuilder, StackItem};

use crate::{
    block::{BlockReceipt, execute_block, genesis_block},
    contract::{Contract, ContractState},
    executor::{Container, Entry, Job, PersistingBlock, Receipt, Trigger, execute},
    fault,
    native::{contract_management, ledger},
    network::Network,
    settings::ProtocolSettings,
    state::StateView,
};

/// The gas that an invocation may use unless it says otherwise: 20 GAS, as nodes
/// allow for test invocations.
const TEST_GAS: i64 = 2_000_000_000;

/// A chain in memory, or over another store.
///
/// It starts with the genesis block, so that all native contracts are there.
/// [`Chain::invoke`] runs a script as the next block would and keeps nothing;
/// [`Chain::execute`] keeps what the script changed; [`Chain::persist`] appends a
/// block.
///
/// ```
/// use neovm_host::{Chain, Invocation, ProtocolSettings};
/// use neovm_types::Hash160;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let chain = Chain::new(ProtocolSettings::private())?;
/// let neo: Hash160 = "0xef4073a0f2b305a38ec4050e4d3d28bc40ea63f5".parse()?;
/// let receipt = chain.invoke(&Invocation::call(neo, "symbol", vec![])?)?;
/// assert_eq!(receipt.stack, ["NEO"]);
/// assert_eq!(receipt.gas_consumed.to_string(), "0.0098406");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Chain<S = MemoryStore> {
    network: Arc<Network>,
    store: S,
}

/// A script to be run on a chain, and who has signed it.
#[derive(Clone, Debug)]
pub struct Invocation {
    /// The script.
    pub script: Script,
    /// Who has signed. Without signers there is no transaction.
    pub signers: Vec<Signer>,
    /// The gas that may be used, in datoshi.
    pub gas: i64,
    /// The time stamp of the block, in milliseconds since 1970; by default that
    /// of the last block and the time between two blocks.
    pub timestamp: Option<u64>,
}

impl Invocation {
    /// An invocation of a script, which nobody has signed and which may use 20 GAS.
    pub fn new(script: Script) -> Self {
        Self { script, signers: Vec::new(), gas: TEST_GAS, timestamp: None }
    }

    /// An invocation of a contract's method.
    ///
    /// # Errors
    /// A fault if an argument cannot be pushed by a script.
    pub fn call(contract: Hash160, method: &str, arguments: Vec<StackItem>) -> Result<Self, FaultKind> {
        let script = ScriptBuilder::new().dynamic_call(contract, method, CallFlags::ALL, &arguments).build();
        script.map(Self::new).map_err(fault)
    }

    /// The deployment of a contract, which may use any amount of gas.
    ///
    /// # Errors
    /// A fault if the contract is too large for a script.
    pub fn deploy(nef: &[u8], manifest: &[u8]) -> Result<Self, FaultKind> {
        let call = Self::call(contract_management::CONTRACT.hash, "deploy", vec![nef.into(), manifest.into()])?;
        Ok(call.with_gas(i64::MAX))
    }

    /// Adds a signer. The first one sends the transaction.
    #[must_use]
    pub fn with_signer(mut self, signer: Signer) -> Self {
        self.signers.push(signer);
        self
    }

    /// Sets the gas that may be used, in datoshi.
    #[must_use]
    pub fn with_gas(self, gas: i64) -> Self {
        Self { gas, ..self }
    }

    /// Sets the time stamp of the block, in milliseconds since 1970.
    #[must_use]
    pub fn with_timestamp(self, timestamp: u64) -> Self {
        Self { timestamp: Some(timestamp), ..self }
    }
}

/// An invocation with the block and the transaction that it runs in, as
/// [`Chain::prepare`] makes them up.
#[derive(Clone, Debug)]
pub struct PendingInvocation {
    header: Header,
    transaction: Option<Transaction>,
    script: Script,
    gas: i64,
}

impl PendingInvocation {
    /// The header of the block.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The transaction, if there are signers.
    pub fn transaction(&self) -> Option<&Transaction> {
        self.transaction.as_ref()
    }

    /// Replaces the transaction.
    #[must_use]
    pub fn in_transaction(self, transaction: Transaction) -> Self {
        Self { transaction: Some(transaction), ..self }
    }

    /// Returns the job, for [`execute`](crate::execute()) and
    /// [`Execution`](crate::Execution).
    pub fn job(&self) -> Job<'_> {
        Job {
            trigger: Trigger::Application,
            container: self.transaction.as_ref().map_or(Container::None, Container::Transaction),
            block: Some(PersistingBlock::from(&self.header)),
            gas: self.gas,
            entry: Entry::Script { script: self.script.clone(), flags: CallFlags::ALL },
        }
    }
}

impl Chain {
    /// Creates a chain with the genesis block of a network.
    ///
    /// # Errors
    /// A fault if the settings have no validators.
    pub fn new(settings: ProtocolSettings) -> Result<Self, FaultKind> {
        Self::with_network(Arc::new(Network::new(settings)))
    }

    /// Creates a chain with the genesis block of a network.
    ///
    /// # Errors
    /// A fault if the network's settings have no validators.
    pub fn with_network(network: Arc<Network>) -> Result<Self, FaultKind> {
        let block = genesis_block(network.settings())?;
        let mut chain = Self { network, store: MemoryStore::default() };
        chain.persist(&block)?;
        Ok(chain)
    }

    /// Creates a chain whose last block is at a height. Of the blocks below it,
    /// only those are there at which hardforks become active, so that the native
    /// contracts are what they are on the network. All blocks are empty, and their
    /// time stamps are as far apart as the settings say.
    ///
    /// # Errors
    /// A fault if the network's settings have no validators.
    pub fn at_height(network: Arc<Network>, height: u32) -> Result<Self, FaultKind> {
        let mut chain = Self::with_network(network)?;
        let heights = chain.network.settings().hardforks;
        let of_hardforks = Hardfork::ALL.into_iter().filter_map(|hardfork| heights.height(hardfork));
        let mut blocks: Vec<u32> = of_hardforks.filter(|start| *start < height).chain([height]).collect();
        blocks.dedup();
        for index in blocks.into_iter().filter(|index| *index > 0) {
            let last = chain.last_header()?;
            let interval = u64::from(chain.network.settings().milliseconds_per_block);
            let timestamp = last.timestamp + u64::from(index - last.index) * interval;
            let header = UnsignedHeader { index, timestamp, ..following(&last)? };
            let header = header.sign(&Witness::empty()).map_err(fault)?;
            chain.persist(&Block::new(header, Vec::new()).map_err(fault)?)?;
        }
        Ok(chain)
    }
}

impl<S: Store> Chain<S> {
    /// Creates a chain with a state that was made elsewhere.
    pub fn with_store(network: Arc<Network>, store: S) -> Self {
        Self { network, store }
    }

    /// The network.
    pub fn network(&self) -> &Arc<Network> {
        &self.network
    }

    /// The state.
    pub fn store(&self) -> &S {
        &self.store
    }

    /// The state, for whoever makes it other than by executions.
    pub fn store_mut(&mut self) -> &mut S {
        &mut self.store
    }

    /// What a node reads of the state.
    pub fn state(&self) -> StateView<'_> {
        StateView::new(&self.network, &self.store)
    }

    /// Returns the header of the last block.
    ///
    /// # Errors
    /// A fault if the state is damaged.
    pub fn last_header(&self) -> Result<Header, FaultKind> {
        ledger::last_header(&Layer::over(&self.store))
    }

    /// Returns a contract, if it is deployed.
    ///
    /// # Errors
    /// A fault if the state is damaged.
    pub fn contract(&self, hash: Hash160) -> Result<Option<Arc<Contract>>, FaultKind> {
        self.state().contract(hash)
    }

    /// Runs a script in the block that comes next, and keeps nothing.
    ///
    /// # Errors
    /// A fault if the state is damaged. Faults of the script are in the receipt.
    pub fn invoke(&self, invocation: &Invocation) -> Result<Receipt, FaultKind> {
        execute(&self.network, &self.store, &self.prepare(invocation)?.job())
    }

    /// Makes the block and the transaction that an invocation runs in.
    ///
    /// # Errors
    /// A fault if the state is damaged, or the signers cannot be those of a transaction.
    pub fn prepare(&self, invocation: &Invocation) -> Result<PendingInvocation, FaultKind> {
        let header = self.next_header(invocation.timestamp)?;
        let transaction = self.transaction(invocation, header.index)?;
        Ok(PendingInvocation { header, transaction, script: invocation.script.clone(), gas: invocation.gas })
    }

    /// The header that a node makes up for test invocations.
    ///
    /// Source: `ApplicationEngine.cs` (`CreateDummyBlock`).
    fn next_header(&self, timestamp: Option<u64>) -> Result<Header, FaultKind> {
        let last = self.last_header()?;
        let interval = self.state().milliseconds_per_block()?;
        let timestamp = timestamp.unwrap_or(last.timestamp.saturating_add(interval.into()));
        let header = UnsignedHeader { timestamp, ..following(&last)? };
        header.sign(&Witness::empty()).map_err(fault)
    }

    /// The transaction that an invocation with signers is in.
    fn transaction(&self, invocation: &Invocation, index: u32) -> Result<Option<Transaction>, FaultKind> {
        if invocation.signers.is_empty() {
            return Ok(None);
        }
        let increment = self.network.settings().max_valid_until_block_increment;
        let unsigned = UnsignedTransaction {
            version: 0,
            nonce: 0,
            system_fee: invocation.gas,
            network_fee: 0,
            valid_until_block: index.saturating_add(increment),
            signers: invocation.signers.clone(),
            attributes: Vec::new(),
            script: invocation.script.clone(),
        };
        let transaction = unsigned.with_empty_witnesses();
        transaction.map(Some).map_err(|error| fault(format!("the signers cannot be those of a transaction: {error}")))
    }
}

impl<S: WriteStore> Chain<S> {
    /// Runs a script as [`Chain::invoke`] does and keeps what it changed.
    ///
    /// # Errors
    /// A fault if the state is damaged. Faults of the script are in the receipt.
    pub fn execute(&mut self, invocation: &Invocation) -> Result<Receipt, FaultKind> {
        let receipt = self.invoke(invocation)?;
        self.store.write(&receipt.changes).map_err(fault)?;
        Ok(receipt)
    }

    /// Deploys a contract, as a transaction that its sender signs, and returns it.
    /// The sender pays nothing.
    ///
    /// # Errors
    /// The fault that the deployment ended with.
    pub fn deploy(&mut self, sender: Signer, nef: &[u8], manifest: &[u8]) -> Result<Arc<Contract>, FaultKind> {
        let receipt = self.execute(&Invocation::deploy(nef, manifest)?.with_signer(sender))?;
        self.deployed(&receipt)
    }

    /// Returns the contract that an execution of [`Invocation::deploy`] has deployed.
    ///
    /// # Errors
    /// The fault that the deployment ended with.
    pub fn deployed(&self, receipt: &Receipt) -> Result<Arc<Contract>, FaultKind> {
        if let Some(fault) = &receipt.fault {
            return Err(fault.kind.clone());
        }
        let deployed = receipt.stack.first().ok_or_else(|| fault("the deployment returned nothing"))?;
        let state = ContractState::from_item(deployed)?;
        self.contract(state.hash)?.ok_or_else(|| fault("the contract was not stored"))
    }

    /// Executes a block and appends it. Nothing of it is verified.
    ///
    /// # Errors
    /// A fault if native contracts fail, as they do if the block cannot come next.
    pub fn persist(&mut self, block: &Block) -> Result<BlockReceipt, FaultKind> {
        let receipt = execute_block(&self.network, &self.store, block)?;
        self.store.write(&receipt.changes).map_err(fault)?;
        Ok(receipt)
    }
}

/// The header of an empty block that follows another one at the same time.
fn following(last: &Header) -> Result<UnsignedHeader, FaultKind> {
    let header = UnsignedHeader::following(last);
    header.ok_or_else(|| fault(format!("no block can follow the one at height {}", last.index)))
}
