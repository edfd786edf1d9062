//! What hosts do to the machine, and what they are told.

use std::any::Any;

use neovm::{Config, FaultKind, Host, LoadOptions, Outcome, Script, StackItem, Unload, Vm};

use crate::{code, decode, integers, json, loaded, script};

/// System calls of the host below.
const LOAD: &str = "SYSCALL 0x01000000";
const LOAD_INITIALIZED: &str = "SYSCALL 0x02000000";
const THROW: &str = "SYSCALL 0x03000000";
const STATE: &str = "SYSCALL 0x04000000";
const LOAD_ONE: &str = "SYSCALL 0x05000000";
const LOAD_TWO: &str = "SYSCALL 0x06000000";

type OnUnload = fn(&mut Vm, &mut Notes) -> Result<(), FaultKind>;

/// A host that numbers the scripts it loads and notes when they go.
#[derive(Default)]
struct Notes {
    loaded: u32,
    unloaded: Vec<(u32, Unload)>,
    /// Depth and height of the current stack at each of those.
    stood: Vec<(usize, usize)>,
    /// What to do when a script is unloaded.
    on_unload: Option<OnUnload>,
}

impl Notes {
    /// Loads the script on top of the stack, its number attached.
    fn load(&mut self, vm: &mut Vm, position: usize, return_count: i32) -> Result<(), FaultKind> {
        let script = vm.pop()?.with_bytes(|bytes| Script::from(bytes))?;
        self.loaded += 1;
        let state: Option<Box<dyn Any>> = Some(Box::new(self.loaded));
        vm.load(decode(script), LoadOptions { position, return_count, state, ..LoadOptions::default() })
    }
}

impl Host for Notes {
    fn syscall(&mut self, vm: &mut Vm, id: u32) -> Result<(), FaultKind> {
        match id {
            1 => self.load(vm, 0, -1),
            // The method starts at 5, `_initialize` at 0.
            2 => {
                self.load(vm, 5, -1)?;
                vm.call(0)
            }
            3 => {
                let exception = vm.pop()?;
                vm.throw(exception, self)
            }
            4 => {
                let number = vm.context_state().and_then(|state| state.downcast_ref::<u32>()).copied();
                vm.push(number.map_or(StackItem::Null, |number| i64::from(number).into()));
                Ok(())
            }
            5 => self.load(vm, 0, 1),
            6 => {
                let below = vm.pop()?;
                self.load(vm, 0, -1)?;
                vm.push(below);
                self.load(vm, 0, -1)
            }
            _ => Err(FaultKind::Host(format!("no system call {id}"))),
        }
    }

    fn context_unloaded(&mut self, vm: &mut Vm, state: Option<Box<dyn Any>>, how: Unload) -> Result<(), FaultKind> {
        let number = state.and_then(|state| state.downcast::<u32>().ok());
        self.unloaded.push((number.map_or(0, |number| *number), how));
        self.stood.push((vm.depth(), vm.stack_len()));
        self.on_unload.map_or(Ok(()), |act| act(vm, self))
    }
}

fn push(text: &str) -> String {
    format!("PUSHDATA2 0x{}\n", hex::encode(script(text).bytes()))
}

fn run(text: &str, host: &mut Notes) -> (Vm, Outcome) {
    let mut vm = loaded(&code(text), Config::default());
    let outcome = vm.run(host);
    (vm, outcome)
}

fn fault(outcome: Outcome) -> FaultKind {
    match outcome {
        Outcome::Fault(fault) => fault.kind,
        other => panic!("{other:?} is no fault"),
    }
}

