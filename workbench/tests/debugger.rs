//! The debugger, over contracts of a compiler and of tests.

mod common;

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use common::{call, chain, deploy, owner};
use neovm::{
    Chain, Execution, Hash160, Outcome, StackItem,
    host::{Invocation, PendingInvocation},
    storage::Key,
    types::NefFile,
};
use neovm_workbench::{
    DebugInfo, Scripts,
    debugger::{Condition, ConditionError, Debugger, Direction, Motion, Pause, SlotKind},
};

const NEF: &[u8] = include_bytes!("data/classify.nef");
const MANIFEST: &[u8] = include_bytes!("data/classify.manifest.json");
const DEBUG: &[u8] = include_bytes!("data/classify.nefdbgnfo");

/// A chain and what runs on it.
struct World {
    chain: Chain,
    pending: PendingInvocation,
    contract: Hash160,
}

impl World {
    fn new(chain: Chain, contract: Hash160, invocation: &Invocation) -> Self {
        let pending = chain.prepare(invocation).expect("prepared");
        Self { chain, pending, contract }
    }

    /// A call of the contract of neo3-boa.
    fn classify(method: &str, arguments: Vec<StackItem>) -> Self {
        let mut chain = chain();
        let owner = owner(&chain);
        let contract = chain.deploy(owner, NEF, MANIFEST).expect("deployed").state().hash;
        let invocation = call(&chain, contract, method, arguments);
        Self::new(chain, contract, &invocation)
    }

    /// A call of a contract with one method `main`, in assembly.
    fn assembled(text: &str, gas: i64) -> Self {
        let mut chain = chain();
        let contract = deploy(&mut chain, ["Test", "main"], text, &[], "Any");
        let invocation = call(&chain, contract, "main", vec![]).with_gas(gas);
        Self::new(chain, contract, &invocation)
    }

    fn debugger(&self) -> Debugger<'_> {
        let mut scripts = Scripts::default();
        let script = NefFile::parse(NEF).expect("a NEF file").script;
        scripts.add_debug_info(&script, Arc::new(DebugInfo::read(DEBUG).expect("debug information")));
        let contract = self.chain.contract(self.contract).expect("read").expect("a contract");
        scripts.add_contract(&contract, self.chain.network().engine()).expect("a script");
        let job = self.pending.job();
        let begin = move || Execution::new(self.chain.network(), self.chain.store(), &job);
        Debugger::new(begin, scripts, Arc::default()).expect("a debugger")
    }
}

/// Goes somewhere forward.
#[track_caller]
fn on(debugger: &mut Debugger<'_>, motion: Motion) -> Pause {
    debugger.go(motion, Direction::Forward).expect("it runs")
}

/// Goes somewhere back.
#[track_caller]
fn back(debugger: &mut Debugger<'_>, motion: Motion) -> Pause {
    debugger.go(motion, Direction::Back).expect("it runs")
}

fn add(debugger: &mut Debugger<'_>, text: &str) -> u32 {
    let condition = debugger.condition(text).expect("a condition");
    debugger.add_breakpoint(condition, false)
}

/// The numbers of the breakpoints that were hit, and what happened.
#[track_caller]
fn hits(pause: &Pause) -> Vec<(u32, Option<&str>)> {
    let Pause::Breakpoint(hits) = pause else { panic!("no breakpoint: {pause:?}") };
    hits.iter().map(|hit| (hit.id, hit.what.as_deref())).collect()
}

fn line(debugger: &Debugger<'_>) -> Option<u32> {
    debugger.frames().first()?.line.as_ref().map(|line| line.start.0)
}

/// All that can be seen of an execution.
fn snapshot(debugger: &Debugger<'_>) -> String {
    let execution = debugger.execution();
    let vm = execution.vm();
    let contexts: Vec<String> = vm
        .contexts()
        .iter()
        .map(|it| format!("{:?}", (it.position, &it.stack, &it.locals, &it.arguments, &it.statics)))
        .collect();
    let storage = execution.entries(&[]).expect("read");
    format!(
        "{:?}",
        (
            debugger.time(),
            vm.gas_consumed(),
            vm.depth(),
            contexts,
            execution.changes(),
            storage,
            execution.notifications(),
            vm.results()
        )
    )
}

