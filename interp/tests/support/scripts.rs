//! Random scripts that mostly do something sensible, in the shapes that
//! compilers give code, and others that do not.

#[path = "compounds.rs"]
mod compounds;
#[path = "control.rs"]
mod control;

use neovm_types::OpCode::{self, *};

use crate::random::Random;

/// Slots of each kind that functions have.
const SLOTS: usize = 3;

/// A place in the script that jumps lead to.
#[derive(Clone, Copy)]
struct Label(usize);

/// A script in the making.
struct Scripter<'a> {
    random: &'a mut Random,
    bytes: Vec<u8>,
    labels: Vec<usize>,
    /// Where an offset is missing: position of the instruction, of its offset, size, label.
    holes: Vec<(usize, usize, usize, Label)>,
    functions: Vec<Label>,
    /// How deep statements nest.
    depth: usize,
    /// Whether calls may be made: not from the last functions, so that most scripts end.
    may_call: bool,
}

/// A random script.
pub(crate) fn script(random: &mut Random) -> Vec<u8> {
    let functions = random.below(3);
    let mut own = Scripter {
        random,
        bytes: Vec::new(),
        labels: vec![0; functions],
        holes: Vec::new(),
        functions: (0..functions).map(Label).collect(),
        depth: 0,
        may_call: functions > 0,
    };
    own.entry();
    own.fill();
    own.bytes
}

