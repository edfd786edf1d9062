//! Signature checks and key recovery by libraries in C and assembly: AWS-LC for
//! P-256, libsecp256k1 for secp256k1.

extern crate std;

use std::sync::{Arc, LazyLock};

use aws_lc_rs::digest::{Digest, SHA256};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ParsedPublicKey};
use quick_cache::sync::Cache;
use secp256k1::ecdsa::{self, RecoverableSignature, RecoveryId, Signature};
use secp256k1::{Message, PublicKey};

use super::{CAPACITY, Curve, check_signature, decode, portable};
use crate::CryptoError;

/// Keys of secp256r1 in their compressed form, as AWS-LC takes them: it checks each three times when it takes it. A
/// key has only one point, so no entry can be wrong.
static KEYS: LazyLock<Cache<[u8; 33], Arc<ParsedPublicKey>>> = LazyLock::new(|| Cache::new(CAPACITY));

/// Verifies a signature under a public key that `check_key` has accepted.
pub(super) fn verify_checked(
    hash: &[u8; 32],
    public_key: &[u8],
    signature: &[u8],
    curve: Curve,
) -> Result<bool, CryptoError> {
    match curve {
        Curve::Secp256r1 => {
            let key = parsed(public_key)?;
            check_signature(signature)?;
            let Some(key) = key else { return Ok(false) };
            Ok(Digest::import_less_safe(hash, &SHA256)
                .is_ok_and(|digest| key.verify_digest_sig(&digest, signature).is_ok()))
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

/// Returns a key of secp256r1 that `check_key` has accepted; none if AWS-LC does not take it, which is so only where an
/// allocation fails.
fn parsed(public_key: &[u8]) -> Result<Option<Arc<ParsedPublicKey>>, CryptoError> {
    let parse = || {
        // p256 takes the square root faster than AWS-LC does.
        let point = decode(public_key, Curve::Secp256r1).map_err(Some)?;
        // The name of the algorithm only fixes the length of the digest.
        ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).map(Arc::new).map_err(|_| None)
    };
    let key = match public_key.try_into() {
        Ok(compressed) => KEYS.get_or_insert_with::<[u8; 33], _>(compressed, parse),
        Err(_) => parse(),
    };
    key.map_or_else(|error| error.map_or(Ok(None), Err), |key| Ok(Some(key)))
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
