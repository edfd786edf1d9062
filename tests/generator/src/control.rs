//! Branches, loops, calls and try blocks.

use neovm_types::OpCode::*;

use crate::scripter::{Label, Scripter};

impl Scripter<'_> {
    fn condition(&mut self, target: Label) {
        let compare = self.random.one_of(&[JMPEQ, JMPNE, JMPGT, JMPGE, JMPLT, JMPLE]);
        let test = self.random.one_of(&[JMPIF, JMPIFNOT]);
        match self.random.below(6) {
            0 => {
                self.two_operands();
                self.jump(compare, target);
            }
            1 => {
                self.two_operands();
                self.comparison();
                self.jump(test, target);
            }
            2 => {
                self.int();
                self.op(DUP);
                self.int();
                self.jump(compare, target);
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
                self.jump(test, target);
            }
            _ => {
                self.value();
                self.jump(test, target);
            }
        }
    }

    pub(crate) fn branch(&mut self) {
        let end = self.label();
        self.condition(end);
        self.block();
        self.bind(end);
    }

    /// A loop that counts in a slot.
    pub(crate) fn counted_loop(&mut self) {
        let next = self.label();
        let slot = self.random.below(self.slots.min(7) - 1) as u8;
        let (load, store) = if self.random.one_in(3) { (LDARG0, STARG0) } else { (LDLOC0, STLOC0) };
        let (load, store) = (load as u8 + slot, store as u8 + slot);
        let turns = if self.random.one_in(30) { 1000 } else { self.random.below(12) as i16 };
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
    pub(crate) fn stack_loop(&mut self) {
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

    pub(crate) fn call(&mut self) {
        if !self.may_call {
            return self.arithmetic();
        }
        let function = self.functions[self.random.below(self.functions.len())];
        self.value();
        (1..self.slots).for_each(|_| self.small());
        if self.random.one_in(5) {
            self.op_with_offset(PUSHA, 4, function);
            self.op(CALLA);
        } else {
            self.jump(CALL, function);
        }
    }

    pub(crate) fn guarded(&mut self) {
        let (catch, finally, end) = (self.label(), self.label(), self.label());
        let has_catch = !self.random.one_in(3);
        let has_finally = !has_catch || self.random.one_in(2);
        self.try_block(has_catch.then_some(catch), has_finally.then_some(finally));
        self.block();
        self.perhaps_throw();
        self.jump(ENDTRY, end);
        if has_catch {
            self.bind(catch);
            self.block();
            if self.random.one_in(6) {
                self.perhaps_throw();
            }
            self.jump(ENDTRY, end);
        }
        if has_finally {
            self.bind(finally);
            self.block();
            if self.random.one_in(8) {
                self.perhaps_throw();
            }
            self.op(ENDFINALLY);
        }
        self.bind(end);
    }

    /// Code for a try block: a THROW, access to a missing item or key, or nothing that throws.
    pub(crate) fn perhaps_throw(&mut self) {
        match self.random.below(7) {
            0..=1 => {
                self.value();
                self.op(THROW);
            }
            5 => {
                // The message of the fault is that of the first item.
                self.data();
                self.op(PUSH1);
                self.one_op(&[PACK, PACKSTRUCT]);
                self.op(THROW);
            }
            2 => {
                self.array_of_values();
                self.int();
                self.op(PICKITEM);
            }
            3 => {
                self.op(NEWMAP);
                self.key();
                self.op(PICKITEM);
            }
            4 => {
                self.data();
                self.op_with(CONVERT, &[0x30]);
                self.ops(&[PUSH9, PUSH1, SETITEM]);
            }
            _ => {}
        }
    }
}
