//! What a script's instructions push lies in its decoded form, and is lent from
//! there: whatever leaves the machine, or the script within it, must stay as it
//! is when the decoded script is gone. Meant to run under a sanitizer too, which
//! sees what the comparisons may miss.

use std::{
    sync::{Arc, Weak},
    thread,
};

use neovm::{
    Caller, Code, Dispatch, Engine, EngineConfig, FaultKind, Host, HostError, Limits, LoadId, LoadOptions, NoHost,
    Observer, Outcome, RunOptions, StackItem, Stop, Unload, Vm, VmConfig,
    types::{Script, engine_internals::Lent},
};

use crate::{code, decode, json, loaded, modes::settle, script};

/// All kinds of constants: a short byte string, an empty one, one that takes an
/// allocation of its own and is copied only once, an integer of 128 bits and one of 256.
const PUSH_ALL: &str = "
    PUSHDATA1 \"lent\"
    PUSHDATA1 \"\"
    PUSHDATA2 \"a byte string that is longer than a small block of memory, and than what is copied each time anew\"
    PUSHINT128 -99999999999999999999
    PUSHINT256 57896044618658097711785492504343953926634992332820282019728792003956564819967
";

/// How many that are.
const COUNT: usize = 5;

/// The same, by hand.
fn all() -> Vec<StackItem> {
    let integer = |text: &str| text.parse::<neovm::Integer>().unwrap().into();
    vec![
        "lent".into(),
        "".into(),
        "a byte string that is longer than a small block of memory, and than what is copied each time anew".into(),
        integer("-99999999999999999999"),
        integer("57896044618658097711785492504343953926634992332820282019728792003956564819967"),
    ]
}

/// Memory of all small sizes filled with other bytes, so that what was freed looks different.
fn churn() -> Vec<Vec<u64>> {
    (1..200).flat_map(|words| [vec![0x5a5a_5a5a_5a5a_5a5a; words], vec![0xa5a5_a5a5_a5a5_a5a5; words]]).collect()
}

/// Checks items once nothing of the script is left, those that they hold too.
fn check(items: &[StackItem], expected: &[StackItem], gone: &Weak<Code>, of: &str) {
    settle();
    assert!(gone.upgrade().is_none(), "somebody keeps the decoded script of {of}");
    let _other = churn();
    let mut left = items.to_vec();
    while let Some(item) = left.pop() {
        if let StackItem::ByteString(bytes) = &item {
            assert!(!bytes.is_constant(), "{bytes:?} is lent: {of}");
        }
        item.for_each_child(|child| left.push(child.clone()));
    }
    assert_eq!(json(items), json(expected), "{of}");
}

/// Runs a script in each mode; gives its code, machine and outcome to a function
/// that takes items out, and checks those when code and machine are gone.
fn survive(text: &str, expected: &[StackItem], take: impl Fn(&mut Vm, Outcome) -> Vec<StackItem>) {
    for dispatch in Dispatch::ALL {
        let code = code(text);
        let gone = Arc::downgrade(&code);
        let mut vm = loaded(&code, VmConfig::default().with_dispatch(dispatch));
        drop(code);
        vm.set_budget(Some(10_000));
        let outcome = vm.run(&mut Sink::default());
        let items = take(&mut vm, outcome);
        drop(vm);
        check(&items, expected, &gone, text);
    }
}

/// Those of a machine that halted.
fn results(vm: &mut Vm, outcome: Outcome) -> Vec<StackItem> {
    assert_eq!(outcome, Outcome::Halt);
    vm.results().to_vec()
}

#[test]
fn results_outlive_the_script() {
    survive(PUSH_ALL, &all(), results);
    survive(PUSH_ALL, &all(), |vm, outcome| {
        assert_eq!(outcome, Outcome::Halt);
        vm.take_results().to_vec()
    });
    // A machine that is used again, without what it ran before.
    survive(PUSH_ALL, &all(), |vm, outcome| {
        let items = results(vm, outcome);
        vm.reset(RunOptions::default(), &mut NoHost);
        items
    });
}

#[test]
fn results_stay_in_the_machine_when_the_script_is_gone() {
    let code = code(PUSH_ALL);
    let gone = Arc::downgrade(&code);
    let mut vm = loaded(&code, VmConfig::default());
    drop(code);
    assert_eq!(vm.run(&mut NoHost), Outcome::Halt);
    check(vm.results(), &all(), &gone, "those of the first");
    let twice = [all(), all()].concat();
    vm.load(crate::code(PUSH_ALL), LoadOptions::default()).unwrap();
    assert_eq!(vm.run(&mut NoHost), Outcome::Halt);
    check(vm.results(), &twice, &gone, "those of two");
}

