//! Instructions that builtins run: they call the interpreter without leaving compiled code.

use cranelift_codegen::ir::{InstBuilder, Value, condcodes::IntCC};
use neovm_interp::tier::{After, BuiltinStatus, Leave, STATUS_MASK, builtins::InstBuiltin, layout};

use super::{
    Translator,
    exit::Why,
    state::{Item, Origin},
};
use crate::analysis::{inline::InlinedFrame, instruction::Ins};

impl Translator<'_> {
    /// Runs an instruction by its builtin. The items that it pops are written to memory before the call, and its
    /// results are in memory afterwards.
    pub(super) fn call_builtin(&mut self, ins: &Ins) {
        self.call_builtin_with(ins, false);
    }

    /// Runs an instruction by its builtin. `is_other` says that its results are presumed not to be small values.
    pub(super) fn call_builtin_with(&mut self, ins: &Ins, is_other: bool) {
        // Functions have no builtins that change the machine.
        let is_function = self.input.method.is_some();
        let Some((pops, pushes)) = ins.effect().filter(|_| !is_function) else { return self.leave_at(ins) };
        let Some(builtin) = self.input.code.inst_builtin(ins.index) else { return self.leave_at(ins) };
        self.settle_refs(ins, pops, |origin| origin == Origin::Element);
        self.before_effect(ins);
        self.spill(pops);
        let status = self.emit_builtin_call(ins, &builtin);
        let kept = self.state.stack.len() - pops;
        self.state.stack.truncate(kept);
        self.check_status(ins, status);
        self.state.stack.extend((0..pushes).map(|_| Item::Mem(is_other)));
        self.forget_moved(ins);
        self.after_effect(ins);
    }

    fn emit_builtin_call(&mut self, ins: &Ins, builtin: &InstBuiltin) -> Value {
        let cell = self.number(self.input.code.inst_address(ins.index) as i64);
        let top = self.stack_offset(self.state.stack.len());
        let sp = self.plus(self.base, i64::from(top));
        let slots = self.input.region.frame(ins.index).map_or(0, InlinedFrame::slots_end) as i64;
        if slots == 0 {
            let [status] = self.call_native(builtin, [self.vm, cell, sp, self.frame]);
            return status;
        }
        self.take_room(slots);
        let [status] = self.call_native(builtin, [self.vm, cell, sp, self.frame]);
        let limit = self.take_room(-slots);
        // The builtin has compared a lower limit.
        let end = self.load(self.vm, layout::END);
        let is_above = self.builder.ins().icmp(IntCC::UnsignedGreaterThan, limit, end);
        let how = self.builder.ins().band_imm_s(status, STATUS_MASK as i64);
        let is_done = self.builder.ins().icmp_imm_s(IntCC::Equal, how, BuiltinStatus::Done as i64);
        let must_grow = self.builder.ins().band(is_above, is_done);
        let [resume, done] = [BuiltinStatus::Resume, BuiltinStatus::Done].map(|status| self.number(status as i64));
        let more = self.builder.ins().select(must_grow, resume, done);
        self.builder.ins().bor(status, more)
    }

    /// Takes room for the slots of inlined methods, which count as items. Otherwise it is only known that there is enough
    /// room for them. Returns the limit.
    fn take_room(&mut self, slots: i64) -> Value {
        let limit = self.load(self.vm, layout::LIMIT);
        let limit = self.plus(limit, -slots * i64::from(layout::ITEM));
        self.store(limit, self.vm, layout::LIMIT);
        limit
    }

    /// Exits unless the builtin just called ran its instruction. The state holds the items below the operands.
    fn check_status(&mut self, ins: &Ins, status: Value) {
        let how = self.builder.ins().band_imm_s(status, STATUS_MASK as i64);
        self.begin_segment(ins.index, self.gas.ahead());
        let exit = self.cold_exit(Leave::Resume, Why::Fault);
        exit.after = After::Builtin;
        exit.status = Some(status);
        let block = exit.block;
        self.go_to_if(how, block);
    }
}
