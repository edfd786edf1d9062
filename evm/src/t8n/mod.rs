//! Transitions: what becomes of accounts by the transactions of a block.
//!
//! Inputs, outputs and what is checked are those of geth's `evm t8n`.

mod block;
mod env;
mod receipt;
mod transaction;

use std::{
    cell::Cell,
    io::{self, Write},
    rc::Rc,
};

use alloy_primitives::Bloom;
use alloy_trie::root::{ordered_trie_root_encoded, ordered_trie_root_with_encoder};
use neovm_storage::{Layer, StoreError};
use revm::{
    context_interface::Block,
    primitives::{B256, Bytes, Log, U256, keccak256},
};
use serde::{Deserialize, Serialize};

pub(crate) use self::block::{Ommer, Withdrawal};
use self::{
    receipt::{Place, ReceiptJson},
    transaction::{SignedTransaction, TransactionJson},
};
pub use crate::json::Env;
use crate::{
    BlockEnv, Evm, EvmError, Fork, Trace, TraceFields, TxEnv, World, json::Alloc, json::store_of, json::write_quantity,
    logs_hash,
};

/// Blobs have this much gas each.
///
/// Source: EIP-4844.
const BLOB_GAS: u64 = 1 << 17;

/// Why there is no transition.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransitionError {
    /// The block cannot be as it should be.
    #[error("{0}")]
    Evm(String),
    /// The environment lacks something that the fork asks for, or has something that it does not allow.
    #[error("{0}")]
    Config(String),
    /// A transaction asks for the hash of a block, which is not given.
    #[error("BLOCKHASH of block {0}, which blockHashes does not have")]
    MissingBlockHash(u64),
    /// A trace cannot be written.
    #[error("{0}")]
    Trace(String),
    /// A transaction is none.
    #[error("transaction {index}: {error}")]
    Transaction {
        /// Which one, from 0.
        index: usize,
        /// Why.
        error: String,
    },
}

impl From<StoreError> for TransitionError {
    fn from(error: StoreError) -> Self {
        Self::Evm(error.to_string())
    }
}

impl From<EvmError> for TransitionError {
    fn from(error: EvmError) -> Self {
        Self::Evm(error.to_string())
    }
}

/// The transactions of a block: some that are signed or come with a key to sign them, or all in RLP.
#[derive(Debug)]
pub struct Transactions(List);

#[derive(Debug)]
enum List {
    Json(Vec<TransactionJson>),
    Rlp(Vec<Bytes>),
}

impl<'de> Deserialize<'de> for Transactions {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Ok(Self(List::Json(Vec::deserialize(from)?)))
    }
}

impl Transactions {
    /// Reads the RLP of a block's body.
    ///
    /// # Errors
    /// In words, if the bytes are not that.
    pub fn from_rlp(body: &[u8]) -> Result<Self, String> {
        transaction::split_body(body).map(|all| Self(List::Rlp(all)))
    }

    /// The transactions; in RLP, some may be none, and are rejected then.
    fn sign(self, chain_id: u64) -> Result<Vec<Result<SignedTransaction, String>>, TransitionError> {
        match self.0 {
            List::Json(all) => {
                let sign = |(index, json): (_, TransactionJson)| {
                    json.sign(chain_id).map(Ok).map_err(|error| TransitionError::Transaction { index, error })
                };
                all.into_iter().enumerate().map(sign).collect()
            }
            List::Rlp(all) => Ok(all.iter().map(|bytes| SignedTransaction::from_bytes(bytes)).collect()),
        }
    }
}

/// What a transition starts from.
#[derive(Debug)]
pub struct Transition {
    /// The rules.
    pub fork: Fork,
    /// The chain's id.
    pub chain_id: u64,
    /// What the miner gets, in wei; none if mining is not paid, which differs from 0: that touches the account.
    pub reward: Option<u64>,
    /// The accounts.
    pub alloc: Alloc,
    /// The block.
    pub env: Env,
    /// The transactions.
    pub transactions: Transactions,
}

