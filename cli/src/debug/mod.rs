//! `neovm debug`: step by step, forward and back.

mod commands;
mod console;
mod dap;
mod inspect;
mod prompt;
mod running;

use std::{process::ExitCode, sync::Arc};

use anyhow::{Result, ensure};
use neovm_workbench::{
    DebugInfo, Scripts,
    debugger::{Condition, Debugger},
};

use crate::{
    Usage,
    chain::{ChainArgs, Session},
    debug_info::{DebugInfoArgs, SourceFile},
    engine::EngineKind,
    input::Program,
    interrupt,
    invocation::{Call, Invocation},
};

/// Debug a script or method, forward and back
///
/// It runs on a chain in memory, as with run, and stops where the method begins.
/// Then commands are read: from a terminal with history and completion,
/// otherwise a line each, which are shown with what they print; the first one that fails
/// ends the session with exit code 1. `help` lists the commands.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  neovm debug classify.nef --method classify 10
  neovm debug token.nef --method transfer A B 5 null --signer A
  neovm debug classify.nef --method classify 10 -x 'break :13' -x continue -x frames
  neovm debug classify.nef --method classify 10 < commands.txt
  neovm debug --dap                               # for an editor, see docs/guide.md")]
pub(crate) struct DebugArgs {
    #[command(flatten)]
    invocation: Invocation,
    #[command(flatten)]
    chain: ChainArgs,
    #[command(flatten)]
    debug_info: DebugInfoArgs,
    /// Speak the Debug Adapter Protocol on standard input and output, as editors do; the
    /// script is then that of the launch request, if it names one
    #[arg(long, conflicts_with = "exec")]
    dap: bool,
    /// Carry out this command before any other; several times for several commands
    #[arg(short = 'x', long = "exec", value_name = "COMMAND")]
    exec: Vec<String>,
}

impl DebugArgs {
    pub(crate) fn call_mut(&mut self) -> &mut Call {
        &mut self.invocation.call
    }
}

/// What is debugged.
struct Target<'a> {
    args: &'a DebugArgs,
    program: Program,
    info: Option<Arc<DebugInfo>>,
    /// The sources by the numbers of their documents, as far as they are found.
    sources: Vec<Option<SourceFile>>,
}

impl<'a> Target<'a> {
    fn read(args: &'a DebugArgs) -> Result<Self> {
        ensure!(args.invocation.host.is_none(), Usage("debug runs on a chain: it takes no --host".into()));
        let program = args.invocation.read()?;
        let info = args.debug_info.read(&program)?;
        let sources = info.as_ref().map(|info| args.debug_info.sources(info, &program)).unwrap_or_default();
        Ok(Self { args, program, info, sources })
    }

    fn session(&self) -> Result<Session<'_>> {
        // What runs again runs with compiled code.
        let config = EngineKind::Auto.config(self.args.invocation.config());
        Session::new(&self.args.chain, &self.args.invocation, &self.program, config)
    }

    /// A debugger before the first instruction of the script that calls the method.
    fn debugger<'s>(&self, session: &'s Session<'_>) -> Result<Debugger<'s>> {
        let mut scripts = Scripts::default();
        if let Some(info) = &self.info {
            scripts.add_debug_info(&self.program.script, Arc::clone(info));
        }
        if let Some(contract) = session.contract() {
            scripts.add_contract(contract, session.chain.network().engine())?;
        }
        let mut debugger = Debugger::new(|| session.begin(), scripts, interrupt::flag())?;
        debugger.set_max_time(self.args.invocation.max_instructions);
        Ok(debugger)
    }
}

/// Where the method begins that is called, if there is one.
fn method_start(session: &Session<'_>, debugger: &Debugger<'_>) -> Option<Condition> {
    let (script, method) = session.contract_hash().zip(session.method)?;
    Some(Condition::Offset { script, position: debugger.body_start(script, method.offset as usize) })
}

pub(crate) fn execute(args: &DebugArgs) -> Result<ExitCode> {
    if args.dap {
        return dap::serve(args);
    }
    let target = Target::read(args)?;
    let session = target.session()?;
    let debugger = target.debugger(&session)?;
    prompt::run(console::Console::new(&target, &session, debugger), &args.exec)
}
