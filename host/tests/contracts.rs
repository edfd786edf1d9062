//! Contracts that are updated, destroyed or blocked, or have fixed fees: rules that
//! no recorded case shows.

mod common;

use common::sample::{call, contract_management, hash, manifest, method, nef, upgradable, upgradable_methods};
use neovm_chain::{
    Signer, Witness, WitnessScopes,
    contract::{bft_address, majority_address},
};
use neovm_host::{
    Chain, Container, ContractState, HardforkHeights, Invocation, Network, ProtocolSettings, Receipt, verify_witness,
};
use neovm_storage::Key;
use neovm_types::{
    CallFlags, Gas, Hardfork, Hash160, OpCode, Script, ScriptBuilder, StackItem,
    engine_internals::Candidate,
    manifest::{Method, ParameterType},
};

/// 10,000 GAS.
const GAS: i64 = 1_000_000_000_000;

#[test]
fn a_receipt_frees_the_cycles_in_its_results() {
    let chain = Chain::new(ProtocolSettings::private()).unwrap();
    let mut script = ScriptBuilder::new();
    script.op(OpCode::NEWARRAY0).op(OpCode::DUP).op(OpCode::DUP).op(OpCode::APPEND);
    // It goes on in an array that is no part of the cycle.
    script.push(1).op(OpCode::PACK).op(OpCode::DUP);
    let receipt = chain.invoke(&Invocation::new(script.build().unwrap())).unwrap();
    let StackItem::Array(outer) = &receipt.stack[0] else { panic!("{:?}", receipt.stack) };
    let cycle = Candidate::new(&outer.get(0).unwrap()).unwrap();
    drop(receipt.clone());
    assert!(cycle.is_alive());
    drop(receipt);
    assert!(!cycle.is_alive());
}

/// What a witness costs at height 0 where Faun starts at a height, if at all.
fn cost_of_a_witness(faun: Option<u32>, verification: &[u8], datoshi: i64) -> Option<Gas> {
    let mut named = vec![(Hardfork::Echidna, 0)];
    named.extend(faun.map(|height| (Hardfork::Faun, height)));
    let settings = ProtocolSettings { hardforks: HardforkHeights::new(&named).unwrap(), ..ProtocolSettings::private() };
    let chain = Chain::new(settings).unwrap();
    let witness = Witness { invocation: Script::from([].as_slice()), verification: Script::from(verification) };
    let hash = witness.script_hash();
    let result = verify_witness(chain.network(), chain.store(), Container::None, hash, &witness, datoshi).unwrap();
    result.ok.then_some(result.fee)
}

#[test]
fn a_witness_before_faun_costs_nothing() {
    // It takes one price unit.
    let push = [OpCode::PUSH1 as u8];
    for faun in [None, Some(0)] {
        let (enough, less) = (cost_of_a_witness(faun, &push, 30), cost_of_a_witness(faun, &push, 29));
        assert_eq!((enough, less), (Some(Gas::from_datoshi(30)), None), "{faun:?}");
    }
    // Policy takes a hardfork that has a height for active, since no block is being persisted.
    assert_eq!(cost_of_a_witness(Some(1), &push, 0), Some(Gas::ZERO));
    // Amounts in datoshi are charged all the same.
    let burn = ScriptBuilder::new().push(7).syscall("System.Runtime.BurnGas").op(OpCode::PUSH1).build().unwrap();
    assert_eq!(cost_of_a_witness(Some(1), burn.bytes(), 7), Some(Gas::from_datoshi(7)));
    assert_eq!(cost_of_a_witness(Some(1), burn.bytes(), 6), None);
    // Where the reference would run forever.
    assert_eq!(cost_of_a_witness(Some(1), &[OpCode::JMP as u8, 0], 0), None);
}

