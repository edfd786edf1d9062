//! What a host may do when a script is unloaded, and what becomes of the machine then.

use neovm::{
    Caller, Debugger, FaultKind, Host, HostError, LoadId, LoadOptions, NoHost, Observer, Outcome, Pause, RunOptions,
    Script, State, Step, Unload, Vm, VmConfig,
};

use crate::{code, decode, fault, integers, loaded, script};

/// What a host does when a script is unloaded.
type Deed = fn(&mut Caller<'_>, Unload) -> Result<(), HostError>;

/// A host whose system call 1 loads a script from the stack, and 2 throws the top item.
struct Unloads {
    deed: Deed,
    /// How the scripts were unloaded, and how many contexts were left.
    seen: Vec<(Unload, usize)>,
}

impl Unloads {
    fn new(deed: Deed) -> Self {
        Self { deed, seen: Vec::new() }
    }
}

impl Host for Unloads {
    fn syscall(&mut self, caller: &mut Caller<'_>, id: u32) -> Result<(), HostError> {
        if id == 2 {
            return Err(HostError::Throw(caller.pop()?));
        }
        let script = Script::from(caller.pop_bytes()?);
        caller.load(decode(script), LoadOptions::default())?;
        Ok(())
    }

    fn context_unloaded(&mut self, caller: &mut Caller<'_>, _: LoadId, how: Unload) -> Result<(), HostError> {
        self.seen.push((how, caller.depth()));
        assert!(self.seen.len() < 10_000, "the host is called without end");
        (self.deed)(caller, how)
    }
}

fn load(text: &str) -> String {
    format!("PUSHDATA2 0x{}\nSYSCALL 0x01000000\n", hex::encode(script(text).bytes()))
}

/// A script that catches what the innermost of three others throws, in a method that
/// it called; it ends with that item and 7.
fn thrown_through_three() -> String {
    let inner = load("PUSHNULL\nPUSH5\nTHROW");
    let middle = format!("CALL f\nRET\nf: {}RET", load(&inner));
    format!(
        "CALL g\nPUSH7\nRET\ng: INITSLOT 1, 0\nTRY_L caught, -\n{}ABORT\ncaught: ENDTRY end\nend: RET",
        load(&middle)
    )
}

fn run(text: &str, deed: Deed) -> (Vm, Outcome, Unloads) {
    let mut host = Unloads::new(deed);
    let mut vm = loaded(&code(text), VmConfig::default());
    let outcome = vm.run(&mut host);
    (vm, outcome, host)
}

/// A way to put a context on the invocation stack.
type Add = fn(&mut Caller<'_>) -> Result<(), FaultKind>;

const ADDS: [Add; 3] = [
    |caller| caller.load(code("PUSH9\nRET"), LoadOptions::default()).map(drop),
    |caller| caller.load_script(vec![0x40], LoadOptions::default()).map(drop),
    |caller| caller.call(0),
];

#[test]
fn nothing_is_loaded_while_an_exception_unwinds() {
    let deeds: [Deed; 3] = [
        |caller, how| if how == Unload::Threw { Ok(ADDS[0](caller)?) } else { Ok(()) },
        |caller, how| if how == Unload::Threw { Ok(ADDS[1](caller)?) } else { Ok(()) },
        |caller, how| if how == Unload::Threw { Ok(ADDS[2](caller)?) } else { Ok(()) },
    ];
    for deed in deeds {
        let (vm, outcome, host) = run(&thrown_through_three(), deed);
        let FaultKind::Host(message) = fault(outcome) else { panic!("a fault of the host") };
        assert!(message.contains("exception"), "{message}");
        assert_eq!(host.seen, [(Unload::Threw, 5)], "it ends there");
        assert_eq!(vm.depth(), 5);
    }
}

#[test]
fn an_exception_reaches_its_handler_whatever_the_host_tries() {
    let tries: Deed = |caller, how| {
        if how == Unload::Threw {
            assert!(ADDS.iter().all(|add| add(caller).is_err()));
            assert_eq!(*caller.pending_exception().unwrap(), 5);
        }
        Ok(())
    };
    let (vm, outcome, host) = run(&thrown_through_three(), tries);
    assert_eq!((outcome, integers(&vm)), (Outcome::Halt, vec![5, 7]));
    assert_eq!(host.seen, [(Unload::Threw, 5), (Unload::Threw, 4), (Unload::Threw, 2), (Unload::Returned, 0)]);
}

#[test]
fn a_host_that_throws_at_each_unloading_comes_to_an_end() {
    let throws: Deed = |caller, how| {
        if how == Unload::Threw {
            let _ = ADDS[0](caller);
            return Err(HostError::Throw(caller.depth().into()));
        }
        Ok(())
    };
    let (vm, outcome, host) = run(&thrown_through_three(), throws);
    assert_eq!((outcome, integers(&vm)), (Outcome::Halt, vec![2, 7]), "the last exception is caught");
    assert_eq!(host.seen, [(Unload::Threw, 5), (Unload::Threw, 4), (Unload::Threw, 2), (Unload::Returned, 0)]);
    // Nobody handles what is thrown once the handler's own script is gone.
    let loads: Deed = |caller, how| {
        let _ = ADDS[0](caller);
        if how == Unload::Threw { Err(HostError::Throw("again".into())) } else { Ok(()) }
    };
    let (_, outcome, host) = run(&format!("{}\nRET", load("PUSH5\nTHROW")), loads);
    assert_eq!(fault(outcome), FaultKind::Unhandled(None));
    assert_eq!(host.seen, []);
}

#[test]
fn a_script_loaded_when_another_returned_can_throw() {
    let loads: Deed = |caller, how| {
        if how == Unload::Returned && caller.depth() == 1 {
            caller.load(code("PUSH5\nTHROW"), LoadOptions::default())?;
            return Err(HostError::Throw(6.into()));
        }
        Ok(())
    };
    let text = format!("TRY_L caught, -\n{}ABORT\ncaught: ENDTRY end\nend: RET", load("RET"));
    let (vm, outcome, host) = run(&text, loads);
    assert_eq!((outcome, integers(&vm)), (Outcome::Halt, vec![6]), "what it loaded is gone before it ran");
    assert_eq!(host.seen, [(Unload::Returned, 1), (Unload::Threw, 1), (Unload::Returned, 0)]);
}

/// Reads everything that a machine shows.
fn read_all(vm: &Vm) {
    assert_eq!((vm.depth(), vm.position(), vm.opcode()), (0, None, None));
    assert!(vm.script().is_none() && vm.current_load().is_none() && vm.peek(vm.stack_len()).is_err());
    assert!(vm.contexts().is_empty() && vm.invocation_stack().next().is_none() && vm.loads().next().is_none());
    assert!(format!("{vm:?}").contains("depth: 0"));
    let _ = (vm.results().len(), vm.stack_len(), vm.reference_count(), vm.gas_left(), vm.misaligned_memory());
}

/// Ways to fail when the outermost script is unloaded, and the faults that come of it.
fn failures() -> [(Deed, FaultKind); 4] {
    [
        (|_, _| Err(FaultKind::Host("no".into()).into()), FaultKind::Host("no".into())),
        (|_, _| Err(HostError::Throw("late".into())), FaultKind::Unhandled(Some("late".into()))),
        // A fault that scripts can catch, if there is one.
        (
            |_, _| Err(FaultKind::KeyNotFound("k".into()).into()),
            FaultKind::Unhandled(Some(FaultKind::KeyNotFound("k".into()).to_string())),
        ),
        (|caller, _| Ok(caller.call(0)?), FaultKind::OutOfScript { position: 0, length: 0 }),
    ]
}

#[test]
fn a_failure_when_the_last_script_is_unloaded() {
    let texts = ["PUSH3\nRET", "PUSH3", "INITSSLOT 1\nINITSLOT 2, 0\nPUSH3\nCALL f\nRET\nf: RET"];
    for ((deed, kind), text) in failures().into_iter().flat_map(|failure| texts.map(|text| (failure.clone(), text))) {
        let code = code(text);
        let mut vm = loaded(&code, VmConfig::default());
        let outcome = vm.run(&mut Unloads::new(deed));
        assert_eq!(fault(outcome), kind, "{text}");
        let position = vm.fault().unwrap().position;
        assert_eq!((position, vm.state()), (None, State::Fault), "no script is loaded any more");
        read_all(&vm);
        assert_eq!(integers(&vm), [3], "what it returned stays");
        vm.set_context_free(true);
        assert!(vm.call(0).is_err() && vm.pop_integer().is_ok());
        assert!(vm.step(&mut NoHost).is_some() && matches!(vm.run(&mut NoHost), Outcome::Fault(_)));
        assert!(matches!(Debugger::new().step_into(&mut vm, &mut NoHost), Pause::Ended(Outcome::Fault(_))));
        read_all(&vm);
        vm.reset(RunOptions::default(), &mut NoHost);
        read_all(&vm);
        vm.load(code.clone(), LoadOptions::default()).unwrap();
        assert_eq!((vm.run(&mut NoHost), integers(&vm)), (Outcome::Halt, vec![3]));
    }
}

#[test]
fn a_failure_when_the_last_script_is_unloaded_step_by_step() {
    for (deed, kind) in failures() {
        let mut vm = loaded(&code("PUSH3\nRET"), VmConfig::default());
        let mut host = Unloads::new(deed);
        assert_eq!(vm.step(&mut host), None);
        assert_eq!(fault(vm.step(&mut host).unwrap()), kind);
        read_all(&vm);
        let mut vm = loaded(&code("PUSH3\nRET"), VmConfig::default());
        let mut steps = Steps::default();
        assert_eq!(fault(vm.run_observed(&mut Unloads::new(deed), &mut steps)), kind);
        assert_eq!(steps.0, [(1, 1), (1, 0)], "depth before and after");
        read_all(&vm);
    }
}

/// Notes the depth before and after each instruction.
#[derive(Default)]
struct Steps(Vec<(usize, usize)>);

impl Observer for Steps {
    fn before(&mut self, vm: &Vm) {
        self.0.push((vm.depth(), 0));
    }

    fn after(&mut self, vm: &Vm, _: &Step) {
        self.0.last_mut().unwrap().1 = vm.depth();
    }
}

#[test]
fn the_host_can_go_on_when_the_last_script_is_unloaded() {
    let goes_on: Deed = |caller, _| {
        assert_eq!(caller.depth(), 0);
        if caller.stack_len() < 3 {
            caller.load(code("PUSH1\nRET"), LoadOptions::default())?;
        }
        Ok(())
    };
    let (vm, outcome, host) = run("PUSH0\nRET", goes_on);
    assert_eq!((outcome, integers(&vm)), (Outcome::Halt, vec![0, 1, 1]));
    assert_eq!(host.seen, [(Unload::Returned, 0); 3]);
}
