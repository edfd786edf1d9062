//! Keys and signatures.

use neovm::{
    Hash160, Script,
    chain::{Witness, contract},
    crypto::sha256,
    types::{PublicKey, ScriptBuilder},
};
use p256::ecdsa::{Signature, SigningKey, signature::Signer};

use crate::Error;

/// A key. It is the hash of a public text, so it guards nothing.
pub(crate) struct Key {
    secret: SigningKey,
    pub(crate) public: PublicKey,
}

impl Key {
    pub(crate) fn new(name: &str) -> Result<Self, Error> {
        let secret = SigningKey::from_slice(&sha256(name.as_bytes()))?;
        let public = PublicKey::from_bytes(secret.verifying_key().to_sec1_point(true).as_bytes())?;
        Ok(Self { secret, public })
    }

    fn sign(&self, data: &[u8]) -> [u8; 64] {
        let signature: Signature = self.secret.sign(data);
        signature.to_bytes().into()
    }
}

/// An account with one key, or with several of which some have to sign.
pub(crate) struct Account {
    /// Those that sign, in the order of their public keys.
    keys: Vec<Key>,
    pub(crate) verification: Script,
    pub(crate) hash: Hash160,
}

impl Account {
    pub(crate) fn single(name: &str) -> Result<Self, Error> {
        let key = Key::new(name)?;
        let verification = contract::signature_script(&key.public);
        Ok(Self { keys: vec![key], hash: verification.hash(), verification })
    }

    pub(crate) fn multisig(required: usize, mut keys: Vec<Key>) -> Result<Self, Error> {
        keys.sort_by_key(|key| key.public);
        let all: Vec<_> = keys.iter().map(|key| key.public).collect();
        let verification = contract::multisig_script(required, &all)?;
        keys.truncate(required);
        Ok(Self { keys, hash: verification.hash(), verification })
    }

    /// Returns the witness that the account gives to data.
    pub(crate) fn witness(&self, data: &[u8]) -> Witness {
        let mut invocation = ScriptBuilder::new();
        for key in &self.keys {
            invocation.push(key.sign(data).as_slice());
        }
        let invocation = invocation.build().expect("signatures fit in a script");
        Witness { invocation, verification: self.verification.clone() }
    }
}
