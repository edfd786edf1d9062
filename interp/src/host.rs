//! What the machine asks of its host.

use alloc::boxed::Box;
use core::any::Any;

use neovm_types::FaultKind;

use crate::vm::Vm;

/// Why a loaded script is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unload {
    /// It returned.
    Returned,
    /// An exception went past it.
    Threw,
}

/// The surroundings that scripts run in: system calls, contract calls, and
/// what is to happen when scripts come and go.
///
/// A call works on the machine: it pops arguments, pushes results, charges
/// with [`Vm::add_fee`], loads scripts with [`Vm::load`], lays `_initialize`
/// over a method with [`Vm::call`], throws with [`Vm::throw`]. An error faults
/// the execution, with the message that a node would show.
pub trait Host {
    /// Runs the system call of an identifier. SYSCALL itself costs nothing.
    ///
    /// # Errors
    /// A fault, which the script cannot catch.
    fn syscall(&mut self, vm: &mut Vm, id: u32) -> Result<(), FaultKind>;

    /// Calls the contract method of a token of the current script's contract.
    ///
    /// # Errors
    /// A fault, which the script cannot catch.
    fn call_token(&mut self, vm: &mut Vm, token: u16) -> Result<(), FaultKind> {
        let _ = vm;
        Err(FaultKind::NoToken(token))
    }

    /// A loaded script is gone. The context below it, if any, is the current
    /// one again and holds what it returned; `state` is what the host had
    /// attached to the load.
    ///
    /// # Errors
    /// A fault, which the script cannot catch.
    fn context_unloaded(&mut self, vm: &mut Vm, state: Option<Box<dyn Any>>, how: Unload) -> Result<(), FaultKind> {
        let _ = (vm, state, how);
        Ok(())
    }
}

/// A host without system calls: each faults as in the bare reference engine.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoHost;

impl Host for NoHost {
    fn syscall(&mut self, _: &mut Vm, id: u32) -> Result<(), FaultKind> {
        Err(FaultKind::NoSyscall(id))
    }
}
