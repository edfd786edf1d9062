//! Methods that take, keep or return other than small values: arrays, maps, text, wide integers. They are inlined, with
//! items in the cells of their slots.

use neovm::types::asm::assemble;

use neovm_testing::{
    Program,
    handed::{LOOPS, text},
};

use crate::{corpus::check_all, tries::left};

/// Returns the loops as programs.
pub(crate) fn loops() -> impl Iterator<Item = Program> {
    LOOPS.iter().map(|(name, turn, methods)| {
        let text = text(turn, methods);
        Program::new(*name, assemble(&text).unwrap_or_else(|error| panic!("{error}: {text}")))
    })
}

#[test]
fn loops_that_hand_items_over() {
    check_all("handed", loops());
}

/// Compiled code is left for a fraction of the 5,000 turns.
#[test]
fn calls_stay_in_compiled_code() {
    let methods = [
        ("LDLOC1\nPUSH3\nMOD\nLDLOC2\nCALL f\nLDLOC0\nADD\nSTLOC0", "f: INITSLOT 0, 2\nLDARG0\nLDARG1\nPICKITEM\nRET"),
        (
            "LDLOC2\nLDLOC1\nCALL f\nDROP",
            "f: INITSLOT 1, 2\nLDARG1\nSTLOC0\nLDLOC0\nPUSH1\nLDARG0\nSETITEM\nLDLOC0\nRET",
        ),
        ("PUSHDATA1 \"ab\"\nCALL f\nDROP", "f: INITSLOT 1, 1\nLDARG0\nPUSHDATA1 \"c\"\nCAT\nSTLOC0\nLDLOC0\nRET"),
        ("PUSHDATA1 \"ab\"\nPUSH1\nPACK\nPUSH0\nPICKITEM\nCALL f\nDROP", "f: INITSLOT 0, 1\nLDARG0\nSIZE\nRET"),
        ("LDLOC1\nLDLOC0\nCALL f\nSTLOC0", "f: ADD\nPUSHINT8 100\nMOD\nRET"),
        ("LDLOC2\nCALL f\nLDLOC0\nADD\nPUSHINT8 100\nMOD\nSTLOC0", "f: DUP\nPUSH1\nPICKITEM\nSWAP\nSIZE\nADD\nRET"),
        (
            "LDLOC2\nCALL f\nDROP",
            "f: INITSLOT 2, 1\nPUSH0\nSTLOC0\nm: LDARG0\nLDLOC0\nPICKITEM\nSTLOC1\nLDLOC0\nINC\nDUP\nSTLOC0\nLDARG0\nSIZE\nJMPLT m\nLDLOC1\nRET",
        ),
        (
            "TRY c, -\nLDLOC1\nPUSH3\nMOD\nCALL f\nDROP\nENDTRY d\nc: DROP\nENDTRY d",
            "f: INITSLOT 1, 1\nLDARG0\nPUSH1\nPACK\nSTLOC0\nLDARG0\nJMPIF o\nPUSHDATA1 \"no\"\nTHROW\no: LDARG0\nRET",
        ),
        (
            "TRY c, -\nLDLOC2\nLDLOC1\nPUSH5\nMOD\nCALL f\nDROP\nENDTRY d\nc: DROP\nENDTRY d",
            "f: INITSLOT 0, 2\nLDARG1\nLDARG0\nPICKITEM\nRET",
        ),
    ];
    for (turn, methods) in methods {
        let exits = left(turn, methods);
        let all: u64 = exits.iter().map(|&(_, times)| times).sum();
        assert!(all > 0 && all < 600, "{turn}, {methods}: {exits:?}");
    }
}
