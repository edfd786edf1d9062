//! Signature checks and key recovery by native libraries and in Rust alone:
//! both give the same result or the same error for every input.

use std::io::Read as _;

use hex_literal::hex;
use neovm_crypto::{CryptoError, Curve, Hash, portable, recover_with_id, verify, verify_prehashed};
use p256::elliptic_curve::bigint::{CheckedAdd as _, U256};
use p256::elliptic_curve::ops::{LinearCombination, Reduce};
use p256::elliptic_curve::sec1::ToSec1Point as _;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

type Word = [u8; 32];

const CURVES: [Curve; 2] = [Curve::Secp256r1, Curve::Secp256k1];

fn order(curve: Curve) -> U256 {
    U256::from_be_slice(&match curve {
        Curve::Secp256r1 => hex!("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"),
        Curve::Secp256k1 => hex!("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141"),
    })
}

fn prime(curve: Curve) -> U256 {
    U256::from_be_slice(&match curve {
        Curve::Secp256r1 => hex!("ffffffff00000001000000000000000000000000ffffffffffffffffffffffff"),
        Curve::Secp256k1 => hex!("fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f"),
    })
}

fn word(number: &U256) -> Word {
    number.to_be_bytes().into()
}

/// Returns the numbers at which the rules change, and their neighbours.
fn edges(curve: Curve) -> Vec<Word> {
    let (n, p) = (order(curve), prime(curve));
    let centres = [U256::ZERO, n, n.shr(1), p, p.wrapping_sub(&n), U256::ONE.shl(255), U256::ONE.shl(128)];
    let near = |centre: &U256| {
        (0..9u8).map(|i| centre.wrapping_add(&U256::from_u8(i)).wrapping_sub(&U256::from_u8(4))).collect::<Vec<_>>()
    };
    centres.iter().flat_map(near).map(|number| word(&number)).collect()
}

fn number(curve: Curve) -> impl Strategy<Value = Word> {
    prop_oneof![any::<Word>(), select(edges(curve))]
}

/// Returns a P-256 key under which `r || s` is a valid signature of `hash`, if
/// the number that `id` and `r` denote is the x coordinate of a point.
fn key_r1(hash: &Word, r: &Word, s: &Word, id: u8) -> Option<Vec<u8>> {
    let r = U256::from_be_slice(r);
    let n = order(Curve::Secp256r1);
    let x = if id & 2 == 0 { r } else { Option::from(r.checked_add(&n))? };
    let point = [&[2 | id & 1][..], &word(&x)].concat();
    let point = p256::PublicKey::from_sec1_bytes(&point).ok()?;
    let inverse: p256::Scalar = Option::from(p256::Scalar::reduce(&r).invert())?;
    let by_generator = -(p256::Scalar::reduce(&U256::from_be_slice(hash)) * inverse);
    let by_point = p256::Scalar::reduce(&U256::from_be_slice(s)) * inverse;
    let key = p256::ProjectivePoint::lincomb(&[
        (p256::ProjectivePoint::GENERATOR, by_generator),
        (point.to_projective(), by_point),
    ]);
    let key = p256::PublicKey::from_affine(key.to_affine()).ok()?;
    Some(key.to_sec1_point(true).as_bytes().to_vec())
}

fn key_for(curve: Curve, hash: &Word, r: &Word, s: &Word, id: u8) -> Option<Vec<u8>> {
    match curve {
        Curve::Secp256r1 => key_r1(hash, r, s, id),
        Curve::Secp256k1 => portable::recover_with_id(hash, &[*r, *s].concat(), id).ok().map(Vec::from),
    }
}

/// Verifies by both, and returns what both say.
#[track_caller]
fn both(hash: &[u8], key: &[u8], signature: &[u8], curve: Curve) -> Result<bool, CryptoError> {
    let native = verify_prehashed(hash, key, signature, curve);
    let rust = portable::verify_prehashed(hash, key, signature, curve);
    assert_eq!(native, rust, "{curve}: hash {hash:02x?}, key {key:02x?}, signature {signature:02x?}");
    native
}

fn in_range(number: &Word, curve: Curve) -> bool {
    *number != [0; 32] && *number < word(&order(curve))
}

fn uncompressed(key: &[u8], curve: Curve) -> Vec<u8> {
    neovm_crypto::uncompress_public_key(key, curve).unwrap().to_vec()
}

fn negated(number: &Word, curve: Curve) -> Word {
    word(&order(curve).wrapping_sub(&U256::from_be_slice(number)))
}

/// A change of an encoding: none, a byte, the prefix, a word, the length.
#[derive(Clone, Debug)]
enum Change {
    None,
    Byte(usize, u8),
    Prefix(u8),
    Word(usize, Word),
    Cut(usize),
    Append(u8),
}

