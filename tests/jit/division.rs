//! Quotients and remainders in compiled code, which divides by other means than the interpreter: by
//! multiplication, by shifts, and in 32 bits where that is enough.

use std::fmt::Write;

use neovm::types::asm::assemble;

use neovm_testing::{Modes, Program, Tally, say};

/// A remainder with the sign of the divisor in the form that compilers emit, which is compiled as one
/// operation.
const FLOOR_MOD: &str =
    "SWAP\nOVER\nMOD\nDUP\nSIGN\nPUSH2\nPICK\nSIGN\nOVER\nNUMNOTEQUAL\nSWAP\nPUSH0\nNUMNOTEQUAL\nBOOLAND
    JMPIFNOT agrees\nADD\nJMP behind\nagrees: NIP\nbehind: NOP";

/// Returns values around the boundaries: zero, powers of two, 32 and 64 bits, with either sign.
fn values() -> Vec<i64> {
    let near = |center: i64| [-1, 0, 1].map(|more| center.wrapping_add(more));
    let centers = [0, 7, 10, 64, 1_000_000_007, 1 << 31, 1 << 32, 1 << 62, i64::MAX / 3, i64::MIN];
    let positive = centers.into_iter().flat_map(near);
    let mut values: Vec<_> = positive.flat_map(|value| [value, value.wrapping_neg()]).collect();
    values.sort_unstable();
    values.dedup();
    values
}

/// Returns a program that divides all values by a divisor, a constant or in a slot, and collects the
/// results in an array.
fn program(values: &[i64], divisor: i64, is_known: bool) -> Program {
    let operand = if is_known { format!("PUSHINT64 {divisor}") } else { "LDLOC2".into() };
    let mut text = "INITSLOT 4, 0\n".to_owned();
    for value in values.iter().rev() {
        writeln!(text, "PUSHINT64 {value}").unwrap();
    }
    let count = values.len();
    write!(
        text,
        "PUSHINT8 {count}\nPACK\nSTLOC0\nNEWARRAY0\nSTLOC1\nPUSHINT64 {divisor}\nSTLOC2\nPUSH0\nSTLOC3\nnext: "
    )
    .unwrap();
    for operation in [FLOOR_MOD, "DIV", "MOD"] {
        write!(text, "LDLOC1\nLDLOC0\nLDLOC3\nPICKITEM\n{operand}\n{operation}\nAPPEND\n").unwrap();
    }
    write!(text, "LDLOC3\nINC\nDUP\nSTLOC3\nPUSHINT8 {count}\nJMPLT_L next\nLDLOC1\nRET").unwrap();
    Program::new(format!("divide by {divisor}"), assemble(&text).unwrap())
}

#[test]
fn quotients_and_remainders() {
    let values = values();
    let (mut modes, mut tally) = (Modes::all(), Tally::default());
    for &divisor in values.iter().filter(|divisor| **divisor != 0) {
        for is_known in [true, false] {
            modes.check(&program(&values, divisor, is_known), &mut tally);
        }
    }
    say(&format!("division: {} executions, {} entries of compiled code", tally.runs, tally.entered));
}
