//! Accounts, standard contracts and dumps.

mod common;

use neovm_chain::{Block, DumpError, DumpReader, OracleResponse, contract, merkle_root, write_dump};
use neovm_types::{Hash160, Hash256, PublicKey};

/// Keys of the recorded cases.
const KEYS: [&str; 7] = [
    "02df74f6891759c078be479353216804e460b06e4be5986b0a38a4535acfa4f120",
    "02f09cc90626adbb616a79ede78606899ec15af58e010071a385668eabcf25afbb",
    "033250342ca37b24673abdf0f3966ea0716fc3edd8a1c2107ccc45db6eff290454",
    "02e5f644a7199c62e06344713f5c7119a7ffe9d0d3ae5411e2507c7dae13d1fc8f",
    "0289fd03dc93f09312c685251d77fc370aa06ea72aecd10ff108259b48a5ca7aa9",
    "023d5733062feb1123d281648f260a798107f4c35ec6b2bfddda5c3bee9e182a97",
    "039b6676fd70872ad0d840f393be260be22d1b2fe8985bf266738ec96be9b43604",
];

fn keys() -> Vec<PublicKey> {
    KEYS.map(|key| key.parse().unwrap()).into()
}

#[test]
fn addresses_are_those_of_the_reference() {
    let keys = keys();
    assert_eq!(contract::account(&keys[0]).to_string(), "0x5969de270daa5200fe557c02400221fd2eae7bac");
    assert_eq!(contract::account(&keys[6]).to_string(), "0x45c897eabc1dffaffedbda7b04fd18458f20e42e");
    let bft = contract::bft_address(&keys[..4]).unwrap();
    assert_eq!(bft.to_string(), "0x473ec1576da14fe44afd0013f3016751655c5893");
    let committee = contract::majority_address(&keys).unwrap();
    assert_eq!(committee.to_string(), "0x984848d66e9b0fb9b6824ba0a5921efc01277178");
}

#[test]
fn contract_hashes_are_those_of_the_native_contracts() {
    let native = |name| contract::contract_hash(Hash160::default(), 0, name).to_string();
    assert_eq!(native("ContractManagement"), "0xfffdc93764dbaddd97c48f252a53ea4643faa3fd");
    assert_eq!(native("NeoToken"), "0xef4073a0f2b305a38ec4050e4d3d28bc40ea63f5");
    assert_eq!(native("GasToken"), "0xd2a4cff31913016155e38e474a2c06d08be276cf");
    assert_eq!(native("OracleContract"), "0xfe924b7cfe89ddd271abaf7210a80a7e11178758");
    let script = hex::encode(OracleResponse::fixed_script().bytes());
    assert_eq!(script, "c21f0c0666696e6973680c1458871711 7e0aa81072afab71d2dd89fe7c4b92fe41627d5b52".replace(' ', ""));
}

#[test]
fn multisig_contracts_read_back() {
    for (required, count) in [(1, 1), (4, 7), (7, 7), (16, 16), (17, 17), (100, 130), (1, 1024), (1024, 1024)] {
        let keys: Vec<PublicKey> = keys().into_iter().cycle().take(count).collect();
        let script = contract::multisig_script(required, &keys).unwrap();
        let read = contract::multisig_contract(script.bytes()).unwrap();
        assert_eq!((read.required, read.keys.len()), (required, count));
        let mut sorted = keys;
        sorted.sort();
        assert_eq!(read.public_keys(), Some(sorted));
        // Nothing may be missing at the end or too much.
        assert_eq!(contract::multisig_contract(&script.bytes()[..script.len() - 1]), None);
        assert_eq!(contract::multisig_contract(&[script.bytes(), &[0x40]].concat()), None);
    }
    for (required, count) in [(0, 1), (2, 1), (0, 0), (1, 1025)] {
        let keys: Vec<PublicKey> = keys().into_iter().cycle().take(count).collect();
        assert!(contract::multisig_script(required, &keys).is_err(), "{required} of {count}");
    }
    assert!(contract::bft_address(&[]).is_err());
}

