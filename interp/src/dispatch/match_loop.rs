//! Portable dispatch: a loop around a `match`.

use super::Reason;
use crate::{
    fast::{self, Flow, fused, patterns::PATTERNS},
    op::Form,
    vm::Vm,
};

/// Aborts the process if a handler panics, by panicking again, because the machine's
/// registers are not up to date then. Tail calls cannot unwind, so they abort as well.
struct NoUnwind;

impl Drop for NoUnwind {
    fn drop(&mut self) {
        panic!("a panic within a fast handler");
    }
}

/// Runs fast handlers, fused or not, until one cannot do its work.
pub(super) fn run<const FUSED: bool>(vm: &mut Vm) -> Reason {
    let mut r = vm.regs();
    let guard = NoUnwind;
    loop {
        // SAFETY: `ip` points to a decoded instruction of the current code. Handlers
        // keep it so, and a general handler runs the RET at the end.
        let inst = unsafe { &*r.ip };
        let form = if FUSED { inst.form } else { Form::alone(inst.op) };
        let cost = if FUSED { inst.cost } else { inst.single_cost(vm.prices()) };
        r.meter -= cost;
        if r.meter < 0 {
            r.meter += cost;
            vm.set_regs(r);
            core::mem::forget(guard);
            return Reason::Refill;
        }
        // SAFETY: the machine's invariants hold between two instructions. A handler
        // that returns `Heap` or `Unfuse` has not changed anything.
        let flow = unsafe {
            let mut flow = fast::run_form(form, &mut r, vm);
            if let Some(pattern) = form.pattern() {
                if flow == Flow::Heap {
                    flow = fused::run_heap(PATTERNS[pattern].fused, &mut r, vm);
                }
                if flow == Flow::Unfuse {
                    r.meter += cost - inst.single_cost(vm.prices());
                    flow = fast::run_op(inst.op, &mut r, vm);
                }
            }
            if flow == Flow::Heap { fast::run_op_heap(inst.op, &mut r, vm) } else { flow }
        };
        if flow != Flow::Next {
            vm.set_regs(r);
            core::mem::forget(guard);
            return if flow == Flow::Limit { Reason::Limit } else { Reason::Full };
        }
    }
}
