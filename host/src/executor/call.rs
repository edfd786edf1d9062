//! Calls of contracts.

use std::{cell::Cell, rc::Rc, sync::Arc};

use hashbrown::{HashMap, hash_map::Entry};
use neovm_interp::{Caller, Code, LoadId, LoadOptions};
use neovm_storage::{ContractsStamp, Layer};
use neovm_types::{
    CallFlags, FaultKind, Gas, Hardfork, Hash160, Script, StackItem,
    manifest::{Method, ParameterType},
};
use smallvec::SmallVec;

use super::{Executor, Frame, ScriptHash};
use crate::{
    contract::Contract,
    fault,
    hash_state::HashState,
    native::{contract_management, policy},
    network::Network,
};

/// Who calls a contract, and what for.
pub(crate) struct Call {
    pub(crate) flags: CallFlags,
    /// Whether the caller wants a value; `None` if it takes what there is.
    pub(crate) returns: Option<bool>,
    /// The native contract that calls.
    pub(crate) native: Option<Hash160>,
}

/// What is known of contracts that were looked up, and of the first script.
#[derive(Clone, Debug)]
pub(super) struct Lookups {
    /// The [number](Network::id) of the network whose contracts these are.
    network: u64,
    /// The script that an execution loaded first, decoded.
    first: Option<Arc<Code>>,
    /// The stamp of the layer that it was read from: in a layer with another one, nothing of it holds.
    stamp: Option<ContractsStamp>,
    contracts: HashMap<Hash160, Lookup, HashState>,
}

thread_local! {
    /// What the last execution of the thread knew.
    static LAST: Cell<Option<Box<Lookups>>> = const { Cell::new(None) };
}

impl Lookups {
    /// What is known of more contracts is not kept.
    const MAX_KEPT: usize = 256;

    /// A longer script is not kept.
    const MAX_SCRIPT: usize = 1024;

    /// Returns what an execution knows: at first what the thread's last one knew.
    pub(super) fn of<'a>(own: &'a mut Option<Box<Self>>, network: &Network) -> &'a mut Self {
        own.get_or_insert_with(|| Self::take(network))
    }

    /// Takes what the last execution of the thread knew, if it ran on the same network.
    fn take(network: &Network) -> Box<Self> {
        let network = network.id();
        let last = LAST.try_with(Cell::take).ok().flatten().filter(|last| last.network == network);
        let new = || Self { network, first: None, stamp: None, contracts: HashMap::default() };
        last.unwrap_or_else(|| Box::new(new()))
    }

    /// Keeps it for the next execution of the thread.
    pub(super) fn give_back(mut self: Box<Self>) {
        // Without a stamp nobody can tell whether it holds there.
        if self.stamp.is_none() {
            self.contracts.clear();
        }
        if self.contracts.len() <= Self::MAX_KEPT {
            // At the end of a thread there is nobody to keep it for.
            _ = LAST.try_with(|last| last.set(Some(self)));
        }
    }

    /// Decodes the script that the execution begins with, unless the thread's last one began with the same.
    pub(super) fn prepare_first(&mut self, network: &Network, script: &Script) -> Result<Arc<Code>, FaultKind> {
        if let Some(code) = self.first.as_ref().filter(|code| code.script() == script) {
            return Ok(Arc::clone(code));
        }
        let code = network.engine().prepare(script)?;
        self.first = (script.len() <= Self::MAX_SCRIPT).then(|| Arc::clone(&code));
        Ok(code)
    }
}

#[derive(Clone, Debug)]
struct Lookup {
    contract: Arc<Contract>,
    is_blocked: Option<bool>,
    /// The fixed fees, in datoshi, of methods by their offsets.
    fixed_fees: SmallVec<[(i32, Option<i64>); 2]>,
}

impl<'s> Executor<'s> {
    /// Returns the contract with a hash, if it is deployed.
    ///
    /// # Errors
    /// A fault if the storage cannot be read or is damaged.
    pub fn contract(&self, hash: Hash160) -> Result<Option<Arc<Contract>>, FaultKind> {
        self.look_up(hash, |lookup| Ok(Arc::clone(&lookup.contract)))
    }

    /// Returns the contract with a hash.
    ///
    /// # Errors
    /// A fault if it is not deployed, and those of [`Executor::contract`].
    pub(crate) fn require_contract(&self, hash: Hash160) -> Result<Arc<Contract>, FaultKind> {
        self.contract(hash)?.ok_or_else(|| fault(format!("there is no contract {hash}")))
    }

