//! A host whose system call runs in parts, as a native contract does that calls other contracts:
//! it loads a script, goes on when that script is unloaded, and so on, until it gives its result
//! to the script that made the system call.
//!
//! Source: `ContractTask.cs` and `ApplicationEngine.cs` (`CallFromNativeContractAsync`,
//! `ContextUnloaded`) of the reference node.

use neovm::{
    Caller, FaultKind, Host, HostError, LoadId, LoadOptions, Outcome, RunOptions, Script, Unload, Vm, VmConfig,
};

use crate::{code, decode, fault, integers, loaded, script};

/// A native call under way.
struct Task {
    /// The script that it waits for.
    awaited: LoadId,
    /// How many scripts it still calls after that.
    left: u32,
    sum: i32,
}

/// System call n below 100 pops a script, calls it n times, and pushes the sum of what it
/// returns; 100 loads a script from the stack.
#[derive(Default)]
struct Natives {
    tasks: Vec<Task>,
    script: Option<Script>,
    unloaded: Vec<Unload>,
}

impl Natives {
    fn call(&self, caller: &mut Caller<'_>) -> Result<LoadId, HostError> {
        let script = self.script.clone().ok_or(FaultKind::Host("no script".into()))?;
        Ok(caller.load(decode(script), LoadOptions::default().with_return_count(1))?)
    }
}

impl Host for Natives {
    fn syscall(&mut self, caller: &mut Caller<'_>, id: u32) -> Result<(), HostError> {
        self.script = Some(caller.pop_bytes()?.into());
        let awaited = self.call(caller)?;
        if id < 100 {
            self.tasks.push(Task { awaited, left: id - 1, sum: 0 });
        }
        Ok(())
    }

    fn context_unloaded(&mut self, caller: &mut Caller<'_>, load: LoadId, how: Unload) -> Result<(), HostError> {
        self.unloaded.push(how);
        let Some(mut task) = self.tasks.pop_if(|task| task.awaited == load) else { return Ok(()) };
        // A native contract handles no exceptions.
        if caller.pending_exception().is_some() {
            return Err(FaultKind::Unhandled(None).into());
        }
        task.sum += caller.pop_i32()?;
        if task.left == 0 {
            caller.push(task.sum);
            return Ok(());
        }
        task.left -= 1;
        task.awaited = self.call(caller)?;
        self.tasks.push(task);
        Ok(())
    }

    fn machine_reset(&mut self) {
        self.tasks.clear();
    }
}

fn native(text: &str, calls: u8) -> String {
    format!("PUSHDATA2 0x{}\nSYSCALL 0x{calls:02x}000000\n", hex::encode(script(text).bytes()))
}

fn run(text: &str) -> (Vm, Outcome, Natives) {
    let mut host = Natives::default();
    let mut vm = loaded(&code(text), VmConfig::default());
    let outcome = vm.run(&mut host);
    (vm, outcome, host)
}

#[test]
fn a_native_goes_on_after_each_call() {
    let (vm, outcome, host) = run(&format!("PUSH1\n{}PUSH2\nADD\nADD\nRET", native("PUSH5\nRET", 3)));
    assert_eq!((outcome, integers(&vm)), (Outcome::Halt, vec![1 + 15 + 2]));
    assert_eq!((host.unloaded.len(), vm.reference_count()), (4, 1));
}

#[test]
fn natives_in_a_hot_loop() {
    let method = "CALL f\nRET\nf: INITSLOT 1, 0\nPUSH7\nSTLOC0\nLDLOC0\nRET";
    let text = format!(
        "INITSLOT 2, 0\nPUSH0\nSTLOC0\nPUSHINT16 300\nSTLOC1\nnext: LDLOC0\n{}ADD\nSTLOC0\nLDLOC1\nDEC\nDUP\nSTLOC1\n\
         JMPIF_L next\nLDLOC0\nRET",
        native(method, 2)
    );
    let (vm, outcome, host) = run(&text);
    assert_eq!((outcome, integers(&vm), host.unloaded.len()), (Outcome::Halt, vec![300 * 14], 601));
    // As well step by step, and where the machine is stopped again and again.
    let mut host = Natives::default();
    let mut stepped = loaded(&code(&text), VmConfig::default());
    while stepped.step(&mut host).is_none() {}
    let mut host = Natives::default();
    let mut stopped = loaded(&code(&text), VmConfig::default());
    stopped.set_budget(Some(17));
    while stopped.run(&mut host) != Outcome::Halt {
        stopped.set_budget(Some(17));
    }
    for other in [stepped, stopped] {
        assert_eq!(integers(&other), integers(&vm));
        assert_eq!((other.gas_consumed(), other.instructions()), (vm.gas_consumed(), vm.instructions()));
    }
}

#[test]
fn natives_that_call_natives() {
    let mut text = "PUSH1\nRET".to_owned();
    for _ in 0..6 {
        text = format!("{}RET", native(&text, 1));
    }
    let (vm, outcome, host) = run(&format!("{}INC", native(&text, 1)));
    assert_eq!((outcome, integers(&vm), host.tasks.len()), (Outcome::Halt, vec![2], 0));
}

#[test]
fn an_exception_that_passes_a_native_is_a_fault() {
    for (inner, unloaded) in [("PUSHNULL\nTHROW", 1), (&*format!("{}RET", native("PUSHNULL\nTHROW", 100)), 2)] {
        let text = format!("TRY_L caught, -\n{}ENDTRY end\ncaught: ENDTRY end\nend: RET", native(inner, 2));
        let (vm, outcome, host) = run(&text);
        assert_eq!(fault(outcome), FaultKind::Unhandled(None));
        assert_eq!((host.unloaded.len(), vm.depth()), (unloaded, 1), "the rest stays as it is");
        assert!(vm.pending_exception().is_some());
        let mut vm = vm;
        let mut host = host;
        vm.reset(RunOptions::default(), &mut host);
        vm.load(code(&format!("{}RET", native("PUSH4\nRET", 2))), LoadOptions::default()).unwrap();
        assert_eq!((vm.run(&mut host), integers(&vm)), (Outcome::Halt, vec![8]));
    }
}

#[test]
fn a_native_called_while_an_exception_waits_for_the_end_of_a_finally_block() {
    let text = format!("TRY_L -, finally\nPUSHNULL\nTHROW\nfinally: {}ENDFINALLY", native("PUSH4\nRET", 1));
    let (vm, outcome, host) = run(&text);
    assert_eq!((fault(outcome), host.unloaded), (FaultKind::Unhandled(None), vec![Unload::Returned]));
    assert_eq!(vm.fault().unwrap().opcode, Some(neovm::OpCode::ENDFINALLY), "behind the system call");
}

#[test]
fn a_script_that_returns_too_much_to_a_native_faults_before_it_goes_on() {
    let (vm, outcome, host) = run(&native("PUSH1\nPUSH2\nRET", 2));
    assert_eq!(fault(outcome), FaultKind::ReturnCount { expected: 1, count: 2 });
    assert_eq!((vm.depth(), host.unloaded.len(), host.tasks.len()), (2, 0, 1));
}
