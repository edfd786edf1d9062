//! Measures how the cost of instructions grows with the size of their operands. If a cost grew faster
//! than linearly, a script could buy quadratic work.

use neovm::{FaultKind, JitMode, Outcome};

use crate::{
    Error,
    run::{GAS, ending, run, script},
};

/// The sizes, one for each column.
const SIZES: [u32; 5] = [40, 80, 160, 320, 640];

/// The gas of a run in datoshi, and the number of runs, of which the fastest counts.
const LIMIT: i64 = GAS;
const RUNS: usize = 3;

/// Pushes each number from `n` down to 1 twice.
const PAIRS: &str = "PUSHINT16 {n}\npair: DUP\nDUP\nDEC\nDUP\nJMPIF pair\nDROP";
const ARRAYS: &str = "PUSHINT16 {n}\nmake: NEWARRAY0\nSWAP\nDEC\nDUP\nJMPIF make\nDROP\nPUSHINT16 {n}\nPACK\nSTLOC0";
const STRUCTS: &str = "PUSHINT16 {n}\nmake: NEWSTRUCT0\nSWAP\nDEC\nDUP\nJMPIF make\nDROP\nPUSHINT16 {n}\nPACKSTRUCT";

/// Returns the cases. Each has a name, code that runs once and prepares local variables, and code for
/// one iteration. `{n}` stands for the size, which for byte strings is in units of 100 bytes. Local
/// variable 9 counts the iterations.
fn cases() -> Vec<(&'static str, String, &'static str)> {
    let array = "PUSHINT16 {n}\nNEWARRAY\nSTLOC0".to_owned();
    let map = [PAIRS, "PUSHINT16 {n}\nPACKMAP\nSTLOC0"].join("\n");
    let bytes = "PUSHINT32 {n}\nPUSHINT16 100\nMUL\nSTLOC1\nLDLOC1\nNEWBUFFER\nSTLOC0".to_owned();
    let strings = format!("{bytes}\nLDLOC0\nCONVERT ByteString\nSTLOC2\nLDLOC0\nCONVERT ByteString\nSTLOC3");
    vec![
        ("an array on the stack and off", array.clone(), "LDLOC0\nDROP"),
        ("an array into a variable and back", array.clone(), "LDLOC0\nSTLOC1"),
        ("its last reference", array.clone(), "LDLOC0\nPUSHNULL\nSTLOC0\nSTLOC0"),
        ("ROLL of an array", format!("{array}\nLDLOC0\nPUSHNULL\nSTLOC0\nPUSH5"), "PUSH1\nROLL"),
        (
            "ROLL of an array of arrays",
            format!("{ARRAYS}\nLDLOC0\nPUSHNULL\nSTLOC0\nPUSH5"),
            "PUSH1\nROLL\nPUSH1\nROLL",
        ),
        ("PICKITEM of an array", array.clone(), "LDLOC0\nPUSHINT16 {n}\nDEC\nPICKITEM\nDROP"),
        ("APPEND and POPITEM", array.clone(), "LDLOC0\nPUSH1\nAPPEND\nLDLOC0\nPOPITEM\nDROP"),
        ("APPEND and REMOVE of the first", array.clone(), "LDLOC0\nPUSH1\nAPPEND\nLDLOC0\nPUSH0\nREMOVE"),
        ("REVERSEITEMS", array.clone(), "LDLOC0\nREVERSEITEMS"),
        ("VALUES of an array", array.clone(), "LDLOC0\nVALUES\nDROP"),
        ("UNPACK and PACK", array.clone(), "LDLOC0\nUNPACK\nPACK\nDROP"),
        ("NEWARRAY", String::new(), "PUSHINT16 {n}\nNEWARRAY\nDROP"),
        ("a cycle of many items", String::new(), "PUSHINT16 {n}\nNEWARRAY\nDUP\nPUSH0\nSWAP\nSETITEM"),
        (
            "EQUAL of structs",
            format!("{STRUCTS}\nSTLOC0\n{}\nSTLOC1", STRUCTS.replace("make", "again")),
            "LDLOC0\nLDLOC1\nEQUAL\nDROP",
        ),
        (
            "APPEND of a struct",
            "PUSHINT16 {n}\nNEWSTRUCT\nSTLOC0\nNEWARRAY0\nSTLOC1".into(),
            "LDLOC1\nLDLOC0\nAPPEND\nLDLOC1\nCLEARITEMS",
        ),
        ("PICKITEM of a map", map.clone(), "LDLOC0\nPUSH1\nPICKITEM\nDROP"),
        ("HASKEY of a map", map.clone(), "LDLOC0\nPUSHM1\nHASKEY\nDROP"),
        ("SETITEM and REMOVE, a key before all", map.clone(), "LDLOC0\nPUSHM1\nPUSH1\nSETITEM\nLDLOC0\nPUSHM1\nREMOVE"),
        (
            "REMOVE of the oldest key, and a new one",
            map.clone(),
            "LDLOC0\nLDLOC 9\nPUSHINT16 {n}\nADD\nPUSH1\nSETITEM\nLDLOC0\nLDLOC 9\nREMOVE",
        ),
        ("KEYS", map.clone(), "LDLOC0\nKEYS\nDROP"),
        ("VALUES of a map", map, "LDLOC0\nVALUES\nDROP"),
        ("UNPACK and PACKMAP", [PAIRS, "PUSHINT16 {n}\nPACKMAP"].join("\n"), "UNPACK\nPACKMAP"),
        ("ROLL of the lowest item", PAIRS.into(), "PUSHINT16 {n}\nROLL"),
        ("REVERSEN", PAIRS.into(), "PUSHINT16 {n}\nREVERSEN"),
        ("CAT", bytes.clone(), "LDLOC0\nPUSHT\nCAT\nDROP"),
        ("LEFT", bytes.clone(), "LDLOC0\nLDLOC1\nLEFT\nDROP"),
        ("MEMCPY", bytes.clone(), "LDLOC0\nPUSH1\nLDLOC0\nPUSH0\nLDLOC1\nDEC\nMEMCPY"),
        ("CONVERT of a buffer", bytes, "LDLOC0\nCONVERT ByteString\nDROP"),
        ("EQUAL of byte strings", strings, "LDLOC2\nLDLOC3\nEQUAL\nDROP"),
    ]
}

