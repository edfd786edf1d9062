//! Ed25519 signatures (RFC 8032, without prehashing or context).

use ed25519_dalek::{Signature, Verifier, VerifyingKey};

use crate::CryptoError;

/// Whether `signature` is an Ed25519 signature of `message` by `public_key`.
///
/// `public_key` is 32 bytes and `signature` is the 64 bytes `R || S`. As in
/// the reference node, an `S` that is not below the group order or an `R` that
/// is not canonical gives `Ok(false)`.
///
/// # Errors
/// A wrong length, or a public key that is off the curve, not canonical or of
/// small order. The signature's length is checked first.
pub fn verify(message: &[u8], public_key: &[u8], signature: &[u8]) -> Result<bool, CryptoError> {
    let signature: &[u8; 64] = signature.try_into().map_err(|_| CryptoError::SignatureLength(signature.len()))?;
    let public_key: &[u8; 32] = public_key.try_into().map_err(|_| CryptoError::Ed25519KeyLength(public_key.len()))?;

    let key = VerifyingKey::from_bytes(public_key).map_err(|_| CryptoError::Ed25519Key)?;
    // The dalek crate reads keys with y >= p and small-order keys; Neo's
    // library refuses both.
    let canonical = key.to_edwards().compress().to_bytes() == *public_key;
    if !canonical || key.is_weak() {
        return Err(CryptoError::Ed25519Key);
    }
    Ok(key.verify(message, &Signature::from_bytes(signature)).is_ok())
}
