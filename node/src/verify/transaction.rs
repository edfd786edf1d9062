//! Transactions.
//!
//! Sources: `Ledger/Blockchain.cs` (`OnTransaction`), `Ledger/MemoryPool.cs`
//! (`TryAdd`), `Payloads/Transaction.cs` of the reference node.

use std::sync::Arc;

use neovm_chain::{Transaction, Witness, contract};
use neovm_crypto::{Curve, Hash, verify as verify_signature};
use neovm_host::{Container, Network, ProtocolSettings, StateView, verify_witness};
use neovm_storage::Store;
use neovm_types::{FaultKind, Hash160, PublicKey};

use super::{MAX_VERIFICATION_GAS, Pool, VerifyResult, attributes, fee::standard_cost};

/// Verifies a transaction that was received, over the state after the last block and
/// beside a pool.
///
/// # Errors
/// A fault if the storage cannot be read or is damaged.
pub fn verify_new_transaction(
    network: &Network,
    store: &dyn Store,
    pool: &Pool,
    transaction: &Transaction,
) -> Result<VerifyResult, FaultKind> {
    let state = StateView::new(network, store);
    let hash = transaction.hash();
    if pool.contains(hash) {
        return Ok(VerifyResult::AlreadyInPool);
    }
    if let Some(result) = in_chain(&state, transaction)? {
        return Ok(result);
    }
    let result = verify_state_independent(network.settings(), transaction);
    if result != VerifyResult::Succeed {
        return Ok(result);
    }
    match pool.replaced_by(transaction) {
        Some(replaced) => verify_in(network, store, &state, pool, &replaced, transaction),
        None => Ok(VerifyResult::HasConflicts),
    }
}

/// Returns why a transaction cannot follow what is in the chain, if it cannot.
pub(super) fn in_chain(state: &StateView<'_>, transaction: &Transaction) -> Result<Option<VerifyResult>, FaultKind> {
    if state.contains_transaction(transaction.hash())? {
        return Ok(Some(VerifyResult::AlreadyExists));
    }
    let signers = transaction.signers.iter().map(|signer| signer.account);
    Ok(state.contains_conflict(transaction.hash(), signers)?.then_some(VerifyResult::HasConflicts))
}

/// Verifies what does not depend on the state: the size, the script, and the
/// signatures of standard accounts. It can run on any thread, before the blocks below
/// are executed.
///
/// Source: `Payloads/Transaction.cs` (`VerifyStateIndependent`).
pub fn verify_state_independent(settings: &ProtocolSettings, transaction: &Transaction) -> VerifyResult {
    if transaction.size() > Transaction::MAX_SIZE {
        return VerifyResult::OverSize;
    }
    if transaction.script.validate().is_err() {
        return VerifyResult::InvalidScript;
    }
    let message = transaction.sign_data(settings.network);
    for (signer, witness) in transaction.signers.iter().zip(transaction.witnesses()) {
        let result = verify_standard(&message, signer.account, witness);
        if result != VerifyResult::Succeed {
            return result;
        }
    }
    VerifyResult::Succeed
}

/// Verifies a witness of a standard account. Others are left for execution.
fn verify_standard(message: &[u8], account: Hash160, witness: &Witness) -> VerifyResult {
    let Some(standard) = Standard::new(witness) else { return VerifyResult::Succeed };
    if witness.script_hash() != account {
        return VerifyResult::Invalid;
    }
    let check =
        |key: &[u8], signature: &[u8; 64]| verify_signature(message, key, signature, Curve::Secp256r1, Hash::Sha256);
    match standard {
        Standard::Signature { key, signature } => match check(key, signature) {
            Ok(true) => VerifyResult::Succeed,
            Ok(false) => VerifyResult::InvalidSignature,
            Err(_) => VerifyResult::Invalid,
        },
        Standard::Multisig { keys, signatures } => {
            let mut keys = keys.iter();
            for (i, signature) in signatures.iter().enumerate() {
                loop {
                    if signatures.len() - i > keys.len() {
                        return VerifyResult::InvalidSignature;
                    }
                    let Some(key) = keys.next() else { return VerifyResult::InvalidSignature };
                    match check(&key.0, signature) {
                        Ok(true) => break,
                        Ok(false) => {}
                        Err(_) => return VerifyResult::Invalid,
                    }
                }
            }
            VerifyResult::Succeed
        }
    }
}

