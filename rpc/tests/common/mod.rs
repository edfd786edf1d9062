//! A private chain in a folder of its own, and calls of its node.

#![allow(dead_code, reason = "not every test uses all of it")]

pub(crate) mod contracts;
pub(crate) mod server;

use std::sync::{Arc, RwLock};

use base64::{Engine, prelude::BASE64_STANDARD};
use neovm_chain::{Attribute, Signer, Transaction, UnsignedTransaction, WitnessScopes};
use neovm_host::ProtocolSettings;
use neovm_private::{NewChain, PrivateChain};
use neovm_rpc::{Limits, Mining, Node, Request, answer};
use neovm_types::{CallFlags, Hash160, Manifest, NefFile, OpCode, Script, ScriptBuilder, StackItem, hash::syscall_id};
use neovm_wallet::{PrivateKey, sign_transaction};
use serde_json::{Value, json};
use tempfile::TempDir;

pub(crate) const GAS: &str = "0xd2a4cff31913016155e38e474a2c06d08be276cf";
pub(crate) const NEO: &str = "0xef4073a0f2b305a38ec4050e4d3d28bc40ea63f5";
pub(crate) const MANAGEMENT: &str = "0xfffdc93764dbaddd97c48f252a53ea4643faa3fd";
pub(crate) const ZERO: &str = "0x0000000000000000000000000000000000000000000000000000000000000000";

/// A folder that is removed in the end.
pub(crate) fn new_folder(name: &str) -> TempDir {
    tempfile::Builder::new().prefix(&format!("neovm-rpc-{name}-")).tempdir().expect("a folder")
}

/// A node of a new private chain. The key of the validator is 1.
pub(crate) struct World {
    pub(crate) node: Arc<RwLock<Node>>,
    pub(crate) key: PrivateKey,
    nonce: u32,
    pub(crate) folder: TempDir,
}

impl World {
    pub(crate) fn new(name: &str) -> Self {
        Self::with(name, Mining::Each, Limits::default())
    }

    pub(crate) fn with(name: &str, mining: Mining, limits: Limits) -> Self {
        let folder = new_folder(name);
        let mut bytes = [0; 32];
        bytes[31] = 1;
        let key = PrivateKey::from_bytes(&bytes).expect("a key");
        let new = NewChain { settings: ProtocolSettings::private(), validator: key.clone() };
        let chain = PrivateChain::create(folder.path(), &new).expect("a chain");
        let node = Node::new(chain, mining, limits).expect("a node");
        Self { node: Arc::new(RwLock::new(node)), key, nonce: 0, folder }
    }

    /// The node of a chain whose rich account a key has.
    pub(crate) fn of(chain: PrivateChain, key: PrivateKey, folder: TempDir, mining: Mining) -> Self {
        let node = Node::new(chain, mining, Limits::default()).expect("a node");
        Self { node: Arc::new(RwLock::new(node)), key, nonce: 0, folder }
    }

    /// Closes the node and opens it again.
    pub(crate) fn reopened(self) -> Self {
        self.closed(|| {})
    }

    /// Closes the node, does something, and opens the node again.
    pub(crate) fn closed(self, action: impl FnOnce()) -> Self {
        let Self { node, key, nonce, folder } = self;
        drop(node);
        action();
        let node = Node::new(PrivateChain::open(folder.path()).unwrap(), Mining::Each, Limits::default()).unwrap();
        Self { node: Arc::new(RwLock::new(node)), key, nonce, folder }
    }

