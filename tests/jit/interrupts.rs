//! Interrupts at any moment: the machine stops between two instructions, goes on, and ends as if it
//! had not stopped.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use neovm::{Caller, Dispatch, Host, HostError, JitMode, Outcome, Stop, types::asm::assemble};
use neovm_generator::Random;

use neovm_testing::{Compiler, Mode, Program, Runner, Snapshot, assert_same, say};

use crate::corpus::workloads;

/// A host whose system call sets the flag in every n-th call.
struct Setter {
    flag: Arc<AtomicBool>,
    each: u64,
    calls: u64,
}

impl Host for Setter {
    fn syscall(&mut self, _: &mut Caller<'_>, _: u32) -> Result<(), HostError> {
        self.calls += 1;
        if self.calls.is_multiple_of(self.each) {
            self.flag.store(true, Ordering::Relaxed);
        }
        Ok(())
    }
}

/// Runs a program to its end, resuming it each time it stops. At each stop the snapshot equals that
/// of the interpreter after as many instructions. Returns the number of stops.
fn run_on(program: &Program, plain: &mut Runner, runner: &mut Runner, host: &mut Setter) -> u64 {
    let interpreter = plain.start(program.start);
    let mut silent = Setter { flag: Arc::default(), each: u64::MAX, calls: 0 };
    let mut stops = 0;
    let vm = runner.start(program.start);
    vm.set_interrupt(Some(Arc::clone(&host.flag)));
    loop {
        let outcome = vm.run(host);
        let is_stopped = outcome == Outcome::Stopped(Stop::Interrupted);
        interpreter.set_budget(is_stopped.then(|| vm.instructions() - interpreter.instructions()));
        interpreter.run(&mut silent);
        assert_eq!(Snapshot::of(vm), Snapshot::of(interpreter), "{}, stopped {stops} times", program.name);
        if !is_stopped {
            return stops;
        }
        stops += 1;
        host.flag.store(false, Ordering::Relaxed);
    }
}

/// Returns a runner whose code is compiled.
fn warm(compiler: &mut Compiler, program: &Program) -> Runner {
    let mut runner = Runner::new(compiler.prepare(program.script.clone()).unwrap(), Dispatch::Auto);
    let expected = Runner::new(program.decode(), Dispatch::Auto).end(program.start);
    for _ in 0..compiler.runs() {
        let end = runner.end(program.start);
        assert_same(program, &"before it is interrupted", &expected, end, &mut runner);
        compiler.wait();
    }
    runner
}

/// Runs an action while another thread sets a flag at random moments determined by a seed.
fn while_interrupted<R>(flag: &AtomicBool, act: impl FnOnce() -> R) -> R {
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut random = Random::new(1);
            while !is_over.load(Ordering::Relaxed) {
                thread::sleep(Duration::from_micros(random.below(300) as u64));
                flag.store(true, Ordering::Relaxed);
            }
        });
        let result = act();
        is_over.store(true, Ordering::Relaxed);
        result
    })
}

#[test]
fn another_thread_interrupts() {
    let (mut stops, mut entered) = (0, 0);
    for mode in Mode::COMPILED {
        let mut compiler = Compiler::new(mode).expect("a compiler");
        for program in workloads() {
            let (mut plain, mut runner) =
                (Runner::new(program.decode(), Dispatch::Auto), warm(&mut compiler, &program));
            let mut host = Setter { flag: Arc::default(), each: u64::MAX, calls: 0 };
            let flag = Arc::clone(&host.flag);
            stops += while_interrupted(&flag, || run_on(&program, &mut plain, &mut runner, &mut host));
        }
        entered += compiler.entered();
    }
    say(&format!("interrupts: 18 programs in 3 modes, stopped {stops} times, {entered} entries of compiled code"));
    assert!(stops > 0);
}

/// Compiled loops around a system call, inside and outside a method that compiled code calls.
const CALLING: [&str; 3] = [
    "PUSHINT16 200\nn: PUSH3\nm: DEC\nDUP\nJMPIF m\nDROP\nSYSCALL 0x01000000\nDEC\nDUP\nJMPIF n\nRET",
    "INITSLOT 1, 0\nPUSHINT16 200\nSTLOC0\nn: LDLOC0\nCALL f\nDROP\nSYSCALL 0x01000000\nLDLOC0\nDEC\nDUP\nSTLOC0\nJMPIF n\nRET
     f: INITSLOT 0, 1\nLDARG0\nLDARG0\nMUL\nRET",
    "PUSHINT16 100\nn: DUP\nCALL f\nDROP\nDEC\nDUP\nJMPIF n\nRET\nf: INITSLOT 0, 1\nSYSCALL 0x01000000\nLDARG0\nPUSH3\nm: DEC\nDUP\nJMPIF m\nADD\nRET",
];

#[test]
fn the_host_interrupts() {
    for mode in [JitMode::Eager, Mode::COMPILED[1]] {
        let mut compiler = Compiler::new(mode).expect("a compiler");
        let (mut plans, mut stops) = (0, 0);
        for text in CALLING {
            let program = Program::new(text, assemble(text).unwrap());
            for each in 1..=40 {
                let mut plain = Runner::new(program.decode(), Dispatch::Auto);
                let code = compiler.prepare(program.script.clone()).unwrap();
                let mut host = Setter { flag: Arc::default(), each, calls: 0 };
                stops += run_on(&program, &mut plain, &mut Runner::new(code, Dispatch::Auto), &mut host);
                plans += 1;
            }
        }
        let entered = compiler.entered();
        say(&format!("interrupts by the host: {plans} executions, stopped {stops} times, {entered} entries"));
        assert!(stops > plans && entered > stops);
    }
}
