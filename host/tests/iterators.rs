//! When iterators read, and what they show after their end: rules that no recorded case shows.

mod common;

use common::sample::{call, contract_management, hash, manifest, method, nef};
use neovm_chain::{
    Signer, WitnessScopes,
    contract::{account, bft_address, majority_address},
};
use neovm_host::{Chain, ContractState, Invocation, ProtocolSettings, Receipt};
use neovm_types::{
    CallFlags, Hash160, OpCode, ScriptBuilder, StackItem,
    manifest::{ParameterType, PublicKey},
};

/// 10,000 GAS.
const GAS: i64 = 1_000_000_000_000;

/// An option of System.Storage.Find.
const VALUES_ONLY: i64 = 4;

const NOBODY: Hash160 = Hash160([7; 20]);

fn chain() -> Chain {
    Chain::new(ProtocolSettings::private()).unwrap()
}

fn committee() -> Hash160 {
    majority_address(&ProtocolSettings::private().standby_committee).unwrap()
}

fn invocation(signer: Hash160, script: &ScriptBuilder) -> Invocation {
    let signer = Signer::new(signer, WitnessScopes::GLOBAL);
    Invocation::new(script.build().unwrap()).with_signer(signer).with_gas(GAS)
}

/// Calls a method in a transaction of its own.
fn done(chain: &mut Chain, signer: Hash160, contract: Hash160, method: &str, arguments: &[StackItem]) -> Receipt {
    let mut script = ScriptBuilder::new();
    script.dynamic_call(contract, method, CallFlags::ALL, arguments);
    let receipt = chain.execute(&invocation(signer, &script)).unwrap();
    assert_eq!(receipt.fault, None);
    receipt
}

/// A contract that lets others write to its storage and read the values in it: `find(n)` calls itself n times first.
fn storage(chain: &mut Chain) -> Hash160 {
    let mut script = ScriptBuilder::new();
    script.syscall("System.Storage.GetContext").syscall("System.Storage.Put").op(OpCode::RET);
    let find = script.build().unwrap().len();
    let nested = script.label();
    script.op(OpCode::DUP).jump(OpCode::JMPIF, nested).op(OpCode::DROP);
    script.push(VALUES_ONLY).push("").syscall("System.Storage.GetContext");
    script.syscall("System.Storage.Find").op(OpCode::RET).bind(nested).op(OpCode::DEC).push(1).op(OpCode::PACK);
    script.push(i64::from(CallFlags::ALL.bits())).push("find");
    script.syscall("System.Runtime.GetExecutingScriptHash").syscall("System.Contract.Call").op(OpCode::RET);
    let methods = vec![
        method("put", 0, &["key", "value"], ParameterType::Void),
        method("find", find, &["depth"], ParameterType::InteropInterface),
    ];
    let arguments = [nef(script.build().unwrap()).into(), manifest(methods).into()];
    let receipt = done(chain, NOBODY, contract_management(), "deploy", &arguments);
    ContractState::from_item(&receipt.stack[0]).unwrap().hash
}

/// Advances the iterator on top of the stack.
fn advance(script: &mut ScriptBuilder) {
    script.op(OpCode::DUP).syscall("System.Iterator.Next").op(OpCode::DROP);
}

/// Leaves the value below the iterator.
fn value(script: &mut ScriptBuilder) {
    script.op(OpCode::DUP).syscall("System.Iterator.Value").op(OpCode::SWAP);
}

/// Each key is written to just before the iterator reaches it, however many calls it was returned through.
#[test]
fn an_iterator_reads_an_entry_when_it_is_asked_for() {
    let mut chain = chain();
    let contract = storage(&mut chain);
    let keys = ["a", "b", "c", "d", "e"];
    // This one is in the store, and not read in the execution.
    done(&mut chain, NOBODY, contract, "put", &["d".into(), "old".into()]);
    for depth in 0..4 {
        let mut script = ScriptBuilder::new();
        let put = |script: &mut ScriptBuilder, key: &str, value: &str| {
            let arguments = [key.into(), value.into()];
            script.dynamic_call(contract, "put", CallFlags::ALL, &arguments).op(OpCode::DROP);
        };
        for key in ["a", "b", "c", "e"] {
            put(&mut script, key, "old");
        }
        script.push(depth);
        call(&mut script, contract, "find", 1);
        for key in keys {
            put(&mut script, key, "new");
            advance(&mut script);
            put(&mut script, key, "late");
            value(&mut script);
        }
        script.op(OpCode::DROP);
        let receipt = chain.invoke(&invocation(NOBODY, &script)).unwrap();
        assert_eq!(receipt.fault, None);
        assert_eq!(receipt.stack, ["new", "new", "new", "old", "new"], "{depth}");
    }
}

/// Two candidates, by the order of their bytes.
fn candidates(chain: &mut Chain) -> [PublicKey; 2] {
    let keys = [
        "02a62c915cf19c7f19a50ec217e79fac2439bbaad658493de0c7d8ffa92ab0aa62",
        "03409f31f0d66bdc2f70a9730b66fe186658f84a8018204db01c106edc36553cd0",
    ];
    keys.map(|key| {
        let key = key.parse().unwrap();
        done(chain, account(&key), hash("NeoToken"), "registerCandidate", &[(&key).into()]);
        key
    })
}

