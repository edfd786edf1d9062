//! Traces: lines for calls, creations and destructions.

use neovm_evm::{
    BlockEnv, Evm, Fork, Message, Trace, TraceFields, World,
    primitives::{Address, Bytes, TxKind, U256, address, hex},
};
use neovm_storage::{Layer, MemoryStore};
use serde_json::{Value, json};

const SENDER: Address = address!("00000000000000000000000000000000000000aa");
const CONTRACT: Address = address!("00000000000000000000000000000000000000c0");
const OTHER: Address = address!("00000000000000000000000000000000000000c1");

/// The lines of a trace of a contract's code. The contract has 5 wei, and calls another one.
fn trace(fork: Fork, code: &str, other: &str) -> Vec<Value> {
    let store = MemoryStore::default();
    let (layer, evm) = (Layer::over(&store), Evm::new(fork, 1));
    let state = evm.state(&layer);
    for (address, code) in [(CONTRACT, code), (OTHER, other)] {
        state.set_account(address, 1, U256::from(5), &hex::decode(code.replace(' ', "")).unwrap()).unwrap();
    }
    let (to, value, input) = (TxKind::Call(CONTRACT), U256::ZERO, Bytes::from_static(&[7]));
    let message = Message { caller: SENDER, to, value, input, gas: 1_000_000, is_static: false };
    let (mut text, fields) = (Vec::new(), TraceFields { memory: true, call_frames: true, ..TraceFields::default() });
    let mut trace = Trace::new(&mut text, fields);
    evm.call_inspected(&World::new(&layer), &BlockEnv::default(), &message, 0, &mut trace).unwrap();
    trace.finish().unwrap();
    let lines = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    lines.map(|line| serde_json::from_slice(line).unwrap()).collect()
}

/// Those lines that are not of instructions.
fn frames(fork: Fork, code: &str, other: &str) -> Vec<Value> {
    trace(fork, code, other).into_iter().filter(|line| line["pc"].is_null()).collect()
}

/// What begins each trace.
fn outermost() -> Value {
    json!({"from": SENDER, "to": CONTRACT, "input": "0x07", "gas": "0xf4240", "value": "0x0", "type": "CALL"})
}

/// Who calls whom with what, by each of the four instructions.
#[test]
fn calls_begin_with_a_line() {
    // CALLCODE, CALL with 3 wei; DELEGATECALL, STATICCALL.
    for (call, kind, value) in [
        ("6003 60c1 61ffff f1", "CALL", json!("0x3")),
        ("6003 60c1 61ffff f2", "CALLCODE", json!("0x3")),
        ("60c1 61ffff f4", "DELEGATECALL", json!("0x0")),
        ("60c1 61ffff fa", "STATICCALL", Value::Null),
    ] {
        let found = frames(Fork::Cancun, &format!("5f5f60025f {call}"), "00");
        let begin = found.iter().find(|line| line["type"] == kind && line["to"] == json!(OTHER));
        let begin = begin.unwrap_or_else(|| panic!("{kind}: {found:?}"));
        assert_eq!((&found[0], &begin["from"], &begin["value"]), (&outermost(), &json!(CONTRACT), &value), "{kind}");
        assert_eq!(begin["input"], "0x0000", "{kind}");
        assert_eq!(found.len(), 4, "{kind}: {found:?}");
    }
}

#[test]
fn creations_begin_with_a_line() {
    // The code of the contract that is made is one byte, STOP.
    for (create, kind) in [("60015f5ff0", "CREATE"), ("5f60015f5ff5", "CREATE2")] {
        let found = frames(Fork::Cancun, create, "00");
        let expected = json!({"from": CONTRACT, "input": "0x00", "value": "0x0", "type": kind});
        let mut begin = found[1].clone();
        for key in ["to", "gas"] {
            begin.as_object_mut().unwrap().remove(key).unwrap();
        }
        assert_eq!((begin, found.len()), (expected, 4), "{kind}");
    }
}

/// Also where it changes nothing: to itself from Cancun on, and a second time.
#[test]
fn each_destruction_has_its_lines() {
    let end = json!({"output": "", "gasUsed": "0x0"});
    for fork in [Fork::Frontier, Fork::London, Fork::Cancun] {
        for (code, to) in [("30ff", CONTRACT), ("60c1ff", OTHER)] {
            let found = frames(fork, code, "00");
            let begin = json!({"from": CONTRACT, "to": to, "gas": "0x0", "value": "0x5", "type": "SELFDESTRUCT"});
            assert_eq!(found[..3], [outermost(), begin, end.clone()], "{fork} {code}");
            assert_eq!(found.len(), 4, "{fork} {code}");
        }
        // The other contract destroys itself twice.
        let call = "6000 6000 6000 6000 6000 60c1 61ffff f1 50";
        let found = frames(fork, &format!("{call}{call}"), "60aaff");
        let destroyed = found.iter().filter(|line| line["type"] == "SELFDESTRUCT").map(|line| line["value"].as_str());
        assert_eq!(destroyed.collect::<Vec<_>>(), [Some("0x5"), Some("0x0")], "{fork}");
    }
}

