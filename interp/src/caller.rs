//! What hosts may do to the machine that calls them.

use alloc::{sync::Arc, vec::Vec};
use core::ops::Deref;

use neovm_types::{FaultKind, Gas, Integer, Script, StackItem};

use crate::{
    code::Code,
    host::LoadId,
    vm::{LoadOptions, Vm},
};

/// The machine as its host sees it during a call.
///
/// The host reads everything that [`Vm`] shows (through `Deref`): the
/// evaluation stack, gas, limits, hardfork, and the contexts that called. It
/// changes the evaluation stack of the current context, charges fees and loads
/// scripts. It cannot run, reset or replace the machine:
///
/// ```compile_fail,E0594
/// # use neovm_interp::{Caller, Vm};
/// fn replace(caller: &mut Caller<'_>, other: Vm) {
///     **caller = other; // a machine cannot be replaced through `Deref`
/// }
/// ```
///
/// ```compile_fail,E0596
/// # use neovm_interp::{Caller, NoHost, RunOptions};
/// fn reset(caller: &mut Caller<'_>) {
///     caller.reset(RunOptions::default(), &mut NoHost); // needs `&mut Vm`
/// }
/// ```
pub struct Caller<'a> {
    vm: &'a mut Vm,
    /// Whether an exception is on its way to the context that handles it.
    unwinding: bool,
}

impl<'a> Caller<'a> {
    pub(crate) fn new(vm: &'a mut Vm) -> Self {
        Self { vm, unwinding: false }
    }

    /// The machine while an exception drops contexts: none may be added.
    pub(crate) fn unwinding(vm: &'a mut Vm) -> Self {
        Self { vm, unwinding: true }
    }

    fn check_may_load(&self) -> Result<(), FaultKind> {
        if self.unwinding {
            return Err(FaultKind::Host("nothing can be loaded or called while an exception unwinds".into()));
        }
        Ok(())
    }
}

impl Vm {
    /// Lends the machine as hosts see it, so that a host can load what runs
    /// first in the same way as what is called later.
    pub fn caller(&mut self) -> Caller<'_> {
        Caller::new(self)
    }
}

impl Deref for Caller<'_> {
    type Target = Vm;

    fn deref(&self) -> &Vm {
        self.vm
    }
}

