//! Listings of code.

use std::fmt;

use revm::{bytecode::opcode::OpCode, primitives::hex};

/// An instruction of some code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instruction<'c> {
    /// The position in bytes.
    pub position: usize,
    /// The byte of the opcode.
    pub opcode: u8,
    /// The data of PUSH1 to PUSH32; less than there should be at the end of the code.
    pub data: &'c [u8],
    /// How many bytes of data there should be.
    pub size: usize,
}

impl Instruction<'_> {
    /// Returns the name; None if the byte is no instruction of any fork.
    pub fn name(&self) -> Option<&'static str> {
        OpCode::new(self.opcode).map(|opcode| opcode.as_str())
    }
}

impl fmt::Display for Instruction<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name)?,
            None => write!(f, "{:#04x}, no instruction", self.opcode)?,
        }
        if self.size > 0 {
            write!(f, " 0x{}", hex::encode(self.data))?;
        }
        if self.data.len() < self.size {
            write!(f, ", cut off: {} of {} bytes", self.data.len(), self.size)?;
        }
        Ok(())
    }
}

/// Returns the instructions of code, one after the other. Data that follows code is taken for instructions too.
pub fn instructions(code: &[u8]) -> impl Iterator<Item = Instruction<'_>> {
    let mut position = 0;
    std::iter::from_fn(move || {
        let opcode = *code.get(position)?;
        let size = OpCode::new(opcode).map_or(0, |opcode| usize::from(opcode.info().immediate_size()));
        let begin = position + 1;
        let data = &code[begin..(begin + size).min(code.len())];
        let instruction = Instruction { position, opcode, data, size };
        position = begin + size;
        Some(instruction)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_listed() {
        let listing: Vec<_> =
            instructions(&[0x60, 1, 0x0c, 0x61, 2]).map(|inst| (inst.position, inst.to_string())).collect();
        let expected = [(0, "PUSH1 0x01"), (2, "0x0c, no instruction"), (3, "PUSH2 0x02, cut off: 1 of 2 bytes")];
        assert_eq!(listing, expected.map(|(position, text)| (position, text.to_owned())));
    }
}