/// Ways of a constant from one cell to others; what they leave.
#[test]
fn copies_of_lent_items_outlive_the_script() {
    let (a, b, x): (StackItem, StackItem, StackItem) = ("a".into(), "b".into(), "x".into());
    for push in [1, 2, 4].map(|size| move |text: &str| format!("PUSHDATA{size} \"{text}\"\n")) {
        let ab = push("a") + &push("b");
        let abx = ab.clone() + &push("x");
        for (way, items) in [
            (ab.clone() + "OVER", [&a, &b, &a].as_slice()),
            (ab.clone() + "TUCK", &[&b, &a, &b]),
            (abx.clone() + "PUSH2\nPICK", &[&a, &b, &x, &a]),
            (abx.clone() + "PUSH2\nROLL", &[&b, &x, &a]),
            (abx.clone() + "PUSH1\nXDROP\nDUP", &[&a, &x, &x]),
            (abx.clone() + "ROT\nSWAP\nNIP", &[&b, &x]),
            (abx.clone() + "PUSH3\nREVERSEN", &[&x, &b, &a]),
            (abx.clone() + "CALL f\nRET\nf: INITSLOT 2, 3\nLDARG2\nLDARG0\nSTLOC0\nLDLOC0\nLDLOC0", &[&a, &x, &x]),
            (abx.clone() + "CALL f\nRET\nf: INITSLOT 2, 3\nLDARG1\nSTARG0\nLDARG0\nSTLOC1\nLDLOC1\nLDARG2", &[&b, &a]),
            ("INITSSLOT 2\n".to_owned() + &ab + "STSFLD1\nSTSFLD0\nLDSFLD1\nLDSFLD1\nLDSFLD0", &[&b, &b, &a]),
            ("INITSSLOT 1\n".to_owned() + &ab + "STSFLD0\nSTSFLD0\nLDSFLD0", &[&a]),
            (ab.clone() + "PUSHT\nJMPIF on\nDROP\non: NOP", &[&a, &b]),
        ] {
            let expected: Vec<_> = items.iter().copied().cloned().collect();
            survive(&way, &expected, results);
        }
    }
}

#[test]
fn items_within_compounds_outlive_the_script() {
    let reversed: Vec<_> = all().into_iter().rev().collect();
    let pack = |opcode| format!("{PUSH_ALL}PUSH{COUNT}\n{opcode}");
    survive(&pack("PACK"), &[StackItem::array(reversed.clone())], results);
    survive(&pack("PACKSTRUCT"), &[StackItem::structure(reversed.clone())], results);
    survive(&(pack("PACK") + "\nUNPACK"), &[all(), vec![(COUNT as i64).into()]].concat(), results);
    // Into an array that is there, as its own and as one that a slot holds too.
    for make in ["NEWARRAY0\nSTLOC0", "PUSH0\nNEWSTRUCT\nCONVERT Array\nSTLOC0"] {
        let mut text = format!("INITSLOT 1, 0\n{make}\n");
        for push in PUSH_ALL.trim().lines().rev() {
            text += &format!("LDLOC0\n{push}\nAPPEND\n");
        }
        survive(&(text.clone() + "LDLOC0"), &[StackItem::array(reversed.clone())], results);
        for (i, push) in PUSH_ALL.trim().lines().enumerate() {
            text += &format!("LDLOC0\nPUSH{i}\n{push}\nSETITEM\n");
        }
        survive(&(text + "LDLOC0"), &[StackItem::array(all())], results);
    }
    let filled = "PUSH2\nNEWARRAY\nDUP\nPUSH0\nPUSHDATA1 \"in\"\nSETITEM\nDUP\nPUSH1\nPUSHDATA1 \"in\"\nSETITEM";
    survive(filled, &[StackItem::array(["in".into(), "in".into()])], results);
    // A struct is copied where it goes into an array.
    let copied = "NEWARRAY0\nDUP\nPUSHDATA1 \"in\"\nPUSH1\nPACKSTRUCT\nAPPEND";
    survive(copied, &[StackItem::array([StackItem::structure(["in".into()])])], results);
}

