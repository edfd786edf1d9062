//! Attributes: whether they hold, and what they cost.

use neovm_chain::{Attribute, OracleResponse, Transaction, WitnessScopes, contract::bft_address};
use neovm_host::StateView;
use neovm_types::{FaultKind, Hardfork, Hash160};

use super::notary;

/// Returns whether an attribute holds in the block after the last one.
///
/// Sources: `Payloads/Transaction.cs` (`VerifyStateDependent`), and `Verify` in the
/// files of the attributes.
pub(super) fn holds(
    state: &StateView<'_>,
    transaction: &Transaction,
    attribute: &Attribute,
) -> Result<bool, FaultKind> {
    let is_signed_by = |account: Hash160| transaction.signers.iter().any(|signer| signer.account == account);
    match attribute {
        Attribute::HighPriority => Ok(is_signed_by(state.committee_address()?)),
        Attribute::OracleResponse(response) => answers_request(state, transaction, response),
        Attribute::NotValidBefore { height } => Ok(state.height()? >= *height),
        // No hash is named twice (from 3.10.0 on, without a hardfork).
        Attribute::Conflicts { hash } => {
            let named = transaction.attributes.iter().filter(|other| *other == attribute).count();
            Ok(named == 1 && !state.contains_transaction(*hash)?)
        }
        Attribute::NotaryAssisted { .. } => {
            let is_active = state.settings().hardforks.at(state.height()?) >= Hardfork::Echidna;
            // The notary contract pays: the account that it pays for is the second signer.
            let has_payer = transaction.sender() != notary() || transaction.signers.len() == 2;
            Ok(is_active && has_payer && is_signed_by(notary()))
        }
    }
}

/// Source: `Payloads/OracleResponse.cs` (`Verify`).
fn answers_request(
    state: &StateView<'_>,
    transaction: &Transaction,
    response: &OracleResponse,
) -> Result<bool, FaultKind> {
    if transaction.signers.iter().any(|signer| signer.scopes != WitnessScopes::NONE) {
        return Ok(false);
    }
    if transaction.script != OracleResponse::fixed_script() {
        return Ok(false);
    }
    let paid = state.gas_for_oracle_response(response.id)?;
    if paid != Some(transaction.network_fee.wrapping_add(transaction.system_fee)) {
        return Ok(false);
    }
    // Without nodes there is no account, and the reference throws.
    let Ok(nodes) = bft_address(&state.oracle_nodes()?) else { return Ok(false) };
    Ok(transaction.signers.iter().any(|signer| signer.account == nodes))
}

/// Returns the network fee for an attribute, in datoshi.
///
/// Source: `CalculateNetworkFee` in the files of the attributes.
pub(super) fn fee(state: &StateView<'_>, transaction: &Transaction, attribute: &Attribute) -> Result<i64, FaultKind> {
    let base = i64::from(state.attribute_fee(attribute.attribute_type())?);
    Ok(match attribute {
        Attribute::Conflicts { .. } => base * transaction.signers.len() as i64,
        Attribute::NotaryAssisted { keys } => base * (i64::from(*keys) + 1),
        _ => base,
    })
}
