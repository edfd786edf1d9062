use core::fmt;

use k256::elliptic_curve::sec1::ToSec1Point;

use crate::{CryptoError, keccak256, sha256};

#[cfg(feature = "native-signatures")]
mod native;
#[cfg(feature = "std")]
mod points;
pub mod portable;

#[cfg(feature = "native-signatures")]
use native as backend;
#[cfg(not(feature = "native-signatures"))]
use portable as backend;

/// The number of keys of secp256r1 that are kept decoded, each in less than a kilobyte.
#[cfg(feature = "std")]
const CAPACITY: usize = 4096;

/// The elliptic curve of an ECDSA key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Curve {
    /// NIST P-256, the curve of the keys of Neo accounts.
    Secp256r1,
    /// The curve of the keys of Bitcoin and Ethereum.
    Secp256k1,
}

impl Curve {
    /// Returns the field prime as big-endian bytes.
    pub fn prime(self) -> [u8; 32] {
        let mut prime = [0xff; 32];
        match self {
            // 2^256 - 2^224 + 2^192 + 2^96 - 1
            Self::Secp256r1 => {
                prime[4..20].fill(0);
                prime[7] = 1;
            }
            // 2^256 - 2^32 - 977
            Self::Secp256k1 => prime[27..].copy_from_slice(&[0xfe, 0xff, 0xff, 0xfc, 0x2f]),
        }
        prime
    }
}

impl fmt::Display for Curve {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Secp256r1 => "secp256r1",
            Self::Secp256k1 => "secp256k1",
        })
    }
}

/// The hash function that is applied to a message before it is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Hash {
    /// SHA-256.
    Sha256,
    /// Keccak-256, as Ethereum uses it.
    Keccak256,
}

/// Returns whether `signature` is a valid ECDSA signature of `message` under
/// `public_key`. Sources: `Cryptography/Crypto.cs`,
/// `Cryptography/ECC/ECPoint.cs`.
///
/// `public_key` is encoded as SEC1 defines: 33 bytes if compressed, 65 if
/// uncompressed. `signature` is `r || s`, each 32 bytes in big-endian order. As
/// in Neo, a high `s` is accepted, and the result is `Ok(false)` if `r` or `s`
/// is outside `1..n`, where `n` is the order of the curve's group.
///
/// # Errors
/// In the order in which they are checked:
/// - [`CryptoError::PublicKeyLength`], [`CryptoError::PublicKeyPrefix`] or
///   [`CryptoError::PublicKeyCoordinate`] if the public key is malformed.
/// - [`CryptoError::PublicKeyNotOnCurve`] if it is not a point on the curve.
/// - [`CryptoError::SignatureLength`] if the signature is not 64 bytes long.
pub fn verify(
    message: &[u8],
    public_key: &[u8],
    signature: &[u8],
    curve: Curve,
    hash: Hash,
) -> Result<bool, CryptoError> {
    let digest = match hash {
        Hash::Sha256 => sha256(message),
        Hash::Keccak256 => keccak256(message),
    };
    verify_prehashed(&digest, public_key, signature, curve)
}

