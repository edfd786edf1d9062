//! Witnesses by private keys.

use neovm_chain::{ReadError, Transaction, UnsignedTransaction, Witness, contract};
use neovm_types::{Hash160, PublicKey, Script, ScriptBuilder, text::count};

use crate::PrivateKey;

/// Why something cannot be signed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// The script is that of neither one key nor several.
    #[error("the script of account {0} is no standard one: no keys can sign for it")]
    NotStandard(Hash160),
    /// Nobody knows the verification script of an account.
    #[error("no key and no script of account {0} is known")]
    Unknown(Hash160),
    /// Too few of the keys that can sign are there.
    #[error("account {account} needs {}, and {held} of its keys {} there", count(*.required as u64, "signature"), if *.held == 1 { "is" } else { "are" })]
    Keys {
        /// The account.
        account: Hash160,
        /// How many keys must sign.
        required: usize,
        /// How many there are.
        held: usize,
    },
    /// The transaction would be refused by nodes.
    #[error(transparent)]
    Transaction(#[from] ReadError),
}

/// Signs a message for an account with one key or several, whose verification script is given.
/// Of several keys, the first in the script's order sign, as many as are required.
///
/// # Errors
/// [`SignError`] if the script is no standard one, or keys are missing.
pub fn witness(verification: &Script, message: &[u8], keys: &[PrivateKey]) -> Result<Witness, SignError> {
    let account = verification.hash();
    let (required, all) = if let Some(key) = contract::signature_contract(verification.bytes()) {
        (1, vec![PublicKey(*key)])
    } else if let Some(multisig) = contract::multisig_contract(verification.bytes()) {
        (multisig.required, multisig.keys.into_iter().map(|key| PublicKey(*key)).collect())
    } else {
        return Err(SignError::NotStandard(account));
    };
    let signing = all.iter().filter_map(|public| keys.iter().find(|key| key.public_key() == public));
    let signing: Vec<_> = signing.take(required).collect();
    if signing.len() < required {
        return Err(SignError::Keys { account, required, held: signing.len() });
    }
    let mut invocation = ScriptBuilder::new();
    for key in signing {
        invocation.push(&key.sign(message)[..]);
    }
    // Signatures alone neither jump nor reach the greatest size of a script.
    let invocation = invocation.build().map_err(|_| SignError::NotStandard(account))?;
    Ok(Witness { invocation, verification: verification.clone() })
}

/// Signs a transaction for all of its signers. `scripts` holds verification scripts of accounts
/// with several keys; that of an account with one key follows from the key.
///
/// # Errors
/// [`SignError`] if keys or scripts are missing, or nodes would not read the transaction.
pub fn sign_transaction(
    transaction: &UnsignedTransaction,
    network: u32,
    keys: &[PrivateKey],
    scripts: &[Script],
) -> Result<Transaction, SignError> {
    let message = transaction.sign_data(network);
    let accounts = transaction.signers.iter().map(|signer| signer.account);
    let witnesses = accounts.map(|account| witness(&verification_script(account, keys, scripts)?, &message, keys));
    Ok(transaction.sign(&witnesses.collect::<Result<Vec<_>, _>>()?)?)
}

/// Finds the verification script of an account: that of a key, or one that is given.
///
/// # Errors
/// [`SignError::Unknown`] if there is none.
pub fn verification_script(account: Hash160, keys: &[PrivateKey], scripts: &[Script]) -> Result<Script, SignError> {
    let own = keys.iter().find(|key| key.account() == account);
    let own = own.map(|key| contract::signature_script(key.public_key()));
    let known = own.or_else(|| scripts.iter().find(|script| script.hash() == account).cloned());
    known.ok_or(SignError::Unknown(account))
}
