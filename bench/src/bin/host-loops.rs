//! Measures loops of contracts that call the host of a node: storage, notifications, witnesses.
//!
//! ```text
//! cargo run --release -p neovm-bench --bin host-loops             nanoseconds
//! cargo run --release -p neovm-bench --bin host-loops -- --count  machine instructions, by callgrind
//! ```
//!
//! Each cell is what a turn of the loop takes: the difference between an invocation with many turns and one with few,
//! without compiled code and with default settings once all is compiled. Times are the least of many samples that all
//! cells take in turn.

use std::{env, process::ExitCode, time::Instant};

use neovm::{
    Chain, EngineConfig, Execution, Hash160, JitMode, MemoryStore, Network, Outcome, ProtocolSettings, Signer,
    WitnessScopes,
    host::{Invocation, PendingInvocation},
    types::{NefFile, Script, assemble},
};
use neovm_bench::{callgrind, exit_code};

/// The turns of the invocations that are compared. A script may send 512 notifications.
const TURNS: [i64; 2] = [100, 500];

/// The samples of each cell.
const SAMPLES: usize = 300;

/// The invocations before anything is measured, so that hot code is compiled.
const WARM_UP_RUNS: usize = 30;

const ACCOUNT: Hash160 = Hash160([7; 20]);

/// The loops: a name, and a turn. Local variable 0 counts down, 1 holds an account, 2 a number.
const LOOPS: [(&str, &str); 8] = [
    ("GetTime", "SYSCALL System.Runtime.GetTime\nDROP"),
    ("CheckWitness", "LDLOC1\nSYSCALL System.Runtime.CheckWitness\nASSERT"),
    ("Storage.Get", "LDLOC1\nSYSCALL System.Storage.Local.Get\nDROP"),
    ("Storage.Put", "LDLOC0\nLDLOC1\nSYSCALL System.Storage.Local.Put"),
    ("Notify", "LDLOC0\nLDLOC1\nLDLOC1\nPUSH3\nPACK\nPUSHDATA1 \"Transfer\"\nSYSCALL System.Runtime.Notify"),
    ("a balance that grows", BALANCE),
    (
        "a transfer",
        "LDLOC1\nSYSCALL System.Runtime.CheckWitness\nASSERT\n\
         PUSHDATA1 0x01\nLDLOC1\nCAT\nCONVERT ByteString\nDUP\nSYSCALL System.Storage.Local.Get\nCONVERT Integer\n\
         LDLOC0\nADD\nDUP\nPUSH0\nGE\nASSERT\nSWAP\nSYSCALL System.Storage.Local.Put\n\
         LDLOC0\nLDLOC1\nLDLOC1\nPUSH3\nPACK\nPUSHDATA1 \"Transfer\"\nSYSCALL System.Runtime.Notify",
    ),
    (
        "a random number and sums",
        "SYSCALL System.Runtime.GetTime\nPUSHINT16 1000\nMOD\nLDLOC2\nADD\nPUSH3\nMUL\nPUSHINT16 10007\nMOD\nDUP\n\
         PUSHINT16 5000\nGT\nJMPIF big\nINC\nPUSH7\nXOR\nbig: STLOC2",
    ),
];

const BALANCE: &str = "PUSHDATA1 0x01\nLDLOC1\nCAT\nCONVERT ByteString\nDUP\nSYSCALL System.Storage.Local.Get\n\
                       CONVERT Integer\nLDLOC0\nADD\nSWAP\nSYSCALL System.Storage.Local.Put";

type Error = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    exit_code(match arguments[..] {
        [] => time().map(print),
        ["--count"] => count().map(print),
        ["run", name, mode, turns, runs] => run(name, mode, turns, runs).map(|()| ExitCode::SUCCESS),
        _ => Err("usage: host-loops [--count]".into()),
    })
}

fn modes() -> [JitMode; 2] {
    [JitMode::Off, JitMode::default()]
}

/// A chain with a contract that runs a loop, and invocations of it with few and with many turns.
struct Loop {
    chain: Chain<MemoryStore>,
    invocations: [PendingInvocation; 2],
}

impl Loop {
    fn new(turn: &str, jit: JitMode) -> Result<Self, Error> {
        let text = format!(
            "INITSLOT 3, 1\nLDARG0\nSTLOC0\nPUSHDATA1 0x{}\nSTLOC1\nPUSH0\nSTLOC2\nPUSH1\nLDLOC1\nSYSCALL System.Storage.Local.Put\nPUSH1\nPUSHDATA1 0x01\nLDLOC1\nCAT\n\
             SYSCALL System.Storage.Local.Put\nn: {turn}\nLDLOC0\nDEC\nDUP\nSTLOC0\nJMPIF n\nRET",
            hex::encode(ACCOUNT.0)
        );
        let network = Network::with_engine(ProtocolSettings::private(), EngineConfig::default().with_jit(jit));
        let mut chain = Chain::with_network(network.into())?;
        let contract = deploy(&mut chain, assemble(&text)?)?;
        let prepare = |turns: i64| -> Result<_, Error> {
            let invocation = Invocation::call(contract, "main", vec![turns.into()])?.with_signer(signer());
            Ok(chain.prepare(&invocation.with_gas(i64::MAX))?)
        };
        let invocations = [prepare(TURNS[0])?, prepare(TURNS[1])?];
        Ok(Self { chain, invocations })
    }

