//! Transactions, of the chain and of the pool.
//!
//! Sources: `RpcServer.Blockchain.cs`, `RpcServer.Node.cs`, `RpcServer.Wallet.cs` of the
//! reference node.

use std::sync::Arc;

use base64::{Engine, prelude::BASE64_STANDARD};
use neovm_chain::Transaction;
use neovm_node::verify::{VerifyResult, network_fee};
use neovm_private::MAX_BLOCK_SYSTEM_FEE;

use super::{extend, number};
use crate::{
    error::{Answer, ErrorKind, RpcError},
    node::Node,
    output::{Object, list, text},
    params::Params,
};

pub(crate) fn raw_mempool(node: &Node, params: &Params<'_>) -> Answer {
    let hashes = list(node.pool.transactions().map(|transaction| text(&transaction.hash().to_string())));
    if !params.boolean(0) {
        return Ok(hashes);
    }
    Ok(Object::new().raw("height", node.height()).raw("verified", hashes).raw("unverified", "[]").finish())
}

pub(crate) fn raw_transaction(node: &Node, params: &Params<'_>) -> Answer {
    let hash = params.hash256(0)?;
    let view = node.view();
    let (transaction, index) = match node.pool.get(hash) {
        Some(waiting) => (Transaction::clone(waiting), None),
        None => {
            let (transaction, index) = view.transaction(hash)?.ok_or(ErrorKind::UnknownTransaction)?;
            (transaction, Some(index))
        }
    };
    if !params.boolean(1) {
        return Ok(text(&BASE64_STANDARD.encode(transaction.to_bytes())));
    }
    let mut json = transaction.to_json(node.settings().address_version);
    if let Some(index) = index {
        let hash = view.block_hash(index)?.ok_or(ErrorKind::UnknownBlock)?;
        let header = node.header(hash)?.ok_or(ErrorKind::UnknownBlock)?;
        let members = [
            ("blockhash", hash.to_string().into()),
            ("confirmations", number(u64::from(node.height()) + 1 - u64::from(index))),
            ("blocktime", number(header.timestamp)),
        ];
        extend(&mut json, members);
    }
    Ok(json.to_string())
}

pub(crate) fn transaction_height(node: &Node, params: &Params<'_>) -> Answer {
    let (_, index) = node.view().transaction(params.hash256(0)?)?.ok_or(ErrorKind::UnknownTransaction)?;
    Ok(index.to_string())
}

pub(crate) fn calculate_network_fee(node: &Node, params: &Params<'_>) -> Answer {
    let transaction = transaction(&params.bytes(0)?)?;
    let fee = node.over_state(|state| {
        let fee = network_fee(node.network(), state, &transaction);
        fee.map_err(|error| ErrorKind::InvalidParams.with(error))
    })?;
    Ok(Object::new().text("networkfee", &fee.to_string()).finish())
}

pub(crate) fn send_raw_transaction(node: &mut Node, params: &Params<'_>) -> Answer {
    let bytes = params.bytes(0)?;
    if bytes.len() > Transaction::MAX_SIZE {
        return Err(ErrorKind::InvalidSize.with("Transaction size exceeds the maximum allowed."));
    }
    let transaction = transaction(&bytes)?;
    let (hash, fee) = (transaction.hash(), transaction.system_fee);
    if fee > MAX_BLOCK_SYSTEM_FEE {
        return Err(ErrorKind::PolicyFailed.with(format_args!(
            "no block takes it: its system fee is {fee} datoshi, and all of a block {MAX_BLOCK_SYSTEM_FEE} at most"
        )));
    }
    let result = node.add(Arc::new(transaction))?;
    if result != VerifyResult::Succeed {
        return Err(RpcError::of_result(result));
    }
    node.mine_each(Some(hash))?;
    Ok(Object::new().text("hash", &hash.to_string()).finish())
}

fn transaction(bytes: &[u8]) -> Result<Transaction, RpcError> {
    Transaction::parse(bytes)
        .map_err(|error| ErrorKind::InvalidParams.with(format_args!("Invalid Transaction Format: {error}")))
}
