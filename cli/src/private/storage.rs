//! `neovm storage`: what a contract has stored.

use std::process::ExitCode;

use anyhow::{Context, Result};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use neovm::{
    Integer, Limits, StackItem,
    storage::{Direction, Key, Store},
    types::item::binary,
};
use serde_json::{Value, json};

use super::{Data, names};
use crate::{hash, show, terminal};

/// Show what a contract has stored on a private chain
#[derive(clap::Args)]
#[command(after_help = "Examples:
  neovm storage GAS --data mychain
  neovm storage token 0x01 --decode --data mychain
  neovm storage token --json --data mychain")]
pub(crate) struct StorageArgs {
    /// The contract, as for `neovm call`
    contract: String,
    /// The first bytes of the keys: hexadecimal digits after 0x, otherwise a text
    #[arg(default_value = "")]
    prefix: String,
    /// Read keys and values: texts, numbers, and what StdLib's serialize has written
    #[arg(long, conflicts_with = "json")]
    decode: bool,
    /// The greatest number of entries
    #[arg(long, value_name = "N", default_value_t = 1000)]
    limit: usize,
    #[command(flatten)]
    data: Data,
    /// Write JSON: the answer of the RPC call findstorage
    #[arg(long)]
    json: bool,
}

pub(crate) fn storage(args: &StorageArgs) -> Result<ExitCode> {
    let chain = args.data.open()?;
    let contract = names::contract(&chain, &args.contract)?;
    let prefix = Key::new(contract.state().id, &hash::bytes(&args.prefix)?);
    let mut entries = Vec::new();
    let mut is_cut = false;
    for entry in chain.blockchain().state().seek(&prefix, None, Direction::Forward) {
        let (key, value) = entry.context("the storage cannot be read")?;
        if entries.len() == args.limit {
            is_cut = true;
            break;
        }
        entries.push((key.local().to_vec(), value));
    }
    let mut out = String::new();
    if args.json {
        let encode = |bytes: &[u8]| BASE64_STANDARD.encode(bytes);
        let result =
            |(key, value): &(Vec<u8>, neovm::storage::Value)| json!({"key": encode(key), "value": encode(value)});
        let results: Value = entries.iter().map(result).collect();
        out = format!("{}\n", json!({"truncated": is_cut, "next": entries.len(), "results": results}));
    } else {
        for (key, value) in &entries {
            let [key, value] = [&key[..], &value[..]].map(|bytes| text(bytes, args.decode));
            out.push_str(&format!("{key}: {value}\n"));
        }
        let more = if is_cut { ", and there are more" } else { "" };
        out.push_str(&format!("{}{more}\n", show::count(entries.len() as u64, "entry").replace("entrys", "entries")));
    }
    terminal::write(&out)?;
    Ok(ExitCode::SUCCESS)
}

/// Bytes in hexadecimal digits, or as what they may stand for.
fn text(bytes: &[u8], decode: bool) -> String {
    if !decode {
        return format!("0x{}", hex::encode(bytes));
    }
    match binary::deserialize(bytes, bytes.len(), Limits::DEFAULT.max_stack_size as usize) {
        Ok(item @ (StackItem::Array(_) | StackItem::Struct(_) | StackItem::Map(_))) => show::item(&item),
        _ => {
            let shown = show::item(&StackItem::from(bytes));
            // What is no text, and too short for a hash, is mostly a number.
            match Integer::from_le_bytes(bytes).filter(|_| shown.starts_with("0x") && bytes.len() < 20) {
                Some(number) => format!("{shown} ({number})"),
                None => shown,
            }
        }
    }
}
