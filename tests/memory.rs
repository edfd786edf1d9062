//! Memory: what scripts that make garbage in cycles may take, and that all of
//! it comes back. A counting allocator tells.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
};

use neovm::{
    Config, FaultKind, Host, Limits, LoadOptions, NoHost, Outcome, Script, StackItem, Stop, Vm, types::asm::assemble,
};

thread_local! {
    /// Bytes in use by this thread, which runs one test.
    static LIVE: Cell<isize> = const { Cell::new(0) };
    /// Most bytes in use since it was last set.
    static PEAK: Cell<isize> = const { Cell::new(0) };
}

struct Counting;

fn count(bytes: isize) {
    let live = LIVE.get() + bytes;
    LIVE.set(live);
    PEAK.set(PEAK.get().max(live));
}

// SAFETY: all is left to the system's allocator; counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: as the caller's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: as the caller's.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        // SAFETY: as the caller's.
        unsafe { System.dealloc(place, layout) }
    }

    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // Both are there while the bytes are copied.
        count(size as isize);
        count(-(layout.size() as isize));
        // SAFETY: as the caller's.
        unsafe { System.realloc(place, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What a machine may take at most beside what its script holds.
const BOUND: isize = 64 << 20;

fn script(text: &str) -> Script {
    assemble(text).unwrap_or_else(|error| panic!("{error}"))
}

fn loaded(text: &str, config: Config) -> Vm {
    let mut vm = Vm::new(config);
    vm.load_script(script(text), LoadOptions::default()).unwrap();
    vm
}

/// Runs a test and checks that all that it took came back.
fn returning_all<R>(test: impl FnOnce() -> R) -> R {
    // A thread keeps some freed blocks of short byte strings: as many as it may from here on.
    drop((0..1024).map(|i: u32| StackItem::from(i.to_le_bytes().as_slice())).collect::<Vec<_>>());
    let before = LIVE.get();
    let result = test();
    assert_eq!(LIVE.get() - before, 0, "bytes that did not come back");
    result
}

/// Runs a million turns of some instructions within the bound. In a build
/// without optimization it is fewer turns where each takes long.
fn turns(turn: &str, slow: bool) {
    let turns = if slow && cfg!(debug_assertions) { 100_000 } else { 1_000_000 };
    returning_all(|| {
        let mut vm = loaded(&format!("next: {turn}\nJMP_L next"), Config::default());
        PEAK.set(LIVE.get());
        let before = LIVE.get();
        vm.set_budget(Some((turn.lines().count() as u64 + 1) * turns));
        assert_eq!(vm.run(&mut NoHost), Outcome::Stopped(Stop::Budget));
        assert_eq!((vm.position(), vm.reference_count()), (Some(0), 0));
        let peak = PEAK.get() - before;
        assert!(peak > 0 && peak < BOUND, "{peak} bytes");
    });
}

#[test]
fn arrays_that_hold_themselves() {
    turns("NEWARRAY0\nDUP\nAPPEND", false);
}

#[test]
fn structs_and_copies_of_what_they_hold() {
    turns("NEWSTRUCT0\nDUP\nDUP\nAPPEND\nDROP", false);
}

#[test]
fn wide_arrays_that_hold_themselves() {
    turns("PUSHINT16 2000\nNEWARRAY\nDUP\nAPPEND", true);
}

#[test]
fn arrays_that_hold_each_other() {
    turns("NEWARRAY0\nDUP\nPUSH1\nPACK\nAPPEND", false);
}

#[test]
fn maps_that_hold_themselves() {
    turns("NEWMAP\nDUP\nPUSH0\nSWAP\nSETITEM", false);
}

#[test]
fn maps_and_arrays_that_hold_each_other() {
    turns("NEWMAP\nPUSH0\nOVER\nPUSH1\nPACK\nSETITEM", false);
}

#[test]
fn cycles_with_large_buffers() {
    turns("PUSHINT32 131070\nNEWBUFFER\nPUSH1\nPACK\nDUP\nAPPEND", true);
}

/// An array of 500 arrays that could be cycles, and a loop that takes it off the
/// stack and puts it back.
const RELEASED_AND_COUNTED_AGAIN: &str = "NEWARRAY0\nPUSHINT16 500\n\
    build: OVER\nNEWARRAY0\nDUP\nNEWARRAY0\nAPPEND\nAPPEND\nDEC\nDUP\nJMPIF build\nDROP\nPUSH0\n\
    next: PUSH1\nROLL\nJMP next";

#[test]
fn what_is_counted_again_is_not_kept_in_mind() {
    returning_all(|| {
        let mut vm = loaded(RELEASED_AND_COUNTED_AGAIN, Config::default());
        vm.set_budget(Some(10_000));
        assert_eq!(vm.run(&mut NoHost), Outcome::Stopped(Stop::Budget));
        let before = LIVE.get();
        vm.set_budget(Some(20_000));
        assert_eq!(vm.run(&mut NoHost), Outcome::Stopped(Stop::Budget));
        let growth = LIVE.get() - before;
        assert!(growth < 1 << 20, "{growth} bytes more after 3,333 releases of 500 arrays");
    });
}

/// Cycles that the consensus count still counts: they stay until the machine
/// ends, and the item limit bounds them.
const COUNTED: [&str; 3] = [
    "next: NEWARRAY0\nDUP\nDUP\nAPPEND\nDROP\nJMP next",
    "next: NEWMAP\nDUP\nPUSH1\nOVER\nSETITEM\nDROP\nJMP next",
    "next: NEWARRAY0\nDUP\nPUSH1\nPACK\nDUP\nPUSHINT16 1000\nNEWBUFFER\nAPPEND\nOVER\nSWAP\nAPPEND\nDROP\nJMP next",
];

#[test]
fn counted_cycles_come_back_when_the_machine_ends() {
    for text in COUNTED {
        returning_all(|| {
            let mut vm = loaded(text, Config::default());
            let Outcome::Fault(fault) = vm.run(&mut NoHost) else { panic!("the item limit ends it") };
            assert_eq!(fault.kind, FaultKind::MaxStackSize { count: 2049, limit: 2048 });
        });
    }
}

#[test]
fn counted_cycles_come_back_at_a_reset() {
    for text in COUNTED {
        returning_all(|| {
            let mut vm = Vm::new(Config::default());
            let script = script(text);
            let mut after = Vec::new();
            for _ in 0..5 {
                vm.load_script(script.clone(), LoadOptions::default()).unwrap();
                assert!(matches!(vm.run(&mut NoHost), Outcome::Fault(_)));
                vm.reset(i64::MAX);
                after.push(LIVE.get());
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
                let mut vm = loaded(&format!("{fill}\n{end}"), Config { gas_limit, ..Config::default() });
                vm.set_budget(Some(10_000));
                vm.run(&mut NoHost);
                assert!(vm.instructions() > 5);
            });
        }
    }
}

#[test]
fn deep_stacks_and_slots_come_back() {
    let limits = Limits { max_stack_size: 1 << 20, ..Limits::DEFAULT };
    let text = format!("f: {}INITSLOT 255, 255\nPUSH7\nNEWARRAY\nSTLOC0\nCALL_L f", "PUSH1\n".repeat(255));
    returning_all(|| {
        let mut vm = loaded(&text, Config { limits, ..Config::default() });
        assert!(matches!(vm.run(&mut NoHost), Outcome::Fault(_)));
        assert_eq!(vm.depth(), 1024);
        vm.reset(i64::MAX);
    });
}

/// A host that keeps items (system call 1) and gives them back (2).
#[derive(Default)]
struct Keeper(Vec<StackItem>);

impl Host for Keeper {
    fn syscall(&mut self, vm: &mut Vm, id: u32) -> Result<(), FaultKind> {
        match id {
            1 => self.0.push(vm.pop()?),
            _ => vm.push(self.0.pop().expect("an item that was kept")),
        }
        Ok(())
    }
}

const KEEP: &str = "SYSCALL 0x01000000";
const GIVE: &str = "SYSCALL 0x02000000";

/// Makes many cycles that nobody holds, so that garbage is looked for.
const GARBAGE: &str = "PUSHINT16 5000\nmore: NEWARRAY0\nDUP\nAPPEND\nDEC\nDUP\nJMPIF more\nDROP";

#[test]
fn a_cycle_that_the_host_holds_is_not_cleared() {
    let text = format!(
        "NEWARRAY0\nDUP\nPUSH7\nAPPEND\nDUP\n{KEEP}\nDUP\nAPPEND\n{GARBAGE}\n{GIVE}
         DUP\nPUSH0\nPICKITEM\nSWAP\n{KEEP}\nRET"
    );
    let mut host = Keeper::default();
    let mut vm = loaded(&text, Config::default());
    assert_eq!(vm.run(&mut host), Outcome::Halt);
    assert_eq!(vm.results()[0].to_i32(), Ok(7));
    for ended in ["reset", "dropped"] {
        let StackItem::Array(array) = &host.0[0] else { panic!("an array was kept") };
        assert_eq!(array.len(), 2, "before it is {ended}");
        assert!(array.get(1).unwrap().is_same(&host.0[0]));
        vm.reset(i64::MAX);
    }
    drop(vm);
    let StackItem::Array(array) = &host.0[0] else { panic!("an array was kept") };
    assert_eq!(array.len(), 2);
    array.clear().unwrap();
}

#[test]
fn a_cycle_in_the_results_is_the_callers() {
    let taken = {
        let mut vm = loaded("NEWARRAY0\nDUP\nDUP\nAPPEND\nDUP\nPUSH7\nAPPEND\nRET", Config::default());
        assert_eq!(vm.run(&mut NoHost), Outcome::Halt);
        assert_eq!(vm.reference_count(), 3);
        vm.take_results()
    };
    let StackItem::Array(array) = &taken[0] else { panic!("an array was taken") };
    assert_eq!(array.get(1).unwrap().to_i32(), Ok(7));
    array.clear().unwrap();
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
    let mut vm = loaded(&text, Config::default());
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
            let mut vm = loaded(&text, Config::default());
            vm.set_budget(Some(100_000));
            vm.run(&mut NoHost);
            assert!(vm.pending_exception().is_some());
        });
    }
}
