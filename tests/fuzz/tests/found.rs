//! What comparisons found: each case differed once. The newest is last.

use neovm_fuzz::{Case, Comparer, Run, Way};

const COMPILED: Way = Way::Compiled { threshold: 1, background: false };

/// A script whose compiled code comes to the interpreter's end.
#[track_caller]
fn agrees(script: &str, run: Run) {
    let script = hex::decode(script).unwrap();
    Comparer::new().assert_same(&Case { script, reference: Way::Interpreter, subject: COMPILED, runs: vec![run] });
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
