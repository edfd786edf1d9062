//! Instructions of a script.
//!
//! Source: `Instruction.cs`.

use crate::{
    fault::FaultKind,
    opcode::{OpCode, OperandKind},
};

/// An instruction of a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instruction<'a> {
    /// The opcode.
    pub opcode: OpCode,
    /// The bytes of the operand, without a length prefix.
    pub operand: &'a [u8],
}

impl<'a> Instruction<'a> {
    /// Decodes the instruction at a position of a script.
    ///
    /// # Errors
    /// - [`FaultKind::BadScript`] if the byte there is not an opcode, or the script
    ///   ends before the position;
    /// - [`FaultKind::PrefixOutOfBounds`], [`FaultKind::NegativeOperand`],
    ///   [`FaultKind::OperandOutOfBounds`] or [`FaultKind::OperandOverflow`] if the
    ///   operand is not whole.
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
            // The reference adds in 32 bits, and fails in another place if the sum overflows.
            None if i32::try_from(start).ok().and_then(|start| start.checked_add(size)).is_none() => {
                Err(FaultKind::OperandOverflow)
            }
            None => Err(FaultKind::OperandOutOfBounds { position: start, size, length: script.len() }),
        }
    }

    /// Returns the number of bytes of the instruction, including opcode and length prefix.
    pub const fn size(&self) -> usize {
        1 + self.opcode.operand().prefix_size() + self.operand.len()
    }

    /// Returns the operand as a signed integer, for operands of at most eight bytes.
    pub fn int(&self) -> i64 {
        int(self.operand)
    }

    /// Returns the offsets in the operand: one for jumps, calls, ENDTRY and PUSHA,
    /// those of the catch and finally blocks for TRY, none for other opcodes.
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

/// Returns the number of bytes of the operand that starts at `start` with its prefix.
fn operand_size(script: &[u8], start: usize, kind: OperandKind) -> Result<i32, FaultKind> {
    let prefix = kind.prefix_size();
    if prefix == 0 {
        return Ok(kind.fixed_size() as i32);
    }
    let Some(bytes) = script.get(start..start + prefix) else {
        return Err(FaultKind::PrefixOutOfBounds { position: start });
    };
    // A length of one or two bytes is unsigned, one of four bytes is signed.
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
