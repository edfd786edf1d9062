//! Whole programs: the workloads that the project compares itself with others by.

use neovm::StubHost;
use neovm_bench::{Machine, criterion, measure, workloads};

fn main() {
    let mut machine = Machine::new(StubHost::default());
    let programs = workloads(&mut machine);
    let mut criterion = criterion();
    let mut group = criterion.benchmark_group("execute");
    for program in &programs {
        measure(&mut group, &program.id, program.instructions, || machine.run_program(program));
    }
    group.finish();
    criterion.final_summary();
}
