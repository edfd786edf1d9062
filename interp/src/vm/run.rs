//! Running scripts: the loop around dispatch, and single steps.
//!
//! Source: `ExecutionEngine.cs` (`Execute`, `ExecuteNext`).

use core::sync::atomic::Ordering;

use neovm_types::{Fault, FaultKind, Gas, Instruction, Script};

use super::{State, Vm};
use crate::{
    caller::Caller,
    dispatch::dispatch,
    host::Host,
    observe::{Observer, Step},
    op::Op,
    ops::{Handler, HostedFn, raise},
};

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// The last context returned.
    Halt,
    /// An instruction, or the host, faulted.
    Fault(Fault),
    /// The run was stopped between two instructions and can go on.
    Stopped(Stop),
}

/// What stopped a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stop {
    /// The instruction budget is used up.
    Budget,
    /// The interrupt flag is set.
    Interrupted,
}

/// Budgets below this are run step by step.
const STEPWISE: u64 = 8192;

impl Vm {
    /// Runs until the last context returns, an instruction faults, the budget is
    /// used up or the interrupt flag is set.
    ///
    /// Calling this again continues a run that was stopped, and has no effect on an
    /// execution that has ended. If the host panics, the machine faults: it cannot
    /// continue, but can be reset.
    pub fn run(&mut self, host: &mut dyn Host) -> Outcome {
        self.guarded(|vm| {
            loop {
                if let Some(outcome) = vm.stopped() {
                    return outcome;
                }
                match vm.budget {
                    // Each context may return without using gas.
                    Some(left) if left < STEPWISE + 2 * vm.depth() as u64 => vm.step_within_budget(host),
                    // The host pushed too many items: the next instruction faults.
                    _ if vm.sp > vm.limit => vm.step_within_budget(host),
                    _ => vm.run_chunk(host),
                }
            }
        })
    }

