//! Rules of native contracts that no recorded case shows.

mod common;

use neovm_chain::{
    Attribute, Block, OracleResponse, OracleResponseCode, Signer, UnsignedTransaction, WitnessScopes,
    contract::{account, bft_address, majority_address},
};
use neovm_host::{Chain, ContractState, Invocation, ProtocolSettings, Receipt};
use neovm_types::{
    CallFlags, Hash160, Manifest, NefFile, OpCode, PublicKey, Script, ScriptBuilder, StackItem,
    manifest::{Abi, ContractDescriptor, Method, Parameter, ParameterType, Permission, Wildcard},
};

use self::common::next_block;

const GAS: i64 = 10_000_000_000;

const ORACLE_ROLE: i32 = 8;
const NOTARY_ROLE: i32 = 32;

fn contract_management() -> Hash160 {
    "0xfffdc93764dbaddd97c48f252a53ea4643faa3fd".parse().unwrap()
}

fn gas_token() -> Hash160 {
    "0xd2a4cff31913016155e38e474a2c06d08be276cf".parse().unwrap()
}

fn role_management() -> Hash160 {
    "0x49cf4e5378ffcd4dec034fd98a174c5491e395e2".parse().unwrap()
}

fn oracle() -> Hash160 {
    "0xfe924b7cfe89ddd271abaf7210a80a7e11178758".parse().unwrap()
}

fn notary() -> Hash160 {
    "0xc1e14f19c3e60d0b9244d06dd7ba9b113135ec3b".parse().unwrap()
}

fn signer(account: Hash160) -> Signer {
    Signer::new(account, WitnessScopes::CALLED_BY_ENTRY)
}

/// The manifest of a contract with one method, which starts with the script.
fn manifest(method: &str, parameters: &[(&str, ParameterType)], standards: &[&str]) -> Manifest {
    let parameter = |&(name, parameter_type): &(&str, ParameterType)| Parameter { name: name.into(), parameter_type };
    Manifest {
        name: "Sample".into(),
        groups: Vec::new(),
        supported_standards: standards.iter().map(|&standard| standard.into()).collect(),
        abi: Abi {
            methods: vec![Method {
                name: method.into(),
                parameters: parameters.iter().map(parameter).collect(),
                return_type: ParameterType::Void,
                offset: 0,
                safe: false,
            }],
            events: Vec::new(),
        },
        permissions: vec![Permission { contract: ContractDescriptor::Any, methods: Wildcard::Any }],
        trusts: Wildcard::List(Vec::new()),
        extra: None,
    }
}

/// The manifest of a contract that is nothing but a `_deploy`.
fn deploy_manifest(standards: &[&str]) -> Manifest {
    manifest("_deploy", &[("data", ParameterType::Any), ("update", ParameterType::Boolean)], standards)
}

fn deploy(chain: &mut Chain, script: &ScriptBuilder, manifest: &Manifest) -> Receipt {
    let nef =
        NefFile { compiler: "test".into(), source: String::new(), tokens: Vec::new(), script: script.build().unwrap() };
    let arguments = vec![nef.to_bytes().unwrap().into(), manifest.to_json().into()];
    let call = Invocation::call(contract_management(), "deploy", arguments).unwrap();
    chain.execute(&call.with_signer(signer(Hash160([7; 20]))).with_gas(GAS)).unwrap()
}

/// Deploys a contract whose `_deploy` calls a method of ContractManagement, unless it runs for an update.
fn deploy_and_call(chain: &mut Chain, method: &str, arguments: &[StackItem]) -> Receipt {
    let mut script = ScriptBuilder::new();
    let end = script.label();
    script.op(OpCode::DROP).jump(OpCode::JMPIF, end);
    script.dynamic_call(contract_management(), method, CallFlags::ALL, arguments).op(OpCode::DROP);
    script.bind(end).op(OpCode::RET);
    deploy(chain, &script, &deploy_manifest(&[]))
}

fn events(receipt: &Receipt) -> Vec<&str> {
    receipt.notifications.iter().map(|one| &*one.event).collect()
}

