//! Statements on arrays, structs and maps.

use neovm_types::OpCode::{self, *};

use crate::scripter::Scripter;

impl Scripter<'_> {
    pub(crate) fn array(&mut self) {
        match self.random.below(4) {
            0 => {
                let count = self.random.below(4);
                (0..count).for_each(|_| self.value());
                self.constant(count);
                self.one_op(&[PACK, PACKSTRUCT]);
            }
            1 => {
                let item_type = self.random.one_of(&[0x20, 0x21, 0x28, 0x40, 0x00]);
                self.small();
                self.op_with(NEWARRAY_T, &[item_type]);
            }
            2 => {
                self.op(NEWARRAY0);
                self.op(DUP);
                self.value();
                self.op(APPEND);
            }
            _ => {
                (0..2).for_each(|_| self.value());
                self.ops(&[PUSH2, PACK]);
            }
        }
        match self.random.below(3) {
            0 => self.store_any(),
            1 => self.op(DUP),
            _ => {}
        }
    }

    pub(crate) fn map(&mut self) {
        match self.random.below(3) {
            0 => {
                self.value();
                self.key();
                self.ops(&[PUSH1, PACKMAP]);
            }
            1 => {
                for _ in 0..2 {
                    self.value();
                    self.key();
                }
                self.ops(&[PUSH2, PACKMAP]);
            }
            _ => {
                self.op(NEWMAP);
                if self.random.one_in(6) {
                    // Only the stack references the compound.
                    self.key();
                    self.value();
                    self.op(SETITEM);
                    return;
                }
                self.op(DUP);
                self.key();
                self.value();
                self.op(SETITEM);
            }
        }
        if self.random.one_in(4) {
            // Drops the last reference to the compound.
            self.ops(&[DUP, KEYS, PUSH0, PICKITEM]);
            self.one_op(&[PICKITEM, PICKITEM, HASKEY, REMOVE]);
            return;
        }
        if self.random.one_in(2) {
            self.store_any();
        }
    }

    pub(crate) fn key(&mut self) {
        match self.random.below(4) {
            0 => self.data(),
            1 => self.one_op(&[PUSHT, PUSHF]),
            2 => self.int(),
            _ => self.small(),
        }
    }

    /// Nested structs, which are copied when they are stored and compared by value.
    pub(crate) fn structure(&mut self) {
        self.value();
        self.array_of_values();
        self.ops(&[PUSH2, PACKSTRUCT]);
        match self.random.below(5) {
            0 => {
                // Compares the struct with a copy of itself.
                self.ops(&[DUP, PUSH1, PACK, VALUES, PUSH0, PICKITEM]);
                self.one_op(&[EQUAL, NOTEQUAL]);
            }
            1 => {
                self.array_of_values();
                self.ops(&[DUP, ROT, APPEND]);
            }
            2 => {
                // Stores a copy of the struct into the struct.
                self.ops(&[DUP, DUP, PUSH0, SWAP, SETITEM]);
                self.store_any();
            }
            3 => {
                self.load_any();
                self.op(EQUAL);
            }
            _ => {
                self.op(DUP);
                self.store_any();
                self.load_any();
                self.one_op(&[EQUAL, NOTEQUAL, NIP]);
            }
        }
    }

    /// Compounds that contain themselves or each other. The code that follows may drop the last
    /// reference from outside the cycle.
    pub(crate) fn cycle(&mut self) {
        let is_map = self.random.one_in(3);
        match self.random.below(3) {
            _ if is_map => self.ops(&[NEWMAP, DUP, DUP, PUSH0, SWAP, SETITEM]),
            0 => self.ops(&[NEWARRAY0, NEWARRAY0, OVER, OVER, APPEND, OVER, OVER, SWAP, APPEND, NIP]),
            1 => {
                self.one_op(&[NEWARRAY0, NEWSTRUCT0]);
                self.ops(&[DUP, DUP, APPEND]);
            }
            _ => {
                self.value();
                self.ops(&[PUSH1, PACK, DUP, DUP, APPEND, DUP, REVERSEITEMS]);
            }
        }
        if self.random.one_in(3) {
            self.ops(&[DUP, DUP]);
            if is_map {
                self.key();
            } else {
                self.op(PUSH0);
            }
            self.value();
            self.op(SETITEM);
        }
        match self.random.below(4) {
            0 => self.op(DUP),
            1 => {
                self.op(DUP);
                self.store_any();
            }
            _ => {}
        }
        self.open_cycle();
    }

    /// Uses a compound whose first item is the compound itself.
    fn open_cycle(&mut self) {
        match self.random.below(6) {
            0..=1 => {
                self.op(PUSH0);
                if self.random.one_in(3) {
                    self.array_of_values();
                } else {
                    self.value();
                }
                self.op(SETITEM);
            }
            2 => {
                self.op(PUSH0);
                self.one_op(&[REMOVE, PICKITEM]);
            }
            3 => self.one_op(&[UNPACK, CLEARITEMS, POPITEM, VALUES, REVERSEITEMS, SIZE]),
            4 => self.op(DROP),
            _ => self.store_any(),
        }
    }

    /// A compound in a slot, and operations on it that mostly succeed.
    pub(crate) fn container(&mut self) {
        let slot = self.random.below(3);
        let (load, store) = [(LDLOC0, STLOC0), (LDARG0, STARG0), (LDSFLD0, STSFLD0)][slot];
        let items = 1 + self.random.below(4);
        let is_map = self.random.one_in(3);
        if is_map {
            for key in 0..items {
                self.value();
                self.constant(key);
            }
        } else {
            (0..items).for_each(|_| self.value());
        }
        self.constant(items);
        if is_map {
            self.op(PACKMAP);
        } else {
            self.one_op(&[PACK, PACK, PACKSTRUCT]);
        }
        self.slot_op(store, self.slots - 1);
        for _ in 0..self.random.below(5) {
            self.slot_op(load, self.slots - 1);
            let key = if self.random.one_in(15) { self.random.below(17) } else { self.random.below(items) };
            self.use_container(key, is_map, load);
        }
    }

    /// Uses the compound on top of the stack.
    fn use_container(&mut self, key: usize, is_map: bool, load: OpCode) {
        match self.random.below(11) {
            0 if !is_map => {
                self.value();
                self.op(APPEND);
            }
            0 => self.one_op(&[KEYS, VALUES, UNPACK]),
            1..=3 => {
                self.constant(key);
                self.value();
                self.op(SETITEM);
            }
            4..=5 => {
                self.constant(key);
                self.one_op(&[PICKITEM, PICKITEM, HASKEY, REMOVE]);
            }
            6 => {
                // Stores the compound into itself, unless it is a struct.
                self.constant(key);
                self.slot_op(load, self.slots - 1);
                self.op(SETITEM);
            }
            7 => self.one_op(&[SIZE, VALUES, ISNULL]),
            8 => {
                self.constant(key);
                self.load_any();
                self.op(SETITEM);
            }
            9 => {
                self.constant(key);
                self.array_of_values();
                self.op(SETITEM);
            }
            _ if self.random.one_in(4) => self.one_op(&[REVERSEITEMS, CLEARITEMS, POPITEM, UNPACK, DROP]),
            _ => {
                self.slot_op(load, self.slots - 1);
                self.one_op(&[EQUAL, NOTEQUAL, DROP, NIP]);
            }
        }
    }
}