#[test]
fn each_instruction_can_be_gone_back_to() {
    // With the usual copies, which it is too short for, and with as many as there may be.
    for interval in [1 << 22, 7, 1] {
        go_back_to_each_instruction(World::classify("keep", vec!["key".into(), 5.into()]), interval);
        go_back_to_each_instruction(token_transfer(), interval);
    }
}

/// A transfer of GAS to a contract, which is told of it: storage, events and calls of native contracts.
fn token_transfer() -> World {
    let mut chain = chain();
    let contract = deploy(
        &mut chain,
        ["Test", "onNEP17Payment"],
        "INITSLOT 1, 3\nNEWMAP\nSTLOC0\nRET",
        &["Hash160", "Integer", "Any"],
        "Void",
    );
    let gas: Hash160 = "0xd2a4cff31913016155e38e474a2c06d08be276cf".parse().expect("a hash");
    let arguments = vec![owner(&chain).account.into(), contract.into(), 5.into(), StackItem::Null];
    let invocation = call(&chain, gas, "transfer", arguments);
    World::new(chain, contract, &invocation)
}

fn go_back_to_each_instruction(world: World, interval: u64) {
    let mut debugger = world.debugger();
    debugger.set_checkpoint_interval(interval);
    let mut seen = vec![snapshot(&debugger)];
    loop {
        let pause = on(&mut debugger, Motion::Into);
        seen.push(snapshot(&debugger));
        if let Pause::Ended(outcome) = pause {
            assert_eq!(outcome, Outcome::Halt);
            break;
        }
    }
    assert_eq!(debugger.time() as usize, seen.len() - 1);
    for (time, before) in seen.iter().enumerate().rev().skip(1) {
        let pause = back(&mut debugger, Motion::Into);
        assert_eq!(pause, if time == 0 { Pause::Beginning } else { Pause::Step });
        assert_eq!((debugger.time() as usize, &snapshot(&debugger)), (time, before));
    }
    assert_eq!(back(&mut debugger, Motion::Into), Pause::Beginning);
    for time in [seen.len() / 2, 3, seen.len() - 1] {
        debugger.go_to(time as u64).expect("it runs");
        assert_eq!(snapshot(&debugger), seen[time]);
    }
}

/// What runs on without looking on comes to the same, also where it ends.
#[test]
fn what_runs_far_is_counted_as_steps_are() {
    let turns = "PUSH0\nturn: INC\nDUP\nPUSHINT32 20000\nLT\nJMPIF turn\n";
    let ends = ["RET", "PUSH1\nTHROW", "PUSH1\nADD\nADD", "ABORT", "INC\nPUSH0\nDIV"];
    let mut texts: Vec<String> = ends.iter().map(|end| format!("{turns}{end}")).collect();
    // It runs out of gas.
    texts.push("PUSH0\nturn: INC\nJMP turn".into());
    for text in texts {
        let world = World::assembled(&text, 2000_0000);
        let (mut steps, mut far) = (world.debugger(), world.debugger());
        far.set_checkpoint_interval(5000);
        steps.set_checkpoint_interval(2000);
        let ended = loop {
            if let Pause::Ended(outcome) = on(&mut steps, Motion::Into) {
                break outcome;
            }
        };
        assert!(steps.time() > 50_000, "{text}: {}", steps.time());
        assert_eq!(on(&mut far, Motion::Continue), Pause::Ended(ended.clone()), "{text}");
        assert_eq!(snapshot(&far), snapshot(&steps), "{text}");
        let end = steps.time();
        let mut again = world.debugger();
        assert_eq!(again.go_to(u64::MAX), Ok(Pause::Ended(ended)));
        assert_eq!(snapshot(&again), snapshot(&steps), "{text}");
        for time in [end - 1, 9000, 40_001, end - 2] {
            far.go_to(time).expect("it runs");
            again.go_to(0).expect("it runs");
            assert_eq!(again.go_to(time), Ok(Pause::Step));
            assert_eq!((far.time(), snapshot(&far)), (time, snapshot(&again)), "{text}");
            assert_eq!(far.ended(), None);
        }
        again.go_to(0).expect("it runs");
        again.set_max_time(Some(30_000));
        assert_eq!((again.go_to(u64::MAX), again.time()), (Ok(Pause::Limit), 30_000));
        assert_eq!((on(&mut again, Motion::Continue), again.time()), (Pause::Limit, 30_000));
    }
}

