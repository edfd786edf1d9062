//! Transactions.
//!
//! Sources: `Ledger/Blockchain.cs` (`OnTransaction`), `Ledger/MemoryPool.cs`
//! (`TryAdd`), `Payloads/Transaction.cs` of the reference node.

use std::sync::Arc;

use neovm_chain::Transaction;
use neovm_host::{Container, Network, ProtocolSettings, StateView, verify_witness};
use neovm_storage::Store;
use neovm_types::FaultKind;

use super::{
    MAX_VERIFICATION_GAS, Pool, VerifyResult, attributes,
    fee::standard_cost,
    witness::{Standard, verify_standard},
};

/// Verifies a transaction that was received, over the state after the last block and
/// beside a pool.
///
/// # Errors
/// A fault if the storage cannot be read or is damaged, unless it is a witness that reads
/// it, see [the module](crate::verify).
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
pub(crate) fn in_chain(state: &StateView<'_>, transaction: &Transaction) -> Result<Option<VerifyResult>, FaultKind> {
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

/// Verifies what depends on the state after the last block, of a transaction that
/// [`verify_state_independent`] accepts: how long it is valid, blocked accounts, what
/// the payer can pay, attributes, the network fee and the witnesses that have to be
/// executed. That it neither is in the chain nor conflicts with it is for the caller
/// to check, as [`verify_new_transaction`] does.
///
/// # Errors
/// A fault if the storage cannot be read or is damaged, unless it is a witness that reads
/// it, see [the module](crate::verify).
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
pub(crate) fn verify_in(
    network: &Network,
    store: &dyn Store,
    state: &StateView<'_>,
    pool: &Pool,
    replaced: &[Arc<Transaction>],
    transaction: &Transaction,
) -> Result<VerifyResult, FaultKind> {
    let height = state.height()?;
    if transaction.valid_until_block <= height {
        return Ok(VerifyResult::Expired);
    }
    if transaction.valid_until_block > height.wrapping_add(state.max_valid_until_block_increment()?) {
        return Ok(VerifyResult::NotYetValid);
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
    let size_fee = state.fee_per_byte()?.saturating_mul(transaction.size() as i64);
    let left = transaction.network_fee.saturating_sub(size_fee).saturating_sub(attributes_fee);
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
        let fee = match Standard::new(witness) {
            Some(_) => fee_factor.saturating_mul(standard_cost(witness.verification.bytes()).unwrap_or(0)),
            None => {
                let container = Container::Transaction(transaction);
                let verification = verify_witness(network, store, container, signer.account, witness, left)?;
                if !verification.ok {
                    return Ok(VerifyResult::Invalid);
                }
                i64::try_from(verification.fee.datoshi_ceil()).map_err(|_| FaultKind::Overflow)?
            }
        };
        left = left.saturating_sub(fee);
        if left < 0 {
            return Ok(VerifyResult::InsufficientFunds);
        }
    }
    Ok(VerifyResult::Succeed)
}
