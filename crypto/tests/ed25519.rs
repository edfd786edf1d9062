//! Ed25519 signatures whose points are not in the subgroup of prime order, which
//! verifiers of different make judge differently.

use curve25519_dalek::constants::{ED25519_BASEPOINT_POINT, EIGHT_TORSION};
use curve25519_dalek::traits::IsIdentity as _;
use curve25519_dalek::{EdwardsPoint, Scalar};
use neovm_crypto::ed25519::verify;
use neovm_crypto::{CryptoError, sha256};
use proptest::prelude::*;
use sha2::{Digest as _, Sha512};

const MESSAGE: &[u8] = b"neo";

/// Returns `R || S` with `S = r + k * a`, where `k` is the hash of `R`, the key
/// and the message.
fn sign(nonce: (Scalar, EdwardsPoint), secret: Scalar, key: &[u8; 32]) -> [u8; 64] {
    let nonce_point = nonce.1.compress().to_bytes();
    let hash = Sha512::new().chain_update(nonce_point).chain_update(key).chain_update(MESSAGE).finalize();
    let s = nonce.0 + Scalar::from_bytes_mod_order_wide(&hash.into()) * secret;
    let mut signature = [0; 64];
    signature[..32].copy_from_slice(&nonce_point);
    signature[32..].copy_from_slice(s.as_bytes());
    signature
}

fn scalar(seed: u8) -> Scalar {
    Scalar::from_bytes_mod_order(sha256(&[seed]))
}

/// The node multiplies both sides by 8, so components of small order do not count.
#[test]
fn components_of_small_order_do_not_count() {
    for seed in 0..4 {
        let (secret, nonce) = (scalar(seed), scalar(seed + 100));
        for in_key in EIGHT_TORSION {
            let key = (ED25519_BASEPOINT_POINT * secret + in_key).compress().to_bytes();
            for in_nonce in EIGHT_TORSION {
                let point = ED25519_BASEPOINT_POINT * nonce + in_nonce;
                let signature = sign((nonce, point), secret, &key);
                assert_eq!(verify(MESSAGE, &key, &signature), Ok(true));
                assert_eq!(verify(b"gas", &key, &signature), Ok(false));
                let mut other = signature;
                other[32] ^= 1;
                assert_eq!(verify(MESSAGE, &key, &other), Ok(false));
            }
        }
    }
}

/// `R` alone may have small order, but has one encoding.
#[test]
fn the_nonce_point_may_have_small_order() {
    let secret = scalar(7);
    let key = (ED25519_BASEPOINT_POINT * secret).compress().to_bytes();
    for point in EIGHT_TORSION {
        let signature = sign((Scalar::ZERO, point), secret, &key);
        assert_eq!(verify(MESSAGE, &key, &signature), Ok(true));
    }
    // The neutral element with a sign, and with y = p + 1: signed with these very bytes.
    let mut signed = [0; 32];
    (signed[0], signed[31]) = (1, 0x80);
    let mut unreduced = [0xff; 32];
    (unreduced[0], unreduced[31]) = (0xee, 0x7f);
    for nonce in [signed, unreduced] {
        let hash = Sha512::new().chain_update(nonce).chain_update(key).chain_update(MESSAGE).finalize();
        let s = Scalar::from_bytes_mod_order_wide(&hash.into()) * secret;
        let signature = [nonce, s.to_bytes()].concat();
        assert_eq!(verify(MESSAGE, &key, &signature), Ok(false));
    }
}

#[test]
fn keys_have_no_small_order() {
    for point in EIGHT_TORSION {
        assert!(point.mul_by_cofactor().is_identity());
        let key = point.compress().to_bytes();
        let signature = sign((scalar(1), ED25519_BASEPOINT_POINT * scalar(1)), Scalar::ZERO, &key);
        assert_eq!(verify(MESSAGE, &key, &signature), Err(CryptoError::Ed25519Key));
    }
}

proptest! {
    /// Whatever is signed is verified, and nothing else.
    #[test]
    fn changed_signatures_are_refused(
        secret: [u8; 32], nonce: [u8; 32], torsion in (0..8usize, 0..8usize), at in 0..64usize, bits in 1..=255u8,
    ) {
        let (secret, nonce) = (Scalar::from_bytes_mod_order(secret), Scalar::from_bytes_mod_order(nonce));
        prop_assume!(secret != Scalar::ZERO);
        let key = (ED25519_BASEPOINT_POINT * secret + EIGHT_TORSION[torsion.0]).compress().to_bytes();
        let point = ED25519_BASEPOINT_POINT * nonce + EIGHT_TORSION[torsion.1];
        let mut signature = sign((nonce, point), secret, &key);
        prop_assert_eq!(verify(MESSAGE, &key, &signature), Ok(true));
        signature[at] ^= bits;
        prop_assert_eq!(verify(MESSAGE, &key, &signature), Ok(false));
    }
}