#[test]
fn keys_and_values_of_maps_outlive_the_script() {
    let map = |entries: &[(&str, &str)]| {
        let map = StackItem::map();
        let StackItem::Map(own) = &map else { unreachable!() };
        for &(key, value) in entries {
            own.insert(key.into(), value.into()).unwrap();
        }
        map
    };
    let long = "a key that takes an allocation of its own";
    let set = |key, value| format!("LDLOC0\nPUSHDATA1 \"{key}\"\nPUSHDATA1 \"{value}\"\nSETITEM\n");
    let make = "INITSLOT 1, 0\nNEWMAP\nSTLOC0\n".to_owned() + &set("key", "old") + &set(long, "value");
    let first = map(&[("key", "old"), (long, "value")]);
    survive(&format!("{make}LDLOC0"), &[first], results);
    let again = make + &set("key", "new");
    let second = map(&[("key", "new"), (long, "value")]);
    survive(&format!("{again}LDLOC0"), &[second], results);
    survive(&format!("{again}LDLOC0\nKEYS"), &[StackItem::array(["key".into(), long.into()])], results);
    survive(&format!("{again}LDLOC0\nVALUES"), &[StackItem::array(["new".into(), "value".into()])], results);
    survive(&format!("{again}LDLOC0\nPUSHDATA1 \"key\"\nPICKITEM"), &["new".into()], results);
    let packed = format!("PUSHDATA1 \"value\"\nPUSHDATA1 \"{long}\"\nPUSH1\nPACKMAP");
    survive(&packed, &[map(&[(long, "value")])], results);
}

/// Stores all constants into static fields, and ends otherwise than by a return.
fn statics(end: &str) -> String {
    let store: String = (0..COUNT).rev().map(|i| format!("STSFLD{i}\n")).collect();
    // Alone and, where the dispatch does so, fused with what pushes it.
    let fused =
        format!("PUSHDATA1 \"fused\"\nSTSFLD {COUNT}\nPUSHDATA1 \"fused\"\nCONVERT Buffer\nSTSFLD {}", COUNT + 1);
    format!("INITSSLOT {}\n{PUSH_ALL}{store}{fused}\n{end}", COUNT + 2)
}

#[test]
fn static_fields_outlive_the_script_for_who_looks_on() {
    let expected = [all(), vec!["fused".into(), StackItem::buffer(b"fused")]].concat();
    let look = |vm: &mut Vm, _: Outcome| vm.contexts()[0].statics.clone();
    survive(&statics("ABORT"), &expected, look);
    survive(&statics("PUSH1\nTHROW"), &expected, look);
    survive(&statics("JMP +0"), &expected, |vm, outcome| {
        assert_eq!(outcome, Outcome::Stopped(Stop::Budget));
        vm.contexts()[0].statics.clone()
    });
}

/// All that the machine holds goes before the script that it is lent from.
#[test]
fn a_machine_can_end_anywhere() {
    let slots = format!("INITSLOT {COUNT}, 0\n");
    let fill = statics(&format!(
        "CALL f\nf: {slots}{PUSH_ALL}STLOC0\nSTLOC1\nSTLOC2\n{PUSH_ALL}TRY -, finally\nPUSHDATA1 \"late\"\nTHROW\nfinally: NOP"
    ));
    for dispatch in Dispatch::ALL {
        for budget in 0..50 {
            for reset in [false, true] {
                let mut vm = Vm::new(VmConfig::default().with_dispatch(dispatch), RunOptions::default());
                vm.load(code(&fill), LoadOptions::default()).unwrap();
                vm.set_budget(Some(budget));
                vm.run(&mut NoHost);
                if reset {
                    vm.reset(RunOptions::default(), &mut NoHost);
                    vm.load(code("PUSH1"), LoadOptions::default()).unwrap();
                    assert_eq!(vm.run(&mut NoHost), Outcome::Halt);
                }
            }
        }
    }
}

