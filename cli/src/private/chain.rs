//! `neovm chain`: private chains in folders.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, Result};
use clap::Subcommand;
use neovm::{ProtocolSettings, crypto::address_from_script_hash};
use neovm_node::config;
use neovm_private::{ForkOf, NewChain, PrivateChain};
use neovm_wallet::PrivateKey;
use serde_json::json;

use super::{
    Data,
    accounts::{Password, keys_of_file},
    call::dynamic_call,
    names,
};
use crate::{place::line, show, terminal};

/// Private chains in folders: make, look at, keep and copy them
#[derive(clap::Args)]
pub(crate) struct ChainCommandArgs {
    #[command(subcommand)]
    command: ChainCommand,
}

#[derive(Subcommand)]
enum ChainCommand {
    New(NewArgs),
    Info(InfoArgs),
    /// Keep a private chain as it is, under a name. The wallet is no part of it
    Checkpoint(CheckpointArgs),
    /// Put a private chain back to a checkpoint. The wallet stays as it is
    Restore(CheckpointArgs),
    Fork(ForkArgs),
}

/// Make a private chain with one validator
///
/// The key of the validator is generated unless given. The chain's wallet names two accounts
/// of it: genesis, the account of the validators, which holds all NEO and the first GAS, and
/// validator, that of the key alone. All hardforks that MainNet has are active from the first
/// block.
///
/// The wallet is a file for its owner alone, and its password is empty: keep no keys of worth
/// there.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  neovm chain new --data mychain
  neovm chain new --data mychain --key key.txt --magic 56753 --block-time 15000")]
struct NewArgs {
    #[command(flatten)]
    data: Data,
    /// The key of the validator: a file with a key in WIF or 64 hexadecimal digits, an encrypted
    /// key (NEP-2), or a wallet (NEP-6), whose first key is taken
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    #[command(flatten)]
    password: Password,
    /// The magic number of the network; random unless given here or by --config
    #[arg(long, value_name = "N")]
    magic: Option<u32>,
    /// The milliseconds between two blocks, which contracts can read; 1000 unless given here or by
    /// --config
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u32).range(1..=30_000))]
    block_time: Option<u32>,
    /// Take the settings of the network from the configuration file of a node, but for its committee
    #[arg(long, value_name = "FILE|NETWORK")]
    config: Option<String>,
    /// Write JSON
    #[arg(long)]
    json: bool,
}

/// Show a private chain: its network, last block, accounts and checkpoints
#[derive(clap::Args)]
struct InfoArgs {
    #[command(flatten)]
    data: Data,
    /// Write JSON
    #[arg(long)]
    json: bool,
}

/// A checkpoint, and the chain that it is of.
#[derive(clap::Args)]
struct CheckpointArgs {
    /// The name of the checkpoint
    name: String,
    #[command(flatten)]
    data: Data,
}

/// Copy a private chain to another folder, or begin one with the state of a live network
///
/// Of a private chain, its blocks, wallet and network are copied. Where the file system can share
/// what files have in common, that takes neither time nor room.
///
/// With --rpc a chain begins that goes on from a block of the network that the node at URL follows.
/// The node must keep the state after that block (StateService with FullState). State is read from
/// the node when it is asked for, and kept in the folder: what was read once is there without the
/// node, too. The validator of the new chain is its committee, and has 52 million GAS more than
/// it had there. Signatures count on both: the number of the network stays the same.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  neovm chain fork copy --data mychain
  neovm chain fork --rpc http://seed1.neo.org:10332 --height 6000000 --data mainnet")]
struct ForkArgs {
    /// The new folder, of a copy
    #[arg(value_name = "DIR", required_unless_present = "rpc")]
    to: Option<PathBuf>,
    /// The address of a node of the network to begin with; --data is the new folder then
    #[arg(long, value_name = "URL", conflicts_with = "to")]
    rpc: Option<String>,
    /// The height of the block to go on from; the last one unless given
    #[arg(long, value_name = "N", requires = "rpc", conflicts_with = "to")]
    height: Option<u32>,
    /// The key of the validator, as for chain new; generated unless given
    #[arg(long, value_name = "FILE", requires = "rpc", conflicts_with = "to")]
    key: Option<PathBuf>,
    #[command(flatten)]
    password: Password,
    #[command(flatten)]
    data: Data,
    /// Write JSON: that of chain info, of the new chain
    #[arg(long)]
    json: bool,
}

