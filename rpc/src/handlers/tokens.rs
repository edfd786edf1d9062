//! Balances, transfers and properties of tokens.
//!
//! Sources: `Nep17Tracker.cs`, `Nep11Tracker.cs`, `TrackerBase.cs` of the plugin TokensTracker of
//! the reference node.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use base64::{Engine, prelude::BASE64_STANDARD};
use neovm_crypto::address_from_script_hash;
use neovm_types::{Hash160, StackItem};

use crate::{
    error::{Answer, ErrorKind, RpcError},
    node::Node,
    output::{Object, list},
    params::{Params, as_text, invalid},
    token_index::{Balance, Side, Standard, damaged, transfers_prefix},
};

/// The properties of NEP-11 tokens that are texts.
const TEXTS: [&str; 4] = ["name", "description", "image", "tokenURI"];

const WEEK: u64 = 7 * 24 * 60 * 60 * 1000;

pub(crate) fn nep17_balances(node: &Node, params: &Params<'_>) -> Answer {
    let account = account(node, params)?;
    let found = node.balances(Standard::Nep17, account)?;
    let mut balances = Vec::new();
    for (balance, token) in found.iter().zip(describe_all(node, found.iter().map(|balance| balance.asset))?) {
        let Some(token) = token else { continue };
        balances.push(token.text("amount", &balance.amount).raw("lastupdatedblock", &balance.block).finish());
    }
    Ok(of_account(node, account).raw("balance", list(balances)).finish())
}

pub(crate) fn nep11_balances(node: &Node, params: &Params<'_>) -> Answer {
    let account = account(node, params)?;
    let (found, mut balances) = (node.balances(Standard::Nep11, account)?, Vec::new());
    // The balances of a contract follow one another.
    let by_asset = || found.chunk_by(|a, b| a.asset == b.asset);
    for (of_asset, token) in by_asset().zip(describe_all(node, by_asset().map(|of_asset| of_asset[0].asset))?) {
        let Some(token) = token else { continue };
        let entry = |balance: &Balance| {
            Object::new()
                .text("tokenid", &hex::encode(&balance.token))
                .text("amount", &balance.amount)
                .raw("lastupdatedblock", &balance.block)
                .finish()
        };
        balances.push(token.raw("tokens", list(of_asset.iter().map(entry))).finish());
    }
    Ok(of_account(node, account).raw("balance", list(balances)).finish())
}

pub(crate) fn nep17_transfers(node: &Node, params: &Params<'_>) -> Answer {
    transfers(node, params, Standard::Nep17)
}

pub(crate) fn nep11_transfers(node: &Node, params: &Params<'_>) -> Answer {
    transfers(node, params, Standard::Nep11)
}

fn transfers(node: &Node, params: &Params<'_>, standard: Standard) -> Answer {
    let account = account(node, params)?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64);
    let start = time(params, 1)?.unwrap_or(now.saturating_sub(WEEK));
    let end = time(params, 2)?.unwrap_or(now);
    if end < start {
        return Err(ErrorKind::InvalidParams.into());
    }
    let of_side = |side| -> Answer {
        let prefix = transfers_prefix(standard, side, account);
        let [from, to] = [start, end].map(|time| [&prefix[..], &time.to_be_bytes()].concat());
        let entries = node.tokens.range(&from, &to, node.limits.token_entries);
        let entries = entries.map_err(|error| ErrorKind::InternalServerError.with(error))?;
        let entry = |(key, json): (Vec<u8>, Vec<u8>)| {
            let time = key.get(prefix.len()..prefix.len() + 8)?.to_vec();
            Some((time, String::from_utf8(json).ok()?))
        };
        let entries = entries.into_iter().map(entry).collect::<Option<Vec<_>>>();
        let mut entries = entries.ok_or_else(damaged)?;
        // The last first; those of one time stay in their order.
        entries.sort_by(|(a, _), (b, _)| b.cmp(a));
        Ok(list(entries.into_iter().map(|(_, json)| json)))
    };
    let (sent, received) = (of_side(Side::Sent)?, of_side(Side::Received)?);
    Ok(of_account(node, account).raw("sent", sent).raw("received", received).finish())
}