/// In the reference the object that `deploy` returns is the one that an update changes.
#[test]
fn deploy_returns_what_its_deploy_method_made_of_the_contract() {
    let mut chain = Chain::new(ProtocolSettings::private()).unwrap();
    let updated = deploy_manifest(&["NEP-17"]);
    let receipt = deploy_and_call(&mut chain, "update", &[StackItem::Null, updated.to_json().into()]);
    assert_eq!(receipt.fault, None);
    assert_eq!(events(&receipt), ["Update", "Deploy"]);
    let returned = ContractState::from_item(&receipt.stack[0]).unwrap();
    assert_eq!((returned.id, returned.update_counter, &returned.manifest), (1, 1, &updated));
    assert_eq!(chain.contract(returned.hash).unwrap().unwrap().state(), &returned);
}

#[test]
fn deploy_returns_a_contract_that_its_deploy_method_destroyed() {
    let mut chain = Chain::new(ProtocolSettings::private()).unwrap();
    let receipt = deploy_and_call(&mut chain, "destroy", &[]);
    assert_eq!(receipt.fault, None);
    assert_eq!(events(&receipt), ["Destroy", "Deploy"]);
    let returned = ContractState::from_item(&receipt.stack[0]).unwrap();
    assert_eq!((returned.id, returned.update_counter, &returned.manifest), (1, 0, &deploy_manifest(&[])));
    assert!(chain.contract(returned.hash).unwrap().is_none());
    let again = deploy_and_call(&mut chain, "destroy", &[]);
    assert_eq!(again.fault.unwrap().kind.to_string(), format!("contract {} is blocked", returned.hash));
}

/// A transaction of the account that holds all GAS, which does nothing.
fn transaction(chain: &Chain, attributes: Vec<Attribute>) -> UnsignedTransaction {
    UnsignedTransaction {
        version: 0,
        nonce: 0,
        system_fee: 0,
        network_fee: GAS,
        valid_until_block: 100,
        signers: vec![signer(bft_address(chain.network().settings().standby_validators()).unwrap())],
        attributes,
        script: Script::from(vec![OpCode::RET as u8]),
    }
}

/// The next block, with these transactions. Witnesses are not checked.
fn block(chain: &Chain, transactions: &[UnsignedTransaction]) -> Block {
    let signed = |transaction: &UnsignedTransaction| transaction.clone().with_empty_witnesses().unwrap();
    next_block(chain, transactions.iter().map(signed).collect())
}

/// The reference divides the fees by the number of nodes.
#[test]
fn a_block_with_a_notary_assisted_transaction_needs_notary_nodes() {
    let mut chain = Chain::new(ProtocolSettings::private()).unwrap();
    let assisted = transaction(&chain, vec![Attribute::NotaryAssisted { keys: 1 }]);
    let failed = chain.persist(&block(&chain, &[assisted])).unwrap_err();
    assert_eq!(failed.to_string(), "there is no notary node");
    let plain = transaction(&chain, Vec::new());
    assert!(chain.persist(&block(&chain, &[plain])).unwrap().transactions[0].halted());
}

