//! Fees that the host charges, and contexts that are free of them.

use neovm::{
    Caller, Fault, FaultKind, Gas, Host, HostError, LoadId, LoadOptions, Outcome, Script, Unload, Vm, VmConfig,
    types::PriceTable,
};

use crate::{code, decode, gas, integers, loaded, loaded_with, script};

/// System calls from here on are none of those below.
const COMMANDS: u32 = 0xffff_ff00;

/// A host that charges as many picoGAS as a system call's number, and has a few
/// with other meanings: 00 waives fees, 01 no longer does, 02 loads a free
/// script from the stack, 03 one that is not.
#[derive(Default)]
struct FeeHost {
    /// Gas and instructions at each call of the host.
    seen: Vec<(u128, u64)>,
}

impl Host for FeeHost {
    fn syscall(&mut self, caller: &mut Caller<'_>, id: u32) -> Result<(), HostError> {
        self.seen.push((caller.gas_consumed().datoshi_ceil(), caller.instructions()));
        match id.checked_sub(COMMANDS) {
            None => caller.add_fee(Gas::from_pico(id.into()))?,
            Some(0) => caller.set_context_free(true),
            Some(1) => caller.set_context_free(false),
            Some(command) => {
                let script = Script::from(caller.pop_bytes()?);
                caller.load(decode(script), LoadOptions::default().with_free(command == 2))?;
            }
        }
        Ok(())
    }

    fn context_unloaded(&mut self, caller: &mut Caller<'_>, _: LoadId, _: Unload) -> Result<(), HostError> {
        self.seen.push((caller.gas_consumed().datoshi_ceil(), caller.instructions()));
        Ok(())
    }
}

/// The text of a system call's number.
fn syscall(id: u32) -> String {
    format!("SYSCALL 0x{}\n", hex::encode(id.to_le_bytes()))
}

/// The text that pushes a script.
fn push(text: &str) -> String {
    format!("PUSHDATA2 0x{}\n", hex::encode(script(text).bytes()))
}

fn run(text: &str, gas_limit: i64) -> (Vm, Outcome, FeeHost) {
    let mut host = FeeHost::default();
    let mut vm = loaded_with(&code(text), VmConfig::default(), gas(gas_limit));
    let outcome = vm.run(&mut host);
    (vm, outcome, host)
}

#[test]
fn fees_add_up_in_picogas() {
    for (fees, datoshi) in [([1, 1, 1], 1), ([1, 9_999, 0], 1), ([1, 9_999, 1], 2), ([30_000, 5, 10_000], 5)] {
        let text: String = fees.into_iter().map(syscall).collect();
        let (vm, outcome, host) = run(&format!("NOP\n{text}"), i64::MAX);
        assert_eq!(outcome, Outcome::Halt);
        assert_eq!(vm.gas_consumed().datoshi_ceil(), 30 + datoshi);
        assert_eq!(host.seen[0], (30, 2));
    }
}

#[test]
fn a_fee_beyond_the_limit_faults_in_its_system_call() {
    let text = format!("NOP\n{}NOP\n{}", syscall(15_000), syscall(10_001));
    for limit in 0..=64 {
        let (vm, outcome, _) = run(&text, limit);
        let expected = match limit {
            0..=29 => Some((0, 30, 1)),
            30..=31 => Some((1, 32, 2)),
            32..=61 => Some((6, 62, 3)),
            62 => Some((7, 63, 4)),
            _ => None,
        };
        let Some((position, gas, instructions)) = expected else {
            assert_eq!(outcome, Outcome::Halt);
            continue;
        };
        let Outcome::Fault(fault) = outcome else { panic!("limit {limit} is enough") };
        assert_eq!((fault.kind, fault.position), (FaultKind::InsufficientGas, Some(position)), "limit {limit}");
        assert_eq!((vm.gas_consumed().datoshi_ceil(), vm.instructions()), (gas, instructions), "limit {limit}");
    }
}

#[test]
fn a_fee_leaves_no_fraction_of_a_unit_behind() {
    // A picoGAS off 100 units leaves room for 99.
    let text = format!("{}{}", syscall(1), "NOP\n".repeat(100));
    let (vm, outcome, _) = run(&text, 3_000);
    assert!(matches!(outcome, Outcome::Fault(Fault { kind: FaultKind::InsufficientGas, .. })));
    assert_eq!((vm.gas_consumed().datoshi_ceil(), vm.instructions()), (3_001, 101));
    let (_, outcome, _) = run(&text, 3_001);
    assert_eq!(outcome, Outcome::Halt);
}

#[test]
fn fees_too_large_to_count_fault() {
    struct Greedy;
    impl Host for Greedy {
        fn syscall(&mut self, caller: &mut Caller<'_>, _: u32) -> Result<(), HostError> {
            Ok(caller.add_fee(Gas::MAX).or_else(|_| caller.add_fee(Gas::MAX))?)
        }
    }
    let mut vm = loaded(&code("NOP\nSYSCALL 0x00000000"), VmConfig::default());
    let Outcome::Fault(fault) = vm.run(&mut Greedy) else { panic!("no limit allows so much") };
    assert_eq!(fault.kind, FaultKind::InsufficientGas);
    assert_eq!(
        (vm.gas_consumed().datoshi_ceil(), vm.gas_left().datoshi_floor()),
        (u128::MAX.div_ceil(Gas::PICO_PER_DATOSHI.into()), 0)
    );
}

