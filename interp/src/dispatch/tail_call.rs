//! Dispatch by tail calls: each handler ends with a call of the next one, which has
//! the same signature, and rustc turns that call into a jump.
//!
//! The machine's registers are the six arguments that the calling convention passes
//! in processor registers. A handler that cannot do its work ends the chain: it
//! writes the registers back and returns.
//!
//! rustc turns a call into a jump only if nothing in the caller's stack frame can be
//! in use any more. Work that needs a stack frame, because it calls functions that
//! take or return more than fits in registers, is done in a function of its own,
//! [`work`].

use core::sync::atomic::Ordering;

use neovm_types::{StackItem, engine_internals::make_ready};

use super::Reason;
use crate::{
    fast::{
        self, Flow, Regs, for_each_form, form_table,
        patterns::{FORMS, Fused},
    },
    inst::{DecodedInst, HandlerPtr},
    op::{Form, Op},
    vm::Vm,
};

/// A handler with its registers as arguments.
pub(crate) type TailFn =
    unsafe extern "sysv64" fn(&mut Vm, *const DecodedInst, *mut StackItem, *mut StackItem, i64, *mut StackItem);

/// Returns the handler of a form.
#[inline(always)]
pub(crate) fn handler_of(form: Form) -> HandlerPtr {
    // SAFETY: it is a handler, and static.
    unsafe { HandlerPtr::new(HANDLERS[form.number()] as *mut ()) }
}

/// Returns the handler of a form in code with a tier: jumps and calls count arrivals.
pub(crate) fn counting_handler_of(form: Form) -> HandlerPtr {
    // SAFETY: it is a handler, and static.
    unsafe { HandlerPtr::new(COUNTING[form.number()] as *mut ()) }
}

/// Runs fast handlers until one ends the chain.
#[inline(always)]
pub(super) fn run(vm: &mut Vm) -> Reason {
    let r = vm.regs();
    // SAFETY: a context is loaded, and the machine's invariants hold between
    // two instructions.
    unsafe { next(vm, r) };
    vm.reason
}

/// Continues as [`run`] does, but runs the first instruction by the handler of its
/// form even if compiled code begins there.
#[inline(always)]
pub(super) fn resume(vm: &mut Vm) -> Reason {
    let r = vm.regs();
    let (form, cost) = (vm.inst().form, vm.inst().cost);
    if r.meter < cost {
        return Reason::Refill;
    }
    // The handler of this form would only return.
    if form == Form::alone(Op::Full) {
        vm.meter = r.meter - cost;
        return Reason::Full;
    }
    // SAFETY: as above; the instruction is charged.
    unsafe { HANDLERS[form.number()](vm, r.ip, r.sp, r.slots, r.meter - cost, r.limit) };
    vm.reason
}

/// The handler of each form.
pub(crate) static HANDLERS: [TailFn; FORMS] = for_each_form!(form_table handler);

/// The handler of each form, for code with a tier: jumps and calls count arrivals.
pub(crate) static COUNTING: [TailFn; FORMS] = for_each_form!(form_table counting);

/// Charges the instruction at `ip` and goes to its handler.
///
/// # Safety
/// See [`crate::fast`].
#[inline(always)]
unsafe fn next(vm: &mut Vm, r: Regs) {
    // SAFETY: `ip` points to a decoded instruction of the current code.
    unsafe {
        let inst = &*r.ip;
        let left = r.meter - inst.cost;
        if left < 0 {
            return exit::<REFILL>(vm, r.ip, r.sp, r.slots, r.meter, r.limit);
        }
        // A `HandlerPtr` is that of a handler.
        let handler = core::mem::transmute::<*mut (), TailFn>(inst.handler.get());
        handler(vm, r.ip, r.sp, r.slots, left, r.limit);
    }
}

/// A fast handler, which continues with the next one.
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
    // SAFETY: guaranteed by whoever runs a handler.
    unsafe {
        match fast::run::<FORM>(&mut r, vm) {
            Flow::Next => next(vm, r),
            Flow::Unfuse => unfuse::<false>(vm, r.ip, r.sp, r.slots, r.meter, r.limit),
            Flow::Heap if const { Form::from_number(FORM).has_quick() } => {
                quick::<FORM, false>(vm, r.ip, r.sp, r.slots, r.meter, r.limit);
            }
            Flow::Heap => heap::<FORM>(vm, r.ip, r.sp, r.slots, r.meter, r.limit),
            Flow::Full => exit::<FULL>(vm, r.ip, r.sp, r.slots, r.meter, r.limit),
            Flow::Limit => exit::<LIMIT>(vm, r.ip, r.sp, r.slots, r.meter, r.limit),
        }
    }
}

