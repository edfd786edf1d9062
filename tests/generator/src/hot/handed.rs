//! Functions that are handed an item of any type: they look into it, change it, return it, or throw.

use neovm_types::OpCode::*;

use super::{
    HOT, Held, SLOT_KINDS, SLOTS,
    functions::{ARGUMENTS, FUNCTIONS},
};
use crate::scripter::{Label, Scripter, Statement};

/// What such a function does. Its last local variable mostly holds the item.
const HANDED: &[(usize, Statement)] = &[
    (8, |scripter| scripter.use_held()),
    (4, |scripter| scripter.look_at_argument()),
    (2, |scripter| scripter.other_argument()),
    (2, |scripter| scripter.thrown_at_times()),
    (2, |scripter| scripter.hot_call()),
    (2, |scripter| scripter.chosen(HOT)(scripter)),
];

impl Scripter<'_> {
    /// Returns whether a function is handed an item of any type.
    pub(super) fn is_handed(&self, function: Label) -> bool {
        self.hands_over && function.0.is_multiple_of(2)
    }

    /// Pushes an item to be handed to a function.
    pub(super) fn handed_item(&mut self) {
        match self.random.below(12) {
            0 => self.load_any(),
            1 => self.picked(),
            2 => self.data(),
            3 => self.wide_int(),
            4 => self.load_counter(),
            _ => {
                let kind = self.random.one_of(&[0, 2]);
                self.bytes.push(SLOT_KINDS[kind].0 as u8 + SLOTS as u8 - 1);
            }
        }
    }

    /// The body of a function.
    pub(super) fn hot_function(&mut self, function: Label) {
        if !self.is_handed(function) {
            return self.chosen(FUNCTIONS)(self);
        }
        let held = self.held;
        let handed = held[self.random.one_of(&[0, 2])];
        match self.random.below(4) {
            0 => self.brief(handed),
            1 => self.brief_without_slots(handed),
            _ => self.long(handed),
        }
        self.held = held;
    }

    /// A function that holds the item in its last local variable.
    fn long(&mut self, handed: Held) {
        if self.random.one_in(2) {
            self.frame();
        } else {
            self.op_with(INITSLOT, &[SLOTS as u8, ARGUMENTS as u8]);
            self.ops(&[LDARG1, STLOC0, LDARG1, STLOC1]);
            self.one_op(&[PUSH0, LDARG1, PUSHT]);
            self.op(STLOC2);
        }
        if self.random.one_in(8) {
            self.hold(0);
        } else {
            self.op(LDARG0);
            self.bytes.push(STLOC0 as u8 + SLOTS as u8 - 1);
            self.held[0] = handed;
        }
        for _ in 0..1 + self.random.below(2) {
            self.chosen(HANDED)(self);
        }
        self.one_op(&[LDARG0, LDARG1, LDLOC3, LDLOC3, LDLOC0, LDLOC1, PUSHNULL]);
    }

    /// A function of few instructions.
    fn brief(&mut self, handed: Held) {
        self.op_with(INITSLOT, &[0, ARGUMENTS as u8]);
        self.op(LDARG0);
        self.asked(handed, |scripter| scripter.ops(&[LDARG1, PUSH4, MOD]));
        if self.random.one_in(4) {
            // It drops what was asked.
            self.op(STARG0);
            self.one_op(&[LDARG0, LDARG1]);
        }
    }

    /// A function that takes its arguments from the stack.
    fn brief_without_slots(&mut self, handed: Held) {
        match self.random.below(4) {
            0 => self.one_op(&[SWAP, TUCK]),
            1 => {
                self.one_op(&[DUP, OVER]);
                self.op(ISNULL);
            }
            _ => {
                self.op(SWAP);
                self.ops(&[PUSH4, MOD, SWAP]);
                self.asked(handed, |scripter| scripter.op(OVER));
                self.op(NIP);
            }
        }
    }

    /// Replaces the item on top by something about it. `index` pushes an index of an item.
    fn asked(&mut self, handed: Held, index: fn(&mut Self)) {
        match (handed, self.random.below(4)) {
            (Held::Small, 0..3) => self.one_op(&[ISNULL, NOT, NOP]),
            (Held::Array | Held::Map, 0..2) => {
                index(self);
                self.op(PICKITEM);
            }
            (Held::Array | Held::Map, 2) => {
                index(self);
                self.op(HASKEY);
            }
            (Held::Named, 0..2) => {
                self.usual_name();
                self.op(PICKITEM);
            }
            (Held::Bytes | Held::Buffer, 0) => {
                self.op_with(PUSHDATA1, b"\x05neovm");
                self.one_op(&[EQUAL, NOTEQUAL]);
            }
            (Held::Bytes | Held::Buffer, 1) => {
                self.op_with(PUSHDATA1, b"\x03why");
                self.op(CAT);
                self.op_with(CONVERT, &[0x28]);
            }
            (Held::Bytes | Held::Buffer, 2) => {
                index(self);
                self.op(PICKITEM);
            }
            _ => self.op(SIZE),
        }
    }

    /// Asks something of the first argument.
    fn look_at_argument(&mut self) {
        self.op(LDARG0);
        let held = self.held[0];
        self.asked(held, |scripter| scripter.index());
        self.store_any();
    }

    /// Stores something else to an argument.
    fn other_argument(&mut self) {
        match self.random.below(3) {
            0 => self.load_any(),
            1 => self.picked(),
            _ => self.load_int(),
        }
        self.one_op(&[STARG0, STARG1]);
    }
}
