//! Large compounds and stacks that exceed their initial capacity, and shared structs, each occurrence
//! of which is counted when they are copied or compared.

use neovm_types::OpCode::*;

use crate::scripter::{Scripter, Statement};

const LARGE: &[(usize, Statement)] = &[
    (3, |scripter| scripter.long_map()),
    (3, |scripter| scripter.long_array()),
    (2, |scripter| scripter.tall_stack()),
    (2, |scripter| scripter.shared_struct()),
    (2, |scripter| scripter.equal_graphs()),
    (1, |scripter| scripter.loads_in_one_another()),
];

/// How the keys of a long map derive from a counter.
#[derive(Clone, Copy)]
enum Keys {
    /// The counter.
    Falling,
    /// Scattered integers, which occasionally repeat.
    Scattered,
    /// Byte strings with a common prefix.
    Long,
    /// Byte strings of one or two bytes.
    Short,
    /// Byte strings shorter than a machine word.
    Middle,
}

impl Scripter<'_> {
    pub(crate) fn large(&mut self) {
        self.chosen(LARGE)(self);
    }

    /// A loop with a given number of iterations. The number of remaining iterations is on top of the
    /// stack.
    fn times(&mut self, turns: usize, mut body: impl FnMut(&mut Self)) {
        let top = self.label();
        self.number(turns);
        self.bind(top);
        body(self);
        self.ops(&[DEC, DUP]);
        self.jump(JMPIF, top);
        self.op(DROP);
    }

    fn number(&mut self, value: usize) {
        self.op_with(PUSHINT16, &(value as i16).to_le_bytes());
    }

    fn key_of(&mut self, keys: Keys) {
        match keys {
            Keys::Falling => {}
            Keys::Scattered => {
                self.number(37);
                self.op(MUL);
                self.number(101);
                self.op(MOD);
            }
            Keys::Long => self.key_behind(b"\x0fthey begin alike"),
            Keys::Middle => self.key_behind(b"\x04alik"),
            Keys::Short => self.op_with(CONVERT, &[0x28]),
        }
    }

    /// A byte string that consists of its length, a text and the counter.
    fn key_behind(&mut self, bytes: &[u8]) {
        self.op_with(PUSHDATA1, bytes);
        self.ops(&[SWAP, CAT]);
        self.op_with(CONVERT, &[0x28]);
    }

    /// A map with more entries than are searched linearly.
    fn long_map(&mut self) {
        let keys = [Keys::Falling, Keys::Scattered, Keys::Scattered, Keys::Long, Keys::Short, Keys::Middle];
        let keys = self.random.one_of(&keys);
        let count = 10 + self.random.below(60);
        self.op(NEWMAP);
        self.times(count, |scripter| {
            scripter.ops(&[OVER, OVER]);
            scripter.key_of(keys);
            scripter.value();
            scripter.op(SETITEM);
        });
        for _ in 0..self.random.below(6) {
            self.op(DUP);
            let key = if self.random.one_in(12) { 0 } else { 1 + self.random.below(count) };
            self.number(key);
            self.key_of(keys);
            match self.random.below(6) {
                0..=2 => self.op(REMOVE),
                3 => self.ops(&[HASKEY, DROP]),
                4 => {
                    self.value();
                    self.op(SETITEM);
                }
                // The entry exists only if it was not removed before.
                _ => self.ops(&[OVER, OVER, HASKEY, PUSHT, EQUAL, DROP, PICKITEM, DROP]),
            }
        }
        match self.random.below(4) {
            0 => {
                self.op(DUP);
                self.one_op(&[KEYS, VALUES]);
                self.store_any();
            }
            1 => self.ops(&[DUP, UNPACK, PACKMAP, NIP]),
            _ => {}
        }
        self.keep();
    }

    /// Stores the top item, drops it, or leaves it on the stack.
    fn keep(&mut self) {
        match self.random.below(3) {
            0 => self.op(DROP),
            1 if self.random.one_in(2) => {}
            _ => self.store_any(),
        }
    }

    /// An array or struct of a few hundred items.
    fn long_array(&mut self) {
        let count = 10 + self.random.below(300);
        if self.random.one_in(3) {
            self.op(NEWARRAY0);
            self.times(count, |scripter| {
                scripter.op(OVER);
                if scripter.random.one_in(2) {
                    scripter.value();
                } else {
                    scripter.op(OVER);
                }
                scripter.op(APPEND);
            });
        } else {
            self.number(count);
            self.one_op(&[NEWARRAY, NEWSTRUCT]);
        }
        for _ in 0..1 + self.random.below(4) {
            let index = self.random.below(count);
            self.op(DUP);
            match self.random.below(9) {
                0 => self.op(REVERSEITEMS),
                1 => {
                    self.number(index);
                    self.op(REMOVE);
                }
                2 => self.ops(&[VALUES, NIP]),
                3 => {
                    self.number(index);
                    self.value();
                    self.op(SETITEM);
                }
                4 => self.ops(&[POPITEM, DROP]),
                5 => {
                    self.op(UNPACK);
                    self.one_op(&[PACK, PACKSTRUCT, PACK]);
                    self.op(NIP);
                }
                6 => {
                    self.number(index);
                    self.op(PICKITEM);
                    self.keep();
                }
                7 => self.ops(&[DUP, APPEND]),
                _ => {
                    self.load_any();
                    self.op(APPEND);
                }
            }
        }
        self.keep();
    }

    /// Items deep in the stack, and instructions that access them.
    fn tall_stack(&mut self) {
        let most = if self.random.one_in(4) { 1900 } else { 200 };
        let count = 20 + self.random.below(most);
        if self.random.one_in(3) {
            self.times(count.min(400), |scripter| scripter.op(DUP));
        } else {
            self.number(count);
            self.one_op(&[NEWARRAY, NEWARRAY, NEWSTRUCT]);
            self.ops(&[UNPACK, DROP]);
        }
        for _ in 0..1 + self.random.below(4) {
            if self.random.one_in(2) {
                self.value();
            }
            let index = self.random.below(count.min(400));
            self.number(index);
            self.one_op(&[XDROP, PICK, ROLL, ROLL, REVERSEN]);
        }
        match self.random.below(4) {
            0 => self.op(CLEAR),
            1 => self.ops(&[DEPTH, PACK]),
            _ => {
                self.number(count.min(400) / 2);
                self.one_op(&[PACK, PACKSTRUCT]);
                self.keep();
            }
        }
    }

    /// A struct that occurs many times in an array. Each occurrence is copied separately.
    fn shared_struct(&mut self) {
        let fields = if self.random.one_in(3) { self.random.below(300) } else { self.random.below(40) };
        let times = 2 + self.random.below(15);
        self.number(fields);
        self.op(NEWSTRUCT);
        if self.random.one_in(2) {
            self.ops(&[DUP, PUSH3]);
            self.one_op(&[NEWSTRUCT, NEWARRAY]);
            self.op(APPEND);
        }
        if self.random.one_in(2) {
            self.op(DUP);
            self.store_any();
        }
        (1..times).for_each(|_| self.op(DUP));
        self.constant(times);
        self.one_op(&[PACK, PACK, PACKSTRUCT]);
        match self.random.below(5) {
            0 => self.op(VALUES),
            1 => self.ops(&[DUP, VALUES, EQUAL]),
            2 => self.ops(&[NEWARRAY0, DUP, ROT, APPEND]),
            3 => self.ops(&[DUP, PUSH1, PACK, VALUES, PUSH0, PICKITEM, EQUAL]),
            _ => {
                self.op(UNPACK);
                self.op(PACKSTRUCT);
            }
        }
        self.keep();
    }

    /// Two equal structs that share items within themselves but not with each other.
    fn equal_graphs(&mut self) {
        let levels = 1 + self.random.below(10);
        let (first, second) = (self.random.below(17), self.random.below(17));
        let is_text = self.random.one_in(3);
        for leaf in [first, if self.random.one_in(3) { second } else { first }] {
            if is_text {
                self.op_with(PUSHDATA1, &[4, 1, 2, 3, leaf as u8]);
            } else {
                self.constant(leaf);
            }
            self.ops(&[PUSH1, PACKSTRUCT]);
            (0..levels).for_each(|_| self.ops(&[DUP, PUSH2, PACKSTRUCT]));
        }
        if self.random.one_in(4) {
            // Makes one of them differ.
            self.ops(&[DUP, PUSH1]);
            self.value();
            self.op(SETITEM);
        }
        self.one_op(&[EQUAL, NOTEQUAL]);
        self.store_any();
    }

    /// A script that loads itself, which creates contexts with evaluation stacks of their own.
    fn loads_in_one_another(&mut self) {
        let Some(load) = self.calls.load else { return self.long_map() };
        // The arguments are the script itself and a count.
        let mut child = Scripter::new(self.random, self.calls, 0, 3);
        let end = child.label();
        if child.random.one_in(2) {
            let turns = 2 + child.random.below(12);
            child.times(turns, |scripter| scripter.ops(&[DUP, DUP, MUL, DROP]));
        }
        if child.random.one_in(3) {
            let count = child.random.below(40);
            child.number(count);
            child.ops(&[NEWARRAY, UNPACK, PACK, DROP]);
        }
        child.ops(&[DEC, DUP]);
        child.jump(JMPIFNOT, end);
        child.load_itself(load);
        child.bind(end);
        match child.random.below(4) {
            0 => child.ops(&[DUP, THROW]),
            1 => child.tall_stack(),
            _ => {}
        }
        let script = child.finish();
        let times = if self.random.one_in(8) { 300 } else { 1 + self.random.below(40) };
        self.op_with(PUSHDATA2, &(script.len() as u16).to_le_bytes());
        self.bytes.extend(script);
        self.number(times);
        self.load_itself(load);
        self.op(DEPTH);
        self.op(PACK);
        self.keep();
    }

    /// Loads the script below the top item, with both as arguments.
    fn load_itself(&mut self, load: u32) {
        self.ops(&[OVER, OVER, PUSH2, PUSHM1, PUSH3, PICK]);
        self.op_with(SYSCALL, &load.to_le_bytes());
    }
}