/// A witness of a standard account whose invocation script pushes as many signatures
/// as are required. It is verified without being executed.
pub(super) enum Standard<'a> {
    /// Of a single key.
    Signature { key: &'a [u8; 33], signature: &'a [u8; 64] },
    /// Of several keys, some of which must sign, in their order.
    Multisig { keys: Vec<PublicKey>, signatures: Vec<&'a [u8; 64]> },
}

impl<'a> Standard<'a> {
    /// Returns what a witness consists of; none if it has to be executed.
    ///
    /// One with several keys, of which one is not on the curve, is executed, which
    /// fails.
    pub(super) fn new(witness: &'a Witness) -> Option<Self> {
        let verification = witness.verification.bytes();
        let signatures = contract::signatures(witness.invocation.bytes())?;
        if let Some(key) = contract::signature_contract(verification) {
            let [signature] = signatures[..] else { return None };
            return Some(Self::Signature { key, signature });
        }
        let multisig = contract::multisig_contract(verification)?;
        let keys = multisig.public_keys().filter(|_| signatures.len() == multisig.required)?;
        Some(Self::Multisig { keys, signatures })
    }
}

/// Verifies what depends on the state after the last block, of a transaction that
/// [`verify_state_independent`] accepts: how long it is valid, blocked accounts, what
/// the sender can pay, attributes, the network fee and the witnesses that have to be
/// executed. That it neither is in the chain nor conflicts with it is for the caller
/// to check, as [`verify_new_transaction`] does.
///
/// # Errors
/// A fault if the storage cannot be read or is damaged.
pub fn verify_state_dependent(
    network: &Network,
    store: &dyn Store,
    pool: &Pool,
    transaction: &Transaction,
) -> Result<VerifyResult, FaultKind> {
    verify_in(network, store, &StateView::new(network, store), pool, &[], transaction)
}

/// Verifies what depends on the state, if some transactions leave the pool.
///
/// Source: `Payloads/Transaction.cs` (`VerifyStateDependent`).
pub(super) fn verify_in(
    network: &Network,
    store: &dyn Store,
    state: &StateView<'_>,
    pool: &Pool,
    replaced: &[Arc<Transaction>],
    transaction: &Transaction,
) -> Result<VerifyResult, FaultKind> {
    let height = state.height()?;
    let last = height.wrapping_add(state.max_valid_until_block_increment()?);
    if transaction.valid_until_block <= height || transaction.valid_until_block > last {
        return Ok(VerifyResult::Expired);
    }
    for signer in &transaction.signers {
        if state.is_blocked(signer.account)? {
            return Ok(VerifyResult::PolicyFail);
        }
    }
    if !pool.can_pay(state, transaction, replaced)? {
        return Ok(VerifyResult::InsufficientFunds);
    }
    let mut attributes_fee = 0;
    for attribute in &transaction.attributes {
        if !attributes::holds(state, transaction, attribute)? {
            return Ok(VerifyResult::InvalidAttribute);
        }
        attributes_fee += attributes::fee(state, transaction, attribute)?;
    }
    let left = transaction.network_fee - transaction.size() as i64 * state.fee_per_byte()? - attributes_fee;
    if left < 0 {
        return Ok(VerifyResult::InsufficientFunds);
    }
    let fee_factor = state.exec_fee_factor(height)?;
    verify_witnesses(network, store, transaction, left.min(MAX_VERIFICATION_GAS), fee_factor)
}

/// Charges the witnesses of standard accounts and executes the others, which share
/// some gas, in datoshi.
fn verify_witnesses(
    network: &Network,
    store: &dyn Store,
    transaction: &Transaction,
    mut left: i64,
    fee_factor: i64,
) -> Result<VerifyResult, FaultKind> {
    for (signer, witness) in transaction.signers.iter().zip(transaction.witnesses()) {
        left -= match Standard::new(witness) {
            Some(_) => fee_factor * standard_cost(witness.verification.bytes()).unwrap_or(0),
            None => {
                let container = Container::Transaction(transaction);
                let verification = verify_witness(network, store, container, signer.account, witness, left)?;
                if !verification.ok {
                    return Ok(VerifyResult::Invalid);
                }
                i64::try_from(verification.fee.datoshi_ceil()).map_err(|_| FaultKind::Overflow)?
            }
        };
        if left < 0 {
            return Ok(VerifyResult::InsufficientFunds);
        }
    }
    Ok(VerifyResult::Succeed)
}
