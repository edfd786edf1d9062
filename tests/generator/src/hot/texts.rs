//! Maps with text keys and byte strings that grow, as hot loops use them.

use neovm_types::OpCode::*;

use super::{SLOT_KINDS, SLOTS};
use crate::scripter::Scripter;

/// Keys, each behind its length. Mostly the first ones have integers.
const NAMES: [&[u8]; 4] = [b"\x05alice", b"\x03bob", b"\x05carol", b"\x10constantinopolis"];

/// The number of keys that mostly have integers.
const NUMBERS: usize = 3;

impl Scripter<'_> {
    /// Pushes a map from names to items, some of which are compounds. Some maps have so many entries that they have an
    /// index.
    pub(super) fn named_map(&mut self) {
        let more = if self.random.one_in(4) { 6 } else { 0 };
        for letter in 0..more {
            self.small();
            self.op_with(PUSHDATA1, &[1, b'a' + letter]);
        }
        for (place, name) in NAMES.into_iter().enumerate() {
            let most = if place < NUMBERS { 40 } else { 4 };
            match self.random.below(most) {
                0 => self.value(),
                1 => {
                    self.small();
                    self.constant(0);
                    self.ops(&[PUSH1, PACKMAP]);
                }
                2..=3 => {
                    (0..4).for_each(|_| self.small());
                    self.ops(&[PUSH4, PACK]);
                }
                4..=16 => self.int(),
                _ => self.small(),
            }
            self.op_with(PUSHDATA1, name);
        }
        self.constant(NAMES.len() + usize::from(more));
        self.op(PACKMAP);
    }

    /// Pushes a key that the map mostly has.
    fn name(&mut self) {
        match self.random.below(20) {
            0 => self.key(),
            1 => self.op_with(PUSHDATA1, b"\x04dave"),
            2 => self.op_with(PUSHDATA1, b"\x01c"),
            3 => {
                // A buffer is no key.
                self.op_with(PUSHDATA1, NAMES[0]);
                self.op_with(CONVERT, &[0x30]);
            }
            4 => {
                self.op_with(PUSHDATA1, &[65]);
                self.bytes.extend([b'k'; 65]);
            }
            _ => self.usual_name(),
        }
    }

    /// Pushes a key that mostly has an integer.
    pub(super) fn usual_name(&mut self) {
        let names = if self.random.one_in(12) { &NAMES[..] } else { &NAMES[..NUMBERS] };
        let name = self.random.one_of(names);
        self.op_with(PUSHDATA1, name);
    }

    /// Pushes a key that mostly has a compound.
    fn name_of_compound(&mut self) {
        if self.random.one_in(12) { self.name() } else { self.op_with(PUSHDATA1, NAMES[NUMBERS]) }
    }

    /// Uses the map with text keys that was pushed from the last slot of a kind.
    pub(super) fn use_named_map(&mut self, kind: usize) {
        match self.random.below(12) {
            0..=2 => {
                self.name();
                self.op(PICKITEM);
                self.take();
            }
            3..=6 => {
                // Adds to a value.
                let names = if self.random.one_in(20) { &NAMES[..] } else { &NAMES[..NUMBERS] };
                let name = self.random.one_of(names);
                self.op_with(PUSHDATA1, name);
                self.bytes.push(SLOT_KINDS[kind].0 as u8 + SLOTS as u8 - 1);
                if self.random.one_in(8) {
                    self.name();
                } else {
                    self.op_with(PUSHDATA1, name);
                }
                self.op(PICKITEM);
                self.load_int();
                self.one_op(&[ADD, SUB, MUL, XOR]);
                self.op(SETITEM);
            }
            7 => {
                self.name();
                self.op(HASKEY);
                self.store_any();
            }
            8 => {
                self.name();
                if self.random.one_in(2) {
                    self.value();
                } else {
                    self.two_operands_added();
                }
                self.op(SETITEM);
            }
            9 => {
                self.name();
                self.op(REMOVE);
            }
            10 if self.random.one_in(3) => {
                // With a copy of the compound below.
                self.name_of_compound();
                self.ops(&[PICKITEM, DUP]);
                self.name();
                self.load_int();
                self.ops(&[SETITEM, DROP]);
            }
            10 => {
                self.name_of_compound();
                self.op(PICKITEM);
                self.index();
                self.two_operands_added();
                self.op(SETITEM);
            }
            _ => {
                self.name_of_compound();
                self.op(PICKITEM);
                self.index();
                self.op(PICKITEM);
                self.take();
            }
        }
    }

    /// Adds bytes to the byte string that was pushed from the last slot of a kind, and mostly stores the result there.
    pub(super) fn grow(&mut self, kind: usize) {
        match self.random.below(8) {
            0 => self.bytes.push(SLOT_KINDS[kind].0 as u8 + SLOTS as u8 - 1),
            1 => self.load_any(),
            2 => self.load_int(),
            _ => self.data(),
        }
        if self.random.one_in(8) {
            self.data();
            self.op(CAT);
        }
        self.op(CAT);
        let item_type = self.random.one_of(&[0x28, 0x28, 0x28, 0x28, 0x30]);
        self.op_with(CONVERT, &[item_type]);
        if self.random.one_in(8) {
            self.store_any();
        } else {
            self.bytes.push(SLOT_KINDS[kind].1 as u8 + SLOTS as u8 - 1);
        }
    }

    /// Asks something of a part of the byte string on top, as compilers write it.
    pub(super) fn part_of_bytes(&mut self) {
        if self.random.one_in(6) {
            self.op_with(PUSHDATA1, b"\x02ne");
            self.op(SWAP);
        }
        if self.random.one_in(12) {
            self.op(DUP);
        } else {
            self.index();
        }
        match self.random.below(3) {
            0 => {
                let count = self.random.one_of(&[0, 1, 2, 3, 6]);
                self.constant(count);
                self.op(SUBSTR);
            }
            1 => self.op(LEFT),
            _ => self.op(RIGHT),
        }
        if !self.random.one_in(8) {
            self.op_with(CONVERT, &[0x28]);
        }
        match self.random.below(4) {
            0 => self.op(SIZE),
            1 => self.op_with(CONVERT, &[0x21]),
            _ => {
                let other = self.random.one_of::<&[u8]>(&[b"\x00", b"\x01n", b"\x02ne", b"\x02vm", b"\x03neo"]);
                if !self.random.one_in(6) {
                    self.op_with(PUSHDATA1, other);
                }
                self.one_op(&[EQUAL, NOTEQUAL]);
            }
        }
        self.store_any();
    }
}
