//! A script ends the same however it is run: with each dispatch, observed or
//! not, in one go or stopped and resumed, with any gas limit.
//!
//! The scripts, the limits and the hardfork are random; a seed determines them.
//! `NEOVM_SCRIPTS` sets the number of scripts, `NEOVM_SEED` the first seed.
#![cfg(not(miri))]

use std::{fmt::Write, io::Read, path::Path};

use neovm_generator::{Random, SimpleCall, SystemCalls, any_script, mutated};
use neovm_interp::{
    Caller, Dispatch, Host, HostError, LoadId, LoadOptions, NoHost, Observer, Outcome, RunOptions, Step, Stop, Unload,
    Vm, VmConfig,
};
use neovm_types::{
    FaultKind, Gas, Hardfork, Limits, StackItem,
    engine_internals::ForkedItems,
    item::{Interop, JsonLimits, write_json_stack},
};

/// Number of scripts unless `NEOVM_SCRIPTS` is set.
const SCRIPTS: u64 = 8000;

/// The gas limit of a script, in datoshi.
const GAS: i64 = 4_000_000;

/// The system calls that scripts make, each as often as it is likely.
const CALLS: [u32; 15] = [0, 0, 0, 0, 0, 1, 1, 1, 3, 3, 3, 4, 5, 5, 6];

/// Returns what a system call takes and gives at least.
fn simple(id: u32) -> SimpleCall {
    SimpleCall { id, pops: usize::from(id == 6), pushes: !matches!(id, 3 | 4) }
}

/// A host whose system calls push items, load scripts, add fees and throw.
struct Anything {
    calls: i64,
    shared: StackItem,
    object: StackItem,
}

impl Anything {
    fn new() -> Self {
        let shared = StackItem::array([1.into(), "two".into(), StackItem::array([])]);
        Self { calls: 0, shared, object: StackItem::Interop(Interop::new(())) }
    }

    /// A copy for the copy of a machine.
    fn fork(&self, items: &mut ForkedItems) -> Self {
        Self { calls: self.calls, shared: items.copy(&self.shared), object: self.object.clone() }
    }
}

/// Scripts that the host loads: they return, throw, use static fields, loop and leave items behind.
const LOADED: [&[u8]; 6] = [
    &[0x12, 0x13, 0x9e],
    &[0x56, 0x02, 0xc2, 0x61, 0x10, 0x60, 0x59, 0x58, 0x40],
    &[0x57, 0x02, 0x00, 0xc2, 0x71, 0x12, 0x3a],
    &[0x57, 0x01, 0x00, 0x18, 0x70, 0x68, 0x9d, 0x4a, 0x70, 0x24, 0xfc, 0x69],
    &[0x34, 0x03, 0x40, 0x57, 0x01, 0x00, 0xc5, 0x4a, 0x70, 0x40],
    &[0x3b, 0x05, 0x07, 0x11, 0x3a, 0x45, 0x3d, 0x03, 0x3f, 0x12],
];

impl Host for Anything {
    fn syscall(&mut self, caller: &mut Caller<'_>, id: u32) -> Result<(), HostError> {
        self.calls += 1;
        match id {
            0 => caller.push(self.calls),
            1 => caller.push(self.shared.clone()),
            2 => drop(caller.pop()?),
            3 => {
                let script = LOADED[self.calls as usize % LOADED.len()];
                let free = self.calls % 5 == 0;
                caller.load_script(script, LoadOptions::default().with_free(free))?;
            }
            4 => caller.add_fee(Gas::from_pico(u128::from(Gas::PICO_PER_DATOSHI) * 100 + 7))?,
            5 => caller.push(self.object.clone()),
            6 if self.calls % 2 == 0 => return Err(HostError::Throw("thrown".into())),
            6 => {
                let item = caller.pop()?;
                caller.push(item.clone());
                caller.push(StackItem::structure([item]));
            }
            _ => return Err(FaultKind::NoSyscall(id).into()),
        }
        Ok(())
    }

    fn call_token(&mut self, caller: &mut Caller<'_>, token: u16) -> Result<(), HostError> {
        Ok(caller.call(token.into())?)
    }

    fn context_unloaded(&mut self, caller: &mut Caller<'_>, _: LoadId, how: Unload) -> Result<(), HostError> {
        if caller.depth() > 0 && how == Unload::Returned && self.calls % 3 == 0 {
            caller.push(StackItem::Null);
        }
        Ok(())
    }
}

/// An observer that records the highest reference count.
#[derive(Default)]
struct Watch {
    peak: i64,
}

impl Observer for Watch {
    fn after(&mut self, vm: &Vm, _: &Step) {
        self.peak = self.peak.max(vm.reference_count());
    }
}

