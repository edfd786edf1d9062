//! An overview in two minutes: nanoseconds per VM instruction of the workloads in `tests/data/workloads.jsonl`,
//! interpreted and compiled.
//!
//! `cargo bench` runs it. Each figure is the best of all runs in a second. Single questions are answered by the groups
//! of `cargo bench -p neovm-bench`, and small differences by counts of machine instructions
//! (`cargo run --release -p neovm-bench --bin callgrind-diff`).

use std::time::Duration;

use neovm::{Engine, EngineConfig, StubHost};
use neovm_bench::{Machine, Program, best_time, workloads};

/// How long each workload runs in each mode.
const TIME: Duration = Duration::from_secs(1);

/// Runs after which all hot code is compiled, if the compiler is waited for after each of them.
const WARM_UP: usize = 4;

fn main() {
    let mut machine = Machine::new(StubHost::default());
    println!("nanoseconds per VM instruction, all fees and limits on\n");
    println!("{:<14} {:>12} {:>12} {:>12}", "workload", "instructions", "interpreted", "compiled");
    for mut program in workloads(&mut machine) {
        let interpreted = best_time(TIME, || machine.run_program(&program));
        let compiled = compile(&mut machine, &mut program).then(|| best_time(TIME, || machine.run_program(&program)));
        let each = |time: f64| format!("{:.3}", time / program.instructions as f64);
        let compiled = compiled.map_or("-".into(), each);
        println!("{:<14} {:>12} {:>12} {compiled:>12}", program.id, program.instructions, each(interpreted));
    }
}

/// Lets an engine compile what is hot in a program. Returns whether there is a compiler.
fn compile(machine: &mut Machine, program: &mut Program) -> bool {
    let engine = Engine::new(EngineConfig::default());
    let script = program.code.script().clone();
    program.code = engine.prepare(&script).expect("a script that was decoded before");
    #[cfg(feature = "jit")]
    if let Some(jit) = engine.jit() {
        for _ in 0..WARM_UP {
            machine.run_program(program);
            jit.wait();
        }
        return true;
    }
    let _ = (machine, WARM_UP);
    false
}
