//! Scripts of which instructions are taken out.

use neovm::{
    OpCode, Script,
    types::{Instruction, opcode::OperandKind},
};

/// Takes instructions out of a script, many at once, then fewer, as long as `attempt` accepts the program.
pub(crate) fn shortened(script: &[u8], mut attempt: impl FnMut(&Program) -> bool) {
    let mut best = Program::of(script);
    let mut size = best.pieces.len() / 2;
    while size > 0 {
        let mut place = best.pieces.len();
        while place > 0 {
            let end = place;
            place = place.saturating_sub(size);
            let mut shorter = best.clone();
            shorter.pieces[place..end].iter_mut().for_each(|piece| piece.bytes.clear());
            if attempt(&shorter) {
                best = shorter;
            }
        }
        size /= 2;
    }
}

/// A script as pieces that can be taken out: jumps follow.
#[derive(Clone)]
pub(crate) struct Program {
    pub(crate) pieces: Vec<Piece>,
}

/// An instruction, or all that is behind the last one.
#[derive(Clone)]
pub(crate) struct Piece {
    pub(crate) bytes: Vec<u8>,
    /// The pieces that its offsets lead to; none for what leads elsewhere.
    pub(crate) targets: [Option<usize>; 2],
}

impl Program {
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let script = Script::from(bytes);
        let mut starts = Vec::new();
        let mut pieces: Vec<Piece> = Vec::new();
        let mut end = 0;
        for (position, instruction) in script.instructions() {
            let Ok(instruction) = instruction else { break };
            end = position + instruction.size();
            starts.push(position);
            pieces.push(Piece { bytes: bytes[position..end].to_vec(), targets: [None; 2] });
        }
        starts.push(end);
        for (piece, &start) in pieces.iter_mut().zip(&starts) {
            let Ok(instruction) = Instruction::decode(&piece.bytes, 0) else { continue };
            let (first, second) = instruction.offsets();
            let target = |offset: Option<i32>| {
                // No offset, or an empty catch or finally block.
                let offset = offset.filter(|&offset| offset != 0)?;
                starts.binary_search(&usize::try_from(start as i64 + i64::from(offset)).ok()?).ok()
            };
            piece.targets = [target(first), target(second)];
        }
        if end < bytes.len() {
            pieces.push(Piece { bytes: bytes[end..].to_vec(), targets: [None; 2] });
        }
        Self { pieces }
    }

    /// Where the pieces start, and where the last one ends.
    pub(crate) fn starts(&self) -> Vec<usize> {
        let mut starts = vec![0];
        for piece in &self.pieces {
            starts.push(starts[starts.len() - 1] + piece.bytes.len());
        }
        starts
    }

    /// The script, with offsets to where targets are now.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let starts = self.starts();
        let mut script = Vec::new();
        for (piece, &start) in self.pieces.iter().zip(&starts) {
            let mut bytes = piece.bytes.clone();
            let size = bytes.first().and_then(|&byte| offset_size(OpCode::from_byte(byte)?));
            for (i, target) in piece.targets.iter().enumerate() {
                if let (Some(target), Some(size)) = (target, size) {
                    let offset = (starts[*target] as i64 - start as i64) as i32;
                    bytes[1 + i * size..1 + (i + 1) * size].copy_from_slice(&offset.to_le_bytes()[..size]);
                }
            }
            script.extend(bytes);
        }
        script
    }
}

/// Bytes of each offset of an opcode that has some.
fn offset_size(opcode: OpCode) -> Option<usize> {
    match opcode.operand() {
        OperandKind::Jump8 | OperandKind::Try8 => Some(1),
        OperandKind::Jump32 | OperandKind::Address | OperandKind::Try32 => Some(4),
        _ => None,
    }
}
