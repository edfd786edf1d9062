//! Loops that call their host: compiled code is left for each call and entered again behind it.

use std::sync::Arc;

use neovm::{
    Caller, Code, Dispatch, FaultKind, Gas, Host, HostError, JitMode, LoadOptions, StackItem, State,
    types::asm::assemble,
};
use neovm_testing::{Compiler, Program, Runner, Snapshot, Start, assert_same, is_long, say};

use crate::corpus::HOT;

/// Work of 17 instructions on the slots 0 and 1, which ends where it begins.
const WORK: &str = "LDLOC1\nADD\nPUSH3\nMUL\nPUSHINT16 1000\nMOD\nSTLOC1\nLDLOC1\nLDLOC0\nGT\nJMPIF q\nLDLOC1\nPUSH7\nXOR\nSTLOC1\nq: ";

/// Counts the slot 0 down.
const LOOP: &str = "LDLOC0\nDEC\nDUP\nSTLOC0\nJMPIF n\n";

/// A host with a system call for each way in which it can come back.
#[derive(Default)]
struct Calls {
    calls: u64,
    callee: Option<Arc<Code>>,
}

const NUMBER: u32 = 0;
const FEE: u32 = 1;
const SCRIPT: u32 = 2;
const THROW: u32 = 3;
const ITEM: u32 = 4;
const FREE: u32 = 5;
const METHOD: u32 = 6;

impl Host for Calls {
    fn syscall(&mut self, caller: &mut Caller<'_>, id: u32) -> Result<(), HostError> {
        self.calls += 1;
        match id {
            NUMBER => caller.push(self.calls as i64 % 50),
            FEE => caller.add_fee(Gas::from_pico(u128::from(self.calls) * 1_000_000))?,
            SCRIPT => {
                let code = self.callee.clone().expect("a script to call");
                caller.load(code, LoadOptions::default())?;
            }
            THROW if self.calls.is_multiple_of(5) => return Err(HostError::Throw("thrown".into())),
            THROW => {}
            ITEM => caller.push(match self.calls % 40 {
                0..20 => StackItem::from(self.calls as i64),
                20..24 => StackItem::Null,
                24..28 => true.into(),
                28..32 => "text".into(),
                32..36 => StackItem::array([1.into()]),
                _ => StackItem::from(neovm::Integer::from(i64::MAX).add(1.into()).unwrap()),
            }),
            FREE => caller.set_context_free(self.calls.is_multiple_of(2)),
            METHOD => caller.call(2)?,
            _ => return Err(FaultKind::NoSyscall(id).into()),
        }
        Ok(())
    }

    fn call_token(&mut self, caller: &mut Caller<'_>, token: u16) -> Result<(), HostError> {
        self.calls += 1;
        caller.push(i64::from(token));
        Ok(())
    }
}

/// What is called by [`SCRIPT`]: a loop with a call of its own.
fn callee() -> String {
    let work = WORK.replace("ADD", "SYSCALL 0x00000000\nADD");
    format!("INITSLOT 2, 0\nPUSH5\nSTLOC0\nPUSH1\nSTLOC1\nn: LDLOC0\n{work}{LOOP}LDLOC1\nRET")
}

