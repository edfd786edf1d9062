//! Jumps into the middle of instructions, and pointers between scripts.

use std::sync::Arc;

use neovm::{
    Caller, Code, FaultKind, Host, HostError, LoadOptions, NoHost, Outcome, PriceTable, StackItem, Vm, VmConfig,
    types::engine_internals::pointer,
};

use crate::{code, decode, integers, json, loaded, script, stub_host};

/// Bytes of data in the scripts below.
const SIZE: usize = 100_000;

/// Bytes of memory that a byte of script may take, decoded in each way.
const BYTES_PER_BYTE: usize = 40;

/// A script that calls into its own data at the first bytes, as many as are
/// asked for, and ends with ABORT, which leaves all in place to be looked at.
fn into_data(filling: u8, entries: usize) -> Arc<Code> {
    let mut script = Vec::new();
    let data = entries * 5 + 1 + 5;
    for entry in 0..entries {
        script.push(0x35); // CALL_L
        script.extend(((data + entry - 5 * entry) as i32).to_le_bytes());
    }
    script.push(0x38); // ABORT
    script.push(0x0e); // PUSHDATA4
    script.extend((SIZE as u32).to_le_bytes());
    script.extend(vec![filling; SIZE - 128]);
    script.extend([0x40; 128]); // RET
    decode(script)
}

/// Runs to the ABORT and gives the instructions begun.
fn run_to_abort(code: &Arc<Code>) -> u64 {
    let mut vm = loaded(code, VmConfig::default());
    let Outcome::Fault(fault) = vm.run(&mut NoHost) else { panic!("the script ends with ABORT") };
    assert!(matches!(fault.kind, FaultKind::Abort(_)), "{fault}");
    let memory = vm.misaligned_memory() + code.memory();
    let most = BYTES_PER_BYTE * code.script().len();
    assert!(memory <= most, "{memory} bytes, at most {most}");
    assert!(vm.misaligned_memory() > 24 * (SIZE - 128), "each byte of the data was decoded");
    vm.instructions()
}

#[test]
fn one_stream_through_all_bytes_of_data() {
    // NOP, a byte each.
    assert_eq!(run_to_abort(&into_data(0x21, 1)), 1 + (SIZE as u64 - 128) + 1 + 1);
}

#[test]
fn overlapping_streams_share_what_is_decoded() {
    // JMP by 0x22 bytes: as many streams as that, each byte in one of them.
    let filling = SIZE as u64 - 128;
    assert_eq!(run_to_abort(&into_data(0x22, 0x22)), 0x22 + filling + 0x22 + 1);
    // All streams a second time: nothing more is decoded.
    assert_eq!(run_to_abort(&into_data(0x22, 0x44)), 0x44 + 2 * filling - 0x22 + 0x44 + 1);
}

#[test]
fn code_without_misaligned_jumps_stays_within_the_bound_too() {
    for filling in [0x21, 0x40, 0x00, 0xff] {
        let script = vec![filling; SIZE];
        let code = Code::decode(script.into(), &Arc::new(PriceTable::DEFAULT)).unwrap();
        assert!(code.memory() <= BYTES_PER_BYTE * SIZE, "{} bytes for 0x{filling:02x}", code.memory());
    }
}

#[test]
fn a_loop_in_the_middle_of_an_instruction_runs_as_any_other() {
    // The data: DEC DUP JMPIF -2 RET.
    let aligned = "PUSHINT32 100000\nnext: DEC\nDUP\nJMPIF next\nRET";
    let hidden = "PUSHINT32 100000\nJMP +4\nPUSHDATA1 0x9d4a24fe40";
    let run = |text| {
        let mut vm = loaded(&code(text), VmConfig::default());
        assert_eq!(vm.run(&mut NoHost), Outcome::Halt);
        (integers(&vm), vm.instructions(), vm.gas_consumed().datoshi_ceil())
    };
    let (results, instructions, gas) = run(aligned);
    assert_eq!(run(hidden), (results, instructions + 1, gas + 60));
}

#[test]
fn a_fault_in_the_middle_of_an_instruction_tells_its_position() {
    // DROP ABORT, and at 5 a PUSHINT16 that is cut off.
    let mut vm = loaded(&code("PUSH1\nJMP +3\nPUSHINT32 14405\n.byte 0xff"), VmConfig::default());
    let Outcome::Fault(fault) = vm.run(&mut NoHost) else { panic!("it aborts") };
    assert_eq!((fault.position, fault.opcode), (Some(5), Some(neovm::OpCode::ABORT)));
    let mut vm = loaded(&code("JMP +4\nPUSHDATA1 0x21213801"), VmConfig::default());
    assert!(matches!(vm.run(&mut NoHost), Outcome::Fault(fault) if fault.position == Some(6)));
    let mut vm = loaded(&code("JMP +4\nPUSHDATA1 0x212101"), VmConfig::default());
    assert!(matches!(vm.run(&mut NoHost), Outcome::Fault(fault) if fault.position == Some(6)));
    assert_eq!(vm.instructions(), 3);
}