/// The evaluation stack of the current context.
impl Caller<'_> {
    /// Pushes an item.
    ///
    /// The item limit is checked when the host returns, as in the reference. A
    /// compound must not be held by another machine meanwhile, see [`Vm`].
    pub fn push(&mut self, item: impl Into<StackItem>) {
        self.vm.push(item);
    }

    /// Removes the top item and returns it.
    ///
    /// # Errors
    /// [`FaultKind::StackIndex`] if the stack is empty.
    #[inline]
    pub fn pop(&mut self) -> Result<StackItem, FaultKind> {
        self.vm.pop()
    }

    /// Removes the top item after a function has looked at it. This is faster than [`Caller::pop`] for a byte string
    /// that belongs to the script, of which that returns a copy.
    ///
    /// # Errors
    /// [`FaultKind::StackIndex`] if the stack is empty.
    #[inline]
    pub fn pop_with<R>(&mut self, look: impl FnOnce(&StackItem) -> R) -> Result<R, FaultKind> {
        self.vm.pop_with(look)
    }

    /// Removes the topmost `count` items and returns them, the top item first.
    ///
    /// # Errors
    /// [`FaultKind::StackIndex`] if there are fewer; the items that are there
    /// are removed.
    pub fn pop_many(&mut self, count: usize) -> Result<Vec<StackItem>, FaultKind> {
        (0..count).map(|_| self.vm.pop()).collect()
    }

    /// Removes the top item and returns it as an integer.
    ///
    /// # Errors
    /// [`FaultKind::StackIndex`] if the stack is empty, and the errors of
    /// [`StackItem::to_integer`].
    pub fn pop_integer(&mut self) -> Result<Integer, FaultKind> {
        self.vm.pop_integer()
    }

    /// Removes the top item and returns it as an `i32`, as the reference casts it.
    ///
    /// # Errors
    /// [`FaultKind::StackIndex`] if the stack is empty, and the errors of
    /// [`StackItem::to_i32`].
    pub fn pop_i32(&mut self) -> Result<i32, FaultKind> {
        self.vm.pop_i32()
    }

    /// Removes the top item and returns it as a boolean.
    ///
    /// # Errors
    /// [`FaultKind::StackIndex`] if the stack is empty, and the errors of
    /// [`StackItem::to_boolean`].
    pub fn pop_boolean(&mut self) -> Result<bool, FaultKind> {
        self.vm.pop_boolean()
    }

    /// Removes the top item and returns a copy of its bytes.
    ///
    /// # Errors
    /// [`FaultKind::StackIndex`] if the stack is empty, and the errors of
    /// [`StackItem::with_bytes`].
    pub fn pop_bytes(&mut self) -> Result<Vec<u8>, FaultKind> {
        self.vm.pop()?.with_bytes(<[u8]>::to_vec)
    }

    /// Removes the topmost `count` items.
    ///
    /// # Errors
    /// [`FaultKind::StackIndex`] if there are fewer; the items that are there
    /// are removed.
    pub fn drop_items(&mut self, count: usize) -> Result<(), FaultKind> {
        self.vm.drop_items(count)
    }

    /// Removes the item at a depth from the top, 0 for the top, and returns it.
    ///
    /// # Errors
    /// [`FaultKind::StackIndex`] if there is none.
    pub fn remove(&mut self, index: usize) -> Result<StackItem, FaultKind> {
        self.vm.remove(index)
    }

    /// Inserts an item below the topmost `index` items.
    ///
    /// # Errors
    /// [`FaultKind::InsertIndex`] if there are fewer.
    pub fn insert(&mut self, index: usize, item: impl Into<StackItem>) -> Result<(), FaultKind> {
        self.vm.insert(index, item.into())
    }
}

/// Fees, and scripts that the host loads.
impl Caller<'_> {
    /// Charges a fee on top of what instructions cost. Free contexts pay nothing.
    ///
    /// # Errors
    /// [`FaultKind::InsufficientGas`] if the fee exceeds the gas that is left.
    /// It counts as consumed all the same, as in the reference.
    #[inline]
    pub fn add_fee(&mut self, fee: Gas) -> Result<(), FaultKind> {
        self.vm.add_fee(fee)
    }

    /// Loads decoded code on top of the invocation stack, with an evaluation
    /// stack of its own, and returns the id of the load. It runs when the host
    /// returns; what the host pushes until then are its arguments.
    ///
    /// # Errors
    /// Those of [`Vm::load`], and [`FaultKind::Host`] while an exception
    /// unwinds: see [`Host::context_unloaded`](crate::Host::context_unloaded).
    pub fn load(&mut self, code: Arc<Code>, options: LoadOptions) -> Result<LoadId, FaultKind> {
        self.check_may_load()?;
        self.vm.load(code, options)
    }

    /// Decodes a script and loads it as [`Caller::load`] does.
    ///
    /// # Errors
    /// Those of [`Vm::load_script`] and [`Caller::load`].
    pub fn load_script(&mut self, script: impl Into<Script>, options: LoadOptions) -> Result<LoadId, FaultKind> {
        self.check_may_load()?;
        self.vm.load_script(script, options)
    }

    /// Puts a context on top of the current one that starts at a position of
    /// the current script and shares its load. With this, hosts run
    /// `_initialize` before a method.
    ///
    /// # Errors
    /// Those of [`Vm::call`], and [`FaultKind::Host`] while an exception
    /// unwinds, as for [`Caller::load`].
    pub fn call(&mut self, position: i64) -> Result<(), FaultKind> {
        self.check_may_load()?;
        self.vm.call(position)
    }

    /// Sets whether the current load pays for its instructions and fees. Loads
    /// above it decide for themselves.
    pub fn set_context_free(&mut self, free: bool) {
        self.vm.set_context_free(free);
    }
}

impl core::fmt::Debug for Caller<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_tuple("Caller").field(&self.vm).finish()
    }
}