#[test]
fn exceptions_outlive_the_script() {
    let payload = [StackItem::from("thrown")];
    let pending = |vm: &mut Vm, outcome: Outcome| {
        let Outcome::Fault(fault) = outcome else { panic!("nobody catches it") };
        assert_eq!(fault.kind, FaultKind::Unhandled(Some("thrown".into())));
        vec![vm.pending_exception().unwrap().clone()]
    };
    survive("PUSHDATA1 \"thrown\"\nTHROW", &payload, pending);
    survive("TRY -, f\nPUSHDATA1 \"thrown\"\nDUP\nTHROW\nf: ENDFINALLY", &payload, pending);
    survive("TRY c, -\nCALL f\nf: PUSHDATA1 \"thrown\"\nTHROW\nc: ENDTRY e\ne: RET", &payload, results);
    let nested = [StackItem::array(["thrown".into(), "thrown".into()])];
    survive("PUSHDATA1 \"thrown\"\nDUP\nPUSH2\nPACK\nTHROW", &nested, |vm, _| {
        vec![vm.pending_exception().unwrap().clone()]
    });
    // Stopped while it waits for the end of a finally block.
    for dispatch in Dispatch::ALL {
        let code = code("TRY -, f\nPUSHDATA1 \"thrown\"\nTHROW\nf: NOP\nENDFINALLY");
        let gone = Arc::downgrade(&code);
        let mut vm = loaded(&code, VmConfig::default().with_dispatch(dispatch));
        drop(code);
        vm.set_budget(Some(4));
        assert_eq!(vm.run(&mut NoHost), Outcome::Stopped(Stop::Budget));
        let exception = vm.pending_exception().unwrap().clone();
        drop(vm);
        check(&[exception], &payload, &gone, "what is pending");
    }
}

/// A host that loads the script on top of the stack (system call 1), with the item
/// below as its argument (2), keeps the top item (3), a look at it (4), and
/// all of the stack below it (5). It has other memory made when a script goes.
#[derive(Default)]
struct Sink {
    kept: Vec<StackItem>,
    loaded: Vec<Weak<Code>>,
    memory: Vec<Vec<Vec<u64>>>,
}

impl Sink {
    fn load(&mut self, caller: &mut Caller<'_>, arguments: usize) -> Result<(), HostError> {
        let script = Script::from(caller.pop_bytes()?);
        let arguments = caller.pop_many(arguments)?;
        let code = decode(script);
        self.loaded.push(Arc::downgrade(&code));
        caller.load(code, LoadOptions::default())?;
        arguments.into_iter().for_each(|item| caller.push(item));
        Ok(())
    }
}

impl Host for Sink {
    fn syscall(&mut self, caller: &mut Caller<'_>, id: u32) -> Result<(), HostError> {
        match id {
            1 => return self.load(caller, 0),
            2 => return self.load(caller, 1),
            3 => self.kept.push(caller.pop()?),
            4 => self.kept.push(caller.peek(0)?.clone()),
            _ => {
                let items: Result<Vec<_>, _> = (0..caller.stack_len()).rev().map(|i| caller.peek(i).cloned()).collect();
                self.kept.extend(items?);
            }
        }
        Ok(())
    }

    fn context_unloaded(&mut self, _: &mut Caller<'_>, _: LoadId, _: Unload) -> Result<(), HostError> {
        // Nothing of the script's own is left: what its memory was gets other contents.
        self.memory.push(churn());
        Ok(())
    }
}

const LOAD: &str = "SYSCALL 0x01000000\n";
const LOAD_WITH_ARGUMENT: &str = "SYSCALL 0x02000000\n";
const KEEP: &str = "SYSCALL 0x03000000\n";
const KEEP_LOOK: &str = "SYSCALL 0x04000000\n";
const KEEP_ALL: &str = "SYSCALL 0x05000000\n";

fn push_script(text: &str) -> String {
    format!("PUSHDATA2 0x{}\n", hex::encode(script(text).bytes()))
}

/// Runs a script that loads others, of which none is left then.
fn run_nested(text: &str, dispatch: Dispatch) -> (Vm, Sink) {
    let mut vm = loaded(&code(text), VmConfig::default().with_dispatch(dispatch));
    let mut host = Sink::default();
    assert_eq!(vm.run(&mut host), Outcome::Halt, "{text}");
    settle();
    assert!(!host.loaded.is_empty() && host.loaded.iter().all(|code| code.upgrade().is_none()), "{text}");
    (vm, host)
}

