//! Memory, measured by a counting allocator: how much scripts that make cyclic garbage may take, and
//! that all of it is freed.

use std::thread;

use neovm::{
    Caller, Dispatch, Engine, EngineConfig, FaultKind, Gas, Host, HostError, JitMode, Limits, LoadOptions, NoHost,
    Outcome, RunOptions, Script, StackItem, Stop, Vm, VmConfig, types::asm::assemble,
    types::engine_internals::Candidate,
};
use neovm_testing::{
    allocator::{Counting, live, peak},
    hostile::{CYCLES, endless, largest},
    is_long,
    wide::LOOPS,
};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The most bytes that a machine may take beyond the items of its script, and that garbage may take.
const BOUND: isize = 64 << 20;
const GARBAGE_BOUND: isize = 8 << 20;

fn script(text: &str) -> Script {
    assemble(text).unwrap_or_else(|error| panic!("{error}"))
}

fn loaded(text: &str, config: VmConfig) -> Vm {
    loaded_with(text, config, RunOptions::default())
}

/// An execution that may use some gas, in datoshi.
fn gas(limit: i64) -> RunOptions {
    RunOptions::new(Gas::from_datoshi(limit))
}

/// A machine that has a script loaded, and what it may use.
fn loaded_with(text: &str, config: VmConfig, options: RunOptions) -> Vm {
    let mut vm = Vm::new(config, options);
    vm.load_script(script(text), LoadOptions::default()).unwrap();
    vm
}

/// Runs a test and checks that it freed all memory that it allocated.
fn returning_all<R>(test: impl FnOnce() -> R) -> R {
    // A thread keeps some freed blocks of short byte strings: before and after, as many as it may.
    let keep_most = || drop((0..1024).map(|i: u32| StackItem::from(i.to_le_bytes().as_slice())).collect::<Vec<_>>());
    keep_most();
    let before = live();
    let result = test();
    keep_most();
    assert_eq!(live() - before, 0, "bytes that did not come back");
    result
}

/// The gas of the most expensive transaction there can be, in datoshi: 20,000 GAS.
const ALL_GAS: i64 = 2_000_000_000_000;

/// Returns the number of turns of a loop: with `NEOVM_LONG` as many as the gas buys, and without
/// optimization fewer of those that take long.
fn turns(turn: &str) -> u64 {
    let slow = turn.contains("2000") || turn.contains("131070");
    match slow && cfg!(debug_assertions) {
        _ if is_long() => u64::MAX,
        true => 100_000,
        false => 1_000_000,
    }
}

#[test]
fn garbage_that_no_counter_sees_is_freed() {
    thread::scope(|scope| {
        for (name, turn) in CYCLES {
            scope.spawn(move || {
                returning_all(|| {
                    let mut vm = loaded_with(&endless(turn), VmConfig::default(), gas(ALL_GAS));
                    vm.set_budget(Some((turn.lines().count() as u64 + 1).saturating_mul(turns(turn))));
                    let (outcome, peak) = peak(|| vm.run(&mut NoHost));
                    assert_ne!(outcome, Outcome::Halt, "{name}");
                    assert!(vm.reference_count() < 4, "{name}: {} items are counted", vm.reference_count());
                    assert!(vm.instructions() > 400_000, "{name}: {outcome:?}");
                    assert!(peak > 0 && peak < GARBAGE_BOUND, "{name}: {peak} bytes");
                });
            });
        }
    });
}

/// The most bytes that scripts can hold: as many items as there may be, twice since a pending exception
/// is not counted, each of the largest size, and some room.
const HELD_BOUND: isize = 2 * 2048 * 131_070 + BOUND;

#[test]
fn what_scripts_hold_has_a_bound() {
    let mut most = 0;
    for (name, text) in largest() {
        returning_all(|| {
            let mut vm = loaded_with(&text, VmConfig::default(), gas(2_000_000_000));
            let (outcome, peak) = peak(|| vm.run(&mut NoHost));
            let Outcome::Fault(fault) = outcome else { panic!("{name}: {outcome:?}") };
            assert!(matches!(fault.kind, FaultKind::Abort(_) | FaultKind::MaxStackSize { .. }), "{name}: {fault}");
            assert!(peak < HELD_BOUND, "{name}: {peak} bytes");
            most = most.max(peak);
        });
    }
    assert!(most > 2 * 2047 * 131_070, "no script that holds all it can: {most} bytes");
}

#[test]
fn clones_that_are_too_many_are_not_made() {
    let (_, text) = &largest()[3];
    let mut vm = loaded(text, VmConfig::default());
    let (outcome, peak) = peak(|| vm.run(&mut NoHost));
    let Outcome::Fault(fault) = outcome else { panic!("{outcome:?}") };
    // An array of 2,001 items, each of 2,046 more.
    assert_eq!(fault.kind, FaultKind::MaxStackSize { count: 1 + 2001 * 2047, limit: 2048 });
    assert!(peak < 4 << 20, "{peak} bytes");
}

