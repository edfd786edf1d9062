//! `neovm methods`: what a contract offers.

use std::{io::Write, process::ExitCode};

use anyhow::{Context, Result, anyhow};
use neovm::{
    ContractError, find_method,
    types::{
        json::Json,
        manifest::{Abi, Method},
    },
};

use crate::{input::Source, terminal};

/// List the methods of a contract
///
/// Each with its parameters, the type of what it returns, and whether it is safe,
/// that is, changes nothing.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  neovm methods arith.nef
  neovm methods arith.nef --json")]
pub(crate) struct MethodsArgs {
    #[command(flatten)]
    source: Source,
    /// Write JSON: the list "methods" of the manifest's ABI
    #[arg(long)]
    json: bool,
}

pub(crate) fn execute(args: &MethodsArgs) -> Result<ExitCode> {
    let program = args.source.read()?;
    let abi = &program.require_manifest()?.abi;
    program.warn_about_manifest();
    let text = if args.json { abi.methods.iter().collect::<Json>().to_string() + "\n" } else { list(&abi.methods) };
    terminal::output().write_all(text.as_bytes()).context("cannot write to standard output")?;
    Ok(ExitCode::SUCCESS)
}

/// The methods, one on each line.
pub(crate) fn list<'a>(methods: impl IntoIterator<Item = &'a Method>) -> String {
    let rows: Vec<(String, &Method)> = methods.into_iter().map(|method| (method.to_string(), method)).collect();
    let width = rows.iter().map(|(signature, _)| signature.chars().count()).max().unwrap_or(0);
    let line = |(signature, method): &(String, &Method)| {
        if method.safe { format!("{signature:<width$}  safe\n") } else { format!("{signature}\n") }
    };
    rows.iter().map(line).collect()
}

/// Finds the method of a name that takes that number of arguments.
///
/// # Errors
/// If there is none: what the methods of that name need, or which methods there are.
pub(crate) fn find<'a>(abi: &'a Abi, name: &str, arguments: usize) -> Result<&'a Method> {
    find_method(abi, name, arguments).map_err(|error| match error {
        ContractError::NoMethod { .. } => {
            anyhow!("there is no method {name:?}; the contract has\n{}", indented(&list(callable(abi))))
        }
        other => other.into(),
    })
}

/// The methods that users call. Those that begin with an underscore are for the
/// node alone, which calls them when a contract is loaded or deployed.
pub(crate) fn callable(abi: &Abi) -> impl Iterator<Item = &Method> {
    abi.methods.iter().filter(|method| !method.name.starts_with('_'))
}

/// Text with each line moved to the right, and no end of line at its end.
pub(crate) fn indented(text: &str) -> String {
    text.lines().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
}
