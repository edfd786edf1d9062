//! An execution that can be watched and stopped.

use std::{
    collections::BTreeMap,
    fmt,
    rc::Rc,
    sync::{Arc, atomic::AtomicBool},
};

use neovm_interp::{Invocation, Outcome, Vm};
use neovm_storage::{Batch, Key, Layer, Store, Value};
use neovm_types::{Fault, FaultKind, Hash160, StackItem, hash::hash160};

use super::{Attached, Executor, Job, Log, Notification, Receipt, run::Rules};
use crate::{contract::Contract, fault, network::Network};

/// An execution under way.
///
/// [`execute`](super::execute) runs a job to its end. An `Execution` also runs
/// it under a budget of instructions or until a flag is set, step by step, and
/// shows the machine meanwhile.
///
/// ```
/// use neovm_host::{Chain, Execution, Invocation, ProtocolSettings};
/// use neovm_types::Hash160;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let chain = Chain::new(ProtocolSettings::private())?;
/// let gas: Hash160 = "0xd2a4cff31913016155e38e474a2c06d08be276cf".parse()?;
/// let pending = chain.prepare(&Invocation::call(gas, "decimals", vec![])?)?;
/// let mut execution = Execution::new(chain.network(), chain.store(), &pending.job())?;
/// let mut deepest = 0;
/// execution.run_watched(|execution| deepest = deepest.max(execution.vm().depth()));
/// assert_eq!(deepest, 2);
/// assert_eq!(execution.finish().stack, [8]);
/// # Ok(())
/// # }
/// ```
pub struct Execution<'s> {
    pub(super) executor: Executor<'s>,
    pub(super) vm: Box<Vm>,
    /// Why the script could not be loaded.
    pub(super) refused: Option<Fault>,
}

/// A script on the invocation stack.
#[derive(Clone, Debug)]
pub struct RunningScript {
    /// The hash of the script, or of the contract that it belongs to.
    pub hash: Hash160,
    /// The contract, if the script is one's.
    pub contract: Option<Arc<Contract>>,
}

impl<'s> Execution<'s> {
    /// Loads a job over a store. The store does not change: the receipt says
    /// what to write.
    ///
    /// # Errors
    /// A fault if the storage cannot be read or lacks what every execution reads.
    pub fn new(network: &'s Network, store: &'s dyn Store, job: &Job<'s>) -> Result<Self, FaultKind> {
        Self::above(network, &Layer::over(store), job)
    }

    /// Loads a job over a layer, which holds what it has changed afterwards; if it faults, the layer is to be dropped.
    /// Nobody else writes to the layer meanwhile.
    ///
    /// # Errors
    /// As for [`Execution::new`].
    pub fn above(network: &'s Network, layer: &Rc<Layer<'s>>, job: &Job<'s>) -> Result<Self, FaultKind> {
        let rules = Rules::read(network, layer, job)?;
        let mut executor = Executor::new(network, Rc::clone(layer), job, rules);
        let mut vm = executor.machine(job);
        let loaded = executor.load_entry(&mut vm.caller(), &job.entry);
        let refused = loaded.err().map(|kind| Fault { kind, opcode: None, position: None });
        Ok(Self { executor, vm, refused })
    }

    /// The machine.
    pub fn vm(&self) -> &Vm {
        &self.vm
    }

    /// Pushes an item on the stack of the current script, before it runs.
    pub fn push(&mut self, item: impl Into<StackItem>) {
        self.vm.push(item);
    }

    /// Attaches what system calls and native methods of the embedder's need.
    pub fn attach(&mut self, attached: Attached<'s>) {
        self.executor.attached = Some(attached);
    }

    /// Limits the number of instructions that run from now on.
    pub fn set_budget(&mut self, instructions: Option<u64>) {
        self.vm.set_budget(instructions);
    }

    /// Sets the flag by which another thread stops the execution.
    pub fn set_interrupt(&mut self, flag: Option<Arc<AtomicBool>>) {
        self.vm.set_interrupt(flag);
    }

    /// Runs until the execution ends or is stopped. One that was stopped
    /// continues at the next call.
    pub fn run(&mut self) -> Outcome {
        self.refused().unwrap_or_else(|| self.vm.run(&mut self.executor))
    }

