//! Operands: integers, byte strings, and items of slots.

use neovm_types::OpCode::{self, *};

use crate::scripter::{Scripter, SimpleCall};

impl Scripter<'_> {
    pub(crate) fn small(&mut self) {
        let value = self.random.below(18) as u8;
        self.bytes.push(PUSHM1 as u8 + value);
    }

    pub(crate) fn int(&mut self) {
        match self.random.below(10) {
            0 => {
                let edge = self.random.one_of(&[i64::MAX, i64::MIN, i64::MAX - 1, i64::MIN + 1, 1 << 62, -1, 255, 256]);
                self.op_with(PUSHINT64, &edge.to_le_bytes());
            }
            1 => {
                let edge = self.random.one_of(&[i32::MAX, i32::MIN, i32::MAX - 1, -129, -128, 65535, 65536]);
                self.op_with(PUSHINT32, &edge.to_le_bytes());
            }
            2 => {
                let edge = self.random.one_of(&[1i64 << 31, (1 << 32) - 1, 1 << 32, -(1 << 31) - 1, -(1 << 32)]);
                self.op_with(PUSHINT64, &edge.to_le_bytes());
            }
            3 => self.wide_int(),
            4 => {
                let value = self.random.next() as i16;
                self.op_with(PUSHINT16, &value.to_le_bytes());
            }
            5 => {
                let value = self.random.next() as i8;
                self.op_with(PUSHINT8, &value.to_le_bytes());
            }
            _ => self.small(),
        }
    }

    /// Pushes an integer that mostly exceeds 64 bits and is either random or close to a power of two.
    pub(crate) fn wide_int(&mut self) {
        let mut bytes = [0; 32];
        match self.random.below(3) {
            0 => {
                let value = i128::from(self.random.next() as i64) << self.random.below(64);
                return self.op_with(PUSHINT128, &value.to_le_bytes());
            }
            1 => {
                bytes.fill_with(|| self.random.next() as u8);
                bytes[31] = self.random.one_of(&[0, 0x7f, 0x80, 0xff]);
            }
            _ => {
                let bit = self.random.below(256);
                bytes[bit / 8] = 1 << (bit % 8);
                if self.random.one_in(2) {
                    bytes[..bit / 8].fill(0xff);
                    bytes[bit / 8] -= 1;
                }
                if self.random.one_in(3) {
                    bytes.iter_mut().for_each(|byte| *byte = !*byte);
                }
            }
        }
        self.op_with(PUSHINT256, &bytes);
    }

    pub(crate) fn data(&mut self) {
        let length = self.random.one_of(&[0, 1, 2, 3, 8, 31, 32, 33, 64, 65]);
        let fill = self.random.one_of(&[0, 1, 0x41, 0x80, 0xff]);
        if self.random.one_in(20) {
            self.op_with(PUSHDATA2, &[length as u8, 0]);
        } else {
            self.op_with(PUSHDATA1, &[length as u8]);
        }
        self.bytes.extend(core::iter::repeat_n(fill, length));
    }

    /// Pushes one item.
    pub(crate) fn value(&mut self) {
        match self.random.below(12) {
            0 => self.one_op(&[PUSHT, PUSHF, PUSHNULL]),
            1 => self.data(),
            2 => self.one_op(&[NEWARRAY0, NEWSTRUCT0, NEWMAP]),
            3..=4 => self.load_int(),
            5 => self.load_any(),
            6 => {
                self.count();
                self.one_op(&[NEWARRAY, NEWSTRUCT, NEWBUFFER]);
            }
            7 if self.random.one_in(2) => self.op_with(PUSHA, &5i32.to_le_bytes()),
            7 => self.array_of_values(),
            8 if !self.calls.simple.is_empty() => self.simple_call(),
            _ => self.int(),
        }
    }

    /// Pushes a number of items, which is rarely -1.
    pub(crate) fn count(&mut self) {
        if self.random.one_in(40) {
            return self.small();
        }
        let count = self.random.below(17);
        self.constant(count);
    }

    /// Pushes an item: the answer of a system call, if it has one.
    pub(crate) fn simple_call(&mut self) {
        let SimpleCall { id, pops, pushes } = self.random.one_of(&self.calls.simple);
        let given = if self.random.one_in(40) { self.random.below(4) } else { pops };
        (0..given).for_each(|_| if self.random.one_in(3) { self.load_any() } else { self.int() });
        self.op_with(SYSCALL, &id.to_le_bytes());
        if !pushes {
            self.small();
        }
    }

    /// Pushes an array or struct of up to three items.
    pub(crate) fn array_of_values(&mut self) {
        let count = self.random.below(4);
        (0..count).for_each(|_| self.int());
        self.constant(count);
        self.one_op(&[PACK, PACKSTRUCT]);
    }

    /// Pushes the item of a slot that should hold an integer.
    pub(crate) fn load_int(&mut self) {
        let base = self.random.one_of(&[LDLOC0, LDLOC0, LDLOC0, LDARG0, LDSFLD0]);
        let index = self.random.below(self.slots - 1);
        self.slot_op(base, if base == LDARG0 { index.min(self.arguments - 1) } else { index });
    }

    /// Pushes the item of a slot that may hold an item of any type.
    pub(crate) fn load_any(&mut self) {
        let base = self.random.one_of(&[LDLOC0, LDARG0, LDSFLD0]);
        self.slot_op(base, if base == LDARG0 { self.arguments } else { self.slots } - 1);
    }

    /// Pops an integer into a slot.
    pub(crate) fn store_int(&mut self) {
        let base = self.random.one_of(&[STLOC0, STLOC0, STLOC0, STARG0, STSFLD0]);
        let mut index = self.random.below(self.slots - 1);
        if base == STLOC0 && index < self.reserved && !self.random.one_in(40) {
            index = self.reserved;
        }
        if base == STARG0 {
            index = index.min(self.arguments - 1);
        }
        self.slot_op(base, index);
    }

    /// Pops an item into a slot that may hold an item of any type.
    pub(crate) fn store_any(&mut self) {
        let base = self.random.one_of(&[STLOC0, STARG0, STSFLD0]);
        self.slot_op(base, if base == STARG0 { self.arguments } else { self.slots } - 1);
    }

    /// A slot opcode in its short form or with an index, which is occasionally wrong.
    pub(crate) fn slot_op(&mut self, base: OpCode, index: usize) {
        let index = if self.random.one_in(300) { self.random.below(9) } else { index } as u8;
        if index > 6 || self.random.one_in(6) {
            self.bytes.extend([base as u8 + 7, index]);
        } else {
            self.bytes.push(base as u8 + index);
        }
    }

    pub(crate) fn slot(&mut self) {
        match self.random.below(5) {
            0 => {
                self.value();
                self.store_any();
            }
            1 => {
                self.int();
                self.store_int();
                self.load_int();
            }
            2 => {
                self.load_any();
                self.store_any();
                self.load_any();
            }
            3 => {
                self.load_int();
                self.load_int();
            }
            _ => {
                self.load_any();
                self.load_any();
                self.store_any();
            }
        }
    }
}
