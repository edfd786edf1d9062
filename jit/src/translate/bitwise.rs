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
        if self.wide_numeric(ins) {
            return;
        }
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
                        let (second, first) = (self.number_at(ins, 0), self.number_at(ins, 1));
                        self.compare_numbers(condition, first, second)
                    }
                };
                self.pop();
                self.pop();
                self.push(Item::Bool(result));
            }
            EQUAL | NOTEQUAL if self.compare_bytes(ins) => {}
            _ => self.call_builtin(ins),
        }
    }

    /// Returns whether the two items on top are both integers or both booleans.
    fn are_alike(&self) -> bool {
        let (first, second) = (self.peek(1).kind(), self.peek(0).kind());
        first.width().is_some() && second.width().is_some() || (first, second) == (Kind::Bool, Kind::Bool)
    }
}
