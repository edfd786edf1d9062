//! `neovm evm`: Ethereum bytecode.

mod code;
mod disasm;
mod run;
mod statetest;

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
    Statetest(statetest::StateTestArgs),
}

pub(crate) fn execute(args: &EvmArgs) -> Result<ExitCode> {
    match &args.command {
        Command::Run(args) => run::execute(args),
        Command::Disasm(args) => disasm::execute(args),
        Command::Statetest(args) => statetest::execute(args),
    }
}
