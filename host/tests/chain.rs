//! Chains in memory, and executions that are watched and stopped.

use std::sync::{Arc, atomic::AtomicBool};

use neovm_chain::{Signer, WitnessScopes};
use neovm_host::{
    CallTrace, Chain, Execution, HardforkHeights, Invocation, Network, ProtocolSettings, native::NATIVES,
};
use neovm_interp::{Outcome, Stop};
use neovm_types::{CallFlags, Hardfork, Hash160, OpCode, Script, ScriptBuilder, StackItem};

fn hash_of(native: &str) -> Hash160 {
    NATIVES.into_iter().find(|contract| contract.name == native).expect("a native contract").hash
}

/// JMP to itself.
fn endless() -> Invocation {
    Invocation::new(Script::from(vec![OpCode::JMP as u8, 0])).with_gas(i64::MAX)
}

#[test]
fn natives_of_a_height_are_those_of_the_network() {
    let network = Arc::new(Network::new(ProtocolSettings::mainnet()));
    let heights = network.settings().hardforks;
    for hardfork in [Hardfork::Cockatrice, Hardfork::Echidna, Hardfork::Faun, Hardfork::Gorgon] {
        let start = heights.height(hardfork).expect("a height");
        let before = Chain::at_height(Arc::clone(&network), start - 1).unwrap();
        let after = Chain::at_height(Arc::clone(&network), start).unwrap();
        assert_eq!((before.last_header().unwrap().index, after.last_header().unwrap().index), (start - 1, start));
        for native in NATIVES {
            for (chain, height) in [(&before, start - 1), (&after, start)] {
                let active = native.active_in <= heights.at(height);
                let contract = chain.contract(native.hash).unwrap();
                assert_eq!(contract.is_some(), active, "{} at {height}", native.name);
                let Some(contract) = contract else { continue };
                let expected = &network.natives(heights.at(height)).states()[(-1 - native.id) as usize].state;
                assert_eq!(contract.state().nef, expected.nef, "{} at {height}", native.name);
                assert_eq!(contract.state().manifest, expected.manifest, "{} at {height}", native.name);
            }
        }
    }
}

#[test]
fn time_goes_on_from_the_genesis_block() {
    let chain = Chain::at_height(Arc::new(Network::new(ProtocolSettings::private())), 100).unwrap();
    assert_eq!(chain.last_header().unwrap().timestamp, 1_468_595_301_000 + 100 * 15_000);
    let pending = chain.prepare(&endless()).unwrap();
    assert_eq!((pending.header().index, pending.header().nonce), (101, 0));
    assert_eq!(pending.header().timestamp, 1_468_595_301_000 + 101 * 15_000);
    assert!(pending.transaction().is_none());
}

#[test]
fn an_execution_stops_and_goes_on() {
    let chain = Chain::new(ProtocolSettings::private()).unwrap();
    let pending = chain.prepare(&endless()).unwrap();
    let mut execution = Execution::new(chain.network(), chain.store(), &pending.job()).unwrap();
    execution.set_budget(Some(100));
    assert_eq!(execution.run(), Outcome::Stopped(Stop::Budget));
    execution.set_budget(Some(20));
    let mut count = 0;
    assert_eq!(execution.run_watched(|_| count += 1), Outcome::Stopped(Stop::Budget));
    assert_eq!((count, execution.vm().instructions()), (20, 120));
    execution.set_budget(None);
    execution.set_interrupt(Some(Arc::new(AtomicBool::new(true))));
    assert_eq!(execution.run(), Outcome::Stopped(Stop::Interrupted));
    let receipt = execution.finish();
    assert_eq!(receipt.fault.unwrap().kind.to_string(), "the execution was stopped");
    assert!(receipt.changes.is_empty());
}

#[test]
fn the_end_of_an_execution_is_that_of_a_job() {
    let chain = Chain::new(ProtocolSettings::private()).unwrap();
    let scripts = [
        ScriptBuilder::new().push(5).build().unwrap(),
        ScriptBuilder::new().push(5).op(OpCode::ABORT).build().unwrap(),
        ScriptBuilder::new().syscall("System.Runtime.GetTime").build().unwrap(),
    ];
    for script in scripts {
        let invocation = Invocation::new(script);
        let expected = chain.invoke(&invocation).unwrap();
        let pending = chain.prepare(&invocation).unwrap();
        let mut whole = Execution::new(chain.network(), chain.store(), &pending.job()).unwrap();
        whole.run();
        let mut watched = Execution::new(chain.network(), chain.store(), &pending.job()).unwrap();
        watched.run_watched(|_| ());
        let mut stepped = Execution::new(chain.network(), chain.store(), &pending.job()).unwrap();
        while stepped.step().is_none() {}
        for execution in [whole, watched, stepped] {
            let receipt = execution.finish();
            assert_eq!(receipt.fault, expected.fault);
            assert_eq!(receipt.gas_consumed, expected.gas_consumed);
            assert_eq!(format!("{:?}", receipt.stack), format!("{:?}", expected.stack));
        }
    }
}

#[test]
fn scripts_that_run_have_their_contracts() {
    let chain = Chain::new(ProtocolSettings::private()).unwrap();
    let neo = hash_of("NeoToken");
    let pending = chain.prepare(&Invocation::call(neo, "symbol", vec![]).unwrap()).unwrap();
    let mut execution = Execution::new(chain.network(), chain.store(), &pending.job()).unwrap();
    let mut seen = Vec::new();
    execution.run_watched(|execution| seen.push(execution.running_scripts()));
    let deepest = seen.iter().max_by_key(|scripts| scripts.len()).unwrap();
    assert_eq!(deepest.len(), 2);
    assert_eq!(deepest[0].hash, neo);
    assert_eq!(deepest[0].contract.as_ref().unwrap().state().manifest.name, "NeoToken");
    assert!(deepest[1].contract.is_none());
}