/// A script and the settings of the machine that runs it.
#[derive(Clone, Debug)]
struct Setting {
    script: Vec<u8>,
    limits: Limits,
    hardfork: Hardfork,
    gas_limit: i64,
}

impl Setting {
    fn new(script: Vec<u8>, random: &mut Random) -> Self {
        let mut limits = Limits::DEFAULT;
        if random.one_in(3) {
            limits.max_stack_size = 10 + random.below(50) as u32;
        }
        if random.one_in(6) {
            limits.max_invocation_stack_size = 1 + random.below(6) as u32;
        }
        if random.one_in(8) {
            limits.max_comparable_size = random.one_of(&[0, 1, 8, 33, 65]);
            limits.max_item_size = random.below(70) as u32;
            limits.max_shift = random.below(70) as u32;
            limits.max_try_nesting_depth = 1 + random.below(2) as u32;
            limits.catch_engine_exceptions = random.one_in(2);
        }
        let hardfork = if random.one_in(4) { random.one_of(&Hardfork::ALL) } else { Hardfork::default() };
        Self { script, limits, hardfork, gas_limit: GAS }
    }

    fn vm(&self, dispatch: Dispatch) -> Vm {
        let Self { limits, hardfork, gas_limit, .. } = *self;
        let config = VmConfig::default().with_limits(limits).with_hardfork(hardfork).with_dispatch(dispatch);
        let mut vm = Vm::new(config, RunOptions::new(Gas::from_datoshi(gas_limit)));
        // If there is no room for a context, the machine halts at once.
        let _ = vm.load_script(self.script.clone(), LoadOptions::default());
        vm
    }

    fn observed(&self) -> Snapshot {
        self.watched(&mut Watch::default())
    }

    fn watched(&self, watch: &mut Watch) -> Snapshot {
        let mut vm = self.vm(Dispatch::Auto);
        let outcome = vm.run_observed(&mut Anything::new(), watch);
        Snapshot::new(&vm, outcome)
    }

    fn run(&self, dispatch: Dispatch) -> Snapshot {
        let mut vm = self.vm(dispatch);
        let outcome = vm.run(&mut Anything::new());
        let end = Snapshot::new(&vm, outcome);
        // The machine's items are dropped here; dropping the machine must not drop them again.
        vm.reset(RunOptions::new(Gas::ZERO), &mut NoHost);
        assert_eq!((vm.reference_count(), vm.depth(), vm.results().len()), (0, 0, 0));
        end
    }

    /// Runs to the end with random budgets. Some of the stops are compared with
    /// an observed machine that was stopped at the same instruction. Where there is a
    /// copy of the machine, that goes on, too.
    fn run_in_parts(&self, dispatch: Dispatch, random: &mut Random) -> Snapshot {
        let (mut vm, mut host) = (self.vm(dispatch), Anything::new());
        let mut originals = Vec::new();
        loop {
            let large = 8000 + random.below(12_000);
            let budget = if random.one_in(3) { random.below(50) } else { large } as u64;
            vm.set_budget(Some(budget));
            let before = vm.instructions();
            let outcome = vm.run(&mut host);
            assert!(vm.instructions() - before <= budget, "{} of {budget}", vm.instructions() - before);
            if outcome != Outcome::Stopped(Stop::Budget) {
                let end = Snapshot::new(&vm, outcome);
                drop(vm);
                for (mut original, mut host) in originals {
                    let outcome = Vm::run(&mut original, &mut host);
                    assert_eq!(Snapshot::new(&original, outcome), end, "after it was copied");
                }
                return end;
            }
            let mut items = ForkedItems::new(usize::MAX);
            if random.one_in(3)
                && let Some(copy) = vm.fork(&mut items)
            {
                assert_eq!(Snapshot::new(&copy, outcome.clone()), Snapshot::new(&vm, outcome.clone()), "copied");
                let of_copy = host.fork(&mut items);
                drop(items);
                let (mut vm, host) = (core::mem::replace(&mut vm, copy), core::mem::replace(&mut host, of_copy));
                vm.set_budget(None);
                if originals.len() < 4 {
                    originals.push((vm, host));
                }
            }
            if random.one_in(8) {
                assert_eq!(Snapshot::new(&vm, outcome), self.observed_up_to(vm.instructions()), "stopped");
            }
        }
    }

    fn observed_up_to(&self, instructions: u64) -> Snapshot {
        let mut vm = self.vm(Dispatch::Auto);
        vm.set_budget(Some(instructions));
        let outcome = vm.run_observed(&mut Anything::new(), &mut Watch::default());
        Snapshot::new(&vm, outcome)
    }
}

