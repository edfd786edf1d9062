//! Conditions, loops, calls and try blocks.

use neovm_types::OpCode::*;

use super::{Label, SLOTS, Scripter};

impl Scripter<'_> {
    pub(super) fn condition(&mut self, target: Label) {
        let compare = [JMPEQ, JMPNE, JMPGT, JMPGE, JMPLT, JMPLE];
        let test = [JMPIF, JMPIFNOT];
        match self.random.below(6) {
            0 => {
                self.two_operands();
                let opcode = self.random.one_of(&compare);
                self.jump(opcode, target);
            }
            1 => {
                self.two_operands();
                self.comparison();
                let opcode = self.random.one_of(&test);
                self.jump(opcode, target);
            }
            2 => {
                self.int();
                self.op(DUP);
                self.int();
                let opcode = self.random.one_of(&compare);
                self.jump(opcode, target);
            }
            3 => {
                self.int();
                self.ops(&[DUP, SIGN]);
                self.one_op(&[PUSHM1, PUSHM1, PUSH0]);
                self.jump(JMPNE, target);
            }
            4 => {
                self.value();
                self.op(DUP);
                let opcode = self.random.one_of(&test);
                self.jump(opcode, target);
            }
            _ => {
                self.value();
                let opcode = self.random.one_of(&test);
                self.jump(opcode, target);
            }
        }
    }

    pub(super) fn branch(&mut self) {
        let end = self.label();
        self.condition(end);
        self.block();
        self.bind(end);
    }

    /// A loop that counts in a slot.
    pub(super) fn counted_loop(&mut self) {
        let next = self.label();
        let slot = self.random.below(SLOTS - 1) as u8;
        let (load, store) = if self.random.one_in(3) { (LDARG0, STARG0) } else { (LDLOC0, STLOC0) };
        let (load, store) = (load as u8 + slot, store as u8 + slot);
        let turns = if self.random.one_in(20) { 3000 } else { self.random.below(12) as i16 };
        self.op_with(PUSHINT16, &turns.to_le_bytes());
        self.bytes.push(store);
        self.bind(next);
        if turns > 100 {
            self.assignment();
        } else {
            self.block();
        }
        self.bytes.push(load);
        self.op(DEC);
        match self.random.below(3) {
            0 => {
                self.op(DUP);
                self.bytes.push(store);
                self.jump(JMPIF, next);
            }
            1 => {
                self.bytes.extend([store, load]);
                self.op(PUSH0);
                self.jump(JMPGT, next);
            }
            _ => {
                self.bytes.extend([store, load]);
                self.ops(&[PUSH0, GT]);
                self.jump(JMPIF, next);
            }
        }
    }

    /// A loop that counts on the stack.
    pub(super) fn stack_loop(&mut self) {
        let next = self.label();
        self.small();
        self.bind(next);
        if self.random.one_in(2) {
            self.assignment();
        }
        self.ops(&[DEC, DUP]);
        if self.random.one_in(2) {
            self.jump(JMPIF, next);
        } else {
            self.op(SIGN);
            self.op(PUSHM1);
            self.jump(JMPNE, next);
        }
        self.op(DROP);
    }

    pub(super) fn call(&mut self) {
        if !self.may_call {
            return self.arithmetic();
        }
        let function = self.functions[self.random.below(self.functions.len())];
        self.value();
        (1..SLOTS).for_each(|_| self.small());
        if self.random.one_in(5) {
            let start = self.bytes.len();
            self.op_with(PUSHA, &[0; 4]);
            self.holes.push((start, start + 1, 4, function));
            self.op(CALLA);
        } else {
            self.jump(CALL, function);
        }
    }

    pub(super) fn guarded(&mut self) {
        let (catch, finally, end) = (self.label(), self.label(), self.label());
        let has_catch = !self.random.one_in(3);
        let has_finally = !has_catch || self.random.one_in(2);
        self.try_long(has_catch.then_some(catch), has_finally.then_some(finally));
        self.block();
        if self.random.one_in(2) {
            self.value();
            self.op(THROW);
        }
        self.jump(ENDTRY, end);
        if has_catch {
            self.bind(catch);
            self.block();
            self.jump(ENDTRY, end);
        }
        if has_finally {
            self.bind(finally);
            self.block();
            self.op(ENDFINALLY);
        }
        self.bind(end);
    }
}
