//! Signature checks and key recovery by libraries in C and assembly: AWS-LC for
//! P-256, libsecp256k1 for secp256k1.

use aws_lc_rs::digest::{Digest, SHA256};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use secp256k1::ecdsa::{self, RecoverableSignature, RecoveryId, Signature};
use secp256k1::{Message, PublicKey};

use super::{Curve, check_signature, portable, uncompress_public_key};
use crate::CryptoError;

/// Verifies a signature under a public key that `check_key` has accepted.
pub(super) fn verify_checked(
    hash: &[u8; 32],
    public_key: &[u8],
    signature: &[u8],
    curve: Curve,
) -> Result<bool, CryptoError> {
    match curve {
        Curve::Secp256r1 => {
            // p256 takes the square root faster than AWS-LC does.
            let key = uncompress_public_key(public_key, curve)?;
            check_signature(signature)?;
            // The name of the algorithm only fixes the length of the digest.
            let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key);
            Ok(Digest::import_less_safe(hash, &SHA256)
                .is_ok_and(|digest| key.verify_digest(&digest, signature).is_ok()))
        }
        Curve::Secp256k1 => {
            let key = PublicKey::from_slice(public_key).map_err(|_| CryptoError::PublicKeyNotOnCurve(curve))?;
            check_signature(signature)?;
            Ok(Signature::from_compact(signature).is_ok_and(|mut signature| {
                // Unlike Neo, libsecp256k1 rejects a high s. Replacing s by
                // n - s does not change whether the signature is valid.
                signature.normalize_s();
                ecdsa::verify(&signature, Message::from_digest(*hash), &key).is_ok()
            }))
        }
    }
}

/// Recovers a key as [`portable::recover_checked`] does.
///
/// Unlike Neo, libsecp256k1 wants `r` and `s` in `1..n`. Whatever it refuses is
/// left to the portable formula.
pub(super) fn recover_checked(hash: &[u8; 32], signature: &[u8; 64], recovery_id: u8) -> Option<[u8; 33]> {
    recover_in_range(hash, signature, recovery_id).or_else(|| portable::recover_checked(hash, signature, recovery_id))
}

fn recover_in_range(hash: &[u8; 32], signature: &[u8; 64], recovery_id: u8) -> Option<[u8; 33]> {
    let id = RecoveryId::try_from(i32::from(recovery_id)).ok()?;
    let signature = RecoverableSignature::from_compact(signature, id).ok()?;
    Some(signature.recover(Message::from_digest(*hash)).ok()?.serialize())
}
