//! Scripts that enter compiled code: written by hand, recorded, generated.

use std::{fs::File, io::Read, path::Path, sync::OnceLock};

use flate2::read::MultiGzDecoder;
use neovm::{Dispatch, JitMode, State};
use neovm_generator::{Random, SystemCalls, script};
use serde::Deserialize;

use crate::{
    calling::calling,
    compiling::Compiler,
    shapes::shapes,
    ways::{Program, Runner},
};

/// Most instructions of a script that is run some thousand times.
const SHORT: u64 = 2_000;

/// Seeds of generated scripts.
const SEEDS: u64 = 3_000;

/// How many are taken of each kind, at most.
const EACH: usize = 70;

/// What is compiled when it was reached twice: loops, and methods.
pub(crate) const HOT: JitMode = JitMode::Lazy { threshold: 2, background: false };

/// At least 200 scripts, of which each enters compiled code and ends soon.
pub(crate) fn looping() -> &'static [Program] {
    static LOOPING: OnceLock<Vec<Program>> = OnceLock::new();
    LOOPING.get_or_init(|| {
        let mut all: Vec<_> = shapes().into_iter().filter(enters).collect();
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

/// Whether a script is short and enters compiled code.
fn enters(program: &Program) -> bool {
    let stand = Runner::new(program.plain(), Dispatch::Auto).stop_at(program.start, Some(SHORT));
    if stand.state == State::Break {
        return false;
    }
    let mut compiler = Compiler::new(HOT).expect("a compiler");
    let mut runner = Runner::new(compiler.prepare(program.script.clone()).unwrap(), Dispatch::Auto);
    (0..2).for_each(|_| drop(runner.end(program.start)));
    compiler.entered() > 1
}

/// Programs that compute something, and take long.
pub(crate) fn workloads() -> Vec<Program> {
    #[derive(Deserialize)]
    struct Line {
        id: String,
        script: String,
    }
    let program = |line: Line| Program::new(line.id, hex::decode(line.script).unwrap());
    include_str!("../data/workloads.jsonl").lines().map(|line| program(serde_json::from_str(line).unwrap())).collect()
}

/// Recorded scripts of a kind, none of which calls its host.
fn recorded(kind: &str) -> Vec<Program> {
    #[derive(Deserialize)]
    struct Line {
        id: String,
        script: String,
        gas_limit: i64,
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/generated.jsonl.gz");
    let mut text = String::new();
    MultiGzDecoder::new(File::open(path).unwrap()).read_to_string(&mut text).unwrap();
    let beginning = format!("{{\"id\":\"{kind}-");
    let of_kind = text.lines().filter(|line| line.starts_with(&beginning));
    let program = |line: Line| {
        let mut program = Program::new(line.id, hex::decode(line.script).unwrap());
        program.start.gas_limit = line.gas_limit;
        program
    };
    of_kind.map(|line| program(serde_json::from_str(line).unwrap())).collect()
}
