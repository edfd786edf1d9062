//! The fast way: each handler ends in a call of the next one, of the same
//! signature, which the compiler turns into a jump.
//!
//! The machine's registers are the six arguments that the calling convention
//! passes in registers. Whatever a handler cannot do in them ends the chain:
//! it writes the registers back and returns.

use neovm_types::StackItem;

use super::Reason;
use crate::{
    code::Cell,
    fast::{self, Flow, Op, Regs},
    vm::Vm,
};

/// A handler with its registers as arguments.
type Sibling = unsafe extern "sysv64" fn(&mut Vm, *const Cell, *mut StackItem, *mut StackItem, i64, *mut StackItem);

/// Runs fast handlers until one has to give control back.
pub(super) fn run(vm: &mut Vm) -> Reason {
    let r = vm.regs();
    // SAFETY: a context is loaded, and the machine's invariants hold between
    // two instructions.
    unsafe { next(vm, r) };
    vm.reason
}

/// The handler of each op.
static HANDLERS: [Sibling; Op::ALL.len()] = fast::siblings!(handler);

/// Charges the instruction at `ip` and goes to its handler.
///
/// # Safety
/// See [`crate::fast`].
#[inline(always)]
unsafe fn next(vm: &mut Vm, r: Regs) {
    // SAFETY: `ip` points to a cell of the current code.
    unsafe {
        let cell = &*r.ip;
        let left = r.meter - cell.cost;
        if left < 0 {
            return exit::<REFILL>(vm, r.ip, r.sp, r.slots, r.meter, r.limit);
        }
        HANDLERS[cell.op as usize](vm, r.ip, r.sp, r.slots, left, r.limit);
    }
}

/// A fast handler that goes on to the next.
///
/// # Safety
/// See [`crate::fast`].
unsafe extern "sysv64" fn handler<const OP: usize>(
    vm: &mut Vm,
    ip: *const Cell,
    sp: *mut StackItem,
    slots: *mut StackItem,
    meter: i64,
    limit: *mut StackItem,
) {
    let mut r = Regs { ip, sp, slots, meter, limit };
    // SAFETY: whoever goes to a handler keeps the guarantees of `fast`.
    unsafe {
        match fast::run(const { Op::ALL[OP] }, &mut r, vm) {
            Flow::Next => next(vm, r),
            Flow::Plain => HANDLERS[(*r.ip).plain as usize](vm, r.ip, r.sp, r.slots, r.meter, r.limit),
            Flow::Counted => counted::<OP>(vm, r.ip, r.sp, r.slots, r.meter, r.limit),
            Flow::Full => exit::<FULL>(vm, r.ip, r.sp, r.slots, r.meter, r.limit),
            Flow::Limit => exit::<LIMIT>(vm, r.ip, r.sp, r.slots, r.meter, r.limit),
        }
    }
}

/// A fast handler for counted operands that goes on to the next.
///
/// # Safety
/// See [`crate::fast`].
#[inline(never)]
unsafe extern "sysv64" fn counted<const OP: usize>(
    vm: &mut Vm,
    ip: *const Cell,
    sp: *mut StackItem,
    slots: *mut StackItem,
    meter: i64,
    limit: *mut StackItem,
) {
    let mut r = Regs { ip, sp, slots, meter, limit };
    // SAFETY: whoever goes to a handler keeps the guarantees of `fast`.
    unsafe {
        match fast::run_counted(const { Op::ALL[OP] }, &mut r, vm) {
            Flow::Next => next(vm, r),
            Flow::Full | Flow::Counted | Flow::Plain => exit::<FULL>(vm, r.ip, r.sp, r.slots, r.meter, r.limit),
            Flow::Limit => exit::<LIMIT>(vm, r.ip, r.sp, r.slots, r.meter, r.limit),
        }
    }
}

const FULL: u8 = 0;
const REFILL: u8 = 1;
const LIMIT: u8 = 2;

/// Ends the chain: writes the registers back and returns. A sibling itself,
/// apart from the handlers, so that they need no frame for it.
///
/// # Safety
/// None of its own; it has the signature of the others.
#[cold]
#[inline(never)]
unsafe extern "sysv64" fn exit<const WHY: u8>(
    vm: &mut Vm,
    ip: *const Cell,
    sp: *mut StackItem,
    slots: *mut StackItem,
    meter: i64,
    limit: *mut StackItem,
) {
    vm.set_regs(Regs { ip, sp, slots, meter, limit });
    vm.reason = match WHY {
        FULL => Reason::Full,
        REFILL => Reason::Refill,
        _ => Reason::Limit,
    };
}
