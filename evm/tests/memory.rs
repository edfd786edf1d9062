//! How much memory code may ask for.

use std::rc::Rc;

use neovm_evm::{
    BlockEnv, Evm, EvmError, Fork, Message, Receipt, World,
    primitives::{Address, Bytes, TxKind, U256, hex},
};
use neovm_storage::{Layer, MemoryStore};

const CONTRACT: Address = Address::repeat_byte(0xc0);

fn call(evm: &Evm, layer: &Rc<Layer<'_>>, code: &str, gas: u64) -> Result<Receipt, EvmError> {
    evm.state(layer).set_account(CONTRACT, 1, U256::ZERO, &hex::decode(code.replace(' ', "")).unwrap())?;
    let (caller, to) = (Address::ZERO, TxKind::Call(CONTRACT));
    let message = Message { caller, to, value: U256::ZERO, input: Bytes::new(), gas, is_static: false };
    evm.call(&World::new(layer), &BlockEnv::default(), &message, 0)
}

/// Of a frame alone, and of frames inside of each other.
#[test]
fn code_that_asks_for_too_much_is_broken_off() {
    let (store, mut evm) = (MemoryStore::default(), Evm::new(Fork::Cancun, 1));
    let layer = Layer::over(&store);
    for (code, enough, limit) in [
        // It sets a slot and a byte far away.
        ("60075f55 6001 640fffffffff 53", u64::MAX, u64::from(u32::MAX)),
        // It sets a slot and a byte at 64 KB, and calls itself.
        ("60075f55 6001 61ffff 53 5f5f5f5f5f 30 5a f1", 10_000_000, 1 << 20),
    ] {
        evm.config_mut().memory_limit = limit;
        let error = call(&evm, &layer, code, enough).unwrap_err();
        assert_eq!(error, EvmError::Aborted(format!("the code asks for more than {limit} bytes of memory")));
        assert_eq!(evm.state(&layer).slot(CONTRACT, U256::ZERO), Ok(U256::ZERO));
    }
}

/// Gas ends before memory does.
#[test]
fn code_that_cannot_pay_is_out_of_gas() {
    let (store, evm) = (MemoryStore::default(), Evm::new(Fork::Cancun, 1));
    let layer = Layer::over(&store);
    for offset in [
        "63ffffffff",
        "64ffffffffff",
        "67ffffffffffffffff",
        "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    ] {
        let receipt = call(&evm, &layer, &format!("6001 {offset} 53"), 10_000_000_000).unwrap();
        assert!(receipt.status.to_string().contains("out of gas"), "{offset}: {}", receipt.status);
        assert_eq!(receipt.gas_used, 10_000_000_000);
    }
}

/// The contract of modular exponentiation is given an exponent of 25 GB, with base and modulus of a byte.
#[test]
fn a_large_exponentiation_is_broken_off() {
    let code = "6001600052 6405d21dba00602052 6001604052 60006000606060006000 6005 5a f1 600701 600055";
    for (fork, gas, is_aborted) in [
        (Fork::Byzantium, u64::MAX, true),
        (Fork::Berlin, u64::MAX, true),
        (Fork::Prague, u64::MAX, true),
        // Too little gas, and a fork that has a limit of its own: the call fails.
        (Fork::Byzantium, 10_000_000, false),
        (Fork::Prague, 10_000_000, false),
        (Fork::Osaka, u64::MAX, false),
        // There is no such contract: the call succeeds.
        (Fork::SpuriousDragon, 10_000_000, false),
    ] {
        let store = MemoryStore::default();
        let (layer, evm) = (Layer::over(&store), Evm::new(fork, 1));
        let called = call(&evm, &layer, code, gas);
        if is_aborted {
            let error = EvmError::Aborted("the code asks for more than 4294967295 bytes of memory".into());
            assert_eq!(called.err(), Some(error), "{fork}");
        } else {
            assert!(called.unwrap().status.is_success(), "{fork}");
            let result = U256::from(if fork == Fork::SpuriousDragon { 8 } else { 7 });
            assert_eq!(evm.state(&layer).slot(CONTRACT, U256::ZERO), Ok(result), "{fork}");
        }
    }
}
