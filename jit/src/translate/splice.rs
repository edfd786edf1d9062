//! Byte strings: everything is left to builtins, except for integers that are read out of a part of one.

use cranelift_codegen::ir::{InstBuilder, condcodes::IntCC};
use neovm_interp::tier::{NO_INTEGER, builtins::SLICE_INTEGER};
use neovm_types::{OpCode, item::ItemType};

use super::{Translator, state::Item};
use crate::analysis::instruction::Ins;

impl Translator<'_> {
    pub(super) fn splice(&mut self, ins: &Ins) {
        match self.peek(2) {
            Item::Ref(address, _) if self.is_number(ins) && self.may_be_ints(ins, 2) => {
                let (count, index) = (self.pop_int(), self.pop_int());
                self.pop();
                let item = self.address(address);
                let [number] = self.call_native(&SLICE_INTEGER, [item, index, count]);
                let holds = self.builder.ins().icmp_imm_s(IntCC::NotEqual, number, NO_INTEGER);
                self.guard(holds);
                self.push(Item::Int(number));
                self.done_to = ins.index + 3;
            }
            _ => self.call_builtin(ins),
        }
    }

    /// Returns whether an instruction is a SUBSTR whose result the next two instructions convert to a byte string and
    /// then to an integer, as compilers write it.
    fn is_number(&self, ins: &Ins) -> bool {
        let wanted = [ItemType::ByteString, ItemType::Integer];
        ins.opcode == OpCode::SUBSTR
            && !self.must_not_speculate(ins)
            && (ins.index + 1..).zip(wanted).all(|(index, wanted)| {
                let is_own = self.edges.block(index).is_none();
                let next = Ins::read(self.input.code, index).filter(|next| is_own && !self.must_not_speculate(next));
                next.is_some_and(|next| next.opcode == OpCode::CONVERT && next.operand == wanted as i64)
            })
    }
}
