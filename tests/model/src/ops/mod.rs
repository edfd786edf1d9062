//! The opcodes' handlers, by family as in the reference's `JumpTable.*.cs`.

mod bitwise;
mod compound;
mod control;
mod numeric;
mod push;
mod slot;
mod splice;
mod stack;
mod types;

use crate::{
    error::{Done, fault},
    machine::Machine,
    opcode::{Instruction, Op},
};

impl Machine<'_> {
    /// Runs an instruction that has already been charged for.
    pub(crate) fn execute(&mut self, instruction: &Instruction<'_>) -> Done {
        let op = instruction.op;
        match op as u8 {
            0x00..=0x20 => self.push_op(instruction),
            0x21..=0x41 => self.control_op(instruction),
            0x43..=0x55 => self.stack_op(op),
            0x56..=0x87 => self.slot_op(instruction),
            0x88..=0x8e => self.splice_op(op),
            0x90..=0x98 => self.bitwise_op(op),
            0x99..=0xbb => self.numeric_op(op),
            0xbe..=0xd4 => self.compound_op(instruction),
            _ => self.types_op(instruction),
        }
    }
}

/// Faults for an opcode that does not belong to the family, which never happens.
fn stray(op: Op) -> Done {
    fault(format!("{} is in the wrong family", op.name()))
}