/// What has become of it.
#[derive(Debug)]
pub struct Transitioned {
    /// The accounts.
    pub alloc: Alloc,
    /// The transactions that were executed, in RLP.
    pub body: Bytes,
    /// The rest.
    pub result: TransitionResult,
}

/// Roots, receipts, and what was refused.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TransitionResult {
    state_root: B256,
    tx_root: B256,
    receipts_root: B256,
    logs_hash: B256,
    logs_bloom: Bloom,
    receipts: Vec<ReceiptJson>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    rejected: Vec<Rejected>,
    #[serde(serialize_with = "write_some")]
    current_difficulty: Option<U256>,
    #[serde(serialize_with = "write_quantity")]
    gas_used: u64,
    #[serde(serialize_with = "write_some", skip_serializing_if = "Option::is_none")]
    current_base_fee: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    withdrawals_root: Option<B256>,
    #[serde(serialize_with = "write_some", skip_serializing_if = "Option::is_none")]
    current_excess_blob_gas: Option<u64>,
    #[serde(serialize_with = "write_some", skip_serializing_if = "Option::is_none")]
    blob_gas_used: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    requests_hash: Option<B256>,
    requests: Option<Vec<Bytes>>,
}

fn write_some<S: serde::Serializer>(number: &Option<impl Copy + std::fmt::LowerHex>, to: S) -> Result<S::Ok, S::Error> {
    match number {
        Some(number) => write_quantity(number, to),
        None => to.serialize_none(),
    }
}

/// A transaction that was not executed.
#[derive(Debug, Serialize)]
struct Rejected {
    index: usize,
    error: String,
}

impl Transition {
    /// Executes the transactions, and what the block does beside them.
    ///
    /// # Errors
    /// [`TransitionError`]. Transactions that are not valid are listed in the result.
    pub fn run(self) -> Result<Transitioned, TransitionError> {
        self.run_with(None)
    }

    /// Does what [`Transition::run`] does, and writes a [`Trace`] of each transaction to what `open` returns. It is
    /// given the transaction's hash and its number: from 0, and only those count of which not the signature or the
    /// blobs alone say that they are not valid.
    ///
    /// # Errors
    /// Those of [`Transition::run`]; [`TransitionError::Trace`] if a trace cannot be written.
    pub fn run_traced<'o>(
        self,
        fields: TraceFields,
        open: &'o mut OpenTrace<'o>,
    ) -> Result<Transitioned, TransitionError> {
        self.run_with(Some(Traces { fields, open, count: 0 }))
    }

    fn run_with(mut self, traces: Option<Traces<'_>>) -> Result<Transitioned, TransitionError> {
        self.env.complete(self.fork).map_err(TransitionError::Config)?;
        let transactions = self.transactions.sign(self.chain_id)?;
        let evm = Evm::new(self.fork, self.chain_id);
        let (store, block) = (store_of(&self.alloc)?, self.env.block(self.fork));
        let layer = Layer::over(&store);
        let mut run = Run::new(&evm, &layer, &self.env, block, traces);
        run.begin()?;
        for (index, transaction) in transactions.into_iter().enumerate() {
            let signed = transaction.and_then(|signed| Ok((signed.recover(self.fork)?, signed)));
            let executed = match signed {
                Ok((transaction, signed)) => run.execute(&transaction, signed.to_bytes())?,
                Err(error) => Err(error),
            };
            if let Err(error) = executed {
                run.rejected.push(Rejected { index, error });
            }
        }
        if let Some(reward) = self.reward {
            block::pay_miners(&evm, &layer, run.block.beneficiary, &self.env.ommers, reward)?;
        }
        run.end()
    }
}

/// Opens what the trace of a transaction is written to, by its number and its hash.
pub type OpenTrace<'o> = dyn FnMut(usize, B256) -> io::Result<Box<dyn Write>> + 'o;

