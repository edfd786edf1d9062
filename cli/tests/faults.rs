//! What `neovm run` says of faults: where, with which values, and how it got there.

mod common;

use common::{contract, file, method, neovm, neovm_with};
use serde_json::json;

/// The script of an assembly text, as an argument.
fn assembled(text: &str) -> String {
    format!("0x{}", neovm_with(&["asm", "-", "--hex"], text.as_bytes()).ok().trim())
}

/// A contract of an assembly text, with methods at labels that are offsets.
fn contract_of(name: &str, text: &str, methods: &serde_json::Value) -> String {
    let script = hex::decode(&assembled(text)[2..]).expect("hexadecimal");
    contract(name, &script, methods)
}

#[test]
fn the_place_the_values_and_the_calls_are_shown() {
    // main(a, b) = half(a) / b, where half(n) = n / 0.
    let text = "INITSLOT 1, 2
        PUSHDATA1 \"local\"
        STLOC0
        LDARG1
        LDARG0
        CALL half
        SWAP
        DIV
        RET
        half: INITSLOT 0, 1
        LDARG0
        PUSH0
        DIV
        RET";
    let two = json!([{"name": "a", "type": "Integer"}, {"name": "b", "type": "String"}]);
    let half = json!([{"name": "n", "type": "Integer"}]);
    let methods = json!([method("main", 0, two, "Integer"), method("half", 18, half, "Integer")]);
    let path = contract_of("calls", text, &methods);
    let answer = neovm(&["run", &path, "--method", "main", "10", "two"]);
    let expected = "state         FAULT
fault         Attempted to divide by zero.
at            byte 23, DIV, in half
operands      10, 0
arguments     n = 10
called from   byte 13, CALL L0018, in main
";
    assert!(answer.out.starts_with(expected), "{}", answer.out);
    assert!(
        answer.out.ends_with(
            "stack         3 items\n     0  ByteString  \"two\"\n     1  Integer     10\n     2  Integer     0\n"
        ),
        "{}",
        answer.out
    );
    assert_eq!((answer.code, answer.err.as_str()), (3, ""));
    // As compiled code leaves it, too.
    for engine in ["interp", "jit"] {
        let other = neovm(&["run", &path, "--method", "main", "10", "two", "--engine", engine]);
        assert_eq!(other.out, answer.out, "{engine}");
    }
}

#[test]
fn slots_are_shown() {
    let text = "INITSSLOT 2\nPUSH7\nSTSFLD0\nINITSLOT 1, 0\nPUSH1\nSTLOC0\nABORT";
    let answer = neovm(&["run", &assembled(text)]);
    for line in ["at            byte 9, ABORT\n", "locals        1\n", "statics       7, null\n"] {
        assert!(answer.out.contains(line), "{line:?} is missing in {}", answer.out);
    }
    assert!(!answer.out.contains("operands") && !answer.out.contains("arguments"), "{}", answer.out);
}

#[test]
fn functions_that_no_manifest_names_have_their_offset() {
    let text = "PUSH1\nCALL inner\nRET\ninner: CALL innermost\nRET\ninnermost: NOP\nABORT";
    let answer = neovm(&["run", &assembled(text)]);
    let expected = "at            byte 8, ABORT, in the function at byte 7
called from   byte 4, CALL L0007, in the function at byte 4
              byte 1, CALL L0004
";
    assert!(answer.out.contains(expected), "{}", answer.out);
}

#[test]
fn deep_recursion_is_cut_off() {
    let answer = neovm(&["run", &assembled("again: CALL again"), "--gas", "1000000000"]);
    assert!(answer.out.contains("MaxInvocationStackSize exceed: 1024"), "{}", answer.out);
    assert!(answer.out.contains("              and 1013 more\n"), "{}", answer.out);
    assert_eq!(answer.out.matches("byte 0, CALL").count(), 11, "{}", answer.out);
}

#[test]
fn an_exception_that_nobody_catches_shows_where_it_was_thrown() {
    let text = "CALL inner\nRET\ninner: PUSHDATA1 \"no funds\"\nTHROW";
    let answer = neovm(&["run", &assembled(text)]);
    let expected = "fault         An unhandled exception was thrown. no funds
at            byte 13, THROW, in the function at byte 3
operands      \"no funds\"
called from   byte 0, CALL L0003
";
    assert!(answer.out.contains(expected), "{}", answer.out);
}

#[test]
fn what_is_no_instruction_is_shown_as_bytes() {
    let answer = neovm(&["run", "0x11ff"]);
    assert!(answer.out.contains("at            byte 1, 0xff (no opcode)\n"), "{}", answer.out);
    let answer = neovm(&["run", "0x110cff"]);
    assert!(answer.out.contains("at            byte 1, 0x0c (PUSHDATA1, cut off)\n"), "{}", answer.out);
}

#[test]
fn out_of_gas_is_before_the_instruction() {
    let answer = neovm(&["run", "0x1112a0", "--gas", "100"]);
    let expected = "fault         Insufficient GAS.\nat            byte 2, MUL\noperands      1, 2\n";
    assert!(answer.out.contains(expected), "{}", answer.out);
}

#[test]
fn system_calls_have_names() {
    let script = assembled("SYSCALL System.Runtime.GetTime");
    let missing = "fault         Syscall not found: 59294647\n              ";
    let place = "at            byte 0, SYSCALL System.Runtime.GetTime\n";
    let without = neovm(&["jit", &script]);
    let why = format!("{missing}System.Runtime.GetTime needs --host STUB.json, a file of system calls\n{place}");
    assert!(without.out.contains(&why), "{}", without.out);
    let host = file("empty-host.json", br#"{"syscalls":{}}"#);
    let stub = neovm(&["run", &script, "--host", &host]);
    let why = format!("{missing}System.Runtime.GetTime is not in the file of --host\n{place}");
    assert!(stub.out.contains(&why), "{}", stub.out);
    let chain = neovm(&["run", &script]);
    assert!(chain.ok().ends_with("Integer     1468595316000\n"), "{}", chain.out);

    let local = assembled("PUSHDATA1 \"key\"\nSYSCALL System.Storage.Local.Get");
    let early = neovm(&["run", &local, "--hardfork", "Echidna"]);
    assert!(early.out.contains("\n              System.Storage.Local.Get is there from Faun on\n"), "{}", early.out);
    let none = neovm(&["run", &assembled("SYSCALL 0x00000001")]);
    assert!(none.out.contains("0x01000000, which no network has, is not there\n"), "{}", none.out);
}

#[test]
fn system_calls_are_free_and_that_is_said() {
    let stub = br#"{"syscalls":{"System.Runtime.GetTime":{"pops":0,"push":{"type":"Integer","value":"7"}}}}"#;
    let host = file("free-host.json", stub);
    let script = assembled("SYSCALL System.Runtime.GetTime");
    let answer = neovm(&["run", &script, "--host", &host, "--stats"]);
    let expected = "gas           0 GAS (0 datoshi), and nothing for system calls: under --host they are free\n";
    assert!(answer.out.contains(expected), "{}", answer.out);
    assert!(answer.err.contains("host stub, system calls are free\n"), "{}", answer.err);
    assert!(!neovm(&["run", "0x1140"]).ok().contains("free"));
}
