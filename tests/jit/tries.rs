//! Try blocks in compiled code: loops that throw in each place, how long such loops stay there, and scripts of nothing
//! but try blocks.

use std::fmt::Write;

use neovm::{
    Dispatch, VmConfig,
    jit::{Jit, Mode, Why},
    types::asm::assemble,
};
use neovm_testing::{Compiler, Modes, Program, Runner, Start, Tally, assert_same, tries::LOOPS};

use crate::corpus::{HOT, check_all};

/// Returns the loops as programs.
pub(crate) fn loops() -> Vec<Program> {
    LOOPS.iter().map(|(name, text)| Program::new(*name, assemble(text).unwrap())).collect()
}

#[test]
fn loops_with_try_blocks() {
    check_all("try blocks", loops());
}

/// Where engine exceptions cannot be caught, an index that is not there faults.
#[test]
fn no_engine_exception_is_caught_where_none_may_be() {
    let mut config = VmConfig::default();
    config.limits.catch_engine_exceptions = false;
    for program in loops() {
        let expected =
            Runner::with(program.decode(), config.clone().with_dispatch(Dispatch::Unfused)).end(program.start);
        let mut compiler = Compiler::new(HOT).expect("a compiler");
        let mut runner = Runner::with(compiler.prepare(program.script.clone()).unwrap(), config.clone());
        for _ in 0..3 {
            let end = runner.end(program.start);
            assert_same(&program, &"no engine exceptions", &expected, end, &mut runner);
        }
    }
}

/// Returns how often compiled code was left for each reason by a loop that counts in local variable 1, with many turns,
/// and perhaps calls methods.
pub(crate) fn left(body: &str, methods: &str) -> Vec<(Why, u64)> {
    let text = format!(
        "INITSLOT 4, 0\nPUSH0\nSTLOC0\nPUSHINT16 5000\nSTLOC1\nPUSH7\nPUSH8\nPUSH9\nPUSH3\nPACK\nSTLOC2\nn: {body}\n
         d: LDLOC1\nDEC\nDUP\nSTLOC1\nJMPIF n\nLDLOC0\nRET\n{methods}"
    );
    let jit = Jit::new(Mode { threshold: 16, background: false }).expect("a compiler");
    let program = Program::new(body, assemble(&text).unwrap());
    let code = neovm::Code::decode(program.script.clone(), &VmConfig::default().prices).unwrap();
    let mut runner = Runner::new(std::sync::Arc::new(jit.attach(code)), Dispatch::Auto);
    let expected = Runner::new(program.decode(), Dispatch::Unfused).end(Start::default());
    let end = runner.end(Start::default());
    assert_same(&program, &"tries", &expected, end, &mut runner);
    jit.stats().exits.into_iter().collect()
}

#[test]
fn exceptions_stay_in_compiled_code() {
    for body in [
        "TRY c, -\nLDLOC1\nPUSH3\nMOD\nJMPIF o\nPUSHDATA1 \"text\"\nTHROW\nc: DROP\nENDTRY d\no: LDLOC0\nINC\nSTLOC0\nENDTRY d",
        "TRY c, -\nLDLOC1\nTHROW\nc: LDLOC0\nADD\nSTLOC0\nENDTRY d",
        "TRY c, -\nLDLOC2\nLDLOC1\nPUSH4\nMOD\nPICKITEM\nLDLOC0\nADD\nSTLOC0\nENDTRY d\nc: DROP\nENDTRY d",
        "TRY c, -\nLDLOC2\nLDLOC1\nPUSH4\nMOD\nLDLOC1\nSETITEM\nENDTRY d\nc: DROP\nENDTRY d",
        "TRY c, f\nLDLOC1\nPUSH2\nMOD\nJMPIF o\nLDLOC1\nTHROW\no: ENDTRY d\nc: DROP\nENDTRY d\nf: LDLOC0\nINC\nSTLOC0\nENDFINALLY",
        "TRY o, -\nTRY c, -\nLDLOC1\nTHROW\nc: THROW\no: DROP\nENDTRY d",
    ] {
        let exits = left(body, "");
        let all: u64 = exits.iter().map(|&(_, times)| times).sum();
        assert!(all > 0 && all < 600, "{body}: {exits:?}");
    }
}

/// Scripts of try blocks alone take little time to refuse or compile.
#[test]
fn try_blocks_without_end_are_bounded() {
    let mut scripts = Vec::new();
    // Nested as deep as the script is long.
    scripts.push(format!(
        "INITSLOT 1, 0\nPUSH9\nSTLOC0\nn: {}c: LDLOC0\nDEC\nDUP\nSTLOC0\nJMPIF_L n\nRET",
        "TRY_L c, -\n".repeat(3000)
    ));
    // One behind the other, each of which throws.
    let mut text = "INITSLOT 1, 0\nPUSH9\nSTLOC0\nn: ".to_owned();
    for i in 0..400 {
        let _ = write!(text, "TRY c{i}, -\nLDLOC0\nTHROW\nc{i}: DROP\nENDTRY e{i}\ne{i}: ");
    }
    scripts.push(text + "LDLOC0\nDEC\nDUP\nSTLOC0\nJMPIF_L n\nRET");
    // Loops within which it depends on the way which block runs.
    let mut text = "INITSLOT 1, 0\nPUSH9\nSTLOC0\nTRY_L x, -\nn: ".to_owned();
    for i in 0..14 {
        let _ = write!(text, "TRY_L c, -\nl{i}: LDLOC0\nJMPIF_L m{i}\nLDLOC0\nTHROW\nm{i}: LDLOC0\nJMPIF_L l{i}\n");
    }
    scripts.push(text + "c: DROP\nLDLOC0\nDEC\nDUP\nSTLOC0\nJMPIF_L n\nx: RET");
    let (mut modes, mut tally) = (Modes::all(), Tally::default());
    for (number, text) in scripts.iter().enumerate() {
        let begun = std::time::Instant::now();
        // The last one does not end.
        let start = Start { gas_limit: 100_000, ..Start::default() };
        modes.check(
            &Program { start, ..Program::new(format!("try blocks {number}"), assemble(text).unwrap()) },
            &mut tally,
        );
        let took = begun.elapsed();
        assert!(took.as_secs() < 60, "{number}: {took:?}");
    }
}
