//! The executor as the machine's host.

use neovm_interp::{Caller, Host, HostError, LoadId, Unload};
use neovm_types::{CallFlags, FaultKind, StackItem};

use super::{Executor, Frame, call::Call};
use crate::{fault, syscalls};

impl Host for Executor<'_> {
    /// Source: `ApplicationEngine.cs` (`OnSysCall`).
    fn syscall(&mut self, caller: &mut Caller<'_>, id: u32) -> Result<(), HostError> {
        let added = self.network.added_syscalls();
        let syscall = if added.is_empty() { None } else { added.get(&id) };
        let syscall = syscall.or_else(|| syscalls::find(id)).ok_or_else(|| FaultKind::NoSyscall(id))?;
        if !self.is_active(syscall.since) {
            return Err(FaultKind::NoSyscall(id).into());
        }
        self.require(syscall.flags)?;
        if syscall.price > 0 {
            self.charge_units(caller, syscall.price)?;
        }
        Ok((syscall.handler)(self, caller)?)
    }

    /// Source: `ApplicationEngine.cs` (`OnCallT`).
    fn call_token(&mut self, caller: &mut Caller<'_>, token: u16) -> Result<(), HostError> {
        self.require(CallFlags::READ_ONLY)?;
        let contract = self.frame()?.contract.clone().ok_or_else(|| fault("CALLT in a script that is no contract"))?;
        let token = contract.state().nef.tokens.get(usize::from(token)).ok_or_else(|| FaultKind::NoToken(token))?;
        let count = usize::from(token.parameters_count);
        if count > caller.stack_len() {
            return Err(fault("CALLT with too few arguments").into());
        }
        let arguments = caller.pop_many(count)?.into_iter();
        let call = Call { flags: token.call_flags, returns: Some(token.has_return_value), native: None };
        Ok(self.call_contract(caller, token.hash, &token.method, arguments, &call)?)
    }

    /// Source: `ApplicationEngine.cs` (`ContextUnloaded`).
    fn context_unloaded(&mut self, caller: &mut Caller<'_>, load: LoadId, _: Unload) -> Result<(), HostError> {
        let unloaded = self.frames.split_last_mut().filter(|(frame, _)| frame.load == load);
        let Some((frame, calling)) = unloaded else {
            return Err(fault("the executor lost a script").into());
        };
        let then = frame.then.take();
        // Not only where an exception passed through the script: also where a
        // finally block of an exception that nobody caught yet had called it.
        if caller.pending_exception().is_some() {
            self.notifications.truncate(self.notifications.len().saturating_sub(frame.notifications));
            if calling.is_empty() {
                self.base.discard();
            }
            self.drop_frame();
            return match then {
                Some(_) => Err(fault("an exception left a contract that a native contract called").into()),
                None => Ok(()),
            };
        }
        let ended = calling.last_mut().map_or(Ok(()), |current| current.take_over(frame, caller));
        self.drop_frame();
        ended?;
        match then {
            Some(then) => {
                let finished = then(self, caller)?;
                Ok(self.finish_native(caller, finished)?)
            }
            None => Ok(()),
        }
    }

    fn machine_reset(&mut self) {
        self.frames.clear();
    }
}

impl Executor<'_> {
    /// Drops the last frame. `pop` would move it, and it is large.
    fn drop_frame(&mut self) {
        self.frames.truncate(self.frames.len() - 1);
    }
}

impl Frame<'_> {
    /// Takes over what a script that returned leaves to this one, which called it.
    fn take_over(&mut self, returned: &Self, caller: &mut Caller<'_>) -> Result<(), FaultKind> {
        returned.layer.commit().map_err(fault)?;
        self.notifications += returned.notifications;
        if returned.is_dynamic {
            match caller.stack_len().saturating_sub(returned.stack_below) {
                0 => caller.push(StackItem::Null),
                1 => {}
                _ => return Err(fault("a called script returned more than one value")),
            }
        }
        Ok(())
    }
}
