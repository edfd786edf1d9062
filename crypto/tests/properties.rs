//! Properties that hold for any input; in particular, no input causes a panic.

use neovm_crypto::*;
use proptest::collection::vec;
use proptest::prelude::*;

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..100)
}

/// Mostly bytes of a valid length and prefix, so that they get past the first checks to the curves.
fn key() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        bytes(),
        (2..=3u8, vec(any::<u8>(), 32)).prop_map(|(prefix, x)| [vec![prefix], x].concat()),
        vec(any::<u8>(), 64).prop_map(|point| [vec![4], point].concat()),
        vec(any::<u8>(), 32),
    ]
}

fn signature() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        bytes(),
        vec(any::<u8>(), 64),
        (vec(any::<u8>(), 64), 0..32u8).prop_map(|(rs, v)| [rs, vec![v]].concat()),
    ]
}

/// Returns the bits of `data`, which has at most 16 bytes, as a number.
fn number(data: &[u8]) -> u128 {
    let mut wide = [0; 16];
    wide[..data.len()].copy_from_slice(data);
    u128::from_le_bytes(wide)
}

proptest! {
    #[test]
    fn nothing_panics(
        data in bytes(),
        key in key(),
        signature in signature(),
        index in any::<usize>(),
        seed in any::<u32>(),
        text in ".{0,60}",
    ) {
        let _ = (hash160(&data), hash256(&data), keccak256(&data), murmur32(&data, seed));
        let _ = (and(&data, &key), or(&data, &key), xor(&data, &key), not(&data));
        let _ = (shift_left(&data, index), shift_right(&data, index), test_bit(&data, index));
        let _ = set_bit(&mut data.clone(), index, true);
        for curve in [Curve::Secp256r1, Curve::Secp256k1] {
            for hash in [Hash::Sha256, Hash::Keccak256] {
                let _ = verify(&data, &key, &signature, curve, hash);
            }
            let _ = verify_prehashed(&data, &key, &signature, curve);
        }
        let _ = ed25519::verify(&data, &key, &signature);
        let _ = (recover(&data, &signature), recover(&sha256(&data), &signature));
        let _ = (base58_decode(&text), base58_check_decode(&text));
        let _ = script_hash_from_address(&text, ADDRESS_VERSION);
    }

    #[test]
    fn shifts_match_integers(data in vec(any::<u8>(), 0..=16), count in 0..140usize) {
        let width = data.len() * 8;
        let mask = u128::MAX.checked_shr(128 - width as u32).unwrap_or(0);
        let count32 = count as u32;
        let left = number(&data).checked_shl(count32).unwrap_or(0) & mask;
        let right = number(&data).checked_shr(count32).unwrap_or(0);
        prop_assert_eq!(number(&shift_left(&data, count)), left);
        prop_assert_eq!(number(&shift_right(&data, count)), right);
    }

    #[test]
    fn bits_can_be_set_and_read(mut data in vec(any::<u8>(), 1..40), seed in any::<usize>(), value: bool) {
        let index = seed % (data.len() * 8);
        set_bit(&mut data, index, value).unwrap();
        prop_assert_eq!(test_bit(&data, index), Ok(value));
        let ones = (0..data.len() * 8).filter(|&i| test_bit(&data, i) == Ok(true)).count();
        prop_assert_eq!(popcount(&data), ones as u64);
    }

    #[test]
    fn base58_round_trips(data in bytes()) {
        prop_assert_eq!(base58_decode(&base58_encode(&data)).unwrap(), data.clone());
        prop_assert_eq!(base58_check_decode(&base58_check_encode(&data)).unwrap(), data);
    }

    #[test]
    fn addresses_round_trip(script_hash: [u8; 20], version: u8) {
        let address = address_from_script_hash(script_hash, version);
        prop_assert_eq!(script_hash_from_address(&address, version), Ok(script_hash));
    }

    /// Random `r` and `s` are almost certainly below the order, as verification requires.
    #[test]
    fn recovered_keys_verify(hash: [u8; 32], rs in vec(any::<u8>(), 64), id in 0..2u8) {
        if let Ok(key) = recover_with_id(&hash, &rs, id) {
            prop_assert_eq!(verify_prehashed(&hash, &key, &rs, Curve::Secp256k1), Ok(true));
        }
    }
}