/// The reference counts each script when it is loaded, and so a contract whose `verify` nobody calls.
#[test]
fn a_contract_that_verifies_a_witness_has_been_invoked() {
    let mut script = ScriptBuilder::new();
    script.push(0).op(OpCode::PACK).push(i64::from(CallFlags::READ_ONLY.bits())).push("count");
    script.syscall("System.Runtime.GetExecutingScriptHash").syscall("System.Contract.Call");
    script.push(2).op(OpCode::NUMEQUAL).op(OpCode::RET);
    let count = script.build().unwrap().len();
    script.syscall("System.Runtime.GetInvocationCounter").op(OpCode::RET);
    let count = Method { safe: true, ..method("count", count, &[], ParameterType::Integer) };
    let mut chain = Chain::new(ProtocolSettings::private()).unwrap();
    let methods = vec![method("verify", 0, &[], ParameterType::Boolean), count];
    let contract = deploy(&mut chain, script.build().unwrap(), methods);
    let (network, store) = (chain.network(), chain.store());
    let result = verify_witness(network, store, Container::None, contract, &Witness::empty(), 100_000_000).unwrap();
    assert!(result.ok);
    assert_eq!(invoke(&mut chain, contract, "verify", vec![]).stack, [true]);
}

fn invoke(chain: &mut Chain, contract: Hash160, method: &str, arguments: Vec<StackItem>) -> Receipt {
    invoke_as(chain, Hash160([7; 20]), contract, method, arguments)
}

fn invoke_as(
    chain: &mut Chain,
    account: Hash160,
    contract: Hash160,
    method: &str,
    arguments: Vec<StackItem>,
) -> Receipt {
    let signer = Signer::new(account, WitnessScopes::CALLED_BY_ENTRY);
    let call = Invocation::call(contract, method, arguments).unwrap().with_signer(signer).with_gas(GAS);
    chain.execute(&call).unwrap()
}

fn deploy(chain: &mut Chain, script: Script, methods: Vec<Method>) -> Hash160 {
    let arguments = vec![nef(script).into(), manifest(methods).into()];
    let receipt = invoke(chain, contract_management(), "deploy", arguments);
    assert_eq!(receipt.fault, None);
    ContractState::from_item(&receipt.stack[0]).unwrap().hash
}

/// The contract is called before the exception, so that the execution has seen the new one.
#[test]
fn an_update_that_an_exception_takes_back_leaves_the_old_contract() {
    let mut chain = Chain::new(ProtocolSettings::private()).unwrap();
    let sample = deploy(&mut chain, upgradable(OpCode::PUSH1), upgradable_methods(false));

    let mut run = ScriptBuilder::new();
    call(&mut run, sample, "upgrade", 1);
    run.op(OpCode::DROP);
    call(&mut run, sample, "value", 0);
    run.op(OpCode::THROW);
    let thrower = deploy(&mut chain, run.build().unwrap(), vec![method("run", 0, &["nef"], ParameterType::Void)]);

    let mut entry = ScriptBuilder::new();
    let (caught, end) = (entry.label(), entry.label());
    call(&mut entry, sample, "value", 0);
    entry.try_block(Some(caught), None).push(nef(upgradable(OpCode::PUSH2)));
    call(&mut entry, thrower, "run", 1);
    entry.end_try(end).bind(caught).end_try(end).bind(end);
    call(&mut entry, sample, "value", 0);
    let entry = Invocation::new(entry.build().unwrap()).with_gas(GAS);
    let receipt = chain.execute(&entry).unwrap();
    assert_eq!(receipt.fault, None);
    assert_eq!(receipt.stack, [1, 2, 1]);
    assert!(receipt.changes.is_empty());
    assert_eq!(invoke(&mut chain, sample, "value", vec![]).stack, [1]);
}

#[test]
fn an_update_shows_in_the_same_execution() {
    let mut chain = Chain::new(ProtocolSettings::private()).unwrap();
    let sample = deploy(&mut chain, upgradable(OpCode::PUSH1), upgradable_methods(false));
    let mut entry = ScriptBuilder::new();
    call(&mut entry, sample, "value", 0);
    entry.push(nef(upgradable(OpCode::PUSH2)));
    call(&mut entry, sample, "upgrade", 1);
    entry.op(OpCode::DROP);
    call(&mut entry, sample, "value", 0);
    let receipt = chain.execute(&Invocation::new(entry.build().unwrap()).with_gas(GAS)).unwrap();
    assert_eq!(receipt.fault, None);
    assert_eq!(receipt.stack, [1, 2]);
}