/// The handler of a jump or call that counts arrivals at its target.
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
        // SAFETY: guaranteed by the caller.
        return unsafe { handler::<FORM>(vm, ip, sp, slots, meter, limit) };
    }
    let mut r = Regs { ip, sp, slots, meter, limit };
    // SAFETY: guaranteed by whoever runs a handler; the current code has a counter for
    // each of its instructions.
    unsafe {
        match fast::run::<FORM>(&mut r, vm) {
            Flow::Next => arrive::<FORM>(vm, ip, r),
            Flow::Unfuse => unfuse::<true>(vm, r.ip, r.sp, r.slots, r.meter, r.limit),
            Flow::Heap if const { Form::from_number(FORM).has_quick() } => {
                quick::<FORM, true>(vm, r.ip, r.sp, r.slots, r.meter, r.limit);
            }
            Flow::Heap => heap::<FORM>(vm, r.ip, r.sp, r.slots, r.meter, r.limit),
            Flow::Full => exit::<FULL>(vm, r.ip, r.sp, r.slots, r.meter, r.limit),
            Flow::Limit => exit::<LIMIT>(vm, r.ip, r.sp, r.slots, r.meter, r.limit),
        }
    }
}

/// Goes to the next handler, and counts the arrival there unless it lies ahead of `from` in the same frame.
///
/// # Safety
/// See [`crate::fast`]; the current code has a counter for each of its instructions.
#[inline(always)]
unsafe fn arrive<const FORM: usize>(vm: &mut Vm, from: *const DecodedInst, r: Regs) {
    // SAFETY: guaranteed by the caller.
    unsafe {
        if const { FORM == Op::Call as usize } || r.ip <= from {
            let counter = crate::tier::counter(vm.counters, r.ip);
            let left = counter.load(Ordering::Relaxed).wrapping_sub(1);
            counter.store(left, Ordering::Relaxed);
            if left == 0 {
                return exit::<HOT>(vm, r.ip, r.sp, r.slots, r.meter, r.limit);
            }
        }
        next(vm, r);
    }
}

/// How often a fused handler fails until its instructions run one by one. They do so until it would have failed 256
/// times; then it is tried again. So one that always fails is tried once in 16 times, and one that rarely fails runs
/// nearly always.
const PATIENCE: u8 = 16;

/// Runs the first of several fused instructions alone and charges for that one only. It runs where a fused handler
/// failed, and in place of one that fails often. `COUNTS` says whether that one counts arrivals.
///
/// # Safety
/// See [`crate::fast`].
#[cold]
#[inline(never)]
unsafe extern "sysv64" fn unfuse<const COUNTS: bool>(
    vm: &mut Vm,
    ip: *const DecodedInst,
    sp: *mut StackItem,
    slots: *mut StackItem,
    meter: i64,
    limit: *mut StackItem,
) {
    // SAFETY: `ip` points to a decoded instruction of the current code.
    unsafe {
        let inst = &*ip;
        // Counts may get lost between threads.
        let failures = inst.failures.load(Ordering::Relaxed).wrapping_add(1);
        inst.failures.store(failures, Ordering::Relaxed);
        let meter = meter + inst.cost - inst.single_cost(vm.prices());
        if failures == PATIENCE || failures == 0 {
            return relink::<COUNTS>(vm, ip, sp, slots, meter, limit);
        }
        HANDLERS[inst.op as usize](vm, ip, sp, slots, meter, limit);
    }
}

/// Replaces a fused handler that fails often, or puts it back; then runs the first instruction alone.
///
/// # Safety
/// See [`crate::fast`]; the instruction is charged.
#[cold]
#[inline(never)]
unsafe extern "sysv64" fn relink<const COUNTS: bool>(
    vm: &mut Vm,
    ip: *const DecodedInst,
    sp: *mut StackItem,
    slots: *mut StackItem,
    meter: i64,
    limit: *mut StackItem,
) {
    // SAFETY: `ip` points to a decoded instruction of the current code; both are handlers, and static.
    unsafe {
        let inst = &*ip;
        let handlers = if COUNTS { &COUNTING } else { &HANDLERS };
        let fused = handlers[inst.form.number()] as *mut ();
        let alone = unfuse::<COUNTS> as TailFn as *mut ();
        let is_tried = inst.failures.load(Ordering::Relaxed) < PATIENCE;
        let (from, to) = if is_tried { (alone, fused) } else { (fused, alone) };
        inst.handler.replace(from, to);
        HANDLERS[inst.op as usize](vm, ip, sp, slots, meter, limit);
    }
}

