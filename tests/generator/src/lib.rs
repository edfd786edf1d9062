//! Random scripts for tests of the Neo N3 virtual machine. A seed determines a script.
//!
//! Most of what a script does succeeds, so that scripts get far: a statement finds operands of the
//! types that it takes. A script has functions with slots that hold integers, and one slot of each
//! kind that holds anything; it branches, loops, calls, throws and catches. Now and then something is
//! wrong, anywhere: an operand of another type, an index past the end, a stray jump.
//!
//! The table `STATEMENTS` in `scripter.rs` has the weights of all kinds of statements; `HOT` in
//! `hot.rs` has those of loops that get hot, for compilers. Besides the code that compilers emit, four
//! kinds of statements make sure that nothing is left out: `any_opcode` takes every opcode equally
//! often, `at_a_limit` goes to a limit of the machine and perhaps one beyond, `large` makes compounds,
//! stacks and loads of some hundred items, and `system_call` asks the host, which may load another
//! script.
//!
//! ```
//! use neovm_generator::{Random, SystemCalls, script};
//!
//! let mut random = Random::new(7);
//! let bytes = script(&mut random, &SystemCalls::default());
//! assert_eq!(bytes, script(&mut Random::new(7), &SystemCalls::default()));
//! ```
#![forbid(unsafe_code)]

mod arithmetic;
mod bytes;
mod compounds;
mod control;
mod hot;
mod large;
mod mutate;
mod odd;
mod random;
mod scripter;
mod values;

pub use crate::{
    hot::hot_script,
    mutate::mutated,
    random::Random,
    scripter::{SystemCalls, script},
};

/// Generates a script of any kind, see `SCRIPTS`.
pub fn any_script(random: &mut Random, calls: &SystemCalls) -> Vec<u8> {
    let kind = random.one_of(&SCRIPTS);
    let bytes = if kind.is_hot { hot_script(random, calls) } else { script(random, calls) };
    if kind.is_mutated { mutated(&bytes, &script(random, calls), random) } else { bytes }
}

/// A kind of scripts.
#[derive(Clone, Copy)]
struct ScriptKind {
    /// Whether it consists of loops that get hot.
    is_hot: bool,
    /// Whether some bytes are changed.
    is_mutated: bool,
}

/// The kinds of scripts; each entry is equally likely.
const SCRIPTS: [ScriptKind; 16] = {
    let hot = ScriptKind { is_hot: true, is_mutated: false };
    let any = ScriptKind { is_hot: false, is_mutated: false };
    let changed = ScriptKind { is_hot: false, is_mutated: true };
    let hot_changed = ScriptKind { is_hot: true, is_mutated: true };
    [hot, hot, hot, hot, hot, hot, hot, hot, hot, any, any, any, any, changed, changed, hot_changed]
};