fn change(curve: Curve) -> impl Strategy<Value = Change> {
    prop_oneof![
        4 => Just(Change::None),
        1 => (any::<usize>(), 1..=255u8).prop_map(|(i, bits)| Change::Byte(i, bits)),
        1 => (0..=8u8).prop_map(Change::Prefix),
        2 => (0..2usize, number(curve)).prop_map(|(i, word)| Change::Word(i, word)),
        1 => (0..70usize).prop_map(Change::Cut),
        1 => any::<u8>().prop_map(Change::Append),
    ]
}

/// Applies a change to bytes whose words begin at `start`.
fn apply(change: &Change, start: usize, mut data: Vec<u8>) -> Vec<u8> {
    match change {
        Change::None => {}
        Change::Byte(i, bits) => {
            let i = i % data.len();
            data[i] ^= bits;
        }
        Change::Prefix(prefix) => data[0] = *prefix,
        Change::Word(i, word) => {
            let words = (data.len() - start) / 32;
            let at = start + i % words * 32;
            data[at..at + 32].copy_from_slice(word);
        }
        Change::Cut(length) => data.truncate(*length),
        Change::Append(byte) => data.push(*byte),
    }
    data
}

#[derive(Clone, Debug)]
struct Case {
    curve: Curve,
    hash: Word,
    r: Word,
    s: Word,
    id: u8,
    compressed: bool,
    key: Change,
    signature: Change,
}

