//! Looking on: traces and profiles.
//!
//! [`crate::Vm::run_observed`] runs a script by its general handlers alone,
//! one instruction at a time, and tells an [`Observer`] of each. What runs
//! without an observer has no part in this.

use alloc::{boxed::Box, vec};

use neovm_types::OpCode;

use crate::vm::Vm;

/// What an instruction did to the reference counter, and how much it cloned:
/// what the coming dynamic prices are made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RefDelta {
    /// References added. An item that only moves, from the stack into a slot
    /// or a new compound, adds and removes none.
    pub added: u64,
    /// References removed.
    pub removed: u64,
    /// Items visited by clones of structs.
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

/// One instruction, as it went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Step {
    /// Its opcode; none for bytes that are no instruction.
    pub opcode: Option<OpCode>,
    /// Its position in its script, in bytes.
    pub position: usize,
    /// Its price, in units.
    pub units: u64,
    /// What it did to the reference counter.
    pub ref_delta: RefDelta,
}

/// Somebody who looks on.
pub trait Observer {
    /// An instruction is about to run: the machine's position is its.
    fn before(&mut self, vm: &Vm) {
        let _ = vm;
    }

    /// An instruction ran, or faulted.
    fn after(&mut self, vm: &Vm, step: &Step) {
        let _ = (vm, step);
    }
}

/// What one opcode came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct OpProfile {
    /// How often it ran.
    pub count: u64,
    /// What it cost, in units.
    pub units: u64,
    /// What it did to the reference counter.
    pub ref_delta: RefDelta,
}

/// An observer that adds up by opcode.
#[derive(Clone, Debug)]
pub struct Profile(Box<[OpProfile]>);

impl Profile {
    /// An empty profile.
    pub fn new() -> Self {
        Self(vec![OpProfile::default(); 256].into_boxed_slice())
    }

    /// What an opcode came to.
    pub fn of(&self, opcode: OpCode) -> OpProfile {
        self.0[opcode as usize]
    }

    /// The opcodes that ran, in the order of their bytes.
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
