//! Instructions that builtins run: they call the interpreter without leaving compiled code.

use cranelift_codegen::ir::{InstBuilder, Value};
use neovm_interp::tier::{After, Leave, STATUS_MASK, builtins::InstBuiltin};

use super::{
    Translator,
    exit::Why,
    state::{Item, Origin},
};
use crate::analysis::{inline::frame_of, instruction::Ins};

impl Translator<'_> {
    /// Runs an instruction by its builtin. The items that it pops are written to memory before the call, and its
    /// results are in memory afterwards.
    pub(super) fn call_builtin(&mut self, ins: &Ins) {
        self.call_builtin_with(ins, false);
    }

    /// Runs an instruction by its builtin. `is_other` says that its results are presumed not to be small values.
    pub(super) fn call_builtin_with(&mut self, ins: &Ins, is_other: bool) {
        // Compiled methods have no builtins that change the machine.
        let is_own = self.input.method.is_none() && frame_of(ins.index) == 0;
        let Some((pops, pushes)) = ins.effect().filter(|_| is_own) else { return self.leave_at(ins) };
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
        let [status] = self.call_native(builtin, [self.vm, cell, sp, self.frame]);
        status
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
