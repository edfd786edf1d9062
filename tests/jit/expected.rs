//! What is compiled of some short scripts, held against files: CLIF, and what each exit restores.
//!
//! A file of `tests/jit/expected` has comments, a script, and behind a line of equals signs what
//! becomes of it. `BLESS=1 cargo test --test jit expected` writes the latter anew; the change shows
//! in review.

use std::{
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

use neovm::{
    Dispatch, Engine, EngineConfig, JitMode,
    jit::{Details, Report},
    types::asm::assemble,
};
use neovm_testing::{Runner, Start};

/// Separates the script from what is expected of it.
const SEPARATOR: &str = "\n================\n";

/// How often a script is run.
const RUNS: usize = 2;

/// A test for each file, and one for the list of files.
macro_rules! expected {
    ($($name:ident)*) => {
        $(
            #[test]
            fn $name() {
                check(stringify!($name));
            }
        )*

        #[test]
        fn each_file_has_a_test() {
            let mut files: Vec<_> = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()).collect();
            files.sort();
            let names: Vec<_> = files.iter().map(|path| path.file_stem().unwrap().to_str().unwrap()).collect();
            assert_eq!(names, [$(stringify!($name)),*]);
        }
    };
}

expected! {
    appended
    array_get
    array_set
    array_size
    assertion
    assertion_with_message
    bits
    booleans
    branches
    byte_of_string
    comparisons
    concatenation
    conversions
    division_by_any
    division_by_constant
    division_by_power
    entry_kinds
    equality
    floor_mod
    gas_of_branches
    gas_of_long_turns
    integer_loop
    map_items
    method_boolean
    method_call
    method_that_throws
    minimum_and_sign
    nested_loops
    null_check
    overflow_exit
    overflow_learned
    overflow_of_one
    part_of_string
    power_of_constants
    recursion
    refused_loop
    scalar_slot
    shifts
    slice_to_integer
    stack_loop
    stack_order
    statics
    string_size
    try_block
    unpack
    wide_quotient
    wide_sum
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/jit/expected")
}

/// Compiles the script of a file, and compares what comes of it with the file.
fn check(name: &str) {
    let path = folder().join(name).with_extension("txt");
    let file = fs::read_to_string(&path).unwrap();
    let (source, expected) = file.split_once(SEPARATOR).unwrap_or((file.trim_end(), ""));
    let actual = compile(source);
    if std::env::var_os("BLESS").is_some() {
        return fs::write(&path, format!("{source}{SEPARATOR}{actual}")).unwrap();
    }
    if actual != expected {
        let (line, first, second) = first_difference(expected, &actual);
        panic!(
            "{}: line {line} behind the separator\nexpected {first}\nactual   {second}\n\
             BLESS=1 cargo test --test jit expected writes what is compiled now",
            path.display()
        );
    }
}

/// The first line in which two texts differ, with its number.
fn first_difference<'a>(expected: &'a str, actual: &'a str) -> (usize, &'a str, &'a str) {
    let mut lines = (expected.lines(), actual.lines());
    let mut number = 1;
    loop {
        match (lines.0.next(), lines.1.next()) {
            (Some(first), Some(second)) if first == second => number += 1,
            (first, second) => return (number, first.unwrap_or("(nothing)"), second.unwrap_or("(nothing)")),
        }
    }
}

/// What becomes of a script that is run some times: of each region, in the order in which they are
/// compiled.
fn compile(source: &str) -> String {
    let lines = source.lines().filter(|line| !line.starts_with('#'));
    let script = assemble(&lines.collect::<Vec<_>>().join("\n")).unwrap();
    let engine = Engine::new(EngineConfig::default().with_jit(JitMode::Lazy { threshold: 2, background: false }));
    let jit = engine.jit().expect("a compiler");
    jit.watch();
    let mut runner = Runner::new(engine.prepare(&script).unwrap(), Dispatch::Auto);
    (0..RUNS).for_each(|_| drop(runner.end(Start::default())));
    let mut text = String::new();
    for Report { position, outcome, .. } in jit.reports() {
        match outcome {
            Ok(Details { instructions, blocks, clif, exits, .. }) => {
                let size = format!("{instructions} instructions in {blocks} blocks");
                writeln!(text, "byte {position}: {size}\n\n{clif}\n{exits}").unwrap();
            }
            Err(refusal) => writeln!(text, "byte {position}: not compiled: {refusal}\n").unwrap(),
        }
    }
    text
}
