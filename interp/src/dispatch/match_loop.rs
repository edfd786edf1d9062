//! The portable way: a loop around a `match`.

use super::Reason;
use crate::{
    fast::{self, Flow},
    vm::Vm,
};

/// Ends the process where a handler panics, by a second panic: the registers
/// are not in the machine then. Tail calls, which cannot unwind, do the same.
struct NoUnwind;

impl Drop for NoUnwind {
    fn drop(&mut self) {
        panic!("a panic within a fast handler");
    }
}

/// Runs fast handlers, fused or not, until one has to give control back.
pub(super) fn run<const FUSED: bool>(vm: &mut Vm) -> Reason {
    let mut r = vm.regs();
    let guard = NoUnwind;
    loop {
        // SAFETY: `ip` points to a cell of the current code: each handler
        // leaves it so, and the last RET is a general handler's.
        let cell = unsafe { &*r.ip };
        let cost = if FUSED { cell.cost } else { cell.single_cost(vm.prices()) };
        r.meter -= cost;
        if r.meter < 0 {
            r.meter += cost;
            vm.set_regs(r);
            core::mem::forget(guard);
            return Reason::Refill;
        }
        // SAFETY: the machine's invariants hold between two instructions.
        let mut flow = unsafe { fast::run(if FUSED { cell.op } else { cell.single }, &mut r, vm) };
        let mut op = if FUSED { cell.op } else { cell.single };
        if flow == Flow::Heap && op != cell.single {
            // SAFETY: the first form has done nothing.
            flow = unsafe { fast::run_heap(op, &mut r, vm) };
        }
        if flow == Flow::Unfuse {
            r.meter += cell.cost - cell.single_cost(vm.prices());
            op = cell.single;
            // SAFETY: the fused handler has done nothing.
            flow = unsafe { fast::run(op, &mut r, vm) };
        }
        if flow == Flow::Heap {
            // SAFETY: the first form has done nothing.
            flow = unsafe { fast::run_heap(op, &mut r, vm) };
        }
        if flow != Flow::Next {
            vm.set_regs(r);
            core::mem::forget(guard);
            return if flow == Flow::Limit { Reason::Limit } else { Reason::Full };
        }
    }
}
