//! The engine and the model come to the same end with random scripts, under
//! random limits, hardforks and amounts of gas.
//!
//! `NEOVM_SCRIPTS` tells how many scripts to run, `NEOVM_SEED` where to begin, `NEOVM_COMPILED`
//! of how many scripts one runs compiled too.

mod support;

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use neovm_generator::{Random, mutated, script};
use neovm_model::{Machine, Op, Setup, StubHost};
use support::versus::{Case, Hosts, Way, case};

/// Scripts of a plain test run.
const SCRIPTS: u64 = 20_000;

/// Room for dropping what is nested as deep as the item limit allows.
const NATIVE_STACK: usize = 64 << 20;

/// Of so many scripts one runs compiled too, in a plain test run.
const COMPILED: u64 = 8;

/// How often a long run tells how far it is.
const REPORT: Duration = Duration::from_secs(60);

const STUB_HOST: &str = include_str!("../../data/stub-host.json");

/// What a run came to.
#[derive(Default)]
struct Tally {
    scripts: u64,
    executions: u64,
    halted: u64,
    instructions: u64,
    differences: Vec<String>,
}

impl Tally {
    /// Compares a case in one way.
    fn compare(&mut self, hosts: &mut Hosts, case: &Case, way: Way, seed: u64) {
        let model = hosts.model_end(case);
        self.executions += 1;
        self.halted += u64::from(model.fault.is_none());
        self.instructions += model.instructions;
        if model != hosts.engine_end(case, way) {
            let difference = hosts.difference(case, way).unwrap_or_else(|| "once, and then no more".into());
            self.differences.push(format!("seed {seed}: {difference}"));
        }
    }

    fn say(&self, started: Instant) {
        let rate = self.scripts as f64 / started.elapsed().as_secs_f64();
        let Self { scripts, executions, halted, instructions, differences } = self;
        eprintln!(
            "{scripts} scripts ({rate:.0} a second), {executions} executions, {halted} halted, \
             {instructions} instructions, {} differ",
            differences.len()
        );
    }
}

fn variable(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Runs something with room on the native stack.
fn with_room(work: impl FnOnce() + Send + 'static) {
    let worker = std::thread::Builder::new().stack_size(NATIVE_STACK).spawn(work).unwrap();
    if let Err(panic) = worker.join() {
        std::panic::resume_unwind(panic);
    }
}

/// The script of a seed: one in four has some bytes changed.
fn seeded_script(random: &mut Random, hosts: &Hosts) -> Vec<u8> {
    let calls = hosts.calls();
    let bytes = script(random, &calls);
    if random.one_in(4) { mutated(&bytes, &script(random, &calls), random) } else { bytes }
}

/// Compares the script of a seed, with much gas and perhaps with less than it takes.
fn check(hosts: &mut Hosts, seed: u64, compiled: u64, tally: &mut Tally) {
    let mut random = Random::new(seed);
    let script = seeded_script(&mut random, hosts);
    let mut case = case(script, &mut random);
    let way = Way::ALL[seed as usize % Way::ALL.len()];
    tally.scripts += 1;
    tally.compare(hosts, &case, way, seed);
    if seed.is_multiple_of(compiled) {
        for way in Way::COMPILED {
            for _ in 0..hosts.turns(way) {
                tally.compare(hosts, &case, way, seed);
            }
        }
    }
    if random.one_in(3) {
        case.gas_limit = random.below(hosts.model_end(&case).gas as usize + 1) as u64;
        tally.compare(hosts, &case, way, seed);
    }
}

#[test]
fn generated_scripts_agree() {
    with_room(|| {
        let (first, scripts) = (variable("NEOVM_SEED", 0), variable("NEOVM_SCRIPTS", SCRIPTS));
        let compiled = variable("NEOVM_COMPILED", COMPILED);
        let (started, mut said) = (Instant::now(), Instant::now());
        let (mut hosts, mut tally) = (Hosts::from_json(STUB_HOST), Tally::default());
        for seed in first..first + scripts {
            check(&mut hosts, seed, compiled, &mut tally);
            if said.elapsed() > REPORT {
                said = Instant::now();
                tally.say(started);
            }
            if tally.differences.len() >= 5 {
                break;
            }
        }
        tally.say(started);
        eprintln!("{} entries of compiled code", hosts.entered());
        assert!(tally.differences.is_empty(), "{}", tally.differences.join("\n\n"));
        assert!(tally.halted * 5 > tally.executions, "too few scripts come to an end");
    });
}

/// What is never run is never compared: each opcode completes in some script.
#[test]
fn generated_scripts_run_all_opcodes() {
    with_room(|| {
        let hosts = Hosts::from_json(STUB_HOST);
        let host = StubHost::from_json(STUB_HOST).unwrap();
        let mut missing: BTreeSet<Op> = (0..=255).filter_map(Op::from_byte).collect();
        for seed in 0..4000 {
            let script = seeded_script(&mut Random::new(seed), &hosts);
            let setup = Setup { gas_limit: Some(support::versus::GAS), host: Some(&host), ..Setup::default() };
            let mut machine = Machine::new(&script, &setup);
            while !machine.ended() {
                let op = machine.next_op();
                machine.step();
                if let (Some(op), None) = (op, machine.fault()) {
                    missing.remove(&op);
                }
            }
        }
        // Those that always fault under this host.
        assert_eq!(missing, BTreeSet::from([Op::CALLT, Op::ABORT, Op::ABORTMSG]));
    });
}
