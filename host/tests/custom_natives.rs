//! Native contracts and methods that an embedder adds or replaces.

mod common;

use std::sync::Arc;

use neovm_chain::{Signer, UnsignedHeader, UnsignedTransaction, Witness, WitnessScopes};
use neovm_host::{
    Chain, Execution, HardforkHeights, Invocation, Network, ProtocolSettings, Receipt, execute_block,
    executor::Attached,
    genesis_block,
    native::{Event, Finished, Method, NATIVES, NativeContract, NativeError, argument, find},
};
use neovm_interp::{Caller, Outcome};
use neovm_storage::{Key, Value};
use neovm_types::{CallFlags, FaultKind, Gas, Hardfork, Hash160, ScriptBuilder, StackItem, manifest::ParameterType};

use self::common::next_block;

const HASH: Hash160 = Hash160([9; 20]);

fn hash(native: &str) -> Hash160 {
    NATIVES.into_iter().find(|contract| contract.name == native).expect("a native contract").hash
}

fn seven(_: &mut neovm_host::Executor<'_>, _: &mut Caller<'_>) -> Result<Finished, FaultKind> {
    Ok(Finished::value(7))
}

const SEVEN: Method = Method::new("seven", seven).with_returns(ParameterType::Integer).with_price(10);

/// A contract that notes in its storage when it is initialized and persists.
const PLUGIN: NativeContract = NativeContract::new("Plugin", -12, HASH)
    .with_methods(&[SEVEN])
    .with_events(&[Event::new("Noted", &[])])
    .with_initialize(|executor, _, hardfork| note(executor, "initialize", hardfork as u8))
    .with_on_persist(|executor, _| note(executor, "on", executor.block().map_or(0, |block| block.index as u8)))
    .with_post_persist(|executor, _| note(executor, "post", executor.block().map_or(0, |block| block.index as u8)))
    .with_compose(|manifest, _| manifest.supported_standards = vec!["NEP-1".into()]);

fn note(executor: &neovm_host::Executor<'_>, what: &str, byte: u8) -> Result<(), FaultKind> {
    let key = Key::new(PLUGIN.id, what.as_bytes());
    let layer = executor.layer();
    let mut value = layer.get(&key).unwrap().map_or(Vec::new(), |value| value.to_vec());
    value.push(byte);
    layer.put(key, Value::from(value)).map_err(|error| FaultKind::Host(error.to_string()))
}

fn noted(chain: &Chain, what: &str) -> Vec<u8> {
    chain
        .store()
        .iter()
        .find(|(key, _)| **key == Key::new(PLUGIN.id, what.as_bytes()))
        .map_or(Vec::new(), |(_, value)| value.to_vec())
}

fn chain(network: Network) -> Chain {
    Chain::with_network(Arc::new(network)).unwrap()
}

fn private() -> Network {
    Network::new(ProtocolSettings::private())
}

fn call(chain: &Chain, contract: Hash160, method: &str, arguments: Vec<StackItem>) -> Receipt {
    chain.invoke(&Invocation::call(contract, method, arguments).unwrap()).unwrap()
}

fn persist(chain: &mut Chain) {
    let block = next_block(chain, Vec::new());
    chain.persist(&block).unwrap();
}

/// What the genesis block stores, without one contract.
fn genesis(network: &Network, without: Option<Hash160>) -> Vec<(Key, Option<Value>)> {
    let store = neovm_storage::MemoryStore::default();
    let mut changes = execute_block(network, &store, &genesis_block(network.settings()).unwrap()).unwrap().changes;
    changes.retain(|(key, _)| without.is_none_or(|hash| !key.ends_with(&hash.0)));
    changes
}

#[test]
fn a_replaced_handler_keeps_script_manifest_and_price() {
    let gas = hash("GasToken");
    let network = private().with_native_handler(gas, "decimals", 0, seven).unwrap();
    assert_eq!(genesis(&network, None), genesis(&private(), None));
    let (own, others) =
        (call(&chain(network), gas, "decimals", vec![]), call(&chain(private()), gas, "decimals", vec![]));
    assert_eq!(own.stack, [7]);
    assert_eq!(others.stack, [8]);
    assert_eq!(own.gas_consumed, others.gas_consumed);
}

