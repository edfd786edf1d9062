//! Arithmetic and comparisons of integers of any width end the same in each dispatch: those on slots and on the stack,
//! fused and not, with operands that code lends, that are shared and that nobody else holds, and at any limit of items.
#![cfg(not(miri))]

use neovm_interp::{Dispatch, LoadOptions, NoHost, Outcome, RunOptions, Vm, VmConfig};
use neovm_types::{Gas, Limits, asm::assemble};

const NUMBERS: [&str; 11] = [
    "0",
    "7",
    "-5",
    "9223372036854775807",
    "1000000000000000000000",
    "-1000000000000000000000",
    "170141183460469231731687303715884105727",
    "170141183460469231731687303715884105728",
    "-170141183460469231731687303715884105728",
    "1606938044258990275541962092341162602522202993782792835301376",
    "-57896044618658097711785492504343953926634992332820282019728792003956564819968",
];

/// What a turn of a loop does with the integers in the slots 0 and 1, which code lends, and 2 and 3, which are copies.
/// In place of `op` and `cmp` an arithmetic opcode stands, and one that compares.
const SHAPES: [&str; 20] = [
    "LDLOC0\nLDLOC1\nop\nSTLOC4\nLDLOC4",
    "LDLOC2\nLDLOC3\nop\nSTLOC2\nLDLOC2",
    "LDLOC2\nPUSH7\nop\nSTLOC2\nLDLOC2",
    "LDLOC2\nLDLOC1\nop",
    "LDLOC2\nPUSH7\nop",
    "LDLOC2\nNOP\nLDLOC3\nop",
    "LDLOC2\nNOP\nPUSH7\nop",
    "LDLOC2\nNOP\nLDLOC3\nNOP\nop\nSTLOC3\nLDLOC3",
    "LDLOC0\nNOP\nLDLOC3\nNOP\nop\nNOP",
    "LDLOC2\nNOP\nLDLOC3\nop\nSTLOC2\nLDLOC2",
    "LDLOC2\nNOP\nPUSH7\nop\nSTLOC4\nLDLOC4",
    "LDLOC0\nINC\nNOP\nLDLOC1\nDEC\nNOP\nop\nNOP",
    "LDLOC3\nINC\nSTLOC3\nLDLOC3\nDEC\nSTLOC2",
    "LDLOC2\nSTLOC4\nLDLOC1\nSTLOC2\nLDLOC4\nSTLOC1\nLDLOC3\nLDLOC1",
    "LDLOC2\nNOP\nSTLOC4\nNOP\nPUSH3\nSTLOC4",
    "LDLOC0\nLDLOC3\ncmp\nJMPIF y\nPUSH9\ny: NOP",
    "LDLOC2\nPUSH7\ncmp\nJMPIFNOT y\nPUSH9\ny: NOP",
    "LDLOC2\nNOP\nLDLOC3\nINC\nNOP\ncmp\nJMPIF y\nPUSH9\ny: NOP",
    "LDLOC0\nLDLOC3\nJMPcmp y\nPUSH9\ny: NOP",
    "LDLOC2\nINC\nNOP\nLDLOC3\ncmp",
];

const OPERATORS: [&str; 6] = ["ADD", "SUB", "MUL", "DIV", "MOD", "MAX"];
const COMPARISONS: [(&str, &str); 6] =
    [("LT", "LT"), ("LE", "LE"), ("GT", "GT"), ("GE", "GE"), ("NUMEQUAL", "EQ"), ("NUMNOTEQUAL", "NE")];

/// Three turns of a loop, so that memory is there that earlier ones have dropped.
fn program(shape: &str, operator: usize, first: &str, second: &str) -> String {
    let (comparison, jump) = COMPARISONS[operator];
    let body =
        shape.replace("JMPcmp", &format!("JMP{jump}")).replace("cmp", comparison).replace("op", OPERATORS[operator]);
    format!(
        "INITSLOT 6, 0\nPUSHINT256 {first}\nSTLOC0\nPUSHINT256 {second}\nSTLOC1\nLDLOC0\nPUSH0\nADD\nSTLOC2\nLDLOC1\nPUSH0\n\
         ADD\nSTLOC3\nPUSH3\nSTLOC5\nn: {body}\nLDLOC5\nDEC\nDUP\nSTLOC5\nJMPIF n\nRET"
    )
}

/// What is seen of a run: the outcome, the gas, the instructions, the items that are counted and the results.
fn run(text: &str, dispatch: Dispatch, items: u32) -> (Outcome, Gas, u64, Vec<String>, i64) {
    let limits = Limits::DEFAULT.with_max_stack_size(items);
    let mut vm = Vm::new(VmConfig::default().with_dispatch(dispatch).with_limits(limits), RunOptions::default());
    vm.load_script(assemble(text).unwrap(), LoadOptions::default()).unwrap();
    let outcome = vm.run(&mut NoHost);
    let references = if outcome == Outcome::Halt { vm.reference_count() } else { 0 };
    let results = vm.results().iter().map(|item| format!("{item:?}")).collect();
    (outcome, vm.gas_consumed(), vm.instructions(), results, references)
}

#[test]
fn integers_of_any_width_compute_alike_in_each_dispatch() {
    for shape in SHAPES {
        for operator in 0..OPERATORS.len() {
            for (first, second) in NUMBERS.iter().flat_map(|first| NUMBERS.map(|second| (first, second))) {
                let text = program(shape, operator, first, second);
                let expected = run(&text, Dispatch::Unfused, 2048);
                for dispatch in [Dispatch::Auto, Dispatch::Loop] {
                    assert_eq!(run(&text, dispatch, 2048), expected, "{dispatch:?}: {text}");
                }
            }
        }
    }
}

#[test]
fn integers_of_any_width_exceed_the_item_limit_alike() {
    for shape in SHAPES {
        for operator in 0..OPERATORS.len() {
            let text = program(shape, operator, NUMBERS[9], NUMBERS[4]);
            for items in 6..18 {
                let expected = run(&text, Dispatch::Unfused, items);
                for dispatch in [Dispatch::Auto, Dispatch::Loop] {
                    assert_eq!(run(&text, dispatch, items), expected, "{dispatch:?}, {items} items: {text}");
                }
            }
        }
    }
}