/// Runs a form for integers that own memory, where that takes no call, and continues with the next handler. Otherwise it
/// continues with [`heap`]. `COUNTS` says whether a jump counts arrivals.
///
/// # Safety
/// See [`crate::fast`]; if `COUNTS`, [`counting`].
#[inline(never)]
unsafe extern "sysv64" fn quick<const FORM: usize, const COUNTS: bool>(
    vm: &mut Vm,
    ip: *const DecodedInst,
    sp: *mut StackItem,
    slots: *mut StackItem,
    meter: i64,
    limit: *mut StackItem,
) {
    let mut r = Regs { ip, sp, slots, meter, limit };
    // SAFETY: guaranteed by whoever runs a handler.
    unsafe {
        match fast::run_quick::<FORM>(&mut r, vm) {
            Flow::Next if COUNTS && const { Form::from_number(FORM).is_jump() } => arrive::<FORM>(vm, ip, r),
            Flow::Next => next(vm, r),
            // Those that jump have no other form.
            _ if const { Form::from_number(FORM).is_jump() } => unfuse::<COUNTS>(vm, ip, sp, slots, meter, limit),
            _ => heap::<FORM>(vm, ip, sp, slots, meter, limit),
        }
    }
}

/// Runs a form for operands that own memory, and continues with the next handler.
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
    // SAFETY: guaranteed by whoever runs a handler.
    unsafe {
        let done = work::<FORM>(vm, ip, sp, slots, limit);
        let sp = done.sp.map_addr(|address| address & !FLOW);
        match done.sp.addr() & FLOW {
            DONE => {
                let length = match const { Form::from_number(FORM).fused_handler() } {
                    Some(Fused::InitStatics) => fast::statics::length(&*ip),
                    _ => const { Form::from_number(FORM).length() },
                };
                next(vm, Regs { ip: ip.add(length), sp, slots, meter, limit: done.limit });
            }
            UNFUSED if (*ip).handler.get() == COUNTING[FORM] as *mut () => {
                unfuse::<true>(vm, ip, sp, slots, meter, limit);
            }
            UNFUSED => unfuse::<false>(vm, ip, sp, slots, meter, limit),
            LIMITED => exit::<LIMIT>(vm, ip, sp, slots, meter, done.limit),
            RETURNED => {
                let r = vm.regs();
                next(vm, Regs { meter, ..r });
            }
            _ => {
                // RET may already have dropped slots.
                let slots = if const { FORM == Op::Ret as usize } { vm.slots } else { slots };
                exit::<FULL>(vm, ip, sp, slots, meter, done.limit);
            }
        }
    }
}

/// The result of [`work`], which fits in two registers.
#[repr(C)]
struct Done {
    /// The stack pointer. How the work ended is in the low bits, which are zero in the
    /// address of an item.
    sp: *mut StackItem,
    limit: *mut StackItem,
}

/// The bits of [`Done::sp`] that tell how the work ended.
const FLOW: usize = 7;
/// The work is done.
const DONE: usize = 0;
/// The work is done, but there are more items than the limit allows.
const LIMITED: usize = 1;
/// Nothing was done.
const UNDONE: usize = 2;
/// Another context is current now, with its registers in the machine.
const RETURNED: usize = 3;
/// Nothing was done, and the fused instructions have to run one by one.
const UNFUSED: usize = 4;

/// Does the work of a form for operands that own memory. All forms but RET leave
/// `slots` alone and continue behind the instructions that they run.
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
    if const { Form::from_number(FORM).has_quick() } {
        make_ready();
    }
    // SAFETY: guaranteed by the caller.
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

/// Ends the chain: writes the registers back and returns. It has the signature of a
/// handler and is not inlined, so that most handlers need no stack frame.
///
/// # Safety
/// It has no requirements of its own; it is unsafe because handlers are.
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

#[cfg(test)]
mod tests {
    use alloc::sync::Arc;

    use neovm_types::{Gas, Integer, PriceTable, asm::assemble};

    use super::*;
    use crate::{Code, LoadOptions, NoHost, RunOptions, VmConfig};