#[test]
fn a_vote_shows_that_is_given_before_the_iterator_reaches_the_candidate() {
    let mut chain = chain();
    let [first, second] = candidates(&mut chain);
    let neo = hash("NeoToken");
    let owner = bft_address(chain.network().settings().standby_validators()).unwrap();
    for (read, votes) in [(&second, 100_000_000), (&first, 0)] {
        let mut script = ScriptBuilder::new();
        script.dynamic_call(neo, "getCandidateVote", CallFlags::ALL, &[read.into()]).op(OpCode::DROP);
        script.dynamic_call(neo, "getAllCandidates", CallFlags::ALL, &[]);
        advance(&mut script);
        value(&mut script);
        script.dynamic_call(neo, "vote", CallFlags::ALL, &[owner.into(), (&second).into()]).op(OpCode::ASSERT);
        advance(&mut script);
        value(&mut script);
        script.op(OpCode::DROP);
        let receipt = chain.invoke(&invocation(owner, &script)).unwrap();
        assert_eq!(receipt.fault, None);
        let expected =
            [(&first, 0), (&second, votes)].map(|(key, votes)| StackItem::structure([key.into(), votes.into()]));
        assert_eq!(format!("{:?}", receipt.stack), format!("{expected:?}"));
    }
}

/// A call of a method with a fixed fee reads the fee's record, so that the iterator sees what becomes of it. It does so
/// also if the fee is known from the execution before.
#[test]
fn the_call_of_a_method_reads_its_fixed_fee() {
    let mut chain = chain();
    let (contract, policy) = (storage(&mut chain), hash("PolicyContract"));
    let set = |name: &str, count: i64, fee: i64| [contract.into(), name.into(), count.into(), fee.into()];
    for arguments in [set("put", 2, 5), set("find", 1, 6)] {
        done(&mut chain, committee(), policy, "setWhitelistFeeContract", &arguments);
    }
    for (is_called, fee) in [(true, 7), (false, 6), (true, 7)] {
        let mut script = ScriptBuilder::new();
        if is_called {
            script.dynamic_call(contract, "find", CallFlags::ALL, &[0.into()]).op(OpCode::DROP);
        }
        script.dynamic_call(policy, "getWhitelistFeeContracts", CallFlags::ALL, &[]);
        advance(&mut script);
        script.dynamic_call(policy, "setWhitelistFeeContract", CallFlags::ALL, &set("find", 1, 7)).op(OpCode::DROP);
        advance(&mut script);
        value(&mut script);
        script.op(OpCode::DROP);
        let receipt = chain.invoke(&invocation(committee(), &script)).unwrap();
        assert_eq!(receipt.fault, None);
        let expected = StackItem::structure([contract.into(), "find".into(), 1.into(), fee.into()]);
        assert_eq!(format!("{:?}", receipt.stack[0]), format!("{expected:?}"), "{is_called}");
    }
}

/// The reference's `Select` clears its entry at the end, which a generator does not do.
#[test]
fn the_last_entry_stays_after_the_end_unless_entries_are_selected() {
    let mut chain = chain();
    let (contract, policy) = (storage(&mut chain), hash("PolicyContract"));
    done(&mut chain, NOBODY, contract, "put", &["key".into(), "value".into()]);
    done(&mut chain, committee(), policy, "blockAccount", &[Hash160([9; 20]).into()]);
    let arguments = [contract.into(), "put".into(), 2.into(), 5.into()];
    done(&mut chain, committee(), policy, "setWhitelistFeeContract", &arguments);
    let [first, _] = candidates(&mut chain);
    done(&mut chain, account(&first), hash("NeoToken"), "unregisterCandidate", &[(&first).into()]);
    for (contract, method, argument, stays) in [
        (contract, "find", Some(0.into()), true),
        (policy, "getBlockedAccounts", None, true),
        (policy, "getWhitelistFeeContracts", None, true),
        (contract_management(), "getContractHashes", None, false),
        (hash("NeoToken"), "getAllCandidates", None, false),
    ] {
        let run = |count: usize, reads: bool| {
            let mut script = ScriptBuilder::new();
            script.dynamic_call(contract, method, CallFlags::ALL, argument.as_slice());
            for _ in 0..count {
                script.op(OpCode::DUP).syscall("System.Iterator.Next").op(OpCode::SWAP);
            }
            if reads {
                value(&mut script);
            }
            script.op(OpCode::DROP);
            chain.invoke(&invocation(NOBODY, &script)).unwrap()
        };
        assert_eq!(run(3, false).stack, [true, false, false], "{method}");
        assert!(!run(0, true).halted(), "{method}: the value before the first entry");
        let entry = run(1, true);
        assert!(entry.halted(), "{method}: {:?}", entry.fault);
        for count in 2..4 {
            let after = run(count, true);
            assert_eq!(after.halted(), stays, "{method}: {:?}", after.fault);
            if stays {
                assert_eq!(format!("{:?}", after.stack[count]), format!("{:?}", entry.stack[1]), "{method}");
            }
        }
    }
}