    /// What a request is answered.
    pub(crate) fn request(&self, request: &Value) -> Value {
        let request = Request::parse(request.to_string().as_bytes(), 100).expect("a request");
        let text = answer(&self.node, &request).expect("an answer");
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    /// The result of a call.
    #[track_caller]
    pub(crate) fn call(&self, method: &str, params: Value) -> Value {
        let answer = self.request(&json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}));
        assert_eq!((&answer["error"], &answer["id"]), (&Value::Null, &json!(1)), "{method}");
        answer["result"].clone()
    }

    /// The code and the message of the error of a call.
    #[track_caller]
    pub(crate) fn error(&self, method: &str, params: Value) -> (i64, String) {
        let answer = self.request(&json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}));
        let error = &answer["error"];
        let message = error["message"].as_str().unwrap_or_else(|| panic!("{method}: no error: {answer}"));
        (error["code"].as_i64().expect("a code"), message.into())
    }

    /// The account that has the first GAS and NEO.
    pub(crate) fn rich(&self) -> Hash160 {
        let node = self.node.read().unwrap();
        neovm_chain::contract::bft_address(&node.settings().standby_committee).unwrap()
    }

    /// A transaction of the rich account.
    pub(crate) fn transaction(&mut self, script: Script, attributes: Vec<Attribute>) -> Transaction {
        self.paying(2_000_000_000, script, attributes)
    }

    /// A transaction that does nothing and pays a system fee.
    pub(crate) fn costing(&mut self, system_fee: i64) -> Transaction {
        self.paying(system_fee, [OpCode::RET as u8].as_slice().into(), Vec::new())
    }

    fn paying(&mut self, system_fee: i64, script: Script, attributes: Vec<Attribute>) -> Transaction {
        self.nonce += 1;
        let unsigned = UnsignedTransaction {
            version: 0,
            nonce: self.nonce,
            system_fee,
            network_fee: 10_000_000 + i64::from(self.nonce),
            valid_until_block: 1000,
            signers: vec![Signer::new(self.rich(), WitnessScopes::CALLED_BY_ENTRY)],
            attributes,
            script,
        };
        let key = *self.key.public_key();
        let verification = neovm_chain::contract::multisig_script(1, &[key]).unwrap();
        let network = self.node.read().unwrap().settings().network;
        sign_transaction(&unsigned, network, std::slice::from_ref(&self.key), &[verification]).unwrap()
    }

    /// A transaction that calls a contract.
    pub(crate) fn calling(&mut self, contract: &str, method: &str, arguments: &[StackItem]) -> Transaction {
        self.transaction(script(contract, method, arguments), Vec::new())
    }

    /// Sends a transaction, which is mined at once, and returns its hash.
    #[track_caller]
    pub(crate) fn send(&mut self, transaction: &Transaction) -> String {
        let result = self.call("sendrawtransaction", json!([base64(&transaction.to_bytes())]));
        assert_eq!(result["hash"], transaction.hash().to_string());
        transaction.hash().to_string()
    }

    /// Sends a transfer of a token.
    #[track_caller]
    pub(crate) fn transfer(&mut self, token: &str, to: Hash160, amount: i64) -> String {
        let from = self.rich();
        let transaction = self.calling(token, "transfer", &[from.into(), to.into(), amount.into(), StackItem::Null]);
        self.send(&transaction)
    }

    /// Deploys a contract of the rich account, and returns its hash.
    #[track_caller]
    pub(crate) fn deploy(&mut self, nef: &NefFile, manifest: &Value) -> String {
        let manifest = Manifest::parse(manifest.to_string().as_bytes()).unwrap();
        let nef_bytes = nef.to_bytes().unwrap();
        let arguments = [nef_bytes.as_slice().into(), manifest.to_json().as_str().into()];
        let transaction = self.calling(MANAGEMENT, "deploy", &arguments);
        let hash = self.send(&transaction);
        let log = self.call("getapplicationlog", json!([hash]));
        assert_eq!(log["executions"][0]["vmstate"], "HALT", "{log}");
        neovm_chain::contract::contract_hash(self.rich(), nef.checksum(), &manifest.name).to_string()
    }
}

pub(crate) fn script(contract: &str, method: &str, arguments: &[StackItem]) -> Script {
    let contract = contract.parse().unwrap();
    ScriptBuilder::new().dynamic_call(contract, method, CallFlags::ALL, arguments).build().unwrap()
}

pub(crate) fn base64(bytes: &[u8]) -> String {
    BASE64_STANDARD.encode(bytes)
}

/// The NEF file of a script.
pub(crate) fn nef(script: &[u8]) -> NefFile {
    NefFile { compiler: "test".into(), source: String::new(), tokens: Vec::new(), script: script.into() }
}

/// A contract with three methods: `find` returns an iterator over its storage, `forever` never returns, and `put`
/// stores a value under a key.
pub(crate) fn keeper() -> (NefFile, Value) {
    let mut script = Vec::new();
    let syscall = |script: &mut Vec<u8>, name: &str| {
        script.push(OpCode::SYSCALL as u8);
        script.extend(syscall_id(name).to_le_bytes());
    };
    let find = script.len();
    script.push(OpCode::PUSH0 as u8);
    script.push(OpCode::PUSHDATA1 as u8);
    script.push(0);
    syscall(&mut script, "System.Storage.GetReadOnlyContext");
    syscall(&mut script, "System.Storage.Find");
    script.push(OpCode::RET as u8);
    let forever = script.len();
    script.extend([OpCode::JMP as u8, 0]);
    let put = script.len();
    syscall(&mut script, "System.Storage.GetContext");
    syscall(&mut script, "System.Storage.Put");
    script.push(OpCode::RET as u8);
    let nef = nef(&script);
    let method = |name: &str, offset: usize, parameters: Value, returned: &str| json!({"name": name, "offset": offset, "parameters": parameters, "returntype": returned, "safe": false});
    let bytes = json!([{"name": "key", "type": "ByteArray"}, {"name": "value", "type": "ByteArray"}]);
    let methods = json!([
        method("find", find, json!([]), "InteropInterface"),
        method("forever", forever, json!([]), "Void"),
        method("put", put, bytes, "Void"),
    ]);
    let manifest = json!({
        "name": "keeper", "groups": [], "features": {}, "supportedstandards": [], "trusts": [], "extra": null,
        "abi": {"methods": methods, "events": []}, "permissions": [{"contract": "*", "methods": "*"}],
    });
    (nef, manifest)
}
