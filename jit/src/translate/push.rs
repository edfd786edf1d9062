//! Constants.

use cranelift_codegen::ir::{InstBuilder, types::I8};
use neovm_types::OpCode;

use super::{Translator, state::Item};
use crate::analysis::instruction::Ins;

impl Translator<'_> {
    pub(super) fn push_constant(&mut self, ins: &Ins) {
        if let Some(value) = self.input.code.small_constant(ins.index) {
            return self.push(Item::Const(value));
        }
        match ins.opcode {
            OpCode::PUSHT | OpCode::PUSHF => {
                let value = self.builder.ins().iconst(I8, i64::from(ins.opcode == OpCode::PUSHT));
                self.push(Item::Bool(value));
            }
            OpCode::PUSHINT128 | OpCode::PUSHINT256 => match self.wide_constant(ins) {
                Some(number) => self.push(number.item()),
                None => self.call_builtin_with(ins, true),
            },
            OpCode::PUSHNULL => self.push(Item::Null),
            _ if self.asserts_with_message(ins) => {}
            OpCode::PUSHDATA1 | OpCode::PUSHDATA2 | OpCode::PUSHDATA4 => match self.byte_string(ins.index) {
                Some(item) => self.push(item),
                None => self.call_builtin_with(ins, true),
            },
            _ => self.call_builtin_with(ins, true),
        }
    }
}
