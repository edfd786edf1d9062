//! Contracts and their storage.
//!
//! Source: `RpcServer.Blockchain.cs` of the reference node.

use std::{sync::Arc, time::Instant};

use base64::{Engine, prelude::BASE64_STANDARD};
use neovm_host::{Contract, native::NATIVES};
use neovm_storage::{Direction, Key, Store};
use neovm_types::{FaultKind, Hash160, StackItem};

use super::native_hash;
use crate::{
    error::{Answer, ErrorKind, RpcError},
    node::Node,
    output::{Object, list, text},
    params::{Params, as_text, invalid, trimmed},
};

pub(crate) fn contract_state(node: &Node, params: &Params<'_>) -> Answer {
    Ok(contract(node, params, 0)?.state().to_json().to_string())
}

pub(crate) fn native_contracts(node: &Node, _: &Params<'_>) -> Answer {
    let view = node.view();
    let mut natives = Vec::new();
    for native in NATIVES {
        natives.extend(view.contract(native.hash)?.map(|contract| contract.state().to_json().to_string()));
    }
    Ok(list(natives))
}

pub(crate) fn storage(node: &Node, params: &Params<'_>) -> Answer {
    let id = contract_id(node, params)?;
    let value = node.chain().state().get(&Key::new(id, &params.bytes(1)?)).map_err(unreadable)?;
    Ok(text(&BASE64_STANDARD.encode(value.ok_or(ErrorKind::UnknownStorageItem)?)))
}

pub(crate) fn find_storage(node: &Node, params: &Params<'_>) -> Answer {
    let id = contract_id(node, params)?;
    let prefix = Key::new(id, &params.bytes(1)?);
    let start: i32 = params.optional_integer(2)?.unwrap_or(0);
    let start = usize::try_from(start).unwrap_or(0);
    let (limit, time) = (node.limits.storage_entries, node.limits.time);
    let end = Instant::now() + time;
    // An error is no entry to pass over. Of a fork the entries may come from another node, as many as there are.
    let mut entries = node.chain().state().seek(&prefix, None, Direction::Forward).map(|entry| {
        if Instant::now() >= end {
            let seconds = time.as_secs_f32();
            return Err(ErrorKind::ExecutionFailed.with(format_args!("it takes more than {seconds} s")));
        }
        entry.map_err(unreadable)
    });
    entries.by_ref().take(start).try_for_each(|entry| entry.map(drop))?;
    let mut results = Vec::new();
    for entry in entries.by_ref().take(limit) {
        let (key, value) = entry?;
        results.push(storage_entry(key.local(), &value));
    }
    let next = start + results.len();
    let is_truncated = entries.next().transpose()?.is_some();
    Ok(Object::new().raw("truncated", is_truncated).raw("next", next).raw("results", list(results)).finish())
}

/// A key without the id of the contract, and its value.
pub(crate) fn storage_entry(key: &[u8], value: &[u8]) -> String {
    Object::new().text("key", &BASE64_STANDARD.encode(key)).text("value", &BASE64_STANDARD.encode(value)).finish()
}

/// A contract that is given by its hash, its id, or the name of a native one.
fn contract(node: &Node, params: &Params<'_>, index: usize) -> Result<Arc<Contract>, RpcError> {
    let value = params.required(index)?;
    let text = as_text(value);
    let hash = match trimmed(&text).parse::<i32>() {
        Ok(id) => hash_of_id(node, id)?,
        Err(_) => match NATIVES.into_iter().find(|native| native.name.eq_ignore_ascii_case(&text)) {
            Some(native) => native.hash,
            None => text.parse().map_err(|_| invalid("contract hash or id format", value))?,
        },
    };
    node.view().contract(hash)?.ok_or_else(|| ErrorKind::UnknownContract.into())
}

/// The id of a contract. An id need not be that of a contract.
fn contract_id(node: &Node, params: &Params<'_>) -> Result<i32, RpcError> {
    match trimmed(&as_text(params.required(0)?)).parse() {
        Ok(id) => Ok(id),
        Err(_) => Ok(contract(node, params, 0)?.state().id),
    }
}

fn hash_of_id(node: &Node, id: i32) -> Result<Hash160, RpcError> {
    if let Some(native) = NATIVES.into_iter().find(|native| native.id == id) {
        return Ok(native.hash);
    }
    let item = node.native(native_hash("ContractManagement"), "getContractById", vec![id.into()])?;
    let StackItem::Array(fields) = &item else { return Err(ErrorKind::UnknownContract.into()) };
    let hash = fields.to_vec().get(2).map(|hash| hash.with_bytes(|bytes| bytes.try_into()));
    match hash {
        Some(Ok(Ok(hash))) => Ok(Hash160(hash)),
        _ => Err(FaultKind::Host("a stored contract has no hash".into()).into()),
    }
}

fn unreadable(error: impl std::fmt::Display) -> RpcError {
    ErrorKind::InternalServerError.with(error)
}
