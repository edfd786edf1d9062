//! A region is compiled again only where something new is known of it.

use std::collections::BTreeMap;

use neovm::{
    Dispatch, Engine, EngineConfig, JitMode, Script,
    jit::{Details, Report},
    types::asm::assemble,
};
use neovm_testing::{Program, Runner, Start, say};

/// How often a region may be compiled.
const MOST: usize = 3;

/// Scripts are run this often, so that what was learnt in one run shows in the next.
const RUNS: usize = 3;

/// The thresholds under which scripts are run: as in tests, and as by default.
const THRESHOLDS: [u32; 2] = [2, 64];

/// Loops whose integers become wider later than can be looked ahead, and loops that mix integers of up to 64 bits with wider
/// ones, as contracts of exchanges do.
const WIDE: &[(&str, &str)] = &[
    (
        "a sum that exceeds 64 bits late",
        "INITSLOT 2, 0\nPUSHINT16 600\nSTLOC0\nPUSH0\nSTLOC1\nn: LDLOC1\nPUSHINT64 36028797018963968\nADD\nSTLOC1\nLDLOC0\nDEC\nDUP\nSTLOC0\nJMPIF n\nLDLOC1\nRET",
    ),
    (
        "a difference that exceeds 64 bits late",
        "INITSLOT 2, 0\nPUSHINT16 600\nSTLOC0\nPUSH0\nSTLOC1\nn: LDLOC1\nPUSHINT64 36028797018963968\nSUB\nSTLOC1\nLDLOC0\nDEC\nDUP\nSTLOC0\nJMPIF n\nLDLOC1\nRET",
    ),
    (
        "a sum that exceeds 128 bits late",
        "INITSLOT 2, 0\nPUSHINT16 600\nSTLOC0\nPUSH0\nSTLOC1\nn: LDLOC1\nPUSHINT128 664613997892457936451903530140172288\nADD\nSTLOC1\nLDLOC0\nDEC\nDUP\nSTLOC0\nJMPIF n\nLDLOC1\nRET",
    ),
    (
        "a product that grows too wide",
        "INITSLOT 3, 0\nPUSH3\nSTLOC0\nPUSHINT16 300\nSTLOC1\nn: LDLOC0\nPUSHINT32 1000003\nMUL\nPUSHINT64 1000000000000007\nMOD\nSTLOC0\nLDLOC1\nDEC\nDUP\nSTLOC1\nJMPIF n\nLDLOC0\nRET",
    ),
    (
        "wide reserves and a fee",
        "INITSLOT 8, 0\nPUSHINT128 5000000000000000000000000\nSTLOC0\nPUSHINT128 12000000000000000000000000\nSTLOC1\nPUSH0\nSTLOC2\nJMP t\n
         n: PUSHINT64 1000000000000000000\nLDLOC2\nPUSHINT32 1000000007\nMUL\nADD\nSTLOC3\nLDLOC3\nPUSHINT16 997\nMUL\nSTLOC4\n
         LDLOC1\nLDLOC4\nMUL\nLDLOC0\nPUSHINT16 1000\nMUL\nLDLOC4\nADD\nDIV\nSTLOC5\nLDLOC0\nLDLOC3\nADD\nSTLOC0\nLDLOC1\nLDLOC5\nSUB\nSTLOC1\n
         LDLOC0\nSTLOC6\nLDLOC1\nSTLOC0\nLDLOC6\nSTLOC1\nLDLOC2\nINC\nSTLOC2\nt: LDLOC2\nPUSHINT16 400\nLT\nJMPIF_L n\nLDLOC0\nRET",
    ),
    (
        "a square root of a wide integer",
        "INITSLOT 4, 0\nPUSH0\nSTLOC0\nPUSH0\nSTLOC1\nJMP s\n
         n: PUSHINT128 1000000000000000000000000000000000000\nLDLOC1\nPUSHINT64 999999999999999989\nMUL\nADD\nSTLOC2\n
         PUSHINT64 1000000000000000000\nSTLOC3\nPUSH6\nm: LDLOC3\nLDLOC2\nLDLOC3\nDIV\nADD\nPUSH2\nDIV\nSTLOC3\nDEC\nDUP\nJMPIF m\nDROP\n
         LDLOC0\nLDLOC3\nADD\nSTLOC0\nLDLOC1\nINC\nSTLOC1\ns: LDLOC1\nPUSHINT16 300\nLT\nJMPIF_L n\nLDLOC0\nRET",
    ),
    (
        "a counter beside a product",
        "INITSLOT 2, 0\nPUSHINT16 300\nSTLOC0\nPUSHINT64 9000000000000000000\nSTLOC1\nn: LDLOC1\nLDLOC1\nADD\nDROP\nLDLOC0\nDEC\nDUP\nSTLOC0\nJMPIF n\nLDLOC1\nRET",
    ),
    (
        "the quotient that is too wide",
        "INITSLOT 2, 0\nPUSHINT16 300\nSTLOC0\nPUSHINT64 -9223372036854775808\nSTLOC1\nn: LDLOC1\nPUSHM1\nLDLOC0\nPUSH2\nMOD\nPUSH2\nMUL\nADD\nDIV\nDROP\nLDLOC0\nDEC\nDUP\nSTLOC0\nJMPIF n\nLDLOC1\nRET",
    ),
    (
        "sizes of what has another kind in each turn",
        "INITSLOT 2, 0\nPUSHINT16 300\nSTLOC0\nn: NEWMAP\nSTLOC1\nLDLOC1\nSIZE\nDROP\nNEWARRAY0\nSTLOC1\nLDLOC1\nSIZE\nDROP\nLDLOC0\nSTLOC1\nLDLOC1\nSIZE\nDROP\nLDLOC0\nDEC\nDUP\nSTLOC0\nJMPIF n\nRET",
    ),
];

