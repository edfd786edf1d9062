//! The executor: runs scripts with the system calls and native contracts of a node.
//!
//! Source: `ApplicationEngine.cs` of the reference node.

mod attached;
mod call;
mod calls;
mod container;
mod embedder;
mod execution;
mod fork;
mod frame;
mod host;
mod iterator;
mod job;
mod machine;
mod notify;
mod run;
mod witness;

use std::{cell::RefCell, rc::Rc};

use hashbrown::HashMap;
use neovm_chain::Transaction;
use neovm_interp::Caller;
use neovm_storage::Layer;
use neovm_types::{CallFlags, FaultKind, Gas, Hardfork, Hash160};

pub(crate) use self::run::execute_in;
pub use self::{
    attached::Attached,
    calls::{CallNode, CallTrace},
    execution::{Execution, RunningScript},
    frame::Then,
    iterator::{FindOptions, StorageIterator},
    job::{Container, Entry, FaultPlace, Job, PersistingBlock, Receipt, Trigger},
    notify::{Log, Notification},
    run::{Verification, execute, first_reads, verify_witness},
};
pub(crate) use self::{
    call::Call,
    frame::{Frame, ScriptHash},
    iterator::Handle as IteratorHandle,
};
use crate::{
    fault,
    hash_state::HashState,
    native::{Finished, NativeLevel},
    network::Network,
    settings::ProtocolSettings,
};

/// One execution: what the reference calls an application engine.
///
/// It is made by [`execute`]. System calls and native methods, an embedder's
/// too, get it together with the machine that runs the script.
#[derive(Debug)]
pub struct Executor<'s> {
    network: &'s Network,
    trigger: Trigger,
    container: Container<'s>,
    block: Option<PersistingBlock<'s>>,
    /// The hardfork whose rules hold.
    hardfork: Hardfork,
    /// The native contracts at this height.
    natives: &'s NativeLevel,
    /// What a price unit costs.
    fee_factor: Gas,
    /// What a byte of storage costs, in datoshi.
    storage_price: u32,
    base: Rc<Layer<'s>>,
    /// One for each load, the current one last.
    frames: Vec<Frame<'s>>,
    /// None until it is needed.
    lookups: RefCell<Option<Box<call::Lookups>>>,
    container_items: container::ContainerItems,
    witnesses: RefCell<witness::Witnesses>,
    invocations: HashMap<Hash160, i32, HashState>,
    notifications: Vec<Notification>,
    logs: Vec<Log>,
    iterators: iterator::Iterators<'s>,
    /// The seed of random numbers, and how many were made of it.
    random: (u128, u32),
    /// Whether the fault came from a native method, whose instruction counts as done.
    native_fault: bool,
    attached: Option<Attached<'s>>,
}

/// What executes, and in which circumstances.
impl<'s> Executor<'s> {
    /// Returns the network.
    pub fn network(&self) -> &'s Network {
        self.network
    }

    /// Returns the settings of the network.
    pub fn settings(&self) -> &'s ProtocolSettings {
        self.network.settings()
    }

    /// Returns the reason for the execution.
    pub fn trigger(&self) -> Trigger {
        self.trigger
    }

    /// Returns what contains the script.
    pub fn container(&self) -> Container<'s> {
        self.container
    }

    /// Returns the transaction that contains the script, if it is in one.
    pub fn transaction(&self) -> Option<&'s Transaction> {
        match self.container {
            Container::Transaction(transaction) => Some(transaction),
            _ => None,
        }
    }

    /// Returns the block that is being persisted, if there is one.
    pub fn block(&self) -> Option<PersistingBlock<'s>> {
        self.block
    }

    /// Returns the block that is being persisted.
    ///
    /// # Errors
    /// A fault if there is none.
    pub(crate) fn require_block(&self) -> Result<PersistingBlock<'s>, FaultKind> {
        self.block.ok_or_else(|| fault("no block is being persisted"))
    }

    /// Returns the last hardfork whose rules hold. Without a block it is the last
    /// one that is configured, whatever its height.
    ///
    /// Source: `ApplicationEngine.cs` (`IsHardforkEnabled`).
    pub fn hardfork(&self) -> Hardfork {
        self.hardfork
    }

    /// Returns whether the rules of a hardfork hold.
    pub fn is_active(&self, hardfork: Hardfork) -> bool {
        self.hardfork >= hardfork
    }

    /// Returns the native contracts at this height.
    pub fn natives(&self) -> &'s NativeLevel {
        self.natives
    }

    /// Returns the cost of a price unit.
    pub fn fee_factor(&self) -> Gas {
        self.fee_factor
    }

    /// Returns the price of a byte of storage, in datoshi.
    pub fn storage_price(&self) -> u32 {
        self.storage_price
    }

    /// Returns the storage as the current script sees it.
    pub fn layer(&self) -> &Rc<Layer<'s>> {
        self.frames.last().map_or(&self.base, |frame| &frame.layer)
    }

    /// Returns what the embedder has attached to the execution.
    pub fn attached(&self) -> Option<Attached<'s>> {
        self.attached.clone()
    }

    /// Returns the notifications sent so far.
    pub fn notifications(&self) -> &[Notification] {
        &self.notifications
    }
}