#[test]
fn steps_go_from_line_to_line() {
    let world = World::classify("classify", vec![2.into()]);
    let mut debugger = world.debugger();
    add(&mut debugger, "classify.classify");
    assert_eq!(hits(&on(&mut debugger, Motion::Continue)), [(1, None)]);
    let mut lines = Vec::new();
    let mut times = Vec::new();
    while debugger.ended().is_none() {
        lines.extend(line(&debugger));
        times.push(debugger.time());
        on(&mut debugger, Motion::LineOver);
    }
    assert_eq!(lines, [7, 8, 9, 10, 11, 14, 9, 10, 13, 14, 9, 15, 17]);
    // The same way back.
    debugger.go_to(*times.last().expect("lines")).expect("it runs");
    for time in times[1..times.len() - 1].iter().rev() {
        assert_eq!(back(&mut debugger, Motion::LineOver), Pause::Step);
        assert_eq!(debugger.time(), *time);
    }
}

#[test]
fn functions_are_entered_passed_and_left() {
    // main calls a function twice; the function stores its argument.
    let world = World::assembled(
        "PUSH1\nCALL f\nDROP\nPUSH2\nCALL f\nRET\nf: INITSLOT 1, 1\nLDARG0\nSTLOC0\nLDLOC0\nRET",
        20_0000_0000,
    );
    let mut debugger = world.debugger();
    add(&mut debugger, "Test.main");
    on(&mut debugger, Motion::Continue);
    let depth = |debugger: &Debugger<'_>| debugger.frames().len();
    let position = |debugger: &Debugger<'_>| debugger.frames()[0].position;
    assert_eq!((depth(&debugger), position(&debugger)), (2, 0));
    on(&mut debugger, Motion::Into);
    on(&mut debugger, Motion::Into);
    assert_eq!((depth(&debugger), debugger.frames()[0].function.as_str()), (3, "function at byte 8"));
    assert_eq!(debugger.frames()[1].position, 1);
    assert_eq!(on(&mut debugger, Motion::Out), Pause::Step);
    assert_eq!((depth(&debugger), position(&debugger)), (2, 3));
    on(&mut debugger, Motion::Over);
    on(&mut debugger, Motion::Over);
    assert_eq!(position(&debugger), 5);
    on(&mut debugger, Motion::Over);
    assert_eq!(position(&debugger), 7);
    assert_eq!(back(&mut debugger, Motion::Over), Pause::Step);
    assert_eq!(position(&debugger), 5);
    on(&mut debugger, Motion::Into);
    on(&mut debugger, Motion::Into);
    assert_eq!(depth(&debugger), 3);
    assert_eq!(back(&mut debugger, Motion::Out), Pause::Step);
    assert_eq!((depth(&debugger), position(&debugger)), (2, 5));
}

#[test]
fn breakpoints_of_all_kinds_stop() {
    let world = World::classify("keep", vec!["key".into(), 5.into()]);
    let mut debugger = world.debugger();
    let all = [
        "classify@69",
        "keep",
        ":22",
        "opcode PUSH0",
        "syscall Storage.Local.Put",
        "gas 0.010",
        "storage classify key",
    ];
    let ids: Vec<u32> = all
        .map(|text| {
            let condition = match text.strip_prefix(':') {
                Some(line) => debugger.line("classify.py", line.parse().expect("a number")),
                None => debugger.condition(text),
            };
            debugger.add_breakpoint(condition.expect(text), false)
        })
        .into();
    let mut found = Vec::new();
    while debugger.ended().is_none() {
        if let Pause::Breakpoint(hits) = on(&mut debugger, Motion::Continue) {
            found.extend(hits.into_iter().map(|hit| hit.id));
        }
    }
    for (id, text) in ids.iter().zip(all) {
        assert!(found.contains(id), "{text} was not hit: {found:?}");
    }
    let mut again = Vec::new();
    while let Pause::Breakpoint(hits) = back(&mut debugger, Motion::Continue) {
        again.extend(hits.into_iter().map(|hit| hit.id));
    }
    again.reverse();
    found.sort_unstable();
    again.sort_unstable();
    assert_eq!(found, again);
}

