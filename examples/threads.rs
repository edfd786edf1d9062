//! Shares an engine among threads. Each thread has a machine of its own;
//! decoded scripts and machine code are shared.
//!
//! Run it with `cargo run --example threads`.

use std::{error::Error, thread};

use neovm::{Engine, EngineConfig, LoadOptions, NoHost, Outcome, RunOptions, types::assemble};

/// Adds the numbers up to N, which the caller pushes.
const SUM: &str = "
        INITSLOT 1, 1
        PUSH0
        STLOC0
next:   LDLOC0
        LDARG0
        ADD
        STLOC0
        LDARG0
        DEC
        STARG0
        LDARG0
        JMPIF next
        LDLOC0
        RET";

/// Runs one script in four threads, with another argument in each.
pub(crate) fn main() -> Result<(), Box<dyn Error>> {
    let engine = Engine::new(EngineConfig::default());
    let script = assemble(SUM)?;
    let sums = thread::scope(|scope| {
        let run = |n: i64| {
            let (engine, script) = (&engine, &script);
            move || {
                let mut vm = engine.vm(RunOptions::default());
                vm.load(engine.prepare(script)?, LoadOptions::default())?;
                vm.push(n);
                assert_eq!(vm.run(&mut NoHost), Outcome::Halt);
                // A machine and its items stay in their thread; numbers leave it.
                vm.results()[0].to_integer()
            }
        };
        let threads: Vec<_> = (1..=4).map(|n| scope.spawn(run(n * 1000))).collect();
        threads.into_iter().map(|thread| thread.join().expect("it does not panic")).collect::<Result<Vec<_>, _>>()
    })?;
    println!("{sums:?}, scripts in the cache: {}", engine.cached().0);
    assert_eq!(sums, [500_500, 2_001_000, 4_501_500, 8_002_000].map(neovm::Integer::from));
    assert_eq!(engine.cached().0, 1, "decoded once");
    Ok(())
}