/// Traces of the transactions of a block.
struct Traces<'t> {
    fields: TraceFields,
    open: &'t mut OpenTrace<'t>,
    count: usize,
}

impl Traces<'_> {
    /// Begins the trace of a transaction.
    fn begin(&mut self, hash: B256) -> Result<Trace<Box<dyn Write>>, TransitionError> {
        let to = (self.open)(self.count, hash).map_err(|error| TransitionError::Trace(error.to_string()))?;
        self.count += 1;
        Ok(Trace::new(to, self.fields))
    }
}

/// A block under way.
struct Run<'r, 's, 't> {
    evm: &'r Evm,
    layer: &'r Rc<Layer<'s>>,
    env: &'r Env,
    block: BlockEnv,
    traces: Option<Traces<'t>>,
    receipts: Vec<ReceiptJson>,
    rejected: Vec<Rejected>,
    body: Vec<Bytes>,
    gas_used: u64,
    blob_gas_used: u64,
}

/// Since when there are transactions of each type.
const SINCE: [Fork; 5] = [Fork::Frontier, Fork::Berlin, Fork::London, Fork::Cancun, Fork::Prague];

impl<'r, 's, 't> Run<'r, 's, 't> {
    fn new(evm: &'r Evm, layer: &'r Rc<Layer<'s>>, env: &'r Env, block: BlockEnv, traces: Option<Traces<'t>>) -> Self {
        let (receipts, rejected, body) = Default::default();
        Self { evm, layer, env, block, traces, receipts, rejected, body, gas_used: 0, blob_gas_used: 0 }
    }

    /// Notes the roots and hashes of blocks before this one in the contracts that hold them.
    fn begin(&self) -> Result<(), TransitionError> {
        let call = |contract, hash: B256| {
            let input = Bytes::copy_from_slice(&hash[..]);
            block::system_call(self.evm, self.layer, &self.block, contract, input)
        };
        if let Some(root) = self.env.parent_beacon_block_root.filter(|_| self.evm.fork() >= Fork::Cancun) {
            call(block::BEACON_ROOTS, root)?;
        }
        if let Some(hashes) = self.env.block_hashes.as_ref().filter(|_| self.evm.fork() >= Fork::Prague) {
            let parent = self.env.current_number.wrapping_sub(1);
            call(block::HISTORY, hashes.get(&parent).copied().unwrap_or_default())?;
        }
        Ok(())
    }

