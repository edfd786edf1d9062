//! Measures loops that call their host once a turn.
//!
//! ```text
//! cargo run --release -p neovm-bench --bin host-calls             nanoseconds
//! cargo run --release -p neovm-bench --bin host-calls -- --count  machine instructions, by callgrind
//! ```
//!
//! The program prints one table. A cell is the time of a turn, the least of many samples, with the
//! interpreter alone and with an engine with default settings. The samples of all cells are taken in
//! turn, so that other load on the machine affects all of them equally.
//!
//! The row `call alone` is the difference that SYSCALL instead of NOP makes to the shortest loop. Its
//! host does nothing, so the difference is what the engine needs for a call.

use std::{env, process::ExitCode, sync::Arc, time::Instant};

use neovm::{
    Caller, Code, Engine, EngineConfig, Gas, Host, HostError, JitMode, LoadOptions, Outcome, RunOptions, Vm,
    types::assemble,
};
use neovm_bench::{callgrind, exit_code};

/// The turns of a loop in one run.
const TURNS: u32 = 10_000;

/// The samples of each cell; a sample is one run.
const SAMPLES: usize = 1000;

/// The runs before anything is measured, so that hot code is compiled.
const WARM_UP_RUNS: usize = 20;

/// The shortest loop, once with NOP and once with a call.
const NOP: &str = "NOP";
const SYSCALL: &str = "SYSCALL 0x00000000";

/// The numbers of instructions in the other loops.
const LENGTHS: [usize; 4] = [7, 15, 19, 27];

type Error = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    exit_code(match arguments[..] {
        [] => time().map(print),
        ["--count"] => count().map(print),
        ["run", turn, mode, runs] => run(turn, mode, runs).map(|()| ExitCode::SUCCESS),
        _ => Err("usage: host-calls [--count]".into()),
    })
}

/// A host with two system calls: 0 does nothing, every other one pushes 7.
struct Pushing;

impl Host for Pushing {
    #[inline(never)]
    fn syscall(&mut self, caller: &mut Caller<'_>, id: u32) -> Result<(), HostError> {
        if id != 0 {
            caller.push(7);
        }
        Ok(())
    }
}

/// The instructions of a turn that precede the counting down and the jump back.
fn turns() -> Vec<String> {
    let work = |length: usize| match length {
        7 => "SYSCALL 0x01000000\nDROP".into(),
        _ => {
            let steps = "PUSH3\nMUL\nPUSHINT16 1000\nMOD\n".repeat((length - 11) / 4);
            format!("SYSCALL 0x01000000\nLDLOC1\nADD\nINC\nINC\n{steps}STLOC1")
        }
    };
    [NOP.into(), SYSCALL.into()].into_iter().chain(LENGTHS.map(work)).collect()
}

fn modes() -> [JitMode; 2] {
    [JitMode::Off, JitMode::default()]
}

/// An engine with a machine that runs a loop.
struct Loop {
    engine: Engine,
    vm: Vm,
    code: Arc<Code>,
}

impl Loop {
    fn new(turn: &str, jit: JitMode) -> Result<Self, Error> {
        let text = format!(
            "INITSLOT 2, 0\nPUSHINT32 {TURNS}\nSTLOC0\nPUSH0\nSTLOC1\nn: {turn}\nLDLOC0\nDEC\nDUP\nSTLOC0\nJMPIF n\nRET"
        );
        let engine = Engine::new(EngineConfig::default().with_jit(jit));
        let (vm, code) = (engine.vm(RunOptions::default()), engine.prepare(&assemble(&text)?)?);
        Ok(Self { engine, vm, code })
    }

    fn run(&mut self) {
        self.vm.reset(RunOptions::new(Gas::MAX), &mut Pushing);
        self.vm.load(Arc::clone(&self.code), LoadOptions::default()).expect("code for this machine");
        assert_eq!(self.vm.run(&mut Pushing), Outcome::Halt);
    }

    fn warm_up(&mut self) {
        for _ in 0..WARM_UP_RUNS {
            self.run();
            if let Some(jit) = self.engine.jit() {
                jit.wait();
            }
        }
    }

    /// Returns the nanoseconds of a turn.
    fn sample(&mut self) -> f64 {
        let begun = Instant::now();
        self.run();
        begun.elapsed().as_secs_f64() * 1e9 / f64::from(TURNS)
    }
}

/// The cost of a turn of each loop, by mode.
type Costs = Vec<[f64; 2]>;

fn time() -> Result<Costs, Error> {
    if cfg!(debug_assertions) {
        return Err("this build is not optimized; use cargo run --release".into());
    }
    let mut loops = Vec::new();
    for turn in turns() {
        let [interp, auto] = modes();
        loops.push([Loop::new(&turn, interp)?, Loop::new(&turn, auto)?]);
    }
    loops.iter_mut().flatten().for_each(Loop::warm_up);
    let mut costs = vec![[f64::INFINITY; 2]; loops.len()];
    for _ in 0..SAMPLES {
        for (one, cost) in loops.iter_mut().flatten().zip(costs.iter_mut().flatten()) {
            *cost = cost.min(one.sample());
        }
    }
    Ok(costs)
}

/// Counts the machine instructions of a turn on a warm machine, without those of starting and of
/// compiling.
fn count() -> Result<Costs, Error> {
    let each = |turn: &str, mode: &str| -> Result<f64, Error> {
        let (some, _) = callgrind(&["run", turn, mode, "1"])?;
        let (more, _) = callgrind(&["run", turn, mode, "3"])?;
        Ok((more - some) as f64 / 2.0 / f64::from(TURNS))
    };
    turns().iter().map(|turn| Ok([each(turn, "0")?, each(turn, "1")?])).collect()
}

/// The part that runs under valgrind.
fn run(turn: &str, mode: &str, runs: &str) -> Result<(), Error> {
    let mut one = Loop::new(turn, modes()[mode.parse::<usize>()?])?;
    one.warm_up();
    for _ in 0..runs.parse::<u32>()? {
        one.run();
    }
    Ok(())
}

fn print(costs: Costs) -> ExitCode {
    println!("| instructions in the loop | interpreted | default engine |\n|--:|--:|--:|");
    let row = |name: &str, [interp, auto]: [f64; 2]| println!("| {name} | {interp:.1} | {auto:.1} |");
    for (length, cost) in LENGTHS.iter().zip(&costs[2..]) {
        row(&length.to_string(), *cost);
    }
    // Without the call the loop is compiled: only the interpreter's difference says something.
    println!("| call alone | {:.1} | |", costs[1][0] - costs[0][0]);
    ExitCode::SUCCESS
}