#[test]
fn items_of_a_script_outlive_it_in_the_one_that_called_it() {
    for dispatch in Dispatch::ALL {
        let returned = format!("{}{LOAD}", push_script(PUSH_ALL));
        let (vm, _host) = run_nested(&returned, dispatch);
        assert_eq!(json(vm.results()), json(&all()));

        // They go on to slots and arrays of the caller's, and come back.
        let kept = format!(
            "INITSLOT 1, 0\nINITSSLOT 1\n{returned}PUSH{COUNT}\nPACK\nSTSFLD0\nLDSFLD0\nSTLOC0\nLDLOC0\nUNPACK\nDROP"
        );
        let (vm, _host) = run_nested(&kept, dispatch);
        assert_eq!(json(vm.results()), json(&all()));

        // Static fields of the called script, through its `_initialize`, as it were.
        let fields = statics(&(0..COUNT).map(|i| format!("LDSFLD{i}\n")).collect::<String>());
        let (vm, _host) = run_nested(&format!("{}{LOAD}", push_script(&fields)), dispatch);
        assert_eq!(json(vm.results()), json(&all()));

        // An exception, with the caller's handler.
        let thrown = push_script("PUSHDATA1 \"first\"\nPUSHDATA1 \"thrown\"\nTHROW");
        let caught = format!("TRY caught, -\n{thrown}{LOAD}\ncaught: ENDTRY end\nend: RET");
        let (vm, _host) = run_nested(&caught, dispatch);
        assert_eq!(json(vm.results()), json(&["thrown".into()]));
    }
}

#[test]
fn items_of_a_script_outlive_it_in_the_one_that_it_called() {
    for dispatch in Dispatch::ALL {
        // The argument of the inner script is the outer's constant; the inner
        // gives it to a third, and that gives it back.
        let third = push_script("PUSHDATA1 \"third\"");
        let second = push_script(&format!("{third}{LOAD_WITH_ARGUMENT}PUSHDATA1 \"second\""));
        let first = format!("PUSHDATA1 \"first\"\n{second}{LOAD_WITH_ARGUMENT}");
        let whole = format!("{}{LOAD}", push_script(&first));
        let (vm, _host) = run_nested(&whole, dispatch);
        assert_eq!(json(vm.results()), json(&["first".into(), "third".into(), "second".into()]));
    }
}

/// Loads scripts of two items each, which are the same long data: no two scripts' alike.
struct Loads(u8);

impl Host for Loads {
    fn syscall(&mut self, caller: &mut Caller<'_>, _: u32) -> Result<(), HostError> {
        self.0 += 1;
        let data = format!("PUSHDATA1 0x{}", format!("{:02x}", self.0).repeat(200));
        caller.load_script(script(&format!("{data}\nDUP\nPUSH2\nPACK\n{data}\nRET")), LoadOptions::default())?;
        Ok(())
    }
}

/// A script may lie where the one before it lay.
#[test]
fn copies_are_of_the_script_that_runs() {
    for dispatch in Dispatch::ALL {
        let text = format!("PUSHINT16 200\nn: {LOAD}ROT\nDEC\nDUP\nJMPIF n\nDROP\nRET");
        let mut vm = loaded(&code(&text), VmConfig::default().with_dispatch(dispatch));
        assert_eq!(vm.run(&mut Loads(0)), Outcome::Halt);
        let items = vm.results();
        assert_eq!(items.len(), 400);
        for (number, pair) in items.chunks(2).enumerate() {
            let data = StackItem::from([number as u8 + 1; 200].as_slice());
            let array = StackItem::array(vec![data.clone(), data.clone()]);
            assert_eq!(json(pair), json(&[array, data]), "{number}");
        }
    }
}

#[test]
fn items_that_the_host_keeps_outlive_all() {
    for dispatch in Dispatch::ALL {
        for (keep, times) in [(KEEP, COUNT), (KEEP_LOOK, 1), (KEEP_ALL, 1)] {
            let text = format!("{}{LOAD}", push_script(&format!("{PUSH_ALL}{}", keep.repeat(times))));
            let (vm, host) = run_nested(&text, dispatch);
            drop(vm);
            let mut expected = all();
            match keep {
                KEEP => expected.reverse(),
                KEEP_LOOK => drop(expected.drain(..COUNT - 1)),
                _ => {}
            }
            check(&host.kept, &expected, &host.loaded[0], &text);
        }
    }
}

/// Keeps all that it sees before each instruction.
#[derive(Default)]
struct Witness(Vec<(Vec<StackItem>, Vec<StackItem>, Vec<StackItem>)>);

impl Observer for Witness {
    fn before(&mut self, vm: &Vm) {
        for view in vm.contexts() {
            self.0.push((view.stack, view.locals, view.statics));
        }
    }
}