#[test]
fn state_belongs_to_a_load_and_to_the_calls_in_it() {
    let inner = format!("{STATE}\nCALL f\nRET\nf: {STATE}\nRET");
    let text = format!("{STATE}\n{}{LOAD}\n{}{LOAD}\n{STATE}", push(&inner), push(STATE));
    let mut host = Notes::default();
    let (vm, outcome) = run(&text, &mut host);
    assert_eq!(outcome, Outcome::Halt);
    let number = |n| format!(r#"{{"type":"Integer","value":"{n}"}}"#);
    let (null, one, two) = (r#"{"type":"Any"}"#.to_owned(), number(1), number(2));
    assert_eq!(json(vm.results()), format!("[{}]", [null.clone(), one.clone(), one, two, null].join(",")));
    assert_eq!(host.unloaded, [(1, Unload::Returned), (2, Unload::Returned), (0, Unload::Returned)]);
    assert_eq!(host.stood, [(1, 3), (1, 4), (0, 5)], "what they returned is there already");
}

#[test]
fn the_states_of_all_loads_are_there_from_the_top() {
    let mut vm = Vm::new(Config::default());
    for number in 1..=3u8 {
        let state: Option<Box<dyn Any>> = if number == 2 { None } else { Some(Box::new(number)) };
        vm.load_script(vec![0x40], LoadOptions { state, ..LoadOptions::default() }).unwrap();
    }
    let states: Vec<Option<u8>> =
        vm.context_states().map(|state| state.and_then(|state| state.downcast_ref()).copied()).collect();
    assert_eq!(states, [Some(3), None, Some(1)]);
}

#[test]
fn state_can_be_set_changed_and_is_dropped_with_the_machine() {
    struct Witness(std::rc::Rc<()>);
    let alive = std::rc::Rc::new(());
    let mut vm = loaded(&code("ABORT"), Config::default());
    assert!(vm.context_state().is_none());
    vm.set_context_state(Some(Box::new(1u8)));
    *vm.context_state_mut().unwrap().downcast_mut::<u8>().unwrap() += 1;
    assert_eq!(vm.context_state().unwrap().downcast_ref(), Some(&2u8));
    vm.set_context_state(Some(Box::new(Witness(alive.clone()))));
    let state = vm.context_state().unwrap().downcast_ref::<Witness>().unwrap();
    assert_eq!(std::rc::Rc::strong_count(&state.0), 2);
    vm.run(&mut Notes::default());
    assert_eq!(std::rc::Rc::strong_count(&alive), 2, "a fault leaves contexts in place");
    vm.reset(0);
    assert_eq!(std::rc::Rc::strong_count(&alive), 1);
}

#[test]
fn an_exception_past_loads_unloads_them_from_the_top() {
    for throw in [format!("PUSH9\n{THROW}"), "PUSH9\nTHROW".into(), "PUSH9\nNEWMAP\nPUSH1\nPICKITEM".into()] {
        let inner = format!("PUSH1\nCALL f\nRET\nf: PUSH2\n{throw}\nRET");
        let middle = format!("PUSH3\n{}{LOAD}\nRET", push(&inner));
        let text = format!("PUSH4\nTRY_L caught, -\n{}{LOAD}\ncaught: DROP\nENDTRY end\nend: PUSH5", push(&middle));
        let mut host = Notes::default();
        let (vm, outcome) = run(&text, &mut host);
        assert_eq!(outcome, Outcome::Halt, "{throw}");
        assert_eq!(integers(&vm), [4, 5]);
        assert_eq!(host.unloaded, [(2, Unload::Threw), (1, Unload::Threw), (0, Unload::Returned)]);
        assert_eq!(host.stood[..2], [(2, 1), (1, 1)], "{throw}");
    }
}

#[test]
fn a_caught_exception_in_the_same_load_unloads_nothing() {
    let text = format!("TRY caught, -\nCALL f\ncaught: ENDTRY end\nf: PUSH9\n{THROW}\nend: RET");
    let mut host = Notes::default();
    let (vm, outcome) = run(&text, &mut host);
    assert_eq!((outcome, integers(&vm)), (Outcome::Halt, vec![9]));
    assert_eq!(host.unloaded, [(0, Unload::Returned)]);
}

#[test]
fn an_exception_that_nobody_catches_leaves_all_in_place() {
    let text = format!("{}{LOAD}", push(&format!("PUSHDATA1 \"why\"\n{THROW}")));
    let mut host = Notes::default();
    let (vm, outcome) = run(&text, &mut host);
    assert_eq!(fault(outcome), FaultKind::Unhandled(Some("why".into())));
    assert_eq!((vm.depth(), vm.position()), (2, Some(5)));
    assert!(host.unloaded.is_empty());
    assert_eq!(vm.pending_exception().unwrap().to_json().unwrap(), r#"{"type":"ByteString","value":"d2h5"}"#);
}

#[test]
fn a_call_laid_over_a_load_runs_first_and_shares_its_fields() {
    let contract = "INITSSLOT 1\nPUSH7\nSTSFLD0\nRET\nLDSFLD0\nPUSH2\nMUL\nRET";
    assert_eq!(script("INITSSLOT 1\nPUSH7\nSTSFLD0\nRET").len(), 5, "where the method starts");
    let text = format!("PUSH1\n{}{LOAD_INITIALIZED}\nPUSH3", push(contract));
    let mut host = Notes::default();
    let (vm, outcome) = run(&text, &mut host);
    assert_eq!((outcome, integers(&vm)), (Outcome::Halt, vec![1, 14, 3]));
    assert_eq!(host.unloaded, [(1, Unload::Returned), (0, Unload::Returned)], "one load, gone once");
}

#[test]
fn a_call_from_a_system_call_goes_on_behind_it() {
    struct Calls;
    impl Host for Calls {
        fn syscall(&mut self, vm: &mut Vm, id: u32) -> Result<(), FaultKind> {
            vm.call(id.into())
        }
    }
    let mut vm = loaded(&code("PUSH1\nSYSCALL 0x08000000\nPUSH3\nRET\nPUSH2\nRET"), Config::default());
    assert_eq!(vm.run(&mut Calls), Outcome::Halt);
    assert_eq!(integers(&vm), [1, 2, 3]);
}

#[test]
fn a_load_must_return_as_many_items_as_the_host_said() {
    let (vm, outcome) = run(&format!("{}{LOAD_ONE}", push("PUSH5")), &mut Notes::default());
    assert_eq!((outcome, integers(&vm)), (Outcome::Halt, vec![5]));
    for (inner, count) in [("NOP", 0), ("PUSH1\nPUSH2", 2)] {
        let mut host = Notes::default();
        let (vm, outcome) = run(&format!("{}{LOAD_ONE}", push(inner)), &mut host);
        assert_eq!(fault(outcome), FaultKind::ReturnCount { expected: 1, count });
        assert_eq!((vm.depth(), host.unloaded.len()), (2, 0));
    }
}

#[test]
fn a_system_call_can_load_two_scripts() {
    let text = format!("{}{}{LOAD_TWO}\nPUSH3", push("PUSH10\nMUL"), push("PUSH6"));
    let mut host = Notes::default();
    let (vm, outcome) = run(&text, &mut host);
    assert_eq!(host.unloaded[..1], [(2, Unload::Returned)]);
    assert_eq!((outcome, integers(&vm)), (Outcome::Halt, vec![60, 3]));
}

#[test]
fn a_fault_of_the_host_is_told_in_its_words() {
    let (vm, outcome) = run("PUSH1\nSYSCALL 0x63000000", &mut Notes::default());
    assert_eq!(fault(outcome), FaultKind::Host("no system call 99".into()));
    assert_eq!(vm.fault().unwrap().position, Some(1));
    let (_, outcome) = run("TRY caught, -\nSYSCALL 0x63000000\ncaught: RET", &mut Notes::default());
    assert_eq!(fault(outcome), FaultKind::Host("no system call 99".into()), "no script catches it");
    let (_, outcome) = run("CALLT 258", &mut Notes::default());
    assert_eq!(fault(outcome), FaultKind::NoToken(258));
}

#[test]
fn a_fault_while_a_script_is_unloaded_ends_the_execution() {
    let mut host = Notes { on_unload: Some(|_, _| Err(FaultKind::Host("no".into()))), ..Notes::default() };
    let (vm, outcome) = run(&format!("{}{LOAD}\nPUSH1", push("PUSH5")), &mut host);
    assert_eq!(fault(outcome), FaultKind::Host("no".into()));
    assert_eq!((vm.depth(), host.unloaded.len()), (1, 1));
}

#[test]
fn the_host_can_push_when_a_script_is_unloaded() {
    let push_number: OnUnload = |vm, _| {
        vm.push(42i64);
        Ok(())
    };
    let mut host = Notes { on_unload: Some(push_number), ..Notes::default() };
    let (vm, outcome) = run(&format!("{}{LOAD}\nPUSH1", push("PUSH5")), &mut host);
    assert_eq!((outcome, integers(&vm)), (Outcome::Halt, vec![5, 42, 1, 42]));
}

#[test]
fn the_host_can_throw_when_a_script_is_unloaded() {
    let throw: OnUnload = |vm, host| {
        host.on_unload = None;
        vm.throw("late".into(), host)
    };
    let mut host = Notes { on_unload: Some(throw), ..Notes::default() };
    let text = format!("TRY caught, -\n{}{LOAD}\nPUSH1\nENDTRY end\ncaught: SIZE\nENDTRY end\nend: RET", push("PUSH5"));
    let (vm, outcome) = run(&text, &mut host);
    assert_eq!((outcome, integers(&vm)), (Outcome::Halt, vec![5, 4]));
}

#[test]
fn the_host_can_load_when_a_script_is_unloaded() {
    let load: OnUnload = |vm, host| {
        host.on_unload = None;
        vm.load(code("PUSH8"), LoadOptions::default())
    };
    let mut host = Notes { on_unload: Some(load), ..Notes::default() };
    let (vm, outcome) = run(&format!("{}{LOAD}\nPUSH1", push("PUSH5")), &mut host);
    assert_eq!((outcome, integers(&vm)), (Outcome::Halt, vec![5, 8, 1]));
}
