//! Opcodes with their bytes, operands and prices. Sources: `OpCode.cs`, `Instruction.cs`;
//! `ApplicationEngine.OpCodePrices.cs` of the node.

use crate::error::{Done, fault};

macro_rules! opcodes {
    ($($byte:literal $name:ident $operand:literal;)*) => {
        /// An opcode.
        #[allow(non_camel_case_types, missing_docs, reason = "the mnemonics are the names in use")]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Op {
            $($name = $byte,)*
        }

        impl Op {
            /// Returns the opcode with this byte, if there is one.
            pub fn from_byte(byte: u8) -> Option<Self> {
                match byte {
                    $($byte => Some(Self::$name),)*
                    _ => None,
                }
            }

            /// Returns the mnemonic.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)*
                }
            }

            /// Returns the size of the operand in bytes, or, if the operand has a length prefix, the size
    /// of the prefix as a negative number.
            fn operand_size(self) -> i32 {
                match self {
                    $(Self::$name => $operand,)*
                }
            }
        }
    };
}

opcodes! {
    0x00 PUSHINT8 1; 0x01 PUSHINT16 2; 0x02 PUSHINT32 4; 0x03 PUSHINT64 8; 0x04 PUSHINT128 16; 0x05 PUSHINT256 32;
    0x08 PUSHT 0; 0x09 PUSHF 0; 0x0a PUSHA 4; 0x0b PUSHNULL 0; 0x0c PUSHDATA1 -1; 0x0d PUSHDATA2 -2;
    0x0e PUSHDATA4 -4; 0x0f PUSHM1 0; 0x10 PUSH0 0; 0x11 PUSH1 0; 0x12 PUSH2 0; 0x13 PUSH3 0; 0x14 PUSH4 0;
    0x15 PUSH5 0; 0x16 PUSH6 0; 0x17 PUSH7 0; 0x18 PUSH8 0; 0x19 PUSH9 0; 0x1a PUSH10 0; 0x1b PUSH11 0;
    0x1c PUSH12 0; 0x1d PUSH13 0; 0x1e PUSH14 0; 0x1f PUSH15 0; 0x20 PUSH16 0; 0x21 NOP 0; 0x22 JMP 1; 0x23 JMP_L 4;
    0x24 JMPIF 1; 0x25 JMPIF_L 4; 0x26 JMPIFNOT 1; 0x27 JMPIFNOT_L 4; 0x28 JMPEQ 1; 0x29 JMPEQ_L 4; 0x2a JMPNE 1;
    0x2b JMPNE_L 4; 0x2c JMPGT 1; 0x2d JMPGT_L 4; 0x2e JMPGE 1; 0x2f JMPGE_L 4; 0x30 JMPLT 1; 0x31 JMPLT_L 4;
    0x32 JMPLE 1; 0x33 JMPLE_L 4; 0x34 CALL 1; 0x35 CALL_L 4; 0x36 CALLA 0; 0x37 CALLT 2; 0x38 ABORT 0;
    0x39 ASSERT 0; 0x3a THROW 0; 0x3b TRY 2; 0x3c TRY_L 8; 0x3d ENDTRY 1; 0x3e ENDTRY_L 4; 0x3f ENDFINALLY 0;
    0x40 RET 0; 0x41 SYSCALL 4; 0x43 DEPTH 0; 0x45 DROP 0; 0x46 NIP 0; 0x48 XDROP 0; 0x49 CLEAR 0; 0x4a DUP 0;
    0x4b OVER 0; 0x4d PICK 0; 0x4e TUCK 0; 0x50 SWAP 0; 0x51 ROT 0; 0x52 ROLL 0; 0x53 REVERSE3 0; 0x54 REVERSE4 0;
    0x55 REVERSEN 0; 0x56 INITSSLOT 1; 0x57 INITSLOT 2; 0x58 LDSFLD0 0; 0x59 LDSFLD1 0; 0x5a LDSFLD2 0;
    0x5b LDSFLD3 0; 0x5c LDSFLD4 0; 0x5d LDSFLD5 0; 0x5e LDSFLD6 0; 0x5f LDSFLD 1; 0x60 STSFLD0 0; 0x61 STSFLD1 0;
    0x62 STSFLD2 0; 0x63 STSFLD3 0; 0x64 STSFLD4 0; 0x65 STSFLD5 0; 0x66 STSFLD6 0; 0x67 STSFLD 1; 0x68 LDLOC0 0;
    0x69 LDLOC1 0; 0x6a LDLOC2 0; 0x6b LDLOC3 0; 0x6c LDLOC4 0; 0x6d LDLOC5 0; 0x6e LDLOC6 0; 0x6f LDLOC 1;
    0x70 STLOC0 0; 0x71 STLOC1 0; 0x72 STLOC2 0; 0x73 STLOC3 0; 0x74 STLOC4 0; 0x75 STLOC5 0; 0x76 STLOC6 0;
    0x77 STLOC 1; 0x78 LDARG0 0; 0x79 LDARG1 0; 0x7a LDARG2 0; 0x7b LDARG3 0; 0x7c LDARG4 0; 0x7d LDARG5 0;
    0x7e LDARG6 0; 0x7f LDARG 1; 0x80 STARG0 0; 0x81 STARG1 0; 0x82 STARG2 0; 0x83 STARG3 0; 0x84 STARG4 0;
    0x85 STARG5 0; 0x86 STARG6 0; 0x87 STARG 1; 0x88 NEWBUFFER 0; 0x89 MEMCPY 0; 0x8b CAT 0; 0x8c SUBSTR 0;
    0x8d LEFT 0; 0x8e RIGHT 0; 0x90 INVERT 0; 0x91 AND 0; 0x92 OR 0; 0x93 XOR 0; 0x97 EQUAL 0; 0x98 NOTEQUAL 0;
    0x99 SIGN 0; 0x9a ABS 0; 0x9b NEGATE 0; 0x9c INC 0; 0x9d DEC 0; 0x9e ADD 0; 0x9f SUB 0; 0xa0 MUL 0; 0xa1 DIV 0;
    0xa2 MOD 0; 0xa3 POW 0; 0xa4 SQRT 0; 0xa5 MODMUL 0; 0xa6 MODPOW 0; 0xa8 SHL 0; 0xa9 SHR 0; 0xaa NOT 0;
    0xab BOOLAND 0; 0xac BOOLOR 0; 0xb1 NZ 0; 0xb3 NUMEQUAL 0; 0xb4 NUMNOTEQUAL 0; 0xb5 LT 0; 0xb6 LE 0; 0xb7 GT 0;
    0xb8 GE 0; 0xb9 MIN 0; 0xba MAX 0; 0xbb WITHIN 0; 0xbe PACKMAP 0; 0xbf PACKSTRUCT 0; 0xc0 PACK 0; 0xc1 UNPACK 0;
    0xc2 NEWARRAY0 0; 0xc3 NEWARRAY 0; 0xc4 NEWARRAY_T 1; 0xc5 NEWSTRUCT0 0; 0xc6 NEWSTRUCT 0; 0xc8 NEWMAP 0;
    0xca SIZE 0; 0xcb HASKEY 0; 0xcc KEYS 0; 0xcd VALUES 0; 0xce PICKITEM 0; 0xcf APPEND 0; 0xd0 SETITEM 0;
    0xd1 REVERSEITEMS 0; 0xd2 REMOVE 0; 0xd3 CLEARITEMS 0; 0xd4 POPITEM 0; 0xd8 ISNULL 0; 0xd9 ISTYPE 1;
    0xdb CONVERT 1; 0xe0 ABORTMSG 0; 0xe1 ASSERTMSG 0;
}

