//! Steps through a script: breakpoints, into, over and out of calls.
//!
//! Run it with `cargo run --example debug`.

use std::error::Error;

use neovm::{Debugger, LoadOptions, NoHost, Outcome, Pause, RunOptions, Vm, VmConfig, types::assemble};

/// Calls a function that doubles a number.
const TEXT: &str = "
        PUSH5
        CALL double
        INC
        RET
double: PUSH2
        MUL
        RET";

/// Shows where the machine stands.
fn show(what: &str, vm: &Vm) {
    let Some(context) = vm.contexts().into_iter().next() else { return };
    let next = context.next.map_or_else(|| "?".into(), |opcode| opcode.to_string());
    println!("{what}: at {} {next}, depth {}, stack {:?}", context.position, vm.depth(), context.stack);
}

/// Runs to a breakpoint and steps from there.
pub(crate) fn main() -> Result<(), Box<dyn Error>> {
    let script = assemble(TEXT)?;
    let mut vm = Vm::new(VmConfig::default(), RunOptions::default());
    vm.load_script(script.clone(), LoadOptions::default())?;

    let mut debugger = Debugger::new();
    debugger.add_breakpoint(&script, 1);
    assert_eq!(debugger.run(&mut vm, &mut NoHost), Pause::Breakpoint);
    show("breakpoint", &vm);

    assert_eq!(debugger.step_into(&mut vm, &mut NoHost), Pause::Step);
    show("into the call", &vm);
    assert_eq!(vm.depth(), 2);

    assert_eq!(debugger.step_out(&mut vm, &mut NoHost), Pause::Step);
    show("out of it", &vm);
    assert_eq!(vm.peek(0)?, &10);

    assert_eq!(debugger.run(&mut vm, &mut NoHost), Pause::Ended(Outcome::Halt));
    assert_eq!(vm.results(), [11]);
    Ok(())
}
