//! Bitwise operations and equality.

use cranelift_codegen::ir::{InstBuilder, condcodes::IntCC};
use neovm_types::OpCode;

use super::{
    Translator,
    state::{Item, Kind},
};
use crate::analysis::instruction::Ins;

impl Translator<'_> {
    pub(super) fn bitwise(&mut self, ins: &Ins) {
        use OpCode::*;
        match ins.opcode {
            INVERT if self.may_be_ints(ins, 1) => {
                let value = self.pop_int();
                let result = self.builder.ins().bnot(value);
                self.push(Item::Int(result));
            }
            AND | OR | XOR if self.may_be_ints(ins, 2) => {
                let (second, first) = (self.pop_int(), self.pop_int());
                let result = match ins.opcode {
                    AND => self.builder.ins().band(first, second),
                    OR => self.builder.ins().bor(first, second),
                    _ => self.builder.ins().bxor(first, second),
                };
                self.push(Item::Int(result));
            }
            EQUAL | NOTEQUAL if self.are_alike() => {
                let condition = if ins.opcode == EQUAL { IntCC::Equal } else { IntCC::NotEqual };
                let result = match (self.peek(1), self.peek(0)) {
                    (Item::Bool(first), Item::Bool(second)) => self.builder.ins().icmp(condition, first, second),
                    _ => {
                        let (second, first) = (self.int_at(0), self.int_at(1));
                        self.builder.ins().icmp(condition, first, second)
                    }
                };
                self.pop();
                self.pop();
                self.push(Item::Bool(result));
            }
            _ => self.call_builtin(ins),
        }
    }

    /// Returns whether the two items on top are both integers or both booleans.
    fn are_alike(&self) -> bool {
        let (first, second) = (self.peek(1).kind(), self.peek(0).kind());
        first == second && matches!(first, Kind::Int | Kind::Bool)
    }
}
