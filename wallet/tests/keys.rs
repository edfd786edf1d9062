//! Keys with their addresses and encrypted forms, as neo-go publishes them (`internal/keytestcases`).

use neovm_crypto::{ADDRESS_VERSION, address_from_script_hash};
use neovm_wallet::{KeyError, Nep2Error, PrivateKey, Scrypt, nep2};

/// Address, private key, public key, WIF, password, encrypted key.
const KEYS: [[&str; 6]; 3] = [
    [
        "NPTmAHDxo6Pkyic8Nvu3kwyXoYJCvcCB6i",
        "7d128a6d096f0c14c3a25a2b0c41cf79661bfcb4a8cc95aaaea28bde4d732344",
        "02028a99826edc0c97d18e22b6932373d908d323aa7f92656a77ec26e8861699ef",
        "L1QqQJnpBwbsPGAuutuzPTac8piqvbR1HRjrY5qHup48TBCBFe4g",
        "city of zion",
        "6PYUUUFei9PBBfVkSn8q7hFCnewWFRBKPxcn6Kz6Bmk3FqWyLyuTQE2XFH",
    ],
    [
        "NMBfzaEq2c5zodiNbLPoohVENARMbJim1r",
        "9ab7e154840daca3a2efadaf0df93cd3a5b51768c632f5433f86909d9b994a69",
        "031d8e1630ce640966967bc6d95223d21f44304133003140c3b52004dc981349c9",
        "L2QTooFoDFyRFTxmtiVHt5CfsXfVnexdbENGDkkrrgTTryiLsPMG",
        "我的密码",
        "6PYUmBuLbdXdnybyNeafUJUrVhoBRZpjHACdY9K2VCNzD5tuX5tXgr9fur",
    ],
    [
        "NfVdwyaJbijrWkRagrvs4eSRQUpP7WpukT",
        "3edee7036b8fd9cef91de47386b191dd76db2888a553e7736bb02808932a915b",
        "02232ce8d2e2063dce0451131851d47421bfc4fc1da4db116fca5302c0756462fa",
        "KyKvWLZsNwBJx5j9nurHYRwhYfdQUu9tTEDsLCUHDbYBL8cHxMiG",
        "MyL33tP@33w0rd",
        "6PYLQ9oCoEWCfuuHkq6xH4tYbi4Pyv9HYUU8WGkFVXtoczwTbitMjypkma",
    ],
];

#[test]
fn keys_have_their_published_forms() {
    for [address, private, public, wif, ..] in KEYS {
        let key = PrivateKey::parse(private).unwrap();
        assert_eq!(address_from_script_hash(key.account().0, ADDRESS_VERSION), address);
        assert_eq!(key.public_key().to_string(), public);
        assert_eq!(*key.to_wif(), wif);
        assert_eq!(PrivateKey::parse(wif).unwrap().to_bytes(), key.to_bytes());
    }
}

#[test]
fn encrypted_keys_have_their_published_forms() {
    for [_, private, _, _, password, encrypted] in KEYS {
        let key = PrivateKey::parse(private).unwrap();
        assert_eq!(nep2::encrypt(&key, password, Scrypt::default(), ADDRESS_VERSION).unwrap(), encrypted);
        let decrypted = nep2::decrypt(encrypted, password, Scrypt::default(), ADDRESS_VERSION).unwrap();
        assert_eq!(decrypted.to_bytes(), key.to_bytes());
    }
}

#[test]
fn wrong_passwords_and_texts_are_told_apart() {
    let decrypt = |text: &str, password| nep2::decrypt(text, password, Scrypt::LEAST, ADDRESS_VERSION).unwrap_err();
    let key = PrivateKey::parse(KEYS[0][1]).unwrap();
    let encrypted = nep2::encrypt(&key, "right", Scrypt::LEAST, ADDRESS_VERSION).unwrap();
    assert_eq!(decrypt(&encrypted, "wrong"), Nep2Error::Password);
    assert_eq!(nep2::decrypt(&encrypted, "right", Scrypt::LEAST, 23).unwrap_err(), Nep2Error::Password);
    assert!(matches!(decrypt(KEYS[0][3], "right"), Nep2Error::Form(_)));
    assert!(matches!(decrypt(&encrypted.replace('6', "7"), "right"), Nep2Error::Form(_)));
    assert!(matches!(decrypt("", "right"), Nep2Error::Form(_)));
    // Composed and decomposed letters are the same password.
    let encrypted = nep2::encrypt(&key, "\u{fc}", Scrypt::LEAST, ADDRESS_VERSION).unwrap();
    assert!(nep2::decrypt(&encrypted, "u\u{308}", Scrypt::LEAST, ADDRESS_VERSION).is_ok());
}

#[test]
fn hostile_costs_are_refused_at_once() {
    let key = PrivateKey::parse(KEYS[0][1]).unwrap();
    let refused = [(0, 8, 8), (1, 8, 8), (3, 8, 8), (1 << 31, 1, 1), (16_384, 0, 8), (16_384, 8, 0)];
    let costly = [(1 << 20, 2, 1), (1 << 20, 1, 17), (2, u32::MAX, 1), (2, 1, u32::MAX), (1 << 31, u32::MAX, u32::MAX)];
    for (n, r, p) in refused.into_iter().chain(costly) {
        let error = nep2::encrypt(&key, "", Scrypt { n, r, p }, ADDRESS_VERSION);
        assert!(matches!(error, Err(Nep2Error::Scrypt { .. })), "{n} {r} {p}");
    }
}

#[test]
fn texts_that_are_no_keys_are_refused() {
    let order = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
    for number in [&"0".repeat(64), order, &"f".repeat(64)] {
        assert_eq!(PrivateKey::parse(number).unwrap_err(), KeyError::Range);
    }
    for text in ["", "0x", "12", &"0".repeat(63), &"z".repeat(1000), KEYS[0][0], KEYS[0][5]] {
        let error = PrivateKey::parse(text).unwrap_err();
        assert!(matches!(error, KeyError::Form(_) | KeyError::Wif), "{text}");
    }
    let secret = KEYS[0][1];
    assert!(!format!("{:?}", PrivateKey::parse(secret).unwrap()).contains(&secret[..8]));
}
