//! Dispatch: from one instruction to the next.
//!
//! Fast handlers are chained in one of two ways, with the same results: by tail
//! calls, on platforms that have them, or by a loop around a `match`. Both return
//! when a general handler is needed.

mod match_loop;
#[cfg(neovm_tail_calls)]
pub(crate) mod tail_call;

use neovm_types::{FaultKind, OpCode};

use crate::{config::Dispatch, fast::Regs, host::Host, vm::Vm};

/// Whether [`Dispatch::Auto`] uses tail calls in this build; otherwise it uses the loop.
pub const TAIL_CALLS: bool = cfg!(neovm_tail_calls);

/// Why fast handlers, or compiled code, returned to [`dispatch`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Reason {
    /// The instruction at `ip`, which is already charged, needs its general handler.
    Full = 0,
    /// The instruction at `ip` left more items than the limit allows.
    Limit = 1,
    /// The general handler of the instruction at `ip` failed.
    Failed = 2,
    /// Compiled code was left before the instruction at `ip`. The interpreter has to
    /// run that instruction even if compiled code begins there.
    Resume = 3,
    /// As `Resume`, because speculation failed.
    Deopt = 4,
    /// The rest of the grant does not cover the instruction at `ip`.
    Refill = 5,
    /// The instruction at `ip` is hot.
    #[cfg(neovm_tail_calls)]
    Hot = 6,
    /// As `Resume`, because the meter does not cover compiled code in advance.
    Starved = 7,
}

/// Runs instructions until the grant is used up, the chunk is over or the last
/// context returns. A context must be loaded and the meter set.
///
/// # Errors
/// The fault of the instruction at `ip`.
pub(crate) fn dispatch(vm: &mut Vm, host: &mut dyn Host) -> Result<(), FaultKind> {
    let mut reason = run_fast(vm);
    loop {
        match reason {
            Reason::Refill => return Ok(()),
            Reason::Limit => {
                vm.rebuild_frames();
                return Err(vm.over_limit());
            }
            Reason::Full if vm.inst().is_system_call() => {
                vm.execute_system_call(host)?;
                vm.count_arrival();
            }
            Reason::Full => execute(vm, host)?,
            Reason::Failed => vm.fail_compiled(host)?,
            Reason::Resume | Reason::Deopt | Reason::Starved => {
                vm.leave_compiled(reason);
                if reason == Reason::Starved && vm.gas.should_refill(vm.meter) {
                    return Ok(());
                }
                reason = resume_fast(vm);
                continue;
            }
            #[cfg(neovm_tail_calls)]
            Reason::Hot => vm.report_hot(),
        }
        if vm.loads.is_empty() || vm.chunk_over {
            return Ok(());
        }
        reason = run_fast(vm);
    }
}

/// Runs an instruction by its general handler. If control comes back from the host or
/// from another script, the arrival is counted, so that what follows can be compiled.
fn execute(vm: &mut Vm, host: &mut dyn Host) -> Result<(), FaultKind> {
    let (opcode, loads) = (vm.inst().opcode, vm.loads.len());
    vm.execute(host)?;
    if opcode == OpCode::CALLT as u8 || vm.loads.len() < loads {
        vm.count_arrival();
    }
    Ok(())
}

fn run_fast(vm: &mut Vm) -> Reason {
    match vm.dispatch {
        #[cfg(neovm_tail_calls)]
        Dispatch::Auto => tail_call::run(vm),
        #[cfg(not(neovm_tail_calls))]
        Dispatch::Auto => match_loop::run::<true>(vm),
        Dispatch::Loop => match_loop::run::<true>(vm),
        Dispatch::Unfused => match_loop::run::<false>(vm),
    }
}

/// Continues as [`run_fast`] does, but runs the first instruction by its own handler
/// even if compiled code begins there.
fn resume_fast(vm: &mut Vm) -> Reason {
    #[cfg(neovm_tail_calls)]
    if vm.dispatch == Dispatch::Auto {
        return tail_call::resume(vm);
    }
    run_fast(vm)
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
