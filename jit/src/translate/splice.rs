//! Byte strings: parts of them that are only compared, measured or read as integers are not made, and what is added to
//! one in a slot is added in place. Everything else is left to builtins.

use cranelift_codegen::ir::{InstBuilder, Value, condcodes::IntCC};
use neovm_interp::tier::{
    NO_INTEGER,
    builtins::{BYTES_LENGTH, SLICE_EQUAL, SLICE_INTEGER},
};
use neovm_types::{OpCode, item::ItemType};

use super::{
    Translator,
    state::{Address, Item},
};
use crate::analysis::instruction::Ins;

/// What becomes of a part of a byte string, with the index of the instruction after that.
#[derive(Clone, Copy)]
enum Use {
    /// It is converted to an integer.
    Integer(usize),
    /// Its size is asked.
    Measured(usize),
    /// It is compared with the byte string that the instruction with the first index pushes, which has the payload.
    ComparedWith(usize, usize, usize),
    /// It is compared with the item below it, which lies at the address.
    Compared(Address, usize),
}

impl Translator<'_> {
    pub(super) fn splice(&mut self, ins: &Ins) {
        let numbers = match ins.opcode {
            OpCode::CAT if self.begin_append(ins) => return,
            OpCode::SUBSTR => 2,
            OpCode::LEFT | OpCode::RIGHT => 1,
            _ => return self.call_builtin(ins),
        };
        match (self.peek(numbers), self.part_use(ins, numbers)) {
            (Item::Ref(whole, _), Some(part_use)) if self.may_be_ints(ins, numbers) => {
                self.part(ins, numbers, whole, part_use);
            }
            _ => self.call_builtin(ins),
        }
    }

    /// Returns what the next instructions do with the part, as compilers write them, if it need not be made.
    fn part_use(&self, ins: &Ins, numbers: usize) -> Option<Use> {
        // Compiled methods work on scalars alone.
        if self.must_not_speculate(ins) || self.input.method.is_some() {
            return None;
        }
        let (first, second, third) = (ins.index + 1, ins.index + 2, ins.index + 3);
        let is = |index, opcodes: &[OpCode]| self.own(index).is_some_and(|next| opcodes.contains(&next.opcode));
        if is(first, &[OpCode::SIZE]) {
            return Some(Use::Measured(second));
        }
        if !self.converts(first, ItemType::ByteString) {
            return None;
        }
        let compares = [OpCode::EQUAL, OpCode::NOTEQUAL];
        if self.converts(second, ItemType::Integer) {
            Some(Use::Integer(third))
        } else if is(second, &[OpCode::SIZE]) {
            Some(Use::Measured(third))
        } else if let (true, Item::Ref(other, _)) = (is(second, &compares), self.peek(numbers + 1)) {
            Some(Use::Compared(other, third))
        } else {
            let (payload, _) = self.own(second).and_then(|_| self.input.code.byte_string(second))?;
            is(third, &compares).then_some(Use::ComparedWith(second, payload, third + 1))
        }
    }

    /// Translates an instruction that takes a part of the item at an address, together with those that use the part. The
    /// numbers may be copies of the same item: it turns out to be an integer then, and what is asked of it fails.
    fn part(&mut self, ins: &Ins, numbers: usize, whole: Address, part_use: Use) {
        let count = self.pop_int();
        let index = if numbers == 2 { self.pop_int() } else { self.number(0) };
        self.pop();
        let item = self.address(whole);
        let index = if ins.opcode == OpCode::RIGHT {
            let length = self.ask(&BYTES_LENGTH, [item]);
            self.builder.ins().isub(length, count)
        } else {
            index
        };
        self.done_to = match part_use {
            Use::Integer(next) => {
                let [number] = self.call_native(&SLICE_INTEGER, [item, index, count]);
                let holds = self.builder.ins().icmp_imm_s(IntCC::NotEqual, number, NO_INTEGER);
                self.guard(holds);
                self.push(Item::Int(number));
                next
            }
            Use::Measured(next) => {
                self.guard_part(item, index, count);
                self.push(Item::Int(count));
                next
            }
            Use::ComparedWith(constant, payload, next) => {
                let other = self.constant_bytes(constant, payload);
                self.compare_part([item, index, count], other, next);
                next
            }
            Use::Compared(other, next) => {
                self.pop();
                let other = self.address(other);
                self.compare_part([item, index, count], other, next);
                next
            }
        };
    }

    /// Compares a part with another byte string; the instruction before `next` says what is pushed.
    fn compare_part(&mut self, [item, index, count]: [Value; 3], other: Value, next: usize) {
        let answer = self.ask(&SLICE_EQUAL, [self.vm, item, index, count, other]);
        let opcode = Ins::read(self.input.code, next - 1).map_or(OpCode::EQUAL, |ins| ins.opcode);
        self.push_equal(answer, opcode);
    }

    /// Exits unless an item has a part.
    fn guard_part(&mut self, item: Value, index: Value, count: Value) {
        let length = self.ask(&BYTES_LENGTH, [item]);
        self.guard_not_negative(index);
        self.guard_not_negative(count);
        let last = self.builder.ins().isub(length, count);
        let inside = self.builder.ins().icmp(IntCC::SignedLessThanOrEqual, index, last);
        self.guard(inside);
    }
}