#[test]
fn a_replaced_handler_holds_in_all_rows_of_its_method() {
    let crypto = hash("CryptoLib");
    let network = private().with_native_handler(crypto, "verifyWithECDsa", 4, seven).unwrap();
    for hardfork in [Hardfork::Genesis, Hardfork::Cockatrice, Hardfork::Gorgon] {
        let settings =
            ProtocolSettings { hardforks: HardforkHeights::all_until(hardfork), ..ProtocolSettings::private() };
        let network = Network::new(settings).with_native_handler(crypto, "verifyWithECDsa", 4, seven).unwrap();
        let arguments = vec![StackItem::Null, StackItem::Null, StackItem::Null, StackItem::Null];
        assert_eq!(call(&chain(network), crypto, "verifyWithECDsa", arguments).stack, [7], "{hardfork}");
    }
    assert_eq!(
        network.natives(Hardfork::Gorgon).find(crypto).unwrap().state,
        private().natives(Hardfork::Gorgon).find(crypto).unwrap().state
    );
}

#[test]
fn an_added_method_moves_the_ones_behind_it() {
    let std_lib = hash("StdLib");
    // Between `itoa` and `jsonDeserialize`.
    let method = Method::new("join", |_, caller| {
        let (mut a, b): (Vec<u8>, Vec<u8>) = (argument(caller, 0)?, argument(caller, 1)?);
        a.extend(b);
        Ok(Finished::value(a))
    });
    let method = method.with_parameters(&[("a", ParameterType::ByteArray), ("b", ParameterType::ByteArray)]);
    let network = private().with_native_method(std_lib, method.with_returns(ParameterType::ByteArray)).unwrap();
    assert_ne!(genesis(&network, None), genesis(&private(), None));
    assert_eq!(genesis(&network, Some(std_lib)), genesis(&private(), Some(std_lib)));
    let (own, others) = (network.natives(Hardfork::Gorgon), private());
    let others = others.natives(Hardfork::Gorgon);
    let (own, others) = (&own.find(std_lib).unwrap().state, &others.find(std_lib).unwrap().state);
    assert_eq!(own.nef.script.len(), others.nef.script.len() + 7);
    assert_eq!(own.manifest.abi.methods.len(), others.manifest.abi.methods.len() + 1);
    let chain = chain(network);
    assert_eq!(call(&chain, std_lib, "join", vec!["ab".into(), "c".into()]).stack, [b"abc".as_slice()]);
    // Both sides of it still run what they are named for.
    assert_eq!(call(&chain, std_lib, "itoa", vec![12.into()]).stack, ["12"]);
    assert_eq!(call(&chain, std_lib, "jsonDeserialize", vec!["3".into()]).stack, [3]);
    assert_eq!(call(&chain, std_lib, "stringSplit", vec!["a b".into(), " ".into()]).stack.len(), 1);
}

#[test]
fn a_method_replaces_those_with_its_name_and_number_of_parameters() {
    let crypto = hash("CryptoLib");
    let method = Method::new("verifyWithECDsa", seven).with_parameters(&[("a", ParameterType::Any); 4]);
    let network = private().with_native_method(crypto, method.with_returns(ParameterType::Integer)).unwrap();
    let state = &network.natives(Hardfork::Gorgon).find(crypto).unwrap().state;
    let named = state.manifest.abi.methods.iter().filter(|method| method.name == "verifyWithECDsa");
    assert_eq!(named.map(|method| method.return_type).collect::<Vec<_>>(), [ParameterType::Integer]);
    // It costs nothing, where a replaced handler costs what the method costs.
    let dear = private().with_native_handler(crypto, "verifyWithECDsa", 4, seven).unwrap();
    let price = |network| {
        let receipt = call(&chain(network), crypto, "verifyWithECDsa", vec![StackItem::Null; 4]);
        assert_eq!(receipt.stack, [7]);
        receipt.gas_consumed
    };
    assert_eq!(price(dear), price(network).saturating_add(Gas::from_datoshi(30 << 15)));
}

#[test]
fn a_method_comes_with_its_hardfork() {
    let gas = hash("GasToken");
    let hardforks = HardforkHeights::new(&[(Hardfork::Gorgon, 2)]).unwrap();
    let settings = ProtocolSettings { hardforks, ..ProtocolSettings::private() };
    let network = Network::new(settings).with_native_method(gas, SEVEN.with_since(Hardfork::Gorgon)).unwrap();
    let mut chain = chain(network);
    persist(&mut chain);
    assert_eq!(chain.contract(gas).unwrap().unwrap().state().update_counter, 0);
    assert!(!call(&chain, gas, "seven", vec![]).halted());
    // GasToken does not change with Gorgon but for this method.
    persist(&mut chain);
    assert_eq!(chain.contract(gas).unwrap().unwrap().state().update_counter, 1);
    assert_eq!(call(&chain, gas, "seven", vec![]).stack, [7]);
    assert_eq!(call(&chain, gas, "symbol", vec![]).stack, ["GAS"]);
}