fn case() -> impl Strategy<Value = Case> {
    select(&CURVES[..]).prop_flat_map(|curve| {
        let numbers = (number(curve), number(curve), number(curve));
        (numbers, 0..4u8, any::<bool>(), change(curve), change(curve)).prop_map(
            move |((hash, r, s), id, compressed, key, signature)| Case {
                curve,
                hash,
                r,
                s,
                id,
                compressed,
                key,
                signature,
            },
        )
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    /// Signatures that are valid by construction, and changes of them and of their keys.
    #[test]
    fn verification_agrees(case in case()) {
        let Case { curve, hash, r, s, id, .. } = case;
        if let Some(mut key) = key_for(curve, &hash, &r, &s, id) {
            if !case.compressed {
                key = uncompressed(&key, curve);
            }
            let valid = both(&hash, &key, &[r, s].concat(), curve);
            prop_assert_eq!(valid, Ok(in_range(&r, curve) && in_range(&s, curve)));
            let key = apply(&case.key, 1, key);
            let signature = apply(&case.signature, 0, [r, s].concat());
            let _ = both(&hash, &key, &signature, curve);
        }
    }

    /// Keys of any coordinates: beyond the prime, off the curve, with small x, with any prefix.
    #[test]
    fn keys_agree(
        (curve, x, y, r, s) in select(&CURVES[..]).prop_flat_map(|curve| {
            (Just(curve), number(curve), number(curve), number(curve), number(curve))
        }),
        prefix in 0..=8u8,
        hash: Word,
    ) {
        let signature = [r, s].concat();
        let _ = both(&hash, &[&[prefix][..], &x].concat(), &signature, curve);
        let _ = both(&hash, &[&[prefix][..], &x, &y].concat(), &signature, curve);
    }

    #[test]
    fn arbitrary_bytes_agree(
        hash in vec(any::<u8>(), 31..34), key in vec(any::<u8>(), 0..70), signature in vec(any::<u8>(), 62..67),
    ) {
        for curve in CURVES {
            let _ = both(&hash, &key, &signature, curve);
        }
    }

    #[test]
    fn recovery_agrees(hash in number(Curve::Secp256k1), r in number(Curve::Secp256k1), s in number(Curve::Secp256k1), id in 0..5u8) {
        let signature = [r, s].concat();
        prop_assert_eq!(recover_with_id(&hash, &signature, id), portable::recover_with_id(&hash, &signature, id));
    }
}

/// All pairs of edges as `r` and `s`, for hashes that are edges too.
#[test]
fn all_edges_agree() {
    for curve in CURVES {
        let edges = edges(curve);
        let (mut valid, mut refused) = (0, 0);
        for (i, r) in edges.iter().enumerate() {
            for (j, s) in edges.iter().enumerate() {
                let hash = edges[(i * 7 + j) % edges.len()];
                let signature = [*r, *s].concat();
                for id in 0..4 {
                    if curve == Curve::Secp256k1 {
                        let recovered = recover_with_id(&hash, &signature, id);
                        assert_eq!(
                            recovered,
                            portable::recover_with_id(&hash, &signature, id),
                            "{signature:02x?} {id}"
                        );
                    }
                    if id == (i + j) as u8 % 4
                        && let Some(key) = key_for(curve, &hash, r, s, id)
                    {
                        let result = both(&hash, &key, &signature, curve);
                        assert_eq!(result, Ok(in_range(r, curve) && in_range(s, curve)));
                        if result == Ok(true) {
                            valid += 1;
                            // A high s is as good as a low one.
                            assert_eq!(both(&hash, &key, &[*r, negated(s, curve)].concat(), curve), Ok(true));
                        } else {
                            refused += 1;
                        }
                    }
                }
            }
        }
        assert!(valid > 300 && refused > 100, "{curve}: {valid} valid, {refused} refused");
    }
}

/// The point at infinity has an encoding in SEC1, but is no key; hybrid encodings are none either.
#[test]
fn no_keys() {
    let one = word(&U256::ONE);
    let signature = [one, one].concat();
    for curve in CURVES {
        for length in [0, 1, 32, 34, 64, 66] {
            let key = vec![0; length];
            assert_eq!(both(&one, &key, &signature, curve), Err(CryptoError::PublicKeyLength(length)));
        }
        for length in [33, 65] {
            let prefix = CryptoError::PublicKeyPrefix { prefix: 0, length };
            assert_eq!(both(&one, &vec![0; length], &signature, curve), Err(prefix));
        }
        let key = key_for(curve, &one, &negated(&word(&U256::from_u8(3)), curve), &one, 0)
            .or_else(|| (1..20).find_map(|r| key_for(curve, &one, &word(&U256::from_u8(r)), &one, 0)))
            .expect("some small number is a coordinate");
        let full = uncompressed(&key, curve);
        for prefix in [6, 7] {
            let hybrid = [&[prefix][..], &full[1..]].concat();
            let error = CryptoError::PublicKeyPrefix { prefix, length: 65 };
            assert_eq!(both(&one, &hybrid, &signature, curve), Err(error));
        }
        // The key is checked before the signature's length, and the hash before the key.
        let mut off = full.clone();
        off[64] ^= 1;
        assert_eq!(both(&one, &off, &[], curve), Err(CryptoError::PublicKeyNotOnCurve(curve)));
        assert_eq!(both(&one, &key, &[], curve), Err(CryptoError::SignatureLength(0)));
        assert_eq!(both(&[], &off, &[], curve), Err(CryptoError::HashLength(0)));
    }
}

/// Both hash functions reach the curves.
#[test]
fn messages_agree() {
    let message = b"neo";
    let (r, s) = (word(&U256::from_u8(6)), word(&U256::from_u8(9)));
    for (hash, digest) in
        [(Hash::Sha256, neovm_crypto::sha256(message)), (Hash::Keccak256, neovm_crypto::keccak256(message))]
    {
        for curve in CURVES {
            let (r, key) = (1..40)
                .map(|i| word(&U256::from_be_slice(&r).wrapping_add(&U256::from_u8(i))))
                .find_map(|r| key_for(curve, &digest, &r, &s, 1).map(|key| (r, key)))
                .expect("some small number is a coordinate");
            let signature = [r, s].concat();
            assert_eq!(both(&digest, &key, &signature, curve), Ok(true));
            assert_eq!(verify(message, &key, &signature, curve, hash), Ok(true));
            assert_eq!(verify(b"gas", &key, &signature, curve, hash), Ok(false));
        }
    }
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wycheproof {
    number_of_tests: usize,
    test_groups: Vec<Group>,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Group {
    public_key: Key,
    tests: Vec<Vector>,
}

#[derive(serde::Deserialize)]
struct Key {
    uncompressed: String,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Vector {
    tc_id: u32,
    msg: String,
    sig: String,
    result: String,
}

fn bytes(text: &str) -> Vec<u8> {
    let digit = |i| u8::from_str_radix(&text[i..i + 2], 16).unwrap();
    (0..text.len()).step_by(2).map(digit).collect()
}

/// Project Wycheproof's vectors for P-256 and SHA-256.
#[test]
fn wycheproof() {
    let file = include_bytes!("data/wycheproof-ecdsa-secp256r1-sha256-p1363.json.gz");
    let mut text = String::new();
    flate2::read::GzDecoder::new(&file[..]).read_to_string(&mut text).unwrap();
    let vectors: Wycheproof = serde_json::from_str(&text).unwrap();
    let mut tests = 0;
    for group in &vectors.test_groups {
        let key = bytes(&group.public_key.uncompressed);
        let short = neovm_crypto::compress_public_key(&key, Curve::Secp256r1).unwrap();
        for vector in &group.tests {
            let (message, signature) = (bytes(&vector.msg), bytes(&vector.sig));
            for key in [&key[..], &short] {
                let result = both(&neovm_crypto::sha256(&message), key, &signature, Curve::Secp256r1);
                let expected = match (signature.len(), vector.result.as_str()) {
                    (64, result) => Ok(result == "valid"),
                    (length, _) => Err(CryptoError::SignatureLength(length)),
                };
                assert_eq!(result, expected, "test {}", vector.tc_id);
            }
            tests += 1;
        }
    }
    assert_eq!(tests, vectors.number_of_tests);
}
