//! neo-rs on this machine: its host, which implements `InteropHost`, stays as it is.
//!
//! The module `neo_vm` has the shape of neo-rs's crate of that name, as far as hosts see it: the
//! trait, the engine that it is given, the contexts with a state of the host's. A node would have
//! it as a crate and put it in the place of its own by `[patch]`. Lifetimes of the engine can be
//! left out where a host names it, so the source of hosts need not change.
//!
//! Run it with `cargo run --example neo_rs`. docs/embedding.md tells what else it takes.

use std::{cell::RefCell, collections::HashMap, error::Error, rc::Rc};

use neovm::{
    Engine, EngineConfig, Gas, OpCode, Outcome, RunOptions,
    types::{ScriptBuilder, hash::syscall_id},
};

/// What stands in the place of neo-rs's `neo-vm`.
mod neo_vm {
    use std::{cell::RefCell, mem, rc::Rc};

    use neovm::{Caller, FaultKind, Gas, Host, HostError, LoadId, LoadOptions, Script, StackItem, Unload};

    /// How a call fails.
    #[derive(Debug)]
    pub(crate) enum VmError {
        /// The execution faults.
        Fault(FaultKind),
        /// The script can catch this.
        Catchable(StackItem),
    }

    pub(crate) type VmResult<T> = Result<T, VmError>;

    impl From<FaultKind> for VmError {
        fn from(fault: FaultKind) -> Self {
            Self::Fault(fault)
        }
    }

    impl From<VmError> for HostError {
        fn from(error: VmError) -> Self {
            match error {
                VmError::Fault(fault) => fault.into(),
                VmError::Catchable(item) => Self::Throw(item),
            }
        }
    }

    /// A script that is loaded, with a state of the host's.
    pub(crate) struct ExecutionContext<S> {
        load: LoadId,
        state: Rc<RefCell<S>>,
    }

    impl<S> Clone for ExecutionContext<S> {
        fn clone(&self) -> Self {
            Self { load: self.load, state: Rc::clone(&self.state) }
        }
    }

    impl<S> ExecutionContext<S> {
        pub(crate) fn state(&self) -> Rc<RefCell<S>> {
            Rc::clone(&self.state)
        }
    }

    /// The engine as a host sees it, while the machine waits for what it was asked.
    pub(crate) struct ExecutionEngine<'a, 'm, S> {
        caller: &'a mut Caller<'m>,
        contexts: &'a mut Vec<ExecutionContext<S>>,
        /// Those that were loaded in this call.
        loaded: Vec<ExecutionContext<S>>,
    }

    impl<S: Default> ExecutionEngine<'_, '_, S> {
        pub(crate) fn push(&mut self, item: impl Into<StackItem>) -> VmResult<()> {
            self.caller.push(item);
            Ok(())
        }

        pub(crate) fn pop(&mut self) -> VmResult<StackItem> {
            Ok(self.caller.pop()?)
        }

        pub(crate) fn peek(&self, index: usize) -> VmResult<&StackItem> {
            Ok(self.caller.peek(index)?)
        }

        pub(crate) fn add_gas(&mut self, datoshi: i64) -> VmResult<()> {
            Ok(self.caller.add_fee(Gas::from_datoshi(datoshi))?)
        }

        pub(crate) fn current_context(&self) -> Option<&ExecutionContext<S>> {
            self.contexts.last()
        }

        /// Loads a script, which runs when the host returns. `rvcount` is -1 for any number of
        /// results.
        pub(crate) fn load_script(&mut self, script: Script, rvcount: i32) -> VmResult<ExecutionContext<S>> {
            let options = LoadOptions::default();
            let options = u16::try_from(rvcount).map_or(options, |count| options.with_return_count(count.into()));
            let load = self.caller.load_script(script, options)?;
            let context = ExecutionContext { load, state: Rc::default() };
            self.contexts.push(context.clone());
            self.loaded.push(context.clone());
            Ok(context)
        }
    }

    /// What a node implements.
    pub(crate) trait InteropHost<S: Default = ()> {
        fn invoke_syscall(&mut self, engine: &mut ExecutionEngine<S>, hash: u32) -> VmResult<()>;

        fn on_callt(&mut self, engine: &mut ExecutionEngine<S>, token: u16) -> VmResult<()> {
            let _ = engine;
            Err(FaultKind::NoToken(token).into())
        }

        fn on_context_loaded(
            &mut self,
            _engine: &mut ExecutionEngine<S>,
            _context: &ExecutionContext<S>,
        ) -> VmResult<()> {
            Ok(())
        }

        fn on_context_unloaded(
            &mut self,
            _engine: &mut ExecutionEngine<S>,
            _context: &ExecutionContext<S>,
        ) -> VmResult<()> {
            Ok(())
        }
    }

