//! Running a job.

use std::{cell::RefCell, rc::Rc};

use neovm_chain::Witness;
use neovm_interp::{Caller, LoadOptions, Outcome, RunOptions, Vm};
use neovm_storage::{Batch, Key, Layer, Store};
use neovm_types::{CallFlags, Fault, FaultKind, Gas, Hardfork, Hash160, OpCode, Script, manifest::ParameterType};

use super::{Container, Entry, Executor, FaultPlace, Frame, Job, Receipt, ScriptHash, Trigger, call::Lookups, machine};
use crate::{
    fault,
    native::{NativeLevel, ledger, policy},
    network::Network,
};

/// The instructions that run where they cost nothing, which is before Faun (see [`Rules::policy_fee_factor`]). The
/// reference runs on. Where each costs the factor of 30 datoshi, 1.5 GAS are enough for as many, which is what a witness
/// of a transaction may take.
const MAX_FREE_INSTRUCTIONS: u64 = 5_000_000;

/// Executes a job over a store and returns what came of it. The store does not
/// change: the receipt says what to write.
///
/// # Errors
/// A fault if the storage cannot be read or lacks what every execution reads.
pub fn execute(network: &Network, store: &dyn Store, job: &Job<'_>) -> Result<Receipt, FaultKind> {
    execute_in(network, &Layer::over(store), job, Layer::changes)
}

/// Returns keys that every execution reads, so that a store far away can be asked for
/// them at once.
pub fn first_reads() -> Vec<Key> {
    policy::price_keys().into()
}

/// Executes a job in a new layer, which holds its changes afterwards. `changes` returns those that the receipt lists
/// unless the script faulted.
///
/// # Errors
/// Those of [`execute`].
pub(crate) fn execute_in<'s>(
    network: &'s Network,
    layer: &Rc<Layer<'s>>,
    job: &Job<'s>,
    changes: impl FnOnce(&Layer<'s>) -> Batch,
) -> Result<Receipt, FaultKind> {
    let rules = Rules::read(network, layer, job)?;
    let mut executor = Executor::new(network, Rc::clone(layer), job, rules);
    let mut vm = executor.machine(job);
    let fault = match executor.load_entry(&mut vm.caller(), &job.entry) {
        Err(kind) => Some(Fault { kind, opcode: None, position: None }),
        Ok(()) => match vm.run(&mut executor) {
            Outcome::Halt => None,
            Outcome::Fault(fault) => Some(fault),
            // Only where instructions cost nothing there is a budget.
            _ => Some(stopped()),
        },
    };
    Ok(executor.receipt(vm, fault, changes))
}

/// The fault of an execution that did not run to its end.
pub(super) fn stopped() -> Fault {
    Fault { kind: fault("the execution was stopped"), opcode: None, position: None }
}

/// The result of verifying a witness.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verification {
    /// Whether the witness is valid.
    pub ok: bool,
    /// The gas that the verification consumed; zero if the witness is not valid.
    pub fee: Gas,
}

/// Verifies a witness of a transaction or a block: its scripts must leave one
/// item that is true.
///
/// Source: `Helper.cs` (`VerifyWitness`) of the reference node.
///
/// # Errors
/// A fault if the storage cannot be read or lacks what every execution reads.
pub fn verify_witness(
    network: &Network,
    store: &dyn Store,
    container: Container<'_>,
    hash: Hash160,
    witness: &Witness,
    datoshi: i64,
) -> Result<Verification, FaultKind> {
    let entry = Entry::Witness { hash, witness: witness.clone(), strict: true };
    let receipt =
        execute(network, store, &Job { trigger: Trigger::Verification, container, block: None, gas: datoshi, entry })?;
    let ok = receipt.halted() && matches!(&receipt.stack[..], [item] if item.to_boolean().unwrap_or(false));
    Ok(Verification { ok, fee: if ok { receipt.gas_consumed } else { Gas::ZERO } })
}

/// The rules and prices of an execution.
pub(super) struct Rules<'s> {
    hardfork: Hardfork,
    natives: &'s NativeLevel,
    fee_factor: Gas,
    storage_price: u32,
}

