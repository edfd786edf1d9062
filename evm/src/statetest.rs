//! State tests: a transaction over given accounts, and what becomes of them by the rules of each fork.
//!
//! The format is that of `GeneralStateTests` in ethereum/tests and of the execution specifications' fixtures.

use std::{
    collections::BTreeMap,
    io::{self, Write},
    sync::{Arc, LazyLock},
};

use neovm_storage::{Layer, MemoryStore, StoreError};
use revm::{
    context::{BlockEnv, TxEnv, either::Either},
    context_interface::result::InvalidTransaction,
    primitives::{Address, B256, Bytes, TxKind, keccak256},
};
use serde::Deserialize;

use crate::{
    Evm, EvmError, Fork, Receipt, Trace, TraceFields, Turns, UnknownFork, World,
    json::{
        AccessJson, Alloc, AuthorizationJson, Env, access_list, parse_quantity, quantity, read_json, some_quantity,
        store_of,
    },
    logs_hash,
};

/// A file of state tests cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum StateTestError {
    /// It is not the JSON of state tests.
    #[error("not a state test: {0}")]
    Json(String),
    /// A test names a fork that there is not.
    #[error("{test}: {error}")]
    Fork {
        /// The test.
        test: String,
        /// The name.
        error: UnknownFork,
    },
    /// A test asks for a value that its transaction does not have.
    #[error("{test}, {fork}: the transaction has no {what} number {index}")]
    Index {
        /// The test.
        test: String,
        /// The fork.
        fork: Fork,
        /// What there are several of.
        what: &'static str,
        /// The number, from 0.
        index: usize,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A trace cannot be written.
    #[error("cannot write a trace: {0}")]
    Trace(#[from] io::Error),
}

/// One execution of a state test.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The name of the test.
    pub test: String,
    /// The fork.
    pub fork: Fork,
    /// Which data, gas limit and value of the transaction, from 0.
    pub indexes: [usize; 3],
    /// The root of the state afterwards.
    pub root: B256,
    /// The hash of the logs.
    pub logs: B256,
    /// The gas that was used; none if the transaction is not valid.
    pub gas_used: Option<u64>,
    /// In what it differs from what the test expects; empty if in nothing.
    pub failure: Option<String>,
}

#[derive(Deserialize)]
struct Test {
    env: Env,
    pre: Alloc,
    transaction: Transaction,
    post: BTreeMap<String, Vec<Post>>,
    #[serde(default)]
    config: Config,
}

#[derive(Default, Deserialize)]
struct Config {
    #[serde(default, alias = "chainId", deserialize_with = "some_quantity")]
    chainid: Option<u64>,
}

/// A transaction with several data, gas limits and values. Numbers of any size are there, also such as no transaction
/// can have.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Transaction {
    data: Vec<Bytes>,
    gas_limit: Vec<String>,
    value: Vec<String>,
    nonce: String,
    to: String,
    sender: Address,
    gas_price: Option<String>,
    max_fee_per_gas: Option<String>,
    max_priority_fee_per_gas: Option<String>,
    access_lists: Option<Vec<Option<Vec<AccessJson>>>>,
    max_fee_per_blob_gas: Option<String>,
    #[serde(default)]
    blob_versioned_hashes: Vec<B256>,
    authorization_list: Option<Vec<AuthorizationJson>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Post {
    hash: B256,
    logs: B256,
    indexes: Indexes,
    expect_exception: Option<String>,
}

#[derive(Clone, Copy, Deserialize)]
struct Indexes {
    #[serde(deserialize_with = "quantity")]
    data: usize,
    #[serde(deserialize_with = "quantity")]
    gas: usize,
    #[serde(deserialize_with = "quantity")]
    value: usize,
}

impl Indexes {
    /// Checks that the transaction has what is asked for.
    fn check(self, test: &str, fork: Fork, transaction: &Transaction) -> Result<(), StateTestError> {
        let parts = [
            ("data", self.data, transaction.data.len()),
            ("gas limit", self.gas, transaction.gas_limit.len()),
            ("value", self.value, transaction.value.len()),
        ];
        match parts.into_iter().find(|(_, index, count)| index >= count) {
            Some((what, index, _)) => Err(StateTestError::Index { test: test.to_owned(), fork, what, index }),
            None => Ok(()),
        }
    }
}