#[test]
fn an_entry_that_changes_is_seen_with_both_values() {
    let world = World::classify("keep", vec!["key".into(), 5.into()]);
    let mut debugger = world.debugger();
    let id = add(&mut debugger, "storage classify 0x6b6579");
    assert_eq!(hits(&on(&mut debugger, Motion::Continue)), [(id, Some("nothing -> 0x05"))]);
    let key = Key::new(debugger.contract_id(Some("classify")).expect("a contract"), b"key");
    assert_eq!(debugger.execution().value(&key).expect("read").as_deref(), Some(&[5][..]));
    back(&mut debugger, Motion::Into);
    assert_eq!(debugger.execution().value(&key).expect("read"), None);
}

#[test]
fn a_variable_that_changes_is_seen() {
    let world = World::classify("classify", vec![2.into()]);
    let mut debugger = world.debugger();
    add(&mut debugger, "opcode LDARG0");
    on(&mut debugger, Motion::Continue);
    let watched = debugger.watched("total").expect("a variable");
    debugger.remove_breakpoint(1);
    let id = debugger.add_breakpoint(Condition::Slot(watched), false);
    assert_eq!(hits(&on(&mut debugger, Motion::Continue)), [(id, Some("total = 0 -> -1"))]);
    assert!(matches!(on(&mut debugger, Motion::Continue), Pause::Ended(Outcome::Halt)));
    assert_eq!(hits(&back(&mut debugger, Motion::Continue)), [(id, Some("total = 0 -> -1"))]);
}

#[test]
fn exceptions_stop_before_they_are_thrown() {
    let caught = "TRY catch, -\nPUSHDATA1 \"oops\"\nTHROW\ncatch: DROP\nNEWARRAY0\nPUSH3\nPICKITEM\nRET";
    let world = World::assembled(caught, 20_0000_0000);
    let mut debugger = world.debugger();
    let id = add(&mut debugger, "exception");
    assert_eq!(hits(&on(&mut debugger, Motion::Continue)), [(id, Some("exception: \"oops\""))]);
    assert_eq!(debugger.execution().vm().opcode(), Some(neovm::OpCode::THROW));
    let first = debugger.time();
    let pause = on(&mut debugger, Motion::Continue);
    let what = hits(&pause)[0].1.expect("a message");
    assert!(what.starts_with("fault: ") && what.contains("out of range"), "{what}");
    assert_eq!(debugger.execution().vm().opcode(), Some(neovm::OpCode::PICKITEM));
    assert_eq!(debugger.evaluate(debugger.frames().first(), "stack[0]").expect("an item"), 3);
    assert!(matches!(on(&mut debugger, Motion::Continue), Pause::Ended(Outcome::Fault(_))));
    // Back over both.
    back(&mut debugger, Motion::Continue);
    assert_eq!(hits(&back(&mut debugger, Motion::Continue)), [(id, Some("exception: \"oops\""))]);
    assert_eq!(debugger.time(), first);
    assert_eq!(back(&mut debugger, Motion::Continue), Pause::Beginning);
}

#[test]
fn values_that_hold_themselves_are_shown() {
    // An array that holds itself, in a static field and on the stack.
    let world =
        World::assembled("INITSSLOT 1\nNEWARRAY0\nDUP\nSTSFLD0\nDUP\nDUP\nAPPEND\nNOP\nDROP\nPUSH1\nRET", 20_0000_0000);
    let mut debugger = world.debugger();
    add(&mut debugger, "opcode NOP");
    on(&mut debugger, Motion::Continue);
    let frame = debugger.frames().swap_remove(0);
    let statics = debugger.variables(&frame, SlotKind::Static);
    assert!(neovm_workbench::show::item(&statics[0].value).starts_with("[[["));
    assert!(debugger.evaluate(Some(&frame), "static0[0][0][0]").is_ok());
    assert!(debugger.evaluate(Some(&frame), "static0[1]").is_err());
    debugger.add_breakpoint(Condition::Slot(debugger.watched("static0").expect("a slot")), false);
    assert!(matches!(on(&mut debugger, Motion::Continue), Pause::Ended(Outcome::Halt)));
}