#[test]
fn what_is_nearly_a_multisig_contract() {
    let script = contract::multisig_script(2, &keys()[..3]).unwrap();
    let changed = |place: usize, bytes: &[u8]| {
        let mut script = script.bytes().to_vec();
        script.splice(place..=place, bytes.iter().copied());
        contract::multisig_contract(&script).map(|read| (read.required, read.keys.len()))
    };
    assert_eq!(changed(0, &[0x13]), Some((3, 3)));
    assert_eq!(changed(0, &[0x14]), None, "four of three");
    assert_eq!(changed(0, &[0x10]), None, "none of three");
    assert_eq!(changed(0, &[0x00, 2]), Some((2, 3)), "PUSHINT8");
    assert_eq!(changed(0, &[0x01, 2, 0]), Some((2, 3)), "PUSHINT16");
    assert_eq!(changed(0, &[0x02, 2, 0, 0, 0]), None, "PUSHINT32");
    assert_eq!(changed(106, &[0x12]), None, "another count");
    assert_eq!(changed(106, &[0x01, 3, 0]), Some((2, 3)));
    assert_eq!(changed(107, &[0x40]), None);
    assert_eq!(changed(108, &[0x00]), None, "another system call");
    assert_eq!(changed(2, &[32]), None);
    // A malformed key is noticed only where keys are asked for.
    let mut script = script.bytes().to_vec();
    script[3] = 5;
    let read = contract::multisig_contract(&script).unwrap();
    assert_eq!((read.keys.len(), read.public_keys()), (3, None));
}

#[test]
fn signature_contracts_read_back() {
    let key = keys()[0];
    let script = contract::signature_script(&key);
    assert_eq!(hex::encode(script.bytes()), format!("0c21{key}4156e7b327"));
    assert_eq!(contract::signature_contract(script.bytes()), Some(&key.0));
    assert!(contract::is_signature_contract(script.bytes()));
    for place in [0, 1, 35, 36, 39] {
        let mut other = script.bytes().to_vec();
        other[place] ^= 1;
        assert!(!contract::is_signature_contract(&other), "{place}");
    }
    assert!(!contract::is_signature_contract(&[]));
    assert!(!contract::is_signature_contract(&script.bytes()[..39]));
}

#[test]
fn signatures_read_back() {
    let push = |byte: u8| [[0x0c, 64].as_slice(), &[byte; 64]].concat();
    assert_eq!(contract::signatures(&[]), Some(vec![]));
    assert_eq!(contract::signatures(&push(1)), Some(vec![&[1; 64]]));
    let two = [push(1), push(2)].concat();
    assert_eq!(contract::signatures(&two), Some(vec![&[1; 64], &[2; 64]]));
    for length in (1..two.len()).filter(|length| *length != 66) {
        assert_eq!(contract::signatures(&two[..length]), None, "{length}");
    }
    assert_eq!(contract::signatures(&[push(1), vec![0x40]].concat()), None);
    assert_eq!(contract::signatures(&[vec![0x0c, 63], vec![1; 63]].concat()), None);
    assert_eq!(contract::signatures(&[vec![0x0d, 64, 0], vec![1; 64]].concat()), None);
}

#[test]
fn merkle_roots() {
    let hash = |byte: u8| Hash256([byte; 32]);
    let pair = |left: Hash256, right: Hash256| Hash256(neovm_crypto::hash256(&[left.0, right.0].concat()));
    let (a, b, c) = (hash(1), hash(2), hash(3));
    assert_eq!(merkle_root(&[]), Hash256::default());
    assert_eq!(merkle_root(&[a]), a);
    assert_eq!(merkle_root(&[a, b]), pair(a, b));
    assert_eq!(merkle_root(&[a, b, c]), pair(pair(a, b), pair(c, c)));
    let five = [a, b, c, a, b];
    assert_eq!(merkle_root(&five), pair(pair(pair(a, b), pair(c, a)), pair(pair(b, b), pair(b, b))));
}