#[test]
fn a_contract_is_there_from_the_genesis_block_on() {
    let mut chain = chain(private().with_native(&PLUGIN).unwrap());
    let contract = chain.contract(HASH).unwrap().unwrap();
    assert_eq!((contract.state().id, contract.state().update_counter), (-12, 0));
    assert_eq!(contract.state().manifest.supported_standards, ["NEP-1"]);
    persist(&mut chain);
    assert_eq!(noted(&chain, "initialize")[0], Hardfork::Genesis as u8);
    assert_eq!((noted(&chain, "on"), noted(&chain, "post")), (vec![0, 1], vec![0, 1]));
    assert_eq!(call(&chain, HASH, "seven", vec![]).stack, [7]);
    let by_id = call(&chain, hash("ContractManagement"), "getContractById", vec![(-12).into()]);
    assert!(matches!(by_id.stack[..], [StackItem::Array(_)]));
    // Nothing else of the genesis block is other than it is.
    let (own, others) = (private().with_native(&PLUGIN).unwrap(), private());
    let mut own = genesis(&own, None);
    own.retain(|(key, value)| {
        key.contract() != PLUGIN.id && !key.ends_with(&HASH.0) && value.as_deref() != Some(&HASH.0[..])
    });
    assert_eq!(own, genesis(&others, None));
}

#[test]
fn a_contract_comes_at_its_height() {
    let settings = ProtocolSettings {
        hardforks: HardforkHeights::new(&[(Hardfork::Gorgon, 1)]).unwrap(),
        ..ProtocolSettings::private()
    };
    // Gorgon comes before the contract and does not create it.
    let contract = PLUGIN.with_height(2).with_methods(const { &[SEVEN.with_since(Hardfork::Gorgon)] });
    let mut chain = chain(Network::new(settings).with_native(&contract).unwrap());
    persist(&mut chain);
    assert!(chain.contract(HASH).unwrap().is_none());
    assert!(noted(&chain, "on").is_empty());
    persist(&mut chain);
    assert_eq!(noted(&chain, "initialize"), [Hardfork::Genesis as u8]);
    assert_eq!((noted(&chain, "on"), noted(&chain, "post")), (vec![2], vec![2]));
    assert_eq!(call(&chain, HASH, "seven", vec![]).stack, [7]);
}

#[test]
fn a_contract_comes_with_its_hardfork() {
    let settings = ProtocolSettings {
        hardforks: HardforkHeights::new(&[(Hardfork::Gorgon, 1)]).unwrap(),
        ..ProtocolSettings::private()
    };
    let mut chain = chain(Network::new(settings).with_native(&PLUGIN.with_hardfork(Hardfork::Gorgon)).unwrap());
    assert!(chain.contract(HASH).unwrap().is_none());
    persist(&mut chain);
    assert_eq!(noted(&chain, "initialize"), [Hardfork::Gorgon as u8]);
    assert_eq!((noted(&chain, "on"), noted(&chain, "post")), (vec![1], vec![1]));
    assert_eq!(call(&chain, HASH, "seven", vec![]).stack, [7]);
}

/// The contract cannot be blocked, and no witness can be made with its hash.
#[test]
fn an_added_contract_is_native() {
    let network = private().with_native(&PLUGIN).unwrap();
    let committee = neovm_chain::contract::majority_address(&network.settings().standby_committee).unwrap();
    let chain = chain(network);
    let signer = Signer::new(committee, WitnessScopes::CALLED_BY_ENTRY);
    let block = |account: Hash160| {
        let call = Invocation::call(hash("PolicyContract"), "blockAccount", vec![account.into()]).unwrap();
        chain.invoke(&call.with_signer(signer.clone())).unwrap()
    };
    assert!(block(Hash160([8; 20])).halted());
    assert!(!block(HASH).halted());
    assert!(find(HASH).is_none(), "the table of all networks is what it was");
}

/// A native method calls a contract and goes on with what that returns.
#[test]
fn a_method_calls_a_contract() {
    const CALLING: NativeContract =
        NativeContract::new("Calling", -12, HASH).with_methods(&[Method::new("twice", |executor, caller| {
            let what: StackItem = argument(caller, 0)?;
            executor.call_from_native(caller, HASH, find_std_lib(), "atoi", vec![what], true)?;
            Ok(Finished::Await(Box::new(|_, caller| {
                let number = caller.pop()?.to_i32()?;
                Ok(Finished::value(2 * number))
            })))
        })
        .with_parameters(&[("what", ParameterType::String)])
        .with_returns(ParameterType::Integer)
        .with_flags(CallFlags::READ_ONLY)]);
    fn find_std_lib() -> Hash160 {
        hash("StdLib")
    }
    let chain = chain(private().with_native(&CALLING).unwrap());
    assert_eq!(call(&chain, HASH, "twice", vec!["21".into()]).stack, [42]);
    assert!(!call(&chain, HASH, "twice", vec!["x".into()]).halted());
}

