//! Try blocks in loops and methods: they throw in each turn, in some or in none, leave items on the stack, and nest.

use neovm_types::OpCode::*;

use super::HOT;
use crate::scripter::{Label, Scripter, Statement};

/// What a try block holds.
const BODIES: &[(usize, Statement)] = &[
    (3, |scripter| scripter.thrown()),
    (5, |scripter| scripter.thrown_at_times()),
    (5, |scripter| scripter.missing_index()),
    (2, |scripter| scripter.crossing()),
    (4, |scripter| scripter.hot_call()),
    (4, |scripter| scripter.thrown_before_a_call()),
    (2, |scripter| scripter.try_in_loop()),
    (3, |scripter| scripter.chosen(HOT)(scripter)),
];

impl Scripter<'_> {
    /// A try block, after which the stack is mostly as it was before.
    pub(super) fn try_in_loop(&mut self) {
        let (catch, finally, end) = (self.label(), self.label(), self.label());
        let has_finally = self.random.one_in(4);
        let has_catch = !has_finally || !self.random.one_in(3);
        self.try_block(has_catch.then_some(catch), has_finally.then_some(finally));
        for _ in 0..1 + self.random.below(2) {
            self.chosen(BODIES)(self);
        }
        // In some compilers' code, both blocks end by the same ENDTRY.
        let joins = has_catch && self.random.one_in(3);
        let ends = self.label();
        if joins {
            self.jump(JMP, ends);
        } else {
            self.end_try(end);
        }
        if has_catch {
            self.bind(catch);
            self.caught_item();
            self.bind(ends);
            self.end_try(end);
        }
        if has_finally {
            self.bind(finally);
            if self.random.one_in(4) {
                self.chosen(HOT)(self);
            } else {
                self.step_in_loop();
            }
            self.op(ENDFINALLY);
        }
        self.bind(end);
    }

    /// Mostly ends the block; it may stay open instead.
    fn end_try(&mut self, end: Label) {
        let how = if self.random.one_in(40) { JMP } else { ENDTRY };
        self.jump(how, end);
    }

    /// Uses the exception that a catch block begins with.
    fn caught_item(&mut self) {
        match self.random.below(12) {
            0..=3 => self.op(DROP),
            4..=6 => self.store_any(),
            7 => self.take(),
            8 => {
                self.op(SIZE);
                self.store_int();
            }
            9 => self.op(THROW),
            // It stays on the stack.
            10 => {}
            _ => {
                self.op(DROP);
                self.chosen(BODIES)(self);
            }
        }
    }

    /// Throws something.
    fn thrown(&mut self) {
        match self.random.below(6) {
            0 => self.op_with(PUSHDATA1, b"\x04text"),
            1 => self.load_counter(),
            2 if self.random.one_in(2) => self.load_any(),
            3 => self.data(),
            _ => self.load_int(),
        }
        // Something below it that stays there.
        if self.random.one_in(6) {
            self.load_int();
            self.op(SWAP);
        }
        self.op(THROW);
    }

    /// Throws in one of a few turns.
    pub(super) fn thrown_at_times(&mut self) {
        let stay = self.label();
        self.load_counter();
        self.one_op(&[PUSH2, PUSH3, PUSH4, PUSH5]);
        self.op(MOD);
        self.jump(JMPIF, stay);
        self.thrown();
        self.bind(stay);
    }

    /// Reads or stores an item at an index that some turns do not have.
    fn missing_index(&mut self) {
        let stays = self.random.one_in(4);
        if stays {
            self.load_int();
        }
        self.load_array();
        self.load_counter();
        self.one_op(&[PUSH2, PUSH3, PUSH4, PUSH8]);
        self.one_op(&[MOD, MOD, SUB]);
        if self.random.one_in(3) {
            self.load_int();
            self.op(SETITEM);
        } else {
            self.op(PICKITEM);
            self.take();
        }
        if stays {
            self.store_int();
        }
    }

    /// Calls a method behind an instruction that throws in some turns, with no jump between them.
    fn thrown_before_a_call(&mut self) {
        self.missing_index();
        for _ in 0..1 + self.random.below(2) {
            self.hot_call();
        }
    }

    /// A method whose try block may throw.
    pub(super) fn trying(&mut self) {
        self.frame();
        let held = self.held;
        self.hold(0);
        self.try_in_loop();
        self.held = held;
        self.load_int_of(LDLOC0);
    }
}