impl Scripter<'_> {
    fn op(&mut self, opcode: OpCode) {
        self.bytes.push(opcode as u8);
    }

    fn ops(&mut self, opcodes: &[OpCode]) {
        opcodes.iter().for_each(|&opcode| self.op(opcode));
    }

    fn op_with(&mut self, opcode: OpCode, operand: &[u8]) {
        self.op(opcode);
        self.bytes.extend_from_slice(operand);
    }

    fn one_op(&mut self, opcodes: &[OpCode]) {
        let opcode = self.random.one_of(opcodes);
        self.op(opcode);
    }

    fn label(&mut self) -> Label {
        self.labels.push(0);
        Label(self.labels.len() - 1)
    }

    fn bind(&mut self, label: Label) {
        self.labels[label.0] = self.bytes.len();
    }

    /// A jump or call: in its long form more often than not, since a short one
    /// may not reach.
    fn jump(&mut self, short: OpCode, label: Label) {
        let long = !self.random.one_in(3);
        let start = self.bytes.len();
        let opcode = OpCode::from_byte(short as u8 + u8::from(long)).unwrap();
        let size = if long { 4 } else { 1 };
        self.op_with(opcode, &[0; 4][..size]);
        self.holes.push((start, start + 1, size, label));
    }

    fn try_long(&mut self, catch: Option<Label>, finally: Option<Label>) {
        let start = self.bytes.len();
        self.op_with(TRY_L, &[0; 8]);
        self.holes.extend(catch.map(|label| (start, start + 1, 4, label)));
        self.holes.extend(finally.map(|label| (start, start + 5, 4, label)));
    }

    fn fill(&mut self) {
        for &(start, place, size, label) in &self.holes {
            let offset = self.labels[label.0] as i32 - start as i32;
            self.bytes[place..place + size].copy_from_slice(&offset.to_le_bytes()[..size]);
        }
    }

    fn entry(&mut self) {
        if !self.random.one_in(150) {
            self.op_with(INITSSLOT, &[SLOTS as u8]);
        }
        if !self.random.one_in(150) {
            (0..SLOTS).for_each(|_| self.small());
            self.begin_function();
        }
        // So that most of what takes items finds some.
        (0..4).for_each(|_| self.value());
        self.block();
        if !self.random.one_in(20) {
            self.op(RET);
        }
        let functions = self.functions.clone();
        for (i, &function) in functions.iter().enumerate() {
            self.may_call = i + 1 < functions.len() || self.random.one_in(10);
            self.functions = functions[(i + 1).min(functions.len() - 1)..].to_vec();
            self.bind(function);
            self.begin_function();
            self.block();
            self.op(RET);
        }
    }

    /// Makes the slots: the last of each kind holds anything, the others integers.
    fn begin_function(&mut self) {
        self.op_with(INITSLOT, &[SLOTS as u8, SLOTS as u8]);
        for slot in 0..SLOTS as u8 {
            self.small();
            self.bytes.push(STLOC0 as u8 + slot);
            self.small();
            self.bytes.push(STSFLD0 as u8 + slot);
        }
    }

    fn block(&mut self) {
        self.depth += 1;
        for _ in 0..1 + self.random.below(9 - 2 * self.depth.min(4)) {
            self.statement();
        }
        self.depth -= 1;
    }

    fn statement(&mut self) {
        let most = if self.depth > 3 { 13 } else { 18 };
        match self.random.below(most) {
            0 => self.value(),
            1 => self.arithmetic(),
            2 => self.assignment(),
            3 => self.step(),
            4 => self.array(),
            5 => self.map(),
            6 => self.shuffle(),
            7 => self.bytes(),
            8 => self.conversion(),
            9 => self.container(),
            10 => self.slot(),
            11 => self.floor_mod(),
            12 => {
                if self.random.one_in(12) {
                    self.odd();
                } else {
                    self.assignment();
                }
            }
            13 => self.branch(),
            14 => self.counted_loop(),
            15 => self.stack_loop(),
            16 => self.call(),
            _ => self.guarded(),
        }
    }

    fn small(&mut self) {
        let value = self.random.below(18) as u8;
        self.bytes.push(PUSHM1 as u8 + value);
    }

    fn int(&mut self) {
        match self.random.below(8) {
            0 => {
                let edge = self.random.one_of(&[i64::MAX, i64::MIN, i64::MAX - 1, i64::MIN + 1, 1 << 62, -1, 255, 256]);
                self.op_with(PUSHINT64, &edge.to_le_bytes());
            }
            1 => {
                let wide = i128::from(self.random.next() as i64) << self.random.below(64);
                self.op_with(PUSHINT128, &wide.to_le_bytes());
            }
            2 => {
                let mut wide: Vec<u8> = (0..4).flat_map(|_| self.random.next().to_le_bytes()).collect();
                let sign = self.random.one_of(&[0, 0x7f, 0x80, 0xff]);
                wide[31] = sign;
                self.op_with(PUSHINT256, &wide);
            }
            3 => {
                let value = self.random.next() as i16;
                self.op_with(PUSHINT16, &value.to_le_bytes());
            }
            _ => self.small(),
        }
    }

    fn data(&mut self) {
        let length = self.random.one_of(&[0, 1, 2, 3, 8, 31, 32, 33, 64, 65]);
        let fill = self.random.one_of(&[0, 1, 0x41, 0x80, 0xff]);
        self.op_with(PUSHDATA1, &[length as u8]);
        self.bytes.extend(core::iter::repeat_n(fill, length));
    }

    /// Pushes one item.
    fn value(&mut self) {
        match self.random.below(12) {
            0 => self.one_op(&[PUSHT, PUSHF, PUSHNULL]),
            1 => self.data(),
            2 => self.one_op(&[NEWARRAY0, NEWSTRUCT0, NEWMAP]),
            3..=4 => self.load_int(),
            5 => self.load_any(),
            6 => {
                self.small();
                self.one_op(&[NEWARRAY, NEWSTRUCT, NEWBUFFER]);
            }
            7 => self.op_with(PUSHA, &5i32.to_le_bytes()),
            8 => {
                let id = self.random.one_of(&[0, 0, 0, 0, 0, 1, 1, 1, 3, 3, 3, 4, 5, 5, 6]) as u32;
                self.op_with(SYSCALL, &id.to_le_bytes());
            }
            _ => self.int(),
        }
    }

    /// Pushes the item of a slot that should hold an integer.
    fn load_int(&mut self) {
        let base = self.random.one_of(&[LDLOC0, LDLOC0, LDLOC0, LDARG0, LDSFLD0]);
        let index = self.random.below(SLOTS - 1);
        self.slot_op(base, index);
    }

    /// Pushes the item of a slot that may hold anything.
    fn load_any(&mut self) {
        let base = self.random.one_of(&[LDLOC0, LDARG0, LDSFLD0]);
        self.slot_op(base, SLOTS - 1);
    }

    /// Pops an integer into a slot.
    fn store_int(&mut self) {
        let base = self.random.one_of(&[STLOC0, STLOC0, STLOC0, STARG0, STSFLD0]);
        let index = self.random.below(SLOTS - 1);
        self.slot_op(base, index);
    }

    /// Pops an item into a slot that may hold anything.
    fn store_any(&mut self) {
        let base = self.random.one_of(&[STLOC0, STARG0, STSFLD0]);
        self.slot_op(base, SLOTS - 1);
    }

    /// A slot opcode: of the short forms, or with a number; now and then wrong.
    fn slot_op(&mut self, base: OpCode, index: usize) {
        let index = if self.random.one_in(300) { self.random.below(8) } else { index } as u8;
        if self.random.one_in(6) {
            self.bytes.extend([base as u8 + 7, index]);
        } else {
            self.bytes.push(base as u8 + index.min(6));
        }
    }

    fn slot(&mut self) {
        match self.random.below(5) {
            0 => {
                self.value();
                self.store_any();
            }
            1 => {
                self.int();
                self.store_int();
                self.load_int();
            }
            2 => {
                self.load_any();
                self.store_any();
                self.load_any();
            }
            3 => {
                self.load_int();
                self.load_int();
            }
            _ => {
                self.load_any();
                self.load_any();
                self.store_any();
            }
        }
    }

    /// An operator that gives an integer.
    fn operator(&mut self) {
        if self.random.one_in(12) {
            self.one_op(&[DIV, MOD, SHL, SHR, POW]);
        } else {
            self.one_op(&[ADD, SUB, MUL, ADD, SUB, AND, OR, XOR, MIN, MAX]);
        }
    }

    fn comparison(&mut self) {
        self.one_op(&[LT, LE, GT, GE, NUMEQUAL, NUMNOTEQUAL, EQUAL, NOTEQUAL, BOOLAND, BOOLOR]);
    }

    fn arithmetic(&mut self) {
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

    /// A slot or a constant, and another.
    fn two_operands(&mut self) {
        self.load_int();
        if self.random.one_in(2) { self.load_int() } else { self.int() }
    }

    fn assignment(&mut self) {
        self.two_operands();
        self.operator();
        if !self.random.one_in(4) {
            self.store_int();
        }
    }

    fn step(&mut self) {
        self.load_int();
        self.one_op(&[INC, DEC]);
        if self.random.one_in(3) {
            self.op(DUP);
        }
        self.store_int();
    }

    fn shuffle(&mut self) {
        match self.random.below(4) {
            0 => {
                (0..4).for_each(|_| self.value());
                let index = self.random.below(4) as u8;
                self.bytes.push(PUSH0 as u8 + index);
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

    fn bytes(&mut self) {
        self.op_with(PUSHDATA1, b"\x07neo vm!");
        let index = self.random.below(7) as u8;
        let index = if self.random.one_in(12) { 16 } else { index };
        let index = PUSH0 as u8 + index;
        match self.random.below(5) {
            0 => {
                self.data();
                self.one_op(&[CAT, EQUAL, NOTEQUAL]);
            }
            1 => {
                self.bytes.push(index);
                self.one_op(&[LEFT, RIGHT, PICKITEM, HASKEY]);
            }
            2 => {
                self.bytes.push(index);
                self.ops(&[PUSH1, SUBSTR]);
            }
            3 => {
                self.op_with(CONVERT, &[0x30]);
                self.op(DUP);
                self.bytes.push(index);
                self.op(PUSH9);
                self.op(SETITEM);
            }
            _ => {
                self.op_with(CONVERT, &[0x30]);
                self.op(DUP);
                self.bytes.push(index);
                self.op_with(PUSHDATA1, b"\x02ab");
                self.ops(&[PUSH0, PUSH1, MEMCPY]);
            }
        }
    }

    fn conversion(&mut self) {
        let item_type = self.random.one_of(&[0x10, 0x20, 0x21, 0x28, 0x30, 0x40, 0x41, 0x48]);
        let wrong = self.random.one_of(&[0x60, 0x00, 0x77, 0x40, 0x21]);
        match self.random.below(12) {
            0..=3 => {
                self.value();
                self.op_with(ISTYPE, &[item_type]);
            }
            4..=5 => {
                self.value();
                self.op(ISNULL);
            }
            6..=8 => {
                self.small();
                let item_type = self.random.one_of(&[0x20, 0x21, 0x28, 0x30]);
                self.op_with(CONVERT, &[item_type]);
            }
            9..=10 => {
                self.one_op(&[NEWARRAY0, NEWSTRUCT0]);
                let item_type = self.random.one_of(&[0x20, 0x40, 0x41]);
                self.op_with(CONVERT, &[item_type]);
            }
            _ => {
                if self.random.one_in(4) {
                    self.op(PUSHNULL);
                } else {
                    self.value();
                }
                self.op_with(CONVERT, &[wrong]);
            }
        }
    }

    /// The remainder with the divisor's sign, as one compiler writes it; now and
    /// then with something changed.
    fn floor_mod(&mut self) {
        self.int();
        self.int();
        self.op(SWAP);
        let start = self.bytes.len();
        self.ops(&[OVER, MOD, DUP, SIGN, PUSH2, PICK, SIGN, OVER, NUMNOTEQUAL, SWAP, PUSH0, NUMNOTEQUAL, BOOLAND]);
        self.op_with(JMPIFNOT, &[5]);
        self.op(ADD);
        self.op_with(JMP, &[3]);
        self.op(NIP);
        if self.random.one_in(6) {
            let place = start + self.random.below(self.bytes.len() - start);
            self.bytes[place] = self.random.next() as u8;
        }
    }

    /// What no compiler writes.
    fn odd(&mut self) {
        match self.random.below(8) {
            0 => {
                let byte = self.random.next() as u8;
                self.bytes.push(byte);
            }
            1 => {
                let offset = self.random.below(24) as u8;
                self.op_with(JMP, &[offset]);
            }
            2 => {
                self.op(THROW);
            }
            3 => {
                self.value();
                self.one_op(&[ASSERT, JMPIF, ENDTRY]);
            }
            4 => {
                let token = self.random.below(20) as u8;
                self.op_with(CALLT, &[token, 0]);
            }
            5 => {
                // A jump into the operand of another instruction.
                self.op_with(JMP, &[3]);
                self.op_with(PUSHINT64, &[PUSH1 as u8, DUP as u8, NOP as u8, ADD as u8, 0, 1, JMP as u8, 2]);
            }
            6 => self.one_op(&[ENDFINALLY, ABORT, RET, NOP]),
            _ => self.one_op(&[NOP, CLEAR, DEPTH, DUP]),
        }
    }
}

/// The script with some bytes changed.
pub(crate) fn mutated(script: &[u8], other: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = script.to_vec();
    for _ in 0..1 + random.below(4) {
        let place = random.below(bytes.len() + 1);
        match random.below(5) {
            0 => bytes.insert(place, random.next() as u8),
            1 if place < bytes.len() => drop(bytes.remove(place)),
            2 if !other.is_empty() => {
                let start = random.below(other.len());
                let end = (start + random.below(24)).min(other.len());
                bytes.splice(place..place, other[start..end].iter().copied());
            }
            3 if place < bytes.len() => bytes[place] ^= 1 << random.below(8),
            _ if place < bytes.len() => bytes[place] = random.next() as u8,
            _ => {}
        }
    }
    bytes
}
