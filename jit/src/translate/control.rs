//! Jumps and assertions.

use cranelift_codegen::ir::{InstBuilder, Value, condcodes::IntCC};
use neovm_interp::tier::Leave;
use neovm_types::OpCode;

use super::{Translator, exit::Why};
use crate::analysis::instruction::{Flow, Ins};

impl Translator<'_> {
    pub(super) fn control(&mut self, ins: &Ins) {
        match ins.flow() {
            Flow::Jump(to) => {
                self.follow_tries(ins);
                self.settle(&[to]);
                self.go_to(to);
            }
            Flow::Branch(to) => self.branch(ins, to),
            Flow::Leave => self.leave_at(ins),
            Flow::Call => self.call(ins),
            Flow::Return => self.ret(ins),
            Flow::Throw => self.throw(ins),
            Flow::Next if ins.opcode == OpCode::ASSERT => self.assert(ins),
            Flow::Next => self.follow_tries(ins),
        }
    }

    /// Exits before an instruction in the middle of a block.
    pub(super) fn leave_at(&mut self, ins: &Ins) {
        let cost = self.input.code.meter_cost(ins.index);
        self.leave(ins.index, self.gas.ahead() + cost, Why::Opcode);
    }

    /// Translates a PUSHDATA and the ASSERTMSG that follows it as an ASSERT, so that the message is never made. Returns
    /// false and emits nothing if they are not that.
    pub(super) fn asserts_with_message(&mut self, ins: &Ins) -> bool {
        let next = ins.index + 1;
        if self.input.region.blocks.contains_key(&next) || !ins.pushes_message(self.input.code) {
            return false;
        }
        self.assert(ins);
        self.done_to = next + 1;
        true
    }

    /// Exits if an asserted condition does not hold: the interpreter reports the fault.
    fn assert(&mut self, ins: &Ins) {
        if !self.may_be_condition(ins, 0) {
            return self.leave_at(ins);
        }
        self.check_overflow();
        let condition = self.pop_condition();
        let failed = self.builder.ins().icmp_imm_s(IntCC::Equal, condition, 0);
        self.leave_if(failed, Leave::Resume, Why::Fault);
    }

    fn branch(&mut self, ins: &Ins, to: usize) {
        let Some((condition, holds)) = self.condition(ins) else { return self.leave_at(ins) };
        let behind = ins.index + 1;
        self.settle(&[to, behind]);
        self.check_overflow();
        let nexts = if holds { [to, behind] } else { [behind, to] };
        let ways = nexts.map(|next| self.way_to(next));
        let blocks = ways.map(|way| way.unwrap_or_else(|| self.builder.create_block()));
        self.builder.ins().brif(condition, blocks[0], &[], blocks[1], &[]);
        let meter = self.gas.meter;
        for i in [0, 1] {
            if ways[i].is_none() {
                // Each path charges its own cost.
                self.gas.meter = meter;
                self.continue_in(blocks[i]);
                self.go_to(nexts[i]);
            }
        }
        self.dead = true;
    }

    /// Returns the condition that decides a jump, and the value of the condition for which the jump is taken; none if
    /// only the interpreter can decide.
    fn condition(&mut self, ins: &Ins) -> Option<(Value, bool)> {
        use OpCode::*;
        let comparison = match ins.opcode {
            JMPIF | JMPIF_L | JMPIFNOT | JMPIFNOT_L => {
                if !self.may_be_condition(ins, 0) {
                    return None;
                }
                return Some((self.pop_condition(), matches!(ins.opcode, JMPIF | JMPIF_L)));
            }
            JMPEQ | JMPEQ_L => IntCC::Equal,
            JMPNE | JMPNE_L => IntCC::NotEqual,
            JMPGT | JMPGT_L => IntCC::SignedGreaterThan,
            JMPGE | JMPGE_L => IntCC::SignedGreaterThanOrEqual,
            JMPLT | JMPLT_L => IntCC::SignedLessThan,
            _ => IntCC::SignedLessThanOrEqual,
        };
        if !self.is_wide(ins, 2) && !self.may_be_ints(ins, 2) {
            return None;
        }
        self.hold(ins, 2);
        Some((self.compare(ins, comparison), true))
    }
}
