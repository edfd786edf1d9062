//! Shortens cases that differ.

use neovm::OpCode;
use neovm_testing::Mode;

use crate::{
    case::{Case, Executor, Run},
    compare::Comparer,
    program::{Program, shortened},
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
        let script = self.best.script.clone();
        shortened(&script, |program| self.attempt(Case { script: program.bytes(), ..self.best.clone() }));
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
