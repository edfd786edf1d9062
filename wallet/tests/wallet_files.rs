//! Wallet files (NEP-6) and signing by their keys.

use neovm_chain::{Signer, UnsignedTransaction, WitnessScopes, contract};
use neovm_crypto::{ADDRESS_VERSION, Curve, Hash, verify};
use neovm_types::{Hash160, PublicKey, Script};
use neovm_wallet::{Nep2Error, PrivateKey, Scrypt, SignError, Wallet, WalletError, sign_transaction, witness};
use proptest::{collection::vec, prelude::*};

/// A wallet as other programs write it, with a published key (see `keys.rs`).
const FILE: &str = r#"{
    "name": null,
    "version": "3.0",
    "scrypt": {"n": 16384, "r": 8, "p": 8},
    "accounts": [{
        "address": "NPTmAHDxo6Pkyic8Nvu3kwyXoYJCvcCB6i",
        "label": null,
        "isdefault": false,
        "lock": false,
        "key": "6PYUUUFei9PBBfVkSn8q7hFCnewWFRBKPxcn6Kz6Bmk3FqWyLyuTQE2XFH",
        "contract": {
            "script": "DCECAoqZgm7cDJfRjiK2kyNz2QjTI6p/kmVqd+wm6IYWme9BVuezJw==",
            "parameters": [{"name": "signature", "type": "Signature"}],
            "deployed": false
        },
        "extra": {"seen": [1, 2]},
        "shape": "round"
    }],
    "extra": null,
    "colour": "blue"
}"#;

fn keys(count: u8) -> Vec<PrivateKey> {
    (1..=count).map(|number| PrivateKey::from_bytes(&[number; 32]).unwrap()).collect()
}

fn read(text: &str) -> Result<Wallet, WalletError> {
    Wallet::from_json(text, ADDRESS_VERSION)
}

#[test]
fn files_of_other_programs_are_read_and_kept() {
    let wallet = read(FILE).unwrap();
    let account = wallet.default_account().unwrap();
    assert_eq!(account.script().unwrap().hash(), account.hash());
    let keys = wallet.keys(&wallet.accounts, "city of zion").unwrap();
    assert_eq!(keys[0].account(), account.hash());
    let wrong = wallet.keys(&wallet.accounts, "city of sion").unwrap_err();
    let WalletError::Key { address, error } = wrong else { panic!("{wrong}") };
    assert_eq!((&*address, error), ("NPTmAHDxo6Pkyic8Nvu3kwyXoYJCvcCB6i", Nep2Error::Password));
    let again = wallet.to_json();
    for kept in ["\"colour\": \"blue\"", "\"shape\": \"round\"", "\"seen\"", "\"isDefault\""] {
        assert!(again.contains(kept), "{kept} is missing in {again}");
    }
    assert_eq!(read(&again).unwrap(), wallet);
}

#[test]
fn files_that_are_wrong_are_refused() {
    let refused = |from: &str, to: &str, expected: &str| {
        assert!(FILE.contains(from), "{from}");
        let error = read(&FILE.replace(from, to)).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    };
    refused("NPTmAHDxo6Pkyic8Nvu3kwyXoYJCvcCB6i", "NPTmAHDxo6Pkyic8Nvu3kwyXoYJCvcCB6j", "accounts[0]: the address");
    refused("NPTmAHDxo6Pkyic8Nvu3kwyXoYJCvcCB6i", "NMBfzaEq2c5zodiNbLPoohVENARMbJim1r", "its script is that of NPTm");
    refused("DCECA", "DCE!A", "accounts[0]: its script: ");
    refused("\"version\"", "\"wersion\"", "missing field `version`");
    refused("16384", "-1", "no wallet as of NEP-6: ");
    refused("16384", "1e9", "no wallet as of NEP-6: ");
    refused("false,", "0,", "no wallet as of NEP-6: ");
    assert!(matches!(Wallet::from_json(FILE, 23), Err(WalletError::Account { index: 0, .. })));
    assert!(matches!(read(&" ".repeat(17 << 20)), Err(WalletError::Size)));
    let (start, end) = (FILE.find("[{").unwrap() + 1, FILE.find("}],\n    \"extra\"").unwrap() + 1);
    let twice = format!("{},{}", &FILE[..end], &FILE[start..]);
    assert_eq!(read(&twice).unwrap_err().to_string(), "accounts[1]: NPTmAHDxo6Pkyic8Nvu3kwyXoYJCvcCB6i is there again");
    // Costs are refused before they are paid.
    let costly = read(&FILE.replace("16384", "1073741824")).unwrap();
    let error = costly.keys(&costly.accounts, "city of zion").unwrap_err().to_string();
    assert!(error.contains("more than 128 MiB of memory"), "{error}");
}