fn programs() -> Vec<Program> {
    let call = |id: u32| format!("SYSCALL 0x{:08x}\n", id.swap_bytes());
    let program = |name: &str, turn: &str| {
        let text =
            format!("INITSLOT 2, 0\nPUSHINT8 30\nSTLOC0\nPUSH0\nSTLOC1\n{}LDLOC1\nRET", turn.replace("LOOP\n", LOOP));
        Program::new(name, assemble(&text).unwrap_or_else(|error| panic!("{name}: {error}\n{text}")))
    };
    let (number, fee, script, throw, item, free) =
        (call(NUMBER), call(FEE), call(SCRIPT), call(THROW), call(ITEM), call(FREE));
    let other_work = WORK.replace('q', "r");
    vec![
        program("a call where the loop begins", &format!("n: {number}{WORK}LOOP\n")),
        program("a call in the middle", &format!("n: LDLOC0\n{WORK}{number}{other_work}LOOP\n")),
        program("a call at the end", &format!("n: LDLOC0\n{WORK}LDLOC1\nSTLOC1\n{fee}LOOP\n")),
        program("calls behind each other", &format!("n: {fee}{number}{free}{WORK}LOOP\n")),
        program("a call on one way", &format!("n: LDLOC0\nPUSH2\nMOD\nJMPIF o\n{fee}o: LDLOC0\n{WORK}LOOP\n")),
        program("another script", &format!("n: {script}{WORK}LOOP\n")),
        program("fees", &format!("n: {fee}LDLOC0\n{WORK}LOOP\n")),
        program("what is free now and then", &format!("n: {free}LDLOC0\n{WORK}LOOP\n")),
        program(
            "exceptions",
            &format!("n: TRY c, -\n{throw}LDLOC0\n{WORK}ENDTRY e\nc: DROP\nENDTRY e\ne: LDLOC0\n{other_work}LOOP\n"),
        ),
        program("an exception that ends it", &format!("n: {throw}LDLOC0\n{WORK}LOOP\n")),
        program(
            "items of all kinds",
            &format!("n: {item}DUP\nISNULL\nJMPIF o\nDUP\nISTYPE Integer\nDROP\no: DROP\nLDLOC0\n{WORK}LOOP\n"),
        ),
        program("items of all kinds that are added", &format!("n: {item}{WORK}LOOP\n")),
        program("a loop within", &format!("n: {number}{WORK}PUSH4\nm: DEC\nDUP\nJMPIF m\nDROP\nLOOP\n")),
        program(
            "a method that calls",
            &format!(
                "n: LDLOC0\nCALL f\nLOOP\nLDLOC1\nRET\nf: INITSLOT 2, 1\nLDARG0\nSTLOC0\nPUSH1\nSTLOC1\n{number}{WORK}LDLOC1\nDROP\nRET\n"
            ),
        ),
        program("a token", &format!("n: CALLT 7\n{WORK}LOOP\n")),
        program(
            "unknown",
            &format!("n: LDLOC0\n{WORK}LDLOC0\nPUSH5\nJMPGT o\nSYSCALL 0xffffffff\no: LDLOC0\n{other_work}LOOP\n"),
        ),
        Program::new(
            "a method that the host calls",
            assemble(&format!(
                "JMP s\nINITSLOT 2, 0\nPUSH9\nSTLOC0\nPUSH1\nSTLOC1\nLDLOC0\n{WORK}LDLOC1\nRET\n\
                 s: PUSHINT8 30\nn: {}DROP\nDEC\nDUP\nJMPIF n\nRET",
                call(METHOD)
            ))
            .unwrap(),
        ),
    ]
}

/// A program ready to be run by the interpreter, or compiled.
struct Prepared {
    runner: Runner,
    callee: Arc<Code>,
}

impl Prepared {
    fn new(program: &Program, compiler: Option<&mut Compiler>) -> Self {
        let callee = assemble(&callee()).unwrap();
        let (code, callee) = match compiler {
            Some(compiler) => (compiler.prepare(program.script.clone()).unwrap(), compiler.prepare(callee).unwrap()),
            None => (program.decode(), Program::new("callee", callee).decode()),
        };
        Self { runner: Runner::new(code, Dispatch::Auto), callee }
    }

    fn host(&self) -> Calls {
        Calls { calls: 0, callee: Some(Arc::clone(&self.callee)) }
    }

    /// Stops after so many instructions, then goes on to the end.
    fn stop_at(&mut self, start: Start, budget: u64) -> [Snapshot; 2] {
        let mut host = self.host();
        let vm = self.runner.start(start);
        vm.set_budget(Some(budget));
        vm.run(&mut host);
        let stopped = Snapshot::of(vm);
        vm.set_budget(None);
        vm.run(&mut host);
        [stopped, Snapshot::of(vm)]
    }

