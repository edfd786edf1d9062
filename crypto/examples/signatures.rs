//! Measures signature checks and key recovery, by native libraries and in Rust
//! alone:
//!
//! ```sh
//! cargo run --release -p neovm-crypto --example signatures
//! ```

use std::hint::black_box;
use std::time::Instant;

use neovm_crypto::{Curve, portable, recover_with_id, uncompress_public_key, verify_prehashed};
use p256::ecdsa::signature::hazmat::PrehashSigner as _;

const KEYS: u8 = 100;
const ROUNDS: usize = 600;
const BATCH: usize = 5;

struct Signed {
    hash: [u8; 32],
    signature: [u8; 64],
    recovery_id: u8,
    key: [u8; 33],
    long_key: [u8; 65],
}

/// Signs with a key of its own for each `i`, so that no key is warm.
fn sign(curve: Curve, i: u8) -> Signed {
    let mut secret = [7; 32];
    secret[5] = i;
    let hash = [i; 32];
    let valid = "the secret is below the order";
    let (signature, recovery_id, key) = match curve {
        Curve::Secp256r1 => {
            let key = p256::ecdsa::SigningKey::from_slice(&secret).expect(valid);
            let signature: p256::ecdsa::Signature = key.sign_prehash(&hash).expect(valid);
            let point = p256::CompressedPoint::from(p256::PublicKey::from(key.verifying_key()));
            (signature.to_bytes().into(), 0, <[u8; 33]>::from(point))
        }
        Curve::Secp256k1 => {
            let key = k256::ecdsa::SigningKey::from_slice(&secret).expect(valid);
            let (signature, id) = key.sign_prehash_recoverable(&hash);
            let point = k256::CompressedPoint::from(k256::PublicKey::from(key.verifying_key()));
            (signature.to_bytes().into(), id.to_byte(), point.into())
        }
    };
    let long_key = uncompress_public_key(&key, curve).expect("a point");
    Signed { hash, signature, recovery_id, key, long_key }
}

/// Prints the minimum and the median of the time that `check` takes for one of `signed`.
fn measure(name: &str, signed: &[Signed], check: impl Fn(&Signed) -> bool) {
    let mut items = signed.iter().cycle();
    let mut round = || {
        let start = Instant::now();
        for _ in 0..BATCH {
            assert!(check(black_box(items.next().expect("endless"))));
        }
        start.elapsed().as_secs_f64() * 1e6 / BATCH as f64
    };
    let mut times: Vec<f64> = (0..ROUNDS).map(|_| round()).collect();
    times.sort_by(f64::total_cmp);
    println!("{name:50} {:6.1} us, median {:6.1}", times[0], times[ROUNDS / 2]);
}

fn main() {
    for curve in [Curve::Secp256r1, Curve::Secp256k1] {
        let signed: Vec<Signed> = (0..KEYS).map(|i| sign(curve, i)).collect();
        measure(&format!("{curve}, compressed key"), &signed, |case| {
            verify_prehashed(&case.hash, &case.key, &case.signature, curve) == Ok(true)
        });
        measure(&format!("{curve}, uncompressed key"), &signed, |case| {
            verify_prehashed(&case.hash, &case.long_key, &case.signature, curve) == Ok(true)
        });
        measure(&format!("{curve}, compressed key, in Rust alone"), &signed, |case| {
            portable::verify_prehashed(&case.hash, &case.key, &case.signature, curve) == Ok(true)
        });
        measure(&format!("{curve}, uncompressed key, in Rust alone"), &signed, |case| {
            portable::verify_prehashed(&case.hash, &case.long_key, &case.signature, curve) == Ok(true)
        });
        measure(&format!("{curve}, key decompressed"), &signed, |case| uncompress_public_key(&case.key, curve).is_ok());
        if curve == Curve::Secp256k1 {
            measure("key recovered", &signed, |case| {
                recover_with_id(&case.hash, &case.signature, case.recovery_id).as_ref() == Ok(&case.key)
            });
            measure("key recovered in Rust alone", &signed, |case| {
                portable::recover_with_id(&case.hash, &case.signature, case.recovery_id).as_ref() == Ok(&case.key)
            });
        }
    }
}
