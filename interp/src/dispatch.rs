//! The dispatch loop.

use neovm_types::FaultKind;

use crate::{
    fast::{self, Flow, Regs},
    host::Host,
    vm::Vm,
};

/// Why the loop returned.
pub(crate) enum Exit {
    /// The grant is used up, or the chunk is over: the next instruction has
    /// not begun.
    Refill,
    /// An instruction faulted, or the last context returned.
    Done(Result<(), FaultKind>),
}

/// Runs instructions until the grant is used up or the execution ends. A
/// context is loaded and the meter is set.
pub(crate) fn dispatch(vm: &mut Vm, host: &mut dyn Host) -> Exit {
    let mut r = vm.regs();
    loop {
        // SAFETY: `ip` points to a cell of the current code: each handler
        // leaves it so, and the last RET ends the loop.
        let cell = unsafe { &*r.ip };
        r.meter -= cell.cost;
        if r.meter < 0 {
            r.meter += cell.cost;
            vm.set_regs(r);
            return Exit::Refill;
        }
        // SAFETY: the machine's invariants hold between two instructions.
        match unsafe { fast::run(cell.op, &mut r, vm) } {
            Flow::Next => {}
            Flow::Full => {
                vm.set_regs(r);
                let result = vm.execute(host);
                if result.is_err() || vm.loads.is_empty() {
                    return Exit::Done(result);
                }
                if vm.chunk_over {
                    return Exit::Refill;
                }
                r = vm.regs();
            }
            Flow::Limit => {
                vm.set_regs(r);
                return Exit::Done(Err(vm.over_limit()));
            }
        }
    }
}

impl Vm {
    #[inline(always)]
    fn regs(&self) -> Regs {
        Regs { ip: self.ip, sp: self.sp, slots: self.slots, meter: self.meter, limit: self.limit }
    }

    #[inline(always)]
    fn set_regs(&mut self, r: Regs) {
        self.ip = r.ip;
        self.sp = r.sp;
        self.slots = r.slots;
        self.meter = r.meter;
        self.limit = r.limit;
    }
}