#[test]
fn the_host_sees_exact_gas_and_instructions() {
    let text = format!("PUSHINT16 7000\nnext: DEC\n{}DUP\nJMPIF next\n{}", syscall(7), syscall(0));
    let (_, outcome, host) = run(&text, i64::MAX);
    assert_eq!(outcome, Outcome::Halt);
    let price = |opcode| u128::from(PriceTable::DEFAULT.price(opcode)) * 300_000;
    let turn = price(neovm::OpCode::DEC) + price(neovm::OpCode::DUP) + price(neovm::OpCode::JMPIF) + 7;
    for (i, &seen) in host.seen[..7000].iter().enumerate() {
        let pico = price(neovm::OpCode::PUSHINT16) + price(neovm::OpCode::DEC) + i as u128 * turn;
        assert_eq!(seen, (pico.div_ceil(Gas::PICO_PER_DATOSHI.into()), 3 + 4 * i as u64), "call {i}");
    }
}

#[test]
fn a_free_context_pays_for_nothing() {
    let mut vm = Vm::new(VmConfig::default(), gas(0));
    let text = format!("CALL f\n{}PUSH1\nf: PUSH2\nPUSH3\nMUL", syscall(1_000_000));
    vm.load(code(&text), LoadOptions::default().with_free(true)).unwrap();
    assert_eq!(vm.run(&mut FeeHost::default()), Outcome::Halt);
    assert_eq!(integers(&vm), [6, 1, 6]);
    assert_eq!((vm.gas_consumed().datoshi_ceil(), vm.instructions()), (0, 11));
}

#[test]
fn fees_are_waived_from_one_instruction_to_another() {
    let text = format!("NOP\n{}NOP\nNOP\n{}NOP\nNOP\n", syscall(COMMANDS), syscall(COMMANDS + 1));
    let (vm, outcome, _) = run(&text, 90);
    assert_eq!((outcome, vm.gas_consumed().datoshi_ceil()), (Outcome::Halt, 90));
    let (vm, outcome, _) = run(&text, 89);
    let Outcome::Fault(fault) = outcome else { panic!("the last instruction is not free") };
    assert_eq!((fault.position, vm.gas_consumed().datoshi_ceil(), vm.instructions()), (Some(14), 90, 7));
}

#[test]
fn only_the_free_context_is_free() {
    let inner = "PUSHINT16 30000\nnext: DEC\nDUP\nJMPIF next\nRET";
    for (command, gas) in [(COMMANDS + 2, 0), (COMMANDS + 3, (1 + 30_000 * 8) * 30)] {
        let text = format!("{}{}DROP\nNOP", push(inner), syscall(command));
        let (vm, outcome, host) = run(&text, i64::MAX);
        assert_eq!(outcome, Outcome::Halt);
        assert_eq!(vm.gas_consumed().datoshi_ceil(), 512 * 30 + gas + 3 * 30);
        assert_eq!(host.seen[1], (512 * 30 + gas, 4 + 90_000), "as the script is unloaded");
    }
}

#[test]
fn a_context_that_is_not_free_pays_above_a_free_one() {
    let inner = format!("{}NOP\nRET", "NOP\n".repeat(9));
    let text = format!("{}{}NOP\n{}NOP", push(&inner), syscall(COMMANDS + 3), syscall(COMMANDS));
    let mut vm = Vm::new(VmConfig::default(), gas(300));
    vm.load(code(&text), LoadOptions::default().with_free(true)).unwrap();
    assert_eq!(vm.run(&mut FeeHost::default()), Outcome::Halt);
    assert_eq!(vm.gas_consumed().datoshi_ceil(), 300);
}

/// A script that throws past a free load into a context that pays.
fn thrown_through(inner: &str) -> String {
    format!(
        "TRY caught, -\n{}{}caught: DROP\nENDTRY end\nend: PUSHINT16 30000\nnext: DEC\nDUP\nJMPIF next",
        push(inner),
        syscall(COMMANDS + 2)
    )
}

#[test]
fn an_exception_that_leaves_a_free_context_ends_its_freedom() {
    let loops = "PUSHINT16 10000\nnext: DEC\nDUP\nJMPIF next\n";
    for throwing in ["PUSHDATA1 \"x\"\nTHROW", "NEWARRAY0\nPUSH0\nPICKITEM", "NEWMAP\nPUSH0\nPICKITEM"] {
        let text = thrown_through(&format!("{loops}{throwing}"));
        let (vm, outcome, host) = run(&text, i64::MAX);
        assert_eq!(outcome, Outcome::Halt, "{throwing}");
        let before = (4 + 512) * 30;
        assert_eq!(vm.gas_consumed().datoshi_ceil(), before + (2 + 4 + 1 + 30_000 * 8) * 30, "{throwing}");
        assert_eq!(host.seen[1].0, before, "gas as the script is unloaded: {throwing}");
        let limit = before as i64 + 30_000;
        let (vm, outcome, _) = run(&text, limit);
        assert!(matches!(outcome, Outcome::Fault(_)), "{throwing}");
        assert!((limit as u128 + 1..=limit as u128 + 120).contains(&vm.gas_consumed().datoshi_ceil()), "{throwing}");
    }
}

