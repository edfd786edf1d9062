//! Random scripts for tests of the Neo N3 virtual machine. Each script is determined by a seed.
//!
//! Statements mostly find operands of the types that they expect and succeed, so that scripts do not
//! fault early. Scripts branch, loop, call functions, throw and catch. Functions have slots that hold
//! integers, and one slot of each kind that holds an item of any type. Occasionally something is
//! wrong: an operand of another type, an index past the end, a stray jump.
//!
//! The table `STATEMENTS` in `scripter.rs` lists all kinds of statements with their weights; `HOT` in
//! `hot.rs` lists those for loops that become hot, which test compilers. Four kinds of statements
//! cover what compilers do not emit: `any_opcode` uses all opcodes equally often, `at_a_limit` reaches
//! a limit of the machine or exceeds it, `large` creates compounds, stacks and loads of several
//! hundred items, and `system_call` calls the host, which may load another script.
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
    hot::{ChainCalls, contract, contract_call, hot_script},
    mutate::mutated,
    random::Random,
    scripter::{SimpleCall, SystemCalls, script},
};

/// Generates a script of a random kind; see `SCRIPTS`.
pub fn any_script(random: &mut Random, calls: &SystemCalls) -> Vec<u8> {
    let kind = random.one_of(&SCRIPTS);
    let bytes = if kind.is_hot { hot_script(random, calls) } else { script(random, calls) };
    if kind.is_mutated { mutated(&bytes, &script(random, calls), random) } else { bytes }
}

/// A kind of script.
#[derive(Clone, Copy)]
struct ScriptKind {
    /// Whether the script consists of loops that become hot.
    is_hot: bool,
    /// Whether some bytes of the script are changed afterwards.
    is_mutated: bool,
}

/// The kinds of scripts; each entry is equally likely.
const SCRIPTS: [ScriptKind; 16] = {
    let hot = ScriptKind { is_hot: true, is_mutated: false };
    let any = ScriptKind { is_hot: false, is_mutated: false };
    let hot_changed = ScriptKind { is_hot: true, is_mutated: true };
    [hot, hot, hot, hot, hot, hot, hot, hot, hot, hot, hot, hot, hot, hot, any, hot_changed]
};