#[test]
fn items_that_an_observer_keeps_outlive_all() {
    let text = format!("INITSSLOT 1\nINITSLOT 1, 0\n{PUSH_ALL}PUSHDATA1 \"slot\"\nDUP\nSTSFLD0\nSTLOC0\nNOP\nRET");
    let code = code(&text);
    let gone = Arc::downgrade(&code);
    let mut vm = loaded(&code, VmConfig::default());
    drop(code);
    let mut witness = Witness::default();
    assert_eq!(vm.run_observed(&mut NoHost, &mut witness), Outcome::Halt);
    drop(vm);
    let (stack, locals, statics) = witness.0.pop().unwrap();
    check(&stack, &all(), &gone, "a stack");
    check(&locals, &["slot".into()], &gone, "a slot");
    check(&statics, &["slot".into()], &gone, "a field");
}

/// Scripts that change what they made of a constant, and then push the constant
/// once more; what they leave.
#[test]
fn what_is_made_of_a_constant_is_changed_alone() {
    let data = "PUSHDATA1 \"data\"\n";
    let buffer = format!("{data}CONVERT Buffer\n");
    let wide = "PUSHINT128 99999999999999999999\n";
    let again = |text: &str, push: &str| format!("{text}\n{push}");
    let bytes = |text: &str| StackItem::buffer(text.as_bytes());
    let integer = |text: &str| text.parse::<neovm::Integer>().unwrap().into();
    let same: StackItem = "data".into();
    let nines: StackItem = integer("99999999999999999999");
    let cases: [(String, Vec<StackItem>); 12] = [
        (
            again(&(buffer.clone() + "DUP\nPUSH0\nPUSH1\nSETITEM\nDUP\nREVERSEITEMS"), data),
            vec![bytes("ata\x01"), same.clone()],
        ),
        (
            format!("INITSSLOT 1\n{buffer}STSFLD0\nLDSFLD0\nPUSH3\nPUSH1\nSETITEM\nLDSFLD0\n{data}"),
            vec![bytes("dat\x01"), same.clone()],
        ),
        (
            again(&format!("{buffer}DUP\nPUSH1\nPUSHDATA1 \"xy\"\nPUSH0\nPUSH2\nMEMCPY"), data),
            vec![bytes("dxya"), same.clone()],
        ),
        (
            again(&format!("{data}PUSHDATA1 \"\"\nCAT\nDUP\nPUSH0\nPUSH1\nSETITEM"), data),
            vec![bytes("\x01ata"), same.clone()],
        ),
        (again(&format!("{data}PUSH4\nLEFT\nDUP\nREVERSEITEMS"), data), vec![bytes("atad"), same.clone()]),
        (again(&format!("{data}PUSH4\nRIGHT\nDUP\nREVERSEITEMS"), data), vec![bytes("atad"), same.clone()]),
        (again(&format!("{data}PUSH0\nPUSH4\nSUBSTR\nDUP\nREVERSEITEMS"), data), vec![bytes("atad"), same.clone()]),
        // A byte string of the buffer is another once more.
        (
            again(&format!("{buffer}DUP\nCONVERT ByteString\nSWAP\nDUP\nREVERSEITEMS"), data),
            vec![same.clone(), bytes("atad"), same.clone()],
        ),
        (again(&format!("{wide}INC"), wide), vec![integer("100000000000000000000"), nines.clone()]),
        (again(&format!("{wide}DUP\nADD"), wide), vec![integer("199999999999999999998"), nines.clone()]),
        (again(&format!("{wide}PUSH2\n{wide}MUL\nADD"), wide), vec![integer("299999999999999999997"), nines.clone()]),
        (again(&format!("{wide}{wide}NEGATE\nSUB\n{wide}MAX"), wide), vec![integer("199999999999999999998"), nines]),
    ];
    for (text, expected) in cases {
        for dispatch in Dispatch::ALL {
            // The same decoded script each time: what one run spoiled the next would show.
            let code = code(&text);
            let mut vm = Vm::new(VmConfig::default().with_dispatch(dispatch), RunOptions::default());
            for _ in 0..3 {
                vm.reset(RunOptions::default(), &mut NoHost);
                vm.load(Arc::clone(&code), LoadOptions::default()).unwrap();
                assert_eq!(vm.run(&mut NoHost), Outcome::Halt, "{text}");
                assert_eq!(json(vm.results()), json(&expected), "{dispatch:?}: {text}");
            }
        }
    }
}

