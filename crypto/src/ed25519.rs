//! Ed25519 signatures as defined by RFC 8032, without prehashing or context.
//! Sources: `CryptoLib.cs`, and the library that it calls: `Ed25519.cs` of
//! BouncyCastle 2.6.2.

use curve25519_dalek::edwards::CompressedEdwardsY;
use curve25519_dalek::traits::IsIdentity as _;
use curve25519_dalek::{EdwardsPoint, Scalar};
use sha2::{Digest as _, Sha512};

use crate::CryptoError;

/// Returns whether `signature` is a valid Ed25519 signature of `message` under
/// `public_key`.
///
/// `public_key` has 32 bytes, and `signature` consists of the 64 bytes
/// `R || S`. As in the reference node, the result is `Ok(false)` if `S` is not
/// below the group order or `R` is not encoded canonically. The signature is
/// valid if `8 * S * B = 8 * R + 8 * k * A`, where `A` is the key, `B` the base
/// point and `k` the hash of `R`, `A` and the message. Other implementations,
/// ed25519-dalek and that of Go among them, do not multiply by 8, and refuse some
/// signatures whose points have components of small order.
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

    let key = decode(public_key).filter(|key| !key.is_small_order()).ok_or(CryptoError::Ed25519Key)?;
    Ok(verify_with(message, public_key, key, signature).unwrap_or(false))
}

/// Returns whether the equation holds, or `None` if the signature is malformed.
fn verify_with(message: &[u8], key_bytes: &[u8; 32], key: EdwardsPoint, signature: &[u8; 64]) -> Option<bool> {
    let (nonce_bytes, s) = signature.split_first_chunk::<32>()?;
    let s = Option::from(Scalar::from_canonical_bytes(s.try_into().ok()?))?;
    let nonce = decode(nonce_bytes)?;
    let hash = Sha512::new().chain_update(nonce_bytes).chain_update(key_bytes).chain_update(message).finalize();
    let k = Scalar::from_bytes_mod_order_wide(&hash.into());
    let expected = EdwardsPoint::vartime_double_scalar_mul_basepoint(&k, &-key, &s);
    Some((expected - nonce).mul_by_cofactor().is_identity())
}

/// Decodes a point; `None` if the bytes are no point, or not its only canonical
/// encoding.
fn decode(bytes: &[u8; 32]) -> Option<EdwardsPoint> {
    let point = CompressedEdwardsY(*bytes).decompress()?;
    (point.compress().0 == *bytes).then_some(point)
}
