//! Blocks and transactions of the origin, which are no part of its state trie.

use neovm_chain::{Block, Transaction};
use neovm_host::native::{LedgerEntry, transaction_record};
use neovm_storage::{StoreError, Value};
use neovm_types::Hash256;
use serde_json::json;

use super::{Origin, OriginError, client::Problem};

/// The codes of errors that say that something is not there.
///
/// Source: `RpcError.cs` of the plugin RpcServer of the reference node.
const UNKNOWN_BLOCK: i64 = -101;
const UNKNOWN_TRANSACTION: i64 = -103;

impl Origin {
    /// The value of a key of the Ledger.
    pub(super) fn ledger_value(&self, key: &[u8], local: &[u8]) -> Result<Option<Value>, StoreError> {
        match LedgerEntry::of_key(local) {
            Some(LedgerEntry::BlockHash(index)) if index == self.height => Ok(Some(self.hash.0.as_slice().into())),
            Some(LedgerEntry::BlockHash(index)) if index < self.height => {
                self.kept_value(key, || Ok(Some(self.block_hash(index)?.0.to_vec())))
            }
            Some(LedgerEntry::Block(hash)) if self.is_own(hash) => Ok(None),
            Some(LedgerEntry::Block(hash)) => self.kept_value(key, || self.block(hash)),
            Some(LedgerEntry::Transaction(hash)) => self.kept_value(key, || self.transaction(hash)),
            // The fork has its own last block. Which transactions conflict, nodes do not tell.
            _ => Ok(None),
        }
    }

    fn block_hash(&self, index: u32) -> Result<Hash256, OriginError> {
        const GET_BLOCK_HASH: &str = "getblockhash";
        let hash = self.client.call(GET_BLOCK_HASH, json!([index]))?;
        let hash = hash.as_str().and_then(|text| text.parse().ok());
        hash.ok_or_else(|| self.client.malformed(GET_BLOCK_HASH, "it is no hash"))
    }

    fn block(&self, hash: Hash256) -> Result<Option<Vec<u8>>, StoreError> {
        const GET_BLOCK: &str = "getblock";
        let answer = unless(UNKNOWN_BLOCK, self.client.call(GET_BLOCK, json!([hash.to_string(), false])))?;
        let Some(answer) = answer else { return Ok(None) };
        let block = Block::parse(&self.client.bytes(GET_BLOCK, &answer)?);
        let block = block.map_err(|error| self.client.malformed(GET_BLOCK, error))?;
        if block.hash() != hash {
            return Err(self.client.malformed(GET_BLOCK, format_args!("it is block {}", block.hash())).into());
        }
        Ok((block.index <= self.height).then(|| block.trim().to_bytes()))
    }

    fn transaction(&self, hash: Hash256) -> Result<Option<Vec<u8>>, StoreError> {
        const GET_HEIGHT: &str = "gettransactionheight";
        const GET_TRANSACTION: &str = "getrawtransaction";
        let height = unless(UNKNOWN_TRANSACTION, self.client.call(GET_HEIGHT, json!([hash.to_string()])))?;
        let Some(height) = height else { return Ok(None) };
        let height = height.as_u64().and_then(|height| u32::try_from(height).ok());
        let height = height.ok_or_else(|| self.client.malformed(GET_HEIGHT, "it is no height"))?;
        if height > self.height {
            return Ok(None);
        }
        let answer = self.client.call(GET_TRANSACTION, json!([hash.to_string(), false]))?;
        let transaction = Transaction::parse(&self.client.bytes(GET_TRANSACTION, &answer)?);
        let transaction = transaction.map_err(|error| self.client.malformed(GET_TRANSACTION, error))?;
        if transaction.hash() != hash {
            let found = transaction.hash();
            return Err(self.client.malformed(GET_TRANSACTION, format_args!("it is transaction {found}")).into());
        }
        transaction_record(height, &transaction).map(Some).map_err(|fault| StoreError(fault.to_string()))
    }
}

/// What is answered; none if that is the error with a code.
fn unless<T>(code: i64, answer: Result<T, OriginError>) -> Result<Option<T>, OriginError> {
    match answer {
        Err(OriginError { problem: Problem::Refused { code: found, .. }, .. }) if found == code => Ok(None),
        answer => answer.map(Some),
    }
}
