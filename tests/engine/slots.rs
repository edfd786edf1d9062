//! Instructions on slots that the interpreter runs together: on integers of all widths, other items, and just below the
//! limit of items.

use std::sync::Arc;

use neovm::{Dispatch, types::asm::assemble};
use neovm_testing::{Program, Runner, assert_same};

/// Instructions that are fused: slots 0 and 1 hold operands, slot 2 is written.
const FUSED: &[&str] = &[
    "LDLOC0\nLDLOC1\n{}\nSTLOC2",
    "LDLOC0\nPUSH7\n{}\nSTLOC2",
    "LDLOC0\nLDLOC1\n{}",
    "LDLOC0\nPUSHINT8 -3\n{}",
    "LDLOC2\nLDLOC0\nNOP\nLDLOC1\n{}",
    "LDLOC0\nNOP\nPUSHINT8 -3\n{}",
    "LDLOC0\nNOP\nLDLOC1\nNOP\n{}\nSTLOC2",
    // The slot that is written holds an operand, whose memory the stack shares.
    "LDLOC0\nLDLOC1\n{}\nSTLOC0\nLDLOC2\nLDLOC0\nLDLOC1\n{}\nSTLOC1",
    "LDLOC2\nNOP\nLDLOC2\nNOP\nLDLOC0\n{}\nSTLOC2",
];

/// The operators in them.
const OPERATORS: [&str; 6] = ["ADD", "SUB", "MUL", "DIV", "MOD", "AND"];

/// Instructions that are fused, without an operator.
const OTHERS: &[&str] = &[
    "LDLOC0\nINC\nSTLOC0",
    "LDLOC0\nDEC\nSTLOC2",
    "LDLOC0\nSTLOC2",
    "LDLOC0\nSTLOC0",
    "LDLOC2\nSTLOC0\nLDLOC0\nSTLOC1\nPUSH3\nSTLOC2",
    "PUSH3\nSTLOC2",
    "PUSHINT8 -1\nSTLOC0",
];

/// Pushes an integer of each width, those around the boundaries, and items that are no integers.
const ITEMS: &[&str] = &[
    "PUSH0",
    "PUSH5",
    "PUSHM1",
    "PUSHINT64 9223372036854775807",
    "PUSHINT64 -9223372036854775808",
    "PUSHINT128 9223372036854775808",
    "PUSHINT128 -170141183460469231731687303715884105728",
    "PUSHINT128 170141183460469231731687303715884105727",
    "PUSHINT256 340282366920938463463374607431768211455",
    "PUSHINT256 57896044618658097711785492504343953926634992332820282019728792003956564819967",
    "PUSHINT256 -57896044618658097711785492504343953926634992332820282019728792003956564819968",
    "PUSHT",
    "PUSHNULL",
    "PUSHDATA1 0x0102030405060708090a",
    "NEWARRAY0",
];

/// Returns a program that keeps copies of three items on the stack, stores them in slots, runs instructions twice, and
/// leaves all items.
fn program(items: [&str; 3], instructions: &str) -> Program {
    let [first, second, third] = items;
    // The sum of an integer and 0 has memory of its own.
    let own = if third.starts_with("PUSHINT") { "PUSH0\nADD\n" } else { "" };
    let text = format!(
        "INITSLOT 3, 0\n{first}\nDUP\nSTLOC0\n{second}\nDUP\nSTLOC1\n{third}\n{own}DUP\nSTLOC2\n
         {instructions}\n{instructions}\nLDLOC0\nLDLOC1\nLDLOC2\nRET"
    );
    Program::new(format!("{instructions:?} of {items:?}"), assemble(&text).unwrap())
}

/// Runs a program with fused instructions, and compares the end with that of one instruction after the other.
fn check(program: &Program) {
    let decoded = program.decode();
    let expected = Runner::new(Arc::clone(&decoded), Dispatch::Unfused).end(program.start);
    for dispatch in [Dispatch::Auto, Dispatch::Loop] {
        let mut fused = Runner::new(Arc::clone(&decoded), dispatch);
        assert_same(program, &dispatch, &expected, fused.end(program.start), &mut fused);
    }
}

#[test]
fn slots_of_all_widths() {
    let fused = FUSED.iter().flat_map(|text| OPERATORS.map(|operator| text.replace("{}", operator)));
    let all: Vec<_> = fused.chain(OTHERS.iter().map(|text| (*text).to_owned())).collect();
    for (number, instructions) in all.iter().enumerate() {
        for (i, first) in ITEMS.iter().enumerate() {
            for (k, second) in ITEMS.iter().enumerate() {
                let third = ITEMS[(number + i + k) % ITEMS.len()];
                check(&program([first, second, third], instructions));
            }
        }
    }
}

#[test]
fn slots_just_below_the_limit_of_items() {
    let fused = FUSED.iter().map(|text| text.replace("{}", "ADD"));
    for instructions in fused.chain(OTHERS.iter().map(|text| (*text).to_owned())) {
        for wide in ["PUSH5", "PUSHINT128 9223372036854775808"] {
            for more in 2030..2048 {
                let text = format!(
                    "INITSLOT 3, 0\n{wide}\nDUP\nDUP\nSTLOC0\nSTLOC1\nSTLOC2\nPUSHINT16 {more}\nNEWARRAY\nUNPACK\n
                     {instructions}\nDEPTH\nRET"
                );
                let name = format!("{instructions:?} above {more} items");
                check(&Program::new(name, assemble(&text).unwrap()));
            }
        }
    }
}
