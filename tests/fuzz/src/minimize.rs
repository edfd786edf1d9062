//! Shortens cases that differ.

use neovm::{
    OpCode, Script,
    types::{Instruction, opcode::OperandKind},
};
use neovm_testing::Mode;

use crate::{
    case::{Case, Executor, Run},
    compare::Comparer,
};

/// The most cases that are tried.
const TRIES: usize = 4000;

/// Returns a case that still differs, with fewer runs, plainer settings and a shorter script, or the
/// case itself if it does not differ when it is run again.
pub fn minimized(comparer: &mut Comparer, case: Case) -> Case {
    let mut search = Search { comparer, best: case, tries: TRIES };
    if !search.attempt(search.best.clone()) {
        return search.best;
    }
    loop {
        let before = search.best.clone();
        search.fewer_runs();
        search.plainer_settings();
        search.shorter_script();
        search.plainer_script();
        if search.best == before || search.tries == 0 {
            return search.best;
        }
    }
}

struct Search<'a> {
    comparer: &'a mut Comparer,
    best: Case,
    tries: usize,
}

impl Search<'_> {
    /// Keeps a case if it differs, without the runs after the one that does.
    fn attempt(&mut self, mut case: Case) -> bool {
        if self.tries == 0 {
            return false;
        }
        self.tries -= 1;
        let Some((last, ..)) = self.comparer.difference(&case) else { return false };
        case.runs.truncate(last + 1);
        self.best = case;
        true
    }

    fn fewer_runs(&mut self) {
        for place in (0..self.best.runs.len()).rev() {
            let mut case = self.best.clone();
            if case.runs.len() > 1 && place < case.runs.len() {
                case.runs.remove(place);
                self.attempt(case);
            }
        }
    }

    fn plainer_settings(&mut self) {
        let plain = Run::default();
        let simpler: [fn(&mut Run, &Run); 4] = [
            |run, plain| run.gas_limit = plain.gas_limit,
            |run, plain| run.limits = plain.limits,
            |run, plain| run.hardfork = plain.hardfork,
            |run, plain| run.dispatch = plain.dispatch,
        ];
        for simplify in simpler {
            let mut case = self.best.clone();
            case.runs.iter_mut().for_each(|run| simplify(run, &plain));
            if case != self.best {
                self.attempt(case);
            }
        }
        // Compiled before it runs, or else when it is hot, rather than in the background.
        for jit in &Mode::COMPILED[..2] {
            let subject = Executor::Engine(Mode::Compiled(*jit));
            let is_plainer = !self.best.subject.is_compiled() || self.best.subject == subject;
            if is_plainer || self.attempt(Case { subject, ..self.best.clone() }) {
                break;
            }
        }
    }

    /// Removes instructions: many at once, then fewer.
    fn shorter_script(&mut self) {
        let mut size = Program::of(&self.best.script).pieces.len() / 2;
        while size > 0 {
            let mut place = Program::of(&self.best.script).pieces.len();
            while place > 0 {
                place = place.saturating_sub(size);
                let mut program = Program::of(&self.best.script);
                let end = (place + size).min(program.pieces.len());
                program.pieces[place.min(end)..end].iter_mut().for_each(|piece| piece.bytes.clear());
                self.attempt(Case { script: program.bytes(), ..self.best.clone() });
            }
            size /= 2;
        }
    }

    /// Small integers for constants.
    fn plainer_script(&mut self) {
        for place in 0..Program::of(&self.best.script).pieces.len() {
            for plainer in [OpCode::PUSH1, OpCode::PUSH2, OpCode::PUSHNULL] {
                let mut program = Program::of(&self.best.script);
                let piece = &mut program.pieces[place];
                let is_constant = piece.bytes[0] <= OpCode::PUSHDATA4 as u8 && piece.targets == [None; 2];
                if !is_constant || piece.bytes[0] == plainer as u8 {
                    break;
                }
                piece.bytes = vec![plainer as u8];
                if self.attempt(Case { script: program.bytes(), ..self.best.clone() }) {
                    break;
                }
            }
        }
    }
}

/// A script as pieces that can be taken out: jumps follow.
struct Program {
    pieces: Vec<Piece>,
}

/// An instruction, or all that is behind the last one.
struct Piece {
    bytes: Vec<u8>,
    /// The pieces that its offsets lead to; none for what leads elsewhere.
    targets: [Option<usize>; 2],
}

impl Program {
    fn of(bytes: &[u8]) -> Self {
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

    /// The script, with offsets to where targets are now.
    fn bytes(&self) -> Vec<u8> {
        let mut starts = vec![0];
        for piece in &self.pieces {
            starts.push(starts[starts.len() - 1] + piece.bytes.len());
        }
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