#[test]
fn a_gap_between_hardforks_is_not_lost() {
    let heights = HardforkHeights::new(&[(Hardfork::Cockatrice, 7), (Hardfork::Domovoi, 7), (Hardfork::Echidna, 9)]);
    let settings = ProtocolSettings { hardforks: heights.unwrap(), ..ProtocolSettings::private() };
    let network = Arc::new(Network::new(settings));
    let notary = hash_of("Notary");
    for (height, active) in [(0, false), (8, false), (9, true), (50, true)] {
        let chain = Chain::at_height(Arc::clone(&network), height).unwrap();
        assert_eq!(chain.last_header().unwrap().index, height);
        assert_eq!(chain.contract(notary).unwrap().is_some(), active, "{height}");
    }
}

#[test]
fn nothing_follows_the_greatest_height() {
    let network = Arc::new(Network::new(ProtocolSettings::private()));
    let last = Chain::at_height(Arc::clone(&network), u32::MAX).unwrap();
    assert_eq!(last.last_header().unwrap().index, u32::MAX);
    let error = last.invoke(&endless()).unwrap_err();
    assert_eq!(error.to_string(), "no block can follow the one at height 4294967295");
    let before = Chain::at_height(network, u32::MAX - 1).unwrap();
    assert_eq!(before.prepare(&endless()).unwrap().header().index, u32::MAX);
}

/// A finally block that returns leaves the exception pending, so the reference keeps nothing of the script.
#[test]
fn what_a_script_does_is_lost_if_it_returns_from_finally() {
    let chain = Chain::new(ProtocolSettings::private()).unwrap();
    let sender = chain.network().settings().standby_validators();
    let sender = neovm_chain::contract::bft_address(sender).unwrap();
    let arguments = [sender.into(), Hash160([7; 20]).into(), 5.into(), StackItem::Null];
    let run = |throws: bool| {
        let mut script = ScriptBuilder::new();
        script.dynamic_call(hash_of("GasToken"), "transfer", CallFlags::ALL, &arguments).op(OpCode::DROP);
        if throws {
            // There is no catch block; the finally block is the RET.
            script.op_with(OpCode::TRY, &[0, 5]).op(OpCode::PUSH1).op(OpCode::THROW).op(OpCode::RET);
        }
        let signer = Signer::new(sender, WitnessScopes::GLOBAL);
        chain.invoke(&Invocation::new(script.build().unwrap()).with_signer(signer)).unwrap()
    };
    let (kept, lost) = (run(false), run(true));
    assert!(kept.halted() && lost.halted(), "{:?}", lost.fault);
    assert_eq!((kept.changes.len(), kept.notifications.len()), (2, 1));
    assert_eq!((lost.changes.len(), lost.notifications.len()), (0, 0));
}

/// A contract's iterator is read after the script has returned it, and only that.
#[test]
fn an_iterator_that_was_returned_is_traversed() {
    let chain = Chain::new(ProtocolSettings::private()).unwrap();
    let candidates = Invocation::call(hash_of("ContractManagement"), "getContractHashes", vec![]).unwrap();
    let pending = chain.prepare(&candidates).unwrap();
    let mut execution = Execution::new(chain.network(), chain.store(), &pending.job()).unwrap();
    assert_eq!(execution.run(), Outcome::Halt);
    let iterator = execution.vm().results()[0].clone();
    assert!(execution.traverse(&StackItem::Null, 1).unwrap().is_none());
    // No contract is deployed, and native ones are not listed.
    assert_eq!(execution.traverse(&iterator, 10).unwrap().map(|entries| entries.len()), Some(0));
    let other = Execution::new(chain.network(), chain.store(), &pending.job());
    assert!(other.unwrap().traverse(&iterator, 1).is_err(), "an iterator of another execution");
}

/// Which script called which, a CALL among them.
#[test]
fn calls_are_recorded_in_their_order() {
    let chain = Chain::new(ProtocolSettings::private()).unwrap();
    let gas = hash_of("GasToken");
    let mut builder = ScriptBuilder::new();
    let method = builder.label();
    builder.call(method).dynamic_call(gas, "symbol", CallFlags::ALL, &[]).op(OpCode::RET);
    builder.bind(method).dynamic_call(gas, "decimals", CallFlags::ALL, &[]).op(OpCode::RET);
    let script = builder.build().unwrap();
    let pending = chain.prepare(&Invocation::new(script.clone())).unwrap();
    let mut execution = Execution::new(chain.network(), chain.store(), &pending.job()).unwrap();
    let mut calls = CallTrace::default();
    assert_eq!(execution.run_watched(|execution| calls.watch(execution)), Outcome::Halt);
    let nodes: Vec<_> = calls.nodes().iter().map(|node| (node.depth, node.script_hash, node.is_internal)).collect();
    let entry = script.hash();
    assert_eq!(nodes, [(0, entry, false), (1, entry, true), (2, gas, false), (1, gas, false)]);
    assert_eq!(calls.nodes()[0].position, 0);
    assert!(calls.nodes()[1].position > 0);
}
