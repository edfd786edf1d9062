//! Code that is compiled and evicted: its memory comes back, and results do not depend on it.

use std::{env, fs, process::Command, sync::Arc, thread, time::Duration};

use neovm::{Dispatch, Engine, EngineConfig, JitMode, NoHost, RunOptions, types::asm::assemble};
use neovm_generator::Random;

use neovm_testing::{Mode, Program, Runner, Snapshot, is_long, say};

use crate::corpus::looping;

/// The bytes of decoded scripts that an engine caches: a few dozen short ones.
const CACHE: usize = 64 << 10;

/// The bytes cached by an engine that threads share: less than all scripts of the test take.
const SHARED_CACHE: usize = 512 << 10;

/// The number of threads that share an engine.
const THREADS: usize = 8;

/// Returns the resident memory and the address space of this process, in KiB.
fn memory() -> Option<[i64; 2]> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim().trim_end_matches(" kB").parse().ok()
    };
    Some([line("VmRSS:")?, line("VmSize:")?])
}

/// Returns a loop that calls a method, different in each round.
fn script_of(round: u32) -> neovm::Script {
    let text = format!(
        "PUSH0\nPUSH4\nn: SWAP\nPUSHINT32 {round}\nADD\nCALL f\nSWAP\nDEC\nDUP\nJMPIF n\nDROP\nRET
         f: INITSLOT 0, 1\nLDARG0\nPUSHINT32 1000003\nMOD\nRET"
    );
    assemble(&text).unwrap()
}

/// Returns the result of the script of a round.
fn result_of(round: i64) -> i64 {
    (0..4).fold(0, |sum, _| (sum + round) % 1_000_003)
}

/// Compiles and drops a number of scripts, in a process of its own.
#[test]
#[ignore = "run alone by the test below, which tells how many"]
fn rounds() {
    let rounds: u32 = env::var("NEOVM_ROUNDS").map_or(1_000, |count| count.parse().unwrap());
    let engine = Engine::new(
        EngineConfig::default().with_jit(JitMode::Lazy { threshold: 2, background: false }).with_cache_bytes(CACHE),
    );
    let jit = engine.jit().expect("a compiler");
    let (mut vm, mut half, mut most) = (engine.vm(RunOptions::default()), None, 0);
    for round in 0..rounds {
        if round == rounds / 2 {
            half = memory();
        }
        vm.reset(RunOptions::default(), &mut NoHost);
        vm.load(engine.prepare(&script_of(round)).unwrap(), neovm::LoadOptions::default()).unwrap();
        assert_eq!(vm.run(&mut NoHost), neovm::Outcome::Halt);
        assert_eq!(vm.results()[0].to_i32(), Ok(result_of(round.into()) as i32), "round {round}");
        most = most.max(jit.bytes());
    }
    let stats = jit.stats();
    assert!(stats.compiled >= rounds.into() && stats.entered >= rounds.into(), "{stats}");
    let (kept, _) = engine.cached();
    say(&format!(
        "{} regions in {rounds} rounds, at most {most} bytes of machine code, {kept} scripts in the end",
        stats.compiled
    ));
    assert!(kept < 200 && most < 4 << 20, "{kept} scripts, {most} bytes");
    drop(vm);
    let Some(([resident, addresses], [resident_then, addresses_then])) = memory().zip(half) else {
        return say("SKIPPED: memory in use is not told here");
    };
    say(&format!(
        "in use {resident_then} KiB half-way, {resident} KiB in the end; addresses {addresses_then}, {addresses} KiB"
    ));
    assert!(resident - resident_then < 2048 && addresses - addresses_then < 4096, "memory grows");
}

#[test]
fn compiling_and_evicting_keeps_memory_flat() {
    let rounds = if is_long() { 100_000 } else { 3_000 };
    let mut child = Command::new(env::current_exe().unwrap());
    child.args(["eviction::rounds", "--exact", "--ignored", "--nocapture"]).env("NEOVM_ROUNDS", rounds.to_string());
    let output = child.output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && out.contains("1 passed"), "{out}{err}");
    say(err.trim());
}

/// Runs programs in random order, each several times, and compares their snapshots.
fn run_all(engine: &Engine, programs: &[(&Program, &Snapshot)], rounds: usize, seed: u64) {
    let mut random = Random::new(seed);
    for _ in 0..programs.len() * rounds {
        // Half of the runs are of a few scripts, which all threads run at once.
        let count = if random.one_in(2) { 8 } else { programs.len() };
        let (program, expected) = programs[random.below(count)];
        let mut runner = Runner::new(engine.prepare(&program.script).unwrap(), Dispatch::Auto);
        for _ in 0..2 {
            assert_eq!(runner.end(program.start), *expected, "{}, thread {seed}", program.name);
        }
        if random.one_in(50) {
            thread::sleep(Duration::from_micros(random.below(500) as u64));
        }
    }
}

#[test]
fn threads_that_share_an_engine_see_what_one_sees() {
    let programs = looping();
    let expected: Vec<_> =
        programs.iter().map(|program| Runner::new(program.decode(), Dispatch::Auto).end(program.start)).collect();
    let both: Vec<_> = programs.iter().zip(&expected).collect();
    for jit in Mode::COMPILED {
        // Without waiting for the compiler there is time for more.
        let rounds = if matches!(jit, JitMode::Lazy { background: true, .. }) { 20 } else { 1 };
        let engine = Arc::new(Engine::new(EngineConfig::default().with_jit(jit).with_cache_bytes(SHARED_CACHE)));
        thread::scope(|scope| {
            for seed in 0..THREADS {
                let (engine, both) = (&engine, &both);
                scope.spawn(move || run_all(engine, both, rounds, seed as u64));
            }
        });
        let compiler = engine.jit().expect("a compiler");
        compiler.wait();
        let stats = compiler.stats();
        say(&format!("{THREADS} threads, {jit:?}: {stats}"));
        assert!(engine.cached().0 < programs.len(), "scripts were evicted");
        assert!(stats.compiled > 20 && stats.entered > 2 * stats.compiled, "{stats}");
        assert_eq!(stats.refused.get(&neovm::jit::Refusal::Panicked), None);
    }
}