    /// Executes a transaction, or says why it is not valid.
    fn execute(&mut self, transaction: &TxEnv, bytes: Bytes) -> Result<Result<(), String>, TransitionError> {
        let (fork, left) = (self.evm.fork(), self.block.gas_limit - self.gas_used);
        let blob_gas = BLOB_GAS * transaction.blob_hashes.len() as u64;
        let max_blob_gas = BLOB_GAS * fork.max_blobs_of_block();
        if SINCE.get(usize::from(transaction.tx_type)).is_none_or(|since| fork < *since) {
            return Ok(Err(format!("transaction type {} is not supported", transaction.tx_type)));
        }
        if transaction.tx_type == 3 && self.env.current_excess_blob_gas.is_none() {
            return Ok(Err("a transaction with blobs, but currentExcessBlobGas is missing".into()));
        }
        if self.blob_gas_used + blob_gas > max_blob_gas {
            let gas = self.blob_gas_used + blob_gas;
            return Ok(Err(format!("blob gas ({gas}) would exceed maximum allowance {max_blob_gas}")));
        }
        let hash = keccak256(&bytes);
        let trace = self.traces.as_mut().map(|traces| traces.begin(hash)).transpose()?;
        if transaction.gas_limit > left {
            return Ok(Err(format!("gas limit reached: {left} gas left, {} asked for", transaction.gas_limit)));
        }
        let missing = Rc::new(Cell::new(None));
        let (hashes, note) = (self.env.block_hashes.as_ref(), Rc::clone(&missing));
        let world = World::new(self.layer).with_block_hashes(move |number| {
            let found = hashes.and_then(|hashes| hashes.get(&number));
            if found.is_none() {
                note.set(Some(number));
            }
            found.copied()
        });
        let executed = match trace {
            None => self.evm.execute(&world, &self.block, transaction),
            Some(mut trace) => {
                let executed = self.evm.execute_inspected(&world, &self.block, transaction, &mut trace);
                trace.finish().map_err(|error| TransitionError::Trace(format!("cannot write a trace: {error}")))?;
                executed
            }
        };
        let receipt = match executed {
            Ok(receipt) => receipt,
            Err(error @ (EvmError::Transaction(_) | EvmError::Block(_))) => return Ok(Err(error.to_string())),
            Err(error) => return Err(error.into()),
        };
        if let Some(number) = missing.get() {
            return Err(TransitionError::MissingBlockHash(number));
        }
        self.gas_used += receipt.gas_used;
        self.blob_gas_used += blob_gas;
        let place = Place {
            number: self.env.current_number,
            timestamp: self.env.current_timestamp,
            index: self.receipts.len(),
            logs: self.receipts.iter().map(|receipt| receipt.logs.len()).sum(),
            cumulative_gas_used: self.gas_used,
            blob_price: self.block.blob_gasprice().filter(|_| transaction.tx_type == 3),
        };
        let root = if fork < Fork::Byzantium { Some(self.evm.state(self.layer).root()?) } else { None };
        self.receipts.push(ReceiptJson::new(transaction, hash, receipt, &place, root));
        self.body.push(bytes);
        Ok(Ok(()))
    }

    fn logs(&self) -> impl Iterator<Item = &Log> {
        self.receipts.iter().flat_map(|receipt| &receipt.logs).map(|log| &log.log)
    }

    /// Does what follows the transactions, and computes the roots.
    fn end(self) -> Result<Transitioned, TransitionError> {
        let (fork, mut withdrawals_root, mut requests) = (self.evm.fork(), None, None);
        if let Some(withdrawals) = self.env.withdrawals.as_ref().filter(|_| fork >= Fork::Shanghai) {
            block::pay_withdrawals(self.evm, self.layer, withdrawals)?;
            withdrawals_root = Some(ordered_trie_root_with_encoder(withdrawals, Withdrawal::encode));
        }
        if fork >= Fork::Prague {
            requests = Some(block::requests(self.evm, self.layer, &self.block, self.logs())?);
        }
        let state = self.evm.state(self.layer);
        let logs: Vec<_> = self.logs().cloned().collect();
        let mut logs_bloom = Bloom::ZERO;
        self.receipts.iter().for_each(|receipt| logs_bloom.accrue_bloom(&receipt.logs_bloom));
        let has_blobs = fork >= Fork::Cancun && self.env.current_excess_blob_gas.is_some();
        let result = TransitionResult {
            state_root: state.root()?,
            tx_root: ordered_trie_root_encoded(&self.body),
            receipts_root: ordered_trie_root_with_encoder(&self.receipts, ReceiptJson::encode),
            logs_hash: logs_hash(&logs),
            logs_bloom,
            receipts: self.receipts,
            rejected: self.rejected,
            current_difficulty: (fork < Fork::Paris).then_some(self.block.difficulty),
            gas_used: self.gas_used,
            current_base_fee: self.env.current_base_fee,
            withdrawals_root,
            current_excess_blob_gas: self.env.current_excess_blob_gas.filter(|_| has_blobs),
            blob_gas_used: has_blobs.then_some(self.blob_gas_used),
            requests_hash: requests.as_deref().map(block::requests_hash),
            requests,
        };
        Ok(Transitioned { alloc: state.dump()?, body: transaction::body(&self.body), result })
    }
}
