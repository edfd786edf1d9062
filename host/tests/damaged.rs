//! Damaged storage and malformed input: a fault that says what is wrong, and never a panic.
//!
//! Every native method and every system call runs over stores in which some
//! values are damaged, with arguments that may be wrong too.

mod common;

use std::sync::{Arc, LazyLock};

use neovm_chain::{
    Attribute, Block, OracleResponse, OracleResponseCode, Signer, Transaction, UnsignedTransaction, Witness,
    WitnessScopes,
    contract::{bft_address, majority_address},
};
use neovm_host::{
    Chain, Container, ContractState, Entry, Execution, Invocation, Job, Network, PersistingBlock, ProtocolSettings,
    Receipt, Trigger, execute_block,
    native::NATIVES,
    syscalls::{SYSCALLS, Syscall},
    verify_witness,
};
use neovm_storage::{Key, MemoryStore};
use neovm_types::{
    CallFlags, Hash160, NefFile, OpCode, Script, ScriptBuilder, StackItem,
    item::binary,
    manifest::{ParameterType, PublicKey},
};
use proptest::{
    collection::vec,
    prelude::*,
    sample::{Index, select},
};
use serde_json::json;

use self::common::next_block;

/// More instructions than this are not run: fees may be damaged too, and a
/// script that costs nothing may be endless.
const MAX_INSTRUCTIONS: u64 = 20_000;

fn hash_of(native: &str) -> Hash160 {
    NATIVES.into_iter().find(|contract| contract.name == native).expect("a native contract").hash
}

/// A chain with something under most keys that native contracts have, and a
/// contract with a method for each system call.
struct World {
    chain: Chain,
    contract: Hash160,
    /// The account that holds all tokens, and the committee's.
    signers: [Hash160; 2],
    key: PublicKey,
}

static WORLD: LazyLock<World> = LazyLock::new(World::new);

impl World {
    fn new() -> Self {
        let settings = ProtocolSettings::private();
        let key = settings.standby_committee[0];
        let owner = bft_address(settings.standby_validators()).unwrap();
        let committee = majority_address(&settings.standby_committee).unwrap();
        let mut chain = Chain::new(settings).unwrap();
        let (nef, manifest) = contract_of_system_calls();
        let deployed = chain.deploy(Signer::new(owner, WitnessScopes::GLOBAL), &nef, manifest.as_bytes()).unwrap();
        let mut world = Self { chain, contract: deployed.state().hash, signers: [owner, committee], key };
        world.fill();
        world
    }

    /// Calls what leaves something in the storage. All calls must succeed.
    fn fill(&mut self) {
        let [owner, _] = self.signers;
        let key = StackItem::from(&self.key);
        let account = StackItem::from(neovm_chain::contract::account(&self.key));
        let deposit = StackItem::array([StackItem::Null, 500.into()]);
        for (contract, method, arguments) in [
            ("NeoToken", "transfer", vec![owner.into(), account.clone(), 1000.into(), StackItem::Null]),
            ("NeoToken", "registerCandidate", vec![key.clone()]),
            ("NeoToken", "vote", vec![owner.into(), key.clone()]),
            ("GasToken", "transfer", vec![owner.into(), hash_of("Notary").into(), GAS.into(), deposit]),
            ("PolicyContract", "blockAccount", vec![Hash160([3; 20]).into()]),
            ("PolicyContract", "setAttributeFee", vec![1.into(), 5.into()]),
            ("PolicyContract", "setWhitelistFeeContract", whitelisted(self.contract)),
            ("RoleManagement", "designateAsRole", vec![8.into(), StackItem::array([key.clone()])]),
            ("RoleManagement", "designateAsRole", vec![32.into(), StackItem::array([key])]),
        ] {
            self.call(hash_of(contract), method, arguments);
        }
        for key in [&b"a"[..], b"ab", b"b"] {
            self.call(self.contract, "System.Storage.Put", vec![key.into(), "value".into()]);
        }
        self.call(self.contract, "request", vec![]);
        self.chain.persist(&self.block(&[])).unwrap();
    }

