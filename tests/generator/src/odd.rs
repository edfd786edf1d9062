//! Code that no compiler emits: opcodes with arbitrary operands, limits of the machine and stray
//! bytes. Also system calls.

use neovm_types::{
    OpCode::{self, *},
    opcode::{Arity, OperandKind},
};

use crate::scripter::{Scripter, nested_script};

impl Scripter<'_> {
    /// Any opcode, preceded by as many items as it pops.
    pub(crate) fn any_opcode(&mut self) {
        let opcode = self.random.one_of(OpCode::ALL);
        match opcode {
            // These opcodes end the script and are therefore rare.
            ABORT | ABORTMSG | RET | THROW | ENDFINALLY if !self.random.one_in(8) => return self.value(),
            ASSERT | ASSERTMSG => self.op(PUSHT),
            _ => {}
        }
        match opcode.info().pops {
            Arity::Exactly(count) => (0..count).for_each(|_| self.value()),
            Arity::Variable => {
                (0..3).for_each(|_| self.value());
                self.small();
            }
        }
        self.op(opcode);
        self.operand(opcode.operand());
    }

    fn operand(&mut self, kind: OperandKind) {
        let offset = 2 + self.random.below(12) as u8;
        match kind {
            OperandKind::None => {}
            OperandKind::Int(size) => (0..size).for_each(|_| {
                let byte = self.random.next() as u8;
                self.bytes.push(byte);
            }),
            OperandKind::Data(prefix) => {
                self.bytes.push(2);
                self.bytes.extend(vec![0; usize::from(prefix) - 1]);
                self.bytes.extend([PUSH1 as u8, PUSH2 as u8]);
            }
            OperandKind::Jump8 => self.bytes.push(offset),
            OperandKind::Jump32 | OperandKind::Address => self.bytes.extend([offset + 3, 0, 0, 0]),
            OperandKind::Try8 => self.bytes.extend([offset + 1, 0]),
            OperandKind::Try32 => self.bytes.extend([offset + 7, 0, 0, 0, 0, 0, 0, 0]),
            OperandKind::Slot => self.bytes.push(offset % 4),
            OperandKind::Slots => self.bytes.extend([offset % 4, offset % 3]),
            OperandKind::Type => {
                let byte =
                    self.random.one_of(&[0x00, 0x10, 0x20, 0x21, 0x28, 0x30, 0x40, 0x41, 0x48, 0x60, 0x22, 0xff]);
                self.bytes.push(byte);
            }
            OperandKind::Token => self.bytes.extend([offset, 0]),
            OperandKind::Syscall => {
                let id = self.calls.simple.first().map_or(u32::from(offset), |call| call.id);
                self.bytes.extend(id.to_le_bytes());
            }
        }
    }

    /// Reaches a limit of the machine or exceeds it.
    pub(crate) fn at_a_limit(&mut self) {
        let beyond = self.random.below(3) as i32 - 1;
        match self.random.below(9) {
            0 => {
                // The item limit, apart from the items that exist already.
                let count = 2000 + self.random.below(60) as i16;
                self.op_with(PUSHINT16, &count.to_le_bytes());
                self.one_op(&[NEWARRAY, NEWSTRUCT]);
                self.one_op(&[NOP, DROP, DUP, UNPACK]);
            }
            1 => {
                self.op_with(PUSHINT32, &(131_070 + beyond).to_le_bytes());
                self.one_op(&[NEWBUFFER, NEWARRAY]);
                self.one_op(&[SIZE, DROP, NOP]);
            }
            2 => {
                self.op_with(PUSHINT32, &(65_536 + beyond).to_le_bytes());
                self.op(NEWBUFFER);
                self.op_with(CONVERT, &[0x28]);
                self.ops(&[DUP, EQUAL]);
            }
            3 => {
                self.int();
                self.op_with(PUSHINT16, &(256 + beyond as i16).to_le_bytes());
                self.one_op(&[SHL, SHR, POW]);
            }
            4 => {
                // Nested try blocks.
                for _ in 0..16 + beyond {
                    self.op_with(TRY, &[3, 0]);
                }
            }
            5 => {
                // The longest map key.
                self.op(NEWMAP);
                self.op_with(PUSHINT8, &[(64 + beyond) as u8]);
                self.op(NEWBUFFER);
                self.op_with(CONVERT, &[0x28]);
                self.one_op(&[HASKEY, PICKITEM, REMOVE]);
            }
            6 => {
                // Contexts, each with one item on the stack.
                self.op(PUSH1);
                self.op_with(CALL, &[0xff]);
            }
            7 => {
                self.constant(0);
                self.op_with(PUSHINT32, &i32::MAX.to_le_bytes());
                self.int();
                self.one_op(&[SUBSTR, PACKMAP, PACK, XDROP, ROLL]);
            }
            _ => self.deep_struct(),
        }
    }

    /// A struct that doubles with each iteration and soon is too large to be copied or compared.
    fn deep_struct(&mut self) {
        self.small();
        self.ops(&[PUSH1, PACKSTRUCT]);
        for _ in 0..self.random.below(12) {
            self.ops(&[DUP, PUSH2, PACKSTRUCT]);
        }
        match self.random.below(3) {
            0 => self.ops(&[DUP, PUSH1, PACK, VALUES]),
            1 => self.ops(&[NEWARRAY0, DUP, ROT, APPEND]),
            _ => self.ops(&[DUP, PUSH1, PACKSTRUCT, PUSH0, PICKITEM, EQUAL]),
        }
    }

    /// A system call, occasionally one that loads another script.
    pub(crate) fn system_call(&mut self) {
        match (self.random.below(4), self.calls.load, self.calls.throw) {
            (0, Some(load), _) => self.load_script(load),
            (1, _, Some(throw)) if self.random.one_in(3) => {
                self.value();
                self.op_with(SYSCALL, &throw.to_le_bytes());
            }
            _ if !self.calls.simple.is_empty() => self.simple_call(),
            _ => self.value(),
        }
    }

    fn load_script(&mut self, load: u32) {
        let script = match self.random.below(8) {
            // An empty script, which returns its arguments.
            0..=1 => Vec::new(),
            2 => [PUSH1, PUSH2, PACK, DUP, THROW].map(|opcode| opcode as u8).to_vec(),
            // Calls its argument, which may be a pointer of another script.
            3 => vec![CALLA as u8],
            // Returns a pointer into itself.
            4 => vec![PUSHA as u8, 5, 0, 0, 0],
            _ => nested_script(self.random, self.calls, 0, 3),
        };
        if script.len() > 2000 {
            return self.value();
        }
        let items = self.random.below(3);
        for _ in 0..items {
            if self.random.one_in(3) { self.op_with(PUSHA, &5i32.to_le_bytes()) } else { self.value() }
        }
        self.constant(items);
        if self.random.one_in(3) {
            self.constant(items);
        } else {
            self.op(PUSHM1);
        }
        self.op_with(PUSHDATA2, &(script.len() as u16).to_le_bytes());
        self.bytes.extend(script);
        self.op_with(SYSCALL, &load.to_le_bytes());
        if self.random.one_in(6) {
            self.one_op(&[CALLA, DUP, EQUAL]);
        }
    }

    pub(crate) fn odd(&mut self) {
        match self.random.below(16) {
            0 => {
                let byte = self.random.next() as u8;
                self.bytes.push(byte);
            }
            1 => {
                let offset = self.random.below(24) as u8;
                self.op_with(JMP, &[offset]);
            }
            2 => self.perhaps_throw(),
            3 => {
                self.value();
                self.one_op(&[ASSERT, JMPIF, ENDTRY]);
            }
            4 => {
                let token = self.random.below(20) as u8;
                self.op_with(CALLT, &[token, 0]);
            }
            5..=8 => {
                // A jump into the operand of another instruction.
                self.op_with(JMP, &[3]);
                self.op_with(PUSHINT64, &[PUSH1 as u8, DUP as u8, NOP as u8, ADD as u8, 0, 1, JMP as u8, 2]);
            }
            9 => self.one_op(&[ENDFINALLY, ABORT, RET, NOP]),
            _ => self.one_op(&[NOP, CLEAR, DEPTH, DUP]),
        }
    }
}
