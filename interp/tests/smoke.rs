//! Small tests that touch each unsafe path once: fast handlers for plain and
//! for counted operands, fused ones, growing memory, jumps into instructions,
//! and all ways in which items are dropped. Fit for Miri and sanitizers: no
//! files, no threads, nothing that takes long.

use std::{
    cell::Cell,
    panic::{AssertUnwindSafe, catch_unwind},
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use neovm_interp::{
    Caller, Debugger, Dispatch, Host, HostError, LoadId, LoadOptions, NoHost, Observer, Outcome, Pause, RunOptions,
    State, Stop, Unload, Vm, VmConfig,
};
use neovm_types::{
    Fault, FaultKind, Gas, Limits, StackItem,
    asm::assemble,
    engine_internals::ItemInternals,
    item::{Array, Interop},
};

fn vm_with(text: &str, dispatch: Dispatch, limits: Limits) -> Vm {
    let mut vm = Vm::new(VmConfig::default().with_dispatch(dispatch).with_limits(limits), RunOptions::default());
    load(&mut vm, text);
    vm
}

fn vm(text: &str) -> Vm {
    vm_with(text, Dispatch::Auto, Limits::DEFAULT)
}

fn load(vm: &mut Vm, text: &str) {
    let script = assemble(text).unwrap_or_else(|error| panic!("{error}"));
    vm.load_script(script, LoadOptions::default()).unwrap();
}

/// Items in few letters.
fn shown(items: &[StackItem]) -> String {
    let one = |item: &StackItem| match item {
        StackItem::Array(array) => format!("[{}]", shown(&array.to_vec())),
        StackItem::Struct(fields) => format!("({})", shown(&fields.to_vec())),
        StackItem::Map(map) => format!("{{{}}}", shown(&map.values())),
        StackItem::Null => "null".into(),
        StackItem::Boolean(_) => format!("{}", item.to_boolean().unwrap()),
        StackItem::Integer(_) | StackItem::BigInteger(_) => format!("{}", item.to_integer().unwrap()),
        StackItem::ByteString(bytes) => format!("\"{}\"", String::from_utf8_lossy(bytes)),
        StackItem::Buffer(buffer) => buffer.with(|bytes| format!("b\"{}\"", String::from_utf8_lossy(bytes))),
        other => other.item_type().name().into(),
    };
    items.iter().map(one).collect::<Vec<_>>().join(" ")
}

struct Watch;

impl Observer for Watch {}

/// Runs a script in each mode and looked on at; all give these results.
fn gives(text: &str, expected: &str) {
    for dispatch in Dispatch::ALL {
        let mut vm = vm_with(text, dispatch, Limits::DEFAULT);
        assert_eq!(vm.run(&mut NoHost), Outcome::Halt, "{text}");
        assert_eq!(shown(vm.results()), expected, "{dispatch:?}: {text}");
        let results = vm.take_results();
        assert!(vm.results().is_empty(), "{text}");
        drop(vm);
        assert_eq!(shown(&results), expected);
    }
    let mut vm = vm(text);
    assert_eq!(vm.run_observed(&mut NoHost, &mut Watch), Outcome::Halt, "{text}");
    assert_eq!(shown(vm.results()), expected, "observed: {text}");
}

/// Runs a script in each mode; all fault so.
fn faults(text: &str, limits: Limits, expected: &str, position: usize) {
    for dispatch in Dispatch::ALL {
        let mut vm = vm_with(text, dispatch, limits);
        let Outcome::Fault(fault) = vm.run(&mut NoHost) else { panic!("{dispatch:?}: {text}") };
        assert_eq!(
            (fault.kind.to_string().as_str(), fault.position),
            (expected, Some(position)),
            "{dispatch:?}: {text}"
        );
    }
}

fn small_stack(max_stack_size: u32) -> Limits {
    Limits::DEFAULT.with_max_stack_size(max_stack_size)
}

#[test]
fn constants() {
    gives("PUSHM1\nPUSHINT64 -9223372036854775808\nPUSHT\nPUSHF\nPUSHNULL", "-1 -9223372036854775808 true false null");
    gives("PUSHINT128 7\nPUSHINT128 18446744073709551616", "7 18446744073709551616");
    gives(
        "PUSHDATA1 \"\"\nPUSHDATA1 \"of more than thirty-two bytes, so on the heap\"",
        "\"\" \"of more than thirty-two bytes, so on the heap\"",
    );
}

#[test]
fn small_integers() {
    gives("PUSH7\nINC\nDEC\nNEGATE\nABS\nINVERT\nSIGN", "-1");
    gives("PUSH9\nPUSH4\nADD\nPUSH3\nSUB\nPUSH2\nMUL\nPUSH3\nDIV\nPUSH4\nMOD", "2");
    gives("PUSH6\nPUSH3\nAND\nPUSH8\nOR\nPUSH1\nXOR\nPUSH3\nSHL\nPUSH1\nSHR\nPUSH5\nMIN\nPUSH9\nMAX", "9");
    gives("PUSH1\nPUSH2\nLT\nPUSH1\nPUSH1\nLE\nPUSH2\nPUSH1\nGT\nPUSH2\nPUSH2\nGE", "true true true true");
    gives("PUSH1\nPUSH1\nNUMEQUAL\nPUSH1\nPUSH2\nNUMNOTEQUAL\nBOOLAND\nPUSHF\nBOOLOR\nNOT\nNZ", "false");
    gives("PUSH1\nPUSH0\nPUSH2\nWITHIN\nPUSH3\nPUSH3\nEQUAL\nPUSH3\nPUSH4\nNOTEQUAL", "true true true");
}

#[test]
fn big_integers() {
    let max = "PUSHINT64 9223372036854775807";
    gives(
        &format!("{max}\nINC\nDUP\nDUP\nMUL\nSWAP\nDUP\nADD"),
        "85070591730234615865843651857942052864 18446744073709551616",
    );
    gives(&format!("{max}\nPUSH1\nADD\nDUP\nPUSH1\nSUB\nSWAP\nPUSH2\nDIV"), "9223372036854775807 4611686018427387904");
    gives(&format!("{max}\nDUP\nMUL\nDUP\n{max}\nMOD\nSWAP\n{max}\nDIV"), "0 9223372036854775807");
    gives(&format!("{max}\nINC\nDUP\n{max}\nINC\nEQUAL\nSWAP\nSIZE"), "true 9");
}

#[test]
fn order_of_the_stack() {
    gives("PUSH1\nPUSHDATA1 \"a\"\nDUP\nOVER\nPUSH3\nPICK\nTUCK", "1 \"a\" \"a\" 1 \"a\" 1");
    gives("PUSHDATA1 \"a\"\nPUSH2\nPUSH3\nPUSH4\nSWAP\nROT\nREVERSE3\nREVERSE4", "4 3 2 \"a\"");
    gives("PUSH1\nPUSHDATA1 \"a\"\nPUSH3\nNIP\nDEPTH\nPUSHDATA1 \"b\"\nDROP\nDROP\nDROP", "1");
    gives("PUSH1\nPUSHDATA1 \"a\"\nTUCK\nPUSH2\nROLL\nPUSH1\nXDROP\nPUSH2\nREVERSEN", "\"a\" 1");
    gives("NEWARRAY0\nDUP\nOVER\nPUSH1\nCLEAR", "");
    for text in [
        "DUP",
        "PUSH1\nOVER",
        "PUSH1\nSWAP",
        "PUSH1\nPUSH2\nROT",
        "PUSH1\nREVERSE4",
        "DROP",
        "PUSH1\nNIP",
        "PUSH1\nTUCK",
        "ADD",
        "PUSH1\nPICK",
    ] {
        let mut vm = vm(text);
        assert!(matches!(vm.run(&mut NoHost), Outcome::Fault(_)), "{text}");
    }
}

#[test]
fn slots() {
    let slots = "INITSSLOT 2\nPUSH7\nPUSHDATA1 \"a\"\nINITSLOT 2, 2\n";
    gives(&format!("{slots}LDARG0\nLDARG1\nLDLOC1\nLDSFLD1"), "\"a\" 7 null null");
    gives(
        &format!(
            "{slots}PUSH5\nSTARG1\nPUSH6\nSTSFLD0\nPUSHDATA1 \"b\"\nSTLOC1\nPUSH8\nSTLOC1\nLDARG1\nLDSFLD0\nLDLOC1"
        ),
        "5 6 8",
    );
    // Into the same slot, as the last reference, and one of several.
    gives(
        &format!("{slots}NEWARRAY0\nSTLOC0\nLDLOC0\nSTLOC0\nLDLOC0\nSTARG0\nPUSH1\nSTLOC0\nPUSH2\nSTARG0\nLDARG0"),
        "2",
    );
    faults("INITSLOT 1, 3", Limits::DEFAULT, "Out of stack bounds: 0/0 (Parameter 'index')", 0);
    faults("INITSLOT 1, 0\nLDLOC1", Limits::DEFAULT, "Index out of range when loading from slot: 1, 1/[0, 1).", 3);
    faults("PUSH1\nSTARG0", Limits::DEFAULT, "Slot has not been initialized.", 1);
}

#[test]
fn fused_assignments() {
    let slots = "PUSH9\nPUSH4\nINITSLOT 2, 2\nPUSH3\nSTLOC0\nPUSH5\nSTLOC1\n";
    for (operator, of_slots, of_int) in [("ADD", "8", "5"), ("SUB", "-2", "1"), ("MUL", "15", "6")] {
        gives(&format!("{slots}LDLOC0\nLDLOC1\n{operator}\nSTLOC0\nLDLOC0"), of_slots);
        gives(&format!("{slots}LDLOC0\nPUSH2\n{operator}\nSTARG1\nLDARG1"), of_int);
        gives(&format!("{slots}LDLOC0\nLDLOC1\n{operator}\nNOP"), of_slots);
        gives(&format!("{slots}LDLOC0\nPUSH2\n{operator}\nNOP"), of_int);
        gives(&format!("{slots}PUSH3\nNOP\nLDLOC1\n{operator}"), of_slots);
        gives(&format!("{slots}PUSH3\nNOP\nPUSH2\n{operator}"), of_int);
    }
    gives(&format!("{slots}LDARG0\nINC\nSTARG0\nLDARG1\nDEC\nSTLOC0\nLDARG0\nLDLOC0"), "5 8");
    gives(&format!("{slots}LDLOC0\nDEC\nDUP\nSTLOC0\nLDLOC0"), "2 2");
    gives(&format!("{slots}PUSH8\nSTLOC0\nLDLOC1\nPUSHDATA1 \"a\"\nSTLOC0\nLDLOC1\nLDLOC0"), "5 5 \"a\"");
    gives(&format!("{slots}PUSH8\nSTLOC0\nLDLOC0\nNEWARRAY0\nSTLOC0\nLDLOC0"), "8 []");
    gives(&format!("{slots}LDLOC0\nLDARG0\nLDLOC1\nPUSH6\nPUSH7\nDIV\nPUSH13\nPUSH5\nMOD"), "3 4 5 0 3");
    let wide = "PUSHINT64 9223372036854775807\nSTLOC0\n";
    gives(&format!("{slots}{wide}LDLOC0\nLDLOC1\nADD\nSTLOC0\nLDLOC0"), "9223372036854775812");
    gives(&format!("{slots}{wide}LDLOC0\nINC\nSTLOC0\nLDLOC0"), "9223372036854775808");
}

#[test]
fn fused_jumps() {
    let slots = "INITSLOT 2, 0\nPUSH3\nSTLOC0\nPUSH5\nSTLOC1\n";
    let end = "PUSH0\nRET\nyes: PUSH1";
    for (name, less) in [("LT", "1"), ("LE", "1"), ("GT", "0"), ("GE", "0"), ("NUMEQUAL", "0"), ("NUMNOTEQUAL", "1")] {
        let other = if less == "1" { "0" } else { "1" };
        for second in ["LDLOC1", "PUSH5"] {
            gives(&format!("{slots}LDLOC0\n{second}\n{name}\nJMPIF yes\n{end}"), less);
            gives(&format!("{slots}LDLOC0\n{second}\n{name}\nJMPIFNOT_L yes\n{end}"), other);
            gives(&format!("{slots}LDLOC0\n{second}\nNOP\n{name}\nJMPIF yes\n{end}"), less);
            gives(&format!("{slots}LDLOC0\n{second}\nNOP\n{name}\nJMPIFNOT yes\n{end}"), other);
        }
    }
    for (name, less) in [("JMPLT", "1"), ("JMPLE", "1"), ("JMPGT", "0"), ("JMPGE", "0"), ("JMPEQ", "0"), ("JMPNE", "1")]
    {
        gives(&format!("{slots}LDLOC0\nLDLOC1\n{name} yes\n{end}"), less);
        gives(&format!("{slots}LDLOC0\nPUSH5\n{name}_L yes\n{end}"), less);
        gives(&format!("{slots}PUSH3\nDUP\nPUSH5\n{name} yes\n{end}"), &format!("3 {less}"));
        gives(&format!("{slots}PUSH3\nNOP\nPUSH5\nNOP\n{name} yes\n{end}"), less);
    }
    gives(&format!("PUSH2\nDUP\nJMPIF yes\n{end}"), "2 1");
    gives("PUSH3\nnext: DEC\nDUP\nJMPIF next", "0");
    gives(&format!("PUSHM1\nDUP\nSIGN\nPUSHM1\nJMPNE yes\n{end}"), "-1 0");
    gives(&format!("PUSH0\nDUP\nSIGN\nPUSHM1\nJMPNE yes\n{end}"), "0 1");
}

#[test]
fn fused_remainder() {
    let pattern = "SWAP\nOVER\nMOD\nDUP\nSIGN\nPUSH2\nPICK\nSIGN\nOVER\nNUMNOTEQUAL\nSWAP\nPUSH0\nNUMNOTEQUAL\nBOOLAND\nJMPIFNOT keep\nADD\nJMP end\nkeep: NIP\nend: NOP";
    for (a, b, expected) in [(7, 3, "1"), (-7, 3, "2"), (7, -3, "-2"), (-7, -3, "-1"), (6, -3, "0"), (0, 5, "0")] {
        gives(&format!("PUSHINT8 {a}\nPUSHINT8 {b}\n{pattern}"), expected);
    }
    faults(&format!("PUSH1\nPUSH0\n{pattern}"), Limits::DEFAULT, "Attempted to divide by zero.", 4);
    // The highest point lies three items above the operands.
    faults(&format!("PUSH1\nPUSH3\n{pattern}"), small_stack(4), "MaxStackSize exceed: 5/4", 10);
}

#[test]
fn room_within_fused_code() {
    let slots = "INITSLOT 2, 0\nPUSH3\nSTLOC0\nPUSH5\nSTLOC1\n";
    let full = "MaxStackSize exceed: 4/3";
    faults(&format!("{slots}LDLOC0\nLDLOC1\nADD\nSTLOC0"), small_stack(3), full, 8);
    faults(&format!("{slots}LDLOC0\nPUSH1\nLT\nJMPIF +2"), small_stack(3), full, 8);
    faults(&format!("{slots}LDLOC0\nDEC\nDUP\nSTLOC0"), small_stack(3), full, 9);
    faults(&format!("{slots}LDLOC0\nLDLOC1"), small_stack(3), full, 8);
    faults(&format!("{slots}PUSH1\nDUP\nJMPIF +2"), small_stack(3), full, 8);
    faults(&format!("{slots}NEWARRAY0\nSTLOC0\nLDLOC0\nPUSH0\nPICKITEM"), small_stack(3), full, 10);
}

#[test]
fn compounds() {
    let array = "INITSLOT 1, 0\nPUSH3\nNEWARRAY0\nPUSHDATA1 \"a\"\nPUSH3\nPACK\nSTLOC0\n";
    gives(&format!("{array}LDLOC0\nPUSH0\nPICKITEM\nLDLOC0\nDUP\nPUSH1\nPICKITEM\nNIP\nLDLOC0\nSIZE"), "\"a\" [] 3");
    gives(
        &format!("{array}LDLOC0\nPUSH0\nPUSH7\nSETITEM\nLDLOC0\nPUSH1\nPUSHDATA1 \"b\"\nSETITEM\nLDLOC0"),
        "[7 \"b\" 3]",
    );
    gives(
        &format!("{array}LDLOC0\nLDLOC0\nPUSH1\nPICKITEM\nAPPEND\nLDLOC0\nUNPACK\nLDLOC0\nISNULL"),
        "[] 3 [] \"a\" 4 false",
    );
    gives(
        &format!("{array}LDLOC0\nVALUES\nLDLOC0\nREVERSEITEMS\nLDLOC0\nPOPITEM\nLDLOC0\nPUSH0\nREMOVE\nLDLOC0"),
        "[\"a\" [] 3] \"a\" [[]]",
    );
    let map = "INITSLOT 1, 0\nPUSH3\nPUSH1\nNEWARRAY0\nPUSHDATA1 \"k\"\nPUSH2\nPACKMAP\nSTLOC0\n";
    gives(&format!("{map}LDLOC0\nPUSHDATA1 \"k\"\nPICKITEM\nLDLOC0\nPUSH1\nPICKITEM\nLDLOC0\nKEYS"), "[] 3 [\"k\" 1]");
    gives(
        &format!("{map}LDLOC0\nPUSH1\nPUSHDATA1 \"v\"\nSETITEM\nLDLOC0\nPUSHT\nPUSH2\nSETITEM\nLDLOC0"),
        "{{[] \"v\" 2}}".replace("{{", "{").replace("}}", "}").as_str(),
    );
    gives(
        "PUSHDATA1 \"abc\"\nDUP\nPUSH1\nPICKITEM\nSWAP\nCONVERT Buffer\nDUP\nPUSH1\nPUSHINT8 65\nSETITEM\nDUP\nPUSH1\nPICKITEM\nSWAP\nCONVERT ByteString",
        "98 65 \"aAc\"",
    );
    gives(
        "PUSHDATA1 \"abc\"\nDUP\nEQUAL\nPUSHDATA1 \"abc\"\nPUSHDATA1 \"abd\"\nNOTEQUAL\nPUSHDATA1 \"abc\"\nSIZE\nPUSHDATA1 \"\"\nISNULL",
        "true true 3 false",
    );
    gives(
        "PUSH1\nCONVERT Integer\nPUSHT\nCONVERT Boolean\nNEWARRAY0\nCONVERT Array\nNEWARRAY0\nCONVERT Struct\nPUSHNULL\nCONVERT Array",
        "1 true [] () null",
    );
}

#[test]
fn compounds_that_hold_themselves() {
    let cycle = "INITSLOT 2, 0\nNEWARRAY0\nDUP\nDUP\nAPPEND\nDUP\nPUSH5\nAPPEND\n";
    gives(&format!("{cycle}STLOC0\nLDLOC0\nPUSH0\nPICKITEM\nPUSH0\nPICKITEM\nPUSH1\nPICKITEM\nPUSH1\nSTLOC0"), "5");
    gives(&format!("{cycle}PUSH0\nPICKITEM\nDUP\nPUSH0\nPUSH7\nSETITEM"), "[7 5]");
    gives(&format!("{cycle}DUP\nSTLOC0\nSTLOC1\nLDLOC0\nSTLOC1\nLDLOC1\nPUSH0\nPICKITEM\nCLEARITEMS\nLDLOC0"), "[]");
    gives(&format!("{cycle}DROP\nNEWMAP\nDUP\nPUSH1\nPUSH2\nPICK\nSETITEM\nDROP"), "");
    // Never counted out: freed with the machine.
    gives(
        &format!("{cycle}STLOC0\nCALL inner\nRET\ninner: INITSLOT 1, 0\nNEWARRAY0\nDUP\nDUP\nAPPEND\nSTLOC0\nRET"),
        "",
    );
}

#[test]
fn calls() {
    gives("PUSH2\nCALL double\nCALL double\nRET\ndouble: INITSLOT 1, 1\nLDARG0\nLDARG0\nADD\nSTLOC0\nLDLOC0\nRET", "8");
    // What slots hold as a function returns: plain, shared, last references.
    gives(
        "INITSLOT 1, 0\nNEWARRAY0\nSTLOC0\nLDLOC0\nPUSHDATA1 \"a\"\nCALL f\nLDLOC0\nRET\nf: INITSLOT 2, 2\nLDARG1\nSTLOC0\nNEWMAP\nSTLOC1\nRET",
        "[]",
    );
    gives("NEWARRAY0\nDUP\nDUP\nCALL f\nRET\nf: INITSLOT 2, 2\nLDARG1\nSTLOC0\nRET", "[]");
    gives("PUSHA f\nCALLA\nRET\nf: PUSH7", "7");
    faults("f: CALL f", Limits::DEFAULT.with_max_invocation_stack_size(5), "MaxInvocationStackSize exceed: 5", 0);
}

#[test]
fn slots_move_to_larger_memory() {
    // The first 256 slots are there; the fourth call needs more.
    gives(
        "PUSHDATA1 \"kept\"\nPUSH5\nCALL f\nRET\nf: INITSLOT 80, 2\nLDARG1\nSTLOC 79\nLDARG0\nJMPIF more\nLDLOC 79\nRET\n\
         more: LDLOC 79\nLDARG0\nDEC\nCALL f\nLDLOC 79\nRET",
        "\"kept\" \"kept\" \"kept\" \"kept\" \"kept\" \"kept\"",
    );
    gives(
        "INITSLOT 255, 0\nNEWARRAY0\nSTLOC 254\nLDLOC 254\nCALL f\nLDLOC 254\nRET\nf: INITSLOT 255, 1\nLDARG0\nSTLOC 200\nRET",
        "[]",
    );
}

#[test]
fn jumps_into_instructions() {
    // JMP into the operand: PUSH1, DUP, ADD there, and back.
    gives("JMP +3\n.byte 0x03, 0x11, 0x4a, 0x9e, 0x22, 0x06, 0x00, 0x00, 0x00\nNOP\nNOP\nPUSH5", "2 5");
    gives("CALL +3\n.byte 0x03, 0x11, 0x57, 0x01, 0x00, 0x10, 0x70, 0x68, 0x40\nPUSH5", "1 0 4641082630027171601 5");
    gives("PUSH3\nJMP +3\n.byte 0x03, 0x9d, 0x4a, 0x24, 0xfe, 0x22, 0x04, 0x00, 0x00\nNOP\nNOP", "0");
    faults(
        "JMP +3\n.byte 0x03, 0xff, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00",
        Limits::DEFAULT,
        "Exception of type 'Neo.VM.BadScriptException' was thrown.",
        3,
    );
}

#[test]
fn try_blocks() {
    gives("TRY -, f\nPUSH1\nENDTRY e\nf: PUSH2\nENDFINALLY\nPUSH9\ne: PUSH3", "1 2 3");
    gives("TRY_L c, f\nPUSH1\nENDTRY_L e\nc: PUSH4\nf: PUSH2\nENDFINALLY\ne: PUSH3", "1 2 3");
    gives("TRY c, -\nPUSH7\nTHROW\nc: ENDTRY e\ne:", "7");
    // Ends the block in each turn of a loop.
    gives("PUSH5\nn: TRY c, -\nDEC\nENDTRY d\nc: ABORT\nd: DUP\nJMPIF n", "0");
    gives(
        "NEWARRAY0\nTRY c, -\nDUP\nPUSHINT64 -9223372036854775808\nPICKITEM\nc: ENDTRY e\ne:",
        "[] \"The index of VMArray is out of range, -9223372036854775808/[0, 0).\"",
    );
    let nested = |count: usize| format!("{}PUSH1\nRET\nc: RET", "TRY_L c, -\n".repeat(count));
    gives(&nested(16), "1");
    faults(&nested(17), Limits::DEFAULT, "MaxTryNestingDepth exceed.", 16 * 9);
    faults(
        "TRY -, f\nENDTRY f\nf: ENDTRY f",
        Limits::DEFAULT,
        "The opcode ENDTRY can't be executed in a FINALLY block.",
        5,
    );
    faults("ENDFINALLY", Limits::DEFAULT, "The corresponding TRY block cannot be found.", 0);
}

#[test]
fn exceptions() {
    gives("TRY catch, -\nNEWARRAY0\nTHROW\ncatch: SIZE\nENDTRY end\nend: NOP", "0");
    gives(
        "TRY catch, finally\nCALL f\nENDTRY end\ncatch: ENDTRY end\nfinally: PUSH9\nENDFINALLY\nend: RET\nf: INITSLOT 1, 0\nNEWARRAY0\nSTLOC0\nPUSHDATA1 \"thrown\"\nTHROW",
        "\"thrown\" 9",
    );
    gives(
        "NEWARRAY0\nTRY catch, -\nDUP\nPUSH1\nPICKITEM\ncatch: ENDTRY end\nend: NOP",
        "[] \"The index of VMArray is out of range, 1/[0, 0).\"",
    );
    faults(
        "NEWARRAY0\nTRY -, finally\nDUP\nTHROW\nfinally: ENDFINALLY",
        Limits::DEFAULT,
        "An unhandled exception was thrown.",
        6,
    );
}

/// A host whose system calls do one thing.
struct Call(fn(&mut Caller<'_>) -> Result<(), HostError>);

impl Host for Call {
    fn syscall(&mut self, caller: &mut Caller<'_>, _: u32) -> Result<(), HostError> {
        (self.0)(caller)
    }

    fn context_unloaded(&mut self, caller: &mut Caller<'_>, _: LoadId, how: Unload) -> Result<(), HostError> {
        if how == Unload::Threw {
            caller.push("unloaded");
        }
        Ok(())
    }
}

const SYSCALL: &str = "SYSCALL 0x00000000\n";

/// The outcome of a script that calls the host, in each mode the same.
fn hosted(text: &str, does: fn(&mut Caller<'_>) -> Result<(), HostError>) -> String {
    let run = |dispatch| {
        let mut vm = vm_with(text, dispatch, Limits::DEFAULT.with_max_stack_size(64));
        let outcome = vm.run(&mut Call(does));
        match outcome {
            Outcome::Fault(fault) => fault.kind.to_string(),
            _ => shown(vm.results()),
        }
    };
    let all = Dispatch::ALL.map(run);
    assert_eq!((&all[1], &all[2]), (&all[0], &all[0]));
    all[0].clone()
}

#[test]
fn hosts_push_and_pop() {
    let does: fn(&mut Caller<'_>) -> _ = |caller| {
        // More than there is memory for at first.
        for i in 0..500 {
            caller.push(StackItem::array([i.into(), "text".into()]));
        }
        while caller.stack_len() > 3 {
            caller.pop()?;
        }
        Ok(())
    };
    assert_eq!(hosted(&format!("PUSH1\n{SYSCALL}SWAP\nDROP"), does), "1 [1 \"text\"]");
    let too_many: fn(&mut Caller<'_>) -> _ = |caller| {
        (0..65).for_each(|i| caller.push(i));
        Ok(())
    };
    assert_eq!(hosted(&format!("{SYSCALL}CLEAR"), too_many), "MaxStackSize exceed: 65/64");
}

#[test]
fn hosts_push_too_much_before_a_run() {
    for dispatch in Dispatch::ALL {
        let mut vm = vm_with("DROP\nDROP", dispatch, small_stack(3));
        (0..5).for_each(|i| vm.push(i));
        let Outcome::Fault(fault) = vm.run(&mut NoHost) else { panic!("{dispatch:?}") };
        assert_eq!((fault.kind.to_string().as_str(), fault.position), ("MaxStackSize exceed: 4/3", Some(0)));
    }
}

#[test]
fn hosts_pop_what_left_more_room_than_memory() {
    for dispatch in Dispatch::ALL {
        let mut vm = vm_with("next: PUSH1\nJMP next", dispatch, small_stack(8));
        // The count of this one is wrong, so that the limit goes up by its items.
        let array = StackItem::array(vec![StackItem::Null; 200]);
        array.header().unwrap().set_references(1);
        vm.push(array.clone());
        array.header().unwrap().set_references(1);
        vm.pop().unwrap();
        assert!(matches!(vm.run(&mut NoHost), Outcome::Fault(_)));
        assert_eq!(vm.stack_len(), 209);
    }
}

#[test]
fn hosts_load_scripts() {
    let does: fn(&mut Caller<'_>) -> _ = |caller| {
        for text in ["INITSSLOT 1\nNEWARRAY0\nSTSFLD0\nPUSHDATA1 \"below\"\nLDSFLD0", "NEWMAP\nDUP"] {
            caller.load_script(assemble(text).unwrap(), LoadOptions::default())?;
        }
        caller.push("argument");
        assert_eq!(caller.contexts().len(), 3);
        Ok(())
    };
    assert_eq!(hosted(&format!("PUSH1\n{SYSCALL}DEPTH"), does), "1 \"argument\" {} {} \"below\" [] 6");
    let throws: fn(&mut Caller<'_>) -> _ = |caller| {
        let text = "NEWARRAY0\nDUP\nINITSSLOT 1\nNEWARRAY0\nSTSFLD0\nINITSLOT 1, 1\nPUSHDATA1 \"thrown\"\nTHROW";
        caller.load_script(assemble(text).unwrap(), LoadOptions::default())?;
        Ok(())
    };
    assert_eq!(hosted(&format!("TRY catch, -\n{SYSCALL}catch: NOP"), throws), "\"unloaded\" \"thrown\"");
}

#[test]
fn many_loads_grow_the_memory_of_stacks() {
    let mut vm = vm_with("DEPTH", Dispatch::Auto, small_stack(8));
    for _ in 0..40 {
        load(&mut vm, "PUSH1\nNEWARRAY0\nSWAP\nDROP\nDROP");
        vm.push("text");
        vm.pop().unwrap();
    }
    assert_eq!(vm.contexts().len(), 41);
    assert_eq!(vm.run(&mut NoHost), Outcome::Halt);
    assert_eq!(shown(vm.results()), "0");
}

#[test]
fn the_smallest_limits() {
    for max_stack_size in 0..3 {
        for dispatch in Dispatch::ALL {
            let mut vm = vm_with("PUSH1\nPUSH2\nDROP\nPUSH3\nPUSH4", dispatch, small_stack(max_stack_size));
            let Outcome::Fault(fault) = vm.run(&mut NoHost) else { panic!("{max_stack_size}") };
            let message = format!("MaxStackSize exceed: {}/{max_stack_size}", max_stack_size + 1);
            assert_eq!(fault.kind.to_string(), message);
        }
    }
    let mut vm = Vm::new(
        VmConfig::default().with_limits(Limits::DEFAULT.with_max_invocation_stack_size(0)),
        RunOptions::default(),
    );
    assert!(vm.load_script(vec![0x40], LoadOptions::default()).is_err());
    faults("CALL +2", Limits::DEFAULT.with_max_invocation_stack_size(1), "MaxInvocationStackSize exceed: 1", 0);
}

#[test]
fn hosts_that_panic() {
    let mut vm = vm(&format!("NEWARRAY0\n{SYSCALL}DROP"));
    assert!(catch_unwind(AssertUnwindSafe(|| vm.run(&mut Call(|_| panic!("in the host"))))).is_err());
    vm.reset(RunOptions::default(), &mut NoHost);
    load(&mut vm, "PUSH3");
    assert_eq!(vm.run(&mut NoHost), Outcome::Halt);
    assert_eq!(shown(vm.results()), "3");
}

#[test]
fn hosts_in_the_midst_of_an_array() {
    let mut vm = vm("PUSH0\nPUSH1\nSETITEM");
    let array = Array::new(vec!["text".into()]);
    vm.push(StackItem::Array(array.clone()));
    vm.push(StackItem::Array(array.clone()));
    array.for_each(|item| {
        let outcome = vm.run(&mut NoHost);
        assert!(matches!(&outcome, Outcome::Fault(Fault { kind: FaultKind::Host(_), .. })), "{outcome:?}");
        assert_eq!(shown(core::slice::from_ref(item)), "\"text\"");
    });
}

/// An array of an array of a number and a struct that holds the outermost array.
fn ring() -> StackItem {
    let ring = Array::new(vec![StackItem::array([1.into()])]);
    ring.push(StackItem::structure([StackItem::Array(ring.clone())])).unwrap();
    StackItem::Array(ring)
}

#[test]
fn what_outlives_an_execution_is_counted_anew() {
    let kept = ring();
    let count = |vm: &mut Vm| {
        load(vm, "NOP");
        vm.push(kept.clone());
        vm.push(kept.clone());
        vm.reference_count()
    };
    let expected = count(&mut vm("NOP"));
    // It is a result; in a slot, a static field and on a stack when a script faults.
    for text in ["NOP", "DUP\nDUP\nINITSSLOT 1\nSTSFLD0\nINITSLOT 1, 1\nABORT"] {
        let mut vm = vm(text);
        vm.push(kept.clone());
        vm.run(&mut NoHost);
        vm.reset(RunOptions::default(), &mut NoHost);
        assert_eq!(count(&mut vm), expected, "{text}, by the machine itself");
        drop(vm);
        assert_eq!(count(&mut self::vm("NOP")), expected, "{text}, by another");
    }
    let StackItem::Array(ring) = &kept else { unreachable!("an array") };
    ring.clear().unwrap();
}

struct Dropped(Rc<Cell<usize>>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.set(self.0.get() + 1);
    }
}

/// A machine with a host's object everywhere: in slots, static fields, on two
/// stacks, in compounds and in a cycle.
fn full_vm(dispatch: Dispatch, text: &str, dropped: &Rc<Cell<usize>>) -> Vm {
    let object = |vm: &mut Vm| vm.push(StackItem::Interop(Interop::new(Dropped(Rc::clone(dropped)))));
    let mut vm = Vm::new(VmConfig::default().with_dispatch(dispatch), RunOptions::default());
    load(&mut vm, "INITSSLOT 1\nDUP\nSTSFLD0\nDUP\nINITSLOT 1, 1\nSTLOC0\nRET");
    object(&mut vm);
    object(&mut vm);
    vm.set_budget(Some(6));
    assert_eq!(vm.run(&mut NoHost), Outcome::Stopped(Stop::Budget));
    vm.set_budget(None);
    object(&mut vm);
    load(&mut vm, text);
    object(&mut vm);
    vm
}

#[test]
fn machines_that_end_drop_all() {
    let fault = "PUSH1\nPACK\nDUP\nDUP\nAPPEND\nINITSLOT 2, 0\nABORT";
    let throw = "PUSH1\nPACK\nDUP\nDUP\nAPPEND\nDUP\nINITSSLOT 1\nSTSFLD0\nTRY -, finally\nTHROW\nfinally: ABORT";
    for dispatch in Dispatch::ALL {
        for text in ["NOP", fault, throw, "DUP\nTHROW", "PUSH1\nPACK\nDUP\nDUP\nAPPEND\nDUP\nRET"] {
            let dropped = Rc::new(Cell::new(0));
            let mut own = full_vm(dispatch, text, &dropped);
            own.run(&mut NoHost);
            own.reset(RunOptions::new(Gas::ZERO), &mut NoHost);
            assert_eq!((dropped.get(), own.reference_count(), own.state()), (4, 0, State::Break), "{text}");
            let mut own = full_vm(dispatch, text, &dropped);
            own.run(&mut NoHost);
            drop(own);
            assert_eq!(dropped.get(), 8, "{text}");
            drop(full_vm(dispatch, text, &dropped));
            assert_eq!(dropped.get(), 12, "{text}");
        }
    }
}

#[test]
fn a_fault_stays() {
    let mut vm = vm("DROP");
    let outcome = vm.run(&mut NoHost);
    load(&mut vm, "PUSH1");
    assert_eq!((vm.run(&mut NoHost), vm.state()), (outcome, State::Fault));
}

#[test]
fn the_flag_is_looked_at_between_system_calls() {
    let flag = Arc::new(AtomicBool::new(false));
    let mut vm = vm(&format!("next: {SYSCALL}JMP next"));
    vm.set_interrupt(Some(Arc::clone(&flag)));
    struct Sets(Arc<AtomicBool>);
    impl Host for Sets {
        fn syscall(&mut self, _: &mut Caller<'_>, _: u32) -> Result<(), HostError> {
            self.0.store(true, Ordering::Relaxed);
            Ok(())
        }
    }
    assert_eq!(vm.run(&mut Sets(flag)), Outcome::Stopped(Stop::Interrupted));
    assert_eq!(vm.instructions(), 1);
}

#[test]
fn debuggers_step() {
    let mut vm = vm("PUSH1\nCALL f\nRET\nf: INITSLOT 1, 1\nLDARG0\nRET");
    let debugger = Debugger::new();
    assert_eq!(debugger.step_into(&mut vm, &mut NoHost), Pause::Step);
    assert_eq!(debugger.step_into(&mut vm, &mut NoHost), Pause::Step);
    assert_eq!((vm.depth(), vm.contexts()[0].position), (2, 4));
    assert_eq!(debugger.step_out(&mut vm, &mut NoHost), Pause::Step);
    assert_eq!(shown(&vm.contexts()[0].stack), "1");
    assert_eq!(debugger.run(&mut vm, &mut NoHost), Pause::Ended(Outcome::Halt));
}