impl Op {
    /// Returns the price, in units. A unit costs the execution fee factor.
    pub fn price(self) -> u64 {
        use Op::*;
        match self {
            ABORT | ABORTMSG | RET | SYSCALL => 0,
            PUSHINT8 | PUSHINT16 | PUSHINT32 | PUSHINT64 | PUSHT | PUSHF | PUSHNULL | PUSHM1 | PUSH0 | PUSH1
            | PUSH2 | PUSH3 | PUSH4 | PUSH5 | PUSH6 | PUSH7 | PUSH8 | PUSH9 | PUSH10 | PUSH11 | PUSH12 | PUSH13
            | PUSH14 | PUSH15 | PUSH16 | NOP | ASSERT | ASSERTMSG => 1,
            PUSHINT128 | PUSHINT256 | PUSHA | TRY | TRY_L | ENDTRY | ENDTRY_L | ENDFINALLY | INVERT | SIGN | ABS
            | NEGATE | INC | DEC | NOT | NZ | SIZE => 4,
            PUSHDATA1 | AND | OR | XOR | ADD | SUB | MUL | DIV | MOD | SHL | SHR | BOOLAND | BOOLOR | NUMEQUAL
            | NUMNOTEQUAL | LT | LE | GT | GE | MIN | MAX | WITHIN | NEWMAP => 8,
            XDROP | CLEAR | ROLL | REVERSEN | INITSSLOT | NEWARRAY0 | NEWSTRUCT0 | KEYS | REMOVE | CLEARITEMS
            | POPITEM => 16,
            EQUAL | NOTEQUAL | MODMUL => 32,
            INITSLOT | POW | SQRT | HASKEY | PICKITEM => 64,
            NEWBUFFER => 256,
            PUSHDATA2 | CALL | CALL_L | CALLA | THROW | NEWARRAY | NEWARRAY_T | NEWSTRUCT => 512,
            MEMCPY | CAT | SUBSTR | LEFT | RIGHT | MODPOW | PACKMAP | PACKSTRUCT | PACK | UNPACK => 2048,
            PUSHDATA4 => 4096,
            VALUES | APPEND | SETITEM | REVERSEITEMS | CONVERT => 8192,
            CALLT => 32768,
            // Jumps, stack manipulation, slots and type checks.
            _ => 2,
        }
    }
}