#[test]
fn accounts_are_added_and_found() {
    let mut wallet = Wallet::new(Some("mine".into()), Scrypt::LEAST, ADDRESS_VERSION);
    let keys = keys(3);
    let public: Vec<PublicKey> = keys.iter().map(|key| *key.public_key()).collect();
    wallet.add_key(&keys[0], Some("alice"), "one").unwrap();
    wallet.add_multisig(2, &public, Some("all"), Some((&keys[0], "one"))).unwrap();
    assert!(matches!(wallet.add_key(&keys[0], None, "one"), Err(WalletError::Known(_))));
    assert!(matches!(wallet.add_multisig(4, &public, None, None), Err(WalletError::Multisig(_))));
    let wallet = read(&wallet.to_json()).unwrap();
    assert_eq!(wallet.default_account(), wallet.find("alice"));
    let all = wallet.find("all").unwrap();
    assert_eq!(all.hash(), contract::multisig_script(2, &public).unwrap().hash());
    assert_eq!(all.contract.as_ref().unwrap().parameters.len(), 2);
    // One key of both accounts.
    assert_eq!(wallet.keys(&wallet.accounts, "one").unwrap().len(), 1);
    assert_eq!(wallet.find(&all.address), Some(all));
    assert_eq!(wallet.find("bob"), None);
}

/// Checks each signature of a witness against the keys, in their order.
fn assert_signed(witness: &neovm_chain::Witness, message: &[u8], required: usize, keys: &[PublicKey]) {
    let signatures = contract::signatures(witness.invocation.bytes()).unwrap();
    assert_eq!(signatures.len(), required);
    let mut left = keys.iter();
    for signature in signatures {
        let fits = |key: &PublicKey| verify(message, &key.0, signature, Curve::Secp256r1, Hash::Sha256).unwrap();
        assert!(left.any(fits), "signatures are in the order of the keys");
    }
}

#[test]
fn transactions_are_signed_for_all_signers() {
    let keys = keys(4);
    let mut public: Vec<PublicKey> = keys[..3].iter().map(|key| *key.public_key()).collect();
    let multisig = contract::multisig_script(2, &public).unwrap();
    public.sort();
    let signers = [keys[3].account(), multisig.hash()].map(|it| Signer::new(it, WitnessScopes::CALLED_BY_ENTRY));
    let unsigned = UnsignedTransaction {
        version: 0,
        nonce: 1,
        system_fee: 2,
        network_fee: 3,
        valid_until_block: 4,
        signers: signers.to_vec(),
        attributes: Vec::new(),
        script: Script::from(vec![0x40]),
    };
    let scripts = [multisig.clone()];
    let signed = sign_transaction(&unsigned, 5, &keys, &scripts).unwrap();
    let message = unsigned.sign_data(5);
    assert_signed(&signed.witnesses()[0], &message, 1, &[*keys[3].public_key()]);
    assert_signed(&signed.witnesses()[1], &message, 2, &public);
    // The last two keys can sign, too; one alone cannot.
    let last: Vec<PrivateKey> = keys.iter().filter(|key| *key.public_key() != public[0]).cloned().collect();
    assert_signed(&witness(&multisig, &message, &last).unwrap(), &message, 2, &public);
    let error = sign_transaction(&unsigned, 5, &keys[2..], &scripts).unwrap_err();
    assert_eq!(error, SignError::Keys { account: multisig.hash(), required: 2, held: 1 });
    assert_eq!(sign_transaction(&unsigned, 5, &keys, &[]).unwrap_err(), SignError::Unknown(multisig.hash()));
    let odd = Script::from(vec![0x11]);
    assert_eq!(witness(&odd, &message, &keys).unwrap_err(), SignError::NotStandard(odd.hash()));
    assert_ne!(odd.hash(), Hash160::default());
}

proptest! {
    /// Files that are damaged in a place or two are read or refused.
    #[test]
    fn damaged_files_are_read_or_refused(changes in vec((any::<prop::sample::Index>(), any::<char>()), 1..3)) {
        let mut characters: Vec<char> = FILE.chars().collect();
        for (place, character) in &changes {
            let place = place.index(characters.len());
            characters[place] = *character;
        }
        match read(&characters.into_iter().collect::<String>()) {
            Ok(wallet) => prop_assert_eq!(read(&wallet.to_json()).unwrap(), wallet),
            Err(error) => prop_assert!(!error.to_string().is_empty()),
        }
    }

    /// A key comes back from all of its forms.
    #[test]
    fn keys_come_back(number in any::<[u8; 32]>(), password in ".{0,20}") {
        let Ok(key) = PrivateKey::from_bytes(&number) else { return Ok(()) };
        prop_assert_eq!(PrivateKey::parse(&key.to_wif()).unwrap().account(), key.account());
        let encrypted = neovm_wallet::nep2::encrypt(&key, &password, Scrypt::LEAST, ADDRESS_VERSION).unwrap();
        let decrypted = neovm_wallet::nep2::decrypt(&encrypted, &password, Scrypt::LEAST, ADDRESS_VERSION).unwrap();
        prop_assert_eq!(decrypted.to_bytes(), key.to_bytes());
    }

    /// No text is taken for a key that is none, and none makes the parser fail.
    #[test]
    fn texts_are_keys_or_refused(text in ".{0,80}") {
        if let Ok(key) = PrivateKey::parse(&text) {
            prop_assert_eq!(PrivateKey::parse(&key.to_wif()).unwrap().account(), key.account());
        }
        prop_assert!(neovm_wallet::nep2::decrypt(&text, "", Scrypt::LEAST, ADDRESS_VERSION).is_err());
    }
}
