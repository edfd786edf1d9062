//! What several tests of the node need: a chain, keys, signed transactions and blocks.

use std::sync::Arc;

use neovm_chain::{
    Attribute, Block, Signer, Transaction, UnsignedHeader, UnsignedTransaction, Witness, WitnessScopes, contract,
    merkle_root,
};
use neovm_host::{Chain, Invocation, ProtocolSettings};
use neovm_types::{Hash160, OpCode, PublicKey, Script, ScriptBuilder, StackItem};
use p256::ecdsa::{Signature, SigningKey, signature::Signer as _};

/// A key whose secret number is public.
pub(crate) struct Key {
    secret: SigningKey,
    pub(crate) public: PublicKey,
}

impl Key {
    pub(crate) fn new(number: u8) -> Self {
        let mut bytes = [0; 32];
        bytes[31] = number;
        let secret = SigningKey::from_slice(&bytes).expect("a secret number");
        let public = PublicKey::from_bytes(secret.verifying_key().to_sec1_point(true).as_bytes()).expect("a key");
        Self { secret, public }
    }

    pub(crate) fn account(&self) -> Hash160 {
        contract::account(&self.public)
    }

    pub(crate) fn signature(&self, message: &[u8]) -> [u8; 64] {
        let signature: Signature = self.secret.sign(message);
        signature.to_bytes().into()
    }

    /// The witness of the key's account.
    pub(crate) fn witness(&self, message: &[u8]) -> Witness {
        witness(&[self.signature(message)], contract::signature_script(&self.public))
    }

    /// The witness of the account of this key alone, as an account of several keys.
    pub(crate) fn multisig_witness(&self, message: &[u8]) -> Witness {
        let script = contract::multisig_script(1, &[self.public]).expect("one key");
        witness(&[self.signature(message)], script)
    }
}

/// The contract of GAS.
pub(crate) const GAS: &str = "0xd2a4cff31913016155e38e474a2c06d08be276cf";

/// A private chain whose only consensus node has the secret number 1, and two accounts
/// with 10 GAS each.
pub(crate) struct World {
    pub(crate) chain: Chain,
    pub(crate) node: Key,
    pub(crate) alice: Key,
    pub(crate) bob: Key,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(ProtocolSettings::private())
    }

    pub(crate) fn with(settings: ProtocolSettings) -> Self {
        let (node, alice, bob) = (Key::new(1), Key::new(2), Key::new(3));
        let mut world = Self { chain: Chain::new(settings).unwrap(), node, alice, bob };
        for account in [world.alice.account(), world.bob.account()] {
            let from = world.rich();
            let arguments = vec![from.into(), account.into(), 1_000_000_000.into(), StackItem::Null];
            world.call(GAS, "transfer", arguments);
        }
        world
    }

    /// The account of the consensus nodes, which is also that of the committee.
    pub(crate) fn rich(&self) -> Hash160 {
        contract::bft_address(&[self.node.public]).unwrap()
    }

    /// Calls a method of a native contract, signed by the committee.
    pub(crate) fn call(&mut self, contract: &str, method: &str, arguments: Vec<StackItem>) {
        let signer = Signer::new(self.rich(), WitnessScopes::GLOBAL);
        let call = Invocation::call(contract.parse().unwrap(), method, arguments).unwrap();
        assert!(self.chain.execute(&call.with_signer(signer)).unwrap().halted(), "{method}");
    }

    pub(crate) fn message(&self, transaction: &UnsignedTransaction) -> [u8; 36] {
        transaction.sign_data(self.chain.network().settings().network)
    }

    /// The transaction, signed by the keys of its signers.
    pub(crate) fn sign(&self, transaction: &UnsignedTransaction, keys: &[&Key]) -> Transaction {
        let message = self.message(transaction);
        let witnesses: Vec<_> = keys.iter().map(|key| key.witness(&message)).collect();
        transaction.sign(&witnesses).unwrap()
    }
}

/// A witness with an invocation script that pushes signatures.
pub(crate) fn witness(signatures: &[[u8; 64]], verification: Script) -> Witness {
    let mut invocation = ScriptBuilder::new();
    for signature in signatures {
        invocation.push(signature.as_slice());
    }
    Witness { invocation: invocation.build().expect("a short script"), verification }
}

/// A transaction of some senders that does nothing and is valid in the block after
/// the genesis block.
pub(crate) fn unsigned(accounts: &[Hash160], attributes: Vec<Attribute>) -> UnsignedTransaction {
    UnsignedTransaction {
        version: 0,
        nonce: 0,
        system_fee: 0,
        network_fee: 10_000_000,
        valid_until_block: 10,
        signers: accounts.iter().map(|account| Signer::new(*account, WitnessScopes::NONE)).collect(),
        attributes,
        script: Script::new([OpCode::RET as u8]),
    }
}

/// A block that comes next, signed by the only consensus node of a private network,
/// after a change to its header.
pub(crate) fn block(
    chain: &Chain,
    node: &Key,
    transactions: Vec<Transaction>,
    change: impl FnOnce(&mut UnsignedHeader),
) -> Block {
    let hashes: Vec<_> = transactions.iter().map(|transaction| transaction.hash()).collect();
    let last = chain.last_header().expect("a chain");
    let following = UnsignedHeader::following(&last).expect("a height");
    let mut header = UnsignedHeader { merkle_root: merkle_root(&hashes), timestamp: last.timestamp + 1, ..following };
    change(&mut header);
    let witness = node.multisig_witness(&header.sign_data(chain.network().settings().network));
    let header = header.sign(&witness).expect("a header");
    Block::new(header, transactions.into_iter().map(Arc::new).collect()).expect("a block")
}
