//! Instructions that reorder the stack. They emit no code unless an item has to stay in its cell.

use cranelift_codegen::ir::{InstBuilder, types::I64};
use neovm_interp::tier::layout;
use neovm_types::OpCode;

use super::{Translator, state::Item};
use crate::analysis::instruction::Ins;

impl Translator<'_> {
    pub(super) fn stack_order(&mut self, ins: &Ins) {
        use OpCode::*;
        if ins.opcode == DEPTH {
            return self.depth();
        }
        let Some((pops, _)) = ins.effect() else { return self.call_builtin(ins) };
        // The count on top is a constant: regions are only formed of such instructions.
        let counted = matches!(ins.opcode, ROLL | XDROP | REVERSEN);
        match ins.opcode {
            DUP => return self.copy_to_top(0),
            OVER => return self.copy_to_top(1),
            PICK => {
                self.pop();
                return self.copy_to_top(pops - 2);
            }
            _ => {}
        }
        let moved = match ins.opcode {
            TUCK => 0..2,
            NIP => 0..2,
            DROP => 0..1,
            _ => usize::from(counted)..pops,
        };
        if !self.movable(ins, moved) {
            return self.call_builtin(ins);
        }
        if counted {
            self.pop();
        }
        let items = pops - usize::from(counted);
        let from = self.state.stack.len() - items;
        match ins.opcode {
            DROP => drop(self.pop()),
            NIP => drop(self.state.stack.remove(from)),
            XDROP => drop(self.state.stack.remove(from)),
            TUCK => self.state.stack.insert(from, self.peek(0)),
            SWAP | ROT | ROLL => self.state.stack[from..].rotate_left(1),
            _ => self.state.stack[from..].reverse(),
        }
    }

    fn copy_to_top(&mut self, depth: usize) {
        let item = self.copy_of(depth);
        self.push(item);
    }

    /// Pushes the number of items on the evaluation stack.
    fn depth(&mut self) {
        let stack = self.load(self.vm, layout::STACK);
        let bytes = self.builder.ins().isub(self.base, stack);
        let below = self.builder.ins().sshr_imm_s(bytes, i64::from(layout::ITEM.trailing_zeros()));
        let above = self.state.stack.len() as i64 - i64::from(self.input.region.stack_inputs);
        let above = self.builder.ins().iconst(I64, above);
        let depth = self.builder.ins().iadd(below, above);
        self.push(Item::Int(depth));
    }
}
