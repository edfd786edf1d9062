//! Integers of more than 64 bits in compiled code: all operators on values near the widths where their form changes, and
//! loops whose values become wider and narrower.

use std::{fmt::Write, sync::Arc};

use neovm::{
    Code, Dispatch, Hardfork, VmConfig,
    jit::{Jit, Mode},
    types::{Integer, asm::assemble},
};
use neovm_testing::{Compiler, Modes, Program, Runner, Tally, assert_same, say, wide::LOOPS};

use crate::corpus::{HOT, check_all};

/// The exponents of the powers of two near which values lie.
const EDGES: [u32; 12] = [0, 31, 62, 63, 64, 65, 126, 127, 128, 192, 254, 255];

/// Returns the loops as programs.
pub(crate) fn loops() -> Vec<Program> {
    LOOPS.iter().map(|(name, text)| Program::new(*name, assemble(text).unwrap())).collect()
}

/// Returns values around zero and powers of two, with either sign.
fn values() -> Vec<Integer> {
    let two = Integer::Small(2);
    let mut values = vec![Integer::Small(0)];
    for exponent in EDGES {
        // 2^255 itself does not fit.
        let below = two.pow(exponent.min(254)).unwrap().sub(Integer::Small(1)).unwrap();
        let most = if exponent == 255 { below.add(below).unwrap().add(Integer::Small(1)).unwrap() } else { below };
        for more in 0..3 {
            let Ok(value) = most.add(Integer::Small(more)) else { continue };
            values.extend([value, value.neg().unwrap()]);
        }
    }
    values.push(two.pow(254).unwrap().neg().unwrap().mul(two).unwrap());
    values.sort_unstable();
    values.dedup();
    values
}

