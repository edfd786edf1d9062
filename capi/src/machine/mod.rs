//! The machine level: scripts, and a host that system calls go to.

pub(crate) mod api;
pub(crate) mod host;
mod items;
pub(crate) mod items_api;

use std::{
    cell::{Cell, RefCell},
    ptr::NonNull,
    rc::Rc,
    sync::Arc,
};

use neovm::{Caller, FaultKind, Network, NoHost, RunOptions, StackItem, Vm};

use self::{host::neovm_host, items::Items};
use crate::{
    abi::*,
    boundary::{Failure, Outcome},
    handles::Table,
};

thread_local! {
    /// The machines that this thread made. At its end they are freed.
    static MACHINES: RefCell<Table<Rc<Machine>>> = const { RefCell::new(Table::new()) };
}

/// A machine and what belongs to it.
pub(crate) struct Machine {
    /// Decoded scripts come from there.
    network: Arc<Network>,
    vm: RefCell<Vm>,
    host: neovm_host,
    /// The machine as a call-back sees it, while one runs.
    caller: Cell<Option<NonNull<Caller<'static>>>>,
    /// Whether a function is at work on the machine.
    is_busy: Cell<bool>,
    items: RefCell<Items>,
    /// How a call-back ends the execution.
    fault: RefCell<Option<FaultKind>>,
    exception: RefCell<Option<StackItem>>,
    callback_error: Cell<i32>,
    /// The text of the fault, for whom the view is.
    text: RefCell<String>,
}

fn gone() -> Failure {
    Failure::new(NEOVM_ERR_HANDLE, "the machine was freed, or is another thread's")
}

fn busy() -> Failure {
    Failure::new(NEOVM_ERR_BUSY, "the machine is running")
}

impl Machine {
    pub(crate) fn new(network: Arc<Network>, vm: Vm, host: neovm_host) -> Self {
        Self {
            network,
            vm: RefCell::new(vm),
            host,
            caller: Cell::new(None),
            is_busy: Cell::new(false),
            items: RefCell::default(),
            fault: RefCell::default(),
            exception: RefCell::default(),
            callback_error: Cell::new(0),
            text: RefCell::default(),
        }
    }

    pub(crate) fn publish(self) -> Outcome<neovm_machine> {
        MACHINES.with_borrow_mut(|machines| machines.insert(Rc::new(self)))
    }

    /// Frees a machine, unless it is running.
    pub(crate) fn free(handle: neovm_machine) -> Outcome {
        let machine = Self::find(handle)?;
        if machine.vm.try_borrow_mut().is_err() || machine.is_busy.get() {
            return Err(busy());
        }
        let removed = MACHINES.with_borrow_mut(|machines| machines.remove(handle));
        drop((removed, machine));
        Ok(())
    }

    /// Empties a machine and frees all that it and its host held.
    fn empty(&self, vm: &mut Vm, limits: RunOptions) {
        let mut items = self.items.borrow_mut();
        items.clear();
        self.forget_reasons();
        vm.reset(limits, &mut NoHost);
        items.collect(false);
    }

    /// Forgets how a call-back was to end.
    fn forget_reasons(&self) {
        self.fault.take();
        self.exception.take();
    }

    fn find(handle: neovm_machine) -> Outcome<Rc<Self>> {
        // At the end of a thread there are none.
        let found = MACHINES.try_with(|machines| machines.borrow().get(handle).cloned());
        found.ok().flatten().ok_or_else(gone)
    }

    /// Lends a machine that is not running.
    pub(crate) fn at_rest<R>(handle: neovm_machine, f: impl FnOnce(&Self, &mut Vm) -> Outcome<R>) -> Outcome<R> {
        let machine = Self::find(handle)?;
        if machine.is_busy.get() {
            return Err(busy());
        }
        let mut vm = machine.vm.try_borrow_mut().map_err(|_| busy())?;
        f(&machine, &mut vm)
    }

    /// Lends a machine that is not running, or that waits for a call-back, and its items.
    pub(crate) fn enter<R>(
        handle: neovm_machine,
        f: impl FnOnce(&Self, &mut Caller<'_>, &mut Items) -> Outcome<R>,
    ) -> Outcome<R> {
        struct Busy<'a>(&'a Cell<bool>);
        impl Drop for Busy<'_> {
            fn drop(&mut self) {
                self.0.set(false);
            }
        }
        let machine = Self::find(handle)?;
        if machine.is_busy.replace(true) {
            return Err(busy());
        }
        let _busy = Busy(&machine.is_busy);
        let mut items = machine.items.try_borrow_mut().map_err(|_| busy())?;
        if let Some(mut caller) = machine.caller.get() {
            // SAFETY: it was made of the reference that the call-back has, and is there until that returns; see
            // `Machine::lend`. `is_busy` keeps it from being borrowed twice. `f` knows nothing of its lifetime.
            return f(&machine, unsafe { caller.as_mut() }, &mut items);
        }
        let mut vm = machine.vm.try_borrow_mut().map_err(|_| busy())?;
        f(&machine, &mut vm.caller(), &mut items)
    }

    /// Lends a caller to the functions that a call-back calls, as long as it runs. Items that were made meanwhile are
    /// released afterwards.
    fn lend<R>(&self, caller: &mut Caller<'_>, call_back: impl FnOnce() -> R) -> R {
        struct Lent<'a> {
            machine: &'a Machine,
            before: Option<NonNull<Caller<'static>>>,
            mark: items::Mark,
        }
        impl Drop for Lent<'_> {
            fn drop(&mut self) {
                self.machine.caller.set(self.before);
                self.machine.items.borrow_mut().release_to(&self.mark);
            }
        }
        // The lifetime is put aside: it is not used after this returns, and not together with `caller`.
        let lent = NonNull::from(caller).cast::<Caller<'static>>();
        let before = self.caller.replace(Some(lent));
        let _lent = Lent { machine: self, before, mark: self.items.borrow_mut().mark() };
        call_back()
    }
}

/// Cycles are freed when handles are gone, and the machine's own stacks too.
impl Drop for Machine {
    fn drop(&mut self) {
        // Nobody else has the machine now.
        if let Ok(mut vm) = self.vm.try_borrow_mut() {
            self.empty(&mut vm, RunOptions::default());
        }
    }
}