    /// Calls a function that may call the host. If the host panics, the machine faults.
    fn guarded<R>(&mut self, action: impl FnOnce(&mut Self) -> R) -> R {
        struct Unwound<'a>(&'a mut Vm);
        impl Drop for Unwound<'_> {
            fn drop(&mut self) {
                self.0.fail(FaultKind::Engine("the host panicked"));
            }
        }
        let guard = Unwound(self);
        let result = action(guard.0);
        core::mem::forget(guard);
        result
    }

    /// Runs as [`Vm::run`] does and calls an observer before and after each
    /// instruction.
    pub fn run_observed(&mut self, host: &mut dyn Host, observer: &mut dyn Observer) -> Outcome {
        loop {
            if let Some(outcome) = self.stopped() {
                return outcome;
            }
            observer.before(self);
            let step = Step::begin(self);
            self.step_within_budget(host);
            observer.after(self, &step.end(self));
        }
    }

    /// Runs one instruction, unless the budget is used up or the interrupt flag
    /// is set. Returns the outcome if the execution has ended or was stopped.
    pub fn next_instruction(&mut self, host: &mut dyn Host) -> Option<Outcome> {
        if let Some(outcome) = self.stopped() {
            return Some(outcome);
        }
        self.step_within_budget(host);
        self.ended()
    }

    fn step_within_budget(&mut self, host: &mut dyn Host) {
        let begun = self.instructions();
        self.step(host);
        let used = self.instructions() - begun;
        self.budget = self.budget.map(|left| left.saturating_sub(used));
    }

    /// Returns the outcome if the execution has ended, or if the budget or the
    /// interrupt flag keeps it from going on.
    pub fn stopped(&mut self) -> Option<Outcome> {
        if let Some(outcome) = self.ended() {
            return Some(outcome);
        }
        if self.budget == Some(0) {
            return Some(Outcome::Stopped(Stop::Budget));
        }
        self.interrupted().then_some(Outcome::Stopped(Stop::Interrupted))
    }

    fn interrupted(&self) -> bool {
        self.interrupt.as_ref().is_some_and(|flag| flag.load(Ordering::Relaxed))
    }

    /// Runs one instruction, regardless of budget and interrupt flag. Returns
    /// the outcome if the execution has ended, and `None` otherwise.
    pub fn step(&mut self, host: &mut dyn Host) -> Option<Outcome> {
        if let Some(end) = self.ended() {
            return Some(end);
        }
        let price = self.price();
        if self.inst().op != Op::Bad && !self.gas.charge(price) {
            self.fail(FaultKind::InsufficientGas);
            return self.ended();
        }
        self.guarded(|vm| {
            let result = vm.execute(host);
            vm.finish(result);
        });
        self.ended()
    }

    /// Returns the price of the next instruction, in units.
    pub(crate) fn price(&self) -> i64 {
        self.inst().single_cost(&self.prices) >> 32
    }

    /// Runs until the grant is used up or the execution ends.
    fn run_chunk(&mut self, host: &mut dyn Host) {
        // The host may have popped items, so that there is more room than memory.
        if self.limit > self.end {
            self.grow_arena(0);
        }
        // Fused instructions are charged together. If the gas does not cover that, they
        // run one by one.
        let price = self.inst().cost >> 32;
        if !self.gas.covers(price) {
            return self.step_within_budget(host);
        }
        // A unit pays for at most two instructions (CALL pays for its RET). System
        // calls are free, but end the chunk if there is a budget.
        let most = self.budget.map_or(i64::MAX, |left| ((left - STEPWISE / 2) / 4) as i64);
        self.meter = self.gas.grant(price, most);
        self.chunk_over = false;
        let begun = self.instructions();
        let result = dispatch(self, host);
        self.settle();
        let used = self.instructions() - begun;
        self.budget = self.budget.map(|left| left.saturating_sub(used));
        self.finish(result);
    }

    /// Stops the meter, if it runs: the gas and the instructions that it counted are charged.
    pub(super) fn settle(&mut self) {
        self.gas.settle(core::mem::take(&mut self.meter));
    }

    /// Runs the instruction at `ip`, which is already charged, by its general handler.
    /// Then checks the limits and sets the next instruction.
    pub(crate) fn execute(&mut self, host: &mut dyn Host) -> Result<(), FaultKind> {
        let (op, opcode) = (self.inst().op, self.inst().opcode);
        if op == Op::Bad {
            return Err(self.bad_instruction());
        }
        self.jumped = false;
        let result = match self.table.handler(opcode) {
            Handler::Simple(handler) => handler(self),
            Handler::Hosted(handler) => self.execute_hosted(handler, host),
        };
        self.conclude(result, op == Op::Misaligned, host)
    }

    /// Runs the SYSCALL at `ip`, which is not misaligned, as [`Vm::execute`] does.
    ///
    /// Results that can hold a fault are large. Moving one would take longer than all
    /// the rest of a short system call, so it is checked in place and moved only if it
    /// is an error.
    #[inline(always)]
    pub(crate) fn execute_system_call(&mut self, host: &mut dyn Host) -> Result<(), FaultKind> {
        let id = self.inst().operand as u32;
        self.jumped = false;
        self.in_instruction = true;
        if let Err(error) = host.syscall(&mut Caller::new(self), id) {
            let result = raise(self, host, error);
            self.end_hosted(true);
            return self.conclude(result, false, host);
        }
        self.end_hosted(true);
        self.complete(false)
    }

    /// Completes an instruction that a general handler ran. The next decoded
    /// instruction is adjacent unless this one is misaligned.
    #[inline(always)]
    pub(crate) fn conclude(
        &mut self,
        result: Result<(), FaultKind>,
        is_misaligned: bool,
        host: &mut dyn Host,
    ) -> Result<(), FaultKind> {
        // The result is large; in the usual case it is only checked, not moved.
        if result.is_err() {
            self.catch(result, host)?;
        }
        self.complete(is_misaligned)
    }

    /// Checks the limits after an instruction and goes on to the next one.
    #[inline(always)]
    fn complete(&mut self, is_misaligned: bool) -> Result<(), FaultKind> {
        self.clear_zeros();
        if self.limit > self.end {
            self.grow_arena(0);
        }
        if self.sp > self.limit {
            return Err(self.over_limit());
        }
        if !self.jumped {
            self.ip = if is_misaligned { self.next_ip() } else { self.ip.wrapping_add(1) };
        }
        Ok(())
    }

    /// Turns a fault that the script may catch into an exception. Other faults are
    /// returned.
    #[cold]
    fn catch(&mut self, result: Result<(), FaultKind>, host: &mut dyn Host) -> Result<(), FaultKind> {
        match result {
            Err(kind) if kind.is_catchable() && self.limits.catch_engine_exceptions => {
                let metered = self.is_metered();
                let result = self.throw(kind.message().into(), host);
                self.resume(metered);
                result
            }
            result => result,
        }
    }

    /// Returns the fault for the bytes at the current position, which are not a valid
    /// instruction.
    #[cold]
    fn bad_instruction(&self) -> FaultKind {
        let bytes = self.script().map_or(&[][..], Script::bytes);
        Instruction::decode(bytes, self.inst().offset as usize).err().unwrap_or(FaultKind::BadScript)
    }

    /// Runs a handler that may call the host.
    #[inline(never)]
    fn execute_hosted(&mut self, handler: HostedFn, host: &mut dyn Host) -> Result<(), FaultKind> {
        let metered = self.is_metered();
        self.in_instruction = true;
        let result = handler(self, host);
        self.end_hosted(metered);
        result
    }

    /// Ends an instruction that called the host; the meter was running if `metered`.
    #[inline(always)]
    fn end_hosted(&mut self, metered: bool) {
        self.in_instruction = false;
        self.resume(metered);
    }

    fn is_metered(&self) -> bool {
        self.meter != 0
    }

    /// Lets the dispatch loop go on after a call of the host. The meter may have been stopped: by a fee after which the
    /// gas did not cover the grant, or because another load pays.
    #[inline(always)]
    fn resume(&mut self, metered: bool) {
        if !metered {
            return;
        }
        // Free instructions would not notice the budget, the flag or the gas limit.
        self.chunk_over |= self.budget.is_some() || self.interrupted();
        if !self.is_metered() {
            self.meter = self.gas.grant(0, i64::MAX);
            self.chunk_over |= !self.gas.covers(0);
        }
    }

    /// Returns the fault of exceeding the item limit.
    #[cold]
    pub(crate) fn over_limit(&self) -> FaultKind {
        FaultKind::MaxStackSize { count: self.reference_count(), limit: self.limits.max_stack_size }
    }

    fn finish(&mut self, result: Result<(), FaultKind>) {
        match result {
            Err(kind) => self.fail(kind),
            Ok(()) if self.loads.is_empty() => self.state = State::Halt,
            Ok(()) => {}
        }
    }

    /// Ends the execution with a fault. The contexts are kept.
    fn fail(&mut self, kind: FaultKind) {
        self.state = State::Fault;
        self.fault = Some(Fault { kind, opcode: self.opcode(), position: self.position() });
    }

    /// Returns the outcome if the execution has ended. A machine with nothing loaded
    /// halts at once.
    fn ended(&mut self) -> Option<Outcome> {
        if self.state == State::Break && self.loads.is_empty() {
            self.state = State::Halt;
        }
        match self.state {
            State::Break => None,
            State::Halt => Some(Outcome::Halt),
            State::Fault => self.fault.clone().map(Outcome::Fault),
        }
    }

    /// Charges a fee on top of what instructions cost.
    ///
    /// # Errors
    /// [`FaultKind::InsufficientGas`] if the fee exceeds the gas that is left. The fee
    /// still counts as consumed.
    #[inline]
    pub fn add_fee(&mut self, fee: Gas) -> Result<(), FaultKind> {
        if self.gas.add(fee) { Ok(()) } else { self.settle_fee() }
    }

    /// Stops the meter after a fee, because the gas does not cover both what was charged and all that is granted.
    #[cold]
    fn settle_fee(&mut self) -> Result<(), FaultKind> {
        self.settle();
        if self.gas.covers(0) { Ok(()) } else { Err(FaultKind::InsufficientGas) }
    }
}
