//! One instruction of a script.
//!
//! Source: `Instruction.cs`.

use crate::{
    fault::FaultKind,
    opcode::{OpCode, OperandKind},
};

/// An instruction: its opcode and its operand's bytes, without length prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instruction<'a> {
    /// The opcode.
    pub opcode: OpCode,
    /// The operand's bytes.
    pub operand: &'a [u8],
}

impl<'a> Instruction<'a> {
    /// The instruction at a position of a script.
    ///
    /// # Errors
    /// [`FaultKind::BadScript`] for a byte that is no opcode (or no byte at
    /// all), [`FaultKind::OperandOutOfBounds`] and its kin for an operand that
    /// is cut off.
    #[inline]
    pub fn decode(script: &'a [u8], position: usize) -> Result<Self, FaultKind> {
        let Some(opcode) = script.get(position).and_then(|&byte| OpCode::from_byte(byte)) else {
            return Err(FaultKind::BadScript);
        };
        let kind = opcode.operand();
        let start = position + 1;
        let size = operand_size(script, start, kind)?;
        let start = start + kind.prefix_size();
        match script.get(start..start + size as usize) {
            Some(operand) => Ok(Self { opcode, operand }),
            // The reference adds in 32 bits, and a sum past them fails elsewhere.
            None if i32::try_from(start).ok().and_then(|start| start.checked_add(size)).is_none() => {
                Err(FaultKind::OperandOverflow)
            }
            None => Err(FaultKind::OperandOutOfBounds { position: start, size, length: script.len() }),
        }
    }

    /// Number of bytes, opcode and length prefix included.
    pub const fn size(&self) -> usize {
        1 + self.opcode.operand().prefix_size() + self.operand.len()
    }

    /// The operand as an integer with sign, for kinds of at most eight bytes.
    pub fn int(&self) -> i64 {
        int(self.operand)
    }

    /// The offsets of an instruction that names positions: one for jumps,
    /// calls, addresses and ends of try blocks, catch and finally for a try.
    pub fn offsets(&self) -> (Option<i32>, Option<i32>) {
        let half = |part: &[u8]| Some(int(part) as i32);
        match self.opcode.operand() {
            OperandKind::Jump8 | OperandKind::Jump32 | OperandKind::Address => (half(self.operand), None),
            OperandKind::Try8 => (half(&self.operand[..1]), half(&self.operand[1..])),
            OperandKind::Try32 => (half(&self.operand[..4]), half(&self.operand[4..])),
            _ => (None, None),
        }
    }
}

/// The number of bytes that the operand behind `start` takes.
fn operand_size(script: &[u8], start: usize, kind: OperandKind) -> Result<i32, FaultKind> {
    let prefix = kind.prefix_size();
    if prefix == 0 {
        return Ok(kind.fixed_size() as i32);
    }
    let Some(bytes) = script.get(start..start + prefix) else {
        return Err(FaultKind::PrefixOutOfBounds { position: start });
    };
    // Lengths of one and two bytes have no sign, that of four has.
    let size = bytes.iter().rev().fold(0u32, |size, &byte| size << 8 | u32::from(byte)) as i32;
    if size < 0 {
        return Err(FaultKind::NegativeOperand { position: start, size });
    }
    Ok(size)
}

fn int(bytes: &[u8]) -> i64 {
    let negative = bytes.last().is_some_and(|top| top & 0x80 != 0);
    let mut whole = [if negative { 0xff } else { 0 }; 8];
    let length = bytes.len().min(8);
    whole[..length].copy_from_slice(&bytes[..length]);
    i64::from_le_bytes(whole)
}
