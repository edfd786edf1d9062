//! The fixed costs of starting and ending a run, and of calls.

use std::hint::black_box;

use criterion::{BenchmarkGroup, measurement::WallTime};
use neovm::{Engine, EngineConfig, LoadOptions, NoHost, Outcome, RunOptions, Script, StubHost, types::assemble};
use neovm_bench::{Machine, criterion, long_script, measure};

/// A script that calls a method a thousand times; the method only returns.
const CALLS: &str = "
    INITSLOT 1, 0
    PUSHINT16 1000
    STLOC0
    turn: CALL method
    LDLOC0
    DEC
    DUP
    STLOC0
    JMPIF turn
    method: RET";

fn main() {
    let small = Script::from(vec![0x11, 0x40]); // PUSH1 RET
    let mut criterion = criterion();
    let mut group = criterion.benchmark_group("load");
    run_small(&mut group, &small);
    look_up(&mut group, "prepare, 2 bytes", &small);
    look_up(&mut group, "prepare, 18 KB", &long_script());
    calls(&mut group);
    group.finish();
    criterion.final_summary();
}

/// Measures loading, running and dropping a script that was decoded before.
fn run_small(group: &mut BenchmarkGroup<'_, WallTime>, script: &Script) {
    let mut machine = Machine::new(StubHost::default());
    let program = machine.program("PUSH1 RET", script.clone(), 1000);
    measure(group, "PUSH1 RET, machine reused", program.instructions, || machine.run_program(&program));

    let engine = Engine::new(EngineConfig::default());
    let code = engine.prepare(script).expect("a short script");
    measure(group, "PUSH1 RET, new machine", program.instructions, || {
        let mut vm = engine.vm(RunOptions::default());
        vm.load(code.clone(), LoadOptions::default()).expect("the engine's own code");
        assert_eq!(vm.run(&mut NoHost), Outcome::Halt);
    });
}

/// Measures finding decoded code by the bytes of its script.
fn look_up(group: &mut BenchmarkGroup<'_, WallTime>, id: &str, script: &Script) {
    let engine = Engine::new(EngineConfig::default());
    group.bench_function(id, |bencher| bencher.iter(|| engine.prepare(black_box(script))));
}

fn calls(group: &mut BenchmarkGroup<'_, WallTime>) {
    let mut machine = Machine::new(StubHost::default());
    let program = machine.program("calls", assemble(CALLS).expect("assembly"), i64::MAX);
    measure(group, "CALL RET, 1000 turns", program.instructions, || machine.run_program(&program));
}
