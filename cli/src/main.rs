//! The command line of neovm: runs, checks, shows and assembles Neo N3 scripts.
//!
//! Exit codes: 0 success; 1 bad input, a run stopped by --max-instructions, or engines that
//! differ; 2 bad usage; 3 the script ended with a fault (but 0 with `run --json`, where a fault
//! is a result like any other); 130 stopped by Ctrl-C; 141 standard output was closed by its
//! reader before all was written, whatever the rest would have come to.

#![forbid(unsafe_code)]

mod address;
mod args;
mod asm;
mod batch;
mod bench;
mod cases;
mod chain;
mod check;
mod coverage;
mod debug;
mod debug_info;
mod demo;
mod diff;
mod disasm;
mod encode;
mod engine;
mod evm;
mod files;
mod hash;
mod input;
mod interrupt;
mod invocation;
mod jit;
mod job;
mod json;
mod lines;
mod manifest;
mod manual;
mod methods;
mod parse;
mod place;
mod private;
mod profile;
mod progress;
mod replay;
mod report;
mod run;
mod serve;
#[cfg(unix)]
mod sidecar;
mod signature;
mod tables;
mod terminal;
mod test;
mod trace;
mod verify;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use neovm_workbench::show;

/// Threads allocate what others free all the time: blocks, changes, nodes of the trie; and where a stack lies in the cache must not
/// depend on luck.
#[global_allocator]
static ALLOCATOR: neovm_allocator::Allocator = neovm_allocator::Allocator;

/// Runs, checks, shows and assembles scripts and contracts of Neo N3.
#[derive(Parser)]
#[command(
    name = "neovm",
    version,
    // Without a terminal, lines of help are as long as they are: 0 is no width.
    term_width = terminal::width().unwrap_or(0),
    after_help = "Colours are shown at a terminal, unless NO_COLOR is set."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Run(run::RunArgs),
    Debug(Box<debug::DebugArgs>),
    Methods(methods::MethodsArgs),
    Disasm(disasm::DisasmArgs),
    Check(check::CheckArgs),
    Asm(asm::AsmArgs),
    Batch(batch::BatchArgs),
    Cases(cases::CasesArgs),
    Job(job::JobArgs),
    Verify(verify::VerifyArgs),
    Replay(replay::ReplayArgs),
    Serve(serve::ServeArgs),
    #[cfg(unix)]
    Sidecar(sidecar::SidecarArgs),
    Bench(bench::BenchArgs),
    Jit(jit::JitArgs),
    Evm(evm::EvmArgs),
    Chain(private::ChainCommandArgs),
    Wallet(private::WalletArgs),
    Deploy(private::DeployArgs),
    Call(private::CallArgs),
    Transfer(private::TransferArgs),
    Mine(private::MineArgs),
    Storage(private::StorageArgs),
    Block(private::BlockArgs),
    Tx(private::TxArgs),
    Log(private::LogArgs),
    Candidates(private::CandidatesArgs),
    Profile(profile::ProfileArgs),
    Coverage(coverage::CoverageArgs),
    Test(test::TestArgs),
    Demo(demo::DemoArgs),
    Opcodes(tables::OpcodesArgs),
    Syscalls(tables::SyscallsArgs),
    Natives(tables::NativesArgs),
    Hash(hash::HashArgs),
    Address(address::AddressArgs),
    Encode(encode::EncodeArgs),
    Decode(encode::DecodeArgs),
    Sign(signature::SignArgs),
    VerifySignature(signature::VerifySignatureArgs),
    Nef(files::NefArgs),
    Manifest(files::ManifestArgs),
    Completions(manual::CompletionsArgs),
    Man(manual::ManArgs),
}

/// The command line cannot be carried out, whatever the input.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Usage(String);

fn main() -> ExitCode {
    match execute(&parse::command_line().command) {
        Ok(code) => code,
        Err(error) if terminal::is_closed(&error) => ExitCode::from(terminal::CLOSED),
        Err(error) => {
            terminal::error(&format!("{error:#}"));
            ExitCode::from(if error.is::<Usage>() { 2 } else { 1 })
        }
    }
}

fn execute(command: &Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Run(args) => run::execute(args),
        Command::Debug(args) => debug::execute(args),
        Command::Methods(args) => methods::execute(args),
        Command::Disasm(args) => disasm::execute(args),
        Command::Check(args) => check::execute(args),
        Command::Asm(args) => asm::execute(args),
        Command::Batch(args) => batch::execute(args),
        Command::Cases(args) => cases::execute(args),
        Command::Job(args) => job::execute(args),
        Command::Verify(args) => verify::execute(args),
        Command::Replay(args) => replay::execute(args),
        Command::Serve(args) => serve::execute(args),
        #[cfg(unix)]
        Command::Sidecar(args) => sidecar::execute(args),
        Command::Bench(args) => bench::execute(args),
        Command::Jit(args) => jit::execute(args),
        Command::Evm(args) => evm::execute(args),
        Command::Chain(args) => private::chain(args),
        Command::Wallet(args) => private::wallet(args),
        Command::Deploy(args) => private::deploy(args),
        Command::Call(args) => private::call(args),
        Command::Transfer(args) => private::transfer(args),
        Command::Mine(args) => private::mine(args),
        Command::Storage(args) => private::storage(args),
        Command::Block(args) => private::block(args),
        Command::Tx(args) => private::tx(args),
        Command::Log(args) => private::log(args),
        Command::Candidates(args) => private::candidates(args),
        Command::Profile(args) => profile::execute(args),
        Command::Coverage(args) => coverage::execute(args),
        Command::Test(args) => test::execute(args),
        Command::Demo(args) => demo::execute(args),
        Command::Opcodes(args) => tables::opcodes(args),
        Command::Syscalls(args) => tables::syscalls(args),
        Command::Natives(args) => tables::natives(args),
        Command::Hash(args) => hash::execute(args),
        Command::Address(args) => address::execute(args),
        Command::Encode(args) => encode::encode(args),
        Command::Decode(args) => encode::decode(args),
        Command::Sign(args) => signature::sign(args),
        Command::VerifySignature(args) => signature::verify(args),
        Command::Nef(args) => files::nef(args),
        Command::Manifest(args) => files::manifest(args),
        Command::Completions(args) => manual::completions(args),
        Command::Man(args) => manual::man(args),
    }
}
