//! Every opcode with operands of various kinds and sizes, as a basis for discussing prices.
//!
//! A script keeps the operands in static fields. In a loop, it repeatedly pushes the operands, runs the
//! opcode and drops the results. A second script only pushes and drops; its time per instruction is
//! subtracted for each push and drop of the first script. The resulting time is inaccurate below one or
//! two nanoseconds, because adjacent instructions may overlap or be fused.

mod cases;

use std::time::Duration;

use criterion::{BenchmarkGroup, measurement::WallTime};
use neovm::{Limits, OpCode, Script, StubHost, VmConfig, types::ScriptBuilder};
use neovm_bench::{Machine, Program, best_time, measure, quick_criterion};

use crate::cases::Case;

/// The number of times that the opcode occurs in the loop, and the number of iterations.
const UNROLLED: usize = 16;
const TURNS: usize = 64;

/// The time for which pushing and dropping alone is measured.
const BASE_TIME: Duration = Duration::from_millis(5);

fn main() {
    // Two operands of 1023 entries exceed the item limit of the networks.
    let limits = Limits::DEFAULT.with_max_stack_size(1 << 14);
    let host = StubHost::from_json(cases::HOST).expect("a stub host");
    let mut machine = Machine::with_config(host, VmConfig::default().with_limits(limits));
    let mut criterion = quick_criterion();
    let mut group = criterion.benchmark_group("opcode");
    for case in cases::all() {
        bench(&mut group, &mut machine, &case);
    }
    group.finish();
    criterion.final_summary();
}

fn bench(group: &mut BenchmarkGroup<'_, WallTime>, machine: &mut Machine, case: &Case) {
    let program = machine.program(&case.name, script(case, case.op.bytes(), case.results), i64::MAX);
    let time = measure(group, &case.name, program.instructions, || machine.run_program(&program));
    if let Some(time) = time {
        let helpers = case.operands.len() + case.results;
        let own = time / (UNROLLED * TURNS) as f64 - helpers as f64 * helper_time(machine, case);
        println!("{}: {:.1} ns each", case.name, own.max(0.0));
    }
}

/// Returns the time of an instruction that pushes or drops an operand, in nanoseconds.
fn helper_time(machine: &mut Machine, case: &Case) -> f64 {
    let count = case.operands.len();
    if count == 0 && case.results == 0 {
        return 0.0;
    }
    // Without operands, an integer represents the results to be dropped.
    let stand_in = Case::new("base", vec![1.into()], "NOP", 0);
    let base = if count == 0 { &stand_in } else { case };
    let count = base.operands.len();
    let program: Program = machine.program("base", script(base, &[], count), i64::MAX);
    let time = best_time(BASE_TIME, || machine.run_program(&program));
    time / (UNROLLED * TURNS * 2 * count) as f64
}

/// Returns the loop around an opcode that leaves the given number of results.
fn script(case: &Case, op: &[u8], results: usize) -> Script {
    let mut builder = ScriptBuilder::new();
    builder.op_with(OpCode::INITSSLOT, &[case.operands.len().max(1) as u8]);
    builder.op_with(OpCode::INITSLOT, &[2, 0]);
    for (slot, operand) in case.operands.iter().enumerate() {
        builder.push(operand.clone()).op_with(OpCode::STSFLD, &[slot as u8]);
    }
    builder.push(TURNS as i64).op(OpCode::STLOC0);
    let turn = builder.label();
    builder.bind(turn);
    for _ in 0..UNROLLED {
        for slot in 0..case.operands.len() {
            builder.op_with(OpCode::LDSFLD, &[slot as u8]);
        }
        builder.raw(op);
        for _ in 0..results {
            builder.op(OpCode::DROP);
        }
    }
    builder.op(OpCode::LDLOC0).op(OpCode::DEC).op(OpCode::DUP).op(OpCode::STLOC0);
    builder.jump(OpCode::JMPIF, turn);
    builder.build().expect("a script that is not too long")
}