    fn call(&mut self, contract: Hash160, method: &str, arguments: Vec<StackItem>) {
        let mut call = Invocation::call(contract, method, arguments).unwrap().with_gas(2000 * GAS);
        for account in self.signers() {
            call = call.with_signer(account);
        }
        assert_eq!(self.chain.execute(&call).unwrap().fault, None, "{method}");
    }

    /// The accounts that sign, each once.
    fn signers(&self) -> Vec<Signer> {
        let [owner, committee] = self.signers;
        let accounts = if owner == committee { vec![owner] } else { vec![owner, committee] };
        accounts.into_iter().map(|account| Signer::new(account, WitnessScopes::GLOBAL)).collect()
    }

    fn transaction(&self, script: Script, attributes: Vec<Attribute>) -> Transaction {
        let unsigned = UnsignedTransaction {
            version: 0,
            nonce: 0,
            system_fee: 20 * GAS,
            network_fee: GAS,
            valid_until_block: 100,
            signers: self.signers(),
            attributes,
            script,
        };
        unsigned.with_empty_witnesses().unwrap()
    }

    /// The next block.
    fn block(&self, transactions: &[Transaction]) -> Block {
        next_block(&self.chain, transactions.to_vec())
    }
}

const GAS: i64 = 100_000_000;

fn whitelisted(contract: Hash160) -> Vec<StackItem> {
    vec![contract.into(), "System.Runtime.GetTime".into(), 0.into(), 7.into()]
}

/// A NEF file and a manifest with a method for each system call, of its name,
/// and one that asks the oracle.
fn contract_of_system_calls() -> (Vec<u8>, String) {
    let mut script = Vec::new();
    let mut methods = Vec::new();
    for row in SYSCALLS {
        let parameters: Vec<_> = passed_parameters(row)
            .into_iter()
            .enumerate()
            .map(|(index, kind)| json!({"name": format!("p{index}"), "type": kind.name()}))
            .collect();
        let returns = if leaves_item(row) { "Any" } else { "Void" };
        methods.push(method(row.name, script.len(), parameters, returns));
        script.extend_from_slice(system_call(row).bytes());
    }
    let arguments = ["https://neo.org".into(), StackItem::Null, "request".into(), StackItem::Null, 10_000_000.into()];
    methods.push(method("request", script.len(), vec![], "Any"));
    let mut request = ScriptBuilder::new();
    request.dynamic_call(hash_of("OracleContract"), "request", CallFlags::ALL, &arguments).op(OpCode::RET);
    script.extend_from_slice(request.build().unwrap().bytes());
    let manifest = json!({
        "name": "Calls", "groups": [], "features": {}, "supportedstandards": [], "trusts": [], "extra": null,
        "permissions": [{"contract": "*", "methods": "*"}],
        "abi": {"methods": methods, "events": [{"name": "e", "parameters": []}]},
    });
    let nef = NefFile { compiler: "test".into(), source: String::new(), tokens: vec![], script: Script::from(script) };
    (nef.to_bytes().unwrap(), manifest.to_string())
}

fn method(name: &str, offset: usize, parameters: Vec<serde_json::Value>, returns: &str) -> serde_json::Value {
    json!({"name": name, "offset": offset, "parameters": parameters, "returntype": returns, "safe": false})
}

/// Whether a system call leaves an item, although its row may have no result.
fn leaves_item(row: &Syscall) -> bool {
    row.returns != ParameterType::Void || ["System.Contract.Call", "System.Runtime.LoadScript"].contains(&row.name)
}

/// Whether a system call takes an iterator.
fn iterates(row: &Syscall) -> bool {
    row.name.starts_with("System.Iterator.")
}

