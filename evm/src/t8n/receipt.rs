//! Receipts of transactions, as JSON and in RLP.

use alloy_primitives::Bloom;
use alloy_rlp::Encodable;
use revm::{
    context::TxEnv,
    primitives::{Address, B256, Bytes, Log, TxKind, b256},
};
use serde::Serialize;

use super::{
    BLOB_GAS,
    transaction::{list, typed},
    write_some,
};
use crate::{Receipt, json::write_quantity};

/// What geth's tool takes for the hash of the block.
const BLOCK: B256 = b256!("1337000000000000000000000000000000000000000000000000000000000000");

/// A receipt as geth's JSON has it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ReceiptJson {
    #[serde(rename = "type", serialize_with = "write_quantity", skip_serializing_if = "is_legacy")]
    kind: u8,
    /// The state root after the transaction, before Byzantium.
    root: Bytes,
    #[serde(serialize_with = "write_quantity")]
    status: u8,
    #[serde(serialize_with = "write_quantity")]
    cumulative_gas_used: u64,
    pub(super) logs_bloom: Bloom,
    pub(super) logs: Vec<LogJson>,
    transaction_hash: B256,
    contract_address: Address,
    #[serde(serialize_with = "write_quantity")]
    gas_used: u64,
    /// geth's tool does not say it.
    effective_gas_price: Option<u64>,
    #[serde(serialize_with = "write_some", skip_serializing_if = "Option::is_none")]
    blob_gas_used: Option<u64>,
    #[serde(serialize_with = "write_some", skip_serializing_if = "Option::is_none")]
    blob_gas_price: Option<u128>,
    block_hash: B256,
    #[serde(serialize_with = "write_quantity")]
    block_number: u64,
    #[serde(serialize_with = "write_quantity")]
    transaction_index: usize,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LogJson {
    #[serde(flatten)]
    pub(super) log: Log,
    #[serde(serialize_with = "write_quantity")]
    block_number: u64,
    transaction_hash: B256,
    #[serde(serialize_with = "write_quantity")]
    transaction_index: usize,
    block_hash: B256,
    #[serde(serialize_with = "write_quantity")]
    block_timestamp: u64,
    #[serde(serialize_with = "write_quantity")]
    log_index: usize,
    removed: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
fn is_legacy(kind: &u8) -> bool {
    *kind == 0
}

/// Where in a block a transaction is.
pub(super) struct Place {
    pub(super) number: u64,
    pub(super) timestamp: u64,
    pub(super) index: usize,
    /// How many logs there are before it.
    pub(super) logs: usize,
    pub(super) cumulative_gas_used: u64,
    /// What blob gas costs, if the transaction has blobs.
    pub(super) blob_price: Option<u128>,
}

impl ReceiptJson {
    /// `root` is the state root, before Byzantium.
    pub(super) fn new(transaction: &TxEnv, hash: B256, receipt: Receipt, place: &Place, root: Option<B256>) -> Self {
        let mut logs_bloom = Bloom::ZERO;
        logs_bloom.accrue_logs(&receipt.logs);
        let log = |(index, log)| LogJson {
            log,
            block_number: place.number,
            transaction_hash: hash,
            transaction_index: place.index,
            block_hash: BLOCK,
            block_timestamp: place.timestamp,
            log_index: place.logs + index,
            removed: false,
        };
        Self {
            kind: transaction.tx_type,
            root: root.map_or_else(Bytes::new, |root| Bytes::copy_from_slice(&root[..])),
            status: receipt.status.is_success().into(),
            cumulative_gas_used: place.cumulative_gas_used,
            logs_bloom,
            logs: receipt.logs.into_iter().enumerate().map(log).collect(),
            transaction_hash: hash,
            contract_address: match transaction.kind {
                TxKind::Create => transaction.caller.create(transaction.nonce),
                TxKind::Call(_) => Address::ZERO,
            },
            gas_used: receipt.gas_used,
            effective_gas_price: None,
            blob_gas_used: place.blob_price.map(|_| transaction.blob_hashes.len() as u64 * BLOB_GAS),
            blob_gas_price: place.blob_price,
            block_hash: BLOCK,
            block_number: place.number,
            transaction_index: place.index,
        }
    }

    /// The receipt as the receipts' root is computed from it.
    pub(super) fn encode(&self, to: &mut Vec<u8>) {
        let mut fields = Vec::new();
        if self.root.is_empty() {
            self.status.encode(&mut fields);
        } else {
            self.root.encode(&mut fields);
        }
        self.cumulative_gas_used.encode(&mut fields);
        self.logs_bloom.encode(&mut fields);
        self.logs.iter().map(|log| log.log.clone()).collect::<Vec<_>>().encode(&mut fields);
        to.extend(typed(self.kind, list(&fields)));
    }
}
