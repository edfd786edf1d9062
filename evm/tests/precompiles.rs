//! Precompiled contracts, given what is valid and what is not: the same with pure Rust and with the libraries in C.

use std::{collections::BTreeMap, fs::File, io::read_to_string};

use flate2::read::GzDecoder;
use neovm_evm::{
    BlockEnv, Evm, Fork, Message, World,
    primitives::{Address, Bytes, TxKind, U256, hex},
};
use neovm_storage::{Layer, MemoryStore};
use serde::Deserialize;

/// The gas of each call. What fails takes it all.
const GAS: u64 = 10_000_000;

/// A call that geth has made.
#[derive(Deserialize)]
struct Vector {
    address: u64,
    #[serde(with = "hex")]
    input: Vec<u8>,
    /// None if it has failed.
    gas: Option<u64>,
    #[serde(default, with = "hex")]
    output: Vec<u8>,
}

#[test]
fn geth_returns_the_same() {
    let text = read_to_string(GzDecoder::new(File::open("tests/data/precompiles.jsonl.gz").unwrap())).unwrap();
    let (evm, store) = (Evm::new(Fork::Osaka, 1), MemoryStore::default());
    let mut counts = BTreeMap::<_, (usize, usize)>::new();
    for (line, vector) in text.lines().enumerate() {
        let Vector { address, input, gas, output } = serde_json::from_str(vector).unwrap();
        let message = Message {
            caller: Address::repeat_byte(0xaa),
            to: TxKind::Call(Address::left_padding_from(&address.to_be_bytes())),
            value: U256::ZERO,
            input: input.into(),
            gas: GAS,
            is_static: false,
        };
        let layer = Layer::over(&store);
        let receipt = evm.call(&World::new(&layer), &BlockEnv::default(), &message, 0).unwrap();
        let found = (receipt.status.is_success(), receipt.gas_used, receipt.output);
        let expected = (gas.is_some(), gas.unwrap_or(GAS), Bytes::from(output));
        assert_eq!(found, expected, "line {}: {address:#x} {}", line + 1, message.input);
        let (succeeded, failed) = counts.entry(address).or_default();
        *if gas.is_some() { succeeded } else { failed } += 1;
    }
    let addresses: Vec<_> = counts.keys().copied().collect();
    assert_eq!(addresses, [(1..=0x11).collect(), vec![0x100]].concat());
    // Those that can fail do, and all succeed.
    for (address, (succeeded, failed)) in counts {
        assert!(succeeded >= 8 && (failed >= 9 || matches!(address, 1..=4 | 0x100)), "{address:#x}");
    }
}
