//! The native contract CryptoLib. Hashes, signatures and pairings.
//!
//! Sources: `CryptoLib.cs`, `NamedCurveHash.cs`, `Crypto.cs` of the reference node.

mod bls;

use neovm_crypto::{CryptoError, Curve, Hash, ed25519};
use neovm_types::{FaultKind, Hardfork, Hash160, Interop};

pub(crate) use self::bls::point_name;
use super::table::NativeContract;
use crate::fault;

/// The native contract CryptoLib.
pub(crate) const CONTRACT: NativeContract = NativeContract {
    doc: "Hashes, signatures and pairings.",
    methods: methods! {
        (executor, caller)

        /// Adds two points of a group.
        bls12381Add(x: Interop, y: Interop) -> Interop { cpu_fee: 1 << 19 } => bls::add(&x, &y);
        /// Reads a point from bytes.
        bls12381Deserialize(data: Vec<u8>) -> Interop { cpu_fee: 1 << 19 } => bls::deserialize(&data);
        /// Returns whether two points of a type are equal.
        bls12381Equal(x: Interop, y: Interop) -> bool { cpu_fee: 1 << 5 } => bls::equal(&x, &y);
        /// Multiplies a point with a scalar, negated if asked for.
        bls12381Mul(x: Interop, mul: Vec<u8>, neg: bool) -> Interop { cpu_fee: 1 << 21 } => bls::mul(&x, &mul, neg);
        /// Returns the pairing of points of the two groups.
        bls12381Pairing(g1: Interop, g2: Interop) -> Interop { cpu_fee: 1 << 23 } => bls::pairing(&g1, &g2);
        /// Returns a point as bytes.
        bls12381Serialize(g: Interop) -> Vec<u8> { cpu_fee: 1 << 19 } => bls::serialize(&g);
        /// Returns the Keccak-256 hash of bytes.
        keccak256(data: Vec<u8>) -> Vec<u8> { cpu_fee: 1 << 15, since: Hardfork::Cockatrice }
            => Ok(neovm_crypto::keccak256(&data).to_vec());
        /// Returns the 32-bit Murmur hash of bytes with a seed.
        murmur32(data: Vec<u8>, seed: u32) -> Vec<u8> { cpu_fee: 1 << 13 }
            => Ok(neovm_crypto::murmur32(&data, seed).to_le_bytes().to_vec());
        /// Returns the secp256k1 key that made a signature, or Null.
        recoverSecp256K1(messageHash: Vec<u8>, signature: Vec<u8>) -> Option<Vec<u8>>
            { cpu_fee: 1 << 15, since: Hardfork::Echidna }
            => Ok(neovm_crypto::recover(&messageHash, &signature).ok().map(Vec::from));
        /// Returns the RIPEMD-160 hash of bytes.
        ripemd160(data: Vec<u8>) -> Vec<u8> { cpu_fee: 1 << 15 } => Ok(neovm_crypto::ripemd160(&data).to_vec());
        /// Returns the SHA-256 hash of bytes.
        sha256(data: Vec<u8>) -> Vec<u8> { cpu_fee: 1 << 15 } => Ok(neovm_crypto::sha256(&data).to_vec());
        /// Returns whether an ECDSA signature is by a key; a malformed one is a fault.
        verifyWithECDsa(message: Vec<u8>, pubkey: Vec<u8>, signature: Vec<u8>, curveHash: u8) -> bool
            { cpu_fee: 1 << 15, since: Hardfork::Gorgon }
            => verify_ecdsa(&message, &pubkey, &signature, curveHash);
        /// Returns whether an ECDSA signature is by a key.
        verifyWithECDsa(message: Vec<u8>, pubkey: Vec<u8>, signature: Vec<u8>, curveHash: u8) -> bool
            { cpu_fee: 1 << 15, since: Hardfork::Cockatrice, until: Some(Hardfork::Gorgon) }
            => verify_ecdsa_before_gorgon(&message, &pubkey, &signature, curveHash);
        /// Returns whether an ECDSA signature over SHA-256 is by a key.
        verifyWithECDsa(message: Vec<u8>, pubkey: Vec<u8>, signature: Vec<u8>, curve: u8) -> bool
            { cpu_fee: 1 << 15, until: Some(Hardfork::Cockatrice) }
            => verify_ecdsa_before_cockatrice(&message, &pubkey, &signature, curve);
        /// Returns whether an Ed25519 signature is by a key; a malformed one is a fault.
        verifyWithEd25519(message: Vec<u8>, pubkey: Vec<u8>, signature: Vec<u8>) -> bool
            { cpu_fee: 1 << 15, since: Hardfork::Gorgon }
            => ed25519::verify(&message, &pubkey, &signature).map_err(fault);
        /// Returns whether an Ed25519 signature is by a key.
        verifyWithEd25519(message: Vec<u8>, pubkey: Vec<u8>, signature: Vec<u8>) -> bool
            { cpu_fee: 1 << 15, since: Hardfork::Echidna, until: Some(Hardfork::Gorgon) }
            => Ok(ed25519::verify(&message, &pubkey, &signature).unwrap_or(false));
    },
    ..NativeContract::new("CryptoLib", ID, Hash160(HASH))
};