/// Loops over items of other kinds than were seen at the entry, at several places.
const KINDS: &[(&str, &str)] = &[
    (
        "static fields hold integers and arrays in turn",
        "INITSSLOT 5\nINITSLOT 1, 0\nPUSHINT16 300\nSTLOC0\n
         n: PUSH1\nSTSFLD0\nNEWARRAY0\nSTSFLD0\nPUSH1\nSTSFLD1\nNEWARRAY0\nSTSFLD1\nPUSH1\nSTSFLD2\nNEWARRAY0\nSTSFLD2\n
         PUSH1\nSTSFLD3\nNEWARRAY0\nSTSFLD3\nPUSH1\nSTSFLD4\nNEWARRAY0\nSTSFLD4\nLDLOC0\nDEC\nDUP\nSTLOC0\nJMPIF n\nRET",
    ),
    (
        "static fields that hold arrays go round",
        "INITSSLOT 5\nINITSLOT 1, 0\nPUSHINT16 300\nSTLOC0\nNEWARRAY0\nSTSFLD0\nNEWARRAY0\nSTSFLD1\nNEWARRAY0\nSTSFLD2\n
         NEWARRAY0\nSTSFLD3\nNEWARRAY0\nSTSFLD4\n
         n: LDSFLD0\nLDSFLD1\nSTSFLD0\nLDSFLD2\nSTSFLD1\nLDSFLD3\nSTSFLD2\nLDSFLD4\nSTSFLD3\nSTSFLD4\n
         LDLOC0\nDEC\nDUP\nSTLOC0\nJMPIF n\nRET",
    ),
    (
        "static fields that hold booleans go round",
        "INITSSLOT 5\nINITSLOT 1, 0\nPUSHINT16 300\nSTLOC0\nPUSHT\nSTSFLD0\nPUSHF\nSTSFLD1\nPUSHT\nSTSFLD2\nPUSHF\nSTSFLD3\nPUSHT\nSTSFLD4\n
         n: LDSFLD0\nLDSFLD1\nSTSFLD0\nLDSFLD2\nSTSFLD1\nLDSFLD3\nSTSFLD2\nLDSFLD4\nSTSFLD3\nSTSFLD4\n
         LDLOC0\nDEC\nDUP\nSTLOC0\nJMPIF n\nRET",
    ),
    (
        "items of an array go to local variables that were Null",
        "INITSLOT 7, 0\nPUSHINT16 300\nSTLOC0\nNEWARRAY0\nPUSH1\nPACK\nSTLOC1\n
         m: PUSHNULL\nSTLOC2\nPUSHNULL\nSTLOC3\nPUSHNULL\nSTLOC4\nPUSHNULL\nSTLOC5\nPUSHNULL\nSTLOC6\nPUSH9\n
         n: LDLOC1\nPUSH0\nPICKITEM\nSTLOC2\nLDLOC1\nPUSH0\nPICKITEM\nSTLOC3\nLDLOC1\nPUSH0\nPICKITEM\nSTLOC4\n
         LDLOC1\nPUSH0\nPICKITEM\nSTLOC5\nLDLOC1\nPUSH0\nPICKITEM\nSTLOC6\nDEC\nDUP\nJMPIF n\nDROP\n
         LDLOC0\nDEC\nDUP\nSTLOC0\nJMPIF m\nRET",
    ),
    (
        "items of an array go to static fields",
        "INITSSLOT 5\nINITSLOT 2, 0\nPUSHINT16 300\nSTLOC0\nNEWARRAY0\nPUSH1\nPACK\nSTLOC1\n
         n: LDLOC1\nPUSH0\nPICKITEM\nSTSFLD0\nLDLOC1\nPUSH0\nPICKITEM\nSTSFLD1\nLDLOC1\nPUSH0\nPICKITEM\nSTSFLD2\n
         LDLOC1\nPUSH0\nPICKITEM\nSTSFLD3\nLDLOC1\nPUSH0\nPICKITEM\nSTSFLD4\nLDLOC0\nDEC\nDUP\nSTLOC0\nJMPIF n\nRET",
    ),
    (
        "items of an array are replaced by others",
        "INITSLOT 2, 0\nPUSHINT16 300\nSTLOC0\nNEWARRAY0\nDUP\nDUP\nDUP\nDUP\nPUSH5\nPACK\nSTLOC1\n
         n: LDLOC1\nPUSH0\nPUSH1\nSETITEM\nLDLOC1\nPUSH1\nPUSH1\nSETITEM\nLDLOC1\nPUSH2\nPUSH1\nSETITEM\nLDLOC1\nPUSH3\nPUSH1\nSETITEM\n
         LDLOC1\nPUSH4\nPUSH1\nSETITEM\nLDLOC1\nPUSH0\nNEWMAP\nSETITEM\nLDLOC1\nPUSH1\nNEWMAP\nSETITEM\nLDLOC1\nPUSH2\nNEWMAP\nSETITEM\n
         LDLOC1\nPUSH3\nNEWMAP\nSETITEM\nLDLOC1\nPUSH4\nNEWMAP\nSETITEM\nLDLOC0\nDEC\nDUP\nSTLOC0\nJMPIF_L n\nRET",
    ),
    (
        "static fields are conditions, whatever they hold",
        "INITSSLOT 4\nINITSLOT 1, 0\nPUSHINT16 300\nSTLOC0\nNEWARRAY0\nSTSFLD0\nNEWARRAY0\nSTSFLD1\nNEWARRAY0\nSTSFLD2\nNEWARRAY0\nSTSFLD3\n
         n: LDSFLD0\nNOT\nDROP\nLDSFLD1\nNOT\nDROP\nLDSFLD2\nNOT\nDROP\nLDSFLD3\nNOT\nDROP\nLDSFLD0\nLDSFLD1\nEQUAL\nDROP\nLDSFLD2\nLDSFLD3\nEQUAL\nDROP\n
         LDLOC0\nDEC\nDUP\nSTLOC0\nJMPIF n\nRET",
    ),
];

