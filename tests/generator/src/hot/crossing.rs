//! Integers whose width changes from turn to turn: they cross 63, 64, 127, 128, 255 and 256 bits.

use neovm_types::OpCode::*;

use crate::scripter::{Label, Scripter};

/// The exponents of the powers of two that values cross.
const EDGES: &[u32] = &[31, 62, 63, 64, 65, 126, 127, 128, 129, 191, 192, 254, 255];

impl Scripter<'_> {
    /// A statement that makes an integer wider or narrower.
    pub(super) fn crossing(&mut self) {
        match self.random.below(8) {
            0 => {
                // Near an edge, and over it in some turn.
                self.edge();
                self.load_counter();
                self.one_op(&[ADD, SUB, SUB, XOR]);
            }
            1 => {
                // Grows in each turn, up to a modulus.
                self.load_int();
                self.growth();
                self.edge();
                self.one_op(&[MOD, MOD, AND]);
            }
            2 => {
                self.load_int();
                self.growth();
            }
            3 => {
                // A product of three by a quotient, as in exchanges.
                self.load_int();
                self.load_int();
                self.op(MUL);
                self.load_int();
                self.ops(&[ABS, INC]);
                self.one_op(&[DIV, DIV, MOD]);
            }
            4 => {
                // Narrower again.
                self.load_int();
                self.edge();
                self.one_op(&[DIV, MOD, AND, MIN, MAX]);
            }
            5 => {
                self.load_int();
                let bits = self.random.one_of(&[1u8, 31, 32, 33, 60, 63, 64, 65, 100, 127, 128, 200, 255]);
                self.op_with(PUSHINT16, &[bits, 0]);
                self.one_op(&[SHR, SHR, SHL]);
            }
            6 => {
                self.load_int();
                self.one_op(&[NEGATE, ABS, INC, DEC, INVERT, SIGN, NZ]);
            }
            _ => return self.crossed(),
        }
        if self.random.one_in(8) { self.store_any() } else { self.store_int() }
    }

    /// A decision that depends on integers near an edge.
    fn crossed(&mut self) {
        let end = self.label();
        self.load_int();
        self.edge();
        if self.random.one_in(2) {
            self.comparison();
            let test = self.random.one_of(&[JMPIF, JMPIFNOT]);
            self.jump(test, end);
        } else {
            let compare = self.random.one_of(&[JMPEQ, JMPNE, JMPGT, JMPGE, JMPLT, JMPLE]);
            self.jump(compare, end);
        }
        self.load_int();
        self.growth();
        self.store_int();
        self.bind(end);
    }

    /// A branch behind which a slot is an integer of any width in one block, and Null, a boolean or an integer in the
    /// other.
    pub(super) fn forked(&mut self) {
        let slot = (self.slots - 2).max(self.reserved) as u8;
        let (load, store) = (LDLOC0 as u8 + slot, STLOC0 as u8 + slot);
        let [second, third, wide, scalar] = core::array::from_fn(|_| self.label());
        self.some_turns(second);
        self.one_op(&[PUSHNULL, PUSHNULL, PUSHT, PUSHF]);
        self.bytes.push(store);
        self.jump(JMP, scalar);
        self.bind(second);
        self.some_turns(third);
        self.edge();
        self.bytes.push(store);
        self.jump(JMP, wide);
        self.bind(third);
        self.load_counter();
        self.one_op(&[NEGATE, INC, DEC, INVERT]);
        self.bytes.push(store);
        let leads_to_scalar = self.random.one_in(2);
        self.some_turns(if leads_to_scalar { scalar } else { wide });
        if !leads_to_scalar {
            self.jump(JMP, scalar);
        }
        self.bind(wide);
        self.bytes.push(load);
        self.load_int();
        self.one_op(&[ADD, SUB, MUL, XOR]);
        self.store_int();
        self.one_op(&[PUSHNULL, PUSHT, PUSH3]);
        self.bytes.push(store);
        self.bind(scalar);
        self.bytes.push(load);
        self.one_op(&[ISNULL, NOT]);
        self.store_any();
        self.small();
        self.bytes.push(store);
    }

    /// Jumps to a label in some turns.
    fn some_turns(&mut self, label: Label) {
        self.load_counter();
        self.one_op(&[PUSH1, PUSH2, PUSH3]);
        self.op(AND);
        let test = self.random.one_of(&[JMPIF, JMPIFNOT]);
        self.jump(test, label);
    }

    /// Makes the integer on top larger.
    fn growth(&mut self) {
        match self.random.below(4) {
            0 => self.ops(&[DUP, MUL]),
            1 => self.ops(&[DUP, ADD]),
            2 => {
                let factor = self.random.one_of(&[3, 997, 1 << 20, 1 << 32, (1 << 62) - 57, -1_000_000_007, i64::MAX]);
                self.op_with(PUSHINT64, &factor.to_le_bytes());
                self.op(MUL);
            }
            _ => {
                self.load_int();
                self.op(MUL);
            }
        }
    }

    /// Pushes an integer near a power of two.
    fn edge(&mut self) {
        let mut bytes = [0; 32];
        let bit = self.random.one_of(EDGES) as usize;
        bytes[bit / 8] = 1 << (bit % 8);
        if self.random.one_in(2) || bit == 255 {
            bytes[..bit / 8].fill(0xff);
            bytes[bit / 8] -= 1;
        }
        bytes[0] ^= self.random.one_of(&[0, 0, 1, 3, 9]);
        if self.random.one_in(3) {
            bytes.iter_mut().for_each(|byte| *byte = !*byte);
        }
        match bit {
            0..=126 => self.op_with(PUSHINT128, &bytes[..16]),
            _ => self.op_with(PUSHINT256, &bytes),
        }
    }
}
