//! Keys and signatures.

use neovm::{
    Hash160, Script,
    chain::{Witness, contract},
    crypto::sha256,
    types::{PublicKey, ScriptBuilder},
};
use p256::ecdsa::{Signature, SigningKey, signature::Signer};

use crate::Error;

/// The price of a signature, and that of pushing its bytes or those of a key, in units.
///
/// Source: `Helper.SignatureContractCost` and `MultiSignatureContractCost` of the reference node.
const CHECK_SIG: i64 = 1 << 15;
const PUSH_BYTES: i64 = 8;
const PUSH_NUMBER: i64 = 1;

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
    verification: Script,
    pub(crate) hash: Hash160,
    /// What running the witness costs, in units.
    pub(crate) units: i64,
}

impl Account {
    pub(crate) fn single(name: &str) -> Result<Self, Error> {
        let key = Key::new(name)?;
        let verification = contract::signature_script(&key.public);
        Ok(Self { keys: vec![key], hash: verification.hash(), verification, units: 2 * PUSH_BYTES + CHECK_SIG })
    }

    pub(crate) fn multisig(required: usize, mut keys: Vec<Key>) -> Result<Self, Error> {
        keys.sort_by_key(|key| key.public);
        let all: Vec<_> = keys.iter().map(|key| key.public).collect();
        let verification = contract::multisig_script(required, &all)?;
        let pushes = (required + all.len()) as i64 * PUSH_BYTES + 2 * PUSH_NUMBER;
        keys.truncate(required);
        Ok(Self { keys, hash: verification.hash(), verification, units: pushes + all.len() as i64 * CHECK_SIG })
    }

    /// Returns the witness that the account gives to data.
    pub(crate) fn witness(&self, data: &[u8]) -> Witness {
        self.witness_with(|key| key.sign(data))
    }

    /// Returns a witness of the right size, with signatures of zeros.
    pub(crate) fn unsigned_witness(&self) -> Witness {
        self.witness_with(|_| [0; 64])
    }

    fn witness_with(&self, sign: impl Fn(&Key) -> [u8; 64]) -> Witness {
        let mut invocation = ScriptBuilder::new();
        for key in &self.keys {
            invocation.push(sign(key).as_slice());
        }
        let invocation = invocation.build().expect("signatures fit in a script");
        Witness { invocation, verification: self.verification.clone() }
    }
}
