//! State roots, and states that are kept.
//!
//! Source: `StatePlugin.cs` of the plugin StateService of the reference node.

use base64::{Engine, prelude::BASE64_STANDARD};
use neovm_host::{ContractState, native::contract_key};
use neovm_storage::{ChainError, Key, Proof, TrieError, TrieMode, TrieReader};
use neovm_types::Hash256;

use super::contracts::storage_entry;
use crate::{
    error::{Answer, ErrorKind, RpcError},
    node::Node,
    output::{Object, list, text},
    params::Params,
};

/// The number of entries that `findstates` returns at most.
///
/// Source: `StateService/Settings.cs`.
const MAX_FOUND: usize = 100;

pub(crate) fn height(node: &Node, _: &Params<'_>) -> Answer {
    let local = if has_roots(node) { node.height().to_string() } else { "null".into() };
    Ok(Object::new().raw("localrootindex", local).raw("validatedrootindex", "null").finish())
}

pub(crate) fn root(node: &Node, params: &Params<'_>) -> Answer {
    let index: u32 = params.integer(0)?;
    let root = node.chain().state().place().root(index).map_err(unreadable)?;
    let root = Hash256(root.ok_or_else(|| without_roots(node, ErrorKind::UnknownStateRoot))?);
    Ok(Object::new()
        .raw("version", 0)
        .raw("index", index)
        .text("roothash", &root.to_string())
        .raw("witnesses", "[]")
        .finish())
}

pub(crate) fn value(node: &Node, params: &Params<'_>) -> Answer {
    let (trie, id) = contract(node, params)?;
    let value = trie.get(&Key::new(id, &params.bytes(2)?)).map_err(unreadable)?;
    Ok(text(&BASE64_STANDARD.encode(value.ok_or(ErrorKind::UnknownStorageItem)?)))
}

pub(crate) fn proof(node: &Node, params: &Params<'_>) -> Answer {
    let (trie, id) = contract(node, params)?;
    Ok(text(&encoded_proof(&trie, id, &params.bytes(2)?)?))
}

pub(crate) fn verify_proof(_: &Node, params: &Params<'_>) -> Answer {
    let root = params.hash256(0)?;
    let proof = Proof::from_bytes(&params.bytes(1)?);
    let value = proof.and_then(|proof| proof.verify(root.0)).ok().flatten();
    Ok(text(&BASE64_STANDARD.encode(value.ok_or(ErrorKind::InvalidProof)?)))
}

pub(crate) fn find_states(node: &Node, params: &Params<'_>) -> Answer {
    let (trie, id) = contract(node, params)?;
    let prefix = Key::new(id, &params.bytes(2)?);
    let from = params.optional(3).map(|_| params.bytes(3)).transpose()?.filter(|from| !from.is_empty());
    let count: i32 = params.optional_integer(4)?.unwrap_or(0);
    let count = usize::try_from(count).ok().filter(|count| *count > 0).map_or(MAX_FOUND, |count| count.min(MAX_FOUND));
    let mut found = Vec::new();
    let mut is_truncated = false;
    let from = from.map(|from| Key::new(id, &from));
    if from.as_ref().is_some_and(|from| !from.starts_with(&prefix)) {
        return Err(ErrorKind::InvalidParams.with("invalid from key"));
    }
    let entries = trie.find(&prefix, from.as_deref()).map_err(unreadable)?;
    for entry in entries {
        let (key, value) = entry.map_err(unreadable)?;
        is_truncated = found.len() == count;
        if is_truncated {
            break;
        }
        found.push((key.local().to_vec(), value));
    }
    let mut out = Object::new();
    if let Some((first, _)) = found.first() {
        out = out.text("firstProof", &encoded_proof(&trie, id, first)?);
    }
    if let [_, .., (last, _)] = &found[..] {
        out = out.text("lastProof", &encoded_proof(&trie, id, last)?);
    }
    let results = list(found.iter().map(|(key, value)| storage_entry(key, value)));
    Ok(out.raw("truncated", is_truncated).raw("results", results).finish())
}

type Trie = TrieReader<std::sync::Arc<dyn neovm_storage::Place>>;

/// The state with a root, and the id that a contract has there.
fn contract(node: &Node, params: &Params<'_>) -> Result<(Trie, i32), RpcError> {
    let (root, hash) = (params.hash256(0)?, params.hash160(1)?);
    let trie = node.chain().state().trie(root.0).map_err(|error| match error {
        ChainError::OldState => without_roots(node, ErrorKind::UnsupportedState),
        error => unreadable(error),
    })?;
    let stored = trie.get(&contract_key(hash)).map_err(|error| missing(error, root))?;
    let stored = stored.ok_or(ErrorKind::UnknownContract)?;
    Ok((trie, ContractState::from_bytes(&stored)?.id))
}

/// The error for a state that cannot be read: that there is no such root, if it is the node of the root that is missing.
fn missing(error: TrieError, root: Hash256) -> RpcError {
    match error {
        TrieError::Missing { hash, .. } if hash == root.0 => ErrorKind::UnknownStateRoot.into(),
        error => unreadable(error),
    }
}

fn has_roots(node: &Node) -> bool {
    node.chain().state().place().trie_mode() != TrieMode::None
}

/// An error, which says so if there are no state roots at all.
fn without_roots(node: &Node, kind: ErrorKind) -> RpcError {
    match has_roots(node) {
        true => kind.into(),
        false => kind.with("a fork of another network has no state roots"),
    }
}

fn encoded_proof(trie: &Trie, id: i32, key: &[u8]) -> Answer {
    let proof = trie.proof(&Key::new(id, key)).map_err(unreadable)?;
    Ok(BASE64_STANDARD.encode(proof.ok_or(ErrorKind::UnknownStorageItem)?.to_bytes()))
}

fn unreadable(error: impl std::fmt::Display) -> RpcError {
    ErrorKind::InternalServerError.with(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_that_is_missing_below_the_root_is_no_unknown_root() {
        let error = |hash| missing(TrieReader::new((), hash).get(b"key").unwrap_err(), Hash256([1; 32])).kind;
        assert_eq!(error([1; 32]), ErrorKind::UnknownStateRoot);
        assert_eq!(error([2; 32]), ErrorKind::InternalServerError);
    }
}
