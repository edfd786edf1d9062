//! The functions that hot loops call.

use neovm_types::OpCode::{self, *};

use super::{HOT, SLOTS};
use crate::scripter::{Scripter, Statement};

/// The number of arguments of a hot function.
pub(super) const ARGUMENTS: usize = 2;

/// The kind of a function that loops call.
pub(super) const FUNCTIONS: &[(usize, Statement)] = &[
    (5, |scripter| scripter.leaf()),
    (3, |scripter| scripter.recursion()),
    (3, |scripter| scripter.worker()),
    (3, |scripter| scripter.checking()),
    (2, |scripter| scripter.without_slots()),
    (2, |scripter| scripter.trying()),
    (1, |scripter| scripter.early_return()),
    (1, |scripter| scripter.careless()),
];

impl Scripter<'_> {
    pub(super) fn hot_functions(&mut self) {
        let functions = core::mem::take(&mut self.functions);
        self.arguments = ARGUMENTS;
        for (i, &function) in functions.iter().enumerate() {
            self.functions = functions[i + 1..].to_vec();
            self.current = Some(function);
            self.bind(function);
            self.hot_function(function);
            self.op(RET);
        }
    }

    /// A function of two arguments.
    pub(super) fn frame(&mut self) {
        self.op_with(INITSLOT, &[SLOTS as u8, ARGUMENTS as u8]);
        for slot in 0..SLOTS as u8 - 1 {
            self.small();
            self.bytes.push(STLOC0 as u8 + slot);
        }
    }

    /// A function that computes with its arguments.
    pub(super) fn leaf(&mut self) {
        let locals = self.random.below(2) as u8;
        self.op_with(INITSLOT, &[locals, ARGUMENTS as u8]);
        self.ops(&[LDARG0, LDARG1]);
        for _ in 0..self.random.below(3) {
            self.operator();
            self.one_op(&[LDARG0, LDARG1, LDSFLD0, LDSFLD1, PUSH5]);
        }
        if self.random.one_in(3) {
            let end = self.label();
            let compare = self.random.one_of(&[JMPEQ, JMPNE, JMPGT, JMPLE]);
            self.ops(&[OVER, OVER]);
            self.jump(compare, end);
            self.one_op(&[INC, DEC, NEGATE, NOT]);
            self.bind(end);
        }
        if self.random.one_in(4) {
            self.comparison();
        } else {
            self.operator();
        }
        if self.random.one_in(4) {
            self.op(DUP);
            self.one_op(&[STSFLD0, STSFLD1, STSFLD2]);
        }
    }

    /// A function that calls itself with its argument minus one, as many times as its argument says, or
    /// endlessly.
    pub(super) fn recursion(&mut self) {
        let Some(current) = self.current else { return };
        let end = self.label();
        let locals = self.random.below(2) as u8;
        self.op_with(INITSLOT, &[locals, ARGUMENTS as u8]);
        self.one_op(&[PUSH1, LDARG1, LDARG1]);
        self.op(LDARG0);
        self.one_op(&[PUSH0, PUSH1, PUSH3]);
        self.jump(JMPLE, end);
        self.ops(&[LDARG1, LDARG0]);
        match self.random.below(24) {
            0 => {}
            1..=8 => self.ops(&[PUSH2, DIV]),
            _ => self.op(DEC),
        }
        // The argument is mostly a small number at the start.
        if !self.random.one_in(8) {
            self.ops(&[PUSH16, MIN]);
        }
        self.jump(CALL, current);
        if self.random.one_in(6) {
            self.throw_in_loop();
        }
        self.operator();
        self.bind(end);
    }

    /// A function that checks its arguments, and computes with them. Checks seldom fail.
    pub(super) fn checking(&mut self) {
        let locals = self.random.below(2) as u8;
        self.op_with(INITSLOT, &[locals, ARGUMENTS as u8]);
        for _ in 0..1 + self.random.below(2) {
            self.one_op(&[LDARG0, LDARG1]);
            self.small();
            match self.random.below(4) {
                0 => self.ops(&[NUMNOTEQUAL, ASSERT]),
                1 => {
                    self.op(NUMNOTEQUAL);
                    // The second message is no text.
                    let message: &[u8] = self.random.one_of(&[b"\x03why", b"\x01\xff"]);
                    self.op_with(PUSHDATA1, message);
                    self.op(ASSERTMSG);
                }
                _ => self.failing_unless(),
            }
        }
        self.ops(&[LDARG0, LDARG1]);
        self.operator();
    }

    /// Throws or aborts, mostly with a message, unless two integers differ.
    fn failing_unless(&mut self) {
        let holds = self.label();
        let compare = self.random.one_of(&[JMPNE, JMPNE, JMPNE, JMPGT]);
        self.jump(compare, holds);
        self.one_op(&[LDARG0, PUSHNULL, PUSH3]);
        match self.random.below(6) {
            0 => self.op(THROW),
            1 => self.op(ABORT),
            2 => self.ops(&[PUSH1, PACK, THROW]),
            failure => {
                self.op_with(PUSHDATA1, b"\x03why");
                self.op(if failure == 3 { ABORTMSG } else { THROW });
            }
        }
        self.bind(holds);
    }

    /// A function with a loop of its own.
    pub(super) fn worker(&mut self) {
        self.frame();
        let held = self.held;
        self.hold(0);
        self.hot_loop();
        self.held = held;
        self.load_int_of(LDLOC0);
    }

    /// A function without slots that operates on its caller's stack.
    pub(super) fn without_slots(&mut self) {
        match self.random.below(3) {
            0 => self.operator(),
            1 => self.ops(&[SWAP, SUB, DUP, SIGN, MUL]),
            _ => {
                self.op(NIP);
                self.one_op(&[INC, NOT, NEGATE]);
            }
        }
    }

    /// A function that returns in two places, possibly with items of different types.
    pub(super) fn early_return(&mut self) {
        let end = self.label();
        self.op_with(INITSLOT, &[0, ARGUMENTS as u8]);
        self.one_op(&[LDARG0, LDARG1]);
        self.small();
        let compare = self.random.one_of(&[JMPEQ, JMPNE, JMPGT, JMPLE]);
        self.jump(compare, end);
        self.one_op(&[LDARG0, LDARG1, LDARG0, LDARG1, LDSFLD3, PUSHT, PUSHT, PUSHNULL]);
        self.op(RET);
        self.bind(end);
        self.one_op(&[LDARG0, LDARG1, PUSH5, PUSHF]);
    }

    /// A function that leaves an arbitrary number of items.
    pub(super) fn careless(&mut self) {
        self.frame();
        (0..1 + self.random.below(3)).for_each(|_| self.chosen(HOT)(self));
        if !self.random.one_in(4) {
            self.load_int_of(LDLOC0);
        }
    }

    pub(super) fn load_int_of(&mut self, base: OpCode) {
        let slot = self.random.below(SLOTS - 1) as u8;
        self.bytes.push(base as u8 + slot);
    }
}
