//! Whole programs: the workloads with which the engine is compared with other engines.

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
