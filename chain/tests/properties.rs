//! Any bytes are read or refused, and what was read is written so that it reads back.

mod common;

use neovm_chain::{
    Attribute, Block, Condition, DumpReader, Header, OracleResponse, OracleResponseCode, Signer, Transaction,
    TrimmedBlock, UnsignedTransaction, Witness, WitnessRule, WitnessRuleAction, WitnessScopes, contract,
};
use neovm_types::{Hash160, Hash256, PublicKey, json::Json};
use proptest::{collection::vec, prelude::*};

fn hash160() -> impl Strategy<Value = Hash160> {
    any::<[u8; 20]>().prop_map(Hash160)
}

fn key() -> impl Strategy<Value = PublicKey> {
    const KEYS: [&str; 2] = [
        "03d972eedf3059f44f84b9a976f49bd5ac75935f803c59ee3832b173ba42799d3f",
        "02df74f6891759c078be479353216804e460b06e4be5986b0a38a4535acfa4f120",
    ];
    prop::sample::select(&KEYS[..]).prop_map(|key| key.parse().unwrap())
}

fn condition() -> impl Strategy<Value = Condition> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Condition::Boolean),
        hash160().prop_map(Condition::ScriptHash),
        key().prop_map(Condition::Group),
        Just(Condition::CalledByEntry),
        hash160().prop_map(Condition::CalledByContract),
        key().prop_map(Condition::CalledByGroup),
    ];
    leaf.prop_recursive(2, 40, 16, |inner| {
        prop_oneof![
            inner.clone().prop_map(|condition| Condition::Not(condition.into())),
            vec(inner.clone(), 1..=16).prop_map(Condition::And),
            vec(inner, 1..=16).prop_map(Condition::Or),
        ]
    })
}

fn rule() -> impl Strategy<Value = WitnessRule> {
    let action = prop_oneof![Just(WitnessRuleAction::Allow), Just(WitnessRuleAction::Deny)];
    (action, condition()).prop_map(|(action, condition)| WitnessRule { action, condition })
}

fn signer() -> impl Strategy<Value = Signer> {
    let scopes = prop_oneof![
        1 => Just(WitnessScopes::GLOBAL),
        4 => any::<u8>().prop_map(|bits| WitnessScopes::from_bits_truncate(bits & 0x7f)),
    ];
    let parts = (hash160(), scopes, vec(hash160(), 0..=16), vec(key(), 0..=16), vec(rule(), 0..4));
    parts.prop_map(|(account, scopes, contracts, groups, rules)| {
        let has = |scope| scopes.contains(scope);
        Signer {
            account,
            scopes,
            allowed_contracts: if has(WitnessScopes::CUSTOM_CONTRACTS) { contracts } else { vec![] },
            allowed_groups: if has(WitnessScopes::CUSTOM_GROUPS) { groups } else { vec![] },
            rules: if has(WitnessScopes::WITNESS_RULES) { rules } else { vec![] },
        }
    })
}

fn attribute() -> impl Strategy<Value = Attribute> {
    prop_oneof![
        8 => any::<[u8; 32]>().prop_map(|hash| Attribute::Conflicts { hash: Hash256(hash) }),
        1 => Just(Attribute::HighPriority),
        1 => any::<u32>().prop_map(|height| Attribute::NotValidBefore { height }),
        1 => any::<u8>().prop_map(|keys| Attribute::NotaryAssisted { keys }),
        1 => (any::<u64>(), vec(any::<u8>(), 0..300)).prop_map(|(id, result)| {
            let code = if result.is_empty() { OracleResponseCode::Timeout } else { OracleResponseCode::Success };
            Attribute::OracleResponse(OracleResponse { id, code, result })
        }),
    ]
}

fn unsigned() -> impl Strategy<Value = UnsignedTransaction> {
    let numbers = (any::<u32>(), 0..=i64::MAX / 2, 0..=i64::MAX / 2, any::<u32>());
    let rest = (vec(signer(), 1..4), vec(attribute(), 0..6), vec(any::<u8>(), 1..400));
    (numbers, rest).prop_map(|((nonce, system_fee, network_fee, valid_until_block), (signers, attributes, script))| {
        UnsignedTransaction {
            version: 0,
            nonce,
            system_fee,
            network_fee,
            valid_until_block,
            signers,
            attributes,
            script: script.into(),
        }
    })
}