/// An instruction of a script.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Instruction<'a> {
    pub(crate) op: Op,
    pub(crate) operand: &'a [u8],
    /// The size of the opcode and the operand, in bytes.
    pub(crate) size: usize,
}

impl<'a> Instruction<'a> {
    /// Returns the implicit RET past the last byte of a script.
    pub(crate) const END: Self = Self { op: Op::RET, operand: &[], size: 1 };

    /// Decodes the instruction at a position within a script.
    pub(crate) fn decode(script: &'a [u8], position: usize) -> Done<Self> {
        let Some(op) = Op::from_byte(script[position]) else {
            return fault("Exception of type 'Neo.VM.BadScriptException' was thrown.");
        };
        let size = op.operand_size();
        let start = position + 1;
        if size >= 0 {
            return Self::with_operand(op, script, position, start, size);
        }
        let operand = start + size.unsigned_abs() as usize;
        let Some(prefix) = script.get(start..operand) else {
            return fault(format!("Instruction out of bounds. InstructionPointer: {start}"));
        };
        let length = prefix.iter().rev().fold(0, |value, &byte| value << 8 | u32::from(byte)) as i32;
        if length < 0 {
            return fault(format!("Instruction out of bounds. InstructionPointer: {start}, operandSize: {length}"));
        }
        Self::with_operand(op, script, position, operand, length)
    }

    fn with_operand(op: Op, script: &'a [u8], position: usize, start: usize, size: i32) -> Done<Self> {
        let end = (start as i32).wrapping_add(size);
        if end < 0 {
            // Added in 32 bits without an overflow check; the slice fails afterwards.
            return fault("Specified argument was out of the range of valid values. (Parameter 'start')");
        }
        let Some(operand) = script.get(start..end as usize) else {
            let length = script.len();
            return fault(format!(
                "Instrucion out of bounds. InstructionPointer: {start}, operandSize: {size}, length: {length}"
            ));
        };
        Ok(Self { op, operand, size: end as usize - position })
    }

    /// Returns the byte of the operand at an index.
    pub(crate) fn byte(&self, index: usize) -> u8 {
        self.operand[index]
    }

    /// Returns the operand, or half of it, as a signed offset of one or four bytes.
    pub(crate) fn offset(&self, index: usize) -> i32 {
        match self.operand.len() {
            1 | 2 => i32::from(self.operand[index] as i8),
            _ => {
                let bytes = &self.operand[4 * index..4 * index + 4];
                i32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
            }
        }
    }
}
