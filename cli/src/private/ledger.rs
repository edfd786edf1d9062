//! `neovm block`, `tx`, `log` and `candidates`: what a private chain holds.

use std::{process::ExitCode, sync::Arc};

use anyhow::{Context, Result, anyhow, bail};
use neovm::{
    Block, Hash256, StackItem,
    crypto::address_from_script_hash,
    host::{Notification, argument::Argument},
    types::{PublicKey, json::Json, text::quoted},
};
use neovm_private::PrivateChain;
use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};

use super::{Data, call::dynamic_call, names};
use crate::{diff, place::line, show, terminal};

/// Show a block of a private chain
#[derive(clap::Args)]
#[command(after_help = "Examples:
  neovm block --data mychain                 # the last one
  neovm block 5 --data mychain --json")]
pub(crate) struct BlockArgs {
    /// The height or the hash of the block; the last one unless given
    #[arg(value_name = "HEIGHT|HASH")]
    block: Option<String>,
    #[command(flatten)]
    data: Data,
    /// Write JSON: the answer of the RPC call getblock
    #[arg(long)]
    json: bool,
}

/// Show a transaction of a private chain
#[derive(clap::Args)]
pub(crate) struct TxArgs {
    /// The hash of the transaction
    hash: Hash256,
    #[command(flatten)]
    data: Data,
    /// Write JSON: the answer of the RPC call getrawtransaction
    #[arg(long)]
    json: bool,
}

/// Show what a block or a transaction of a private chain did: its application log
#[derive(clap::Args)]
pub(crate) struct LogArgs {
    /// The hash of a transaction or a block, or the height of a block
    #[arg(value_name = "HASH|HEIGHT")]
    hash: String,
    #[command(flatten)]
    data: Data,
    /// Write JSON: the answer of the RPC call getapplicationlog
    #[arg(long)]
    json: bool,
}

/// List those who stand for election to the committee of a private chain
#[derive(clap::Args)]
pub(crate) struct CandidatesArgs {
    #[command(flatten)]
    data: Data,
    /// Write JSON: the answer of the RPC call getcandidates
    #[arg(long)]
    json: bool,
}

/// The hash of the block that an argument names.
fn block_hash(chain: &PrivateChain, text: &str) -> Result<Hash256> {
    if let Ok(height) = text.parse() {
        let last = chain.blockchain().height().unwrap_or(0);
        let hash = names::view(chain).block_hash(height)?;
        return hash.ok_or_else(|| anyhow!("there is no block {height}; the last one is {last}"));
    }
    text.parse().map_err(|_| anyhow!("{} is neither the height nor the hash of a block", quoted(text)))
}

/// The block with a hash.
fn block_of(chain: &PrivateChain, hash: Hash256) -> Result<Block> {
    let view = names::view(chain);
    let trimmed = view.block(hash)?.with_context(|| format!("there is no block {hash}"))?;
    let transaction = |hash: &Hash256| {
        let (transaction, _) = view.transaction(*hash)?.with_context(|| format!("the storage lacks {hash}"))?;
        Ok(Arc::new(transaction))
    };
    let transactions = trimmed.transaction_hashes.iter().map(transaction).collect::<Result<Vec<_>>>()?;
    Ok(Block::new(trimmed.header, transactions)?)
}

