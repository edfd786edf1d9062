//! Measures cycles, memory, and the compiler's work for scripts that cause much compilation.

use std::time::Instant;

use neovm::{Engine, EngineConfig, Gas, JitMode, LoadOptions, NoHost, RunOptions};
use neovm_testing::{
    allocator,
    hostile::{CYCLES, endless, largest},
};

use crate::{
    Error,
    run::{ENGINES, GAS, ending, run, script},
};

/// Prints the costs of cyclic garbage, with the largest amount of gas that a script can pay.
pub(crate) fn cycles() -> Result<(), Error> {
    println!("| cycles | iterations | s | MiB |\n|---|--:|--:|--:|");
    for (name, turn) in CYCLES {
        let taken = run(&script(&endless(turn))?, JitMode::Off, 20_000 * GAS)?;
        let turns = taken.instructions / (turn.lines().count() as u64 + 1);
        println!("| {name} | {turns} | {:.1} | {:.3} |", taken.time.as_secs_f64(), taken.mebibytes());
    }
    Ok(())
}

/// Prints the memory use of the largest scripts and the documented bound.
pub(crate) fn memory() -> Result<(), Error> {
    println!("| script | GAS | outcome | MiB |\n|---|--:|---|--:|");
    for (name, text) in largest() {
        let taken = run(&script(&text)?, JitMode::Off, 20 * GAS)?;
        let gas = taken.units * 30.0 / GAS as f64;
        println!("| {name} | {gas:.2} | {} | {:.2} |", ending(&taken.outcome), taken.mebibytes());
    }
    let bound = (2.0 * 2048.0 * 131_070.0) / f64::from(1 << 20) + 64.0;
    println!("\nThe bound: {bound:.2} MiB.");
    Ok(())
}

/// Prints the cost of compiling loops and methods with many entries that all lead to the same long code.
pub(crate) fn compiler() -> Result<(), Error> {
    let sync = ("threshold 2000, no thread", JitMode::Lazy { threshold: 2000, background: false });
    println!(
        "| script | engine | s | compiled | refused | s compiling | s still compiling at the end | MiB of code | MiB of other memory |"
    );
    println!("|---|---|--:|--:|---|--:|--:|--:|--:|");
    let scripts = [
        ("methods in one another", methods()),
        ("loops in one another", loops(1)),
        ("loops in one another, twelve times", loops(TIMES)),
    ];
    for (name, text) in scripts {
        for (engine_name, jit) in [ENGINES[1], ENGINES[2], sync] {
            let script = script(&text)?;
            let engine = Engine::new(EngineConfig::default().with_jit(jit));
            let begun = Instant::now();
            let (ended, bytes) = allocator::peak(|| {
                let mut vm = engine.vm(RunOptions::new(Gas::from_datoshi(20 * GAS)));
                vm.load(engine.prepare(&script)?, LoadOptions::default())?;
                vm.run(&mut NoHost);
                Ok::<_, Error>(vm)
            });
            let seconds = begun.elapsed().as_secs_f64();
            drop(ended?);
            let jit = engine.jit().ok_or("there is no compiler for this platform")?;
            let begun = Instant::now();
            jit.wait();
            let (late, stats) = (begun.elapsed().as_secs_f64(), jit.stats());
            let mebibytes = |bytes: f64| bytes / f64::from(1 << 20);
            println!(
                "| {name} | {engine_name} | {seconds:.2} | {} | {:?} | {:.2} | {late:.2} | {:.1} | {:.1} |",
                stats.compiled,
                stats.refused,
                stats.compile_time.as_secs_f64(),
                mebibytes(stats.bytes as f64),
                mebibytes(bytes as f64)
            );
        }
    }
    Ok(())
}

/// The number of entries in the scripts below, and of instructions that all entries lead to.
const ENTRIES: usize = 60;
const SHARED: usize = 2000;

/// Returns a script that calls methods that return at once but could continue to a long common end.
fn methods() -> String {
    let calls: String = (0..ENTRIES).map(|entry| format!("CALL_L m{entry}\n")).collect();
    let methods: String = (0..ENTRIES).map(|entry| format!("m{entry}: LDSFLD0\nJMPIF_L common\nRET\n")).collect();
    format!("INITSSLOT 1\nnext: {calls}JMP_L next\n{methods}common: PUSH1\n{}DROP\nRET", "INC\n".repeat(SHARED))
}

/// The number of repetitions of the loops, each with a common body of its own.
const TIMES: usize = 12;

/// Returns a script with short loops and a long common body, which never runs and leads back to the heads
/// of all loops.
fn loops(times: usize) -> String {
    let part = |time: usize| {
        let head = |entry| {
            format!(
                "h{time}_{entry}: LDLOC1\nJMPIF_L common{time}\nLDLOC0\nDEC\nDUP\nSTLOC0\nJMPIF h{time}_{entry}\n\
                 PUSHINT16 2100\nSTLOC0\n"
            )
        };
        let heads: String = (0..ENTRIES).map(head).collect();
        let back: String = (0..ENTRIES).map(|entry| format!("LDLOC1\nJMPIF_L h{time}_{entry}\n")).collect();
        let body = "INC\n".repeat(SHARED);
        format!("{heads}JMP_L end{time}\ncommon{time}: PUSH1\n{body}DROP\n{back}JMP_L h{time}_0\nend{time}: NOP\n")
    };
    let parts: String = (0..times).map(part).collect();
    format!("INITSLOT 2, 0\nPUSHINT16 2100\nSTLOC0\nPUSHF\nSTLOC1\nnext: {parts}JMP_L next")
}
