//! The command line of neovm: runs, checks, shows and assembles Neo N3 scripts.
//!
//! Exit codes: 0 done, 1 bad input or machines that differ, 2 bad usage, 3 the script that `run` ran
//! ended with a fault (not with `--json`, where a fault is a result as any).

#![forbid(unsafe_code)]

mod args;
mod asm;
mod batch;
mod bench;
mod check;
mod disasm;
mod engine;
mod fuzz;
mod input;
mod jit;
mod json;
mod lines;
mod run;
mod show;
mod trace;

use std::{
    io::{self, Write},
    process::ExitCode,
};

use clap::{Parser, Subcommand};

/// Runs, checks, shows and assembles scripts and contracts of Neo N3.
#[derive(Parser)]
#[command(name = "neovm", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Run(run::RunArgs),
    Disasm(disasm::DisasmArgs),
    Check(check::CheckArgs),
    Asm(asm::AsmArgs),
    Batch(batch::BatchArgs),
    Bench(bench::BenchArgs),
    Jit(jit::JitArgs),
    Fuzz(fuzz::FuzzArgs),
}

/// Something was asked for that cannot be had, whatever the input.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Usage(String);

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Run(args) => run::execute(&args),
        Command::Disasm(args) => disasm::execute(&args),
        Command::Check(args) => check::execute(&args),
        Command::Asm(args) => asm::execute(&args),
        Command::Batch(args) => batch::execute(&args),
        Command::Bench(args) => bench::execute(&args),
        Command::Jit(args) => jit::execute(&args),
        Command::Fuzz(args) => fuzz::execute(&args),
    };
    match result {
        Ok(code) => code,
        // Whoever read the output has enough of it.
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            // Where even this cannot be written, the exit code has to do.
            let _ = writeln!(io::stderr(), "error: {error:#}");
            ExitCode::from(if error.is::<Usage>() { 2 } else { 1 })
        }
    }
}

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    let broken = |cause: &io::Error| cause.kind() == io::ErrorKind::BrokenPipe;
    error.chain().any(|cause| cause.downcast_ref().is_some_and(broken))
}
