//! Arrays, structs and maps, and what is done with them.

use neovm_types::OpCode::{self, *};

use super::{SLOTS, Scripter};

impl Scripter<'_> {
    pub(super) fn array(&mut self) {
        match self.random.below(5) {
            0 => {
                let count = self.random.below(4);
                (0..count).for_each(|_| self.value());
                self.bytes.push(PUSH0 as u8 + count as u8);
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
            3 => {
                // A cycle.
                self.one_op(&[NEWARRAY0, NEWSTRUCT0]);
                self.ops(&[DUP, DUP, APPEND]);
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

    pub(super) fn map(&mut self) {
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
                self.ops(&[NEWMAP, DUP]);
                self.small();
                self.value();
                self.op(SETITEM);
            }
        }
        if self.random.one_in(4) {
            // The last reference to it goes.
            self.ops(&[DUP, KEYS, PUSH0, PICKITEM]);
            self.one_op(&[PICKITEM, PICKITEM, HASKEY, REMOVE]);
            return;
        }
        if self.random.one_in(2) {
            self.store_any();
        }
    }

    pub(super) fn key(&mut self) {
        match self.random.below(4) {
            0 => self.data(),
            1 => self.one_op(&[PUSHT, PUSHF]),
            2 => self.int(),
            _ => self.small(),
        }
    }

    /// A container in a slot, and things done to it that mostly can be.
    pub(super) fn container(&mut self) {
        let slot = self.random.below(3);
        let (load, store) = [(LDLOC0, STLOC0), (LDARG0, STARG0), (LDSFLD0, STSFLD0)][slot];
        let items = 1 + self.random.below(4);
        let is_map = self.random.one_in(3);
        if is_map {
            for key in 0..items {
                self.value();
                self.bytes.push(PUSH0 as u8 + key as u8);
            }
        } else {
            (0..items).for_each(|_| self.value());
        }
        self.bytes.push(PUSH0 as u8 + items as u8);
        if is_map {
            self.op(PACKMAP);
        } else {
            self.one_op(&[PACK, PACK, PACKSTRUCT]);
        }
        self.slot_op(store, SLOTS - 1);
        for _ in 0..self.random.below(5) {
            self.slot_op(load, SLOTS - 1);
            let key = if self.random.one_in(15) { self.random.below(17) } else { self.random.below(items) };
            self.use_container(key as u8, is_map, load);
        }
    }

    /// Does something to the container on top.
    pub(super) fn use_container(&mut self, key: u8, is_map: bool, load: OpCode) {
        let key = PUSH0 as u8 + key;
        match self.random.below(10) {
            0 if !is_map => {
                self.value();
                self.op(APPEND);
            }
            0 => self.one_op(&[KEYS, VALUES, UNPACK]),
            1..=3 => {
                self.bytes.push(key);
                self.value();
                self.op(SETITEM);
            }
            4..=5 => {
                self.bytes.push(key);
                self.one_op(&[PICKITEM, PICKITEM, HASKEY]);
            }
            6 => {
                // Into itself, where it is no struct.
                self.bytes.push(key);
                self.slot_op(load, SLOTS - 1);
                self.op(SETITEM);
            }
            7 => self.one_op(&[SIZE, VALUES, ISNULL]),
            8 => {
                self.bytes.push(key);
                self.load_any();
                self.op(SETITEM);
            }
            _ if self.random.one_in(4) => self.one_op(&[REVERSEITEMS, CLEARITEMS, POPITEM, UNPACK, DROP]),
            _ => {
                self.slot_op(load, SLOTS - 1);
                self.one_op(&[EQUAL, NOTEQUAL, DROP, NIP]);
            }
        }
    }
}