/// The id.
const ID: i32 = -3;
/// The hash.
const HASH: [u8; 20] = [
    0x1b, 0xf5, 0x75, 0xab, 0x11, 0x89, 0x68, 0x84, 0x13, 0x61, 0x0a, 0x35, 0xa1, 0x28, 0x86, 0xcd, 0xe0, 0xb6, 0x6c,
    0x72,
];

/// The curve and the hash that a number stands for.
fn curve_and_hash(number: u8) -> Result<(Curve, Hash), FaultKind> {
    Ok(match number {
        22 => (Curve::Secp256k1, Hash::Sha256),
        23 => (Curve::Secp256r1, Hash::Sha256),
        122 => (Curve::Secp256k1, Hash::Keccak256),
        123 => (Curve::Secp256r1, Hash::Keccak256),
        other => return Err(fault(format!("{other} stands for no curve and hash"))),
    })
}

fn verify_ecdsa(message: &[u8], key: &[u8], signature: &[u8], curve_hash: u8) -> Result<bool, FaultKind> {
    let (curve, hash) = curve_and_hash(curve_hash)?;
    neovm_crypto::verify(message, key, signature, curve, hash).map_err(fault)
}

/// Verifies as the reference's `VerifySignatureV0` does: a signature that has not
/// 64 bytes is false. Its length is checked before an uncompressed key is found
/// not to be on the curve.
fn verify_v0(message: &[u8], key: &[u8], signature: &[u8], (curve, hash): (Curve, Hash)) -> Result<bool, CryptoError> {
    match neovm_crypto::verify(message, key, signature, curve, hash) {
        Err(CryptoError::SignatureLength(_)) => Ok(false),
        Err(CryptoError::PublicKeyNotOnCurve(_)) if key.len() == 65 && signature.len() != 64 => Ok(false),
        result => result,
    }
}

/// Before Gorgon what the reference reports as a wrong argument is false: a
/// coordinate out of range, and with Keccak-256 an uncompressed key that is not on
/// the curve. Other malformed keys are faults.
fn verify_ecdsa_before_gorgon(message: &[u8], key: &[u8], signature: &[u8], curve_hash: u8) -> Result<bool, FaultKind> {
    let (curve, hash) = curve_and_hash(curve_hash)?;
    match verify_v0(message, key, signature, (curve, hash)) {
        Err(CryptoError::PublicKeyCoordinate(_)) => Ok(false),
        Err(CryptoError::PublicKeyNotOnCurve(_)) if key.len() == 65 && matches!(hash, Hash::Keccak256) => Ok(false),
        result => result.map_err(fault),
    }
}

fn verify_ecdsa_before_cockatrice(message: &[u8], key: &[u8], signature: &[u8], curve: u8) -> Result<bool, FaultKind> {
    match curve {
        22 | 23 => verify_ecdsa_before_gorgon(message, key, signature, curve),
        other => Err(fault(format!("{other} stands for no curve"))),
    }
}

/// Verifies a signature as `System.Crypto.CheckSig` does: over SHA-256, on secp256r1.
pub(crate) fn verify_secp256r1(
    message: &[u8],
    key: &[u8],
    signature: &[u8],
    is_gorgon: bool,
) -> Result<bool, FaultKind> {
    let (curve, hash) = (Curve::Secp256r1, Hash::Sha256);
    let result = if is_gorgon {
        neovm_crypto::verify(message, key, signature, curve, hash)
    } else {
        verify_v0(message, key, signature, (curve, hash))
    };
    result.map_err(fault)
}