/// A time in milliseconds since 1970; 0 is as none.
fn time(params: &Params<'_>, index: usize) -> Result<Option<u64>, RpcError> {
    Ok(params.optional_integer(index)?.filter(|time| *time != 0))
}

pub(crate) fn nep11_properties(node: &Node, params: &Params<'_>) -> Answer {
    let contract = account(node, params)?;
    let value = params.required(1)?;
    let token = hex::decode(as_text(value)).map_err(|_| invalid("tokenId", value))?;
    let calls = [(contract, "properties", vec![token.as_slice().into()])];
    let Some(receipt) = node.query(&calls, node.limits.gas, node.limits.time)? else { return Ok("{}".into()) };
    let Some(StackItem::Map(map)) = receipt.stack.first() else {
        return Err(ErrorKind::InternalServerError.with("the result of properties is no map"));
    };
    let mut out = Object::new();
    for (key, value) in map.to_vec() {
        let Ok(Some(key)) = key.to_text() else { continue };
        if let Some(value) = property(&key, &value) {
            out = out.optional_text(&key, value.as_deref());
        }
    }
    Ok(out.finish())
}

/// What the value of a property is shown as, null among others; none if it has no bytes.
fn property(key: &str, value: &StackItem) -> Option<Option<String>> {
    match value {
        StackItem::Null => Some(None),
        value if TEXTS.contains(&key) => value.to_text().ok(),
        value => value.with_bytes(|bytes| BASE64_STANDARD.encode(bytes)).ok().map(Some),
    }
}

fn account(node: &Node, params: &Params<'_>) -> Result<Hash160, RpcError> {
    params.account(0, node.settings().address_version)
}

fn of_account(node: &Node, account: Hash160) -> Object {
    Object::new().text("address", &address_from_script_hash(account.0, node.settings().address_version))
}

/// What tokens say of themselves; none of one that does not, or takes too long. Each is asked at first for its part of
/// half the time, so that slow ones do not keep others from being known, and again as long as there is time for all, up
/// to a twentieth of it.
fn describe_all(node: &Node, assets: impl Iterator<Item = Hash160>) -> Result<Vec<Option<Object>>, RpcError> {
    const PART: u32 = 20;
    let (time, end) = (node.limits.time, Instant::now() + node.limits.time);
    let assets: Vec<_> = assets.collect();
    let part = time / PART.max(2 * assets.len() as u32);
    let mut tokens = assets.iter().map(|asset| describe(node, *asset, part)).collect::<Result<Vec<_>, _>>()?;
    for (token, asset) in tokens.iter_mut().zip(assets).filter(|(token, _)| token.is_none()) {
        let Some(left) = end.checked_duration_since(Instant::now()) else { break };
        *token = describe(node, asset, left.min(time / PART))?;
    }
    Ok(tokens)
}

/// What a token says of itself within a time. That the state cannot be read is no word of the token.
fn describe(node: &Node, asset: Hash160, time: Duration) -> Result<Option<Object>, RpcError> {
    let Some(contract) = node.view().contract(asset)? else { return Ok(None) };
    let calls = [(asset, "decimals", vec![]), (asset, "symbol", vec![])];
    let receipt = match node.query(&calls, node.limits.gas, time) {
        Err(RpcError { kind: ErrorKind::ExecutionFailed, data }) => {
            tracing::warn!(%asset, reason = data, "a token does not describe itself");
            None
        }
        receipt => receipt?,
    };
    let described = receipt.and_then(|receipt| {
        let [decimals, symbol] = &receipt.stack[..] else { return None };
        Some((decimals.to_integer().ok()?, symbol.to_text().ok()??))
    });
    Ok(described.map(|(decimals, symbol)| {
        Object::new()
            .text("assethash", &asset.to_string())
            .text("name", &contract.state().manifest.name)
            .text("symbol", &symbol)
            .text("decimals", &decimals.to_string())
    }))
}