/// A host that ignores whether a fee was more than the gas that is left: system call 1 charges
/// a whole GAS, 2 does so and then waives all fees, 3 does so and loads a free script from the
/// stack, 4 loads a script whose end costs a whole GAS, 5 does nothing.
struct Careless;

impl Careless {
    fn charge(caller: &mut Caller<'_>) {
        assert_eq!(caller.add_fee(Gas::from_datoshi(100_000_000)), Err(FaultKind::InsufficientGas));
    }
}

impl Host for Careless {
    fn syscall(&mut self, caller: &mut Caller<'_>, id: u32) -> Result<(), HostError> {
        if id < 4 {
            Self::charge(caller);
        }
        match id {
            2 => caller.set_context_free(true),
            3 | 4 => {
                let script = Script::from(caller.pop_bytes()?);
                caller.load(decode(script), LoadOptions::default().with_free(id == 3))?;
            }
            _ => {}
        }
        Ok(())
    }

    fn context_unloaded(&mut self, caller: &mut Caller<'_>, _: LoadId, _: Unload) -> Result<(), HostError> {
        if caller.depth() > 0 && caller.gas_consumed() < Gas::from_datoshi(100_000_000) {
            Self::charge(caller);
        }
        Ok(())
    }
}

/// Runs a script with the careless host, at once and step by step.
fn run_carelessly(script: Script) -> (Vm, Outcome) {
    let code = decode(script.clone());
    let limit = 50_000_000;
    let mut stepped = loaded_with(&code, VmConfig::default(), gas(limit));
    let outcome = loop {
        if let Some(outcome) = stepped.step(&mut Careless) {
            break outcome;
        }
    };
    let mut vm = loaded_with(&code, VmConfig::default(), gas(limit));
    assert_eq!(vm.run(&mut Careless), outcome, "{script:?}");
    assert_eq!(
        (vm.gas_consumed(), vm.instructions(), vm.position()),
        (stepped.gas_consumed(), stepped.instructions(), stepped.position()),
        "{script:?}"
    );
    (vm, outcome)
}

#[test]
fn a_host_that_ignores_that_gas_ran_out_changes_nothing() {
    // In the reference, the fee stays consumed, and each instruction, free ones too, checks that it is not too much.
    for next in ["NOP", "RET", "ABORT", "SYSCALL 0x05000000", "JMP end", "CALL end", "PUSH1\nPUSH2\nADD", "CALLT 1"] {
        for before in ["", "PUSHINT16 9000\nnext: DEC\nDUP\nJMPIF next\n"] {
            let text = format!("{before}{}{next}\nend: RET", syscall(1));
            let (vm, outcome) = run_carelessly(script(&text));
            let Outcome::Fault(fault) = outcome else { panic!("{next} runs") };
            let position = script(&format!("{before}{}", syscall(1))).len();
            assert_eq!((fault.kind, fault.position), (FaultKind::InsufficientGas, Some(position)), "{next}");
            let instructions = if before.is_empty() { 0 } else { 1 + 3 * 9_000 };
            assert_eq!(vm.instructions(), instructions + 2, "{next}");
            assert!((100_000_000..=108_000_000).contains(&vm.gas_consumed().datoshi_ceil()), "{next}");
        }
    }
    let (_, outcome) = run_carelessly(script(&format!("{}{}PUSH1", push("PUSH5"), syscall(4))));
    let Outcome::Fault(fault) = outcome else { panic!("PUSH1 runs") };
    assert_eq!((fault.kind, fault.opcode), (FaultKind::InsufficientGas, Some(neovm::OpCode::PUSH1)));
    let (_, outcome) = run_carelessly([script(&syscall(1)).bytes(), &[0xff]].concat().into());
    let Outcome::Fault(fault) = outcome else { panic!("no such opcode") };
    assert_ne!(fault.kind, FaultKind::InsufficientGas, "it cannot be decoded, which comes first");
}

#[test]
fn a_free_context_runs_even_if_gas_ran_out() {
    let (vm, outcome) = run_carelessly(script(&format!("{}PUSH1\nPUSH2\nADD\nRET", syscall(2))));
    assert_eq!((outcome, integers(&vm)), (Outcome::Halt, vec![3]));
    let (vm, outcome) = run_carelessly(script(&format!("{}{}PUSH1", push("PUSH5\nPUSH6\nADD"), syscall(3))));
    let Outcome::Fault(fault) = outcome else { panic!("PUSH1 runs") };
    assert_eq!((fault.kind, fault.opcode), (FaultKind::InsufficientGas, Some(neovm::OpCode::PUSH1)));
    assert_eq!(vm.peek(0).unwrap(), &11, "the free script ran");
}
