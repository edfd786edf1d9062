//! How long the compiler takes for an instruction.
//!
//! ```text
//! cargo run --release -p neovm-bench --bin compile-time                   times
//! cargo run --release -p neovm-bench --bin compile-time -- once MainNet   compiles groups once; for callgrind
//! ```
//!
//! The workloads, and the calls of contracts in the recorded outcomes next to the project, run a few times each with a
//! compiler that takes everything reached for the second time, so nearly all their loops and methods are compiled.
//! What is learnt in one run is compiled in the next, as in a node. Times are those of the least round.

use std::{env, process::ExitCode, time::Duration};

use neovm::{
    Engine, EngineConfig, Gas, JitMode, LoadOptions, NoHost, RunOptions, StubHost,
    jit::{Details, Jit},
};
use neovm_bench::{Machine, Program, contracts, exit_code, workloads};

/// Loops and methods are compiled when they are reached for the second time.
const MODE: JitMode = JitMode::Lazy { threshold: 2, background: false };

/// How often a script runs.
const RUNS: usize = 3;

/// The gas for a run: what is hot has become so until then.
const GAS: i64 = 2_000_000;

/// The number of rounds whose least time counts.
const ROUNDS: usize = 7;

type Error = Box<dyn std::error::Error>;

/// Programs of one kind, and the host that they need.
struct Group {
    name: &'static str,
    programs: Vec<Program>,
    host: StubHost,
}

/// What was compiled in a round.
struct Round {
    regions: u64,
    instructions: u64,
    time: Duration,
}

fn main() -> ExitCode {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    exit_code(match arguments[..] {
        [] => measure(),
        ["once", ref names @ ..] => once(names),
        _ => Err("usage: compile-time [once [workloads] [MainNet] [devpack]]".into()),
    })
}

fn groups() -> Result<Vec<Group>, Error> {
    let host = StubHost::default();
    let mut groups = vec![Group { name: "workloads", programs: workloads(&mut Machine::new(host.clone())), host }];
    let text = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/reference/stub-host.json");
    if let Some((_, calls)) = contracts() {
        let host = StubHost::from_json(&std::fs::read_to_string(text)?)?;
        let (devpack, mainnet): (Vec<_>, Vec<_>) = calls.into_iter().partition(|calls| calls.contract == "devpack");
        for (name, calls) in [("MainNet", mainnet), ("devpack", devpack)] {
            let programs = calls.into_iter().flat_map(|calls| calls.programs).collect();
            groups.push(Group { name, programs, host: host.clone() });
        }
    }
    Ok(groups)
}

impl Group {
    /// Runs all programs with a new compiler, which is shown to `watch` before.
    fn run(&self, watch: impl FnOnce(&Jit)) -> Result<Jit, Error> {
        let engine = Engine::new(EngineConfig::default().with_jit(MODE));
        let jit = engine.jit().ok_or("there is no compiler for this platform")?.clone();
        watch(&jit);
        let (mut vm, mut host) = (engine.vm(RunOptions::default()), self.host.clone());
        for program in &self.programs {
            let code = engine.prepare(program.code.script())?;
            for _ in 0..RUNS {
                vm.reset(RunOptions::new(Gas::from_datoshi(program.gas_limit.min(GAS))), &mut NoHost);
                vm.load(code.clone(), LoadOptions::default())?;
                vm.run(&mut host);
            }
        }
        Ok(jit)
    }

    fn round(&self) -> Result<Round, Error> {
        let stats = self.run(|_| {})?.stats();
        Ok(Round { regions: stats.compiled, instructions: stats.instructions, time: stats.compile_time })
    }

    /// Returns the number of instructions of Cranelift's intermediate language.
    fn clif(&self) -> Result<usize, Error> {
        let reports = self.run(Jit::watch)?.reports();
        Ok(reports.iter().filter_map(|report| report.outcome.as_ref().ok()).map(clif_instructions).sum())
    }
}

/// Returns the number of instructions of Cranelift's intermediate language in a region: lines in blocks.
fn clif_instructions(details: &Details) -> usize {
    let functions = details.clif.split("\n}\n");
    let lines = functions.flat_map(|function| function.lines().skip_while(|line| !line.starts_with("block")));
    lines.filter(|line| line.starts_with([' ', '@'])).count()
}

fn measure() -> Result<ExitCode, Error> {
    println!(
        "{:<12}{:>9}{:>14}{:>9}{:>12}{:>12}{:>16}",
        "", "regions", "instructions", "CLIF", "ms", "us each", "ns a CLIF one"
    );
    let (mut all, mut all_clif) = (Round { regions: 0, instructions: 0, time: Duration::ZERO }, 0);
    for group in groups()? {
        let clif = group.clif()?;
        let mut rounds = (0..ROUNDS).map(|_| group.round()).collect::<Result<Vec<_>, _>>()?;
        rounds.sort_by_key(|round| round.time);
        let best = &rounds[0];
        print(group.name, best, clif);
        all.regions += best.regions;
        all.instructions += best.instructions;
        all.time += best.time;
        all_clif += clif;
    }
    print("all", &all, all_clif);
    Ok(ExitCode::SUCCESS)
}

fn print(name: &str, round: &Round, clif: usize) {
    let seconds = round.time.as_secs_f64();
    println!(
        "{name:<12}{:>9}{:>14}{clif:>9}{:>12.1}{:>12.2}{:>16.0}",
        round.regions,
        round.instructions,
        seconds * 1e3,
        seconds * 1e6 / round.instructions as f64,
        seconds * 1e9 / clif as f64
    );
}

/// Compiles groups once.
fn once(names: &[&str]) -> Result<ExitCode, Error> {
    for group in groups()?.iter().filter(|group| names.contains(&group.name)) {
        let round = group.round()?;
        println!("{}: {} regions, {} instructions", group.name, round.regions, round.instructions);
    }
    Ok(ExitCode::SUCCESS)
}