/// A block that takes more than a deposit holds cannot be persisted, even if the contract has more GAS than that.
#[test]
fn a_deposit_pays_no_more_than_it_holds() {
    let mut chain = Chain::new(ProtocolSettings::private()).unwrap();
    let first = block(&chain, &[designation(&chain, NOTARY_ROLE, key(1))]);
    assert!(chain.persist(&first).unwrap().transactions[0].halted());
    let from = bft_address(chain.network().settings().standby_validators()).unwrap();
    let [one, other, none] = [1, 2, 3].map(|byte| Hash160([byte; 20]));
    for payer in [one, other] {
        let data = StackItem::array([payer.into(), 500.into()]);
        let arguments = vec![from.into(), notary().into(), GAS.into(), data];
        let transfer = Invocation::call(gas_token(), "transfer", arguments).unwrap().with_signer(signer(from));
        assert_eq!(chain.execute(&transfer).unwrap().fault, None);
    }
    let of_notary = |chain: &Chain, method, payer: Hash160| {
        let call = Invocation::call(notary(), method, vec![payer.into()]).unwrap();
        chain.invoke(&call).unwrap().stack[0].clone()
    };

    let paid = |chain: &Chain, payer, network_fee| UnsignedTransaction {
        network_fee,
        signers: vec![signer(notary()), signer(payer)],
        ..transaction(chain, vec![Attribute::NotaryAssisted { keys: 0 }])
    };
    let part = GAS / 4;
    for (fees, message) in [
        (vec![(none, part)], format!("{none} has no deposit")),
        (vec![(one, GAS + 1)], format!("the deposit of {one} does not pay 10000000001")),
        (vec![(one, GAS - part), (one, part + 1)], format!("the deposit of {one} does not pay 2500000001")),
    ] {
        let transactions: Vec<_> = fees.into_iter().map(|(payer, fee)| paid(&chain, payer, fee)).collect();
        let failed = chain.persist(&block(&chain, &transactions)).unwrap_err();
        assert_eq!(failed.to_string(), message);
    }

    let transactions = [paid(&chain, one, GAS - part), paid(&chain, one, part), paid(&chain, other, part)];
    chain.persist(&block(&chain, &transactions)).unwrap();
    assert_eq!([of_notary(&chain, "balanceOf", one), of_notary(&chain, "expirationOf", one)], [0, 0]);
    assert_eq!(of_notary(&chain, "balanceOf", other), GAS - part);
}

/// A key that nobody has.
fn key(x: u8) -> PublicKey {
    (0..=u8::MAX)
        .find_map(|last| {
            let mut bytes = [x; 33];
            (bytes[0], bytes[32]) = (2, last);
            PublicKey::from_bytes(&bytes).ok()
        })
        .unwrap()
}

fn designation(chain: &Chain, role: i32, node: PublicKey) -> UnsignedTransaction {
    let arguments = [role.into(), StackItem::array([StackItem::from(&node)])];
    let script = ScriptBuilder::new()
        .dynamic_call(role_management(), "designateAsRole", CallFlags::ALL, &arguments)
        .build()
        .unwrap();
    let committee = majority_address(&chain.network().settings().standby_committee).unwrap();
    let mut unsigned = transaction(chain, Vec::new());
    if unsigned.signers[0].account != committee {
        unsigned.signers.push(signer(committee));
    }
    UnsignedTransaction { script, system_fee: GAS, nonce: 1, ..unsigned }
}

fn balance(chain: &Chain, node: PublicKey) -> StackItem {
    let call = Invocation::call(gas_token(), "balanceOf", vec![account(&node).into()]).unwrap();
    chain.invoke(&call).unwrap().stack[0].clone()
}

/// New nodes have the role from the next block on.
#[test]
fn an_answer_is_paid_to_the_nodes_of_its_block() {
    let mut chain = Chain::new(ProtocolSettings::private()).unwrap();
    let (old, new) = (key(1), key(2));
    let first = block(&chain, &[designation(&chain, ORACLE_ROLE, old)]);
    assert!(chain.persist(&first).unwrap().transactions[0].halted());

    let arguments = ["https://neo.org".into(), StackItem::Null, "answer".into(), StackItem::Null, 10_000_000.into()];
    let mut script = ScriptBuilder::new();
    script.dynamic_call(oracle(), "request", CallFlags::ALL, &arguments).op(OpCode::DROP).op(OpCode::RET);
    let deployed = deploy(&mut chain, &script, &manifest("ask", &[], &[]));
    let contract = ContractState::from_item(&deployed.stack[0]).unwrap();
    let ask = Invocation::call(contract.hash, "ask", vec![]).unwrap().with_signer(signer(Hash160([7; 20])));
    assert_eq!(chain.execute(&ask).unwrap().fault, None);

    let answer = OracleResponse { id: 0, code: OracleResponseCode::Success, result: vec![1] };
    let answer = UnsignedTransaction {
        script: OracleResponse::fixed_script(),
        ..transaction(&chain, vec![Attribute::OracleResponse(answer)])
    };
    let second = block(&chain, &[designation(&chain, ORACLE_ROLE, new), answer]);
    assert!(chain.persist(&second).unwrap().transactions[0].halted());
    assert_eq!([balance(&chain, old), balance(&chain, new)], [50_000_000, 0]);
}
