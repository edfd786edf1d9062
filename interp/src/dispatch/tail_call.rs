//! The fast way: each handler ends in a call of the next one, of the same
//! signature, which the compiler turns into a jump.
//!
//! The machine's registers are the six arguments that the calling convention
//! passes in registers. Whatever a handler cannot do in them ends the chain:
//! it writes the registers back and returns.
//!
//! A compiler makes a jump of a call only where nothing of the caller's own
//! memory can still be in use. So what needs such memory, because it calls
//! functions that take or return more than registers hold, runs in a function of
//! its own, [`work`], with the registers in the machine meanwhile.

use core::sync::atomic::{AtomicPtr, Ordering};

use neovm_types::StackItem;

use super::Reason;
use crate::{
    code::DecodedInst,
    fast::{self, Flow, Regs, for_each_form, form_table, patterns::FORMS},
    op::{Form, Op},
    vm::Vm,
};

/// A handler with its registers as arguments.
pub(crate) type TailFn =
    unsafe extern "sysv64" fn(&mut Vm, *const DecodedInst, *mut StackItem, *mut StackItem, i64, *mut StackItem);

/// A cell's handler, which a tier may exchange while others run it.
#[derive(Debug)]
pub(crate) struct Link(AtomicPtr<()>);

impl Link {
    /// The handler of a form.
    #[inline(always)]
    pub(crate) fn new(form: Form) -> Self {
        Self(AtomicPtr::new(HANDLERS[form.number()] as *mut ()))
    }

    /// The handler of a form that jumps or calls, which counts where it goes.
    pub(crate) fn counting(form: Form) -> Self {
        Self(AtomicPtr::new(COUNTING[form.number()] as *mut ()))
    }

    #[inline(always)]
    fn get(&self) -> TailFn {
        // SAFETY: nothing but handlers is stored. What one that was stored later
        // needs, machine code and its exits, was there before. On x86-64 the
        // order costs nothing.
        unsafe { core::mem::transmute::<*mut (), TailFn>(self.0.load(Ordering::Acquire)) }
    }

    pub(crate) fn set(&self, handler: TailFn) {
        self.0.store(handler as *mut (), Ordering::Release);
    }
}

/// Runs fast handlers until one has to give control back.
pub(super) fn run(vm: &mut Vm) -> Reason {
    let r = vm.regs();
    // SAFETY: a context is loaded, and the machine's invariants hold between
    // two instructions.
    unsafe { next(vm, r) };
    vm.reason
}

/// The same; the first instruction runs by the handler of its form, whatever a tier put in its place.
pub(super) fn resume(vm: &mut Vm) -> Reason {
    let r = vm.regs();
    let (form, cost) = (vm.inst().form, vm.inst().cost);
    if r.meter < cost {
        return Reason::Refill;
    }
    // SAFETY: as above; the instruction is charged.
    unsafe { HANDLERS[form.number()](vm, r.ip, r.sp, r.slots, r.meter - cost, r.limit) };
    vm.reason
}

/// The handler of each form.
pub(crate) static HANDLERS: [TailFn; FORMS] = for_each_form!(form_table handler);

/// The handler of each form; those of jumps and calls count where they go.
pub(crate) static COUNTING: [TailFn; FORMS] = for_each_form!(form_table counting);

/// Charges the cell at `ip` and goes to its handler.
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
        (cell.handler.get())(vm, r.ip, r.sp, r.slots, left, r.limit);
    }
}

/// A fast handler that goes on to the next.
///
/// # Safety
/// See [`crate::fast`].
unsafe extern "sysv64" fn handler<const FORM: usize>(
    vm: &mut Vm,
    ip: *const DecodedInst,
    sp: *mut StackItem,
    slots: *mut StackItem,
    meter: i64,
    limit: *mut StackItem,
) {
    let mut r = Regs { ip, sp, slots, meter, limit };
    // SAFETY: whoever goes to a handler keeps the guarantees of `fast`.
    unsafe {
        match fast::run::<FORM>(&mut r, vm) {
            Flow::Next => next(vm, r),
            Flow::Unfuse => unfuse(vm, r.ip, r.sp, r.slots, r.meter, r.limit),
            Flow::Heap => heap::<FORM>(vm, r.ip, r.sp, r.slots, r.meter, r.limit),
            Flow::Full => exit::<FULL>(vm, r.ip, r.sp, r.slots, r.meter, r.limit),
            Flow::Limit => exit::<LIMIT>(vm, r.ip, r.sp, r.slots, r.meter, r.limit),
        }
    }
}

/// The handler of a jump or call that counts how often it goes where it leads.
///
/// # Safety
/// See [`crate::fast`]; the current code has counters.
unsafe extern "sysv64" fn counting<const FORM: usize>(
    vm: &mut Vm,
    ip: *const DecodedInst,
    sp: *mut StackItem,
    slots: *mut StackItem,
    meter: i64,
    limit: *mut StackItem,
) {
    if const { !Form::from_number(FORM).is_jump() } {
        // SAFETY: the caller's word.
        return unsafe { handler::<FORM>(vm, ip, sp, slots, meter, limit) };
    }
    let mut r = Regs { ip, sp, slots, meter, limit };
    // SAFETY: whoever goes to a handler keeps the guarantees of `fast`; the
    // counter of a cell of the current code is the tiers'.
    unsafe {
        match fast::run::<FORM>(&mut r, vm) {
            Flow::Next if r.ip > ip && const { FORM != Op::Call as usize } => next(vm, r),
            Flow::Next => {
                let counter = crate::tier::counter(vm.counters, r.ip);
                let left = counter.load(Ordering::Relaxed).wrapping_sub(1);
                counter.store(left, Ordering::Relaxed);
                if left == 0 {
                    return exit::<HOT>(vm, r.ip, r.sp, r.slots, r.meter, r.limit);
                }
                next(vm, r);
            }
            Flow::Unfuse => unfuse(vm, r.ip, r.sp, r.slots, r.meter, r.limit),
            Flow::Heap => heap::<FORM>(vm, r.ip, r.sp, r.slots, r.meter, r.limit),
            Flow::Full => exit::<FULL>(vm, r.ip, r.sp, r.slots, r.meter, r.limit),
            Flow::Limit => exit::<LIMIT>(vm, r.ip, r.sp, r.slots, r.meter, r.limit),
        }
    }
}

