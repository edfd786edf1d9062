//! Scripts that enter compiled code: hand-written, recorded and generated ones.

use std::sync::OnceLock;

use neovm::{Dispatch, JitMode, State, types::asm::assemble};
use neovm_generator::{Random, SystemCalls, script};
use serde::Deserialize;

use neovm_testing::{
    Compiler, Modes, Program, Runner, Tally, WORKLOADS, data,
    recorded::{Line, read_gz},
    say,
    text::LOOPS,
};

use crate::{calling::calling, handed, shapes::shapes, tries, wide};

/// The most instructions of a script that runs some thousand times.
const SHORT: u64 = 2_000;

/// The number of seeds that are tried.
const SEEDS: u64 = 3_000;

/// The most scripts taken of each kind.
const EACH: usize = 70;

/// Loops and methods are compiled when they are reached for the second time.
pub(crate) const HOT: JitMode = JitMode::Lazy { threshold: 2, background: false };

/// Returns at least 200 scripts that enter compiled code and end soon.
pub(crate) fn looping() -> &'static [Program] {
    static LOOPING: OnceLock<Vec<Program>> = OnceLock::new();
    LOOPING.get_or_init(|| {
        let written = shapes().into_iter().chain(wide::loops()).chain(tries::loops());
        let written = written.chain(text_loops()).chain(handed::loops());
        let mut all: Vec<_> = written.filter(enters).collect();
        for kind in ["hot", "coll"] {
            all.extend(recorded(kind).into_iter().filter(enters).take(EACH));
        }
        let seeded =
            |seed| Program::new(format!("seed {seed}"), script(&mut Random::new(seed), &SystemCalls::default()));
        all.extend((0..SEEDS).map(seeded).filter(enters).take(EACH));
        all.extend((0..SEEDS).map(calling).filter(enters).take(EACH));
        assert!(all.len() >= 200, "{} scripts", all.len());
        all
    })
}

/// Returns loops over byte strings and maps.
fn text_loops() -> Vec<Program> {
    LOOPS.iter().map(|(name, text)| Program::new(*name, assemble(text).unwrap())).collect()
}

/// Runs programs in all modes, where most executions enter compiled code.
pub(crate) fn check_all(what: &str, programs: impl IntoIterator<Item = Program>) {
    let (mut modes, mut tally) = (Modes::all(), Tally::default());
    for program in programs {
        modes.check(&program, &mut tally);
    }
    say(&format!("{what}: {} executions, {} entries of compiled code", tally.runs, tally.entered));
    assert!(tally.entered > tally.runs / 2);
}

/// Whether a script is short and enters compiled code.
fn enters(program: &Program) -> bool {
    let snapshot = Runner::new(program.decode(), Dispatch::Auto).stop_at(program.start, Some(SHORT));
    if snapshot.state == State::Break {
        return false;
    }
    let mut compiler = Compiler::new(HOT).expect("a compiler");
    let mut runner = Runner::new(compiler.prepare(program.script.clone()).unwrap(), Dispatch::Auto);
    (0..2).for_each(|_| drop(runner.end(program.start)));
    compiler.entered() > 1
}

/// Returns programs that compute something and take long.
pub(crate) fn workloads() -> Vec<Program> {
    #[derive(Deserialize)]
    struct Line {
        id: String,
        script: String,
    }
    let program = |line: Line| Program::new(line.id, hex::decode(line.script).unwrap());
    WORKLOADS.lines().map(|line| program(serde_json::from_str(line).unwrap())).collect()
}

/// Returns the recorded scripts of a kind that makes no system calls.
fn recorded(kind: &str) -> Vec<Program> {
    let text = read_gz(&data().join("generated.jsonl.gz"));
    let beginning = format!("{{\"id\":\"{kind}-");
    let program = |line: &str| {
        let Line::Run(run) = Line::parse(line) else { panic!("an execution: {line:.200}") };
        let mut program = Program::new(run.id, run.script);
        program.start.gas_limit = run.gas_limit;
        program
    };
    text.lines().filter(|line| line.starts_with(&beginning)).map(program).collect()
}