/// Where the RET of `update` with two arguments lies in the script of ContractManagement.
fn end_of_update() -> usize {
    let network = Network::new(ProtocolSettings::private());
    let state = &network.natives(Hardfork::Gorgon).find(contract_management()).unwrap().state;
    state.manifest.abi.method("update", Some(2)).unwrap().offset as usize + 6
}

/// The reference serializes the contract after it has loaded `_deploy`.
#[test]
fn a_contract_that_becomes_too_large_faults_in_its_deploy_method() {
    let large = nef(Script::from(vec![OpCode::NOP as u8; 130_900]));
    for has_deploy in [true, false] {
        let mut chain = Chain::new(ProtocolSettings::private()).unwrap();
        let methods = upgradable_methods(has_deploy);
        let place = if has_deploy { methods[2].offset as usize } else { end_of_update() };
        let sample = deploy(&mut chain, upgradable(OpCode::PUSH1), methods);
        let receipt = invoke(&mut chain, sample, "upgrade", vec![large.clone().into()]);
        let fault = receipt.fault_place.unwrap();
        let (depth, hash, opcode) = if has_deploy {
            (4, sample, OpCode::NOP)
        } else {
            // The reference stands behind the system call of a native method that failed.
            (3, contract_management(), OpCode::RET)
        };
        let expected = (depth, hash, place, Some(opcode));
        assert_eq!((fault.depth, fault.script_hash, fault.position, fault.opcode), expected, "{:?}", receipt.fault);
    }
}

/// A contract that gets NEO and, in the next block, GAS for it. `on_gas` runs then, and `end` destroys the contract.
fn holder(chain: &mut Chain, on_gas: impl Fn(&mut ScriptBuilder)) -> Hash160 {
    let destroy = |script: &mut ScriptBuilder| {
        call(script, contract_management(), "destroy", 0);
        script.op(OpCode::DROP).op(OpCode::RET);
    };
    let mut script = ScriptBuilder::new();
    destroy(&mut script);
    let on_payment = script.build().unwrap().len();
    let end = script.label();
    (0..3).for_each(|_| _ = script.op(OpCode::DROP));
    script.syscall("System.Runtime.GetCallingScriptHash").push(hash("GasToken")).op(OpCode::EQUAL);
    script.jump(OpCode::JMPIFNOT, end);
    on_gas(&mut script);
    script.bind(end).op(OpCode::RET);
    let methods = vec![
        method("end", 0, &[], ParameterType::Void),
        method("onNEP17Payment", on_payment, &["from", "amount", "data"], ParameterType::Void),
    ];
    let holder = deploy(chain, script.build().unwrap(), methods);
    let owner = bft_address(chain.network().settings().standby_validators()).unwrap();
    let transfer = vec![owner.into(), holder.into(), 1000.into(), StackItem::Null];
    assert_eq!(invoke_as(chain, owner, hash("NeoToken"), "transfer", transfer).stack, [true]);
    let block = common::next_block(chain, Vec::new());
    chain.persist(&block).unwrap();
    holder
}

fn destroy_from_within(script: &mut ScriptBuilder) {
    call(script, contract_management(), "destroy", 0);
    script.op(OpCode::DROP);
}

/// From Gorgon on, a contract that is destroyed gets its GAS before it is gone.
#[test]
fn a_contract_is_paid_and_then_destroyed() {
    let mut chain = Chain::new(ProtocolSettings::private()).unwrap();
    let contract = holder(&mut chain, |_| {});
    let receipt = invoke(&mut chain, contract, "end", vec![]);
    assert_eq!(receipt.fault, None);
    let events: Vec<_> = receipt.notifications.iter().map(|one| &*one.event).collect();
    assert_eq!(events, ["Vote", "Transfer", "Destroy"]);
    assert!(chain.contract(contract).unwrap().is_none());
}

