//! Loads, stores and guards.

use cranelift_codegen::ir::{
    Block, InstBuilder, MemFlagsData, Value,
    condcodes::IntCC,
    types::{I8, I32, I64},
};
use neovm_interp::tier::{Exit, Leave};

use super::{
    Translator,
    exit::{Caller, ExitPlan, Why},
};

impl Translator<'_> {
    pub(super) fn load(&mut self, address: Value, offset: i32) -> Value {
        self.builder.ins().load(I64, MemFlagsData::trusted(), address, offset)
    }

    pub(super) fn load_u32(&mut self, address: Value, offset: i32) -> Value {
        let value = self.builder.ins().load(I32, MemFlagsData::trusted(), address, offset);
        self.builder.ins().uextend(I64, value)
    }

    pub(super) fn load_byte(&mut self, address: Value, offset: i32) -> Value {
        self.builder.ins().load(I8, MemFlagsData::trusted(), address, offset)
    }

    pub(super) fn store(&mut self, value: Value, address: Value, offset: i32) {
        self.builder.ins().store(MemFlagsData::trusted(), value, address, offset);
    }

    pub(super) fn number(&mut self, value: i64) -> Value {
        self.builder.ins().iconst(I64, value)
    }

    /// Leaves if a condition does not hold: the segment took it for granted.
    /// Overflows found so far are looked at first.
    pub(super) fn guard(&mut self, holds: Value) {
        self.check_overflow();
        let exit = self.guard_exit(self.current as u32);
        let go_on = self.builder.create_block();
        self.builder.ins().brif(holds, go_on, &[], exit, &[]);
        self.builder.switch_to_block(go_on);
    }

    /// The same for an address's eight bytes, which must be a number.
    pub(super) fn guard_word(&mut self, word: Value, expected: i64) {
        let holds = self.builder.ins().icmp_imm_s(IntCC::Equal, word, expected);
        self.guard(holds);
    }

    /// Notes an overflow, which is looked at before the next effect.
    pub(super) fn note_overflow(&mut self, overflow: Value) {
        self.overflow = Some(match self.overflow {
            Some(earlier) => self.builder.ins().bor(earlier, overflow),
            None => overflow,
        });
    }

    /// Leaves if there was an overflow in this segment.
    pub(super) fn check_overflow(&mut self) {
        let Some(overflow) = self.overflow.take() else { return };
        let exit = self.guard_exit(Exit::ARITHMETIC);
        let go_on = self.builder.create_block();
        self.builder.ins().brif(overflow, exit, &[], go_on, &[]);
        self.builder.switch_to_block(go_on);
    }

    /// The way to the exit of this segment's guards, which tells for which instruction.
    fn guard_exit(&mut self, culprit: u32) -> Block {
        let exit = self.segment_exit();
        let block = self.builder.create_block();
        self.builder.set_cold_block(block);
        self.guards.push((block, culprit, exit));
        block
    }

    /// The exit of this segment's guards.
    fn segment_exit(&mut self) -> Block {
        if let Some((_, exit)) = self.segment.exit {
            return exit;
        }
        let block = self.cold_exit(Leave::Deopt, Why::Guard);
        // The instruction that it is left for, or the gas.
        self.builder.append_block_param(block, I32);
        self.segment.exit = Some((self.exits.len() - 1, block));
        block
    }

    /// A new exit to where the segment begins.
    pub(super) fn cold_exit(&mut self, leave: Leave, why: Why) -> Block {
        let block = self.builder.create_block();
        self.builder.set_cold_block(block);
        self.exits.push(ExitPlan {
            block,
            place: self.segment.place,
            behind: self.current + 1,
            state: self.segment.state.clone(),
            meter: self.charged,
            refund: self.segment.refund,
            leave,
            why,
            helped: None,
            caller: Caller::No,
        });
        block
    }

    /// Leaves if the block cannot be paid.
    pub(super) fn leave_if_short(&mut self, meter: Value) {
        let short = self.builder.ins().icmp_imm_s(IntCC::SignedLessThan, meter, 0);
        let exit = self.guard_exit(Exit::GAS);
        let go_on = self.builder.create_block();
        self.builder.ins().brif(short, exit, &[], go_on, &[]);
        self.builder.switch_to_block(go_on);
    }

    /// Leaves to where the segment begins if a condition holds.
    pub(super) fn leave_if(&mut self, condition: Value, leave: Leave, why: Why) {
        let exit = self.cold_exit(leave, why);
        let go_on = self.builder.create_block();
        self.builder.ins().brif(condition, exit, &[], go_on, &[]);
        self.builder.switch_to_block(go_on);
    }

    /// Leaves before an instruction, which the interpreter has to run.
    pub(super) fn leave(&mut self, place: usize, cost_ahead: i64, why: Why) {
        self.check_overflow();
        self.begin_segment(place, cost_ahead);
        let exit = self.cold_exit(Leave::Resume, why);
        self.builder.ins().jump(exit, &[]);
        self.dead = true;
    }
}