/// The parameters of the method for a system call: those of the call without
/// storage contexts. Find's prefix and options stand for an iterator.
fn passed_parameters(row: &Syscall) -> Vec<ParameterType> {
    if iterates(row) {
        return vec![ParameterType::ByteArray, ParameterType::Integer];
    }
    let kinds = row.parameters.iter().map(|(_, kind)| *kind);
    kinds.filter(|kind| *kind != ParameterType::InteropInterface).collect()
}

/// The script of the method for a system call. A context comes first among the
/// parameters.
fn system_call(row: &Syscall) -> Script {
    let mut script = ScriptBuilder::new();
    if row.parameters.first().is_some_and(|(_, kind)| *kind == ParameterType::InteropInterface) {
        script.syscall("System.Storage.GetContext");
    }
    if iterates(row) {
        script.syscall("System.Storage.Find");
    }
    if row.name == "System.Iterator.Value" {
        script.op(OpCode::DUP).syscall("System.Iterator.Next").op(OpCode::DROP);
    }
    script.syscall(row.name).op(OpCode::RET).build().unwrap()
}

/// What happens to a value of the store.
#[derive(Clone, Debug)]
enum Damage {
    Deleted,
    Replaced(Vec<u8>),
    Cut(Index),
    Flipped(Index, u8),
    /// A field of a stored item, found by a path, becomes one of [`odd_items`].
    Field(Vec<Index>, Index),
}

fn damage() -> impl Strategy<Value = Damage> {
    let index = any::<Index>;
    let odd = index().prop_map(|choice| serialize(choice.get(&odd_items())));
    prop_oneof![
        1 => Just(Damage::Deleted),
        2 => vec(any::<u8>(), 0..80).prop_map(Damage::Replaced),
        2 => odd.prop_map(Damage::Replaced),
        2 => index().prop_map(Damage::Cut),
        3 => (index(), 1..=u8::MAX).prop_map(|(place, bits)| Damage::Flipped(place, bits)),
        6 => (vec(index(), 1..5), index()).prop_map(|(path, choice)| Damage::Field(path, choice)),
    ]
}

/// Items of other forms than anybody expects in a place.
fn odd_items() -> Vec<StackItem> {
    let nested = || StackItem::structure([StackItem::array([]), StackItem::structure([1.into()])]);
    vec![
        StackItem::Null,
        0.into(),
        (-1).into(),
        i64::MIN.into(),
        i64::MAX.into(),
        vec![0x7f; 32].into(),
        "".into(),
        "\u{fffd}".into(),
        vec![0xff; 20].into(),
        StackItem::array([]),
        StackItem::structure([]),
        StackItem::structure([(-1).into(), (-1).into(), StackItem::Null, (-1).into()]),
        StackItem::array([nested(), nested()]),
    ]
}

fn serialize(item: &StackItem) -> Vec<u8> {
    binary::serialize(item, 1 << 17, 2048).unwrap()
}

/// A stored item with another field; `None` if the bytes are no compound.
fn with_field(bytes: &[u8], path: &[Index], new: StackItem) -> Option<Vec<u8>> {
    let root = binary::deserialize(bytes, 1 << 17, 2048).ok()?;
    let mut current = root.clone();
    for (depth, step) in path.iter().enumerate() {
        let (StackItem::Array(fields) | StackItem::Struct(fields)) = &current else { return None };
        let place = step.index(fields.len().max(1));
        let field = fields.get(place)?;
        let is_compound = matches!(field, StackItem::Array(_) | StackItem::Struct(_));
        if depth + 1 == path.len() || !is_compound {
            fields.set(place, new).ok()?;
            break;
        }
        current = field;
    }
    Some(serialize(&root))
}