    /// Compares the square of a number as often as the argument on top says. The instruction with index 10 begins a
    /// fused one, which takes no wide integers.
    const COMPARE: &str = "INITSLOT 2, 2\nLDARG0\nSTLOC0\nLDARG1\nLDARG1\nMUL\nSTLOC1\nJMP n\nNOP\nn: LDLOC1\nDUP\nJMPIF o\no: DROP\nLDLOC0\nDEC\nDUP\nSTLOC0\nJMPIF n\nLDLOC1\nRET";

    /// Runs the loop, and returns the result and the gas.
    fn compare(code: &Arc<Code>, dispatch: crate::Dispatch, turns: i64, start: Integer) -> (Integer, Gas) {
        let mut vm = Vm::new(VmConfig::default().with_dispatch(dispatch), RunOptions::default());
        vm.load(Arc::clone(code), LoadOptions::default()).unwrap();
        vm.push(start);
        vm.push(turns);
        vm.run(&mut NoHost);
        (vm.results().last().unwrap().to_integer().unwrap(), vm.gas_consumed())
    }

    #[test]
    fn a_fused_instruction_that_keeps_failing_runs_alone_for_a_while() {
        let code = Arc::new(Code::decode(assemble(COMPARE).unwrap(), &Arc::new(PriceTable::default())).unwrap());
        let inst = &code.insts()[10];
        let runs_fused = || inst.handler.get() == HANDLERS[inst.form.number()] as *mut ();
        assert!(inst.form.pattern().is_some());
        let (small, wide) = (Integer::Small(5), Integer::Small(i64::MAX));
        for (turns, start, stays_fused) in [
            (100, small, true),
            (15, wide, true),
            (1, small, true),
            (1, wide, false),
            (230, small, false),
            (9, wide, false),
            (1, small, true),
            (30, small, true),
        ] {
            let expected = compare(&code, crate::Dispatch::Unfused, turns, start);
            assert_eq!(compare(&code, crate::Dispatch::Auto, turns, start), expected, "{turns} turns from {start}");
            assert_eq!(runs_fused(), stays_fused, "{turns} turns from {start}");
        }
    }

    /// A tier that compiles nothing.
    struct Idle;

    impl crate::tier::Tier for Idle {
        fn hot(&self, _: &Arc<Code>, _: usize, _: &dyn Fn() -> crate::tier::TypeFeedback) {}

        fn failing(
            &self,
            _: &Arc<Code>,
            _: &crate::tier::Exit,
            _: Option<usize>,
            _: &dyn Fn() -> crate::tier::TypeFeedback,
        ) {
        }

        fn memory(&self) -> usize {
            0
        }
    }

    #[test]
    fn a_fused_instruction_that_a_tier_gives_back_runs_alone_if_it_keeps_failing() {
        // Those with the indices 10 and 14 are jumps, the second one back. The instructions from index 7 on are
        // none. These two take no byte strings.
        const ADD: &str = "INITSLOT 3, 2\nLDARG0\nSTLOC0\nPUSHDATA1 0x05\nSTLOC1\nJMP n\nNOP\nn: LDLOC1\nPUSH2\nADD\nSTLOC2\nLDLOC0\nDEC\nDUP\nSTLOC0\nJMPIF n\nLDLOC2\nRET";
        const BACK: &str = "INITSLOT 3, 2\nLDARG1\nDUP\nMUL\nSTLOC1\nLDLOC1\nLDARG0\nADD\nCONVERT ByteString\nSTLOC2\nn: LDLOC1\nINC\nSTLOC1\nNOP\nLDLOC1\nLDLOC2\nJMPLT n\nLDLOC1\nRET";
        for (text, fused) in [(COMPARE, 10), (ADD, 7), (BACK, 14)] {
            let code = Code::decode(assemble(text).unwrap(), &Arc::new(PriceTable::default())).unwrap();
            let code = Arc::new(crate::tier::attach(code, Arc::new(Idle), u32::MAX));
            let inst = &code.insts()[fused];
            assert!(inst.form.pattern().is_some(), "{text}");
            // SAFETY: the interpreter's own handler comes back.
            unsafe { crate::tier::CodeView::new(&code).enter_by(fused, None) };
            let given_back = inst.handler.get();
            for (turns, is_given_back) in [(15, true), (1, false), (120, false), (119, false), (1, true)] {
                compare(&code, crate::Dispatch::Auto, turns, Integer::Small(i64::MAX));
                assert_eq!(inst.handler.get() == given_back, is_given_back, "{turns} turns of {text}");
            }
        }
    }
}