/// In geth's words.
#[test]
fn errors_are_named() {
    for (code, error) in [
        ("50", "stack underflow (0 <=> 1)"),
        ("6001 01", "stack underflow (1 <=> 2)"),
        ("80", "stack underflow (0 <=> 1)"),
        ("6001 8f", "stack underflow (1 <=> 16)"),
        ("6001 90", "stack underflow (1 <=> 2)"),
        ("5f 5b 80 600156", "stack limit reached 1024 (1023)"),
        ("5b 5f 5f56", "stack limit reached 1024 (1023)"),
        ("600456", "invalid jump destination"),
        ("0c", "invalid opcode: opcode 0xc not defined"),
        ("6001 64ffffffffff 53", "out of gas"),
        ("6001 68ffffffffffffffffff 53", "gas uint64 overflow"),
    ] {
        let found = frames(Fork::Cancun, code, "00");
        assert_eq!(found.last().unwrap()["error"], error, "{code}");
    }
}

/// Of what fails before its arguments are looked at, a line has what the instruction costs by itself.
#[test]
fn what_fails_early_costs_what_it_does_by_itself() {
    let far = "7f".to_owned() + &"ff".repeat(32);
    for (code, error, cost) in [
        ("01", "stack underflow (0 <=> 2)", "0x3"),
        ("5fa2", "stack underflow (1 <=> 4)", "0x0"),
        ("5f5f5f f5", "stack underflow (3 <=> 4)", "0x7d00"),
        ("5f 0a", "stack underflow (1 <=> 2)", "0x0"),
        (&format!("{far} 5f a0"), "gas uint64 overflow", "0x0"),
        (&format!("{far} 5f5f f0"), "gas uint64 overflow", "0x7d00"),
        ("61c001 5f5f f0", "out of gas: max initcode size exceeded: code size 49153 limit 49152", "0x7d00"),
    ] {
        let all = trace(Fork::Cancun, code, "00");
        let failed = all.iter().rfind(|line| !line["pc"].is_null()).unwrap();
        assert_eq!((&failed["error"], &failed["gasCost"]), (&json!(error), &json!(cost)), "{code}");
    }
}

/// In a static call: some instructions are found out before they run, and others while they run.
#[test]
fn writes_where_nothing_may_change_are_named() {
    for (code, error, lines) in [
        ("6001 5f 55", "out of gas: write protection", 1),
        ("5f5f5f f0", "out of gas: write protection", 1),
        ("5f ff", "out of gas: write protection", 1),
        ("5f5f5f5f 6001 5f 5a f1", "out of gas: write protection", 1),
        ("6001 5f 5d", "write protection", 2),
        ("5f5f a0", "write protection", 2),
    ] {
        let all = trace(Fork::Cancun, "5f5f5f5f 60c1 5a fa", code);
        let end = all.iter().position(|line| line["error"] == error && line["pc"].is_null()).expect(error);
        let last = &all[end - 1];
        assert_eq!(last["error"], error, "{code}");
        assert_eq!(all.iter().filter(|line| line["pc"] == last["pc"] && line["depth"] == 2).count(), lines, "{code}");
    }
}

/// The gas that a call is given is part of what the instruction costs, and that for a creation is not. No line is of
/// code that is not there.
#[test]
fn creations_cost_what_the_instruction_does() {
    let all = trace(Fork::Cancun, "5f5f5f f0 50 5f5f5f5f 60c1 610100 fa", "00");
    let cost = |name: &str| &all.iter().find(|line| line["opName"] == name).unwrap()["gasCost"];
    assert_eq!((cost("CREATE"), cost("STATICCALL")), (&json!("0x7d00"), &json!(format!("{:#x}", 2600 + 256))));
    let names: Vec<_> = all.iter().skip(3).map(|line| line["opName"].as_str().unwrap_or("-")).collect();
    assert_eq!(names.join(" "), "PUSH0 CREATE - - POP PUSH0 PUSH0 PUSH0 PUSH0 PUSH1 PUSH2 STATICCALL - STOP - STOP -");
    assert_eq!(all.iter().map(|line| &line["depth"]).filter(|depth| **depth == 2).count(), 1);
}

/// Where there is a line without the error, the one with it shows the machine behind the instruction.
#[test]
fn errors_that_come_late_show_what_the_instruction_left() {
    let all = trace(Fork::Cancun, "60205ffd", "00");
    let sizes: Vec<_> = all.iter().filter(|line| line["opName"] == "REVERT").map(|line| &line["memSize"]).collect();
    assert_eq!(sizes, [0, 32]);
}

/// A contract that cannot pay for its code fails where no instruction does.
#[test]
fn code_that_cannot_be_paid_for_is_named() {
    // Of 16 KB: that costs more than three million.
    let found = frames(Fork::Cancun, "64 6140005ff3 5f52 6005 601b 5f f0", "00");
    assert_eq!(found[2]["error"], "contract creation code storage out of gas", "{found:?}");
}