/// Clones that are counted but not made share an array, as real clones do.
#[test]
fn clones_that_are_not_made_count_what_they_share() {
    for structs in [3, 31] {
        let text = format!(
            "PUSHINT16 500\nNEWARRAY\nUNPACK\nDROP\nPUSHINT16 1000\nNEWARRAY\nPUSHINT16 501\nPACKSTRUCT
             PUSHINT8 {}\nmore: OVER\nSWAP\nDEC\nDUP\nJMPIF more\nDROP\nDEPTH\nPACK\nVALUES",
            structs - 1
        );
        let mut vm = loaded(&text, VmConfig::default());
        let Outcome::Fault(fault) = vm.run(&mut NoHost) else { panic!("the item limit ends it") };
        let count = 1 + structs * (1 + 501) + 1000;
        assert_eq!(fault.kind, FaultKind::MaxStackSize { count, limit: 2048 });
    }
}

/// A message that is not read is not copied, be it data of the script or a buffer.
#[test]
fn messages_of_assertions_that_hold_take_no_memory() {
    let data = format!("PUSHDATA2 0x{}", "c3a4".repeat(30_000));
    for (message, held) in [(data.as_str(), 0), ("PUSHINT32 131070\nNEWBUFFER", 131_070)] {
        let text = format!("INITSLOT 1, 0\n{message}\nSTLOC0\nnext: PUSHT\nLDLOC0\nASSERTMSG\nJMP next");
        let mut vm = loaded_with(&text, VmConfig::default(), gas(1_000_000));
        let (outcome, peak) = peak(|| vm.run(&mut NoHost));
        assert!(matches!(outcome, Outcome::Fault(fault) if fault.kind == FaultKind::InsufficientGas));
        assert!(vm.instructions() > 10_000 && peak < held + 8192, "{peak} bytes");
    }
}

/// Long data that may outlive its script is copied, at a price of a unit or two, but only once.
#[test]
fn long_data_of_a_script_is_copied_once() {
    let data = format!("PUSHDATA4 0x{}", "6e".repeat(131_070));
    let load = "LDLOC0\n".repeat(1_000);
    let each = [
        format!("{load}PUSHINT16 1000\nPACK"),
        format!("{load}PUSHINT16 1000\nPACKSTRUCT"),
        "LDLOC0\nPUSHT\nROLL\n".repeat(1_000),
        format!("LDLOC0\n{}", "PUSHF\nPICK\n".repeat(1_000)),
        // In the operand of another instruction.
        format!("JMP +4\nPUSHDATA1 0x{}", "68".repeat(200)),
        format!("LDLOC0\nJMP +4\nPUSHDATA1 0x{}", "4a".repeat(200)),
        format!("NEWARRAY0\nSTLOC1\n{}", "LDLOC1\nLDLOC0\nAPPEND\n".repeat(1_000)),
    ];
    for what in each {
        let peak = returning_all(|| {
            let mut vm = loaded(&format!("INITSLOT 2, 0\n{data}\nDUP\nSTLOC0\n{what}\nRET"), VmConfig::default());
            let (outcome, peak) = peak(|| vm.run(&mut NoHost));
            assert_eq!(outcome, Outcome::Halt);
            peak
        });
        assert!(peak < 1 << 20, "{peak} bytes: {}", &what[what.len() - 20..]);
    }
}

/// An array of 500 arrays that could be cycles, and a loop that takes it off the stack and puts it
/// back.
const RELEASED_AND_COUNTED_AGAIN: &str = "NEWARRAY0\nPUSHINT16 500\n\
    build: OVER\nNEWARRAY0\nDUP\nNEWARRAY0\nAPPEND\nAPPEND\nDEC\nDUP\nJMPIF build\nDROP\nPUSH0\n\
    next: PUSH1\nROLL\nJMP next";

#[test]
fn what_is_counted_again_is_not_kept_in_mind() {
    returning_all(|| {
        let mut vm = loaded(RELEASED_AND_COUNTED_AGAIN, VmConfig::default());
        vm.set_budget(Some(10_000));
        assert_eq!(vm.run(&mut NoHost), Outcome::Stopped(Stop::Budget));
        let before = live();
        vm.set_budget(Some(20_000));
        assert_eq!(vm.run(&mut NoHost), Outcome::Stopped(Stop::Budget));
        let growth = live() - before;
        assert!(growth < 1 << 20, "{growth} bytes more after 3,333 releases of 500 arrays");
    });
}