/// Bytes that are a transaction but for a few changes, or any bytes.
fn hostile() -> impl Strategy<Value = Vec<u8>> {
    let transaction = unsigned().prop_map(|unsigned| {
        unsigned.with_empty_witnesses().map(|transaction| transaction.to_bytes()).unwrap_or_default()
    });
    let changes = vec((any::<prop::sample::Index>(), any::<u8>()), 0..4);
    let changed = (transaction, changes).prop_map(|(mut bytes, changes)| {
        for (index, byte) in changes {
            if !bytes.is_empty() {
                let index = index.index(bytes.len());
                bytes[index] = byte;
            }
        }
        bytes
    });
    prop_oneof![3 => changed, 1 => vec(any::<u8>(), 0..300)]
}

proptest! {
    #[test]
    fn transactions_read_back(unsigned in unsigned(), script in vec(any::<u8>(), 0..1024)) {
        let witness = Witness { invocation: script.clone().into(), verification: script.into() };
        // Two attributes or signers may be alike.
        if let Ok(signed) = unsigned.sign(&vec![witness; unsigned.signers.len()]) {
            prop_assert_eq!(signed.unsigned(), &unsigned);
            prop_assert_eq!(signed.hash(), unsigned.hash());
            let bytes = signed.to_bytes();
            let read = Transaction::parse(&bytes).unwrap();
            prop_assert_eq!(read.size(), bytes.len());
            prop_assert_eq!(read.unsigned(), &unsigned);
            prop_assert_eq!(read.witnesses(), signed.witnesses());
        }
    }

    #[test]
    fn signers_read_back_from_json(signer in signer()) {
        let text = signer.to_json().to_string();
        let json = Json::parse(text.as_bytes(), 20).unwrap();
        prop_assert_eq!(Signer::from_json(&json), Ok(signer));
    }

    /// Numbers of oracle requests beyond 2^53 are rounded in JSON; the hash tells.
    #[test]
    fn transactions_read_back_from_json(unsigned in unsigned()) {
        if let Ok(signed) = unsigned.sign(&vec![Witness::empty(); unsigned.signers.len()]) {
            let is_rounded = signed.attributes.iter().any(|attribute| match attribute {
                Attribute::OracleResponse(response) => response.id as f64 as u64 != response.id,
                _ => false,
            });
            let text = signed.to_json(53).to_string();
            let read = Transaction::from_json(&Json::parse(text.as_bytes(), 20).unwrap());
            match read {
                Ok(read) => prop_assert!(!is_rounded && read.to_bytes() == signed.to_bytes()),
                Err(error) => prop_assert!(is_rounded, "{error}"),
            }
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in hostile()) {
        for read in [Transaction::parse(&bytes), Transaction::parse_lenient(&bytes)] {
            match read {
                Ok(read) => {
                    let again = read.to_bytes();
                    prop_assert!(again.len() <= read.size() && read.size() <= bytes.len());
                    let second = Transaction::parse_lenient(&again).unwrap();
                    prop_assert_eq!(second.to_bytes(), again);
                    prop_assert_eq!(second.hash(), read.hash());
                }
                Err(error) => prop_assert!(error.offset <= bytes.len()),
            }
        }
        let _ = Block::parse(&bytes);
        let _ = Header::parse(&bytes);
        let _ = TrimmedBlock::parse(&bytes);
        let _ = contract::multisig_contract(&bytes);
        let _ = contract::is_signature_contract(&bytes);
        let _ = DumpReader::new(&bytes[..]).map(|dump| dump.take(10).for_each(drop));
    }

    #[test]
    fn a_damaged_block_is_read_or_refused(place in any::<prop::sample::Index>(), byte: u8) {
        let text = std::fs::read_to_string(common::data("mainnet-block-1000.hex")).unwrap();
        let mut bytes = hex::decode(text.trim()).unwrap();
        let place = place.index(bytes.len());
        bytes[place] = byte;
        match Block::parse(&bytes) {
            Ok(block) => prop_assert_eq!(Block::parse(&block.to_bytes()), Ok(block)),
            Err(error) => prop_assert!(error.offset <= bytes.len()),
        }
    }

    #[test]
    fn nearly_multisig_contracts(required in 1usize..4, count in 3usize..6, place in any::<prop::sample::Index>(), byte: u8) {
        let key: PublicKey = "03d972eedf3059f44f84b9a976f49bd5ac75935f803c59ee3832b173ba42799d3f".parse().unwrap();
        let mut script = contract::multisig_script(required, &vec![key; count]).unwrap().bytes().to_vec();
        let place = place.index(script.len());
        script[place] = byte;
        if let Some(read) = contract::multisig_contract(&script) {
            prop_assert_eq!(read.keys.len(), count);
            prop_assert!(1 <= read.required && read.required <= count);
        }
    }
}