/// Verifies signatures of a multi-signature account: each has to be of a key that comes behind that of the signature
/// before it. `verify` verifies a signature by a key, given by their places, and is called in the reference's order
/// up to the first error.
///
/// Source: `ApplicationEngine.Crypto.cs` (`CheckMultisig`).
///
/// # Errors
/// Those of `verify`.
pub fn verify_multisig<E>(
    signatures: usize,
    keys: usize,
    mut verify: impl FnMut(usize, usize) -> Result<bool, E>,
) -> Result<bool, E> {
    let mut verified = 0;
    for key in 0..keys {
        if verified == signatures {
            break;
        }
        verified += usize::from(verify(verified, key)?);
        if signatures - verified > keys - key - 1 {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Like [`verify`], but takes the 32-byte hash of the message.
///
/// # Errors
/// - [`CryptoError::HashLength`] if the hash is not 32 bytes long. This is
///   checked first.
/// - The errors of [`verify`].
pub fn verify_prehashed(
    message_hash: &[u8],
    public_key: &[u8],
    signature: &[u8],
    curve: Curve,
) -> Result<bool, CryptoError> {
    let hash = check_hash(message_hash)?;
    check_key(public_key, curve)?;
    backend::verify_checked(hash, public_key, signature, curve)
}

/// Returns the compressed form of a public key. Source:
/// `Cryptography/ECC/ECPoint.cs`.
///
/// `public_key` is encoded as SEC1 defines: 33 bytes if compressed, 65 if
/// uncompressed.
///
/// # Errors
/// - [`CryptoError::PublicKeyLength`], [`CryptoError::PublicKeyPrefix`] or
///   [`CryptoError::PublicKeyCoordinate`] if the public key is malformed.
/// - [`CryptoError::PublicKeyNotOnCurve`] if it is not a point on the curve.
pub fn compress_public_key(public_key: &[u8], curve: Curve) -> Result<[u8; 33], CryptoError> {
    let point = uncompress_public_key(public_key, curve)?;
    let mut key = [2 | point[64] & 1; 33];
    key[1..].copy_from_slice(&point[1..33]);
    Ok(key)
}

/// Returns the uncompressed form of a public key: 4 and both coordinates. Source:
/// `Cryptography/ECC/ECPoint.cs`.
///
/// # Errors
/// The errors of [`compress_public_key`].
pub fn uncompress_public_key(public_key: &[u8], curve: Curve) -> Result<[u8; 65], CryptoError> {
    check_key(public_key, curve)?;
    #[cfg(feature = "std")]
    if let (Curve::Secp256r1, Ok(key)) = (curve, public_key.try_into()) {
        return points::uncompress(key);
    }
    decode(public_key, curve)
}

/// Decodes a public key that `check_key` has accepted. For a compressed one this takes a square root, a fifth
/// of the time that a signature takes.
fn decode(public_key: &[u8], curve: Curve) -> Result<[u8; 65], CryptoError> {
    let off_curve = |_| CryptoError::PublicKeyNotOnCurve(curve);
    let mut point = [0; 65];
    match curve {
        Curve::Secp256r1 => {
            let key = p256::PublicKey::from_sec1_bytes(public_key).map_err(off_curve)?;
            point.copy_from_slice(key.to_sec1_point(false).as_bytes());
        }
        Curve::Secp256k1 => {
            let key = k256::PublicKey::from_sec1_bytes(public_key).map_err(off_curve)?;
            point.copy_from_slice(key.to_sec1_point(false).as_bytes());
        }
    }
    Ok(point)
}

/// Recovers the secp256k1 public key that signed a 32-byte message hash and
/// returns it in compressed form. Source: `Cryptography/Crypto.cs`.
///
/// `signature` has either 65 bytes, `r || s || v` with `v` in `0..=3` or
/// `27..=30`, or 64 bytes in the compact form of EIP-2098, in which the top bit
/// of `s` is the recovery id.
///
/// # Errors
/// - [`CryptoError::RecoverableSignatureLength`] if the signature is neither 64
///   nor 65 bytes long.
/// - [`CryptoError::RecoveryId`] if `v` is out of range.
/// - The errors of [`recover_with_id`].
pub fn recover(message_hash: &[u8], signature: &[u8]) -> Result<[u8; 33], CryptoError> {
    match signature.len() {
        64 => {
            let mut rs = [0; 64];
            rs.copy_from_slice(signature);
            let id = rs[32] >> 7;
            rs[32] &= 0x7f;
            recover_with_id(message_hash, &rs, id)
        }
        65 => {
            let v = signature[64];
            let id = if v >= 27 { v - 27 } else { v };
            if id > 3 {
                return Err(CryptoError::RecoveryId(v));
            }
            recover_with_id(message_hash, &signature[..64], id)
        }
        length => Err(CryptoError::RecoverableSignatureLength(length)),
    }
}

/// Recovers the secp256k1 public key that signed a 32-byte message hash, given
/// the recovery id apart from the signature, and returns it in compressed form.
/// Source: `Cryptography/Crypto.cs`.
///
/// `signature` consists of the 64 bytes `r || s`. Bit 0 of `recovery_id` is the
/// parity of the nonce point's y coordinate; bit 1 is set if its x coordinate
/// is `r + n` instead of `r`, where `n` is the order of the curve's group.
///
/// As in Neo, only the x coordinate has to be in range: `s` is reduced modulo
/// `n`.
///
/// # Errors
/// - [`CryptoError::HashLength`] if the hash is not 32 bytes long.
/// - [`CryptoError::SignatureLength`] if the signature is not 64 bytes long.
/// - [`CryptoError::RecoveryId`] if `recovery_id` is greater than 3.
/// - [`CryptoError::NotRecoverable`] if no public key matches the signature.
pub fn recover_with_id(message_hash: &[u8], signature: &[u8], recovery_id: u8) -> Result<[u8; 33], CryptoError> {
    let hash = check_hash(message_hash)?;
    let signature = check_recovery(signature, recovery_id)?;
    backend::recover_checked(hash, signature, recovery_id).ok_or(CryptoError::NotRecoverable)
}

fn check_hash(hash: &[u8]) -> Result<&[u8; 32], CryptoError> {
    hash.try_into().map_err(|_| CryptoError::HashLength(hash.len()))
}

fn check_signature(signature: &[u8]) -> Result<&[u8; 64], CryptoError> {
    signature.try_into().map_err(|_| CryptoError::SignatureLength(signature.len()))
}

fn check_recovery(signature: &[u8], recovery_id: u8) -> Result<&[u8; 64], CryptoError> {
    let signature = check_signature(signature)?;
    if recovery_id > 3 {
        return Err(CryptoError::RecoveryId(recovery_id));
    }
    Ok(signature)
}

/// Makes the checks that Neo makes before it evaluates the curve equation, so
/// that callers can tell these errors apart. This also rejects SEC1 encodings
/// that the curve crates accept but Neo does not, such as the compact one with
/// prefix 0x05.
fn check_key(key: &[u8], curve: Curve) -> Result<(), CryptoError> {
    let length = key.len();
    match (length, key.first()) {
        (33, Some(2 | 3)) | (65, Some(4)) => {}
        (33 | 65, Some(&prefix)) => return Err(CryptoError::PublicKeyPrefix { prefix, length }),
        _ => return Err(CryptoError::PublicKeyLength(length)),
    }
    let prime = curve.prime();
    if key[1..].chunks(32).any(|coordinate| coordinate >= &prime[..]) {
        return Err(CryptoError::PublicKeyCoordinate(curve));
    }
    Ok(())
}
