//! `neovm wallet`: the accounts of a private chain's wallet.

use std::{path::PathBuf, process::ExitCode};

use anyhow::{Context, Result, ensure};
use clap::Subcommand;
use neovm::types::text::quoted;
use neovm_private::PrivateChain;
use neovm_wallet::PrivateKey;
use serde_json::{Value, json};

use super::{
    Data,
    accounts::{Password, address_of, keys_of_file},
};
use crate::{Usage, args, terminal};

/// The wallet of a private chain: accounts with names
///
/// The wallet is a file in the NEP-6 format, wallet.json in the folder of the chain, for its owner alone;
/// its password is empty.
#[derive(clap::Args)]
pub(crate) struct WalletArgs {
    #[command(subcommand)]
    command: WalletCommand,
}

#[derive(Subcommand)]
enum WalletCommand {
    New(NewArgs),
    Import(ImportArgs),
    List(ListArgs),
}

/// Make an account with a new key
#[derive(clap::Args)]
#[command(after_help = "Examples:
  neovm wallet new alice --data mychain")]
struct NewArgs {
    /// What the account is called
    name: String,
    #[command(flatten)]
    data: Data,
    /// Write JSON
    #[arg(long)]
    json: bool,
}

/// Take the accounts of a file into the wallet
#[derive(clap::Args)]
#[command(after_help = "Examples:
  neovm wallet import key.txt --name bob --data mychain
  NEOVM_PASSWORD=... neovm wallet import wallet.json --name bob --data mychain")]
struct ImportArgs {
    /// The file: a key in WIF or 64 hexadecimal digits, an encrypted key (NEP-2), or a wallet
    /// (NEP-6)
    file: PathBuf,
    /// What the account is called; of several, the others get numbers
    #[arg(long)]
    name: String,
    #[command(flatten)]
    password: Password,
    #[command(flatten)]
    data: Data,
    /// Write JSON
    #[arg(long)]
    json: bool,
}

/// List the accounts
///
/// With --json the public keys, too.
#[derive(clap::Args)]
struct ListArgs {
    #[command(flatten)]
    data: Data,
    /// Show the private keys, in WIF
    #[arg(long)]
    keys: bool,
    /// Write JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn wallet(args: &WalletArgs) -> Result<ExitCode> {
    match &args.command {
        WalletCommand::New(args) => {
            let mut chain = args.data.open()?;
            add(&mut chain, &args.name, &[PrivateKey::generate()?], args.json)?;
        }
        WalletCommand::Import(args) => {
            let mut chain = args.data.open()?;
            let keys = keys_of_file(&args.file, chain.wallet().address_version(), &args.password)?;
            ensure!(!keys.is_empty(), "{}: the wallet has no key", args.file.display());
            add(&mut chain, &args.name, &keys, args.json)?;
        }
        WalletCommand::List(args) => list(&args.data.open()?, args)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Adds accounts of keys, all or none, and writes them.
fn add(chain: &mut PrivateChain, name: &str, keys: &[PrivateKey], json: bool) -> Result<()> {
    let is_name = !name.is_empty() && name.len() <= 64 && !name.contains(char::is_control);
    if !is_name || args::account(name).is_ok() {
        return Err(Usage(format!("{} is no name of an account", quoted(name))).into());
    }
    let named = |i: usize| if i == 0 { name.to_owned() } else { format!("{name}-{}", i + 1) };
    let taken = (0..keys.len()).map(named).find(|name| chain.wallet().find(name).is_some());
    ensure!(taken.is_none(), "the wallet has an account {} already", taken.unwrap_or_default());
    chain.change_wallet(|wallet| {
        keys.iter().enumerate().try_for_each(|(i, key)| wallet.add_key(key, Some(&named(i)), "").map(drop))
    })?;
    let version = chain.wallet().address_version();
    let rows: Vec<_> = keys.iter().enumerate().map(|(i, key)| (named(i), address_of(key, version))).collect();
    let text = if json {
        let row = |(label, address): &(String, String)| json!({"label": label, "address": address});
        format!("{}\n", Value::from_iter(rows.iter().map(row)))
    } else {
        rows.iter().map(|(label, address)| format!("{label:<14}{address}\n")).collect()
    };
    terminal::write(&text)
}

fn list(chain: &PrivateChain, args: &ListArgs) -> Result<()> {
    let mut rows = Vec::new();
    for account in &chain.wallet().accounts {
        let key = chain.wallet().keys([account], "")?.into_iter().next();
        rows.push((account.label.clone().unwrap_or_default(), &account.address, key));
    }
    let text = if args.json {
        let row = |(label, address, key): &(String, &String, Option<PrivateKey>)| {
            let public = key.as_ref().map(|key| key.public_key().to_string());
            let mut row = json!({"label": label, "address": address, "publickey": public});
            if args.keys {
                row["key"] = key.as_ref().map(|key| key.to_wif().to_string()).into();
            }
            row
        };
        format!("{}\n", Value::from_iter(rows.iter().map(row)))
    } else {
        let row = |(label, address, key): &(String, &String, Option<PrivateKey>)| {
            let key = key.as_ref().filter(|_| args.keys).map_or(String::new(), |key| format!("  {}", *key.to_wif()));
            format!("{:<14}{address}{key}\n", label.escape_debug().to_string())
        };
        rows.iter().map(row).collect()
    };
    terminal::write(&text).context("the accounts")
}
