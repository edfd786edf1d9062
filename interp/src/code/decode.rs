//! Decoding: from the bytes of an instruction to a [`DecodedInst`].
//!
//! Most operands are a number of at most eight bytes, which a product and a sum
//! turn into the operand of the decoded instruction. [`SHAPES`] has both by
//! opcode, so that a script is decoded without a decision per instruction.

use neovm_types::{
    Instruction, OpCode, PriceTable, StackItem,
    opcode::{OperandKind, SlotAccess, SlotKind},
};

use crate::{
    inst::{DecodedInst, cost},
    op::Op,
};

/// Bytes of a slot.
const SLOT: i64 = size_of::<StackItem>() as i64;

/// How the operand of a decoded instruction follows from the index of its slot:
/// the factor, and what is added. A static field stays an index. A local
/// variable or an argument becomes its distance in bytes from where the slots
/// of the frame lie, local variables above and arguments below.
const fn slot_operand(kind: SlotKind) -> (i64, i64) {
    match kind {
        SlotKind::Static => (1, 0),
        SlotKind::Local => (SLOT, 0),
        SlotKind::Argument => (-SLOT, -SLOT),
    }
}

/// What the first byte of an instruction tells.
#[derive(Clone, Copy)]
struct Shape {
    op: Op,
    /// Whether the operand is a number of `size` bytes; otherwise it is decoded
    /// by [`DecodedInst::decode_closely`].
    number: bool,
    size: u8,
    signed: bool,
    /// The decoded operand is the number times `scale`, plus `base`.
    scale: i8,
    base: i8,
}

/// The shape of each byte.
static SHAPES: [Shape; 256] = {
    let mut shapes = [Shape { op: Op::Bad, number: false, size: 0, signed: false, scale: 0, base: 0 }; 256];
    let mut i = 0;
    while i < OpCode::ALL.len() {
        shapes[OpCode::ALL[i] as usize] = shape(OpCode::ALL[i]);
        i += 1;
    }
    shapes
};

const fn shape(opcode: OpCode) -> Shape {
    let kind = opcode.operand();
    let (scale, base) = match (opcode.slot_access(), kind) {
        (Some(SlotAccess { kind, index, .. }), _) => {
            let (scale, base) = slot_operand(kind);
            match index {
                Some(index) => (0, scale * index as i64 + base),
                None => (scale, base),
            }
        }
        (None, OperandKind::None) if opcode as u8 >= OpCode::PUSHM1 as u8 && opcode as u8 <= OpCode::PUSH16 as u8 => {
            (0, opcode as i64 - OpCode::PUSH0 as i64)
        }
        (None, OperandKind::None) => (0, 0),
        (None, _) => (1, 0),
    };
    let signed = matches!(kind, OperandKind::Int(_) | OperandKind::Jump8 | OperandKind::Jump32 | OperandKind::Address);
    let number =
        !matches!(kind, OperandKind::Int(16 | 32) | OperandKind::Data(_) | OperandKind::Try8 | OperandKind::Try32);
    Shape { op: Op::of(opcode), number, size: kind.fixed_size() as u8, signed, scale: scale as i8, base: base as i8 }
}

impl Shape {
    /// Returns the decoded operand, from the eight bytes behind the opcode.
    #[inline(always)]
    fn operand(&self, bytes: [u8; 8]) -> u64 {
        let raw = u64::from_le_bytes(bytes);
        // Without an operand the scale is zero.
        let unused = 64 - 8 * u32::from(self.size.max(1));
        let number = if self.signed { ((raw << unused) as i64) >> unused } else { (raw << unused >> unused) as i64 };
        number.wrapping_mul(i64::from(self.scale)).wrapping_add(i64::from(self.base)) as u64
    }
}

impl DecodedInst {
    /// Decodes the instruction at a position. Returns its size in bytes, too.
    #[inline(always)]
    pub(super) fn decode(script: &[u8], position: usize, prices: &PriceTable) -> (Self, usize) {
        let byte = script[position];
        let shape = &SHAPES[byte as usize];
        match script[position + 1..].first_chunk::<8>() {
            Some(bytes) if shape.number => {
                let inst = Self::new(byte, shape.op, position as u32, shape.operand(*bytes), cost(prices, byte));
                (inst, 1 + shape.size as usize)
            }
            _ => Self::decode_closely(script, position, prices),
        }
    }

    /// Returns the size of the instruction at a position, in bytes.
    #[inline(always)]
    pub(super) fn size(script: &[u8], position: usize) -> usize {
        let shape = &SHAPES[script[position] as usize];
        if shape.number && position + 8 < script.len() {
            return 1 + shape.size as usize;
        }
        Instruction::decode(script, position).map_or(1, |instruction| instruction.size())
    }

    /// Decodes an instruction whose operand is not a number or is cut off, or that
    /// lies near the end of the script.
    fn decode_closely(script: &[u8], position: usize, prices: &PriceTable) -> (Self, usize) {
        let byte = script[position];
        let Ok(instruction) = Instruction::decode(script, position) else {
            // Faults when it is reached, neither charged nor counted.
            return (Self::new(byte, Op::Bad, position as u32, 0, 0), 1);
        };
        let shape = &SHAPES[byte as usize];
        let operand =
            if shape.number { shape.operand(padded(instruction.operand)) } else { parts(&instruction, position) };
        (Self::new(byte, shape.op, position as u32, operand, cost(prices, byte)), instruction.size())
    }

    /// Returns the index of the slot of a kind that it loads or stores.
    pub(crate) fn slot_index(&self, kind: SlotKind) -> usize {
        let (scale, base) = slot_operand(kind);
        ((self.operand as i64 - base) / scale) as usize
    }
}

fn padded(operand: &[u8]) -> [u8; 8] {
    let mut bytes = [0; 8];
    bytes[..operand.len()].copy_from_slice(operand);
    bytes
}

/// A decoded operand in two halves: the offsets of a try block, or the start and
/// the length of data. (For data, its place among the constants replaces them
/// later.)
fn parts(instruction: &Instruction<'_>, position: usize) -> u64 {
    let (high, low) = match instruction.opcode.operand() {
        OperandKind::Try8 | OperandKind::Try32 => {
            let (catch, finally) = instruction.offsets();
            (catch.unwrap_or(0) as u32, finally.unwrap_or(0) as u32)
        }
        _ => {
            let length = instruction.operand.len();
            ((position + instruction.size() - length) as u32, length as u32)
        }
    };
    u64::from(high) << 32 | u64::from(low)
}
