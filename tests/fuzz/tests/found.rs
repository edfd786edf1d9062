//! Cases that comparisons found: each of them differed once. The newest is the last.

use neovm::{Dispatch, JitMode};
use neovm_fuzz::{Case, Comparer, Executor, Run};
use neovm_testing::Mode;

const INTERPRETER: Executor = Executor::Engine(Mode::Interpreted(Dispatch::Auto));
const COMPILED: Executor = Executor::Engine(Mode::Compiled(JitMode::Eager));

/// Checks that the compiled script comes to the interpreter's outcome.
#[track_caller]
fn agrees(script: &str, run: Run) {
    let script = hex::decode(script).unwrap();
    Comparer::new().assert_same(&Case { script, reference: INTERPRETER, subject: COMPILED, runs: vec![run] });
}

/// A compiled method that finds that it is one context too many has been
/// called already, so whoever calls it has to know before: a machine that
/// was left there went on with too many contexts.
#[test]
fn compiled_calls_stop_at_the_last_context() {
    for contexts in 1..8 {
        let mut run = Run::default();
        run.limits.max_invocation_stack_size = contexts;
        // PUSH6, PUSH0, INITSLOT 0 2, LDARG1, LDARG0, PUSH3, CALL to INITSLOT, MAX, RET
        agrees("161057000279781334faba40", run);
    }
}

/// A copy of the map below it turned out to be an integer while the map's key was looked up: compiled code looked it up
/// at address zero.
#[test]
fn an_integer_is_not_taken_for_a_map_of_which_there_is_a_copy() {
    // INITSLOT 2 0, PUSH5, PUSH1, PACK, STLOC0, PUSH0, STLOC1, LDLOC0, LDLOC1, PICKITEM, DUP, PUSHDATA1 k, PUSH1,
    // SETITEM, DROP, RET
    agrees("5702001511c07010716869ce4a0c016b11d04540", Run::default());
}

/// Where both ways of a branch take something off the meter, the second took it off
/// what the first had left: the compiler failed.
#[test]
fn each_way_of_a_branch_has_its_own_meter() {
    // INITSSLOT 2, PUSHINT8 9, then CALL of f, DEC, DUP, JMPIF back, RET; f is INITSLOT 2 0, PUSH12, STLOC0,
    // PUSH6, STLOC1, PUSH5, LDLOC0, JMPLE behind, LDLOC1, STSFLD1, PUSHINT16 5, JMPIFNOT behind, then what is
    // dear and stores an array in the second slot: NEWARRAY and two SETITEM; behind it LDLOC1, DROP, RET
    agrees("5602000934079d4a24fc405702001c701671156832146961010500260d11c34a1015d04a1016d071694540", Run::default());
}

/// The first operand of a difference had been wide, which was said of the second one; then both were small, and so had
/// been the result: compiled code took the first operand for the result.
#[test]
fn a_difference_of_what_was_wide_is_computed() {
    // INITSSLOT 4, four integers, INITSLOT 4 4, PUSHM1, STLOC0, PUSH5, STSFLD1, then LDSFLD1, PUSHINT64 -2^63, SUB, STLOC2,
    // LDLOC0, CALL_L of the end, LDLOC2, SUB, STSFLD1, JMP back
    let run = Run { gas_limit: 20_000_000, ..Run::default() };
    agrees("5604121312115704040f701561590300000000000000809f7268350a0000006a9f6122eb", run);
}