/// Appends members to an object.
fn with(json: Json, more: impl IntoIterator<Item = (&'static str, Value)>) -> Result<Value> {
    let mut value: Value = serde_json::from_str(&json.to_string())?;
    if let Value::Object(members) = &mut value {
        members.extend(more.into_iter().map(|(name, value)| (name.to_owned(), value)));
    }
    Ok(value)
}

pub(crate) fn block(args: &BlockArgs) -> Result<ExitCode> {
    let chain = args.data.open()?;
    let hash = match &args.block {
        Some(text) => block_hash(&chain, text)?,
        None => names::view(&chain).last_hash()?,
    };
    let block = block_of(&chain, hash)?;
    let version = chain.blockchain().network().settings().address_version;
    let last = chain.blockchain().height().unwrap_or(block.index);
    let mut out = String::new();
    if args.json {
        let next = names::view(&chain).block_hash(block.index + 1)?;
        let next = next.map(|next| ("nextblockhash", next.to_string().into()));
        let confirmations = ("confirmations", (last - block.index + 1).into());
        out = format!("{}\n", with(block.to_json(version), [confirmations].into_iter().chain(next))?);
    } else {
        line(&mut out, "block", &format!("{} of {last}", block.index));
        line(&mut out, "hash", &block.hash().to_string());
        line(&mut out, "time", &format!("{} ms", block.timestamp));
        line(&mut out, "size", &show::count(block.size() as u64, "byte"));
        line(&mut out, "next signed by", &address_from_script_hash(block.next_consensus.0, version));
        line(&mut out, "transactions", &block.transactions().len().to_string());
        for transaction in block.transactions() {
            let fees = transaction.system_fee.saturating_add(transaction.network_fee).unsigned_abs();
            let sender = address_from_script_hash(transaction.sender().0, version);
            out.push_str(&format!("  {} of {sender}, {} GAS\n", transaction.hash(), show::gas(fees.into())));
        }
    }
    terminal::write(&out)?;
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn tx(args: &TxArgs) -> Result<ExitCode> {
    let chain = args.data.open()?;
    let view = names::view(&chain);
    let found = view.transaction(args.hash)?;
    let (transaction, height) = found.with_context(|| format!("there is no transaction {}", args.hash))?;
    let version = chain.blockchain().network().settings().address_version;
    let block = view.block_hash(height)?.map(|hash| view.block(hash)).transpose()?.flatten();
    let header = block.with_context(|| format!("the storage lacks block {height}"))?.header;
    let last = chain.blockchain().height().unwrap_or(height);
    let mut out = String::new();
    if args.json {
        let more = [
            ("blockhash", header.hash().to_string().into()),
            ("confirmations", (last - height + 1).into()),
            ("blocktime", header.timestamp.into()),
        ];
        out = format!("{}\n", with(transaction.to_json(version), more)?);
    } else {
        line(&mut out, "transaction", &transaction.hash().to_string());
        line(&mut out, "block", &format!("{height} of {last}"));
        for signer in &transaction.signers {
            let address = address_from_script_hash(signer.account.0, version);
            line(&mut out, "signed by", &format!("{address}, {}", signer.scopes));
        }
        let fees = [transaction.system_fee, transaction.network_fee].map(|fee| show::gas(fee.unsigned_abs().into()));
        line(&mut out, "fees", &format!("{} GAS system, {} GAS network", fees[0], fees[1]));
        line(&mut out, "valid until", &format!("block {}", transaction.valid_until_block));
        line(&mut out, "size", &show::count(transaction.size() as u64, "byte"));
        line(&mut out, "script", &show::count(transaction.script.len() as u64, "byte"));
    }
    terminal::write(&out)?;
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn log(args: &LogArgs) -> Result<ExitCode> {
    let chain = args.data.open()?;
    let hash = block_hash(&chain, &args.hash)?;
    let log = chain.log(hash)?.with_context(|| format!("there is no log of {hash}"))?;
    if args.json {
        terminal::write(&format!("{log}\n"))?;
        return Ok(ExitCode::SUCCESS);
    }
    let log: AppLog<'_> = serde_json::from_str(&log)?;
    let mut out = String::new();
    for execution in log.executions {
        line(&mut out, "trigger", &execution.trigger);
        line(&mut out, "state", &execution.vmstate);
        if let Some(exception) = execution.exception {
            line(&mut out, "fault", &show::one_line(&exception));
        }
        line(&mut out, "gas", &format!("{} GAS", show::gas(execution.gasconsumed.parse().unwrap_or(0))));
        let events = execution.notifications.iter().map(|event| notification(&chain, event));
        diff::push_list(&mut out, "notifications", "notification", events);
        if !execution.stack.is_empty() {
            line(&mut out, "stack", &execution.stack.iter().map(|item| text(item)).collect::<Vec<_>>().join(", "));
        }
    }
    terminal::write(&out)?;
    Ok(ExitCode::SUCCESS)
}

/// An application log. The items in it may be nested more deeply than JSON is read: they are texts at first.
#[derive(Deserialize)]
struct AppLog<'a> {
    #[serde(borrow)]
    executions: Vec<LoggedExecution<'a>>,
}

#[derive(Deserialize)]
struct LoggedExecution<'a> {
    trigger: String,
    vmstate: String,
    exception: Option<String>,
    gasconsumed: String,
    #[serde(borrow)]
    notifications: Vec<LoggedEvent<'a>>,
    #[serde(borrow, default)]
    stack: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct LoggedEvent<'a> {
    contract: String,
    eventname: String,
    #[serde(borrow)]
    state: &'a RawValue,
}

/// An item of a log, for people: its JSON, if it is nested too deeply.
fn text(item: &RawValue) -> String {
    Argument::parse(item.get()).map_or_else(|_| item.get().to_owned(), |item| show::item(&item.into_item()))
}

/// A notification of a log, for people.
fn notification(chain: &PrivateChain, event: &LoggedEvent<'_>) -> String {
    let known = event.contract.parse().ok().and_then(|hash| {
        let state = Argument::parse(event.state.get()).ok()?.into_item();
        let contract = names::view(chain).contract(hash).ok().flatten();
        let notification = Notification { contract: hash, event: event.eventname.as_str().into(), state };
        Some((names::name(chain, hash), diff::values_of(contract.as_deref(), &notification)))
    });
    let (name, values) = known.unwrap_or_else(|| (event.contract.clone(), event.state.get().to_owned()));
    format!("{} of {name}: {values}", event.eventname.escape_debug())
}

pub(crate) fn candidates(args: &CandidatesArgs) -> Result<ExitCode> {
    let chain = args.data.open()?;
    let neo = names::contract(&chain, "NEO")?.state().hash;
    let receipt = chain.test(&dynamic_call(neo, "getCandidates", &[])?, &[])?;
    let Some(StackItem::Array(items)) = receipt.stack.first() else { bail!("the candidates cannot be read") };
    let validators = names::view(&chain).next_block_validators()?;
    let candidate = |item: &StackItem| {
        let StackItem::Struct(fields) = item else { bail!("a candidate cannot be read") };
        let [key, votes] = &fields.to_vec()[..] else { bail!("a candidate cannot be read") };
        let key = key.with_bytes(PublicKey::from_bytes)??;
        Ok((key, votes.to_integer()?, validators.contains(&key)))
    };
    let candidates = items.to_vec().iter().map(candidate).collect::<Result<Vec<_>>>()?;
    let text = if args.json {
        let one = |(key, votes, active): &(PublicKey, neovm::Integer, bool)| json!({"publickey": key.to_string(), "votes": votes.to_string(), "active": active});
        format!("{}\n", Value::from_iter(candidates.iter().map(one)))
    } else {
        let one = |(key, votes, active): &(PublicKey, neovm::Integer, bool)| {
            format!("{key}  {votes} votes{}\n", if *active { ", a validator" } else { "" })
        };
        let lines: String = candidates.iter().map(one).collect();
        lines + &format!("{}\n", show::count(candidates.len() as u64, "candidate"))
    };
    terminal::write(&text)?;
    Ok(ExitCode::SUCCESS)
}
