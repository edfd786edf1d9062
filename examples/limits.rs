//! Limits what a script may use: gas, instructions, time, items.
//!
//! Run it with `cargo run --example limits`.

use std::{
    error::Error,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use neovm::{
    Engine, EngineConfig, FaultKind, Gas, Limits, LoadOptions, NoHost, Outcome, RunOptions, Stop, types::assemble,
};

/// Stops an endless loop in each way there is.
pub(crate) fn main() -> Result<(), Box<dyn Error>> {
    let engine = Engine::new(EngineConfig::default().with_limits(Limits::DEFAULT.with_max_stack_size(100)));
    let endless = engine.prepare(&assemble("next: NOP\nJMP next")?)?;

    // Gas: the script faults at the instruction that exceeds the limit.
    let mut vm = engine.vm(RunOptions::new(Gas::from_datoshi(10_000)));
    vm.load(Arc::clone(&endless), LoadOptions::default())?;
    let Outcome::Fault(fault) = vm.run(&mut NoHost) else { panic!("it is endless") };
    println!("gas: {fault} after {} GAS", vm.gas_consumed());
    assert_eq!(fault.kind, FaultKind::InsufficientGas);

    // Instructions: the run stops between two of them, and can go on.
    vm.reset(RunOptions::default().with_budget(1_000), &mut NoHost);
    vm.load(Arc::clone(&endless), LoadOptions::default())?;
    assert_eq!(vm.run(&mut NoHost), Outcome::Stopped(Stop::Budget));
    println!("budget: stopped after {} instructions", vm.instructions());
    vm.set_budget(Some(500));
    assert_eq!(vm.run(&mut NoHost), Outcome::Stopped(Stop::Budget));
    assert_eq!(vm.instructions(), 1_500);

    // Time: another thread sets a flag.
    let flag = Arc::new(AtomicBool::new(false));
    vm.set_budget(None);
    vm.set_interrupt(Some(Arc::clone(&flag)));
    let timer = thread::spawn(move || {
        thread::sleep(Duration::from_millis(20));
        flag.store(true, Ordering::Relaxed);
    });
    assert_eq!(vm.run(&mut NoHost), Outcome::Stopped(Stop::Interrupted));
    println!("time: stopped after {} instructions", vm.instructions());
    timer.join().expect("it does not panic");

    // Items: the limit that the engine was made with.
    let mut vm = engine.vm(RunOptions::default());
    vm.load(engine.prepare(&assemble("next: PUSH1\nJMP next")?)?, LoadOptions::default())?;
    let Outcome::Fault(fault) = vm.run(&mut NoHost) else { panic!("it is endless") };
    println!("items: {fault}");
    assert_eq!(fault.kind, FaultKind::MaxStackSize { count: 101, limit: 100 });
    Ok(())
}
