//! Any bytes are read or refused, and what was read is written so that it reads back.

mod common;

use neovm_chain::{
    Attribute, Block, Condition, DumpError, DumpReader, FromJsonError, Header, OracleResponse, OracleResponseCode,
    Signer, Transaction, TrimmedBlock, UnsignedHeader, UnsignedTransaction, Witness, WitnessRule, WitnessRuleAction,
    WitnessScopes, contract, write_dump,
};
use neovm_types::{
    CallFlags, Hash160, Hash256, Manifest, ManifestError, MethodToken, NefFile, PublicKey,
    hash::checksum,
    io::{ReadError, Reader},
    json::Json,
};
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

/// The bytes of a value.
fn written<T>(write: fn(&T, &mut Vec<u8>)) -> impl Fn(T) -> Vec<u8> {
    move |value| {
        let mut bytes = Vec::new();
        write(&value, &mut bytes);
        bytes
    }
}

/// Bytes a few of which were replaced, put in or left out, or any bytes.
fn damaged(valid: impl Strategy<Value = Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    let change = (any::<prop::sample::Index>(), 0..8, any::<u8>());
    let changed = (valid, vec(change, 0..4)).prop_map(|(mut bytes, changes)| {
        for (place, kind, byte) in changes {
            let place = place.index(bytes.len() + 1);
            match kind {
                0 => bytes.insert(place, byte),
                1 => _ = bytes.drain(place..bytes.len().min(place + 1)),
                2 => bytes.truncate(place),
                _ => bytes.iter_mut().skip(place).take(1).for_each(|old| *old = byte),
            }
        }
        bytes
    });
    prop_oneof![3 => changed, 1 => vec(any::<u8>(), 0..300)]
}

/// Damaged bytes of a transaction.
fn hostile() -> impl Strategy<Value = Vec<u8>> {
    damaged(unsigned().prop_map(|unsigned| {
        unsigned.with_empty_witnesses().map(|transaction| transaction.to_bytes()).unwrap_or_default()
    }))
}