    fn run(&self, which: usize) {
        let job = self.invocations[which].job();
        let mut execution = Execution::new(self.chain.network(), self.chain.store(), &job).expect("a good state");
        assert_eq!(execution.run(), Outcome::Halt);
    }

    fn warm_up(&self) {
        for _ in 0..WARM_UP_RUNS {
            self.run(1);
            if let Some(jit) = self.chain.network().engine().jit() {
                jit.wait();
            }
        }
    }

    /// Returns the nanoseconds of an invocation.
    fn sample(&self, which: usize) -> f64 {
        let begun = Instant::now();
        self.run(which);
        begun.elapsed().as_secs_f64() * 1e9
    }
}

fn signer() -> Signer {
    Signer::new(ACCOUNT, WitnessScopes::GLOBAL)
}

fn deploy(chain: &mut Chain<MemoryStore>, script: Script) -> Result<Hash160, Error> {
    let manifest = r#"{"name":"Loop","groups":[],"features":{},"supportedstandards":[],"abi":{"methods":[
        {"name":"main","parameters":[{"name":"turns","type":"Integer"}],"returntype":"Void","offset":0,"safe":false}],
        "events":[{"name":"Transfer","parameters":[{"name":"from","type":"Hash160"},{"name":"to","type":"Hash160"},
        {"name":"amount","type":"Integer"}]}]},"permissions":[],"trusts":[],"extra":null}"#;
    let nef = NefFile { compiler: "bench".into(), source: "".into(), tokens: Vec::new(), script };
    Ok(chain.deploy(signer(), &nef.to_bytes()?, manifest.as_bytes())?.state().hash)
}

/// The cost of a turn of each loop, by mode.
type Costs = Vec<[f64; 2]>;

fn a_turn(invocations: [f64; 2]) -> f64 {
    (invocations[1] - invocations[0]) / (TURNS[1] - TURNS[0]) as f64
}

fn time() -> Result<Costs, Error> {
    if cfg!(debug_assertions) {
        return Err("this build is not optimized; use cargo run --release".into());
    }
    let mut loops = Vec::new();
    for (_, turn) in LOOPS {
        for mode in modes() {
            loops.push((Loop::new(turn, mode)?, [f64::INFINITY; 2]));
        }
    }
    loops.iter().for_each(|(one, _)| one.warm_up());
    for _ in 0..SAMPLES {
        for (one, least) in &mut loops {
            for which in [0, 1] {
                least[which] = least[which].min(one.sample(which));
            }
        }
    }
    let costs: Vec<_> = loops.iter().map(|(_, least)| a_turn(*least)).collect();
    Ok(costs.chunks(2).map(|pair| [pair[0], pair[1]]).collect())
}

/// Counts machine instructions once all is compiled, without those of starting and of compiling.
fn count() -> Result<Costs, Error> {
    let each = |name: &str, mode: &str, turns: &str| -> Result<f64, Error> {
        let (some, _) = callgrind(&["run", name, mode, turns, "1"])?;
        let (more, _) = callgrind(&["run", name, mode, turns, "5"])?;
        Ok((more - some) as f64 / 4.0)
    };
    let both = |name: &str, mode: &str| each(name, mode, "0").and_then(|few| Ok(a_turn([few, each(name, mode, "1")?])));
    LOOPS.iter().map(|(name, _)| Ok([both(name, "0")?, both(name, "1")?])).collect()
}

/// The part that runs under valgrind.
fn run(name: &str, mode: &str, turns: &str, runs: &str) -> Result<(), Error> {
    let (_, turn) = LOOPS.iter().find(|(known, _)| *known == name).ok_or("no such loop")?;
    let one = Loop::new(turn, modes()[mode.parse::<usize>()?])?;
    one.warm_up();
    let which = turns.parse()?;
    (0..runs.parse::<u32>()?).for_each(|_| one.run(which));
    Ok(())
}

fn print(costs: Costs) -> ExitCode {
    println!("| loop | interpreted | default engine | share |\n|---|--:|--:|--:|");
    for ((name, _), [interp, auto]) in LOOPS.iter().zip(costs) {
        println!("| {name} | {interp:.1} | {auto:.1} | {:.2} |", auto / interp);
    }
    ExitCode::SUCCESS
}