/// The scripts that are running.
impl<'s> Executor<'s> {
    pub(crate) fn frame(&self) -> Result<&Frame<'s>, FaultKind> {
        self.frames.last().ok_or_else(|| fault("no script is loaded"))
    }

    fn frame_mut(&mut self) -> Result<&mut Frame<'s>, FaultKind> {
        self.frames.last_mut().ok_or_else(|| fault("no script is loaded"))
    }

    /// Returns the hash of the current script.
    ///
    /// # Errors
    /// A fault if no script is loaded.
    pub fn current_hash(&self) -> Result<Hash160, FaultKind> {
        Ok(self.frame()?.script.get())
    }

    /// Returns the hash of the script that called the current one, if there is one.
    pub fn calling_hash(&self) -> Option<Hash160> {
        let frame = self.frames.last()?;
        frame.native_calling.or_else(|| Some(self.frames[frame.calling?].script.get()))
    }

    /// Returns the hash of the script that was loaded first.
    pub fn entry_hash(&self) -> Option<Hash160> {
        self.frames.first().map(|frame| frame.script.get())
    }

    /// Returns the call flags of the current script.
    ///
    /// # Errors
    /// A fault if no script is loaded.
    pub fn call_flags(&self) -> Result<CallFlags, FaultKind> {
        Ok(self.frame()?.flags)
    }

    /// Checks that the current script has all of these call flags.
    ///
    /// # Errors
    /// A fault if it lacks one.
    #[inline]
    pub fn require(&self, flags: CallFlags) -> Result<(), FaultKind> {
        let own = self.call_flags()?;
        if own.contains(flags) { Ok(()) } else { Err(fault(format_args!("not allowed with the call flags {own}"))) }
    }

    /// Charges a number of price units, at the fee factor of the execution.
    ///
    /// # Errors
    /// A fault if there is not enough gas.
    pub fn charge_units(&self, caller: &mut Caller<'_>, units: u64) -> Result<(), FaultKind> {
        caller.add_fee(Gas::from_units(units, self.fee_factor))
    }

    /// Whether nobody called the script that called the current one, or the
    /// current one itself.
    ///
    /// Source: `CalledByEntryCondition.cs`.
    pub(crate) fn is_called_by_entry(&self) -> bool {
        let calling = self.frames.last().and_then(|frame| frame.calling);
        calling.is_none_or(|calling| self.frames[calling].calling.is_none())
    }

    /// Returns how often a script was called in this execution; 1 if it was not.
    pub(crate) fn invocation_count(&mut self, hash: Hash160) -> i32 {
        *self.invocations.entry(hash).or_insert(1)
    }

    /// The next random number.
    ///
    /// Source: `ApplicationEngine.Runtime.cs` (`GetRandom`).
    pub(crate) fn next_random(&mut self) -> u128 {
        let network = self.settings().network;
        let (seed, count) = &mut self.random;
        if self.hardfork >= Hardfork::Aspidochelone {
            let seed_of_hash = network.wrapping_add(*count);
            *count = count.wrapping_add(1);
            return u128::from_le_bytes(neovm_crypto::murmur128(&seed.to_le_bytes(), seed_of_hash));
        }
        *seed = u128::from_le_bytes(neovm_crypto::murmur128(&seed.to_le_bytes(), network));
        *seed
    }
}

/// What native methods leave.
impl Executor<'_> {
    pub(crate) fn frame_count(&self) -> usize {
        self.frames.len()
    }

    /// Notes that a native method failed, unless it had loaded another script by then.
    pub(crate) fn native_failed(&mut self, depth: usize) {
        self.native_fault = self.frames.len() == depth;
    }

    /// Notes how many arguments the current native method leaves on the stack while it runs.
    pub(crate) fn set_arguments(&mut self, count: usize) {
        if let Some(frame) = self.frames.last_mut() {
            frame.arguments = count;
        }
    }

    /// Ends what a native method did: takes its arguments off the stack and
    /// pushes the result, or notes what follows when the contract that it
    /// called returns.
    pub(crate) fn finish_native(&mut self, caller: &mut Caller<'_>, finished: Finished) -> Result<(), FaultKind> {
        match finished {
            Finished::Await(then) => self.frame_mut()?.then = Some(then),
            Finished::Done(result) => {
                let frame = self.frame_mut()?;
                caller.drop_items(std::mem::take(&mut frame.arguments))?;
                if let Some(result) = result {
                    caller.push(result);
                }
            }
        }
        Ok(())
    }
}