/// What is read is written so that it reads back, and refusals name a place in the bytes.
fn check<T>(
    bytes: &[u8],
    read: fn(&mut Reader<'_>) -> Result<T, ReadError>,
    write: fn(&T, &mut Vec<u8>),
) -> Result<(), TestCaseError> {
    let mut reader = Reader::new(bytes);
    match read(&mut reader) {
        Ok(value) => {
            let again = written(write)(value);
            // Lengths may have more bytes than they need.
            prop_assert!(again.len() <= reader.offset());
            let mut reader = Reader::new(&again);
            let second = read(&mut reader).map(written(write));
            prop_assert_eq!(reader.offset(), again.len());
            prop_assert_eq!(second, Ok(again));
        }
        Err(error) => prop_assert!(error.offset <= bytes.len(), "{error}"),
    }
    Ok(())
}

/// What is read of a JSON text is written so that it reads back.
fn check_json<T: PartialEq + std::fmt::Debug>(
    text: &[u8],
    read: fn(&Json) -> Result<T, FromJsonError>,
    write: fn(&T) -> Json,
) -> Result<(), TestCaseError> {
    let json = |text: &[u8]| Json::parse(text, Json::MAX_DEPTH);
    if let Some(value) = json(text).ok().and_then(|json| read(&json).ok()) {
        let again = json(write(&value).to_string().as_bytes());
        prop_assert_eq!(read(&again.unwrap()), Ok(value));
    }
    Ok(())
}

/// The text of a value in JSON.
fn text<T>(write: fn(&T) -> Json) -> impl Fn(T) -> Vec<u8> {
    move |value| write(&value).to_string().into()
}

fn witness() -> impl Strategy<Value = Witness> {
    (vec(any::<u8>(), 0..100), vec(any::<u8>(), 0..100)).prop_map(|(invocation, verification)| Witness {
        invocation: invocation.into(),
        verification: verification.into(),
    })
}

/// Block 1000 of MainNet.
fn block() -> Block {
    let text = std::fs::read_to_string(common::data("mainnet-block-1000.hex")).unwrap();
    Block::parse(&hex::decode(text.trim()).unwrap()).unwrap()
}

fn dump() -> impl Strategy<Value = Vec<u8>> {
    (0..3_u32, 0..4_usize).prop_map(|(start, count)| {
        let mut bytes = Vec::new();
        write_dump(&mut bytes, start, vec![block(); count].iter()).unwrap();
        bytes
    })
}

fn nef() -> impl Strategy<Value = NefFile> {
    let token = ("[a-z]{1,9}", hash160(), any::<u16>(), any::<bool>(), 0..16_u8).prop_map(
        |(method, hash, parameters_count, has_return_value, flags)| MethodToken {
            hash,
            method,
            parameters_count,
            has_return_value,
            call_flags: CallFlags::from_bits_truncate(flags),
        },
    );
    ("[a-z.]{0,64}", "[a-z.]{0,90}", vec(token, 0..4), vec(any::<u8>(), 1..300))
        .prop_map(|(compiler, source, tokens, script)| NefFile { compiler, source, tokens, script: script.into() })
}

/// A manifest with something in each field.
const MANIFEST: &str = r#"{"name":"Sample","groups":[],"features":{},"supportedstandards":["NEP-17"],"abi":{"methods":[
{"name":"f","parameters":[{"name":"a","type":"Hash160"}],"returntype":"Void","offset":0,"safe":false},
{"name":"g","parameters":[],"returntype":"Integer","offset":7,"safe":true}],
"events":[{"name":"E","parameters":[{"name":"x","type":"PublicKey"}]}]},
"permissions":[{"contract":"*","methods":["g","h"]},{"contract":"0xef4073a0f2b305a38ec4050e4d3d28bc40ea63f5","methods":"*"}],
"trusts":["0xef4073a0f2b305a38ec4050e4d3d28bc40ea63f5"],"extra":{"n":[1,-2,1.5,null,true,"é"]}}"#;

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
        check(&bytes, Transaction::read, Transaction::write)?;
        check(&bytes, UnsignedTransaction::read, UnsignedTransaction::write)?;
        let _ = contract::multisig_contract(&bytes);
        let _ = contract::is_signature_contract(&bytes);
    }

    #[test]
    fn parts_of_transactions_are_read_or_refused(
        conditions in damaged(condition().prop_map(written(Condition::write))),
        rules in damaged(rule().prop_map(written(WitnessRule::write))),
        signers in damaged(signer().prop_map(written(Signer::write))),
        attributes in damaged(attribute().prop_map(written(Attribute::write))),
        witnesses in damaged(witness().prop_map(written(Witness::write))),
    ) {
        check(&conditions, Condition::read, Condition::write)?;
        check(&rules, WitnessRule::read, WitnessRule::write)?;
        check(&signers, Signer::read, Signer::write)?;
        check(&attributes, Attribute::read, Attribute::write)?;
        check(&witnesses, Witness::read, Witness::write)?;
    }

    #[test]
    fn parts_of_transactions_are_read_or_refused_from_json(
        conditions in damaged(condition().prop_map(text(Condition::to_json))),
        rules in damaged(rule().prop_map(text(WitnessRule::to_json))),
        signers in damaged(signer().prop_map(text(Signer::to_json))),
        attributes in damaged(attribute().prop_map(text(Attribute::to_json))),
        witnesses in damaged(witness().prop_map(text(Witness::to_json))),
    ) {
        check_json(&conditions, Condition::from_json, Condition::to_json)?;
        check_json(&rules, WitnessRule::from_json, WitnessRule::to_json)?;
        check_json(&signers, Signer::from_json, Signer::to_json)?;
        check_json(&attributes, Attribute::from_json, Attribute::to_json)?;
        check_json(&witnesses, Witness::from_json, Witness::to_json)?;
    }

    #[test]
    fn blocks_are_read_or_refused(bytes in damaged(Just(block().to_bytes()))) {
        check(&bytes, Block::read, Block::write)?;
        check(&bytes, Header::read, Header::write)?;
        check(&bytes, UnsignedHeader::read, UnsignedHeader::write)?;
        for error in [Block::parse(&bytes).err(), Header::parse(&bytes).err()].into_iter().flatten() {
            prop_assert!(error.offset <= bytes.len(), "{error}");
        }
    }

    #[test]
    fn stored_blocks_are_read_or_refused(bytes in damaged(Just({
        let block = block();
        let transaction_hashes = block.transactions().iter().map(|transaction| transaction.hash()).collect();
        TrimmedBlock { header: Header::clone(&block), transaction_hashes }.to_bytes()
    }))) {
        match TrimmedBlock::parse(&bytes) {
            Ok(block) => prop_assert_eq!(TrimmedBlock::parse(&block.to_bytes()), Ok(block)),
            Err(error) => prop_assert!(error.offset <= bytes.len(), "{error}"),
        }
    }

    #[test]
    fn blocks_are_read_or_refused_from_json(text in damaged(Just(block().to_json(53).to_string().into_bytes()))) {
        check_json(&text, |json| Block::from_json(json, 53), |block| block.to_json(53))?;
        check_json(&text, |json| Header::from_json(json, 53), |header| header.to_json(53))?;
    }

    #[test]
    fn dumps_are_read_or_refused(bytes in damaged(dump())) {
        let place = |error: &DumpError| match error {
            DumpError::Io { offset, .. } | DumpError::TooLarge { offset, .. } => *offset,
            DumpError::Block { offset, source, .. } => *offset + source.offset as u64,
        };
        let mut read = Vec::new();
        match DumpReader::new(&bytes[..]).and_then(|mut dump| dump.try_for_each(|block| block.map(|block| read.push(block)))) {
            Ok(()) => {
                let mut again = Vec::new();
                write_dump(&mut again, 0, read.iter()).unwrap();
                prop_assert!(again.len() <= bytes.len());
                let second: Result<Vec<_>, _> = DumpReader::new(&again[..]).unwrap().collect();
                prop_assert_eq!(second.unwrap(), read);
            }
            Err(error) => prop_assert!(place(&error) <= bytes.len() as u64, "{error}"),
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

    #[test]
    fn nef_files_are_read_or_refused(bytes in damaged(nef().prop_map(|file| file.to_bytes().unwrap()))) {
        // Mostly the checksum alone would be wrong.
        let mut mended = bytes.clone();
        mended.truncate(bytes.len().saturating_sub(4));
        mended.extend(checksum(&mended).to_le_bytes());
        for bytes in [bytes, mended] {
            for read in [NefFile::parse(&bytes), NefFile::parse_unchecked(&bytes)] {
                match read {
                    Ok(file) => prop_assert_eq!(NefFile::parse(&file.to_bytes().unwrap()), Ok(file)),
                    Err(error) => prop_assert!(error.offset <= bytes.len(), "{error}"),
                }
            }
        }
    }

    #[test]
    fn manifests_are_read_or_refused(text in damaged(Just(MANIFEST.into()))) {
        match Manifest::parse(&text) {
            Ok(manifest) => prop_assert_eq!(Manifest::parse(manifest.to_json().as_bytes()), Ok(manifest)),
            Err(ManifestError::Json(error)) => {
                let error = error.to_string();
                let place = error.rsplit_once("line ").and_then(|(_, place)| place.split_once(" column "));
                let number = |text: &str| text.parse::<usize>().unwrap();
                if let Some((line, column)) = place {
                    let lines: Vec<_> = text.split(|byte| *byte == b'\n').collect();
                    prop_assert!(number(column) <= lines[number(line) - 1].len() + 1, "{error}");
                }
            }
            Err(ManifestError::Field { field, .. }) => prop_assert!(!field.is_empty()),
            Err(_) => {}
        }
    }
}
