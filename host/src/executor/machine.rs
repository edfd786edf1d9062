//! Machines that a thread uses again.

use std::cell::RefCell;

use neovm_interp::{NoHost, RunOptions, Vm};
use neovm_types::Hardfork;

use crate::network::Network;

/// A machine that is empty, and what it was made for.
struct Idle {
    network: u64,
    hardfork: Hardfork,
    vm: Box<Vm>,
}

thread_local! {
    static IDLE: RefCell<Option<Idle>> = const { RefCell::new(None) };
}

/// Returns a machine with the handlers of a hardfork: the one that the thread
/// used last, if it fits.
pub(super) fn take(network: &Network, hardfork: Hardfork, options: RunOptions) -> Box<Vm> {
    let idle = IDLE.take().filter(|idle| idle.network == network.id() && idle.hardfork == hardfork);
    match idle {
        Some(Idle { mut vm, .. }) => {
            vm.reset(options, &mut NoHost);
            vm
        }
        None => Box::new(Vm::new(network.engine().config().vm.clone().with_hardfork(hardfork), options)),
    }
}

/// Empties a machine and keeps it for the next execution of this thread.
pub(super) fn give_back(network: &Network, mut vm: Box<Vm>) {
    // It is reset before it is used again. Until then it holds nothing, as mostly it does not anyway.
    if !vm.is_empty() || vm.fault().is_some() {
        vm.reset(RunOptions::default(), &mut NoHost);
    }
    vm.set_interrupt(None);
    let idle = Idle { network: network.id(), hardfork: vm.hardfork(), vm };
    // At the end of a thread there is nobody to keep it for.
    let _ = IDLE.try_with(|place| place.replace(Some(idle)));
}
