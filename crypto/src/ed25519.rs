//! Ed25519 signatures as defined by RFC 8032, without prehashing or context.
//! Source: `Cryptography/Ed25519.cs`.

use ed25519_dalek::{Signature, Verifier, VerifyingKey};

use crate::CryptoError;

/// Returns whether `signature` is a valid Ed25519 signature of `message` under
/// `public_key`.
///
/// `public_key` has 32 bytes, and `signature` consists of the 64 bytes
/// `R || S`. As in the reference node, the result is `Ok(false)` if `S` is not
/// below the group order or `R` is not encoded canonically.
///
/// # Errors
/// In the order in which they are checked:
/// - [`CryptoError::SignatureLength`] if the signature is not 64 bytes long.
/// - [`CryptoError::Ed25519KeyLength`] if the public key is not 32 bytes long.
/// - [`CryptoError::Ed25519Key`] if the public key is not a point on the curve,
///   is not encoded canonically, or has small order.
pub fn verify(message: &[u8], public_key: &[u8], signature: &[u8]) -> Result<bool, CryptoError> {
    let signature: &[u8; 64] = signature.try_into().map_err(|_| CryptoError::SignatureLength(signature.len()))?;
    let public_key: &[u8; 32] = public_key.try_into().map_err(|_| CryptoError::Ed25519KeyLength(public_key.len()))?;

    let key = VerifyingKey::from_bytes(public_key).map_err(|_| CryptoError::Ed25519Key)?;
    // The dalek crate accepts keys with y >= p and keys of small order; the
    // library that Neo uses rejects both.
    let canonical = key.to_edwards().compress().to_bytes() == *public_key;
    if !canonical || key.is_weak() {
        return Err(CryptoError::Ed25519Key);
    }
    Ok(key.verify(message, &Signature::from_bytes(signature)).is_ok())
}