/// The visible state of a machine that ended or was stopped.
#[derive(Debug, PartialEq)]
struct Snapshot {
    outcome: Outcome,
    gas: u128,
    gas_left: u128,
    instructions: u64,
    references: i64,
    pending: Option<String>,
    results: String,
    /// Empty after a fault, since the faulting instruction may be half done.
    contexts: String,
}

impl Snapshot {
    fn new(vm: &Vm, outcome: Outcome) -> Self {
        Self {
            gas: vm.gas_consumed().datoshi_ceil(),
            gas_left: vm.gas_left().datoshi_floor(),
            instructions: vm.instructions(),
            references: if matches!(outcome, Outcome::Fault(_)) { 0 } else { vm.reference_count() },
            pending: vm.pending_exception().map(|item| json([item])),
            results: json(vm.results()),
            contexts: if matches!(outcome, Outcome::Fault(_)) { String::new() } else { contexts(vm) },
            outcome,
        }
    }
}

/// Items as JSON, up to a limit.
fn json<'a>(items: impl IntoIterator<Item = &'a StackItem>) -> String {
    let mut text = String::new();
    if let Err(error) = write_json_stack(&mut text, items, JsonLimits { nodes: 2000, text: 1 << 16 }) {
        text.push_str(&error.to_string());
    }
    text
}

fn contexts(vm: &Vm) -> String {
    let mut text = String::new();
    // The contexts of a deep invocation stack resemble each other.
    for view in vm.contexts().iter().take(4) {
        let _ = write!(text, "{} ", view.position);
        for items in [&view.stack, &view.locals, &view.arguments, &view.statics] {
            text.push_str(&json(items));
        }
    }
    text
}

/// Checks a script in all modes, in parts, and with lower limits of gas and items.
fn check(mut setting: Setting, random: &mut Random) {
    let mut watch = Watch::default();
    let expected = setting.watched(&mut watch);
    check_modes(&setting, &expected);
    let dispatch = random.one_of(&Dispatch::ALL);
    assert_eq!(setting.run_in_parts(dispatch, random), expected, "in parts, {dispatch:?}");
    for _ in 0..2 {
        setting.gas_limit = random.below(expected.gas as usize + 2) as i64;
        check_modes(&setting, &setting.observed());
    }
    setting.gas_limit = GAS;
    for _ in 0..2 {
        setting.limits.max_stack_size = random.below(watch.peak.max(1) as usize) as u32;
        check_modes(&setting, &setting.observed());
    }
}

fn check_modes(setting: &Setting, expected: &Snapshot) {
    for dispatch in Dispatch::ALL {
        assert_eq!(&setting.run(dispatch), expected, "{dispatch:?}, gas {}, {:?}", setting.gas_limit, setting.limits);
    }
}

/// The scripts of the recorded outcomes, if they are there.
fn recorded() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data");
    let mut scripts = Vec::new();
    for file in ["generated.jsonl.gz", "contexts.jsonl.gz", "rules.jsonl.gz"] {
        let Ok(bytes) = std::fs::read(folder.join(file)) else { continue };
        let mut text = String::new();
        flate2::read::GzDecoder::new(&bytes[..]).read_to_string(&mut text).unwrap();
        for line in text.lines() {
            let after = line.split_once("\"script\":\"").map(|(_, after)| after);
            let hex = after.and_then(|after| after.split('"').next()).unwrap_or_default();
            if hex.len() <= 1000 {
                scripts.push(bytes_of(hex));
            }
        }
    }
    scripts
}

fn bytes_of(hex: &str) -> Vec<u8> {
    (0..hex.len() / 2).filter_map(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).ok()).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn variable(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// The setting of a seed.
fn setting(recorded: &[Vec<u8>], random: &mut Random) -> Setting {
    let calls = SystemCalls { simple: CALLS.map(simple).into(), ..SystemCalls::default() };
    let script = if !recorded.is_empty() && random.one_in(4) {
        let (script, other) = (&recorded[random.below(recorded.len())], &recorded[random.below(recorded.len())]);
        mutated(script, other, random)
    } else {
        any_script(random, &calls)
    };
    Setting::new(script, random)
}

#[test]
fn all_modes_agree() {
    let recorded = recorded();
    let first = variable("NEOVM_SEED", 0);
    for seed in first..first + variable("NEOVM_SCRIPTS", SCRIPTS) {
        let mut random = Random::new(seed);
        let setting = setting(&recorded, &mut random);
        let result = std::panic::catch_unwind(core::panic::AssertUnwindSafe(|| check(setting.clone(), &mut random)));
        if result.is_err() {
            let script = hex(&setting.script);
            panic!("seed {seed}: {script} under {:?}, {:?}", setting.limits, setting.hardfork);
        }
    }
}
