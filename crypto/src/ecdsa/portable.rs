//! Signature checks and key recovery in Rust alone.
//!
//! Without the feature `native-signatures`, the functions of the crate's root
//! are these. With it, they are faster and return the same results; these serve
//! as the reference in tests.

use k256::elliptic_curve::Curve as _;
use k256::elliptic_curve::bigint::{CheckedAdd, U256};
use k256::elliptic_curve::ops::{LinearCombination, Reduce};
use k256::{CompressedPoint, ProjectivePoint, Scalar, Secp256k1};
use p256::ecdsa::signature::hazmat::PrehashVerifier;

use super::{Curve, check_hash, check_key, check_recovery, check_signature};
use crate::CryptoError;

/// Does the work of [`verify_prehashed`](crate::verify_prehashed) in Rust alone.
///
/// # Errors
/// The errors of [`verify_prehashed`](crate::verify_prehashed).
pub fn verify_prehashed(
    message_hash: &[u8],
    public_key: &[u8],
    signature: &[u8],
    curve: Curve,
) -> Result<bool, CryptoError> {
    let hash = check_hash(message_hash)?;
    check_key(public_key, curve)?;
    verify_checked(hash, public_key, signature, curve)
}

/// Does the work of [`recover_with_id`](crate::recover_with_id) in Rust alone.
///
/// # Errors
/// The errors of [`recover_with_id`](crate::recover_with_id).
pub fn recover_with_id(message_hash: &[u8], signature: &[u8], recovery_id: u8) -> Result<[u8; 33], CryptoError> {
    let hash = check_hash(message_hash)?;
    let signature = check_recovery(signature, recovery_id)?;
    recover_checked(hash, signature, recovery_id).ok_or(CryptoError::NotRecoverable)
}

/// Verifies a signature under a public key that `check_key` has accepted.
pub(super) fn verify_checked(
    hash: &[u8; 32],
    public_key: &[u8],
    signature: &[u8],
    curve: Curve,
) -> Result<bool, CryptoError> {
    let off_curve = |_| CryptoError::PublicKeyNotOnCurve(curve);
    match curve {
        Curve::Secp256r1 => {
            use p256::ecdsa::{Signature, VerifyingKey};
            let key = VerifyingKey::from_sec1_bytes(public_key).map_err(off_curve)?;
            check_signature(signature)?;
            Ok(Signature::from_slice(signature).is_ok_and(|signature| key.verify_prehash(hash, &signature).is_ok()))
        }
        Curve::Secp256k1 => {
            use k256::ecdsa::{Signature, VerifyingKey};
            let key = VerifyingKey::from_sec1_bytes(public_key).map_err(off_curve)?;
            check_signature(signature)?;
            // Unlike Neo, k256 rejects a high s. Replacing s by n - s does not
            // change whether the signature is valid.
            Ok(Signature::from_slice(signature).is_ok_and(|signature| {
                let low = signature.normalize_s();
                key.verify_prehash(hash, &low).is_ok()
            }))
        }
    }
}

/// Returns `(s * R - e * G) / r`, where `R` is the nonce point, or `None` if it
/// is not defined.
///
/// The recovery function of k256 rejects a high, zero or unreduced `s`, which
/// Neo accepts, so the formula is implemented here.
pub(super) fn recover_checked(hash: &[u8; 32], signature: &[u8; 64], recovery_id: u8) -> Option<[u8; 33]> {
    let e = U256::from_be_slice(hash);
    let r = U256::from_be_slice(&signature[..32]);
    let s = U256::from_be_slice(&signature[32..]);
    let x = if recovery_id & 2 == 0 { r } else { Option::from(r.checked_add(&Secp256k1::ORDER))? };
    let mut nonce = [2 | recovery_id & 1; 33];
    nonce[1..].copy_from_slice(&x.to_be_bytes());
    let nonce = k256::PublicKey::from_sec1_bytes(&nonce).ok()?;

    let r_inverse: Scalar = Option::from(Scalar::reduce(&r).invert())?;
    let by_generator = -(Scalar::reduce(&e) * r_inverse);
    let by_nonce = Scalar::reduce(&s) * r_inverse;
    let key = ProjectivePoint::lincomb_vartime(&[
        (ProjectivePoint::GENERATOR, by_generator),
        (nonce.to_projective(), by_nonce),
    ]);
    // Fails for the point at infinity, which has no compressed form.
    let key = k256::PublicKey::from_affine(key.to_affine()).ok()?;
    Some(CompressedPoint::from(key).into())
}