    /// Returns the contract that called the current script, if it is one.
    pub(crate) fn calling_contract(&self) -> Result<Option<Arc<Contract>>, FaultKind> {
        self.calling_hash().map_or(Ok(None), |hash| self.contract(hash))
    }

    /// Returns the id of the contract that the current script is, if it is one and still deployed.
    ///
    /// # Errors
    /// Those of [`Executor::contract`].
    pub(crate) fn current_id(&self) -> Result<Option<i32>, FaultKind> {
        let frame = self.frame()?;
        match &frame.contract {
            Some(contract) if frame.stamp == frame.layer.contracts_stamp() => Ok(Some(contract.state().id)),
            _ => self.look_up(frame.script.get(), |lookup| Ok(lookup.contract.state().id)),
        }
    }

    /// Looks a contract up and returns something of it, if it is deployed. What
    /// `read` remembers must come from ContractManagement and Policy alone.
    fn look_up<T>(
        &self,
        hash: Hash160,
        read: impl FnOnce(&mut Lookup) -> Result<T, FaultKind>,
    ) -> Result<Option<T>, FaultKind> {
        let mut lookups = self.lookups.borrow_mut();
        let lookups = Lookups::of(&mut lookups, self.network);
        let stamp = self.layer().contracts_stamp();
        if lookups.stamp != stamp {
            lookups.contracts.clear();
            lookups.stamp = stamp;
        }
        let lookup = match lookups.contracts.entry(hash) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => {
                let stored = self.layer().peek(&contract_management::contract_key(hash)).map_err(fault)?;
                let Some(stored) = stored else { return Ok(None) };
                let contract = self.network.contract(hash, &stored)?;
                place.insert(Lookup { contract, is_blocked: None, fixed_fees: SmallVec::new() })
            }
        };
        read(lookup).map(Some)
    }

    /// Returns the fixed fee of a contract's method that is called, in datoshi, if it has one.
    pub(crate) fn fixed_fee(&self, hash: Hash160, offset: i32) -> Result<Option<i64>, FaultKind> {
        if !self.is_active(Hardfork::Faun) {
            return Ok(None);
        }
        let fee = self.look_up(hash, |lookup| {
            if let Some((_, fee)) = lookup.fixed_fees.iter().find(|(known, _)| *known == offset) {
                return Ok(*fee);
            }
            let fee = policy::fixed_fee(self.layer(), hash, offset)?;
            lookup.fixed_fees.push((offset, fee));
            Ok(fee)
        });
        let fee = fee?.flatten();
        if fee.is_some() {
            policy::note_fixed_fee(self.layer(), hash, offset)?;
        }
        Ok(fee)
    }

    /// Calls a method of a contract: it runs when the system call returns.
    ///
    /// Source: `ApplicationEngine.cs` (`CallContractInternal`).
    pub(crate) fn call_contract(
        &mut self,
        caller: &mut Caller<'_>,
        hash: Hash160,
        method: &str,
        arguments: impl DoubleEndedIterator<Item = StackItem> + ExactSizeIterator,
        call: &Call,
    ) -> Result<(), FaultKind> {
        let contract = self.require_contract(hash)?;
        self.call_method(caller, &contract, method, arguments, call)
    }

    /// Calls a method of a contract that was looked up.
    pub(crate) fn call_method(
        &mut self,
        caller: &mut Caller<'_>,
        contract: &Arc<Contract>,
        method: &str,
        arguments: impl DoubleEndedIterator<Item = StackItem> + ExactSizeIterator,
        call: &Call,
    ) -> Result<(), FaultKind> {
        let (hash, count) = (contract.state().hash, arguments.len());
        let found = contract.method(method, count);
        let found =
            found.ok_or_else(|| fault(format!("contract {hash} has no method {method:?} with {count} parameters")))?;
        let flags = self.check_call(contract, found, call.flags)?;
        *self.invocations.entry(hash).or_insert(0) += 1;
        let returns = found.return_type != ParameterType::Void;
        if call.returns.is_some_and(|wanted| wanted != returns) {
            return Err(fault(format!("method {method:?} of {hash} does not return what the caller wants")));
        }
        let flags = flags & self.frame()?.flags;
        let calling = self.frames.len() - 1;
        self.load_method(caller, contract, found, flags)?;
        let frame = self.frame_mut()?;
        frame.calling = Some(calling);
        frame.native_calling = call.native;
        frame.is_dynamic = call.returns.is_none();
        if let Some(fee) = self.fixed_fee(hash, found.offset)? {
            caller.add_fee(Gas::from_datoshi(fee))?;
            caller.set_context_free(true);
        }
        for argument in arguments.rev() {
            caller.push(argument);
        }
        Ok(())
    }

    /// Returns the flags that a method gets, if it may be called from here.
    fn check_call(&self, contract: &Contract, method: &Method, flags: CallFlags) -> Result<CallFlags, FaultKind> {
        let hash = contract.state().hash;
        let is_blocked = self.look_up(hash, |lookup| {
            let is_blocked = match lookup.is_blocked {
                Some(known) => known,
                None => policy::is_blocked(self.layer(), hash)?,
            };
            lookup.is_blocked = Some(is_blocked);
            Ok(is_blocked)
        });
        if is_blocked?.unwrap_or(false) {
            return Err(fault(format!("contract {hash} is blocked")));
        }
        if method.safe {
            return Ok(flags - (CallFlags::WRITE_STATES | CallFlags::ALLOW_NOTIFY));
        }
        let permits = |executing: &Arc<Contract>| executing.state().can_call(contract.state(), &method.name);
        let is_permitted = if self.is_active(Hardfork::Domovoi) {
            self.frame()?.contract.as_ref().is_none_or(permits)
        } else {
            self.contract(self.current_hash()?)?.as_ref().is_none_or(permits)
        };
        if is_permitted {
            return Ok(flags);
        }
        Err(fault(format!("the contract's manifest does not permit to call {:?} of {hash}", method.name)))
    }

    /// Loads a method of a contract, and `_initialize` above it.
    ///
    /// Source: `ApplicationEngine.cs` (`LoadContract`).
    pub(super) fn load_method(
        &mut self,
        caller: &mut Caller<'_>,
        contract: &Arc<Contract>,
        method: &Method,
        flags: CallFlags,
    ) -> Result<(), FaultKind> {
        let code = self.network.code(contract)?;
        let return_count = i32::from(method.return_type != ParameterType::Void);
        // A negative offset in a damaged storage ends behind the script.
        let position = usize::try_from(method.offset).unwrap_or(usize::MAX);
        let options = LoadOptions::default().with_return_count(return_count).with_position(position);
        let stack_below = caller.stack_len();
        let load = caller.load(Arc::clone(code), options)?;
        let frame = self.new_frame(load, ScriptHash::Contract(contract.state().hash), flags, stack_below);
        self.frames.push(Frame { contract: Some(Arc::clone(contract)), ..frame });
        if let Some(initialize) = contract.initialize() {
            caller.call(initialize.into())?;
        }
        Ok(())
    }

    /// The frame of a load that nobody called, in a layer of its own unless it is the first.
    pub(super) fn new_frame(
        &self,
        load: LoadId,
        script: ScriptHash,
        flags: CallFlags,
        stack_below: usize,
    ) -> Frame<'s> {
        let layer = match self.frames.last() {
            Some(frame) => Layer::above(&frame.layer),
            // If its changes are not to stay, nothing is.
            None => Rc::clone(&self.base),
        };
        Frame {
            load,
            script,
            calling: None,
            native_calling: None,
            contract: None,
            flags,
            stamp: layer.contracts_stamp(),
            layer,
            notifications: 0,
            is_dynamic: false,
            stack_below,
            arguments: 0,
            then: None,
        }
    }

    /// Calls a method of a contract from a native one, in the name of a native
    /// contract. `returns` says whether the method returns a value. It runs when
    /// the native method returns
    /// [`Finished::Await`](crate::native::Finished::Await), with what follows.
    ///
    /// Source: `ApplicationEngine.cs` (`CallFromNativeContractAsync`).
    ///
    /// # Errors
    /// A fault if the method cannot be called.
    pub fn call_from_native(
        &mut self,
        caller: &mut Caller<'_>,
        native: Hash160,
        hash: Hash160,
        method: &str,
        arguments: Vec<StackItem>,
        returns: bool,
    ) -> Result<(), FaultKind> {
        let call = Call { flags: CallFlags::ALL, returns: Some(returns), native: Some(native) };
        self.call_contract(caller, hash, method, arguments.into_iter(), &call)
    }
}
