//! Blocks.
//!
//! Source: `RpcServer.Blockchain.cs` of the reference node.

use base64::{Engine, prelude::BASE64_STANDARD};
use neovm_chain::{Block, Header};
use neovm_node::{BlockchainError, verify::VerifyResult};
use neovm_private::PrivateError;
use neovm_types::{Hash256, json::Json};

use super::{extend, number};
use crate::{
    error::{Answer, ErrorKind, RpcError},
    node::{Node, NodeError},
    output::{Object, text},
    params::{Params, as_text, invalid, trimmed},
};

pub(crate) fn best_block_hash(node: &Node, _: &Params<'_>) -> Answer {
    Ok(text(&node.view().last_hash()?.to_string()))
}

pub(crate) fn block_count(node: &Node, _: &Params<'_>) -> Answer {
    Ok((u64::from(node.height()) + 1).to_string())
}

pub(crate) fn block_hash(node: &Node, params: &Params<'_>) -> Answer {
    let hash = node.view().block_hash(params.integer(0)?)?;
    Ok(text(&hash.ok_or(ErrorKind::UnknownHeight)?.to_string()))
}

pub(crate) fn block(node: &Node, params: &Params<'_>) -> Answer {
    let block = node.block(hash_or_index(node, params)?)?.ok_or(ErrorKind::UnknownBlock)?;
    if !params.boolean(1) {
        return Ok(text(&BASE64_STANDARD.encode(block.to_bytes())));
    }
    let mut json = block.to_json(node.settings().address_version);
    add_place(node, &block, &mut json)?;
    Ok(json.to_string())
}

pub(crate) fn block_header(node: &Node, params: &Params<'_>) -> Answer {
    let header = node.header(hash_or_index(node, params)?)?.ok_or(ErrorKind::UnknownBlock)?;
    if !params.boolean(1) {
        return Ok(text(&BASE64_STANDARD.encode(header.to_bytes())));
    }
    let mut json = header.to_json(node.settings().address_version);
    add_place(node, &header, &mut json)?;
    Ok(json.to_string())
}

/// The hash of a block that is given by its hash or its index.
fn hash_or_index(node: &Node, params: &Params<'_>) -> Result<Hash256, RpcError> {
    let value = params.required(0)?;
    let text = as_text(value);
    if let Ok(index) = trimmed(&text).parse::<u32>() {
        return node.view().block_hash(index)?.ok_or_else(|| ErrorKind::UnknownBlock.into());
    }
    text.parse().map_err(|_| invalid("block hash or index format", value))
}

/// Adds where in the chain a block lies.
fn add_place(node: &Node, header: &Header, json: &mut Json) -> Result<(), RpcError> {
    let confirmations = u64::from(node.height()) + 1 - u64::from(header.index);
    extend(json, [("confirmations", number(confirmations))]);
    if let Some(next) = node.view().block_hash(header.index.wrapping_add(1))? {
        extend(json, [("nextblockhash", next.to_string().into())]);
    }
    Ok(())
}

pub(crate) fn submit_block(node: &mut Node, params: &Params<'_>) -> Answer {
    let wrong = || ErrorKind::InvalidParams.with("Invalid Block Format");
    let block = Block::parse(&params.bytes(0)?).map_err(|_| wrong())?;
    if block.index <= node.height() {
        return Err(RpcError::of_result(VerifyResult::AlreadyExists));
    }
    if block.index - node.height() > 1 {
        return Err(RpcError::of_result(VerifyResult::UnableToVerify));
    }
    match node.append(&block) {
        Err(NodeError::Chain(PrivateError::Blockchain(BlockchainError::Refused { .. }))) => {
            return Err(RpcError::of_result(VerifyResult::Invalid));
        }
        appended => appended?,
    }
    node.mine_each(None)?;
    Ok(Object::new().text("hash", &block.hash().to_string()).finish())
}