#[test]
fn an_endless_loop_is_stopped_by_the_flag_and_by_gas() {
    let world = World::assembled("loop: NOP\nJMP loop", i64::MAX);
    let mut debugger = world.debugger();
    let flag = Arc::clone(debugger.interrupt());
    let stopped = std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(100));
            flag.store(true, Ordering::Relaxed);
        });
        on(&mut debugger, Motion::Continue)
    });
    assert_eq!(stopped, Pause::Interrupted);
    // Going on works, and so does going back.
    assert_eq!(on(&mut debugger, Motion::Into), Pause::Step);
    let time = debugger.time();
    assert_eq!(back(&mut debugger, Motion::Into), Pause::Step);
    assert_eq!(debugger.time(), time - 1);
    debugger.set_max_time(Some(time + 10));
    assert_eq!(on(&mut debugger, Motion::Continue), Pause::Limit);
    let world = World::assembled("loop: NOP\nJMP loop", 2000_0000);
    assert!(matches!(on(&mut world.debugger(), Motion::Continue), Pause::Ended(Outcome::Fault(_))));
}

#[test]
fn a_million_instructions_back_take_under_a_second() {
    let world = World::assembled("INITSLOT 1, 0\nPUSH0\nSTLOC0\nloop: LDLOC0\nINC\nSTLOC0\nJMP loop", 20_0000_0000);
    let mut debugger = world.debugger();
    debugger.go_to(1_000_100).expect("it runs");
    let begun = std::time::Instant::now();
    debugger.go_to(100).expect("it runs");
    assert_eq!(debugger.time(), 100);
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
}

#[test]
fn temporary_and_disabled_breakpoints() {
    let world = World::classify("classify", vec![5.into()]);
    let mut debugger = world.debugger();
    let condition = debugger.condition("opcode INC").or_else(|_| debugger.condition("opcode ADD")).expect("an opcode");
    let once = debugger.add_breakpoint(debugger.condition("opcode ADD").expect("an opcode"), true);
    let off = debugger.add_breakpoint(condition, false);
    assert!(debugger.enable_breakpoint(off, false) && !debugger.enable_breakpoint(99, false));
    assert_eq!(hits(&on(&mut debugger, Motion::Continue)), [(once, None)]);
    assert_eq!(debugger.breakpoints().len(), 1);
    assert!(matches!(on(&mut debugger, Motion::Continue), Pause::Ended(Outcome::Halt)));
    assert!(debugger.remove_breakpoint(off) && !debugger.remove_breakpoint(off));
}

#[test]
fn what_is_no_place_is_refused() {
    let world = World::classify("classify", vec![5.into()]);
    let debugger = world.debugger();
    let refused = |text: &str| debugger.condition(text).expect_err(text);
    assert!(matches!(refused("classify@1"), ConditionError::Position { position: 1, .. }));
    assert!(matches!(refused("nothing"), ConditionError::Method(_)));
    assert!(matches!(refused("classify.nothing"), ConditionError::Method(_)));
    assert!(matches!(refused("nobody@1"), ConditionError::Contract(_)));
    assert!(matches!(refused("opcode FROB"), ConditionError::OpCode(_)));
    assert!(matches!(refused("syscall Storage.Frob"), ConditionError::Syscall(_)));
    assert!(matches!(refused("gas lots"), ConditionError::Gas(_)));
    assert!(matches!(refused("gas -1.5"), ConditionError::Gas(_)));
    assert!(matches!(refused("storage 0xzz"), ConditionError::Key(_)));
    assert!(matches!(refused("storage"), ConditionError::Key(_)));
    assert!(matches!(refused("other.py:3"), ConditionError::Line { .. }));
    assert!(matches!(refused("classify.py:300"), ConditionError::Line { .. }));
    assert!(matches!(refused("classify.py:x"), ConditionError::Number(_)));
    assert!(matches!(refused("slot frob"), ConditionError::Variable(_)));
    assert!(matches!(refused(""), ConditionError::Missing(_)));
    // A contract that has not run yet may have it.
    assert!(debugger.condition("GasToken.transfer").is_ok());
}

#[test]
fn the_storage_is_that_of_all_layers() {
    // A contract that deletes what a caller would see, below a caller that has written.
    let world = World::classify("keep", vec!["key".into(), 5.into()]);
    let mut debugger = world.debugger();
    let before = debugger.execution().entries(&[]).expect("read");
    on(&mut debugger, Motion::Continue);
    let mut after = debugger.execution().entries(&[]).expect("read");
    let key = Key::new(debugger.contract_id(Some("classify")).expect("a contract"), b"key");
    assert_eq!(after.remove(&key).as_deref(), Some(&[5][..]));
    assert_eq!(before, after);
}