/// The scripts of this file, and the programs of the repository.
fn programs() -> Vec<Program> {
    let mut programs: Vec<_> =
        WIDE.iter().chain(KINDS).map(|(name, text)| Program::new(*name, assemble(text).unwrap())).collect();
    programs.extend(crate::corpus::workloads());
    programs
}

/// What was compiled of a script, by position.
fn compiled(script: &Script, threshold: u32) -> (BTreeMap<usize, Vec<Details>>, Vec<Report>) {
    let engine = Engine::new(EngineConfig::default().with_jit(JitMode::Lazy { threshold, background: false }));
    let jit = engine.jit().expect("a compiler");
    jit.watch();
    let mut runner = Runner::new(engine.prepare(script).unwrap(), Dispatch::Auto);
    (0..RUNS).for_each(|_| drop(runner.end(Start::default())));
    let reports = jit.reports();
    let mut compiled: BTreeMap<usize, Vec<Details>> = BTreeMap::new();
    for report in &reports {
        if let Ok(details) = &report.outcome {
            compiled.entry(report.position).or_default().push(details.clone());
        }
    }
    (compiled, reports)
}

#[test]
fn no_region_of_the_workloads_is_compiled_more_than_three_times() {
    let (mut regions, mut most, mut failed) = (0, 0, Vec::new());
    for program in programs() {
        for threshold in THRESHOLDS {
            let (compiled, _) = compiled(&program.script, threshold);
            for (position, made) in compiled {
                regions += 1;
                most = most.max(made.len());
                if made.len() > MOST {
                    failed.push(format!(
                        "{}, byte {position}, threshold {threshold}: {} times",
                        program.name,
                        made.len()
                    ));
                }
            }
        }
    }
    say(&format!("recompilations: {regions} regions, at most {most} times"));
    assert!(failed.is_empty(), "compiled too often:\n{}", failed.join("\n"));
}

/// CLIF without the addresses in it.
fn without_addresses(clif: &str) -> String {
    let is_address = |word: &str| word.trim_start_matches("0x").len() > 10 && word.starts_with("0x");
    clif.split_inclusive([' ', '\n', ',']).filter(|word| !is_address(word.trim())).collect()
}

#[test]
fn what_is_compiled_anew_is_other_code() {
    let mut anew = 0;
    for program in programs() {
        for threshold in THRESHOLDS {
            for (position, made) in compiled(&program.script, threshold).0 {
                for pair in made.windows(2) {
                    let [first, second] = pair else { continue };
                    anew += 1;
                    assert!(
                        without_addresses(&first.clif) != without_addresses(&second.clif),
                        "{}, byte {position}, threshold {threshold}: compiled twice alike",
                        program.name
                    );
                }
            }
        }
    }
    assert!(anew > 3, "{anew} regions were compiled anew");
}
