//! What a thread keeps from one execution to the next is used only where it holds.

mod common;

use std::cell::RefCell;

use common::sample::{contract_management, hash, manifest, nef, upgradable, upgradable_methods};
use neovm_chain::{
    Signer, Transaction, UnsignedTransaction, WitnessScopes,
    contract::{bft_address, majority_address},
};
use neovm_host::{Chain, ContractState, Invocation, ProtocolSettings, Receipt};
use neovm_storage::{Batch, Cursor, Direction, MemoryStore, Store, StoreError, Value, WriteStore};
use neovm_types::{CallFlags, Gas, Hash160, OpCode, Script, ScriptBuilder, StackItem};

/// 10,000 GAS.
const GAS: i64 = 1_000_000_000_000;

fn committee() -> Hash160 {
    majority_address(&ProtocolSettings::private().standby_committee).unwrap()
}

/// A call that the committee signs.
fn call(contract: Hash160, method: &str, arguments: Vec<StackItem>) -> Invocation {
    let signer = Signer::new(committee(), WitnessScopes::GLOBAL);
    Invocation::call(contract, method, arguments).unwrap().with_signer(signer).with_gas(GAS)
}

fn done<S: WriteStore>(chain: &mut Chain<S>, invocation: &Invocation) -> Receipt {
    let receipt = chain.execute(invocation).unwrap();
    assert_eq!(receipt.fault, None);
    receipt
}

/// What PUSH1 costs, which is the price of a unit.
fn unit_price(chain: &Chain<impl Store>) -> Gas {
    let receipt = chain.invoke(&Invocation::new(Script::from(vec![OpCode::PUSH1 as u8]))).unwrap();
    assert_eq!(receipt.stack, [1]);
    receipt.gas_consumed
}

fn set_price(pico: i64) -> Invocation {
    call(hash("PolicyContract"), "setExecFeeFactor", vec![pico.into()])
}

fn deploy<S: WriteStore>(chain: &mut Chain<S>) -> Hash160 {
    let arguments = vec![nef(upgradable(OpCode::PUSH1)).into(), manifest(upgradable_methods(false)).into()];
    let receipt = done(chain, &call(contract_management(), "deploy", arguments));
    ContractState::from_item(&receipt.stack[0]).unwrap().hash
}

fn value_of(chain: &Chain<impl Store>, contract: Hash160) -> Receipt {
    chain.invoke(&call(contract, "value", vec![])).unwrap()
}

#[test]
fn prices_are_those_of_the_state() {
    let mut chain = Chain::new(ProtocolSettings::private()).unwrap();
    assert_eq!(unit_price(&chain), Gas::from_pico(300_000));
    let before = Chain::with_store(chain.network().clone(), chain.store().clone());
    done(&mut chain, &set_price(600_000));
    let mut branch = Chain::with_store(chain.network().clone(), before.store().clone());
    done(&mut branch, &set_price(900_000));
    for _ in 0..3 {
        assert_eq!(unit_price(&chain), Gas::from_pico(600_000));
        assert_eq!(unit_price(&before), Gas::from_pico(300_000));
        assert_eq!(unit_price(&branch), Gas::from_pico(900_000));
    }
    let changes = chain.invoke(&set_price(500_000)).unwrap().changes;
    assert_eq!(unit_price(&chain), Gas::from_pico(600_000), "nothing was written");
    chain.store_mut().write(&changes).unwrap();
    assert_eq!(unit_price(&chain), Gas::from_pico(500_000));
    let (key, _) = changes.iter().find(|(key, _)| key.contract() == -7).unwrap();
    chain.store_mut().remove(key);
    let missing = chain.invoke(&Invocation::new(Script::from(vec![OpCode::PUSH1 as u8]))).unwrap_err();
    assert!(missing.to_string().contains("the storage lacks"), "{missing}");
}

/// A transaction that the committee signs. Nobody verifies it.
fn transaction(chain: &Chain, nonce: u32, invocation: Script) -> Transaction {
    let unsigned = UnsignedTransaction {
        version: 0,
        nonce,
        system_fee: 100_000_000,
        network_fee: 0,
        valid_until_block: chain.state().height().unwrap() + 10,
        signers: vec![Signer::new(committee(), WitnessScopes::GLOBAL)],
        attributes: Vec::new(),
        script: invocation,
    };
    unsigned.with_empty_witnesses().unwrap()
}