    /// Runs as [`Execution::run`] does, but without compiled code, and calls
    /// `before` before each instruction.
    pub fn run_watched(&mut self, mut before: impl FnMut(&Self)) -> Outcome {
        loop {
            if let Some(outcome) = self.refused().or_else(|| self.vm.stopped()) {
                return outcome;
            }
            before(self);
            self.vm.next_instruction(&mut self.executor);
        }
    }

    /// Runs one instruction, regardless of budget and flag. Returns the outcome
    /// if the execution has ended.
    pub fn step(&mut self) -> Option<Outcome> {
        self.refused().or_else(|| self.vm.step(&mut self.executor))
    }

    fn refused(&self) -> Option<Outcome> {
        self.refused.clone().map(Outcome::Fault)
    }

    /// Returns the scripts of the contexts on the invocation stack, the current
    /// one first. Contexts of one load have the same script.
    pub fn running_scripts(&self) -> Vec<RunningScript> {
        self.vm.invocation_stack().map(|context| self.running(&context)).collect()
    }

    /// Returns the script of the current context, if one is loaded.
    pub fn running_script(&self) -> Option<RunningScript> {
        Some(self.running(&self.vm.invocation_stack().next()?))
    }

    fn running(&self, context: &Invocation<'_>) -> RunningScript {
        match self.executor.frames.iter().rev().find(|frame| frame.load == context.load) {
            Some(frame) => RunningScript { hash: frame.script.get(), contract: frame.contract.clone() },
            None => RunningScript { hash: hash160(context.script.bytes()), contract: None },
        }
    }

    /// Returns the notifications sent so far. An exception takes back those of the
    /// scripts that it passes through.
    pub fn notifications(&self) -> &[Notification] {
        &self.executor.notifications
    }

    /// Returns what scripts have logged so far.
    pub fn logs(&self) -> &[Log] {
        &self.executor.logs
    }

    /// Returns what changed so far, as the current script sees it: what the
    /// scripts that called it changed is not among it. After the end these are
    /// the changes of the whole execution.
    pub fn changes(&self) -> Batch {
        self.executor.layer().changes()
    }

    /// Returns the value that a key had before the current script, or one that it called, changed it; see
    /// [`Execution::changes`].
    ///
    /// # Errors
    /// A fault if the storage cannot be read.
    pub fn value_before(&self, key: &Key) -> Result<Option<Value>, FaultKind> {
        self.executor.layer().peek_below(key).map_err(fault)
    }

    /// Returns the value of a key as the current script sees it. The execution does not
    /// notice.
    ///
    /// # Errors
    /// A fault if the storage cannot be read.
    pub fn value(&self, key: &Key) -> Result<Option<Value>, FaultKind> {
        self.executor.layer().peek(key).map_err(fault)
    }

    /// Returns the entries whose keys start with a prefix, as the current script sees
    /// them. The execution does not notice.
    ///
    /// # Errors
    /// A fault if the storage cannot be read.
    pub fn entries(&self, prefix: &[u8]) -> Result<BTreeMap<Key, Value>, FaultKind> {
        self.executor.layer().peek_all(prefix).map_err(fault)
    }

    /// Reads the entries of an iterator that a script has returned, at most `limit` of
    /// them; none if the item is no iterator of this execution.
    ///
    /// # Errors
    /// A fault if the storage cannot be read, or an entry has not the form that the
    /// script asked for.
    pub fn traverse(&mut self, item: &StackItem, limit: usize) -> Result<Option<Vec<StackItem>>, FaultKind> {
        let StackItem::Interop(object) = item else { return Ok(None) };
        let Some(handle) = object.downcast_ref() else { return Ok(None) };
        let iterator = self.executor.iterator(handle)?;
        let mut entries = Vec::new();
        while entries.len() < limit && iterator.next_entry()? {
            entries.push(iterator.value()?);
        }
        Ok(Some(entries))
    }

    /// Ends the execution and returns what came of it.
    pub fn finish(mut self) -> Receipt {
        let fault = self.refused.take().or_else(|| match self.vm.stopped() {
            Some(Outcome::Halt) => None,
            Some(Outcome::Fault(fault)) => Some(fault),
            _ => Some(super::run::stopped()),
        });
        self.executor.receipt(self.vm, fault, Layer::changes)
    }
}

impl fmt::Debug for Execution<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Execution").field("executor", &self.executor).finish_non_exhaustive()
    }
}
