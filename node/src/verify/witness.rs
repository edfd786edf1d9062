//! Witnesses of standard accounts, which are verified without being executed.

use neovm_chain::{Witness, contract};
use neovm_crypto::{Curve, Hash, verify as verify_signature, verify_multisig};
use neovm_types::{Hash160, PublicKey};

use super::VerifyResult;

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

/// Verifies a witness of a standard account. Others are left for execution.
pub(super) fn verify_standard(message: &[u8], account: Hash160, witness: &Witness) -> VerifyResult {
    let Some(standard) = Standard::new(witness) else { return VerifyResult::Succeed };
    if witness.script_hash() != account {
        return VerifyResult::Invalid;
    }
    let check =
        |key: &[u8], signature: &[u8; 64]| verify_signature(message, key, signature, Curve::Secp256r1, Hash::Sha256);
    let verified = match standard {
        Standard::Signature { key, signature } => check(key, signature),
        Standard::Multisig { keys, signatures } => {
            verify_multisig(signatures.len(), keys.len(), |signature, key| check(&keys[key].0, signatures[signature]))
        }
    };
    match verified {
        Ok(true) => VerifyResult::Succeed,
        Ok(false) => VerifyResult::InvalidSignature,
        Err(_) => VerifyResult::Invalid,
    }
}