impl<'s> Rules<'s> {
    /// Those at the height of a job.
    pub(super) fn read(network: &'s Network, base: &Layer<'_>, job: &Job<'_>) -> Result<Self, FaultKind> {
        let heights = &network.settings().hardforks;
        let index = match job.block {
            Some(block) => block.index,
            None => ledger::current_index(base)?,
        };
        let at_index = heights.at(index);
        let mut rules = Self {
            hardfork: if job.block.is_some() { at_index } else { heights.configured() },
            natives: network.natives(at_index),
            fee_factor: Gas::from_datoshi(policy::DEFAULT_EXEC_FEE_FACTOR),
            storage_price: policy::DEFAULT_STORAGE_PRICE,
        };
        if job.block.is_none_or(|block| block.index > 0) {
            let prices = policy::Prices::read(base)?;
            let was_before = |index: u32| heights.at(index - 1) < Hardfork::Faun;
            let converts = job.trigger == Trigger::OnPersist && index > 0 && was_before(index);
            rules.fee_factor = rules.policy_fee_factor(prices.stored_exec_fee_factor, converts)?;
            rules.storage_price = prices.storage_price;
        }
        Ok(rules)
    }

    /// What a price unit costs by policy, given what is stored, and whether this execution converts that.
    ///
    /// It is stored in datoshi before Faun and in picoGAS from then on; in the
    /// block that activates Faun it is converted while OnPersist runs.
    ///
    /// Before Faun the reference asks Policy for the datoshi, and that takes Faun for active if no block is being
    /// persisted and Faun has a height: the datoshi are taken for picoGAS, and what is left of them is 0. So a witness
    /// that is verified before that height costs nothing.
    ///
    /// Source: `ApplicationEngine.cs` (constructor, `IsHardforkEnabled`), `PolicyContract.cs` (`GetExecFeeFactor`).
    fn policy_fee_factor(&self, stored: u64, converts: bool) -> Result<Gas, FaultKind> {
        if self.natives.hardfork() < Hardfork::Faun {
            return Ok(Gas::from_datoshi(policy::exec_fee_factor(self.hardfork, stored)?.into()));
        }
        Ok(Gas::from_pico(u128::from(stored) * if converts { Gas::PICO_PER_DATOSHI.into() } else { 1 }))
    }
}

impl<'s> Executor<'s> {
    /// Its fields are written where it lies from then on: it is large.
    #[inline(always)]
    pub(super) fn new(network: &'s Network, base: Rc<Layer<'s>>, job: &Job<'s>, rules: Rules<'s>) -> Self {
        let seed = match job.container {
            Container::Transaction(transaction) => {
                transaction.hash().0.first_chunk().map_or(0, |first| u128::from_le_bytes(*first))
            }
            _ => 0,
        };
        let nonce = job.block.map_or(0, |block| block.nonce);
        Self {
            network,
            trigger: job.trigger,
            container: job.container,
            block: job.block,
            hardfork: rules.hardfork,
            natives: rules.natives,
            fee_factor: rules.fee_factor,
            storage_price: rules.storage_price,
            base,
            frames: Frame::room(),
            lookups: RefCell::new(None),
            container_items: Default::default(),
            witnesses: Default::default(),
            invocations: Default::default(),
            notifications: Vec::new(),
            logs: Vec::new(),
            iterators: Default::default(),
            random: (seed ^ u128::from(nonce), 0),
            native_fault: false,
            attached: None,
        }
    }

    /// The machine for the job: its handlers are those of the height.
    pub(super) fn machine(&self, job: &Job<'_>) -> Box<Vm> {
        let options = RunOptions::new(Gas::from_datoshi(job.gas)).with_fee_factor(self.fee_factor);
        let is_free = self.fee_factor == Gas::ZERO;
        let options = if is_free { options.with_budget(MAX_FREE_INSTRUCTIONS) } else { options };
        machine::take(self.network, self.natives.hardfork(), options)
    }

    pub(super) fn load_entry(&mut self, caller: &mut Caller<'_>, entry: &Entry) -> Result<(), FaultKind> {
        match entry {
            Entry::Script { script, flags } => self.load_script(caller, script.clone(), *flags),
            Entry::Witness { hash, witness, strict } => self.load_witness(caller, *hash, witness, *strict),
        }
    }

