//! Statements on byte strings and buffers, and conversions.

use neovm_types::OpCode::*;

use crate::scripter::Scripter;

impl Scripter<'_> {
    pub(crate) fn bytes_statement(&mut self) {
        self.op_with(PUSHDATA1, b"\x07neo vm!");
        let index = if self.random.one_in(12) { 16 } else { self.random.below(7) };
        match self.random.below(6) {
            0 => {
                self.data();
                self.one_op(&[CAT, EQUAL, NOTEQUAL]);
            }
            1 => {
                self.constant(index);
                self.one_op(&[LEFT, RIGHT, PICKITEM, HASKEY]);
            }
            2 => {
                self.constant(index);
                self.ops(&[PUSH1, SUBSTR]);
            }
            3 => {
                self.op_with(CONVERT, &[0x30]);
                self.op(DUP);
                self.constant(index);
                if self.random.one_in(2) {
                    self.int();
                } else {
                    self.op(PUSH9);
                }
                self.op(SETITEM);
            }
            4 => {
                self.op_with(CONVERT, &[0x30]);
                self.op(DUP);
                self.constant(index);
                self.op_with(PUSHDATA1, b"\x02ab");
                self.ops(&[PUSH0, PUSH1, MEMCPY]);
            }
            _ => {
                // Copies within one buffer.
                self.op_with(CONVERT, &[0x30]);
                self.ops(&[DUP, DUP, PUSH2, SWAP]);
                self.constant(index.min(4));
                self.ops(&[PUSH3, MEMCPY]);
                self.one_op(&[NOP, REVERSEITEMS, SIZE, DUP]);
            }
        }
    }

    pub(crate) fn conversion(&mut self) {
        let item_type = self.random.one_of(&[0x10, 0x20, 0x21, 0x28, 0x30, 0x40, 0x41, 0x48]);
        let wrong = self.random.one_of(&[0x60, 0x00, 0x77, 0x40, 0x21]);
        match self.random.below(12) {
            0..=3 => {
                self.value();
                self.op_with(ISTYPE, &[item_type]);
            }
            4..=5 => {
                self.value();
                self.op(ISNULL);
            }
            6..=8 => {
                if self.random.one_in(4) {
                    self.data();
                } else {
                    self.small();
                }
                let item_type = self.random.one_of(&[0x20, 0x21, 0x28, 0x30]);
                self.op_with(CONVERT, &[item_type]);
                if self.random.one_in(4) {
                    self.store_any();
                }
            }
            9..=10 => {
                self.array_of_values();
                let item_type = self.random.one_of(&[0x20, 0x40, 0x41]);
                self.op_with(CONVERT, &[item_type]);
            }
            _ => {
                if self.random.one_in(4) {
                    self.op(PUSHNULL);
                } else {
                    self.value();
                }
                self.op_with(CONVERT, &[wrong]);
            }
        }
    }
}