fn damaged(bytes: &[u8], damage: &Damage) -> Option<Vec<u8>> {
    let mut bytes = bytes.to_vec();
    match damage {
        Damage::Deleted => return None,
        Damage::Replaced(new) => bytes.clone_from(new),
        Damage::Cut(_) | Damage::Flipped(..) if bytes.is_empty() => {}
        Damage::Cut(place) => bytes.truncate(place.index(bytes.len())),
        Damage::Flipped(place, bits) => {
            let place = place.index(bytes.len());
            bytes[place] ^= bits;
        }
        Damage::Field(path, choice) => {
            let items = odd_items();
            let new = items[choice.index(items.len())].clone();
            bytes = with_field(&bytes, path, new).unwrap_or(bytes);
        }
    }
    Some(bytes)
}

/// Stores with damaged values, and with values where the node writes none.
fn stores() -> impl Strategy<Value = MemoryStore> {
    let foreign = (-11..=-1_i32, 0..50_u8, vec(any::<u8>(), 0..36), vec(any::<u8>(), 0..40));
    (vec((any::<Index>(), damage()), 1..8), vec(foreign, 0..4)).prop_map(|(damages, foreign)| {
        let mut store = WORLD.chain.store().clone();
        for (place, damage) in damages {
            let (key, value) = store.iter().nth(place.index(store.len())).unwrap();
            let key = key.clone();
            match damaged(value, &damage) {
                Some(value) => store.insert(key, value.into()),
                None => store.remove(&key),
            };
        }
        for (contract, prefix, suffix, value) in foreign {
            store.insert(Key::new(contract, &[prefix]).with(&suffix), value.into());
        }
        store
    })
}

/// An argument for a parameter: most often one that the parameter can take.
fn argument(kind: ParameterType, choice: &Choice) -> StackItem {
    let world = &*WORLD;
    let wrong = choice.number == 0;
    let kind = if wrong { ParameterType::Any } else { kind };
    let pick = |items: Vec<StackItem>| items[usize::from(choice.number) % items.len()].clone();
    let bytes = StackItem::from(&choice.bytes[..]);
    match kind {
        ParameterType::Boolean => pick(vec![true.into(), false.into()]),
        ParameterType::Integer => {
            pick([0, 1, 2, 8, 15, 32, 122, 10_000_000, -1, i64::MAX, i64::MIN].map(StackItem::from).to_vec())
        }
        ParameterType::ByteArray | ParameterType::Signature => {
            pick(vec![bytes, "a".into(), "".into(), vec![1; 64].into(), (&world.key).into(), world.signers[0].into()])
        }
        ParameterType::String => pick(vec!["System.Runtime.GetTime".into(), "symbol".into(), "[1]".into(), bytes]),
        ParameterType::Hash160 => {
            let natives = NATIVES.map(|native| native.hash.into()).to_vec();
            let others = vec![world.contract.into(), world.signers[0].into(), Hash160([3; 20]).into()];
            pick([others, natives].concat())
        }
        ParameterType::Hash256 => {
            pick(vec![world.chain.last_header().unwrap().hash().0.as_slice().into(), vec![1; 32].into()])
        }
        ParameterType::PublicKey => pick(vec![(&world.key).into(), bytes]),
        ParameterType::Array => {
            let key = StackItem::from(&world.key);
            pick(vec![StackItem::array([]), StackItem::array([key.clone(), key]), StackItem::array([1.into(), bytes])])
        }
        _ => pick(vec![StackItem::Null, 0.into(), bytes, StackItem::array([1.into()])]),
    }
}

/// By what an argument is chosen.
#[derive(Clone, Debug)]
struct Choice {
    number: u8,
    bytes: Vec<u8>,
}

fn choices() -> impl Strategy<Value = Vec<Choice>> {
    // Keys have a first byte from 2 to 4, and 33 or 65 bytes.
    let key = (2..=4_u8, select(vec![32_usize, 64])).prop_flat_map(|(first, length)| {
        vec(any::<u8>(), length).prop_map(move |rest| [&[first][..], &rest[..]].concat())
    });
    let bytes = prop_oneof![vec(any::<u8>(), 0..100), key];
    vec((any::<u8>(), bytes).prop_map(|(number, bytes)| Choice { number, bytes }), 8)
}

