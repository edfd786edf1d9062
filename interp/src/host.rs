//! The seam between the machine and its host: system calls, contract calls,
//! and what happens when scripts come and go.

use neovm_types::{FaultKind, StackItem};

use crate::caller::Caller;

/// Identifies a script that was loaded into a machine.
///
/// A machine never uses an id twice, not even across [`Vm::reset`](crate::Vm::reset),
/// so hosts can keep what they know about a load under its id. Loads form a
/// stack: a `Vec` whose last entry belongs to the current load is usually
/// enough.
///
/// Pointers ([`neovm_types::Pointer`]) keep the low 32 bits of the id of the
/// load they belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LoadId(pub(crate) u64);

impl LoadId {
    /// Returns the id as a number. Later loads of one machine have greater numbers.
    pub const fn get(self) -> u64 {
        self.0
    }
}

/// Why a script was unloaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unload {
    /// Its last context returned.
    Returned,
    /// An exception that it did not handle passed through it.
    Threw,
}

/// How a call of the host fails.
#[derive(Debug)]
#[non_exhaustive]
pub enum HostError {
    /// Throws an exception, which the script can catch.
    Throw(StackItem),
    /// Ends the execution with a fault, which the script cannot catch.
    Fault(FaultKind),
}

impl From<FaultKind> for HostError {
    fn from(kind: FaultKind) -> Self {
        Self::Fault(kind)
    }
}

/// The environment that scripts run in.
///
/// A system call works on the [`Caller`]: it pops its arguments, pushes its
/// results, charges with [`Caller::add_fee`] and loads scripts with
/// [`Caller::load`]. Faults carry the message that a node would show.
///
/// The machine lends itself to the host as a [`Caller`], which cannot run,
/// reset or replace it:
///
/// ```compile_fail,E0599
/// # use neovm_interp::{Caller, Host, HostError};
/// # struct Reentrant;
/// impl Host for Reentrant {
///     fn syscall(&mut self, caller: &mut Caller<'_>, _: u32) -> Result<(), HostError> {
///         caller.run(self); // no such method
///         Ok(())
///     }
/// }
/// ```
pub trait Host {
    /// Runs the system call with this id. The SYSCALL instruction itself is free.
    ///
    /// # Errors
    /// An exception or a fault, see [`HostError`].
    fn syscall(&mut self, caller: &mut Caller<'_>, id: u32) -> Result<(), HostError>;

    /// Runs CALLT: calls the method that a token of the current contract
    /// names. The default faults.
    ///
    /// # Errors
    /// An exception or a fault, see [`HostError`].
    fn call_token(&mut self, caller: &mut Caller<'_>, token: u16) -> Result<(), HostError> {
        let _ = caller;
        Err(FaultKind::NoToken(token).into())
    }

    /// Called after a script was unloaded. The context below it, if there is
    /// one, is current again and holds what the script returned. The default
    /// does nothing.
    ///
    /// If the script returned, the host may load another: a native contract
    /// that called two contracts goes on in this way. With [`Unload::Threw`]
    /// it may not, since the exception is still on its way to the context that
    /// handles it: [`Caller::load`] and [`Caller::call`] are errors then.
    /// [`Vm::pending_exception`](crate::Vm::pending_exception) is the exception,
    /// also of a script that returned while a finally block runs because of it.
    ///
    /// Scripts that are still loaded when an execution faults stay loaded;
    /// [`Host::machine_reset`] tells when they go.
    ///
    /// # Errors
    /// An exception, which is thrown in the context that is current now and
    /// replaces the one that passed through the script, if any; or a fault,
    /// which ends the execution.
    fn context_unloaded(&mut self, caller: &mut Caller<'_>, load: LoadId, how: Unload) -> Result<(), HostError> {
        let _ = (caller, load, how);
        Ok(())
    }

    /// Called by [`Vm::reset`](crate::Vm::reset) once the machine is empty: all
    /// its loads are gone without [`Host::context_unloaded`] having been called
    /// for them. The default does nothing; a host that keeps state for loads
    /// drops it here.
    fn machine_reset(&mut self) {}
}

/// A host without system calls: each one faults, as in the reference engine
/// without a node.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoHost;

impl Host for NoHost {
    fn syscall(&mut self, _: &mut Caller<'_>, id: u32) -> Result<(), HostError> {
        Err(FaultKind::NoSyscall(id).into())
    }
}
