//! Observing executions: traces and profiles.
//!
//! [`crate::Vm::run_observed`] runs a script one instruction at a time, by the
//! general handlers, and calls an [`Observer`] before and after each. Runs
//! without an observer pay nothing for this.

use alloc::{boxed::Box, vec};

use neovm_types::OpCode;

use crate::vm::Vm;

/// What an instruction did to the reference counter, and how much it cloned:
/// the quantities that planned dynamic prices depend on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RefDelta {
    /// The number of references added. An item that only moves, from the stack
    /// into a slot or a new compound, adds and removes none.
    pub added: u64,
    /// The number of references removed.
    pub removed: u64,
    /// The number of items visited while structs were cloned.
    pub cloned: u64,
}

impl RefDelta {
    fn since(self, before: Self) -> Self {
        Self {
            added: self.added - before.added,
            removed: self.removed - before.removed,
            cloned: self.cloned - before.cloned,
        }
    }
}

/// One instruction that ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Step {
    /// The opcode, or `None` for bytes that are no instruction.
    pub opcode: Option<OpCode>,
    /// The position in the script, in bytes.
    pub position: usize,
    /// The price, in units.
    pub units: u64,
    /// What the instruction did to the reference counter.
    pub ref_delta: RefDelta,
}

/// Observes an execution, see [`crate::Vm::run_observed`].
pub trait Observer {
    /// Called before an instruction runs; the machine's position is that of the
    /// instruction.
    fn before(&mut self, vm: &Vm) {
        let _ = vm;
    }

    /// Called after an instruction ran or faulted.
    fn after(&mut self, vm: &Vm, step: &Step) {
        let _ = (vm, step);
    }
}

/// Totals of one opcode.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct OpProfile {
    /// The number of times that it ran.
    pub count: u64,
    /// The units that it cost.
    pub units: u64,
    /// What it did to the reference counter.
    pub ref_delta: RefDelta,
}

/// An observer that keeps totals by opcode.
#[derive(Clone, Debug)]
pub struct Profile(Box<[OpProfile]>);

impl Profile {
    /// Creates an empty profile.
    pub fn new() -> Self {
        Self(vec![OpProfile::default(); 256].into_boxed_slice())
    }

    /// Returns the totals of an opcode.
    pub fn of(&self, opcode: OpCode) -> OpProfile {
        self.0[opcode as usize]
    }

    /// Returns the opcodes that ran with their totals, in the order of their bytes.
    pub fn iter(&self) -> impl Iterator<Item = (OpCode, OpProfile)> {
        let all = OpCode::ALL.iter().map(|&opcode| (opcode, self.of(opcode)));
        all.filter(|(_, profile)| profile.count > 0)
    }
}

impl Default for Profile {
    fn default() -> Self {
        Self::new()
    }
}

impl Observer for Profile {
    fn after(&mut self, _: &Vm, step: &Step) {
        let Some(opcode) = step.opcode else { return };
        let own = &mut self.0[opcode as usize];
        own.count += 1;
        own.units += step.units;
        own.ref_delta.added += step.ref_delta.added;
        own.ref_delta.removed += step.ref_delta.removed;
        own.ref_delta.cloned += step.ref_delta.cloned;
    }
}

impl Step {
    /// The instruction that a machine is about to run.
    pub(crate) fn begin(vm: &Vm) -> Self {
        let units = vm.price() as u64;
        Self { opcode: vm.opcode(), position: vm.position().unwrap_or(0), units, ref_delta: vm.ref_delta }
    }

    /// The same after it ran.
    pub(crate) fn end(mut self, vm: &Vm) -> Self {
        self.ref_delta = vm.ref_delta.since(self.ref_delta);
        self
    }
}