    fn end(&mut self, start: Start) -> Snapshot {
        let mut host = self.host();
        let vm = self.runner.start(start);
        vm.run(&mut host);
        Snapshot::of(vm)
    }

    /// Takes a snapshot before each instruction and at the end, by general handlers alone.
    fn steps(&mut self, start: Start) -> Vec<Snapshot> {
        let mut host = self.host();
        let vm = self.runner.start(start);
        let mut snapshots = vec![Snapshot::of(vm)];
        while vm.step(&mut host).is_none() {
            snapshots.push(Snapshot::of(vm));
        }
        snapshots.push(Snapshot::of(vm));
        snapshots
    }
}

/// Compares a program in both modes with the interpreter, over and over; all of them enter compiled code.
fn each(mut check: impl FnMut(&Program, &mut Prepared, &mut Prepared)) -> u64 {
    let mut entries = 0;
    for program in programs() {
        for mode in [JitMode::Eager, HOT] {
            let mut compiler = Compiler::new(mode).expect("a compiler");
            let mut plain = Prepared::new(&program, None);
            let mut compiled = Prepared::new(&program, Some(&mut compiler));
            (0..3).for_each(|_| drop(compiled.end(program.start)));
            let before = compiler.entered();
            check(&program, &mut plain, &mut compiled);
            assert!(compiler.entered() > before, "{}, {mode:?}: compiled code was not entered", program.name);
            entries += compiler.entered() - before;
        }
    }
    entries
}

#[test]
fn each_turn_enters_compiled_code_behind_its_call() {
    each(|program, plain, compiled| {
        let expected = plain.end(program.start);
        let is_fault = ["an exception that ends it", "items of all kinds that are added", "unknown"];
        let state = if is_fault.contains(&program.name.as_str()) { State::Fault } else { State::Halt };
        assert_eq!(expected.state, state, "{}: {expected:?}", program.name);
        assert_same(program, &"in the end", &expected, compiled.end(program.start), &mut compiled.runner);
    });
    let program = &programs()[0];
    let mut compiler = Compiler::new(HOT).expect("a compiler");
    let mut compiled = Prepared::new(program, Some(&mut compiler));
    drop(compiled.end(program.start));
    let before = compiler.entered();
    drop(compiled.end(program.start));
    assert_eq!(compiler.entered() - before, 30, "once a turn, behind the call");
}

#[test]
fn budgets_stop_between_calls_and_within_compiled_code() {
    let entries = each(|program, plain, compiled| {
        let steps = plain.steps(program.start);
        let end = plain.end(program.start);
        let step = if is_long() { 1 } else { 7 };
        for (budget, expected) in steps.iter().enumerate().step_by(step) {
            let [stopped, last] = compiled.stop_at(program.start, budget as u64);
            if stopped.state == State::Break {
                assert_same(program, &format!("stopped after {budget}"), expected, stopped, &mut compiled.runner);
            }
            assert_same(program, &format!("in the end, stopped after {budget}"), &end, last, &mut compiled.runner);
        }
    });
    say(&format!("budgets with calls: {entries} entries of compiled code"));
}

#[test]
fn gas_ends_between_calls_and_within_compiled_code() {
    let entries = each(|program, plain, compiled| {
        let most = plain.end(program.start).gas as i64 + 2;
        let tries = if is_long() { 2_000 } else { 200 };
        for share in 0..=tries {
            let start = Start { gas_limit: most * share / tries, ..program.start };
            let expected = plain.end(start);
            let limited = Program { start, ..program.clone() };
            assert_same(&limited, &"with little gas", &expected, compiled.end(start), &mut compiled.runner);
        }
    });
    say(&format!("gas with calls: {entries} entries of compiled code"));
}
