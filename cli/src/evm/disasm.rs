//! `neovm evm disasm`: code as text.

use std::{
    io::{BufWriter, Write},
    process::ExitCode,
};

use anyhow::{Context, Result};

use super::code::CodeSource;
use crate::terminal;

/// Show Ethereum bytecode as text
///
/// One line for each instruction: position in hexadecimal digits, name, data.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  neovm evm disasm 600a601401")]
pub(crate) struct DisasmArgs {
    #[command(flatten)]
    source: CodeSource,
}

pub(crate) fn execute(args: &DisasmArgs) -> Result<ExitCode> {
    let code = args.source.read()?;
    let mut out = BufWriter::new(terminal::output());
    let mut lines = neovm_evm::instructions(&code);
    let written = lines.try_for_each(|instruction| writeln!(out, "{:04x}  {instruction}", instruction.position));
    written.and_then(|()| out.flush()).context("cannot write to standard output")?;
    Ok(ExitCode::SUCCESS)
}
