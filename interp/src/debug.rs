//! Stepping through a script: breakpoints, into, over and out of calls.
//!
//! The debugger runs the machine one instruction at a time. A machine that runs
//! without a debugger pays nothing for it.
//!
//! Source: `Debugger.cs`.

use alloc::{collections::BTreeSet, vec::Vec};

use neovm_types::Script;

use crate::{
    host::Host,
    vm::{Outcome, Vm},
};

/// Why a debugger stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Pause {
    /// There is a breakpoint at the next instruction.
    Breakpoint,
    /// The step is complete.
    Step,
    /// The execution has ended, or the machine was stopped.
    Ended(Outcome),
}

/// A set of breakpoints, and the ways to run a machine up to them.
#[derive(Clone, Debug, Default)]
pub struct Debugger {
    breakpoints: Vec<(Script, BTreeSet<usize>)>,
}

impl Debugger {
    /// Creates a debugger without breakpoints.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets a breakpoint at a position of a script, in bytes. It applies to
    /// every load of a script with the same bytes.
    pub fn add_breakpoint(&mut self, script: &Script, position: usize) {
        match self.breakpoints.iter_mut().find(|(own, _)| own == script) {
            Some((_, positions)) => drop(positions.insert(position)),
            None => self.breakpoints.push((script.clone(), BTreeSet::from([position]))),
        }
    }

    /// Removes a breakpoint and returns whether there was one.
    pub fn remove_breakpoint(&mut self, script: &Script, position: usize) -> bool {
        self.breakpoints.iter_mut().any(|(own, positions)| own == script && positions.remove(&position))
    }

    /// Whether the machine's next instruction has a breakpoint.
    fn hits(&self, vm: &Vm) -> bool {
        let (Some(script), Some(position)) = (vm.script(), vm.position()) else { return false };
        self.breakpoints.iter().any(|(own, positions)| own == script && positions.contains(&position))
    }

    /// Runs one instruction, or none if the machine was stopped.
    fn next(&self, vm: &mut Vm, host: &mut dyn Host) -> Option<Pause> {
        if let Some(outcome) = vm.next_instruction(host) {
            return Some(Pause::Ended(outcome));
        }
        self.hits(vm).then_some(Pause::Breakpoint)
    }

    /// Runs to the next breakpoint. A breakpoint at the instruction where it
    /// starts is ignored.
    pub fn run(&self, vm: &mut Vm, host: &mut dyn Host) -> Pause {
        loop {
            if let Some(pause) = self.next(vm, host) {
                return pause;
            }
        }
    }

    /// Runs one instruction.
    pub fn step_into(&self, vm: &mut Vm, host: &mut dyn Host) -> Pause {
        match self.next(vm, host) {
            Some(Pause::Ended(outcome)) => Pause::Ended(outcome),
            _ => Pause::Step,
        }
    }

    /// Runs one instruction and, if it is a call, everything that it calls.
    pub fn step_over(&self, vm: &mut Vm, host: &mut dyn Host) -> Pause {
        let depth = vm.depth();
        loop {
            if let Some(pause) = self.next(vm, host) {
                return pause;
            }
            if vm.depth() <= depth {
                return Pause::Step;
            }
        }
    }

    /// Runs until the current context returns.
    pub fn step_out(&self, vm: &mut Vm, host: &mut dyn Host) -> Pause {
        let depth = vm.depth();
        loop {
            if let Some(pause) = self.next(vm, host) {
                return pause;
            }
            if vm.depth() < depth {
                return Pause::Step;
            }
        }
    }
}
