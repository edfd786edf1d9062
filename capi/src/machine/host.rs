//! The host's call-backs.

use std::{ffi::c_void, rc::Rc};

use neovm::{Caller, FaultKind, Host, HostError, LoadId, Unload};

use super::Machine;
use crate::{abi::*, boundary::Versioned};

/// What a machine asks of its host.
///
/// Call-backs are called on the thread of the machine, while it runs. They may call all functions that take the machine
/// but `neovm_machine_run`, `_step`, `_reset` and `_free`, and any function that does not take it. They must not unwind
/// or jump out (longjmp, C++ exceptions).
///
/// They return `NEOVM_CALL_OK`, `NEOVM_CALL_FAULT` or `NEOVM_CALL_THROW`. If they return anything else, such as an error
/// of their own, the execution ends with `NEOVM_OUTCOME_CALLBACK`, which is no fault; the machine must be reset then.
///
/// Items that are made in a call-back are released when it returns, see `neovm_item_keep`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct neovm_host {
    /// `sizeof(neovm_host)`.
    pub size: usize,
    /// What the call-backs get.
    pub context: *mut c_void,
    /// Runs a system call. Without it, system calls are faults.
    pub system_call: Option<unsafe extern "C" fn(context: *mut c_void, machine: neovm_machine, id: u32) -> i32>,
    /// Runs CALLT: calls what a method token stands for. Without it, CALLT is a fault.
    pub call_token: Option<unsafe extern "C" fn(context: *mut c_void, machine: neovm_machine, token: u32) -> i32>,
    /// Called after a script was unloaded, with the id that `neovm_machine_load` gave; `threw` is 1 if an exception
    /// passed through it, and 0 if it returned. While an exception passes nothing can be loaded. Optional.
    pub unloaded:
        Option<unsafe extern "C" fn(context: *mut c_void, machine: neovm_machine, load: u64, threw: u32) -> i32>,
}

// SAFETY: `repr(C)`, begins with a `usize`, and holds pointers and optional functions, which may be zero. Functions that
// are not zero are the host's word.
unsafe impl Versioned for neovm_host {
    const FIRST: usize = size_of::<Self>();
}

/// Passes calls of the machine on to the host.
pub(super) struct Callbacks {
    pub(super) machine: Rc<Machine>,
    pub(super) handle: neovm_machine,
}

impl Callbacks {
    fn call(&self, caller: &mut Caller<'_>, call_back: impl FnOnce(*mut c_void) -> i32) -> Result<(), HostError> {
        let machine = &*self.machine;
        // What was said before this call-back is no reason of it.
        machine.forget_reasons();
        let returned = machine.lend(caller, || call_back(machine.host.context));
        let fault = machine.fault.take();
        let exception = machine.exception.take();
        match (returned, exception) {
            (NEOVM_CALL_OK, _) => Ok(()),
            (NEOVM_CALL_FAULT, _) => {
                Err(fault.unwrap_or_else(|| FaultKind::Host("the host gave no reason".into())).into())
            }
            (NEOVM_CALL_THROW, Some(item)) => Err(HostError::Throw(item)),
            (code, _) => {
                let code = if code == NEOVM_CALL_THROW { NEOVM_ERR_ARGUMENT } else { code };
                machine.callback_error.set(code);
                Err(FaultKind::Host(format!("a call-back failed with {code}")).into())
            }
        }
    }
}

impl Host for Callbacks {
    fn syscall(&mut self, caller: &mut Caller<'_>, id: u32) -> Result<(), HostError> {
        let Some(system_call) = self.machine.host.system_call else { return Err(FaultKind::NoSyscall(id).into()) };
        // SAFETY: the host's word is that its functions can be called with its context.
        self.call(caller, |context| unsafe { system_call(context, self.handle, id) })
    }

    fn call_token(&mut self, caller: &mut Caller<'_>, token: u16) -> Result<(), HostError> {
        let Some(call_token) = self.machine.host.call_token else { return Err(FaultKind::NoToken(token).into()) };
        // SAFETY: as above.
        self.call(caller, |context| unsafe { call_token(context, self.handle, token.into()) })
    }

    fn context_unloaded(&mut self, caller: &mut Caller<'_>, load: LoadId, how: Unload) -> Result<(), HostError> {
        let Some(unloaded) = self.machine.host.unloaded else { return Ok(()) };
        let threw = u32::from(how == Unload::Threw);
        // SAFETY: as above.
        self.call(caller, |context| unsafe { unloaded(context, self.handle, load.get(), threw) })
    }
}
