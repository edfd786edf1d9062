//! Observes each instruction: a trace, and a profile by opcode.
//!
//! Run it with `cargo run --example observe`.

use std::error::Error;

use neovm::{LoadOptions, NoHost, Observer, OpCode, Outcome, Profile, RunOptions, Step, Vm, VmConfig, types::assemble};

/// Prints each instruction before it runs.
#[derive(Default)]
struct Trace {
    deepest: usize,
}

impl Observer for Trace {
    fn before(&mut self, vm: &Vm) {
        if let (Some(position), Some(opcode)) = (vm.position(), vm.opcode()) {
            println!("{position:>4} {opcode}, items on the stack: {}", vm.stack_len());
        }
    }

    fn after(&mut self, vm: &Vm, _: &Step) {
        self.deepest = self.deepest.max(vm.depth());
    }
}

/// Runs a script twice, looked at by two observers.
pub(crate) fn main() -> Result<(), Box<dyn Error>> {
    let script = assemble("PUSH3\nnext: DEC\nDUP\nJMPIF next\nRET")?;
    let mut vm = Vm::new(VmConfig::default(), RunOptions::default());

    let mut trace = Trace::default();
    vm.load_script(script.clone(), LoadOptions::default())?;
    assert_eq!(vm.run_observed(&mut NoHost, &mut trace), Outcome::Halt);
    assert_eq!(trace.deepest, 1);

    let mut profile = Profile::new();
    vm.reset(RunOptions::default(), &mut NoHost);
    vm.load_script(script, LoadOptions::default())?;
    assert_eq!(vm.run_observed(&mut NoHost, &mut profile), Outcome::Halt);
    for (opcode, own) in profile.iter() {
        println!("{opcode:<8} ran {} times, {} units", own.count, own.units);
    }
    assert_eq!(profile.of(OpCode::DEC).count, 3);
    Ok(())
}
