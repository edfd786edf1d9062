//! What hosts do to the machine, and what they are told.

use neovm::{
    Caller, FaultKind, Gas, Host, HostError, LoadId, LoadOptions, NoHost, Outcome, RunOptions, Script, StackItem,
    Unload, Vm, VmConfig,
};

use crate::{code, decode, fault, integers, json, loaded, script};

/// System calls of the host below.
const LOAD: &str = "SYSCALL 0x01000000";
const LOAD_INITIALIZED: &str = "SYSCALL 0x02000000";
const THROW: &str = "SYSCALL 0x03000000";
const STATE: &str = "SYSCALL 0x04000000";
const LOAD_ONE: &str = "SYSCALL 0x05000000";
const LOAD_TWO: &str = "SYSCALL 0x06000000";

type OnUnload = fn(&mut Caller<'_>, &mut Notes) -> Result<(), HostError>;

/// A host that numbers the scripts it loads and notes when they go.
#[derive(Default)]
struct Notes {
    loaded: u32,
    /// The numbers of the scripts that are loaded, the current one last.
    current: Vec<(LoadId, u32)>,
    unloaded: Vec<(u32, Unload)>,
    /// Depth and height of the current stack at each of those.
    stood: Vec<(usize, usize)>,
    /// What to do when a script is unloaded.
    on_unload: Option<OnUnload>,
}

impl Notes {
    /// Loads the script on top of the stack and numbers it.
    fn load(&mut self, caller: &mut Caller<'_>, position: usize, return_count: i32) -> Result<(), HostError> {
        let script = Script::from(caller.pop_bytes()?);
        self.loaded += 1;
        let load = caller
            .load(decode(script), LoadOptions::default().with_position(position).with_return_count(return_count))?;
        self.current.push((load, self.loaded));
        Ok(())
    }
}

impl Host for Notes {
    fn syscall(&mut self, caller: &mut Caller<'_>, id: u32) -> Result<(), HostError> {
        match id {
            1 => self.load(caller, 0, -1),
            // The method starts at 5, `_initialize` at 0.
            2 => {
                self.load(caller, 5, -1)?;
                Ok(caller.call(0)?)
            }
            3 => Err(HostError::Throw(caller.pop()?)),
            4 => {
                let current = caller.current_load();
                let number = self.current.iter().find(|(load, _)| Some(*load) == current);
                caller.push(number.map_or(StackItem::Null, |&(_, number)| i64::from(number).into()));
                Ok(())
            }
            5 => self.load(caller, 0, 1),
            6 => {
                let below = caller.pop()?;
                self.load(caller, 0, -1)?;
                caller.push(below);
                self.load(caller, 0, -1)
            }
            _ => Err(FaultKind::Host(format!("no system call {id}")).into()),
        }
    }

    fn context_unloaded(&mut self, caller: &mut Caller<'_>, load: LoadId, how: Unload) -> Result<(), HostError> {
        let number = self.current.pop_if(|(current, _)| *current == load);
        self.unloaded.push((number.map_or(0, |(_, number)| number), how));
        self.stood.push((caller.depth(), caller.stack_len()));
        self.on_unload.map_or(Ok(()), |act| act(caller, self))
    }

    fn machine_reset(&mut self) {
        self.current.clear();
    }
}

fn push(text: &str) -> String {
    format!("PUSHDATA2 0x{}\n", hex::encode(script(text).bytes()))
}

fn run(text: &str, host: &mut Notes) -> (Vm, Outcome) {
    let mut vm = loaded(&code(text), VmConfig::default());
    let outcome = vm.run(host);
    (vm, outcome)
}

#[test]
fn an_id_belongs_to_a_load_and_to_the_calls_in_it() {
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
fn loads_are_listed_from_the_top() {
    let mut vm = Vm::new(VmConfig::default(), RunOptions::default());
    assert_eq!((vm.current_load(), vm.loads().len()), (None, 0));
    let mut ids: Vec<LoadId> = (0..3).map(|_| vm.load_script(vec![0x40], LoadOptions::default()).unwrap()).collect();
    assert!(ids.is_sorted_by(|a, b| a < b));
    vm.call(0).unwrap();
    ids.reverse();
    assert_eq!(vm.loads().collect::<Vec<_>>(), ids, "a call is no load");
    assert_eq!(vm.current_load(), Some(ids[0]));
}

/// Notes who called, from the current context to the outermost.
#[derive(Default)]
struct Callers(Vec<(u64, usize, usize)>);

impl Host for Callers {
    fn syscall(&mut self, caller: &mut Caller<'_>, id: u32) -> Result<(), HostError> {
        if id == 1 {
            let script = Script::from(caller.pop_bytes()?);
            caller.load_script(script, LoadOptions::default())?;
            return Ok(());
        }
        let seen = caller.invocation_stack();
        self.0 = seen.map(|context| (context.load.get(), context.script.len(), context.position)).collect();
        Ok(())
    }
}

#[test]
fn hosts_see_the_contexts_that_called() {
    // CALL at 0 of the inner script leads to 3; the outer one continues behind its system call.
    let inner = "CALL f\nRET\nf: NOP\nSYSCALL 0x02000000\nRET";
    let text = format!("CALL g\nRET\ng: {}{LOAD}\nRET", push(inner));
    let mut host = Callers::default();
    let mut vm = loaded(&code(&text), VmConfig::default());
    assert_eq!(vm.run(&mut host), Outcome::Halt);
    let (inner, outer) = (script(inner).len(), script(&text).len());
    assert_eq!(host.0, [(2, inner, 4), (2, inner, 2), (1, outer, outer - 1), (1, outer, 2)]);
}

#[test]
fn ids_of_loads_are_never_used_again() {
    let mut vm = Vm::new(VmConfig::default(), RunOptions::default());
    let mut last = None;
    for _ in 0..3 {
        let id = vm.load(code("RET"), LoadOptions::default()).unwrap();
        assert!(last < Some(id), "{last:?} and then {id:?}");
        last = Some(id);
        assert_eq!(vm.run(&mut NoHost), Outcome::Halt);
        vm.reset(RunOptions::default(), &mut NoHost);
    }
}

#[test]
fn the_host_hears_of_a_reset() {
    let mut host = Notes::default();
    let (mut vm, outcome) = run(&format!("{}{LOAD}", push("ABORT")), &mut host);
    assert!(matches!(outcome, Outcome::Fault(_)));
    assert_eq!((host.current.len(), host.unloaded.len()), (1, 0), "a fault leaves contexts in place");
    vm.reset(RunOptions::new(Gas::ZERO), &mut host);
    assert_eq!((host.current.len(), vm.depth()), (0, 0));
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
        fn syscall(&mut self, caller: &mut Caller<'_>, id: u32) -> Result<(), HostError> {
            Ok(caller.call(id.into())?)
        }
    }
    let mut vm = loaded(&code("PUSH1\nSYSCALL 0x08000000\nPUSH3\nRET\nPUSH2\nRET"), VmConfig::default());
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
    let mut host = Notes { on_unload: Some(|_, _| Err(FaultKind::Host("no".into()).into())), ..Notes::default() };
    let (vm, outcome) = run(&format!("{}{LOAD}\nPUSH1", push("PUSH5")), &mut host);
    assert_eq!(fault(outcome), FaultKind::Host("no".into()));
    assert_eq!((vm.depth(), host.unloaded.len()), (1, 1));
}

#[test]
fn the_host_can_push_when_a_script_is_unloaded() {
    let push_number: OnUnload = |caller, _| {
        caller.push(42i64);
        Ok(())
    };
    let mut host = Notes { on_unload: Some(push_number), ..Notes::default() };
    let (vm, outcome) = run(&format!("{}{LOAD}\nPUSH1", push("PUSH5")), &mut host);
    assert_eq!((outcome, integers(&vm)), (Outcome::Halt, vec![5, 42, 1, 42]));
}

#[test]
fn the_host_can_throw_when_a_script_is_unloaded() {
    let throw: OnUnload = |_, host| {
        host.on_unload = None;
        Err(HostError::Throw("late".into()))
    };
    let mut host = Notes { on_unload: Some(throw), ..Notes::default() };
    let text = format!("TRY caught, -\n{}{LOAD}\nPUSH1\nENDTRY end\ncaught: SIZE\nENDTRY end\nend: RET", push("PUSH5"));
    let (vm, outcome) = run(&text, &mut host);
    assert_eq!((outcome, integers(&vm)), (Outcome::Halt, vec![5, 4]));
}

#[test]
fn what_the_host_throws_as_a_script_is_unwound_replaces_the_exception() {
    let throw: OnUnload = |_, host| {
        let number = host.unloaded.len() as i64;
        if number > 2 { Ok(()) } else { Err(HostError::Throw(number.into())) }
    };
    let mut host = Notes { on_unload: Some(throw), ..Notes::default() };
    let inner = push(&format!("PUSH9\n{THROW}"));
    let middle = push(&format!("{inner}{LOAD}"));
    let text = format!("TRY_L caught, -\n{middle}{LOAD}\nPUSH1\ncaught: ENDTRY end\nend: RET");
    let (vm, outcome) = run(&text, &mut host);
    assert_eq!((outcome, integers(&vm)), (Outcome::Halt, vec![2]));
    assert_eq!(host.unloaded, [(2, Unload::Threw), (1, Unload::Threw), (0, Unload::Returned)]);
}

#[test]
fn the_host_can_load_when_a_script_is_unloaded() {
    let load: OnUnload = |caller, host| {
        host.on_unload = None;
        caller.load(code("PUSH8"), LoadOptions::default())?;
        Ok(())
    };
    let mut host = Notes { on_unload: Some(load), ..Notes::default() };
    let (vm, outcome) = run(&format!("{}{LOAD}\nPUSH1", push("PUSH5")), &mut host);
    assert_eq!((outcome, integers(&vm)), (Outcome::Halt, vec![5, 8, 1]));
}
