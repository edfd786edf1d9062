//! Network fees.
//!
//! Sources: `SmartContract/Helper.cs`, `Wallets/Helper.cs` of the reference node.

use neovm_chain::{Transaction, Witness, contract};
use neovm_host::{Container, Entry, Job, Network, StateView, Trigger, execute, syscalls::CHECK_SIG_PRICE};
use neovm_storage::Store;
use neovm_types::{
    FaultKind, Gas, Hash160, OpCode, PriceTable, ScriptBuilder, io::length_size, manifest::ParameterType,
};

use super::attributes;

/// The gas that the witnesses may use when a network fee is calculated, in datoshi:
/// 20 GAS, as in test runs.
const MAX_EXECUTION_GAS: i64 = 2_000_000_000;

/// Why a network fee cannot be calculated.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum NetworkFeeError {
    /// An account without a verification script is no contract.
    #[error("there is no contract {0} that could verify")]
    UnknownContract(Hash160),
    /// A contract has no method `verify` that returns a Boolean.
    #[error("contract {0} has no method verify that returns a Boolean")]
    NoVerifyMethod(Hash160),
    /// A contract's method `verify` did not return one Boolean.
    #[error("contract {0} did not return one Boolean")]
    NoBoolean(Hash160),
    /// The witnesses use more gas than test runs may.
    #[error("the witnesses use more than 20 GAS")]
    TooMuchGas,
    /// The storage cannot be read or is damaged.
    #[error("{0}")]
    State(#[from] FaultKind),
}

/// Returns what executing the witness of a standard account costs, in price units;
/// none if the verification script is not one of a standard account.
///
/// Source: `SmartContract/Helper.cs` (`SignatureContractCost`,
/// `MultiSignatureContractCost`).
pub(super) fn standard_cost(verification: &[u8]) -> Option<i64> {
    let price = |opcode| i64::from(PriceTable::DEFAULT.price(opcode));
    let check = CHECK_SIG_PRICE as i64;
    if contract::is_signature_contract(verification) {
        return Some(2 * price(OpCode::PUSHDATA1) + price(OpCode::SYSCALL) + check);
    }
    let multisig = contract::multisig_contract(verification)?;
    let (m, n) = (multisig.required, multisig.keys.len());
    let pushes = price(OpCode::PUSHDATA1) * (m + n) as i64 + push_price(m) + push_price(n);
    Some(pushes + price(OpCode::SYSCALL) + check * n as i64)
}

/// The price of the instruction that pushes a number, in units.
fn push_price(number: usize) -> i64 {
    let script = ScriptBuilder::new().push(number).build();
    script.map_or(0, |script| i64::from(PriceTable::DEFAULT.price_of_byte(script.bytes()[0])))
}

/// Returns the network fee that a transaction needs, in datoshi, as the reference's
/// RPC `calculatenetworkfee` does. Signatures may be missing: those of standard
/// accounts count as they will be. A contract's `verify` runs with the invocation
/// script that the transaction has. Any other witness counts nothing.
///
/// Source: `Wallets/Helper.cs` (`CalculateNetworkFee`) of the reference node.
///
/// # Errors
/// [`NetworkFeeError`] if a contract cannot verify, or the storage cannot be read, unless it
/// is a contract that reads it, see [the module](crate::verify).
pub fn network_fee(network: &Network, store: &dyn Store, transaction: &Transaction) -> Result<i64, NetworkFeeError> {
    let state = StateView::new(network, store);
    let fee_factor = state.exec_fee_factor(state.height()?.wrapping_add(1))?;
    let mut unsigned = Vec::new();
    transaction.unsigned().write(&mut unsigned);
    let mut size = unsigned.len() + length_size(transaction.signers.len());
    let mut fee: i64 = 0;
    let mut gas_left = MAX_EXECUTION_GAS;
    for (signer, witness) in transaction.signers.iter().zip(transaction.witnesses()) {
        let verification = witness.verification.bytes();
        if verification.is_empty() {
            let used = contract_cost(network, store, &state, transaction, signer.account, witness, gas_left)?;
            gas_left = gas_left.checked_sub(used).filter(|left| *left > 0).ok_or(NetworkFeeError::TooMuchGas)?;
            fee = fee.saturating_add(used);
            size += length_size(0) + bytes_size(witness.invocation.len());
        } else if let Some(cost) = standard_cost(verification) {
            let required = contract::multisig_contract(verification).map_or(1, |multisig| multisig.required);
            fee = fee.saturating_add(fee_factor.saturating_mul(cost));
            size += bytes_size(66 * required) + bytes_size(verification.len());
        }
    }
    fee = fee.saturating_add(state.fee_per_byte()?.saturating_mul(size as i64));
    for attribute in &transaction.attributes {
        fee = fee.saturating_add(attributes::fee(&state, transaction, attribute)?);
    }
    Ok(fee)
}

/// The size of bytes with their length.
fn bytes_size(length: usize) -> usize {
    length_size(length) + length
}

/// Runs a contract's `verify` and returns the gas that it used, in datoshi. It may
/// fail.
fn contract_cost(
    network: &Network,
    store: &dyn Store,
    state: &StateView<'_>,
    transaction: &Transaction,
    hash: Hash160,
    witness: &Witness,
    gas: i64,
) -> Result<i64, NetworkFeeError> {
    let contract = state.contract(hash)?.ok_or(NetworkFeeError::UnknownContract(hash))?;
    let method = contract.state().manifest.abi.method("verify", None);
    if method.is_none_or(|method| method.return_type != ParameterType::Boolean) {
        return Err(NetworkFeeError::NoVerifyMethod(hash));
    }
    let job = Job {
        trigger: Trigger::Verification,
        container: Container::Transaction(transaction),
        block: None,
        gas,
        entry: Entry::Witness { hash, witness: witness.clone(), strict: false },
    };
    let receipt = execute(network, store, &job)?;
    let is_boolean = matches!(&receipt.stack[..], [item] if item.to_boolean().is_ok());
    if receipt.halted() && !is_boolean {
        return Err(NetworkFeeError::NoBoolean(hash));
    }
    let used: Gas = receipt.gas_consumed;
    i64::try_from(used.datoshi_ceil()).map_err(|_| FaultKind::Overflow.into())
}