/// A transaction that changes a price is charged by the old one, the next one in its block by the new one; one that
/// faults changes nothing.
#[test]
fn prices_change_within_a_block() {
    let mut chain = Chain::new(ProtocolSettings::private()).unwrap();
    let push = Script::from(vec![OpCode::PUSH1 as u8]);
    let set = |pico: i64, then: OpCode| {
        let mut script = ScriptBuilder::new();
        script.push(pico).push(1).op(OpCode::PACK).push(i64::from(CallFlags::ALL.bits())).push("setExecFeeFactor");
        script.push(hash("PolicyContract")).syscall("System.Contract.Call").op(then).build().unwrap()
    };
    let scripts = [
        push.clone(),
        set(600_000, OpCode::NOP),
        push.clone(),
        set(900_000, OpCode::ABORT),
        push.clone(),
        set(900_000, OpCode::NOP),
        push,
    ];
    pay(&mut chain);
    let transactions = (0..).zip(scripts).map(|(nonce, script)| transaction(&chain, nonce, script)).collect();
    let block = common::next_block(&chain, transactions);
    let receipt = chain.persist(&block).unwrap();
    let faults: Vec<bool> = receipt.transactions.iter().map(|receipt| receipt.fault.is_some()).collect();
    assert_eq!(faults, [false, false, false, true, false, false, false]);
    let prices = [0, 2, 4, 6].map(|place| receipt.transactions[place].gas_consumed);
    assert_eq!(prices, [300_000, 600_000, 600_000, 900_000].map(Gas::from_pico));
    assert_eq!(unit_price(&chain), Gas::from_pico(900_000));
}

/// Gives the committee GAS to pay fees with.
fn pay(chain: &mut Chain) {
    let owner = bft_address(chain.network().settings().standby_validators()).unwrap();
    let signer = Signer::new(owner, WitnessScopes::GLOBAL);
    let arguments = vec![owner.into(), committee().into(), GAS.into(), StackItem::Null];
    let transfer = Invocation::call(hash("GasToken"), "transfer", arguments).unwrap();
    assert_eq!(done(chain, &transfer.with_signer(signer).with_gas(GAS)).stack, [true]);
}

#[test]
fn contracts_are_those_of_the_state() {
    let mut chain = Chain::new(ProtocolSettings::private()).unwrap();
    let contract = deploy(&mut chain);
    let old = Chain::with_store(chain.network().clone(), chain.store().clone());
    assert_eq!(value_of(&chain, contract).stack, [1]);
    done(&mut chain, &call(contract, "upgrade", vec![nef(upgradable(OpCode::PUSH2)).into()]));
    let mut cheap = Chain::with_store(chain.network().clone(), chain.store().clone());
    let fee = vec![contract.into(), "value".into(), 0.into(), 1.into()];
    done(&mut cheap, &call(hash("PolicyContract"), "setWhitelistFeeContract", fee));
    let mut blocked = Chain::with_store(chain.network().clone(), chain.store().clone());
    done(&mut blocked, &call(hash("PolicyContract"), "blockAccount", vec![contract.into()]));
    let empty = Chain::with_network(chain.network().clone()).unwrap();
    let price = |chain: &Chain| value_of(chain, contract).gas_consumed;
    for _ in 0..3 {
        assert_eq!(value_of(&old, contract).stack, [1]);
        assert_eq!(value_of(&chain, contract).stack, [2]);
        assert_eq!(value_of(&cheap, contract).stack, [2]);
        assert_ne!(price(&cheap), price(&chain));
        assert_eq!(price(&old), price(&chain));
        let fault = value_of(&blocked, contract).fault.unwrap();
        assert!(fault.to_string().contains("is blocked"), "{fault}");
        let fault = value_of(&empty, contract).fault.unwrap();
        assert!(fault.to_string().contains("there is no contract"), "{fault}");
    }
}

/// A store that others write to, and that does not say so.
#[derive(Default)]
struct Shared(RefCell<MemoryStore>);

impl Store for Shared {
    fn get(&self, key: &[u8]) -> Result<Option<Value>, StoreError> {
        self.0.borrow().get(key)
    }

    fn seek<'a>(&'a self, prefix: &[u8], from: Option<&[u8]>, direction: Direction) -> Cursor<'a> {
        let entries: Vec<_> = self.0.borrow().seek(prefix, from, direction).collect();
        Box::new(entries.into_iter())
    }
}

impl Shared {
    fn write(&self, changes: &Batch) {
        self.0.borrow_mut().write(changes).unwrap();
    }
}

#[test]
fn a_store_without_a_stamp_is_read_each_time() {
    let genesis = Chain::new(ProtocolSettings::private()).unwrap();
    let chain = Chain::with_store(genesis.network().clone(), Shared(genesis.store().clone().into()));
    let written = |invocation: &Invocation| {
        let receipt = chain.invoke(invocation).unwrap();
        assert_eq!(receipt.fault, None);
        chain.store().write(&receipt.changes);
        receipt
    };
    assert_eq!(unit_price(&chain), Gas::from_pico(300_000));
    written(&set_price(600_000));
    assert_eq!(unit_price(&chain), Gas::from_pico(600_000));
    let arguments = vec![nef(upgradable(OpCode::PUSH1)).into(), manifest(upgradable_methods(false)).into()];
    let deployed = written(&call(contract_management(), "deploy", arguments));
    let contract = ContractState::from_item(&deployed.stack[0]).unwrap().hash;
    assert_eq!(value_of(&chain, contract).stack, [1]);
    written(&call(contract, "upgrade", vec![nef(upgradable(OpCode::PUSH2)).into()]));
    assert_eq!(value_of(&chain, contract).stack, [2]);
    assert_eq!(value_of(&chain, contract).stack, [2]);
}
