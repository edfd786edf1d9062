//! `neovm evm`: Ethereum bytecode.

mod code;
pub(crate) mod demo;
mod disasm;
mod kept;
mod run;
mod statetest;
mod t8n;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Subcommand};

/// Run, list and test Ethereum bytecode
///
/// The machine is revm, by the rules of any fork from Frontier to Osaka.
#[derive(Args)]
pub(crate) struct EvmArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Run(run::RunArgs),
    Disasm(disasm::DisasmArgs),
    Deploy(kept::DeployArgs),
    Call(kept::CallArgs),
    Statetest(statetest::StateTestArgs),
    T8n(t8n::T8nArgs),
}

pub(crate) fn execute(args: &EvmArgs) -> Result<ExitCode> {
    match &args.command {
        Command::Run(args) => run::execute(args),
        Command::Disasm(args) => disasm::execute(args),
        Command::Deploy(args) => kept::deploy(args),
        Command::Call(args) => kept::call(args),
        Command::Statetest(args) => statetest::execute(args),
        Command::T8n(args) => Ok(t8n::execute(args)),
    }
}