/// A host whose only system call loads some code at a position.
struct Reload(Arc<Code>, usize);

impl Host for Reload {
    fn syscall(&mut self, caller: &mut Caller<'_>, _: u32) -> Result<(), HostError> {
        caller.load(Arc::clone(&self.0), LoadOptions::default().with_position(self.1))?;
        Ok(())
    }
}

/// Runs a script whose system call loads the same code again, at its end,
/// where it pushes a pointer to position 0 of itself.
fn run_reloading(text: &str) -> (Vm, Outcome) {
    let end = script(text).len();
    let code = code(&format!("{text}\nPUSHA -{end}\nRET"));
    let mut vm = loaded(&code, VmConfig::default());
    let outcome = vm.run(&mut Reload(code, end));
    (vm, outcome)
}

#[test]
fn pointers_of_two_loads_of_the_same_code_differ() {
    let (vm, outcome) = run_reloading("SYSCALL 0x00000000\nPUSHA -5\nEQUAL\nRET");
    assert_eq!(outcome, Outcome::Halt);
    assert_eq!(json(vm.results()), r#"[{"type":"Boolean","value":false}]"#);
    let (vm, outcome) = run_reloading("PUSHA +0\nPUSHA -5\nEQUAL\nRET");
    assert_eq!(outcome, Outcome::Halt);
    assert_eq!(json(vm.results()), r#"[{"type":"Boolean","value":true}]"#);
}

#[test]
fn a_pointer_of_another_load_cannot_be_called() {
    let (_, outcome) = run_reloading("SYSCALL 0x00000000\nCALLA\nRET");
    assert!(matches!(outcome, Outcome::Fault(fault) if fault.kind == FaultKind::ForeignPointer));
}

#[test]
fn a_call_within_a_load_shares_its_pointers() {
    let text = "CALL make\nDUP\nPUSHA target\nEQUAL\nSWAP\nCALLA\nRET\nmake: PUSHA target\nRET\ntarget: PUSH7\nRET";
    let mut vm = loaded(&code(text), VmConfig::default());
    assert_eq!(vm.run(&mut NoHost), Outcome::Halt);
    assert_eq!(integers(&vm), [1, 7]);
}

#[test]
fn a_pointer_leads_nowhere_in_another_script() {
    let load = |items: &str, text: &str| {
        let inner = hex::encode(script(text).bytes());
        format!("{items}\nPUSHM1\nPUSHDATA1 0x{inner}\nSYSCALL 0xbac6c3a1\n")
    };
    let down = format!("{}here: RET", load("PUSHA here\nPUSH1", "CALLA"));
    let up = format!("{}CALLA", load("PUSH0", "PUSHA here\nhere: RET"));
    for text in [down, up] {
        let Outcome::Fault(fault) = loaded(&code(&text), VmConfig::default()).run(&mut stub_host()) else {
            panic!("CALLA of another script's pointer: {text}")
        };
        assert_eq!(fault.kind, FaultKind::ForeignPointer, "{text}");
    }
}

/// A host that pushes a pointer, as only a host that confuses its machines would.
struct Forger(u32, u32);

impl Host for Forger {
    fn syscall(&mut self, caller: &mut Caller<'_>, _: u32) -> Result<(), HostError> {
        caller.push(StackItem::Pointer(pointer(self.0, self.1)));
        Ok(())
    }
}

#[test]
fn a_pointer_from_elsewhere_leads_into_the_script_or_nowhere() {
    let text = "SYSCALL 0x00000000\nCALLA\nPUSHINT16 16448\nPUSH1\nRET";
    let (code, length) = (code(text), script(text).len() as u32);
    let load = loaded(&code, VmConfig::default()).current_load().unwrap().get() as u32;
    for position in (0..=length + 2).chain([i32::MAX as u32, i32::MAX as u32 + 1, u32::MAX]) {
        let run = |load| loaded(&code, VmConfig::default()).run(&mut Forger(load, position));
        for other in [0, load + 1, u32::MAX] {
            assert!(matches!(run(other), Outcome::Fault(fault) if fault.kind == FaultKind::ForeignPointer));
        }
        let outside = FaultKind::OutOfScript { position: (position as i32).into(), length: length as usize };
        let is_outside = matches!(run(load), Outcome::Fault(fault) if fault.kind == outside);
        assert_eq!(is_outside, position > length, "{position}");
    }
}

#[test]
fn a_jump_by_the_sign_compares_it_with_any_number() {
    for value in [-5_i32, 0, 5] {
        for number in [-2, -1, 0, 1] {
            let text = format!("PUSHINT8 {value}\nDUP\nSIGN\nPUSHINT8 {number}\nJMPNE x\nPUSH0\nRET\nx: PUSH1\nRET");
            let mut vm = loaded(&code(&text), VmConfig::default());
            assert_eq!(vm.run(&mut NoHost), Outcome::Halt);
            assert_eq!(integers(&vm), [value, i32::from(value.signum() != number)], "{text}");
        }
    }
}