pub(crate) fn print() -> Result<(), Error> {
    println!(
        "Nanoseconds per iteration. Growth is the cost of the last column, which is {} times as large, divided by that \
         of the first.\n",
        SIZES[4] / SIZES[0]
    );
    print!("| iteration |");
    SIZES.iter().for_each(|size| print!(" {size} |"));
    println!(" growth |\n|---|--:|--:|--:|--:|--:|--:|");
    for (name, made, turn) in cases() {
        let mut costs = Vec::new();
        for size in SIZES {
            costs.push(cost(&made, turn, size).map_err(|error| format!("{name}, {size}: {error}"))?);
        }
        print!("| {name} |");
        costs.iter().for_each(|cost| print!(" {cost:.0} |"));
        println!(" {:.1} |", costs[4] / costs[0]);
    }
    Ok(())
}

/// Returns the time of an iteration in nanoseconds.
fn cost(made: &str, turn: &str, size: u32) -> Result<f64, Error> {
    let begin = "INITSLOT 10, 0\nPUSH0\nSTLOC 9";
    let end = "LDLOC 9\nINC\nSTLOC 9\nJMP_L next";
    let text = format!("{begin}\n{made}\nnext: {turn}\n{end}");
    let script = script(&text.replace("{n}", &size.to_string()))?;
    let mut best = f64::INFINITY;
    for _ in 0..RUNS {
        let taken = run(&script, JitMode::Off, LIMIT)?;
        if !matches!(&taken.outcome, Outcome::Fault(fault) if fault.kind == FaultKind::InsufficientGas) {
            return Err(ending(&taken.outcome).into());
        }
        let turns = taken.instructions / (turn.lines().count() + end.lines().count()) as u64;
        best = best.min(taken.time.as_secs_f64() * 1e9 / turns as f64);
    }
    Ok(best)
}