impl Transaction {
    /// The transaction with one data, gas limit and value; None if a number is one that no transaction can have.
    fn pick(&self, indexes: Indexes, chain_id: u64) -> Option<TxEnv> {
        fn number<T: TryFrom<revm::primitives::U256>>(text: &str) -> Option<T> {
            parse_quantity(text).ok()
        }
        let or_zero = |text: &Option<String>| text.as_deref().map_or(Some(0), number::<u128>);
        let access = self.access_lists.as_ref().map(|lists| lists.get(indexes.data).and_then(Option::as_ref));
        let tx_type = match () {
            () if self.authorization_list.is_some() => 4,
            () if self.max_fee_per_blob_gas.is_some() => 3,
            () if self.max_fee_per_gas.is_some() => 2,
            () if access.flatten().is_some() => 1,
            () => 0,
        };
        let authorizations = self.authorization_list.iter().flatten();
        Some(TxEnv {
            tx_type,
            caller: self.sender,
            gas_limit: number(&self.gas_limit[indexes.gas])?,
            gas_price: or_zero(if self.max_fee_per_gas.is_some() { &self.max_fee_per_gas } else { &self.gas_price })?,
            kind: if self.to.is_empty() { TxKind::Create } else { TxKind::Call(self.to.parse().ok()?) },
            value: number(&self.value[indexes.value])?,
            data: self.data[indexes.data].clone(),
            nonce: number(&self.nonce)?,
            chain_id: Some(chain_id),
            access_list: access_list(access.flatten().map_or(&[], |list| list)),
            gas_priority_fee: match &self.max_priority_fee_per_gas {
                Some(text) => Some(number(text)?),
                None => (tx_type >= 2).then_some(0),
            },
            blob_hashes: self.blob_versioned_hashes.clone(),
            max_fee_per_blob_gas: or_zero(&self.max_fee_per_blob_gas)?,
            authorization_list: authorizations.map(|json| Either::Left(json.signed())).collect(),
        })
    }
}

/// Executions of state tests take [turns](Turns) above so many bytes of memory: few tests need more, but one needs a
/// gigabyte.
const MUCH_MEMORY: usize = 16 << 20;

/// Executions on several threads take these.
static TURNS: LazyLock<Arc<Turns>> = LazyLock::new(|| Turns::above(MUCH_MEMORY));

/// Runs the tests of a file, and hands each execution to a function. Of those that run on several threads, one at a
/// time has much memory.
///
/// # Errors
/// [`StateTestError`] if the text is not a file of state tests.
pub fn run_state_tests(text: &str, each: &mut dyn FnMut(Outcome)) -> Result<(), StateTestError> {
    run_all(text, &mut Sinks { each, trace: None })
}

/// Does what [`run_state_tests`] does, and writes a [`Trace`] of each execution, with a line for the state root behind
/// it.
///
/// # Errors
/// Those of [`run_state_tests`]; [`StateTestError::Trace`] if a trace cannot be written.
pub fn trace_state_tests(
    text: &str,
    fields: TraceFields,
    to: &mut dyn Write,
    each: &mut dyn FnMut(Outcome),
) -> Result<(), StateTestError> {
    run_all(text, &mut Sinks { each, trace: Some((fields, to)) })
}

/// Where it goes what comes of executions.
struct Sinks<'s> {
    each: &'s mut dyn FnMut(Outcome),
    trace: Option<(TraceFields, &'s mut dyn Write)>,
}

fn run_all(text: &str, sinks: &mut Sinks<'_>) -> Result<(), StateTestError> {
    let tests: BTreeMap<String, Test> = read_json(text.as_bytes()).map_err(StateTestError::Json)?;
    tests.iter().try_for_each(|(name, test)| test.run(name, sinks))
}

impl Test {
    fn run(&self, name: &str, sinks: &mut Sinks<'_>) -> Result<(), StateTestError> {
        let store = store_of(&self.pre)?;
        let chain_id = self.config.chainid.unwrap_or(1);
        for (fork, posts) in &self.post {
            let fork = fork.parse().map_err(|error| StateTestError::Fork { test: name.to_owned(), error })?;
            let (evm, block) = (Evm::new(fork, chain_id), self.env.block(fork));
            for post in posts {
                post.indexes.check(name, fork, &self.transaction)?;
                let transaction = self.transaction.pick(post.indexes, chain_id);
                let outcome = post.run(name, &evm, &store, &block, transaction.as_ref(), &mut sinks.trace)?;
                (sinks.each)(outcome);
            }
        }
        Ok(())
    }
}

