//! Calls of contracts.

use std::{rc::Rc, sync::Arc};

use neovm_interp::{Caller, LoadOptions};
use neovm_storage::Layer;
use neovm_types::{
    CallFlags, FaultKind, Gas, Hardfork, Hash160, StackItem,
    manifest::{Method, ParameterType},
};

use super::{Calling, Executor, Frame};
use crate::{
    contract::Contract,
    fault,
    native::{contract_management, policy},
};

/// Who calls a contract, and what for.
pub(crate) struct Call {
    pub(crate) flags: CallFlags,
    /// Whether the caller wants a value; `None` if it takes what there is.
    pub(crate) returns: Option<bool>,
    /// The native contract that calls.
    pub(crate) native: Option<Hash160>,
}

impl<'s> Executor<'s> {
    /// Returns the contract with a hash, if it is deployed.
    ///
    /// # Errors
    /// A fault if the storage cannot be read or is damaged.
    pub fn contract(&self, hash: Hash160) -> Result<Option<Arc<Contract>>, FaultKind> {
        let stored = self.layer().get(&contract_management::contract_key(hash)).map_err(fault)?;
        stored.map(|stored| self.network.contract(hash, &stored)).transpose()
    }

    /// Calls a method of a contract: it runs when the system call returns.
    ///
    /// Source: `ApplicationEngine.cs` (`CallContractInternal`).
    pub(crate) fn call_contract(
        &mut self,
        caller: &mut Caller<'_>,
        hash: Hash160,
        method: &str,
        arguments: Vec<StackItem>,
        call: &Call,
    ) -> Result<(), FaultKind> {
        let contract = self.contract(hash)?.ok_or_else(|| fault(format!("there is no contract {hash}")))?;
        let found = contract.method(method, arguments.len());
        let found = found.ok_or_else(|| {
            fault(format!("contract {hash} has no method {method:?} with {} parameters", arguments.len()))
        })?;
        let flags = self.check_call(&contract, found, call.flags)?;
        *self.invocations.entry(hash).or_insert(0) += 1;
        let returns = found.return_type != ParameterType::Void;
        if call.returns.is_some_and(|wanted| wanted != returns) {
            return Err(fault(format!("method {method:?} of {hash} does not return what the caller wants")));
        }
        let (caller_hash, caller_flags, is_entry) = {
            let frame = self.frame()?;
            (frame.hash, frame.flags, frame.calling.is_none())
        };
        self.load_method(caller, &contract, found, flags & caller_flags)?;
        let frame = self.frame_mut()?;
        frame.calling = Some(Calling { hash: caller_hash, is_entry });
        frame.native_calling = call.native;
        frame.is_dynamic = call.returns.is_none();
        if self.is_active(Hardfork::Faun)
            && let Some(fee) = policy::whitelisted_fee(self.layer(), hash, found)?
        {
            caller.add_fee(Gas::from_datoshi(fee))?;
            caller.set_context_free(true);
        }
        for argument in arguments.into_iter().rev() {
            caller.push(argument);
        }
        Ok(())
    }

    /// Returns the flags that a method gets, if it may be called from here.
    fn check_call(&self, contract: &Contract, method: &Method, flags: CallFlags) -> Result<CallFlags, FaultKind> {
        let hash = contract.state().hash;
        if policy::is_blocked(self.layer(), hash)? {
            return Err(fault(format!("contract {hash} is blocked")));
        }
        if method.safe {
            return Ok(flags - (CallFlags::WRITE_STATES | CallFlags::ALLOW_NOTIFY));
        }
        let executing = if self.is_active(Hardfork::Domovoi) {
            self.frame()?.contract.clone()
        } else {
            self.contract(self.current_hash()?)?
        };
        match executing {
            Some(executing) if !executing.state().can_call(contract.state(), &method.name) => {
                let name = &method.name;
                Err(fault(format!("the contract's manifest does not permit to call {name:?} of {hash}")))
            }
            _ => Ok(flags),
        }
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
        let code = contract.code(self.network.engine())?;
        let return_count = i32::from(method.return_type != ParameterType::Void);
        // A negative offset in a damaged storage ends behind the script.
        let position = usize::try_from(method.offset).unwrap_or(usize::MAX);
        let options = LoadOptions::default().with_return_count(return_count).with_position(position);
        let stack_below = caller.stack_len();
        let load = caller.load(Arc::clone(code), options)?;
        let frame = self.new_frame(load, contract.state().hash, flags, stack_below);
        self.push_frame(Frame { contract: Some(Arc::clone(contract)), ..frame });
        if let Some(initialize) = contract.initialize() {
            caller.call(initialize.into())?;
        }
        Ok(())
    }

    /// The frame of a load that nobody called, in a layer of its own.
    pub(super) fn new_frame(
        &self,
        load: neovm_interp::LoadId,
        hash: Hash160,
        flags: CallFlags,
        stack_below: usize,
    ) -> Frame<'s> {
        Frame {
            load,
            hash,
            calling: None,
            native_calling: None,
            contract: None,
            flags,
            layer: Layer::above(self.layer()),
            notifications: 0,
            is_dynamic: false,
            stack_below,
            arguments: 0,
            then: None,
        }
    }

    pub(super) fn push_frame(&mut self, frame: Frame<'s>) {
        self.invocations.entry(frame.hash).or_insert(1);
        self.frames.push(frame);
    }

    /// Calls a method of a contract from a native one, in the name of a native
    /// contract. What follows is what the native method returns as
    /// [`Finished::Await`](crate::native::Finished::Await).
    ///
    /// Source: `ApplicationEngine.cs` (`CallFromNativeContractAsync`).
    ///
    /// # Errors
    /// A fault if the method cannot be called.
    pub(crate) fn call_from_native(
        &mut self,
        caller: &mut Caller<'_>,
        native: Hash160,
        hash: Hash160,
        method: &str,
        arguments: Vec<StackItem>,
        returns: bool,
    ) -> Result<(), FaultKind> {
        let call = Call { flags: CallFlags::ALL, returns: Some(returns), native: Some(native) };
        self.call_contract(caller, hash, method, arguments, &call)
    }

    /// The layer of the current script, shared.
    pub(crate) fn shared_layer(&self) -> Rc<Layer<'s>> {
        Rc::clone(self.layer())
    }
}