fn arguments(kinds: impl IntoIterator<Item = ParameterType>, choices: &[Choice]) -> Vec<StackItem> {
    kinds.into_iter().zip(choices.iter().cycle()).map(|(kind, choice)| argument(kind, choice)).collect()
}

/// What runs a script: a transaction, the answer of an oracle, or nothing.
fn transactions() -> [Option<Transaction>; 3] {
    let script = || Script::from(vec![OpCode::RET as u8]);
    let answer = OracleResponse { id: 0, code: OracleResponseCode::Success, result: vec![1] };
    [
        None,
        Some(WORLD.transaction(script(), vec![])),
        Some(WORLD.transaction(script(), vec![Attribute::OracleResponse(answer)])),
    ]
}

/// Runs a script over a store. If it faults, the fault says why and nothing has changed.
fn run(network: &Network, store: &MemoryStore, script: Script, transaction: Option<&Transaction>, block: &Block) {
    let job = Job {
        trigger: Trigger::Application,
        container: transaction.map_or(Container::None, Container::Transaction),
        block: Some(PersistingBlock::from(block)),
        gas: 20 * GAS,
        entry: Entry::Script { script, flags: CallFlags::ALL },
    };
    match Execution::new(network, store, &job) {
        Err(fault) => assert_ne!(fault.to_string(), ""),
        Ok(mut execution) => {
            execution.set_budget(Some(MAX_INSTRUCTIONS));
            execution.run();
            check(&execution.finish());
        }
    }
}

fn check(receipt: &Receipt) {
    if let Some(fault) = &receipt.fault {
        assert_ne!(fault.kind.to_string(), "");
        assert!(receipt.changes.is_empty());
        assert!(receipt.notifications.is_empty());
    }
}

fn call(contract: Hash160, method: &str, arguments: &[StackItem]) -> Script {
    ScriptBuilder::new().dynamic_call(contract, method, CallFlags::ALL, arguments).build().unwrap()
}

/// The calls of all native methods and of all system calls.
fn all_calls(choices: &[Choice]) -> Vec<Script> {
    let natives = NATIVES.into_iter().flat_map(|native| native.methods.iter().map(|row| (native.hash, row)));
    let of_natives = natives
        .map(|(hash, row)| call(hash, row.name, &arguments(row.parameters.iter().map(|(_, kind)| *kind), choices)));
    let of_system =
        SYSCALLS.iter().map(|row| call(WORLD.contract, row.name, &arguments(passed_parameters(row), choices)));
    of_natives.chain(of_system).collect()
}