    /// A host of neo-rs as a host of neovm.
    pub(crate) struct Adapter<'h, H, S> {
        host: &'h mut H,
        contexts: Vec<ExecutionContext<S>>,
    }

    impl<'h, S: Default, H: InteropHost<S>> Adapter<'h, H, S> {
        pub(crate) fn new(host: &'h mut H) -> Self {
            Self { host, contexts: Vec::new() }
        }

        /// Loads the script that runs first.
        pub(crate) fn load(&mut self, caller: &mut Caller<'_>, script: Script) -> Result<(), HostError> {
            self.serve(caller, |_, engine| engine.load_script(script, -1).map(drop))
        }

        /// Lets the host do something, and tells it what was loaded meanwhile.
        fn serve(
            &mut self,
            caller: &mut Caller<'_>,
            what: impl FnOnce(&mut H, &mut ExecutionEngine<S>) -> VmResult<()>,
        ) -> Result<(), HostError> {
            let mut engine = ExecutionEngine { caller, contexts: &mut self.contexts, loaded: Vec::new() };
            what(self.host, &mut engine)?;
            for context in mem::take(&mut engine.loaded) {
                self.host.on_context_loaded(&mut engine, &context)?;
            }
            Ok(())
        }
    }

    impl<S: Default, H: InteropHost<S>> Host for Adapter<'_, H, S> {
        fn syscall(&mut self, caller: &mut Caller<'_>, id: u32) -> Result<(), HostError> {
            self.serve(caller, |host, engine| host.invoke_syscall(engine, id))
        }

        fn call_token(&mut self, caller: &mut Caller<'_>, token: u16) -> Result<(), HostError> {
            self.serve(caller, |host, engine| host.on_callt(engine, token))
        }

        fn context_unloaded(&mut self, caller: &mut Caller<'_>, load: LoadId, _: Unload) -> Result<(), HostError> {
            match self.contexts.pop_if(|context| context.load == load) {
                Some(context) => self.serve(caller, |host, engine| host.on_context_unloaded(engine, &context)),
                None => Ok(()),
            }
        }

        fn machine_reset(&mut self) {
            self.contexts.clear();
        }
    }
}

// From here on it is the source of a node.

use neo_vm::{ExecutionContext, ExecutionEngine, InteropHost, VmError, VmResult};

/// What the node keeps of each script.
#[derive(Default)]
struct ContextState {
    name: String,
}

type Handler = fn(&mut ApplicationEngine, &mut ExecutionEngine<ContextState>) -> VmResult<()>;

/// The node's engine, with a table of handlers.
struct ApplicationEngine {
    handlers: HashMap<u32, Handler>,
    time: u64,
    log: Vec<String>,
}

impl ApplicationEngine {
    fn get_time(&mut self, engine: &mut ExecutionEngine<ContextState>) -> VmResult<()> {
        engine.add_gas(240)?;
        engine.push(self.time)
    }

    /// Runs another script, and gives it a name.
    fn call(&mut self, engine: &mut ExecutionEngine<ContextState>) -> VmResult<()> {
        if engine.peek(0)?.to_boolean()? {
            let name = String::from_utf8_lossy(&engine.pop()?.with_bytes(<[u8]>::to_vec)?).into_owned();
            let script = engine.pop()?.with_bytes(<[u8]>::to_vec)?;
            engine.load_script(script.into(), 1)?.state().borrow_mut().name = name;
            return Ok(());
        }
        Err(VmError::Catchable("a script has a name".into()))
    }
}

fn name(context: Option<&ExecutionContext<ContextState>>) -> String {
    let state: Option<Rc<RefCell<ContextState>>> = context.map(ExecutionContext::state);
    state.map_or_else(|| "nothing".into(), |state| state.borrow().name.clone())
}

impl InteropHost<ContextState> for ApplicationEngine {
    fn invoke_syscall(&mut self, engine: &mut ExecutionEngine<ContextState>, hash: u32) -> VmResult<()> {
        match self.handlers.get(&hash).copied() {
            Some(handler) => handler(self, engine),
            None => Err(VmError::Fault(neovm::FaultKind::NoSyscall(hash))),
        }
    }

    fn on_context_loaded(
        &mut self,
        engine: &mut ExecutionEngine<ContextState>,
        context: &ExecutionContext<ContextState>,
    ) -> VmResult<()> {
        assert_eq!(name(engine.current_context()), name(Some(context)));
        self.log.push(format!("loaded {:?}", name(Some(context))));
        Ok(())
    }

    fn on_context_unloaded(
        &mut self,
        engine: &mut ExecutionEngine<ContextState>,
        context: &ExecutionContext<ContextState>,
    ) -> VmResult<()> {
        self.log.push(format!("unloaded {:?} above {:?}", name(Some(context)), name(engine.current_context())));
        Ok(())
    }
}

/// Runs a script that calls another one, which asks for the time.
pub(crate) fn main() -> Result<(), Box<dyn Error>> {
    let clock = ScriptBuilder::new().syscall("System.Runtime.GetTime").build()?;
    let script =
        ScriptBuilder::new().push(clock.bytes()).push("clock").syscall("Example.Call").op(OpCode::INC).build()?;
    let handlers: [(u32, Handler); 2] = [
        (syscall_id("System.Runtime.GetTime"), ApplicationEngine::get_time),
        (syscall_id("Example.Call"), ApplicationEngine::call),
    ];
    let mut node = ApplicationEngine { handlers: handlers.into(), time: 1_700_000_000_000, log: Vec::new() };

    let engine = Engine::new(EngineConfig::default());
    let mut vm = engine.vm(RunOptions::new(Gas::from_datoshi(1_000_000)));
    let mut host = neo_vm::Adapter::new(&mut node);
    if let Err(error) = host.load(&mut vm.caller(), script) {
        return Err(format!("{error:?}").into());
    }
    let outcome = vm.run(&mut host);

    println!("{outcome:?}: {:?}, {:?}", vm.results(), node.log);
    assert_eq!(outcome, Outcome::Halt);
    assert_eq!(vm.results(), [1_700_000_000_001_i64]);
    let log = [r#"loaded """#, r#"loaded "clock""#, r#"unloaded "clock" above """#, r#"unloaded "" above "nothing""#];
    assert_eq!(node.log, log);
    Ok(())
}
