//! Embeds the engine: a host with a system call of its own, which keeps state
//! for each script that it loads.
//!
//! Run it with `cargo run --example embed`.

use std::error::Error;

use neovm::{
    Caller, Engine, EngineConfig, FaultKind, Gas, Host, HostError, LoadId, LoadOptions, OpCode, Outcome, RunOptions,
    Script, Unload,
    types::{ScriptBuilder, hash::syscall_id},
};

const GET_TIME: &str = "System.Runtime.GetTime";
const CALL: &str = "Example.Call";

/// A chain of one block, on which scripts call each other.
struct Chain {
    time: u64,
    /// The loaded scripts with their names; the current one is the last.
    loads: Vec<(LoadId, String)>,
    log: Vec<String>,
}

impl Host for Chain {
    fn syscall(&mut self, caller: &mut Caller<'_>, id: u32) -> Result<(), HostError> {
        if id == syscall_id(GET_TIME) {
            caller.add_fee(Gas::from_datoshi(240))?;
            caller.push(self.time);
            return Ok(());
        }
        if id == syscall_id(CALL) {
            let name = String::from_utf8_lossy(&caller.pop_bytes()?).into_owned();
            let script = Script::from(caller.pop_bytes()?);
            if self.loads.len() == 3 {
                // The script can catch this.
                return Err(HostError::Throw("too many calls".into()));
            }
            let load = caller.load_script(script, LoadOptions::default().with_return_count(1))?;
            self.loads.push((load, name));
            return Ok(());
        }
        Err(FaultKind::NoSyscall(id).into())
    }

    fn context_unloaded(&mut self, _: &mut Caller<'_>, load: LoadId, how: Unload) -> Result<(), HostError> {
        if let Some((_, name)) = self.loads.pop_if(|(id, _)| *id == load) {
            self.log.push(format!("{name}: {how:?}"));
        }
        Ok(())
    }

    fn machine_reset(&mut self) {
        self.loads.clear();
    }
}

/// Runs a script that calls another.
pub(crate) fn main() -> Result<(), Box<dyn Error>> {
    let clock = ScriptBuilder::new().syscall(GET_TIME).push(1000).op(OpCode::DIV).build()?;
    let script = ScriptBuilder::new().push(clock.bytes()).push("clock").syscall(CALL).build()?;

    let engine = Engine::new(EngineConfig::default());
    let mut chain = Chain { time: 1_700_000_000_000, loads: Vec::new(), log: Vec::new() };
    let mut vm = engine.vm(RunOptions::new(Gas::from_datoshi(1_000_000)));
    vm.load(engine.prepare(&script)?, LoadOptions::default())?;
    let outcome = vm.run(&mut chain);

    println!("{outcome:?}: {:?}, {} GAS, {:?}", vm.results(), vm.gas_consumed(), chain.log);
    assert_eq!(outcome, Outcome::Halt);
    assert_eq!(vm.results(), [1_700_000_000]);
    assert_eq!(chain.log, ["clock: Returned"]);
    Ok(())
}