    /// Loads a script that nobody called.
    fn load_script(&mut self, caller: &mut Caller<'_>, script: Script, flags: CallFlags) -> Result<(), FaultKind> {
        let code = match self.frames.is_empty() {
            true => Lookups::of(self.lookups.get_mut(), self.network).prepare_first(self.network, &script),
            false => self.network.engine().prepare(&script),
        }?;
        let stack_below = caller.stack_len();
        let load = caller.load(code, LoadOptions::default())?;
        let frame = self.new_frame(load, ScriptHash::of(script), flags, stack_below);
        self.frames.push(frame);
        Ok(())
    }

    /// Loads a script that the current one calls.
    pub(crate) fn call_script(
        &mut self,
        caller: &mut Caller<'_>,
        script: Script,
        flags: CallFlags,
    ) -> Result<(), FaultKind> {
        let calling = self.frames.len().checked_sub(1);
        self.load_script(caller, script, flags)?;
        let frame = self.frame_mut()?;
        (frame.calling, frame.is_dynamic) = (calling, true);
        Ok(())
    }

    /// Loads a witness: the verification script or the contract's method, and
    /// the invocation script above it.
    ///
    /// Source: `Helper.cs` (`VerifyWitness`).
    fn load_witness(
        &mut self,
        caller: &mut Caller<'_>,
        hash: Hash160,
        witness: &Witness,
        strict: bool,
    ) -> Result<(), FaultKind> {
        let check = |script: &Script| if strict { script.validate().map_err(fault) } else { Ok(()) };
        check(&witness.invocation)?;
        if witness.verification.is_empty() {
            let contract = self.require_contract(hash)?;
            let method = contract.state().manifest.abi.method("verify", None);
            let method = method.filter(|method| method.return_type == ParameterType::Boolean);
            let method = method.ok_or_else(|| fault(format!("contract {hash} has no method to verify a witness")))?;
            self.load_method(caller, &contract, method, CallFlags::READ_ONLY)?;
            // No other contract is loaded without a call, which counts.
            self.invocations.insert(hash, 1);
        } else {
            if self.natives.find(hash).is_some() || witness.script_hash() != hash {
                return Err(fault("the verification script is not that of the account"));
            }
            check(&witness.verification)?;
            self.load_script(caller, witness.verification.clone(), CallFlags::READ_ONLY)?;
        }
        self.load_script(caller, witness.invocation.clone(), CallFlags::NONE)
    }

    /// What came of it, with those changes unless it faulted. The machine goes back to its thread.
    pub(super) fn receipt(
        &mut self,
        mut vm: Box<Vm>,
        fault: Option<Fault>,
        changes: impl FnOnce(&Layer<'s>) -> Batch,
    ) -> Receipt {
        let fault_place = fault.as_ref().and_then(|fault| self.fault_place(&vm, fault));
        if let Some(lookups) = self.lookups.take() {
            lookups.give_back();
        }
        Frame::give_back(std::mem::take(&mut self.frames));
        if fault.is_some() {
            self.notifications.clear();
        }
        let (gas_consumed, stack) = (vm.gas_consumed(), vm.take_results());
        machine::give_back(self.network, vm);
        Receipt {
            fault_place,
            gas_consumed,
            stack,
            notifications: std::mem::take(&mut self.notifications),
            logs: std::mem::take(&mut self.logs),
            changes: if fault.is_none() { changes(&self.base) } else { Batch::new() },
            fault,
        }
    }

    /// Where it faulted. The reference runs native methods to the end of their
    /// instruction even if they fail, and then stands behind it.
    fn fault_place(&self, vm: &Vm, fault: &Fault) -> Option<FaultPlace> {
        const SYSCALL_SIZE: usize = 5;
        let script = vm.script()?;
        let mut position = fault.position?;
        if self.native_fault && fault.opcode == Some(OpCode::SYSCALL) {
            position += SYSCALL_SIZE;
        }
        let is_end = position == script.len();
        let opcode = script.instruction(position).ok().map(|instruction| instruction.opcode);
        // The reference has taken the context off before it looks at what it returns.
        let returned = matches!(fault.kind, FaultKind::ReturnCount { .. });
        Some(FaultPlace {
            depth: vm.depth() - usize::from(returned),
            script_hash: self.frames.last()?.script.get(),
            position,
            opcode: if is_end { Some(OpCode::RET) } else { opcode },
            is_end,
        })
    }
}