/// Runs the first of fused cells alone, and charges no more than that.
///
/// # Safety
/// See [`crate::fast`].
#[cold]
#[inline(never)]
unsafe extern "sysv64" fn unfuse(
    vm: &mut Vm,
    ip: *const DecodedInst,
    sp: *mut StackItem,
    slots: *mut StackItem,
    meter: i64,
    limit: *mut StackItem,
) {
    // SAFETY: `ip` points to a cell of the current code.
    unsafe {
        let cell = &*ip;
        let meter = meter + cell.cost - cell.single_cost(vm.prices());
        HANDLERS[cell.op as usize](vm, ip, sp, slots, meter, limit);
    }
}

/// A fast handler for operands on the heap that goes on to the next.
///
/// # Safety
/// See [`crate::fast`].
#[inline(never)]
unsafe extern "sysv64" fn heap<const FORM: usize>(
    vm: &mut Vm,
    ip: *const DecodedInst,
    sp: *mut StackItem,
    slots: *mut StackItem,
    meter: i64,
    limit: *mut StackItem,
) {
    // SAFETY: whoever goes to a handler keeps the guarantees of `fast`.
    unsafe {
        let done = work::<FORM>(vm, ip, sp, slots, limit);
        let sp = done.sp.map_addr(|address| address & !FLOW);
        match done.sp.addr() & FLOW {
            DONE => {
                let length = const { Form::from_number(FORM).length() };
                next(vm, Regs { ip: ip.add(length), sp, slots, meter, limit: done.limit });
            }
            UNFUSED => unfuse(vm, ip, sp, slots, meter, limit),
            LIMITED => exit::<LIMIT>(vm, ip, sp, slots, meter, done.limit),
            RETURNED => {
                let r = vm.regs();
                next(vm, Regs { meter, ..r });
            }
            _ => {
                // RET may have dropped some slots.
                let slots = if const { FORM == Op::Ret as usize } { vm.slots } else { slots };
                exit::<FULL>(vm, ip, sp, slots, meter, done.limit);
            }
        }
    }
}

/// What [`work`] leaves, in two registers.
#[repr(C)]
struct Done {
    /// The stack pointer, and how the work ended in the bits that an item's address leaves.
    sp: *mut StackItem,
    limit: *mut StackItem,
}

/// The bits of [`Done::sp`] that tell how the work ended.
const FLOW: usize = 7;
const DONE: usize = 0;
/// More items than allowed.
const LIMITED: usize = 1;
/// Nothing is done.
const UNDONE: usize = 2;
/// Another context is the current one: its registers are in the machine.
const RETURNED: usize = 3;
/// Nothing is done, and what was fused has to run one by one.
const UNFUSED: usize = 4;

/// Runs a handler for operands on the heap. But for RET, such a one leaves `slots`
/// as they are, and goes on with the cell behind those that it runs.
///
/// # Safety
/// See [`crate::fast`].
#[inline(never)]
unsafe extern "sysv64" fn work<const FORM: usize>(
    vm: &mut Vm,
    ip: *const DecodedInst,
    sp: *mut StackItem,
    slots: *mut StackItem,
    limit: *mut StackItem,
) -> Done {
    let mut r = Regs { ip, sp, slots, meter: 0, limit };
    // SAFETY: the caller keeps the guarantees of `fast`.
    let flow = unsafe { fast::run_heap::<FORM>(&mut r, vm) };
    if const { FORM == Op::Ret as usize } {
        vm.set_regs(r);
    }
    let how = match flow {
        Flow::Next if const { FORM == Op::Ret as usize } => RETURNED,
        Flow::Next => DONE,
        Flow::Limit => LIMITED,
        Flow::Unfuse => UNFUSED,
        Flow::Full | Flow::Heap => UNDONE,
    };
    Done { sp: r.sp.map_addr(|address| address | how), limit: r.limit }
}

const FULL: u8 = 0;
const REFILL: u8 = 1;
const LIMIT: u8 = 2;
const HOT: u8 = 3;

/// Ends the chain: writes the registers back and returns. A handler itself,
/// apart from the handlers, so that most of them need no frame.
///
/// # Safety
/// None of its own; it has the signature of the others.
#[cold]
#[inline(never)]
unsafe extern "sysv64" fn exit<const WHY: u8>(
    vm: &mut Vm,
    ip: *const DecodedInst,
    sp: *mut StackItem,
    slots: *mut StackItem,
    meter: i64,
    limit: *mut StackItem,
) {
    vm.set_regs(Regs { ip, sp, slots, meter, limit });
    vm.reason = match WHY {
        FULL => Reason::Full,
        REFILL => Reason::Refill,
        HOT => Reason::Hot,
        _ => Reason::Limit,
    };
}