/// Cycles that the consensus count still includes: they stay until the machine ends, and the item limit
/// bounds them.
const COUNTED: [&str; 3] = [
    "next: NEWARRAY0\nDUP\nDUP\nAPPEND\nDROP\nJMP next",
    "next: NEWMAP\nDUP\nPUSH1\nOVER\nSETITEM\nDROP\nJMP next",
    "next: NEWARRAY0\nDUP\nPUSH1\nPACK\nDUP\nPUSHINT16 1000\nNEWBUFFER\nAPPEND\nOVER\nSWAP\nAPPEND\nDROP\nJMP next",
];

#[test]
fn counted_cycles_come_back_when_the_machine_ends() {
    for text in COUNTED {
        returning_all(|| {
            let mut vm = loaded(text, VmConfig::default());
            let Outcome::Fault(fault) = vm.run(&mut NoHost) else { panic!("the item limit ends it") };
            assert_eq!(fault.kind, FaultKind::MaxStackSize { count: 2049, limit: 2048 });
        });
    }
}

#[test]
fn counted_cycles_come_back_at_a_reset() {
    for text in COUNTED {
        returning_all(|| {
            let mut vm = Vm::new(VmConfig::default(), RunOptions::default());
            let script = script(text);
            let mut after = Vec::new();
            for _ in 0..5 {
                vm.load_script(script.clone(), LoadOptions::default()).unwrap();
                assert!(matches!(vm.run(&mut NoHost), Outcome::Fault(_)));
                vm.reset(RunOptions::default(), &mut NoHost);
                after.push(live());
            }
            // The list itself takes some; what else is kept was there after the first.
            let kept = after[4] - after[1];
            assert!(kept < 1024, "{kept} bytes more after each reset");
        });
    }
}

#[test]
fn all_kinds_of_items_come_back_wherever_they_are() {
    let make = "PUSHDATA1 \"0123456789012345678901234567890123456789\"
        PUSHINT256 57896044618658097711785492504343953926634992332820282019728792003956564819967
        PUSHINT16 1000\nNEWBUFFER\nNEWMAP\nDUP\nPUSH1\nPUSH2\nSETITEM\nPUSH5\nNEWARRAY\nPUSH4\nPACKSTRUCT";
    let fill = format!("INITSSLOT 2\nCALL f\nf: INITSLOT 2, 0\n{make}\nDUP\nSTSFLD1\nDUP\nSTLOC1\nDUP");
    for end in ["RET", "ABORT", "THROW", "JMP +0", ".byte 0xff"] {
        for gas_limit in [i64::MAX, 100_000] {
            returning_all(|| {
                let mut vm = loaded_with(&format!("{fill}\n{end}"), VmConfig::default(), gas(gas_limit));
                vm.set_budget(Some(10_000));
                vm.run(&mut NoHost);
                assert!(vm.instructions() > 5);
            });
        }
    }
}

#[test]
fn deep_stacks_and_slots_come_back() {
    let limits = Limits::DEFAULT.with_max_stack_size(1 << 20);
    let text = format!("f: {}INITSLOT 255, 255\nPUSH7\nNEWARRAY\nSTLOC0\nCALL_L f", "PUSH1\n".repeat(255));
    returning_all(|| {
        let mut vm = loaded(&text, VmConfig::default().with_limits(limits));
        assert!(matches!(vm.run(&mut NoHost), Outcome::Fault(_)));
        assert_eq!(vm.depth(), 1024);
        vm.reset(RunOptions::default(), &mut NoHost);
    });
}

/// A host that keeps items (system call 1) and returns them (2).
#[derive(Default)]
struct Keeper(Vec<StackItem>);

impl Host for Keeper {
    fn syscall(&mut self, caller: &mut Caller<'_>, id: u32) -> Result<(), HostError> {
        match id {
            1 => self.0.push(caller.pop()?),
            _ => caller.push(self.0.pop().expect("an item that was kept")),
        }
        Ok(())
    }
}

const KEEP: &str = "SYSCALL 0x01000000";
const GIVE: &str = "SYSCALL 0x02000000";

/// Makes many unreachable cycles, so that the machine collects garbage.
const GARBAGE: &str = "PUSHINT16 5000\nmore: NEWARRAY0\nDUP\nAPPEND\nDEC\nDUP\nJMPIF more\nDROP";

#[test]
fn a_cycle_that_the_host_holds_is_not_cleared() {
    let text = format!(
        "NEWARRAY0\nDUP\nPUSH7\nAPPEND\nDUP\n{KEEP}\nDUP\nAPPEND\n{GARBAGE}\n{GIVE}
         DUP\nPUSH0\nPICKITEM\nSWAP\n{KEEP}\nRET"
    );
    let mut host = Keeper::default();
    let mut vm = loaded(&text, VmConfig::default());
    assert_eq!(vm.run(&mut host), Outcome::Halt);
    assert_eq!(vm.results()[0].to_i32(), Ok(7));
    for ended in ["reset", "dropped"] {
        let StackItem::Array(array) = &host.0[0] else { panic!("an array was kept") };
        assert_eq!(array.len(), 2, "before it is {ended}");
        assert!(array.get(1).unwrap().is_same(&host.0[0]));
        vm.reset(RunOptions::default(), &mut NoHost);
    }
    drop(vm);
    let StackItem::Array(array) = &host.0[0] else { panic!("an array was kept") };
    assert_eq!(array.len(), 2);
    array.clear().unwrap();
}