/// Most calls succeed where nothing is damaged and the arguments are right, or
/// the property below would say little.
#[test]
fn calls_over_the_sound_store_reach_the_methods() {
    let choices = [3, 7, 4, 1].map(|number| Choice { number, bytes: vec![1; 20] });
    let block = WORLD.block(&[]);
    let [_, plain, _] = transactions();
    let halted = all_calls(&choices).into_iter().filter(|script| {
        let job = Job {
            trigger: Trigger::Application,
            container: Container::Transaction(plain.as_ref().unwrap()),
            block: Some(PersistingBlock::from(&block)),
            gas: 100 * GAS,
            entry: Entry::Script { script: script.clone(), flags: CallFlags::ALL },
        };
        neovm_host::execute(WORLD.chain.network(), WORLD.chain.store(), &job).unwrap().halted()
    });
    let (halted, all) = (halted.count(), all_calls(&choices).len());
    assert!(halted * 5 > all * 2, "{halted} of {all} calls succeed");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn every_call_over_a_damaged_store(store in stores(), choices in choices(), container in 0..3_usize) {
        let network = WORLD.chain.network();
        let transaction = &transactions()[container];
        let block = WORLD.block(&[]);
        for script in all_calls(&choices) {
            run(network, &store, script, transaction.as_ref(), &block);
        }
    }

    #[test]
    fn blocks_over_a_damaged_store(store in stores()) {
        let network = WORLD.chain.network();
        let answer = OracleResponse { id: 0, code: OracleResponseCode::Success, result: vec![1] };
        let transactions = [
            WORLD.transaction(OracleResponse::fixed_script(), vec![Attribute::OracleResponse(answer)]),
            WORLD.transaction(call(hash_of("NeoToken"), "getCommittee", &[]), vec![Attribute::NotaryAssisted { keys: 1 }]),
        ];
        match execute_block(network, &store, &WORLD.block(&transactions)) {
            Ok(receipt) => receipt.transactions.iter().for_each(check),
            Err(fault) => prop_assert_ne!(fault.to_string(), ""),
        }
        let mut chain = Chain::with_store(Arc::clone(network), store);
        for native in NATIVES {
            if let Err(fault) = chain.contract(native.hash) {
                prop_assert_ne!(fault.to_string(), "");
            }
        }
        match chain.execute(&Invocation::call(hash_of("GasToken"), "totalSupply", vec![]).unwrap()) {
            Ok(receipt) => check(&receipt),
            Err(fault) => prop_assert_ne!(fault.to_string(), ""),
        }
    }

    #[test]
    fn malformed_deployments(
        nef_damage in proptest::option::of(damage()),
        has_checksum: bool,
        manifest_damages in vec(damage(), 0..3),
        name in select(vec!["deploy", "update"]),
    ) {
        let (mut nef, manifest) = contract_of_system_calls();
        if let Some(damage) = nef_damage {
            nef = damaged(&nef, &damage).unwrap_or_default();
        }
        // So that a damaged file is not refused for its checksum alone.
        if has_checksum && let Ok(file) = NefFile::parse_unchecked(&nef) {
            nef = file.to_bytes().unwrap_or(nef);
        }
        let mut manifest = manifest.into_bytes();
        for damage in manifest_damages {
            manifest = damaged(&manifest, &damage).unwrap_or_default();
        }
        let call = Invocation::call(hash_of("ContractManagement"), name, vec![nef.into(), manifest.into()]).unwrap();
        let receipt = WORLD.chain.invoke(&call.with_gas(100 * GAS).with_signer(WORLD.signers().remove(0))).unwrap();
        check(&receipt);
        if name == "deploy" && receipt.halted() {
            // What was accepted can be read again.
            let deployed = ContractState::from_item(&receipt.stack[0]).unwrap();
            prop_assert_eq!(ContractState::from_bytes(&deployed.to_bytes().unwrap()).unwrap(), deployed);
        }
    }

    #[test]
    fn malformed_transactions(damages in vec(damage(), 0..3), hash: [u8; 20], scripts in vec(vec(any::<u8>(), 0..80), 2)) {
        let network = WORLD.chain.network();
        let script = call(hash_of("GasToken"), "totalSupply", &[]);
        let mut bytes = WORLD.transaction(script, vec![Attribute::NotaryAssisted { keys: 1 }]).to_bytes();
        for damage in damages {
            bytes = damaged(&bytes, &damage).unwrap_or_default();
        }
        let transaction = match Transaction::parse(&bytes) {
            Ok(transaction) => transaction,
            Err(error) => {
                prop_assert_ne!(error.to_string(), "");
                return Ok(());
            }
        };
        run(network, WORLD.chain.store(), transaction.script.clone(), Some(&transaction), &WORLD.block(&[]));
        let [invocation, verification] = [&scripts[0], &scripts[1]].map(|script| Script::from(script.clone()));
        let witness = Witness { invocation, verification };
        for hash in [Hash160(hash), witness.script_hash(), WORLD.contract] {
            let container = Container::Transaction(&transaction);
            verify_witness(network, WORLD.chain.store(), container, hash, &witness, GAS).unwrap();
        }
    }
}
