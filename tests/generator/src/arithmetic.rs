//! Statements on integers, and stack manipulation.

use neovm_types::OpCode::*;

use crate::scripter::Scripter;

impl Scripter<'_> {
    /// An opcode that computes an integer from two operands.
    pub(crate) fn operator(&mut self) {
        if self.random.one_in(12) {
            self.one_op(&[DIV, MOD, SHL, SHR, POW]);
        } else {
            self.one_op(&[ADD, SUB, MUL, ADD, SUB, AND, OR, XOR, MIN, MAX]);
        }
    }

    pub(crate) fn comparison(&mut self) {
        self.one_op(&[LT, LE, GT, GE, NUMEQUAL, NUMNOTEQUAL, EQUAL, NOTEQUAL, BOOLAND, BOOLOR]);
    }

    /// Pushes two operands, each a slot or a constant.
    pub(crate) fn two_operands(&mut self) {
        self.load_int();
        if self.random.one_in(2) { self.load_int() } else { self.int() }
    }

    pub(crate) fn arithmetic(&mut self) {
        match self.random.below(6) {
            0 => {
                self.int();
                self.one_op(&[INC, DEC, SIGN, NEGATE, ABS, INVERT, NOT, NZ, ISNULL]);
            }
            1 => {
                (0..3).for_each(|_| self.small());
                self.one_op(&[WITHIN, MODMUL, MODPOW]);
            }
            2 => {
                self.int();
                self.load_int();
                self.operator();
            }
            3 => {
                self.load_int();
                self.int();
                self.operator();
            }
            4 => {
                self.two_operands();
                self.comparison();
            }
            _ => {
                self.int();
                self.int();
                self.operator();
            }
        }
    }

    /// Arithmetic on wide integers, mostly without overflow.
    pub(crate) fn wide_arithmetic(&mut self) {
        self.wide_int();
        match self.random.below(7) {
            0 => {
                self.int();
                self.one_op(&[DIV, MOD, MIN, MAX, AND, OR, XOR, SUB, ADD]);
            }
            1 => {
                self.wide_int();
                self.one_op(&[DIV, MOD, AND, OR, XOR, SUB, ADD, NUMEQUAL, LT, GE, EQUAL]);
            }
            2 => {
                self.small();
                self.one_op(&[SHR, SHR, SHL, MUL]);
            }
            3 => {
                self.wide_int();
                self.int();
                self.one_op(&[MODMUL, MODMUL, WITHIN]);
            }
            4 => {
                if self.random.one_in(3) {
                    self.op(PUSHM1);
                } else {
                    self.int();
                    self.op(ABS);
                }
                self.wide_int();
                self.op(MODPOW);
            }
            5 => self.ops(&[ABS, SQRT]),
            _ => self.one_op(&[NEGATE, ABS, INVERT, SIGN, INC, DEC, NZ, SIZE]),
        }
        match self.random.below(3) {
            0 => self.store_int(),
            1 => self.op(DROP),
            _ => {}
        }
    }

    pub(crate) fn assignment(&mut self) {
        self.two_operands();
        self.operator();
        if !self.random.one_in(4) {
            self.store_int();
        }
    }

    pub(crate) fn step(&mut self) {
        self.load_int();
        self.one_op(&[INC, DEC]);
        if self.random.one_in(3) {
            self.op(DUP);
        }
        self.store_int();
    }

    pub(crate) fn shuffle(&mut self) {
        match self.random.below(4) {
            0 => {
                (0..4).for_each(|_| self.value());
                let index = self.random.below(4);
                self.constant(index);
                self.one_op(&[PICK, ROLL, XDROP, REVERSEN]);
            }
            1 => {
                (0..3).for_each(|_| self.value());
                self.one_op(&[ROT, REVERSE3, TUCK, SWAP, NIP, OVER]);
            }
            2 => {
                self.value();
                self.one_op(&[DUP, DROP, NIP, OVER, TUCK, SWAP]);
            }
            _ => self.one_op(&[DUP, OVER, TUCK, SWAP, ROT, REVERSE3, REVERSE4, NIP, DROP, DEPTH]),
        }
    }

    /// A floor remainder, as compilers emit it, occasionally with a changed byte.
    pub(crate) fn floor_mod(&mut self) {
        self.int();
        self.int();
        self.rest();
    }

    /// The floor remainder of the two top items.
    pub(crate) fn rest(&mut self) {
        self.op(SWAP);
        let start = self.bytes.len();
        self.ops(&[OVER, MOD, DUP, SIGN, PUSH2, PICK, SIGN, OVER, NUMNOTEQUAL, SWAP, PUSH0, NUMNOTEQUAL, BOOLAND]);
        self.op_with(JMPIFNOT, &[5]);
        self.op(ADD);
        self.op_with(JMP, &[3]);
        self.op(NIP);
        if self.random.one_in(6) {
            let index = start + self.random.below(self.bytes.len() - start);
            self.bytes[index] = self.random.next() as u8;
        }
    }
}