/// A buffer that the host changes while the script goes on pushing the constant.
#[test]
fn the_host_changes_its_own() {
    let text = "PUSHDATA1 \"data\"\nCONVERT Buffer\nSYSCALL 0x04000000\nPUSHDATA1 \"data\"\nSYSCALL 0x04000000";
    for dispatch in Dispatch::ALL {
        let code = code(text);
        for _ in 0..2 {
            let mut vm = loaded(&code, VmConfig::default().with_dispatch(dispatch));
            let mut host = Sink::default();
            assert_eq!(vm.run(&mut host), Outcome::Halt);
            let StackItem::Buffer(buffer) = &host.kept[0] else { panic!("a buffer was on top") };
            assert_eq!(buffer.set(0, b'D'), Ok(()));
            assert_eq!(json(vm.results()), json(&[StackItem::buffer(b"Data"), "data".into()]));
            assert_eq!(json(&host.kept[1..]), json(&["data".into()]));
        }
    }
}

#[test]
fn an_engine_and_its_scripts_can_go_before_the_machine() {
    let other: Vec<_> = (0..50).map(|i| script(&format!("PUSHINT16 {}\nRET", 1_000 + i))).collect();
    // No room: a script leaves the engine with the next.
    for engine in [Engine::new(EngineConfig::default()), Engine::new(EngineConfig::default().with_cache_bytes(1))] {
        let code = engine.prepare(&script(PUSH_ALL)).unwrap();
        let gone = Arc::downgrade(&code);
        let mut vm = engine.vm(RunOptions::default());
        vm.load(code, LoadOptions::default()).unwrap();
        other.iter().for_each(|script| drop(engine.prepare(script)));
        drop(engine);
        let _memory = churn();
        assert_eq!(vm.run(&mut NoHost), Outcome::Halt);
        check(vm.results(), &all(), &gone, "what an engine decoded");
    }
}

/// Constants have no count that threads could spoil for each other.
#[test]
fn threads_push_the_same_constants() {
    let turn = "DUP\nDROP\nPUSHDATA1 \"data\"\nPUSHDATA1 \"data\"\nEQUAL\nASSERT\nPUSHINT128 99999999999999999999\nDUP\nADD\nDROP";
    let code = code(&format!("{PUSH_ALL}PUSHINT16 2000\nnext: {turn}\nDEC\nDUP\nJMPIF next\nDROP"));
    let gone = Arc::downgrade(&code);
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let code = Arc::clone(&code);
            thread::spawn(move || {
                let mut vm = loaded(&code, VmConfig::default());
                drop(code);
                assert_eq!(vm.run(&mut NoHost), Outcome::Halt);
                json(vm.results())
            })
        })
        .collect();
    drop(code);
    for thread in threads {
        assert_eq!(thread.join().unwrap(), json(&all()));
    }
    settle();
    assert!(gone.upgrade().is_none());
}

/// Integers of 128 and 256 bits that are small ones need no lending.
#[test]
fn wide_operands_of_small_integers_are_small() {
    for (text, value) in [("PUSHINT128 -1", -1), ("PUSHINT256 7", 7), ("PUSHINT256 -9223372036854775808", i64::MIN)] {
        survive(text, &[StackItem::Integer(value)], |vm, outcome| {
            let items = results(vm, outcome);
            assert!(matches!(items[0], StackItem::Integer(_)));
            items
        });
    }
}

/// What is too long for the machine's limit, which the code does not know, is not pushed.
#[test]
fn constants_over_the_limit_fault() {
    let code = code("PUSHDATA1 \"12345\"");
    for dispatch in Dispatch::ALL {
        let run = |max_item_size| {
            let limits = Limits::DEFAULT.with_max_item_size(max_item_size);
            let mut vm = loaded(&code, VmConfig::default().with_dispatch(dispatch).with_limits(limits));
            (vm.run(&mut NoHost), vm)
        };
        let (outcome, vm) = run(5);
        assert_eq!((outcome, json(vm.results())), (Outcome::Halt, json(&["12345".into()])));
        let (Outcome::Fault(fault), vm) = run(4) else { panic!("it is too long") };
        assert_eq!(fault.kind, Limits::DEFAULT.with_max_item_size(4).check_item_size(5).unwrap_err());
        assert_eq!((vm.stack_len(), vm.reference_count()), (0, 0));
    }
}