#[test]
fn a_cycle_is_freed_with_the_results() {
    let taken = {
        let mut vm = loaded("NEWARRAY0\nDUP\nDUP\nAPPEND\nDUP\nPUSH7\nAPPEND\nRET", VmConfig::default());
        assert_eq!(vm.run(&mut NoHost), Outcome::Halt);
        assert_eq!(vm.reference_count(), 3);
        vm.take_results()
    };
    let StackItem::Array(array) = &taken[0] else { panic!("an array was taken") };
    assert_eq!(array.get(1).unwrap().to_i32(), Ok(7));
    let weak = Candidate::new(&taken[0]).unwrap();
    let kept = taken.clone();
    drop(taken);
    assert!(weak.is_alive());
    drop(kept);
    assert!(!weak.is_alive());
}

/// Throws what a text makes of an array that local variable 0 holds too; the
/// finally block takes the variable's, stores it into itself and makes
/// garbage. What the catch block then finds is the result.
fn thrown(made: &str, opened: &str) -> Vm {
    let text = format!(
        "INITSLOT 1, 0\nTRY_L caught, -\nTRY_L -, finally
         NEWARRAY0\nDUP\nPUSH7\nAPPEND\nDUP\nSTLOC0\n{made}\nTHROW
         finally: LDLOC0\nPUSHNULL\nSTLOC0\nDUP\nAPPEND\n{GARBAGE}\nENDFINALLY
         caught: {opened}\nPUSH0\nPICKITEM\nRET"
    );
    let mut vm = loaded(&text, VmConfig::default());
    assert_eq!(vm.run(&mut NoHost), Outcome::Halt);
    vm
}

#[test]
fn a_cycle_that_the_pending_exception_holds_is_not_cleared() {
    returning_all(|| {
        for (made, opened) in [
            ("NOP", "NOP"),
            ("PUSH1\nPACK", "PUSH0\nPICKITEM"),
            ("PUSH1\nPACKSTRUCT\nPUSH1\nPACK", "PUSH0\nPICKITEM\nPUSH0\nPICKITEM"),
            ("NEWMAP\nDUP\nROT\nPUSH5\nSWAP\nSETITEM", "PUSH5\nPICKITEM"),
        ] {
            let vm = thrown(made, opened);
            assert_eq!(vm.results()[0].to_i32(), Ok(7), "{made}");
        }
    });
}

#[test]
fn a_cycle_in_a_pending_exception_comes_back() {
    for end in ["ABORT", "JMP +0"] {
        returning_all(|| {
            let text = format!("TRY_L -, finally\nNEWARRAY0\nDUP\nDUP\nAPPEND\nTHROW\nfinally: {GARBAGE}\n{end}");
            let mut vm = loaded(&text, VmConfig::default());
            vm.set_budget(Some(100_000));
            vm.run(&mut NoHost);
            assert!(vm.pending_exception().is_some());
        });
    }
}

/// Compiled code takes wide integers out of their cells, and exits put them back: each allocation is freed once.
#[test]
fn wide_integers_of_compiled_code_are_freed() {
    let mut entered = 0;
    for (name, text) in LOOPS {
        let engine = Engine::new(EngineConfig::default().with_jit(JitMode::Lazy { threshold: 2, background: false }));
        let code = engine.prepare(&script(text)).unwrap();
        let mut vm = Vm::new(VmConfig::default().with_dispatch(Dispatch::Auto), RunOptions::default());
        let mut run = |limit: i64| {
            vm.reset(gas(limit), &mut NoHost);
            vm.load(std::sync::Arc::clone(&code), LoadOptions::default()).unwrap();
            vm.run(&mut NoHost);
            vm.reset(RunOptions::default(), &mut NoHost);
        };
        let mut round = || {
            (0..400).for_each(|units| run(units * 300));
            (0..100).for_each(|_| run(i64::MAX));
        };
        // The first rounds compile, and leave room in the machine.
        (0..3).for_each(|_| round());
        let before = live();
        round();
        assert!((live() - before).abs() < 8_000, "{name}: {} bytes", live() - before);
        entered += engine.jit().map_or(0, |jit| jit.stats().entered);
    }
    assert!(entered > 1_000 || !cfg!(target_arch = "x86_64"), "compiled code was entered {entered} times");
}