/// A contract is asked for as it is stored now: once it has destroyed itself it has no storage, unless an exception takes
/// that back.
#[test]
fn a_contract_that_destroyed_itself_has_no_storage() {
    let mut script = ScriptBuilder::new();
    destroy_from_within(&mut script);
    script.syscall("System.Storage.GetContext").op(OpCode::RET);
    let fail = script.build().unwrap().len();
    destroy_from_within(&mut script);
    script.push(1).op(OpCode::THROW);
    let caught_one = script.build().unwrap().len();
    let (caught, end) = (script.label(), script.label());
    script.try_block(Some(caught), None);
    script.push(0).op(OpCode::PACK).push(i64::from(CallFlags::ALL.bits())).push("fail");
    script.syscall("System.Runtime.GetExecutingScriptHash").syscall("System.Contract.Call");
    script.end_try(end).bind(caught).end_try(end).bind(end);
    script.syscall("System.Storage.GetContext").op(OpCode::DROP).op(OpCode::RET);
    let methods = vec![
        method("end", 0, &[], ParameterType::InteropInterface),
        method("fail", fail, &[], ParameterType::Void),
        method("caught", caught_one, &[], ParameterType::Integer),
    ];
    let mut chain = Chain::new(ProtocolSettings::private()).unwrap();
    let contract = deploy(&mut chain, script.build().unwrap(), methods);
    let receipt = invoke(&mut chain, contract, "caught", vec![]);
    assert_eq!(receipt.fault, None);
    assert_eq!(receipt.stack, [1]);
    let fault = invoke(&mut chain, contract, "end", vec![]).fault.unwrap();
    assert!(fault.kind.to_string().contains("no deployed contract"), "{fault}");
}

/// In the reference the record that blocks the account is added, which fails if it is there.
#[test]
fn a_contract_cannot_destroy_itself_while_it_is_destroyed() {
    let mut chain = Chain::new(ProtocolSettings::private()).unwrap();
    let contract = holder(&mut chain, destroy_from_within);
    let fault = invoke(&mut chain, contract, "end", vec![]).fault.unwrap();
    assert!(fault.kind.to_string().contains("while it was being blocked"), "{fault}");
    assert!(chain.contract(contract).unwrap().is_some());
}

#[test]
fn a_contract_that_destroys_itself_when_it_is_paid_cannot_be_blocked() {
    let mut chain = Chain::new(ProtocolSettings::private()).unwrap();
    let committee = majority_address(&chain.network().settings().standby_committee).unwrap();
    let block = |chain: &mut Chain, contract: Hash160| {
        invoke_as(chain, committee, hash("PolicyContract"), "blockAccount", vec![contract.into()])
    };
    let evading = holder(&mut chain, destroy_from_within);
    assert!(!block(&mut chain, evading).halted());
    let mut chain = Chain::new(ProtocolSettings::private()).unwrap();
    let other = holder(&mut chain, |_| {});
    assert_eq!(block(&mut chain, other).stack, [true]);
}

/// The reference changes the fee of the record that is there, and nothing else.
#[test]
fn methods_with_the_same_offset_share_a_fixed_fee() {
    let mut chain = Chain::new(ProtocolSettings::private()).unwrap();
    let methods = ["first", "second"].map(|name| method(name, 0, &[], ParameterType::Integer)).to_vec();
    let script = Script::from(vec![OpCode::PUSH1 as u8, OpCode::RET as u8]);
    let contract = deploy(&mut chain, script, methods);
    let committee = majority_address(&chain.network().settings().standby_committee).unwrap();
    for (name, fee) in [("first", 5), ("second", 7)] {
        let arguments = vec![contract.into(), name.into(), 0.into(), fee.into()];
        let receipt = invoke_as(&mut chain, committee, hash("PolicyContract"), "setWhitelistFeeContract", arguments);
        assert_eq!(receipt.fault, None);
        let StackItem::Array(event) = &receipt.notifications[0].state else { panic!("an event") };
        assert_eq!(event.get(1).unwrap(), name);
        assert_eq!(event.get(3).unwrap(), fee);
    }
    let key = Key::new(-7, &[16]).with(&contract.0).with(&[0; 4]);
    let stored = chain.store().iter().find(|(other, _)| **other == key).unwrap().1;
    // A struct of four: the hash, the name, 0 parameters, and the fee of 7.
    let expected = [&[0x41, 4, 0x28, 20][..], &contract.0, &[0x28, 5], b"first", &[0x21, 0, 0x21, 1, 7]].concat();
    assert_eq!(**stored, expected);
}
