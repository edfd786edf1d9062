//! Shortens cases that differ.

use neovm_testing::Mode;

use super::{ChainCase, ChainComparer};

/// Returns a case that still differs, with fewer calls, runs and contracts, or the case itself if it
/// does not differ when it is run again.
pub fn minimized_chain(comparer: &ChainComparer, case: ChainCase) -> ChainCase {
    let mut best = case;
    loop {
        let before = best.clone();
        best = shorter(comparer, best, |case| &mut case.calls);
        best = shorter(comparer, best, |case| &mut case.runs);
        best = shorter(comparer, best, |case| &mut case.contracts);
        for jit in &Mode::COMPILED[..2] {
            let plainer = ChainCase { subject: Mode::Compiled(*jit), ..best.clone() };
            if !best.subject.is_compiled() || best.subject == plainer.subject {
                break;
            }
            if comparer.compare(&plainer).difference.is_some() {
                best = plainer;
                break;
            }
        }
        if best == before {
            return best;
        }
    }
}

/// Takes out parts, the last ones first, as long as the case differs.
fn shorter<T>(comparer: &ChainComparer, case: ChainCase, parts: fn(&mut ChainCase) -> &mut Vec<T>) -> ChainCase {
    let mut best = case;
    for place in (0..parts(&mut best).len()).rev() {
        let mut fewer = best.clone();
        parts(&mut fewer).remove(place);
        if comparer.compare(&fewer).difference.is_some() {
            best = fewer;
        }
    }
    best
}
