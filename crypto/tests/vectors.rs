//! Published test vectors, and edge cases in which libraries disagree.

use hex_literal::hex;
use neovm_crypto::*;

#[test]
fn sha256_matches_fips_180() {
    assert_eq!(sha256(b"abc"), hex!("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
    assert_eq!(sha256(b""), hex!("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
    assert_eq!(
        sha256(b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
        hex!("248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1")
    );
}

#[test]
fn ripemd160_matches_its_paper() {
    let cases: [(&[u8], [u8; 20]); 5] = [
        (b"", hex!("9c1185a5c5e9fc54612808977ee8f548b2258d31")),
        (b"a", hex!("0bdc9d2d256b3ee9daae347be6f4dc835a467ffe")),
        (b"abc", hex!("8eb208f7e05d987a9b044a8e98c6b087f15a0bfc")),
        (b"message digest", hex!("5d0689ef49d2fae572b881b123a85ffa21595f36")),
        (b"abcdefghijklmnopqrstuvwxyz", hex!("f71c27109c692c1b56bbdceb5b9d2865b3708dbc")),
    ];
    for (data, digest) in cases {
        assert_eq!(ripemd160(data), digest);
    }
    assert_eq!(ripemd160(&[b'a'; 1_000_000]), hex!("52783243c1697bdbe16d37f97f68f08325dc1528"));
}

#[test]
fn double_hashes_match_bitcoin() {
    assert_eq!(hash256(b"hello"), hex!("9595c9df90075148eb06860365df33584b75bff782a510c6cd4883a419833d50"));
    // The generator point in compressed form and its well-known hash.
    assert_eq!(hash160(&GENERATOR_K1), hex!("751e76e8199196d454941c45d1b3a323f1433bd6"));
}

#[test]
fn keccak256_is_not_sha3() {
    assert_eq!(keccak256(b""), hex!("c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"));
    assert_eq!(keccak256(b"abc"), hex!("4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45"));
}

#[test]
fn murmur32_matches_known_values() {
    let cases: [(&[u8], u32, u32); 14] = [
        (b"", 0, 0),
        (b"", 1, 0x514e_28b7),
        (b"", 0xffff_ffff, 0x81f1_6f39),
        (&hex!("ffffffff"), 0, 0x7629_3b50),
        (&hex!("21436587"), 0, 0xf55b_516b),
        (&hex!("21436587"), 0x5082_edee, 0x2362_f9de),
        (&hex!("214365"), 0, 0x7e4a_8634),
        (&hex!("2143"), 0, 0xa0f7_b07a),
        (&hex!("21"), 0, 0x7266_1cf4),
        (&hex!("000000"), 0, 0x85f0_b427),
        (&hex!("00"), 0, 0x514e_28b7),
        // From the tests of the Neo node.
        (&[1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1], 10, 378_574_820),
        (b"hello worldhello world", 10, 60_539_726),
        (b"he", 10, 972_873_329),
    ];
    for (data, seed, digest) in cases {
        assert_eq!(murmur32(data, seed), digest, "{data:02x?} seed {seed}");
    }
}

#[test]
fn bit_operations() {
    assert_eq!(and(&[0b1100, 1], &[0b1010, 3]), Ok(vec![0b1000, 1]));
    assert_eq!(or(&[0b1100, 1], &[0b1010, 2]), Ok(vec![0b1110, 3]));
    assert_eq!(xor(&[0b1100, 1], &[0b1010, 1]), Ok(vec![0b0110, 0]));
    assert_eq!(not(&[0x0f, 0xff]), [0xf0, 0]);
    assert_eq!(popcount(&[0xff, 0x01, 0]), 9);

    let unequal = CryptoError::UnequalLengths { left: 1, right: 2 };
    for op in [and, or, xor] {
        assert_eq!(op(&[], &[]), Ok(vec![]));
        assert_eq!(op(&[1], &[1, 2]), Err(unequal.clone()));
    }
    assert_eq!(unequal.to_string(), "operands are 1 and 2 bytes, expected equal lengths");
}

#[test]
fn shifts_keep_the_length() {
    assert_eq!(shift_left(&[0x81, 0x01], 1), [0x02, 0x03]);
    assert_eq!(shift_left(&[0x81, 0x01], 8), [0, 0x81]);
    assert_eq!(shift_right(&[0x81, 0x01], 1), [0xc0, 0]);
    assert_eq!(shift_right(&[0x81, 0x01], 8), [0x01, 0]);
    for count in [16, 17, usize::MAX] {
        assert_eq!(shift_left(&[0xff, 0xff], count), [0, 0]);
        assert_eq!(shift_right(&[0xff, 0xff], count), [0, 0]);
    }
    assert_eq!(shift_left(&[], 3), []);
    assert_eq!(shift_right(&[], 3), []);
}

#[test]
fn single_bits() {
    let mut data = [0; 2];
    assert_eq!(set_bit(&mut data, 9, true), Ok(()));
    assert_eq!(data, [0, 2]);
    assert_eq!(test_bit(&data, 9), Ok(true));
    assert_eq!(test_bit(&data, 8), Ok(false));
    assert_eq!(set_bit(&mut data, 9, false), Ok(()));
    assert_eq!(data, [0, 0]);

    let past_end = CryptoError::BitIndex { index: 16, bits: 16 };
    assert_eq!(test_bit(&data, 16), Err(past_end.clone()));
    assert_eq!(set_bit(&mut data, 16, true), Err(past_end));
}

const GENERATOR_K1: [u8; 33] = hex!("0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798");
const ORDER_K1: [u8; 32] = hex!("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141");
const PRIME_K1: [u8; 32] = hex!("fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f");
const ORDER_R1: [u8; 32] = hex!("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");
const PRIME_R1: [u8; 32] = hex!("ffffffff00000001000000000000000000000000ffffffffffffffffffffffff");

/// RFC 6979, A.2.5.
const KEY_R1: [u8; 65] = hex!(
    "04"
    "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
    "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299"
);
const SAMPLE_R1: [u8; 64] = hex!(
    "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
    "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8"
);
const TEST_R1: [u8; 64] = hex!(
    "f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367"
    "019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083"
);

/// The deterministic signature of "Satoshi Nakamoto" by the private key 1.
const SATOSHI_K1: [u8; 64] = hex!(
    "934b1ea10a4b3c1757e2b0c017d0b6143ce3c9a7e6a4a49860d7a6ab210ee3d8"
    "2442ce9d2b916064108014783e923ec36b49743e2ffa1c4496f01a512aafd9e5"
);

fn verify_r1(message: &[u8], key: &[u8], signature: &[u8]) -> Result<bool, CryptoError> {
    verify(message, key, signature, Curve::Secp256r1, Hash::Sha256)
}

fn verify_k1(message: &[u8], key: &[u8], signature: &[u8]) -> Result<bool, CryptoError> {
    verify(message, key, signature, Curve::Secp256k1, Hash::Sha256)
}

/// Returns `signature` with `s` replaced by `order - s`, which is equally valid.
fn other_s(mut signature: [u8; 64], order: &[u8; 32]) -> [u8; 64] {
    let mut borrow = false;
    for i in (0..32).rev() {
        let (low, first) = order[i].overflowing_sub(signature[32 + i]);
        let (low, second) = low.overflowing_sub(u8::from(borrow));
        signature[32 + i] = low;
        borrow = first | second;
    }
    signature
}

fn compressed(key: &[u8; 65]) -> [u8; 33] {
    let mut short = [2 | key[64] & 1; 33];
    short[1..].copy_from_slice(&key[1..33]);
    short
}

#[test]
fn ecdsa_secp256r1() {
    for key in [&KEY_R1[..], &compressed(&KEY_R1)] {
        assert_eq!(verify_r1(b"sample", key, &SAMPLE_R1), Ok(true));
        assert_eq!(verify_r1(b"test", key, &TEST_R1), Ok(true));
        assert_eq!(verify_r1(b"tesu", key, &TEST_R1), Ok(false));
    }
    let digest = sha256(b"sample");
    let prehashed = verify_prehashed(&digest, &KEY_R1, &SAMPLE_R1, Curve::Secp256r1);
    assert_eq!(prehashed, Ok(true));
    let keccak = verify(b"sample", &KEY_R1, &SAMPLE_R1, Curve::Secp256r1, Hash::Keccak256);
    assert_eq!(keccak, Ok(false));
}

#[test]
fn ecdsa_secp256k1() {
    let message = b"Satoshi Nakamoto";
    assert_eq!(verify_k1(message, &GENERATOR_K1, &SATOSHI_K1), Ok(true));
    assert_eq!(verify_k1(b"Satoshi nakamoto", &GENERATOR_K1, &SATOSHI_K1), Ok(false));
    // From the tests of the Neo node.
    assert_eq!(
        verify_k1(
            "中文".as_bytes(),
            &hex!("03661b86d54eb3a8e7ea2399e0db36ab65753f95fff661da53ae0121278b881ad0"),
            &hex!(
                "b8cba1ff42304d74d083e87706058f59cdd4f755b995926d2cd80a734c5a3c37"
                "e4583bfd4339ac762c1c91eee3782660a6baf62cd29e407eccd3da3e9de55a02"
            ),
        ),
        Ok(true)
    );
}

#[test]
fn ecdsa_accepts_high_and_low_s() {
    for (message, signature) in [(&b"sample"[..], SAMPLE_R1), (b"test", TEST_R1)] {
        let twin = other_s(signature, &ORDER_R1);
        assert_eq!(verify_r1(message, &KEY_R1, &twin), Ok(true));
    }
    let twin = other_s(SATOSHI_K1, &ORDER_K1);
    assert!(twin[32] >= 0x80);
    assert_eq!(verify_k1(b"Satoshi Nakamoto", &GENERATOR_K1, &twin), Ok(true));
}

#[test]
fn ecdsa_out_of_range_scalars_do_not_verify() {
    for (order, curve, key) in [(ORDER_R1, Curve::Secp256r1, &KEY_R1[..]), (ORDER_K1, Curve::Secp256k1, &GENERATOR_K1)]
    {
        for bad in [[0; 32], order, [0xff; 32]] {
            let one = [&[0; 31][..], &[1]].concat();
            for signature in [[&bad[..], &one].concat(), [&one, &bad[..]].concat()] {
                let result = verify(b"", key, &signature, curve, Hash::Sha256);
                assert_eq!(result, Ok(false));
            }
        }
    }
}

#[test]
fn public_keys_are_compressed() {
    let short = compressed(&KEY_R1);
    assert_eq!(compress_public_key(&KEY_R1, Curve::Secp256r1), Ok(short));
    assert_eq!(compress_public_key(&short, Curve::Secp256r1), Ok(short));
    assert_eq!(compress_public_key(&GENERATOR_K1, Curve::Secp256k1), Ok(GENERATOR_K1));
    let whole = hex!(
        "0479be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
        "483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8"
    );
    assert_eq!(compress_public_key(&whole, Curve::Secp256k1), Ok(GENERATOR_K1));
    assert_eq!(compress_public_key(&whole, Curve::Secp256r1), Err(CryptoError::PublicKeyNotOnCurve(Curve::Secp256r1)));

    assert_eq!(uncompress_public_key(&short, Curve::Secp256r1), Ok(KEY_R1));
    assert_eq!(uncompress_public_key(&KEY_R1, Curve::Secp256r1), Ok(KEY_R1));
    assert_eq!(uncompress_public_key(&GENERATOR_K1, Curve::Secp256k1), Ok(whole));
}

#[test]
fn ecdsa_rejects_malformed_keys() {
    let key_error = |key: &[u8], curve| {
        let result = verify(b"sample", key, &SAMPLE_R1, curve, Hash::Sha256);
        let error = result.expect_err("the key is malformed");
        assert_eq!(compress_public_key(key, curve), Err(error.clone()));
        assert_eq!(uncompress_public_key(key, curve), Err(error.clone()));
        error
    };
    for curve in [Curve::Secp256r1, Curve::Secp256k1] {
        for length in [0, 1, 31, 32, 34, 64, 66] {
            assert_eq!(key_error(&vec![2; length], curve), CryptoError::PublicKeyLength(length));
        }
        for (prefix, length) in [(0, 33), (4, 33), (5, 33), (2, 65), (6, 65), (7, 65)] {
            let mut key = vec![1; length];
            key[0] = prefix;
            assert_eq!(key_error(&key, curve), CryptoError::PublicKeyPrefix { prefix, length });
        }
        let prime = match curve {
            Curve::Secp256r1 => PRIME_R1,
            Curve::Secp256k1 => PRIME_K1,
        };
        let too_big = CryptoError::PublicKeyCoordinate(curve);
        assert_eq!(key_error(&[&[3][..], &prime].concat(), curve), too_big);
        assert_eq!(key_error(&[&[4][..], &[1; 32], &prime].concat(), curve), too_big);
        let mut below = prime;
        below[31] -= 1;
        assert_ne!(key_error_or_false(&below, curve), Some(too_big));

        let off_curve = CryptoError::PublicKeyNotOnCurve(curve);
        let mut ones = [0; 65];
        (ones[0], ones[32], ones[64]) = (4, 1, 1);
        assert_eq!(key_error(&ones, curve), off_curve);
    }
    // x^3 + 7 is not a square if x = 5.
    let mut five = [0; 33];
    (five[0], five[32]) = (2, 5);
    assert_eq!(key_error(&five, Curve::Secp256k1), CryptoError::PublicKeyNotOnCurve(Curve::Secp256k1));
    assert_eq!(CryptoError::PublicKeyLength(31).to_string(), "public key is 31 bytes, expected 33 or 65");
    assert_eq!(
        CryptoError::PublicKeyNotOnCurve(Curve::Secp256r1).to_string(),
        "public key is not a point on secp256r1"
    );
}

fn key_error_or_false(x: &[u8; 32], curve: Curve) -> Option<CryptoError> {
    let key = [&[2][..], x].concat();
    verify(b"", &key, &SAMPLE_R1, curve, Hash::Sha256).err()
}

#[test]
fn ecdsa_rejects_wrong_lengths() {
    for curve in [Curve::Secp256r1, Curve::Secp256k1] {
        for length in [0, 63, 65] {
            let key = match curve {
                Curve::Secp256r1 => &KEY_R1[..],
                Curve::Secp256k1 => &GENERATOR_K1,
            };
            assert_eq!(
                verify(b"", key, &vec![1; length], curve, Hash::Sha256),
                Err(CryptoError::SignatureLength(length))
            );
        }
    }
    assert_eq!(verify_prehashed(&[0; 31], &KEY_R1, &SAMPLE_R1, Curve::Secp256r1), Err(CryptoError::HashLength(31)));
}

/// Message hashes, signatures with `v`, and public keys from the tests of the Neo node.
const RECOVERABLE: [([u8; 32], [u8; 65], [u8; 33]); 3] = [
    (
        hex!("5ae8317d34d1e595e3fa7247db80c0af4320cce1116de187f8f7e2e099c0d8d0"),
        hex!(
            "45c0b7f8c09a9e1f1cea0c25785594427b6bf8f9f878a8af0b1abbb48e16d092"
            "0d8becd0c220f67c51217eecfd7184ef0732481c843857e6bc7fc095c4f6b788"
            "01"
        ),
        hex!("034a071e8a6e10aada2b8cf39fa3b5fb3400b04e99ea8ae64ceea1a977dbeaf5d5"),
    ),
    (
        hex!("586052916fb6f746e1d417766cceffbe1baf95579bab67ad49addaaa6e798862"),
        hex!(
            "4e0ea79d4a476276e4b067facdec7460d2c98c8a65326a6e5c998fd7c6506114"
            "0e45aea5034af973410e65cf97651b3f2b976e3fc79c6a93065ed7cb69a2ab5a"
            "01"
        ),
        hex!("02dbf1f4092deb3cfd4246b2011f7b24840bc5dbedae02f28471ce5b3bfbf06e71"),
    ),
    (
        hex!("c36d0ecf4bfd178835c97aae7585f6a87de7dfa23cc927944f99a8d60feff68b"),
        hex!(
            "f25b86e1d8a11d72475b3ed273b0781c7d7f6f9e1dae0dd5d3ee9b84f3fab891"
            "63d9c4e1391de077244583e9a6e3d8e8e1f236a3bf5963735353b93b1a3ba935"
            "00"
        ),
        hex!("03414549fd05bfb7803ae507ff86b99becd36f8d66037a7f5ba612792841d42eb9"),
    ),
];

#[test]
fn recover_finds_the_key() {
    for (hash, signature, key) in RECOVERABLE {
        let v = signature[64];
        assert_eq!(recover(&hash, &signature), Ok(key));
        assert_eq!(recover_with_id(&hash, &signature[..64], v), Ok(key));

        let mut ethereum = signature;
        ethereum[64] += 27;
        assert_eq!(recover(&hash, &ethereum), Ok(key));

        let mut flipped = signature;
        flipped[64] ^= 1;
        assert_ne!(recover(&hash, &flipped), Ok(key));

        // Negating s negates the nonce point, which inverts the parity.
        let (rs, _) = signature.split_first_chunk::<64>().expect("65 bytes");
        let twin = other_s(*rs, &ORDER_K1);
        assert_eq!(recover_with_id(&hash, &twin, v ^ 1), Ok(key));
        assert_eq!(verify_prehashed(&hash, &key, &twin, Curve::Secp256k1), Ok(true));
    }
}

#[test]
fn recover_reads_eip_2098() {
    // The public key for the private key in the EIP, 0x1234567890...1234.
    let key_holder = hex!("02e90c7d3640a1568839c31b70a893ab6714ef8415b9de90cedfc1c8f353a6983e");
    let hello = keccak256(b"\x19Ethereum Signed Message:\n11Hello World");
    let small = keccak256(b"\x19Ethereum Signed Message:\n22It's a small(er) world");
    let compact_hello = hex!(
        "68a020a209d3d56c46f38cc50a33f704f4a9a10a59377f8dd762ac66910e9b90"
        "7e865ad05c4035ab5792787d4a0297a43617ae897930a6fe4d822b8faea52064"
    );
    let compact_small = hex!(
        "9328da16089fcba9bececa81663203989f2df5fe1faa6291a45381c81bd17f76"
        "939c6d6b623b42da56557e5e734a43dc83345ddfadec52cbe24d0cc64f550793"
    );
    let key = recover(&hello, &compact_hello).expect("a valid signature");
    assert_eq!(recover(&small, &compact_small), Ok(key));

    let mut long = [27; 65];
    long[..64].copy_from_slice(&compact_hello);
    assert_eq!(recover(&hello, &long), Ok(key));
    assert_eq!(key, key_holder);

    let mut rs = compact_small;
    rs[32] &= 0x7f;
    let message = b"\x19Ethereum Signed Message:\n22It's a small(er) world";
    let verified = verify(message, &key, &rs, Curve::Secp256k1, Hash::Keccak256);
    assert_eq!(verified, Ok(true));
}

#[test]
fn recover_follows_neo_at_the_edges() {
    let (hash, signature, _) = RECOVERABLE[0];
    for v in [4, 26, 31, 255] {
        let mut bad = signature;
        bad[64] = v;
        assert_eq!(recover(&hash, &bad), Err(CryptoError::RecoveryId(v)));
    }
    assert_eq!(recover_with_id(&hash, &signature[..64], 4), Err(CryptoError::RecoveryId(4)));
    for length in [0, 63, 66] {
        assert_eq!(recover(&hash, &vec![1; length]), Err(CryptoError::RecoverableSignatureLength(length)));
    }
    assert_eq!(recover(&hash[1..], &signature), Err(CryptoError::HashLength(31)));

    // r = 0 has no inverse; for the second signature, r + n exceeds the field prime.
    assert_eq!(recover(&hash, &[0; 65]), Err(CryptoError::NotRecoverable));
    let mut second_x = signature;
    second_x[64] = 2;
    assert_eq!(recover(&hash, &second_x), Err(CryptoError::NotRecoverable));

    // A nonce point with x = r + n, which only recovery ids 2 and 3 denote.
    let mut one = [0; 32];
    one[31] = 1;
    let mut wrapped = [0; 65];
    (wrapped[31], wrapped[63], wrapped[64]) = (2, 1, 2);
    assert_eq!(recover(&one, &wrapped), Ok(hex!("028a0dee06163f357e0e71688f3785eb53891144624c633ed43706b6268bb4316f")));

    // Neo does not limit s: both s = 0 and s = n give the key -(e/r) * G.
    let mut zero = signature;
    zero[32..64].fill(0);
    let mut order = signature;
    order[32..64].copy_from_slice(&ORDER_K1);
    let key = hex!("03f13a48e5caace2b8ee8b02d8498dd7a77e2ced597a0f2f65f167b26ad1e2b4a0");
    assert_eq!(recover(&hash, &zero), Ok(key));
    assert_eq!(recover(&hash, &order), Ok(key));

    // If e = 0 too, the result is the point at infinity.
    assert_eq!(recover(&[0; 32], &zero), Err(CryptoError::NotRecoverable));
}

/// Public keys, messages and signatures from RFC 8032, section 7.1.
fn ed25519_vectors() -> [([u8; 32], &'static [u8], [u8; 64]); 3] {
    [
        (
            hex!("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"),
            &[],
            hex!(
                "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
                "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
            ),
        ),
        (
            hex!("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"),
            &[0x72],
            hex!(
                "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
                "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
            ),
        ),
        (
            hex!("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025"),
            &[0xaf, 0x82],
            hex!(
                "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
                "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
            ),
        ),
    ]
}

#[test]
fn ed25519_matches_rfc_8032() {
    for (key, message, signature) in ed25519_vectors() {
        assert_eq!(ed25519::verify(message, &key, &signature), Ok(true));
        let tampered = [message, b"!"].concat();
        assert_eq!(ed25519::verify(&tampered, &key, &signature), Ok(false));
        for i in 0..64 {
            let mut bad = signature;
            bad[i] ^= 1;
            assert_eq!(ed25519::verify(message, &key, &bad), Ok(false));
        }
    }
}

#[test]
fn ed25519_rejects_unreduced_s() {
    let (key, message, mut signature) = ed25519_vectors()[0];
    let order: [u8; 32] = hex!("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
    let mut carry = 0;
    for i in 0..32 {
        let sum = u16::from(signature[32 + i]) + u16::from(order[i]) + carry;
        signature[32 + i] = sum.to_le_bytes()[0];
        carry = sum >> 8;
    }
    assert_eq!(ed25519::verify(message, &key, &signature), Ok(false));
}

#[test]
fn ed25519_rejects_bad_keys_and_lengths() {
    let (key, message, signature) = ed25519_vectors()[0];
    for length in [0, 63, 65] {
        assert_eq!(ed25519::verify(message, &key, &vec![0; length]), Err(CryptoError::SignatureLength(length)));
    }
    for length in [0, 31, 33] {
        assert_eq!(ed25519::verify(message, &vec![0; length], &signature), Err(CryptoError::Ed25519KeyLength(length)));
    }
    let bad_keys: [[u8; 32]; 6] = [
        // No point has y = 2.
        hex!("0200000000000000000000000000000000000000000000000000000000000000"),
        // Small order: y = 1, y = 0, y = -1, and a point of order 8.
        hex!("0100000000000000000000000000000000000000000000000000000000000000"),
        hex!("0000000000000000000000000000000000000000000000000000000000000000"),
        hex!("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
        hex!("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
        // y = p + 3, which denotes the point with y = 3.
        hex!("f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
    ];
    for key in bad_keys {
        assert_eq!(ed25519::verify(message, &key, &signature), Err(CryptoError::Ed25519Key), "{key:02x?}");
    }
    let three = hex!("0300000000000000000000000000000000000000000000000000000000000000");
    assert_eq!(ed25519::verify(message, &three, &signature), Ok(false));
}

#[test]
fn base58_matches_bitcoin() {
    let cases: [(&[u8], &str); 9] = [
        (b"", ""),
        (&hex!("61"), "2g"),
        (&hex!("626262"), "a3gV"),
        (&hex!("636363"), "aPEr"),
        (b"simply a long string", "2cFupjhnEsSn59qHXstmK2ffpLv2"),
        (&hex!("00eb15231dfceb60925886b67d065299925915aeb172c06647"), "1NS17iag9jJgTHD1VXjvLCEnZuQ3rJDE9L"),
        (&hex!("516b6fcd0f"), "ABnLTmg"),
        (&[0; 10], "1111111111"),
        (&hex!("00010203040506070809"), "1kA3B2yGe2z4"),
    ];
    for (data, text) in cases {
        assert_eq!(base58_encode(data), text);
        assert_eq!(base58_decode(text).as_deref(), Ok(data));
    }
    for text in ["0", "O", "I", "l", "+", "/", " ", "é", "2g\0"] {
        assert!(matches!(base58_decode(text), Err(CryptoError::Base58(_))));
    }
}

#[test]
fn base58_check_matches_bitcoin() {
    // The Bitcoin address of the generator point.
    let address = "1BgGZ9tcN4rm9KBzDn7KprQz87SZ26SAMH";
    let data = [&[0][..], &hash160(&GENERATOR_K1)].concat();
    assert_eq!(base58_check_encode(&data), address);
    assert_eq!(base58_check_decode(address), Ok(data));
    assert_eq!(base58_check_encode(b""), "3QJmnh");
    assert_eq!(base58_check_decode("3QJmnh"), Ok(vec![]));

    assert!(matches!(
        base58_check_decode("1BgGZ9tcN4rm9KBzDn7KprQz87SZ26SAMh"),
        Err(CryptoError::Base58Checksum { .. })
    ));
    assert_eq!(base58_check_decode("a3gV"), Err(CryptoError::Base58CheckLength(3)));
    let mismatch = CryptoError::Base58Checksum { found: [0, 1, 2, 0xff], expected: [3; 4] };
    assert_eq!(mismatch.to_string(), "Base58Check checksum is [00, 01, 02, ff], expected [03, 03, 03, 03]");
}

#[test]
fn neo_addresses() {
    // From the tests of the Neo node: the hash of a one-byte script.
    let address = "NdtB8RXRmJ7Nhw1FPTm7E6HoDZGnDw37nf";
    let script_hash = hash160(&[1]);
    assert_eq!(address_from_script_hash(script_hash, ADDRESS_VERSION), address);
    assert_eq!(script_hash_from_address(address, ADDRESS_VERSION), Ok(script_hash));
    assert_eq!(
        script_hash_from_address(address, 0x17),
        Err(CryptoError::AddressVersion { found: 0x35, expected: 0x17 })
    );
    assert_eq!(
        script_hash_from_address(&base58_check_encode(&[0x35; 20]), ADDRESS_VERSION),
        Err(CryptoError::AddressLength(20))
    );

    // The longest address has 35 characters. A long text is refused before it is decoded.
    let longest = address_from_script_hash([0xff; 20], 0xff);
    assert_eq!((longest.len(), script_hash_from_address(&longest, 0xff)), (35, Ok([0xff; 20])));
    for length in [36, 16 << 20] {
        let text = "N".repeat(length);
        assert_eq!(script_hash_from_address(&text, ADDRESS_VERSION), Err(CryptoError::AddressTextLength(length)));
    }

    let zero = address_from_script_hash([0; 20], ADDRESS_VERSION);
    assert_eq!(zero, "NKuyBkoGdZZSLyPbJEetheRhMjeznFZszf");
    assert_eq!(script_hash_from_address(&zero, ADDRESS_VERSION), Ok([0; 20]));
}