#[test]
fn what_cannot_be_is_refused() {
    let error = |result: Result<Network, NativeError>| result.err().unwrap();
    let unknown = Hash160([1; 20]);
    assert_eq!(error(private().with_native_method(unknown, SEVEN)), NativeError::NoContract(unknown));
    assert_eq!(error(private().with_native_handler(unknown, "a", 0, seven)), NativeError::NoContract(unknown));
    let no_method = NativeError::NoMethod { contract: "GasToken", method: "symbol".into(), parameters: 1 };
    assert_eq!(error(private().with_native_handler(hash("GasToken"), "symbol", 1, seven)), no_method);
    assert_eq!(no_method.to_string(), "GasToken has no method \"symbol\" with 1 parameter");
    let add = |contract: NativeContract| private().with_native(&contract);
    assert_eq!(error(add(NativeContract::new("A", 1, HASH))), NativeError::Id(1));
    assert_eq!(error(add(NativeContract::new("A", -3, HASH))), NativeError::SameId(-3, "CryptoLib"));
    let gas = hash("GasToken");
    assert_eq!(error(add(NativeContract::new("A", -12, gas))), NativeError::SameHash(gas, "GasToken"));
    let twice = NativeContract::new("A", -12, HASH);
    let twice = twice.with_methods(const { &[SEVEN.with_until(Hardfork::Faun), SEVEN.with_since(Hardfork::Echidna)] });
    let same = NativeError::SameMethod { contract: "A", method: "seven", parameters: 0, hardfork: Hardfork::Echidna };
    assert_eq!(error(add(twice)), same);
    let after = twice.with_methods(const { &[SEVEN.with_until(Hardfork::Faun), SEVEN.with_since(Hardfork::Faun)] });
    assert!(add(after).is_ok());
}

/// What tests of contracts need: a native method that lets the rest of its execution run in another block and in the
/// name of others, and executes a block over what the execution has changed so far.
#[test]
fn an_attached_function_moves_an_execution() {
    const MOVER: NativeContract =
        NativeContract::new("Mover", -13, HASH).with_methods(&[Method::new("go", |executor, caller| {
            let attached = executor.attached().ok_or_else(|| FaultKind::Host("nothing is attached".into()))?;
            attached.call(executor, caller).map(|_| Finished::value(()))
        })
        .with_flags(CallFlags::ALL)]);
    let chain = chain(private().with_native(&MOVER).unwrap());
    let signer = |byte| Signer::new(Hash160([byte; 20]), WitnessScopes::GLOBAL);
    let block = next_block(&chain, Vec::new());
    let later = UnsignedHeader::following(&block).unwrap();
    let later = UnsignedHeader { timestamp: 77, ..later }.sign(&Witness::empty()).unwrap();
    let mut script = ScriptBuilder::new();
    for (contract, method) in [(HASH, "go"), (hash("LedgerContract"), "currentIndex")] {
        script.dynamic_call(contract, method, CallFlags::ALL, &[]);
    }
    script.syscall("System.Runtime.GetTime");
    for byte in [1_u8, 2] {
        script.push(Hash160([byte; 20])).syscall("System.Runtime.CheckWitness");
    }
    let invocation = Invocation::new(script.build().unwrap()).with_signer(signer(1));
    let pending = chain.prepare(&invocation).unwrap();
    let unsigned: &UnsignedTransaction = pending.transaction().unwrap();
    let other = UnsignedTransaction { signers: vec![signer(2)], ..unsigned.clone() }.with_empty_witnesses().unwrap();

    let job = pending.job();
    let mut execution = Execution::new(chain.network(), chain.store(), &job).unwrap();
    execution.attach(Attached::new(|executor, _| {
        // The answer is not remembered for the transaction that follows.
        assert_eq!(executor.check_witness(Hash160([1; 20])), Ok(true));
        assert!(executor.execute_block(&block)?.post_persist.halted());
        executor.set_block((&later).into());
        executor.set_transaction(&other);
        Ok(StackItem::Null)
    }));
    assert_eq!(execution.run(), Outcome::Halt);
    let receipt = execution.finish();
    assert_eq!(receipt.stack[1..3], [1, 77]);
    assert_eq!(receipt.stack[3..], [false, true]);
    assert!(!receipt.changes.is_empty(), "the block's changes are those of the execution");
    assert_eq!(chain.last_header().unwrap().index, 0);
    // Nothing is attached to other executions.
    let call = Invocation::call(HASH, "go", vec![]).unwrap();
    assert!(chain.invoke(&call).unwrap().fault.unwrap().kind.to_string().contains("nothing is attached"));
}