impl Post {
    fn run(
        &self,
        test: &str,
        evm: &Evm,
        store: &MemoryStore,
        block: &BlockEnv,
        transaction: Option<&TxEnv>,
        trace: &mut Option<(TraceFields, &mut dyn Write)>,
    ) -> Result<Outcome, StateTestError> {
        let layer = Layer::over(store);
        // The tests' blocks have the hashes of their numbers' decimal digits.
        let world = World::new(&layer).with_turns(&TURNS);
        let world = world.with_block_hashes(|number| Some(keccak256(number.to_string())));
        let execute = |transaction| match trace {
            None => Ok(evm.execute(&world, block, transaction)),
            Some((fields, to)) => {
                let mut trace = Trace::new(to, *fields);
                let executed = evm.execute_inspected(&world, block, transaction, &mut trace);
                trace.finish().map(|()| executed)
            }
        };
        let result = transaction.map(execute).transpose()?.transpose();
        if let Err(EvmError::Store(error)) = result {
            return Err(error.into());
        }
        let logs = logs_hash(result.as_ref().ok().and_then(Option::as_ref).map_or(&[], |receipt| &receipt.logs));
        let Indexes { data, gas, value } = self.indexes;
        let root = evm.state(&layer).root()?;
        if let Some((_, to)) = trace {
            writeln!(to, r#"{{"stateRoot": "{root}"}}"#)?;
        }
        let gas_used = result.as_ref().ok().and_then(Option::as_ref).map(|receipt| receipt.gas_used);
        let failure = self.compare(&result, root, logs);
        let test = test.to_owned();
        Ok(Outcome { test, fork: evm.fork(), indexes: [data, gas, value], root, logs, gas_used, failure })
    }

    /// Says in what an execution differs from what is expected.
    fn compare(&self, result: &Result<Option<Receipt>, EvmError>, root: B256, logs: B256) -> Option<String> {
        let exception = match result {
            Ok(Some(_)) => None,
            Ok(None) => Some(("a number that does not fit".to_owned(), "RLP_INVALID_VALUE")),
            Err(EvmError::Transaction(error)) => Some((error.to_string(), exception_name(error))),
            Err(error) => Some((error.to_string(), "")),
        };
        match (&self.expect_exception, exception) {
            (Some(expected), None) => return Some(format!("expected {expected}, but the transaction was executed")),
            (None, Some((error, _))) => return Some(format!("the transaction was refused: {error}")),
            (Some(expected), Some((error, name))) if !is_one_of(expected, name) => {
                return Some(format!("expected {expected}, but the reason is: {error}"));
            }
            _ => {}
        }
        if root != self.hash {
            return Some(format!("state root {root}, expected {}", self.hash));
        }
        (logs != self.logs).then(|| format!("hash of the logs {logs}, expected {}", self.logs))
    }
}

/// Whether a name is among those that a test allows: `TransactionException.A|TransactionException.B`.
fn is_one_of(expected: &str, name: &str) -> bool {
    expected.split('|').any(|one| one.trim().strip_prefix("TransactionException.").unwrap_or(one) == name)
}

/// What the tests call an exception.
///
/// Source: `TransactionException` of the execution specifications.
pub(crate) fn exception_name(error: &InvalidTransaction) -> &'static str {
    use InvalidTransaction as I;
    match error {
        I::PriorityFeeGreaterThanMaxFee => "PRIORITY_GREATER_THAN_MAX_FEE_PER_GAS",
        I::GasPriceLessThanBasefee => "INSUFFICIENT_MAX_FEE_PER_GAS",
        I::CallerGasLimitMoreThanBlock => "GAS_ALLOWANCE_EXCEEDED",
        I::CallGasCostMoreThanGasLimit { .. } => "INTRINSIC_GAS_TOO_LOW",
        I::GasFloorMoreThanGasLimit { .. } => "INTRINSIC_GAS_BELOW_FLOOR_GAS_COST",
        I::RejectCallerWithCode => "SENDER_NOT_EOA",
        I::LackOfFundForMaxFee { .. } => "INSUFFICIENT_ACCOUNT_FUNDS",
        I::OverflowPaymentInTransaction => "GASLIMIT_PRICE_PRODUCT_OVERFLOW",
        I::NonceOverflowInTransaction => "NONCE_IS_MAX",
        I::NonceTooHigh { .. } => "NONCE_MISMATCH_TOO_HIGH",
        I::NonceTooLow { .. } => "NONCE_MISMATCH_TOO_LOW",
        I::CreateInitCodeSizeLimit => "INITCODE_SIZE_EXCEEDED",
        I::InvalidChainId | I::MissingChainId => "INVALID_CHAINID",
        I::TxGasLimitGreaterThanCap { .. } => "GAS_LIMIT_EXCEEDS_MAXIMUM",
        I::BlobGasPriceGreaterThanMax { .. } => "INSUFFICIENT_MAX_FEE_PER_BLOB_GAS",
        I::EmptyBlobs => "TYPE_3_TX_ZERO_BLOBS",
        I::BlobCreateTransaction => "TYPE_3_TX_CONTRACT_CREATION",
        I::TooManyBlobs { .. } => "TYPE_3_TX_BLOB_COUNT_EXCEEDED",
        I::BlobVersionNotSupported => "TYPE_3_TX_INVALID_BLOB_VERSIONED_HASH",
        I::EmptyAuthorizationList => "TYPE_4_EMPTY_AUTHORIZATION_LIST",
        I::Eip2930NotSupported | I::AccessListNotSupported => "TYPE_1_TX_PRE_FORK",
        I::Eip1559NotSupported => "TYPE_2_TX_PRE_FORK",
        I::Eip4844NotSupported | I::BlobVersionedHashesNotSupported | I::MaxFeePerBlobGasNotSupported => {
            "TYPE_3_TX_PRE_FORK"
        }
        I::Eip7702NotSupported | I::AuthorizationListNotSupported => "TYPE_4_TX_PRE_FORK",
        I::AuthorizationListInvalidFields => "TYPE_4_TX_CONTRACT_CREATION",
        I::Eip7873NotSupported | I::Eip7873MissingTarget | I::Str(_) => "",
    }
}