/// The operators, with what they compute; none where they fault.
type Operator = (&'static str, fn(Integer, Integer) -> Option<Integer>);

const OPERATORS: &[Operator] = &[
    ("ADD", |a, b| a.add(b).ok()),
    ("SUB", |a, b| a.sub(b).ok()),
    ("MUL", |a, b| a.mul(b).ok()),
    ("DIV", |a, b| a.div(b).ok()),
    ("MOD", |a, b| a.rem(b).ok()),
    ("MIN", |a, _| Some(a)),
    ("MAX", |a, _| Some(a)),
    ("AND", |a, _| Some(a)),
    ("OR", |a, _| Some(a)),
    ("XOR", |a, _| Some(a)),
    ("LT", |a, _| Some(a)),
    ("LE", |a, _| Some(a)),
    ("GT", |a, _| Some(a)),
    ("GE", |a, _| Some(a)),
    ("NUMEQUAL", |a, _| Some(a)),
    ("NUMNOTEQUAL", |a, _| Some(a)),
    ("EQUAL", |a, _| Some(a)),
    ("NOTEQUAL", |a, _| Some(a)),
    ("DROP\nINC", |a, _| a.add(Integer::Small(1)).ok()),
    ("DROP\nDEC", |a, _| a.sub(Integer::Small(1)).ok()),
    ("DROP\nNEGATE", |a, _| a.neg().ok()),
    ("DROP\nABS", |a, _| a.abs().ok()),
    ("DROP\nSIGN", |a, _| Some(a)),
    ("DROP\nNZ", |a, _| Some(a)),
    ("DROP\nINVERT", |a, _| Some(a)),
    ("DUP\nWITHIN", |a, _| Some(a)),
    ("DROP\nPUSH3\nSHR", |a, _| Some(a)),
    ("DROP\nPUSHINT8 61\nSHR", |a, _| Some(a)),
    ("DROP\nPUSHINT8 100\nSHR", |a, _| Some(a)),
    ("DROP\nPUSH7\nSHL", |a, _| a.shl(7).ok()),
];

/// Returns a program that applies an operator to values and an operand, a constant or in a slot, and collects the results
/// in an array.
fn program(values: &[Integer], operand: Integer, operator: &str, is_known: bool) -> Program {
    let mut text = "INITSLOT 5, 0\n".to_owned();
    for value in values.iter().rev() {
        writeln!(text, "PUSHINT256 {value}").unwrap();
    }
    let count = values.len();
    let load = if is_known { format!("PUSHINT256 {operand}") } else { "LDLOC2".into() };
    write!(
        text,
        "PUSHINT8 {count}\nPACK\nSTLOC0\nNEWARRAY0\nSTLOC1\nPUSHINT256 {operand}\nSTLOC2\nPUSH0\nSTLOC3\nPUSH0\nSTLOC4\n
         next: LDLOC0\nLDLOC3\nPICKITEM\nSTLOC4\nLDLOC1\nLDLOC4\n{load}\n{operator}\nAPPEND\n
         LDLOC3\nINC\nDUP\nSTLOC3\nPUSHINT8 {count}\nJMPLT_L next\nLDLOC1\nRET"
    )
    .unwrap();
    Program::new(format!("{operator} by {operand}"), assemble(&text).unwrap())
}

#[test]
fn operators_on_values_of_all_widths() {
    let all = values();
    let (mut modes, mut tally) = (Modes::all(), Tally::default());
    for (number, &operand) in all.iter().enumerate() {
        for (place, (operator, result)) in OPERATORS.iter().enumerate() {
            // Unary operators need not be tried with each operand.
            if operator.starts_with("DROP") && number % 16 != 0 {
                continue;
            }
            let values: Vec<_> = all.iter().copied().filter(|&value| result(value, operand).is_some()).collect();
            if !values.is_empty() {
                modes.check(&program(&values, operand, operator, (number + place) % 2 == 0), &mut tally);
            }
        }
    }
    say(&format!("wide operators: {} executions, {} entries of compiled code", tally.runs, tally.entered));
    assert!(tally.entered > tally.runs / 2);
}

/// Such divisors, constant or in a slot that the loop does not store, are multiplied by their reciprocals.
#[test]
fn quotients_by_one_word_that_stays_the_same() {
    let (mut modes, mut tally) = (Modes::all(), Tally::default());
    let all = values();
    let word = |bits: u32, less: i64| Integer::Small(2).pow(bits).unwrap().sub(Integer::Small(less)).unwrap();
    let divisors = [1, 2, 3, 7, 997, 1000, 1 << 32, 100_000_000, 1_000_000_000_000_000_000, -3, -1_000_000_007];
    let divisors =
        divisors.map(Integer::Small).into_iter().chain([word(63, 1), word(63, 2), word(62, -1), word(62, 0)]);
    for (number, divisor) in divisors.enumerate() {
        let multiples = all.iter().filter_map(|&value| value.mul(divisor).ok());
        let near = multiples.flat_map(|value| [-1, 0, 1].map(|more| value.add(Integer::Small(more))));
        let values: Vec<_> = near.flatten().chain(all.iter().copied()).collect();
        for (place, values) in values.chunks(100).enumerate() {
            for operator in ["DIV", "MOD"] {
                let program = program(values, divisor, operator, (number + place) % 2 == 0);
                modes.check(&program, &mut tally);
            }
        }
    }
    say(&format!("quotients: {} executions, {} entries of compiled code", tally.runs, tally.entered));
    assert!(tally.entered > tally.runs / 2);
}

/// A loop that divides only by what is not zero is entered with zero, too.
#[test]
fn a_divisor_that_stays_the_same_is_zero() {
    let text = "PUSH7\nCALL f\nPUSH0\nCALL f\nPUSHINT16 -300\nCALL f\nPUSH0\nCALL f\nRET
         f: INITSLOT 2, 1\nPUSHINT8 100\nSTLOC0\nPUSHINT128 123456789012345678901234567890\nSTLOC1
         n: LDARG0\nJMPIFNOT s\nLDLOC1\nLDARG0\nDIV\nPUSHINT128 123456789012345678901234567890\nADD\nSTLOC1
         s: LDLOC0\nDEC\nDUP\nSTLOC0\nJMPIF n\nLDLOC1\nRET";
    let (mut modes, mut tally) = (Modes::all(), Tally::default());
    for operator in ["DIV", "MOD"] {
        let text = text.replace("DIV", operator);
        modes.check(&Program::new("a divisor that is zero", assemble(&text).unwrap()), &mut tally);
    }
    assert!(tally.entered > 0);
}

#[test]
fn loops_of_wide_integers() {
    check_all("wide loops", loops());
}

/// Before hardfork Gorgon, a shift by zero did not look at the value: a boolean stays one.
#[test]
fn a_boolean_shifted_by_zero() {
    let text = "INITSLOT 2, 0\nPUSHINT8 40\nSTLOC0\nNEWARRAY0\nSTLOC1\n
         n: LDLOC1\nPUSHT\nLDLOC0\nPUSH7\nMOD\nPUSHINT8 30\nMUL\nSHL\nAPPEND\nLDLOC0\nDEC\nDUP\nSTLOC0\nJMPIF n\nLDLOC1\nRET";
    let program = Program::new("shifted booleans", assemble(text).unwrap());
    for hardfork in [Hardfork::Faun, Hardfork::Gorgon] {
        let config = || VmConfig::default().with_hardfork(hardfork);
        let expected = Runner::with(program.decode(), config().with_dispatch(Dispatch::Unfused)).end(program.start);
        let mut compiler = Compiler::new(HOT).expect("a compiler");
        let mut runner = Runner::with(compiler.prepare(program.script.clone()).unwrap(), config());
        for _ in 0..3 {
            let end = runner.end(program.start);
            assert_same(&program, &hardfork, &expected, end, &mut runner);
        }
        assert!(compiler.entered() > 0, "{hardfork:?}");
    }
}

/// Quotients that are presumed to have 128 bits, and come to have more, by divisors of one and two words.
#[test]
fn quotients_outgrow_what_is_presumed_of_them() {
    let (mut modes, mut tally) = (Modes::all(), Tally::default());
    for (value_bits, divisor) in [(194, 1_i128 << 70), (194, (1 << 70) + 12_345), (184, 1 << 60), (250, (1 << 126) + 1)]
    {
        for is_negative in [false, true] {
            for divisor in [divisor, -divisor] {
                let sign = if is_negative { "NEGATE\n" } else { "" };
                let text = format!(
                    "INITSLOT 3, 0\nPUSH1\nPUSHINT16 {value_bits}\nSHL\n{sign}STLOC0\nNEWARRAY0\nSTLOC1\nPUSHINT8 100\nSTLOC2\n
                     n: LDLOC1\nLDLOC0\nPUSHINT128 {divisor}\nDIV\nAPPEND\nLDLOC1\nLDLOC0\nPUSHINT128 {divisor}\nMOD\nAPPEND\n
                     LDLOC2\nPUSHINT8 {}\nJMPGT s\nLDLOC0\nPUSH2\nMUL\nINC\nSTLOC0\n
                     s: LDLOC2\nDEC\nDUP\nSTLOC2\nJMPIF n\nLDLOC1\nRET",
                    // The value has at most 255 bits.
                    (254 - value_bits).min(20)
                );
                let name = format!("{value_bits} bits by {divisor}, negative: {is_negative}");
                modes.check(&Program::new(name, assemble(&text).unwrap()), &mut tally);
            }
        }
    }
    assert!(tally.entered > 0);
}

/// What was seen of an operand is presumed of that operand, not of the one above it: no guard fails.
#[test]
fn each_operand_is_presumed_as_wide_as_it_was() {
    let wide = 1_i128 << 70;
    for turn in [
        "LDSFLD0\nLDLOC0\nGT",
        "LDLOC0\nLDSFLD0\nGT",
        "LDSFLD0\nLDLOC0\nADD",
        "LDSFLD0\nLDLOC0\nXOR",
        "LDSFLD0\nLDLOC0\nMAX",
        "LDSFLD0\nLDLOC0\nMOD",
        "LDSFLD0\nPUSH3\nSHR",
        "LDSFLD0\nPUSH0\nLDLOC0\nWITHIN",
        "LDLOC0\nPUSH0\nLDSFLD0\nWITHIN",
        "LDSFLD0\nLDLOC0\nPUSH7\nMODMUL",
        "LDSFLD0\nLDLOC0\nJMPLT o\no: PUSH1",
    ] {
        let text = format!(
            "INITSSLOT 1\nPUSHINT128 {wide}\nSTSFLD0\nINITSLOT 2, 0\nPUSHINT16 2000\nSTLOC0\n\
             n: {turn}\nSTLOC1\nLDLOC0\nDEC\nDUP\nSTLOC0\nJMPIF n\nLDLOC1\nRET"
        );
        let program = Program::new(turn, assemble(&text).unwrap());
        let jit = Jit::new(Mode { threshold: 16, background: false }).expect("a compiler");
        let code = Code::decode(program.script.clone(), &VmConfig::default().prices).unwrap();
        let mut runner = Runner::new(Arc::new(jit.attach(code)), Dispatch::Auto);
        let expected = Runner::new(program.decode(), Dispatch::Unfused).end(program.start);
        for _ in 0..2 {
            let end = runner.end(program.start);
            assert_same(&program, &"presumed", &expected, end, &mut runner);
        }
        let stats = jit.stats();
        assert!(stats.recompiled == 0 && (1..10).contains(&stats.entered), "{turn}: {stats}");
    }
}
