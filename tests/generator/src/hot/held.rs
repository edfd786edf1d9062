//! The slots that hold items of any type, and what hot loops do with these items.

use neovm_types::OpCode::*;

use super::{SLOT_KINDS, SLOTS};
use crate::scripter::Scripter;

/// The type of the item in a slot that holds an item of any type.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Held {
    #[default]
    Small,
    Array,
    Map,
    /// A map from texts.
    Named,
    Bytes,
    Buffer,
}

impl Scripter<'_> {
    /// Stores an item of a random type into the last slot of a kind.
    pub(super) fn hold(&mut self, kind: usize) {
        let held = self.random.one_of(&[
            Held::Small,
            Held::Array,
            Held::Array,
            Held::Map,
            Held::Named,
            Held::Named,
            Held::Bytes,
            Held::Bytes,
            Held::Buffer,
        ]);
        match held {
            Held::Small => self.one_op(&[PUSHT, PUSHF, PUSHNULL, PUSH3, PUSHM1]),
            Held::Array => match self.random.below(8) {
                0 => self.ops(&[PUSH4, NEWARRAY]),
                1 => {
                    (0..4).for_each(|_| self.value());
                    self.ops(&[PUSH4, PACK]);
                }
                2 => {
                    (0..4).for_each(|_| self.int());
                    self.ops(&[PUSH4, PACK]);
                }
                _ => {
                    (0..4).for_each(|_| self.small());
                    self.op(PUSH4);
                    self.one_op(&[PACK, PACK, PACKSTRUCT]);
                }
            },
            Held::Map => {
                for key in 0..4 {
                    self.small();
                    self.constant(key);
                }
                self.ops(&[PUSH4, PACKMAP]);
            }
            Held::Named => self.named_map(),
            Held::Bytes => self.op_with(PUSHDATA1, b"\x05neovm"),
            Held::Buffer => self.ops(&[PUSH5, NEWBUFFER]),
        }
        self.bytes.push(SLOT_KINDS[kind].1 as u8 + SLOTS as u8 - 1);
        self.held[kind] = held;
    }

    /// Pushes an index into four items, occasionally one past the end.
    pub(super) fn index(&mut self) {
        match self.random.below(24) {
            0 => self.load_int(),
            1 => self.int(),
            2..=8 => {
                let index = self.random.below(4);
                self.constant(index);
            }
            _ => {
                self.load_counter();
                self.op(PUSH4);
                self.op(MOD);
            }
        }
    }

    /// Returns the kind of a slot that holds an array.
    fn array_slot(&self) -> Option<usize> {
        [0, 2].into_iter().find(|kind| self.held[*kind] == Held::Array)
    }

    /// Pushes an array: mostly one that a slot holds, if a slot holds one.
    pub(super) fn load_array(&mut self) {
        match self.array_slot() {
            _ if self.random.one_in(12) => self.load_any(),
            Some(kind) => self.bytes.push(SLOT_KINDS[kind].0 as u8 + SLOTS as u8 - 1),
            None => {
                self.op(PUSH2);
                self.op_with(NEWARRAY_T, &[0x21]);
            }
        }
    }

    /// Pushes an item of the array in a slot, if a slot holds one.
    pub(super) fn picked(&mut self) {
        let Some(kind) = self.array_slot() else {
            return self.load_int();
        };
        self.bytes.push(SLOT_KINDS[kind].0 as u8 + SLOTS as u8 - 1);
        self.index();
        self.op(PICKITEM);
    }

    /// Uses the item of a slot that holds an item of any type.
    pub(super) fn use_held(&mut self) {
        let kind = self.random.one_of(&[0, 2]);
        self.bytes.push(SLOT_KINDS[kind].0 as u8 + SLOTS as u8 - 1);
        match self.held[kind] {
            Held::Small => {
                self.one_op(&[ISNULL, NOT, DUP]);
                self.store_any();
            }
            Held::Array => self.use_array(),
            Held::Map => self.use_map(),
            Held::Named => self.use_named_map(kind),
            Held::Bytes => match self.random.below(3) {
                0 => self.grow(kind),
                1 => self.part_of_bytes(),
                _ => self.use_bytes(),
            },
            Held::Buffer => self.use_buffer(),
        }
    }

    pub(super) fn use_array(&mut self) {
        match self.random.below(14) {
            12 => {
                self.op(UNPACK);
                self.one_op(&[PACK, PACK, PACKSTRUCT]);
                self.store_any();
            }
            13 => {
                self.ops(&[UNPACK, DROP, DROP, DROP, DROP]);
                self.take();
            }
            0..=3 => {
                self.index();
                self.op(PICKITEM);
                self.take();
            }
            4..=7 => {
                self.index();
                if self.random.one_in(4) {
                    self.value();
                } else {
                    self.two_operands_added();
                }
                self.op(SETITEM);
            }
            8 => {
                self.op(SIZE);
                self.store_int();
            }
            9 => {
                self.value();
                self.op(APPEND);
            }
            10 => {
                // Stores the array into itself, unless it is a struct.
                self.op(DUP);
                self.index();
                self.ops(&[SWAP, SETITEM]);
            }
            _ => {
                self.one_op(&[REVERSEITEMS, CLEARITEMS, DROP, DROP]);
            }
        }
    }

    pub(super) fn use_map(&mut self) {
        match self.random.below(8) {
            0..=2 => {
                self.index();
                self.op(PICKITEM);
                self.take();
            }
            3..=4 => {
                if self.random.one_in(3) {
                    self.key();
                } else {
                    self.index();
                }
                self.two_operands_added();
                self.op(SETITEM);
            }
            5 => {
                self.index();
                self.op(HASKEY);
                self.store_any();
            }
            6 => {
                if self.random.one_in(3) {
                    self.index();
                } else {
                    self.key();
                }
                self.op(REMOVE);
            }
            _ => {
                self.one_op(&[KEYS, VALUES]);
                self.op(SIZE);
                self.store_int();
            }
        }
    }

    /// Pushes a part of a byte string as a number, as compilers emit it. A negative index counts from
    /// the end.
    fn number_in_bytes(&mut self) {
        if self.random.one_in(4) {
            self.load_int();
        } else {
            self.index();
        }
        if self.random.one_in(3) {
            let end = self.label();
            self.ops(&[DUP, SIGN]);
            let sign = self.random.one_of(&[PUSHM1, PUSHM1, PUSH0, PUSH1]);
            self.op(sign);
            let test = self.random.one_of(&[JMPNE, JMPNE, JMPEQ, JMPLT, JMPGE]);
            self.jump(test, end);
            self.ops(&[OVER, SIZE, ADD]);
            self.bind(end);
        }
        let count = self.random.one_of(&[0, 1, 1, 1, 2, 3, 5]);
        self.constant(count);
        self.op(SUBSTR);
        self.op_with(CONVERT, &[0x28]);
        let item_type = self.random.one_of(&[0x21, 0x21, 0x21, 0x20]);
        self.op_with(CONVERT, &[item_type]);
        self.store_int();
    }

    pub(super) fn use_bytes(&mut self) {
        match self.random.below(9) {
            7..=8 => self.number_in_bytes(),
            0 => {
                self.data();
                self.op(CAT);
                self.store_any();
            }
            1 => {
                self.index();
                self.one_op(&[LEFT, RIGHT]);
                self.store_any();
            }
            2 => {
                self.index();
                self.op(PICKITEM);
                self.store_int();
            }
            3 => {
                self.op_with(PUSHDATA1, b"\x05neovm");
                self.one_op(&[EQUAL, NOTEQUAL]);
                self.store_any();
            }
            4 => {
                self.index();
                self.ops(&[PUSH1, SUBSTR]);
                self.store_any();
            }
            5 => {
                self.op(SIZE);
                self.store_int();
            }
            _ => {
                self.one_op(&[INC, NOT, NZ]);
                self.store_any();
            }
        }
    }

    pub(super) fn use_buffer(&mut self) {
        match self.random.below(7) {
            0..=1 => {
                self.index();
                self.small();
                self.op(SETITEM);
            }
            5 => self.number_in_bytes(),
            6 => {
                self.op(SIZE);
                self.store_int();
            }
            2 => {
                self.index();
                self.op(PICKITEM);
                self.store_int();
            }
            3 => {
                self.index();
                self.op_with(PUSHDATA1, b"\x02ab");
                self.ops(&[PUSH0, PUSH1, MEMCPY]);
            }
            _ => self.one_op(&[REVERSEITEMS, DROP]),
        }
    }

    /// An instruction that takes copies of one item, which it mostly cannot take: in some turn.
    pub(super) fn copies_in_loop(&mut self) {
        let end = self.label();
        self.unless_turn(end);
        match self.random.below(4) {
            0 => self.load_any(),
            1 => self.load_array(),
            2 => self.picked(),
            _ => self.load_int(),
        }
        // One more may stay below.
        let stays = self.random.one_in(2);
        if stays {
            self.op(DUP);
        }
        match self.random.below(8) {
            0 => {
                self.ops(&[DUP, DUP, SETITEM]);
                self.small();
            }
            1 => {
                self.ops(&[DUP, DUP]);
                self.one_op(&[SUBSTR, WITHIN, MODMUL]);
            }
            2..=3 => {
                self.op(DUP);
                self.one_op(&[LEFT, RIGHT]);
            }
            _ => {
                self.op(DUP);
                self.one_op(&[
                    ADD, SUB, MUL, DIV, MOD, AND, MIN, SHL, LT, EQUAL, NUMEQUAL, BOOLAND, CAT, PICKITEM, HASKEY,
                ]);
            }
        }
        match self.random.below(4) {
            0 => self.op(SIZE),
            1 => {
                self.op_with(CONVERT, &[0x28]);
                self.one_op(&[SIZE, NOT]);
            }
            2 => self.op_with(CONVERT, &[0x28]),
            _ => {}
        }
        self.store_any();
        if stays {
            self.store_any();
        }
        self.bind(end);
    }

    /// Pops an item that should be an integer.
    pub(super) fn take(&mut self) {
        match self.random.below(4) {
            0 => self.op(DROP),
            1 => self.store_any(),
            _ => {
                self.load_int();
                self.op(ADD);
                self.store_int();
            }
        }
    }
}
