//! How cases over the host are compared, shortened and written.

use neovm::{
    Dispatch, Hash160, JitMode, OpCode, StackItem,
    chain::contract::contract_hash,
    host::native::NATIVES,
    types::{CallFlags, NefFile, ScriptBuilder},
};
use neovm_fuzz::{ChainCase, ChainComparer, ChainWorker, ContractFiles, minimized_chain};
use neovm_generator::Random;
use neovm_testing::Mode;

/// Returns a call that notifies: a transfer of nothing. It claims to be committed or rolled back.
fn transfer(is_committed: bool) -> Vec<u8> {
    let gas = NATIVES.into_iter().find(|native| native.name == "GasToken").unwrap().hash;
    let signer = Hash160([1; 20]);
    let arguments = [signer.into(), signer.into(), 0.into(), StackItem::Null];
    let mut script = ScriptBuilder::new();
    script.dynamic_call(gas, "transfer", CallFlags::ALL, &arguments).push(i32::from(is_committed)).push(2);
    script.op(OpCode::PACK).build().unwrap().bytes().to_vec()
}

fn case(calls: &[bool]) -> ChainCase {
    ChainCase {
        contracts: Vec::new(),
        calls: calls.iter().copied().map(transfer).collect(),
        is_repeatable: true,
        reference: Mode::Interpreted(Dispatch::Auto),
        subject: Mode::Compiled(JitMode::Eager),
        runs: vec![10_000_000_000; 2],
    }
}

#[test]
fn calls_that_are_committed_agree() {
    let comparison = ChainComparer::new().compare(&case(&[true, true]));
    assert_eq!((comparison.difference, comparison.is_replayed), (None, false));
    assert_eq!(comparison.endings.len(), 2);
    for ending in &comparison.endings {
        assert_eq!((&ending.fault, ending.notifications.len()), (&None, 2));
    }
}

/// A call that was not rolled back although its mark says so.
#[test]
fn what_is_not_rolled_back_is_found_and_shortened() {
    let case = case(&[true, false, true]);
    let comparer = ChainComparer::new();
    let text = comparer.compare(&case).difference.expect("a difference");
    assert!(text.contains("without the calls that were rolled back"), "{text}");
    let short = minimized_chain(&comparer, case);
    assert_eq!((&short.calls[..], short.runs.len()), (&[transfer(false)][..], 1));
    let text = serde_json::to_string(&short).unwrap();
    assert_eq!(serde_json::from_str::<ChainCase>(&text).unwrap(), short);
}

#[test]
fn contracts_that_cannot_be_deployed_are_no_difference() {
    let files = ContractFiles { nef: vec![1], manifest: String::new() };
    let comparison = ChainComparer::new().compare(&ChainCase { contracts: vec![files], ..case(&[true]) });
    assert_eq!((comparison.difference, comparison.endings.len()), (None, 0));
}

#[test]
fn a_seed_decides_all() {
    let tally = || {
        let mut worker = ChainWorker::default();
        (0..20).for_each(|seed| assert!(worker.check(&mut Random::new(seed)).is_none()));
        let tally = worker.tally();
        (tally.instructions, tally.ends)
    };
    assert_eq!(tally(), tally());
}

/// Contracts that other contracts deploy are among what is compared.
#[test]
fn contracts_deploy_contracts() {
    let comparer = ChainComparer::new();
    let deploys = |seed: u64| {
        let case = ChainCase::random(&comparer, &mut Random::new(seed));
        let comparison = comparer.compare(&case);
        assert_eq!(comparison.difference, None);
        let is_deployment = |text: &String| text.contains(" Deploy ");
        comparison.endings.iter().any(|ending| ending.notifications.iter().any(is_deployment))
    };
    assert!((0..1000).any(deploys));
}

/// Returns a contract whose method `put` writes to its storage among instructions that do nothing, and
/// one that calls it.
fn contracts() -> (Vec<ContractFiles>, Vec<Hash160>) {
    let manifest = |name: &str, method: &str, offset: usize| {
        format!(
            r#"{{"name":"{name}","groups":[],"features":{{}},"supportedstandards":[],"abi":{{"methods":[{{"name":"{method}",
            "parameters":[],"returntype":"Void","offset":{offset},"safe":false}}],"events":[]}},
            "permissions":[{{"contract":"*","methods":"*"}}],"trusts":[],"extra":null}}"#
        )
    };
    let idle = [OpCode::NOP; 9];
    let mut put = ScriptBuilder::new();
    idle.iter().for_each(|nop| _ = put.op(*nop));
    put.push(2).push(1).syscall("System.Storage.GetContext").syscall("System.Storage.Put");
    idle.iter().for_each(|nop| _ = put.op(*nop));
    put.op(OpCode::RET);
    let mut files = Vec::new();
    let mut hashes = Vec::new();
    let mut add = |script: &ScriptBuilder, name: &str, method: &str| {
        let script = script.build().unwrap();
        let nef = NefFile { compiler: "test".into(), source: String::new(), tokens: Vec::new(), script };
        let nef = nef.to_bytes().unwrap();
        let checksum = u32::from_le_bytes(*nef.last_chunk().unwrap());
        hashes.push(contract_hash(Hash160([1; 20]), checksum, name));
        files.push(ContractFiles { nef, manifest: manifest(name, method, 5) });
        hashes[hashes.len() - 1]
    };
    let inner = add(&put, "inner", "put");
    let mut outer = ScriptBuilder::new();
    idle.iter().for_each(|nop| _ = outer.op(*nop));
    outer.dynamic_call(inner, "put", CallFlags::ALL, &[]).op(OpCode::DROP).op(OpCode::RET);
    add(&outer, "outer", "run");
    (files, hashes)
}

#[test]
fn contracts_are_shortened() {
    let (contracts, hashes) = contracts();
    let mut call = ScriptBuilder::new();
    call.dynamic_call(hashes[1], "run", CallFlags::ALL, &[]).op(OpCode::DROP).push(0).push(1).op(OpCode::PACK);
    let calls = vec![call.build().unwrap().bytes().to_vec()];
    let case = ChainCase { contracts, calls, ..case(&[]) };
    let comparer = ChainComparer::new();
    let text = comparer.compare(&case).difference.expect("a difference");
    assert!(text.contains("without the calls that were rolled back"), "{text}");
    let short = minimized_chain(&comparer, case);
    let sizes: Vec<_> =
        short.contracts.iter().map(|files| NefFile::parse(&files.nef).unwrap().script.instructions().count()).collect();
    // Key, value, context and the write; the call with its four arguments, and its result that is dropped.
    assert_eq!((sizes, short.calls.len()), (vec![4, 6], 1));
    assert!(comparer.compare(&short).difference.is_some());
}
