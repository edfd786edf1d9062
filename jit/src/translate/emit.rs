//! Loads, stores and guards.

use cranelift_codegen::ir::{
    Block, Inst, InstBuilder, MemFlagsData, Value,
    condcodes::IntCC,
    types::{I8, I32, I64},
};
use neovm_interp::tier::{After, CodeView, Leave, layout};

use super::{
    Translator,
    exit::{ExitPlan, Why},
    state::Address,
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

    /// Adds a constant to a number or an address.
    pub(super) fn plus(&mut self, value: Value, more: i64) -> Value {
        if more == 0 { value } else { self.builder.ins().iadd_imm_s(value, more) }
    }

    /// Exits unless a condition holds that the segment presumes.
    pub(super) fn guard(&mut self, holds: Value) {
        debug_assert!(!self.must_not_speculate_at(self.current), "an instruction that must not speculate has no guard");
        let holds = self.counted(holds, false);
        let exit = self.guard_exit(Some(self.current));
        self.go_on_if(holds, exit);
    }

    /// Exits unless a loaded word has the expected value.
    pub(super) fn guard_word(&mut self, word: Value, expected: i64) {
        let holds = self.builder.ins().icmp_imm_s(IntCC::Equal, word, expected);
        self.guard(holds);
    }

    /// Exits if the tag of the item in a cell is above `last`, unless that is known. Items up to `LAST_SCALAR` can be
    /// overwritten without being released.
    pub(super) fn guard_tag(&mut self, cell: Address, last: i64) {
        if self.segment.tags.iter().any(|&(known, most)| known == cell && most <= last) {
            return;
        }
        let tag = self.load(cell.base, cell.offset);
        if last == layout::INTEGER {
            self.guard_word(tag, last);
        } else {
            let holds = self.builder.ins().icmp_imm_s(IntCC::UnsignedLessThanOrEqual, tag, last);
            self.guard(holds);
        }
        // Cells of the stack and of frames are used for other items, too.
        if cell.base != self.base && cell.base != self.frame {
            self.segment.tags.push((cell, last));
        }
    }

    /// Records an overflow, which is checked before the next effect. Until then results may be wrong, but nothing can
    /// observe them. In a segment with split checks the overflow is checked at once, so that a failure names the
    /// instruction.
    pub(super) fn note_overflow(&mut self, overflow: Value) {
        debug_assert!(
            !self.must_not_speculate_at(self.current),
            "an instruction that must not speculate is not computed in 64 bits"
        );
        if self.has_split_checks() {
            let overflow = self.counted(overflow, true);
            let exit = self.guard_exit(Some(self.current));
            return self.go_to_if(overflow, exit);
        }
        let any = self.overflows.any.map_or(overflow, |earlier| self.builder.ins().bor(earlier, overflow));
        self.overflows.any = Some(any);
        self.overflows.of.push(CodeView::original(self.current));
    }

    /// Exits if an overflow was recorded in this segment.
    pub(super) fn check_overflow(&mut self) {
        let Some(overflow) = self.overflows.any.take() else { return };
        let overflow = self.counted(overflow, true);
        let exit = self.overflow_exit();
        self.go_to_if(overflow, exit);
    }

    /// Returns the block that leads to this segment's exit for the overflows recorded so far.
    pub(super) fn overflow_exit(&mut self) -> Block {
        let plan = self.segment_exit();
        self.exits.plan(plan).overflows.append(&mut self.overflows.of);
        self.guard_exit(None)
    }

    /// Returns whether each overflow of this segment has a check of its own, to find out which result does not fit.
    fn has_split_checks(&self) -> bool {
        self.input.speculation.split_checks.contains(&CodeView::original(self.segment.inst))
    }

    /// Returns the block that leads to this segment's exit: from the guard of an instruction, or from a check that
    /// concerns several instructions.
    pub(super) fn guard_exit(&mut self, guard: Option<usize>) -> Block {
        let plan = self.segment_exit();
        let exit = self.exits.plan(plan).block;
        let Some(guard) = guard.map(CodeView::original) else { return exit };
        if let Some(block) = self.exits.guard_stub(exit, guard) {
            return block;
        }
        let block = self.cold_block();
        self.exits.add_guard_stub(block, exit, guard);
        block
    }

    /// Returns the exit that all guards of this segment share.
    fn segment_exit(&mut self) -> usize {
        if let Some(plan) = self.segment.exit {
            return plan;
        }
        let plan = self.add_exit(Leave::Deopt, Why::Guard);
        self.segment.exit = Some(plan);
        plan
    }

    /// Makes a new exit to the start of the segment.
    pub(super) fn cold_exit(&mut self, leave: Leave, why: Why) -> &mut ExitPlan {
        let number = self.add_exit(leave, why);
        self.exits.plan(number)
    }

    fn add_exit(&mut self, leave: Leave, why: Why) -> usize {
        let block = self.cold_block();
        self.exits.add(ExitPlan {
            block,
            inst: self.segment.inst,
            state: self.segment.state.clone(),
            meter: self.gas.meter.value,
            refund: self.gas.refund(),
            min_gas: self.gas.min_gas(),
            leave,
            why,
            after: After::Nothing,
            status: None,
            overflows: Vec::new(),
        })
    }

    pub(super) fn cold_block(&mut self) -> Block {
        let block = self.builder.create_block();
        self.builder.set_cold_block(block);
        block
    }

    /// Branches to a cold block unless a condition holds.
    pub(super) fn go_on_if(&mut self, holds: Value, cold: Block) {
        let go_on = self.builder.create_block();
        self.builder.ins().brif(holds, go_on, &[], cold, &[]);
        self.continue_in(go_on);
    }

    /// Branches to a cold block if a condition holds.
    pub(super) fn go_to_if(&mut self, condition: Value, cold: Block) {
        let go_on = self.builder.create_block();
        self.builder.ins().brif(condition, cold, &[], go_on, &[]);
        self.continue_in(go_on);
    }

    /// Jumps to the block that begins at an instruction.
    pub(super) fn jump_to(&mut self, start: usize) -> Option<Inst> {
        let block = self.edges.block(start)?;
        Some(self.builder.ins().jump(block, &[]))
    }

    /// Continues in a block that has no other predecessor.
    pub(super) fn continue_in(&mut self, block: Block) {
        self.builder.switch_to_block(block);
        self.builder.seal_block(block);
    }

    /// Charges a cost to the meter.
    pub(super) fn charge(&mut self, cost: i64) {
        if cost != 0 {
            let meter = self.plus(self.gas.meter.value, -cost);
            self.set_meter(meter);
        }
    }

    /// Charges everything that has not been charged yet.
    pub(super) fn charge_all(&mut self) {
        let cost = self.gas.charge_but(0);
        self.charge(cost);
    }

    /// Sets the value of the meter from here on.
    pub(super) fn set_meter(&mut self, meter: Value) {
        self.gas.meter.value = meter;
        self.builder.def_var(self.gas.variable, meter);
    }

    /// Exits if the meter holds less than the segment needs.
    pub(super) fn leave_if_short(&mut self) {
        let short = self.is_short(self.gas.min_gas());
        let short = self.counted(short, true);
        let exit = self.guard_exit(None);
        self.go_to_if(short, exit);
    }

    /// Returns whether the meter holds less than `min_gas`.
    pub(super) fn is_short(&mut self, min_gas: i64) -> Value {
        self.builder.ins().icmp_imm_s(IntCC::SignedLessThan, self.gas.meter.value, min_gas)
    }

    /// Exits to the start of the segment if a condition holds.
    pub(super) fn leave_if(&mut self, condition: Value, leave: Leave, why: Why) {
        let condition = self.counted(condition, true);
        let exit = self.cold_exit(leave, why).block;
        self.go_to_if(condition, exit);
    }

    /// Begins a segment at an instruction that the interpreter has to run, and returns the exit to it.
    pub(super) fn exit_to(&mut self, index: usize, cost_ahead: i64, why: Why) -> Block {
        self.begin_segment(index, cost_ahead);
        let can_learn =
            why == Why::Opcode && self.input.speculation.can_learn(self.input.code, CodeView::original(index));
        self.cold_exit(if can_learn { Leave::Deopt } else { Leave::Resume }, why).block
    }

    /// Counts a guard. If it is the guard chosen to fail, replaces its condition by one that fails.
    pub(super) fn counted(&mut self, condition: Value, failing: bool) -> Value {
        let number = self.guards_made;
        self.guards_made += 1;
        if self.input.failing == Some(number) {
            return self.builder.ins().iconst(I8, i64::from(failing));
        }
        condition
    }

    /// Exits before an instruction that the interpreter has to run.
    pub(super) fn leave(&mut self, index: usize, cost_ahead: i64, why: Why) {
        self.check_overflow();
        let exit = self.exit_to(index, cost_ahead, why);
        self.builder.ins().jump(exit, &[]);
        self.dead = true;
    }
}
