//! The committee, candidates, validators, and what NEO earns.
//!
//! Source: `RpcServer.Blockchain.cs` of the reference node.

use neovm_crypto::address_from_script_hash;
use neovm_types::{Hash160, StackItem};

use super::native_hash;
use crate::{
    error::{Answer, ErrorKind, RpcError},
    node::Node,
    output::{Object, list, text},
    params::Params,
};

/// NeoToken.
fn neo() -> Hash160 {
    native_hash("NeoToken")
}

pub(crate) fn committee(node: &Node, _: &Params<'_>) -> Answer {
    Ok(list(keys(node, "getCommittee")?.iter().map(|key| text(&hex::encode(key)))))
}

pub(crate) fn next_block_validators(node: &Node, _: &Params<'_>) -> Answer {
    let mut validators = Vec::new();
    for key in keys(node, "getNextBlockValidators")? {
        let votes = node.native(neo(), "getCandidateVote", vec![key.as_slice().into()])?.to_integer()?;
        validators.push(Object::new().text("publickey", &hex::encode(&key)).raw("votes", votes).finish());
    }
    Ok(list(validators))
}

pub(crate) fn candidates(node: &Node, _: &Params<'_>) -> Answer {
    let validators = keys(node, "getNextBlockValidators")?;
    let candidates = items(&node.native(neo(), "getCandidates", Vec::new())?)?;
    let candidate = |item: &StackItem| -> Answer {
        let fields = items(item)?;
        let [key, votes] = &fields[..] else { return Err(malformed()) };
        let key = key.with_bytes(<[u8]>::to_vec)?;
        Ok(Object::new()
            .text("publickey", &hex::encode(&key))
            .text("votes", &votes.to_integer()?.to_string())
            .raw("active", validators.contains(&key))
            .finish())
    };
    Ok(list(candidates.iter().map(candidate).collect::<Result<Vec<_>, _>>()?))
}

pub(crate) fn unclaimed_gas(node: &Node, params: &Params<'_>) -> Answer {
    let version = node.settings().address_version;
    let account = params.account(0, version)?;
    let end = i64::from(node.height()) + 1;
    let unclaimed = node.native(neo(), "unclaimedGas", vec![account.into(), end.into()])?.to_integer()?;
    Ok(Object::new()
        .text("unclaimed", &unclaimed.to_string())
        .text("address", &address_from_script_hash(account.0, version))
        .finish())
}

/// The keys that a method of NeoToken returns.
fn keys(node: &Node, method: &str) -> Result<Vec<Vec<u8>>, RpcError> {
    let keys = items(&node.native(neo(), method, Vec::new())?)?;
    Ok(keys.iter().map(|key| key.with_bytes(<[u8]>::to_vec)).collect::<Result<_, _>>()?)
}

fn items(item: &StackItem) -> Result<Vec<StackItem>, RpcError> {
    match item {
        StackItem::Array(items) | StackItem::Struct(items) => Ok(items.to_vec()),
        _ => Err(malformed()),
    }
}

fn malformed() -> RpcError {
    ErrorKind::InternalServerError.with("Can't read what NeoToken returned.")
}