/// Some blocks without transactions.
fn blocks() -> Vec<Block> {
    let text = std::fs::read_to_string(common::data("mainnet-block-1000.hex")).unwrap();
    vec![Block::parse(&hex::decode(text.trim()).unwrap()).unwrap(); 3]
}

#[test]
fn dumps_read_back() {
    for start in [0, 1, 1000] {
        let mut bytes = Vec::new();
        write_dump(&mut bytes, start, blocks().iter()).unwrap();
        let dump = DumpReader::new(&bytes[..]).unwrap();
        assert_eq!((dump.first_index(), dump.block_count()), (start, 3));
        let read: Vec<Block> = dump.map(Result::unwrap).collect();
        assert_eq!(read, blocks());
        for behind in [&[][..], &[0]] {
            let longer = [&bytes[..], behind].concat();
            let mut dump = DumpReader::new(&longer[..]).unwrap();
            assert_eq!(dump.by_ref().filter(Result::is_ok).count(), 3);
            assert_eq!(dump.has_more().unwrap(), !behind.is_empty());
        }
        for length in 0..bytes.len() {
            let error = DumpReader::new(&bytes[..length]).and_then(|dump| dump.collect::<Result<Vec<_>, _>>());
            let Err(DumpError::Io { offset, .. }) = error else { panic!("{length} of {} bytes", bytes.len()) };
            assert!(offset <= length as u64);
        }
    }
    for start in [0, 5] {
        let mut bytes = Vec::new();
        write_dump(&mut bytes, start, [].iter()).unwrap();
        let mut dump = DumpReader::new(&bytes[..]).unwrap();
        assert_eq!((dump.first_index(), dump.block_count()), (start, 0));
        assert!(dump.next().is_none());
    }
}

#[test]
fn dumps_that_state_height_0_read_back() {
    let mut bytes = vec![0; 4];
    write_dump(&mut bytes, 0, blocks().iter()).unwrap();
    let dump = DumpReader::new(&bytes[..]).unwrap();
    assert_eq!((dump.first_index(), dump.block_count()), (0, 3));
    assert_eq!(dump.map(Result::unwrap).collect::<Vec<_>>(), blocks());
    for length in (0..4).chain(5..bytes.len()) {
        let error = DumpReader::new(&bytes[..length]).and_then(|dump| dump.collect::<Result<Vec<_>, _>>());
        assert!(matches!(error, Err(DumpError::Io { .. })), "{length} of {} bytes", bytes.len());
    }
    let mut empty = DumpReader::new(&[0; 8][..]).unwrap();
    assert_eq!((empty.first_index(), empty.block_count()), (0, 0));
    assert!(!empty.has_more().unwrap());
    assert!(DumpReader::new(&[0; 9][..]).unwrap().has_more().unwrap());
    // Nothing can follow no blocks: this is a block of no bytes.
    let mut dump = DumpReader::new(&[0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0][..]).unwrap();
    assert_eq!((dump.first_index(), dump.block_count()), (0, 9));
    assert!(matches!(dump.next(), Some(Err(DumpError::Block { offset: 12, index: 0, .. }))));
}

#[test]
fn damaged_dumps_are_refused() {
    let mut bytes = Vec::new();
    write_dump(&mut bytes, 1000, blocks().iter()).unwrap();
    let size = u32::from_le_bytes(bytes[8..12].try_into().unwrap()) as usize;
    let second = 12 + size;
    let problem = |place: usize, byte: u8| {
        let mut bytes = bytes.clone();
        bytes[place] = byte;
        let mut dump = DumpReader::new(&bytes[..]).unwrap();
        let problems: Vec<String> = dump.by_ref().filter_map(Result::err).map(|error| error.to_string()).collect();
        assert!(problems.len() == 1 && dump.next().is_none(), "{problems:?}");
        problems[0].clone()
    };
    assert_eq!(
        problem(second + 3, 0xff),
        format!("byte {second} of the dump: a block of {} bytes, at most 33554432 are allowed", 0xff00_0000 + size)
    );
    assert_eq!(
        problem(second + 4, 7),
        format!("byte {} of the dump, block 1001: byte 0: the header's version is 7, not 0", second + 4)
    );
}