pub(crate) fn chain(args: &ChainCommandArgs) -> Result<ExitCode> {
    let text = match &args.command {
        ChainCommand::New(args) => new(args)?,
        ChainCommand::Info(args) => info(&args.data.open()?, args.json)?,
        ChainCommand::Checkpoint(args) => {
            let mut chain = args.data.open()?;
            chain.checkpoint(&args.name)?;
            format!("kept {} as {}\n", height(&chain), args.name)
        }
        ChainCommand::Restore(args) => {
            args.data.open()?.restore(&args.name)?;
            format!("back at {} of {}\n", height(&args.data.open()?), args.name)
        }
        ChainCommand::Fork(args) => fork(args)?,
    };
    terminal::write(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn height(chain: &PrivateChain) -> String {
    chain.blockchain().height().map_or("no block".into(), |height| format!("block {height}"))
}

fn new(args: &NewArgs) -> Result<String> {
    let mut settings = match &args.config {
        Some(name) => config::load(name)?,
        None => {
            let mut magic = [0; 4];
            getrandom::fill(&mut magic).context("the operating system gives no random numbers")?;
            let network = u32::from_le_bytes(magic);
            ProtocolSettings { network, milliseconds_per_block: 1000, ..ProtocolSettings::private() }
        }
    };
    settings.network = args.magic.unwrap_or(settings.network);
    settings.milliseconds_per_block = args.block_time.unwrap_or(settings.milliseconds_per_block);
    let validator = validator(args.key.as_deref(), settings.address_version, &args.password)?;
    info(&PrivateChain::create(&args.data.data, &NewChain { settings, validator })?, args.json)
}

/// The key of a validator: that of a file, or a new one.
fn validator(file: Option<&Path>, address_version: u8, password: &Password) -> Result<PrivateKey> {
    let Some(file) = file else { return Ok(PrivateKey::generate()?) };
    let keys = keys_of_file(file, address_version, password)?;
    keys.into_iter().next().with_context(|| format!("{}: the wallet has no key", file.display()))
}

fn fork(args: &ForkArgs) -> Result<String> {
    if let Some(rpc) = &args.rpc {
        // The version of addresses is that of all networks that there are.
        let validator = validator(args.key.as_deref(), ProtocolSettings::mainnet().address_version, &args.password)?;
        let fork = ForkOf { rpc: rpc.clone(), height: args.height, validator };
        return info(&PrivateChain::fork_of(&args.data.data, &fork)?, args.json);
    }
    let to = args.to.as_deref().context("no folder to copy the chain to")?;
    let mut chain = args.data.open()?;
    chain.fork(to)?;
    if args.json {
        return info(&PrivateChain::open(to)?, true);
    }
    Ok(format!("copied {} to {}\n", height(&chain), to.display()))
}

/// What there is to know of a chain.
fn info(chain: &PrivateChain, as_json: bool) -> Result<String> {
    let settings = chain.blockchain().network().settings();
    let last = chain.blockchain().last_header().context("the chain has no block")?;
    let checkpoints = chain.folder().checkpoint_names()?;
    let balances = balances(chain)?;
    let address = |hash: neovm::Hash160| address_from_script_hash(hash.0, settings.address_version);
    if as_json {
        let account = |(name, hash, neo, gas): &(String, neovm::Hash160, String, u128)| json!({"label": name, "address": address(*hash), "neo": neo, "gas": gas.to_string()});
        let mut info = json!({
            "network": settings.network,
            "msperblock": settings.milliseconds_per_block,
            "height": last.index,
            "hash": last.hash().to_string(),
            "time": last.timestamp,
            "accounts": balances.iter().map(account).collect::<Vec<_>>(),
            "checkpoints": checkpoints,
        });
        if let Some(origin) = chain.origin() {
            info["origin"] = json!({"rpc": origin.url(), "height": origin.height()});
        }
        return Ok(format!("{info}\n"));
    }
    let mut out = String::new();
    line(&mut out, "network", &format!("{}, a block every {} ms", settings.network, settings.milliseconds_per_block));
    line(&mut out, "height", &last.index.to_string());
    line(&mut out, "last block", &format!("{}, {} ms", last.hash(), last.timestamp));
    if let Some(origin) = chain.origin() {
        line(&mut out, "fork of", &format!("block {} of {}", origin.height(), origin.url()));
    }
    line(&mut out, "accounts", &balances.len().to_string());
    for (name, hash, neo, gas) in &balances {
        let gas = show::gas(*gas);
        out.push_str(&format!("  {name:<12}{}  {neo} NEO, {gas} GAS\n", address(*hash)));
    }
    if !checkpoints.is_empty() {
        line(&mut out, "checkpoints", &checkpoints.join(", "));
    }
    Ok(out)
}

/// The accounts of the chain's wallet: name, hash, NEO and GAS in datoshi.
fn balances(chain: &PrivateChain) -> Result<Vec<(String, neovm::Hash160, String, u128)>> {
    let neo = names::contract(chain, "NEO")?.state().hash;
    let view = names::view(chain);
    let of = |account: &neovm_wallet::Account| {
        let receipt = chain.test(&dynamic_call(neo, "balanceOf", &[account.hash().into()])?, &[])?;
        let neo = receipt.stack.first().and_then(|item| item.to_integer().ok());
        let gas = view.gas_balance(account.hash())?.to_string().parse().unwrap_or_default();
        let label = account.label.clone().unwrap_or_default().escape_debug().to_string();
        Ok((label, account.hash(), neo.map_or("?".into(), |neo| neo.to_string()), gas))
    };
    chain.wallet().accounts.iter().map(of).collect()
}
