//! `neovm evm deploy` and `neovm evm call`: contracts among accounts that a folder keeps.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    rc::Rc,
    sync::Arc,
    time::Instant,
};

use anyhow::{Result, anyhow, bail, ensure};
use neovm::storage::{ChainState, FlushPolicy, Layer, TrieMode};
use neovm_disk::{Disk, DiskError, Settings};
use neovm_evm::{
    BlockEnv, Evm, Fork, Message, World, parse_quantity,
    primitives::{Address, Bytes, TxKind, U256},
};

use super::{
    code::{self, CodeSource},
    run::{SENDER, read_alloc, report},
};
use crate::input::name_of;

/// What a folder of accounts has where that of a chain has the network's magic number: the letters EVM.
const NETWORK: u32 = u32::from_le_bytes(*b"EVM\0");

/// Make a contract among accounts that a folder keeps
///
/// The code, with the input behind it, returns the contract's code. The folder is made if it is not there.
/// There is no transaction around it, as with `neovm evm run`. Each command is a block of its own, and what it
/// has changed is on disk when it ends; one that fails changes nothing.
///
/// The exit code is 3 if the code reverts or halts; with --json it is 0 then.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  neovm evm deploy init.hex --data accounts
  neovm evm deploy init.hex --data accounts --prestate alloc.json --sender 0xa94f5374fce5edbc8e2a8697c15331677e6ebf0b")]
pub(crate) struct DeployArgs {
    #[command(flatten)]
    source: CodeSource,
    #[command(flatten)]
    kept: KeptArgs,
}

/// Call a contract among accounts that a folder keeps
///
/// There is no transaction around it, as with `neovm evm run`. Each command is a block of its own, and what it
/// has changed is on disk when it ends; one that fails changes nothing.
///
/// The exit code is 3 if the code reverts or halts; with --json it is 0 then.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  neovm evm call 0x1f2a98889594024bffda3311cbe69728d392c06d --data accounts --input 0x8ac73305
  neovm evm call 0x1f2a98889594024bffda3311cbe69728d392c06d --data accounts --dry-run --json")]
pub(crate) struct CallArgs {
    /// The contract
    #[arg(value_name = "ADDRESS", value_parser = code::address)]
    contract: Address,
    /// Keep nothing of what it changes
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    kept: KeptArgs,
}

#[derive(clap::Args)]
struct KeptArgs {
    /// The folder that keeps the accounts; one command at a time uses it
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// The data of the call
    #[arg(long, value_name = "HEX", value_parser = code::bytes, default_value = "")]
    input: Bytes,
    /// The gas limit
    #[arg(long, value_name = "N", default_value_t = 30_000_000)]
    gas: u64,
    /// What the sender pays, in wei
    #[arg(long, value_name = "N", value_parser = parse_quantity::<U256>, default_value = "0")]
    value: U256,
    /// The account that calls
    #[arg(long, value_name = "ADDRESS", value_parser = code::address, default_value_t = SENDER)]
    sender: Address,
    /// Accounts to set first: JSON as geth's alloc.json, or a genesis file
    #[arg(long, value_name = "FILE")]
    prestate: Option<PathBuf>,
    /// By which fork's rules
    #[arg(long, value_name = "NAME", value_parser = code::fork, default_value_t = Fork::LATEST)]
    fork: Fork,
    /// Write JSON
    #[arg(long)]
    json: bool,
    /// Write the accounts that are there afterwards
    #[arg(long)]
    dump: bool,
}

pub(crate) fn deploy(args: &DeployArgs) -> Result<ExitCode> {
    let code = args.source.read()?;
    let input = [&code[..], &args.kept.input[..]].concat().into();
    execute(&args.kept, TxKind::Create, input, true)
}

pub(crate) fn call(args: &CallArgs) -> Result<ExitCode> {
    let folder = &args.kept.data;
    ensure!(folder.join("format").is_file(), "there are no accounts in {}", name_of(folder));
    execute(&args.kept, TxKind::Call(args.contract), args.kept.input.clone(), !args.dry_run)
}

/// Executes a message over the accounts of a folder, and keeps what it has changed.
fn execute(args: &KeptArgs, to: TxKind, input: Bytes, keep: bool) -> Result<ExitCode> {
    let mut accounts = open(&args.data)?;
    let block = accounts.height().map_or(0, |height| height + 1);
    let evm = Evm::new(args.fork, 1);
    let message = Message { caller: args.sender, to, value: args.value, input, gas: args.gas, is_static: false };
    let (exit, changes) = {
        let layer = Layer::over(&accounts);
        set_up(args, &evm, &layer, to)?;
        let environment = BlockEnv { number: U256::from(block), gas_limit: args.gas, ..BlockEnv::default() };
        let begun = Instant::now();
        let receipt = evm.call(&World::new(&layer), &environment, &message, 0)?;
        let elapsed = begun.elapsed();
        let dump = args.dump.then(|| evm.state(&layer).dump()).transpose()?;
        let exit = report(&receipt, dump, elapsed, args.json)?;
        (exit, receipt.status.is_success().then(|| layer.changes()))
    };
    if let Some(changes) = changes.filter(|_| keep) {
        accounts.append(block, Arc::new(changes), None)?;
        accounts.flush()?;
    }
    Ok(exit)
}

/// Sets the accounts that are given, and checks that there is something to call.
fn set_up(args: &KeptArgs, evm: &Evm, layer: &Rc<Layer<'_>>, to: TxKind) -> Result<()> {
    let state = evm.state(layer);
    if let Some(path) = &args.prestate {
        state.add(&read_alloc(path)?)?;
    }
    if let TxKind::Call(contract) = to
        && state.code(contract)?.is_empty()
        && !args.fork.is_precompile(contract)
    {
        bail!("there is no contract at {contract} in {}", name_of(&args.data));
    }
    Ok(())
}

fn open(folder: &Path) -> Result<ChainState> {
    let settings = Settings { network: NETWORK, trie_mode: TrieMode::None, cache: 8 << 20, ..Settings::default() };
    let disk = Disk::open(folder, settings).map_err(|error| match error {
        // There is no chain to replay.
        DiskError::Damaged { file, reason } => {
            anyhow!("{}: {reason}. The accounts are lost unless there is a copy of the folder", file.display())
        }
        DiskError::Missing(file) => {
            anyhow!("{}: this file is missing, which holds the accounts: restore a copy", file.display())
        }
        error => error.into(),
    })?;
    Ok(ChainState::open(Arc::new(disk), FlushPolicy::default())?)
}
