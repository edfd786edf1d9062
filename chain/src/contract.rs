//! Accounts and contracts: standard verification scripts and hashes.
//!
//! Sources: `SmartContract/Contract.cs` and `SmartContract/Helper.cs`.

use std::sync::LazyLock;

use neovm_types::{
    Hash160, OpCode, PublicKey, Script, ScriptBuilder,
    hash::{hash160, syscall_id},
};

/// The instruction that checks a signature.
static CHECK_SIG: LazyLock<[u8; 5]> = LazyLock::new(|| syscall("System.Crypto.CheckSig"));
const CHECK_MULTISIG: &str = "System.Crypto.CheckMultisig";

/// The largest number of keys of a multi-signature account.
pub const MAX_MULTISIG_KEYS: usize = 1024;

/// Why there is no multi-signature account with some keys.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{required} of {keys} signatures: from 1 to all of them can be required, and there are at most {MAX_MULTISIG_KEYS}"
)]
pub struct MultisigError {
    /// The number of signatures that is required.
    pub required: usize,
    /// The number of keys.
    pub keys: usize,
}

/// Returns the verification script of the account of a key.
pub fn signature_script(key: &PublicKey) -> Script {
    Script::from(&signature_bytes(key)[..])
}

/// Returns the account of a key: the hash of its verification script.
pub fn account(key: &PublicKey) -> Hash160 {
    hash160(&signature_bytes(key))
}

fn signature_bytes(key: &PublicKey) -> [u8; 40] {
    let mut script = [0; 40];
    script[..2].copy_from_slice(&[OpCode::PUSHDATA1 as u8, 33]);
    script[2..35].copy_from_slice(&key.0);
    script[35..].copy_from_slice(&*CHECK_SIG);
    script
}

/// Returns the verification script of an account for which a number of keys must
/// sign. The order of the keys does not matter: the script has them sorted.
///
/// # Errors
/// [`MultisigError`] unless 1 <= `required` <= number of keys <= 1024.
pub fn multisig_script(required: usize, keys: &[PublicKey]) -> Result<Script, MultisigError> {
    let mut keys = keys.to_vec();
    keys.sort();
    ordered_multisig_script(required, &keys)
}

/// Returns [`multisig_script`] with the keys in the order in which they are given.
///
/// # Errors
/// Those of [`multisig_script`].
pub fn ordered_multisig_script(required: usize, keys: &[PublicKey]) -> Result<Script, MultisigError> {
    if !(1 <= required && required <= keys.len() && keys.len() <= MAX_MULTISIG_KEYS) {
        return Err(MultisigError { required, keys: keys.len() });
    }
    let mut script = ScriptBuilder::new();
    script.push(required);
    for key in keys {
        script.push(key);
    }
    script.push(keys.len()).syscall(CHECK_MULTISIG);
    Ok(built(&script))
}

/// Returns the account for which more than two thirds of the keys must sign, such
/// as that of the consensus nodes: `n - (n - 1) / 3` of `n`.
///
/// # Errors
/// [`MultisigError`] if there are no keys or more than 1024.
pub fn bft_address(keys: &[PublicKey]) -> Result<Hash160, MultisigError> {
    let required = keys.len() - keys.len().saturating_sub(1) / 3;
    multisig_script(required, keys).map(|script| script.hash())
}

/// Returns the account for which more than half of the keys must sign, such as that
/// of the committee: `n - (n - 1) / 2` of `n`.
///
/// Source: `NeoToken.GetCommitteeAddress`.
///
/// # Errors
/// [`MultisigError`] if there are no keys or more than 1024.
pub fn majority_address(keys: &[PublicKey]) -> Result<Hash160, MultisigError> {
    let required = keys.len() - keys.len().saturating_sub(1) / 2;
    multisig_script(required, keys).map(|script| script.hash())
}

/// Returns the hash that a contract gets when it is deployed.
///
/// `sender` is the sender of the transaction that deploys it, `nef_checksum` the
/// checksum of its NEF file, `name` the name in its manifest. Native contracts have
/// a zero sender and checksum.
///
/// # Panics
/// If the name has more bytes than a script.
pub fn contract_hash(sender: Hash160, nef_checksum: u32, name: &str) -> Hash160 {
    let mut script = ScriptBuilder::new();
    script.op(OpCode::ABORT).push(sender).push(nef_checksum).push(name);
    built(&script).hash()
}

/// Returns a script that cannot fail to build.
pub(crate) fn built(script: &ScriptBuilder) -> Script {
    script.build().expect("the script has no labels and is shorter than 16 MiB")
}

/// Returns whether a script is the verification script of a single key. The key
/// itself is not checked.
pub fn is_signature_contract(script: &[u8]) -> bool {
    signature_contract(script).is_some()
}

/// Returns the compressed key of a verification script of a single key; none if
/// the script is another one. The key may be malformed or not on the curve.
pub fn signature_contract(script: &[u8]) -> Option<&[u8; 33]> {
    let (key, rest) = split_key(script)?;
    (rest == *CHECK_SIG).then_some(key)
}

/// A multi-signature verification script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MultisigContract<'a> {
    /// The number of signatures that is required.
    pub required: usize,
    /// The compressed keys. They may be malformed or not on the curve.
    pub keys: Vec<&'a [u8; 33]>,
}

impl MultisigContract<'_> {
    /// Returns the keys; none if one of them is malformed or not on the curve.
    pub fn public_keys(&self) -> Option<Vec<PublicKey>> {
        self.keys.iter().map(|key| PublicKey::from_bytes(*key).ok()).collect()
    }
}

/// Returns what a multi-signature verification script requires; none if the script
/// is another one.
pub fn multisig_contract(script: &[u8]) -> Option<MultisigContract<'_>> {
    let (required, mut rest) = split_count(script)?;
    let mut keys = Vec::new();
    while let Some((key, after)) = split_key(rest) {
        keys.push(key);
        rest = after;
    }
    let (count, rest) = split_count(rest)?;
    let fits = 1 <= required && required <= keys.len() && keys.len() <= MAX_MULTISIG_KEYS && count == keys.len();
    (fits && rest == syscall(CHECK_MULTISIG)).then_some(MultisigContract { required, keys })
}

/// Returns the signatures that the invocation script of a standard account pushes;
/// none if the script does anything else. Whether their number is the one that is
/// required is for the caller to check.
///
/// Source: `IsSingleSignatureInvocationScript` and `IsMultiSignatureInvocationScript`
/// of `Payloads/Transaction.cs`.
pub fn signatures(invocation: &[u8]) -> Option<Vec<&[u8; 64]>> {
    let mut signatures = Vec::new();
    let mut rest = invocation;
    while !rest.is_empty() {
        let signature;
        (signature, rest) = rest.strip_prefix(&[OpCode::PUSHDATA1 as u8, 64])?.split_first_chunk()?;
        signatures.push(signature);
    }
    Some(signatures)
}

/// Returns the instruction that calls a system call.
fn syscall(name: &str) -> [u8; 5] {
    let [a, b, c, d] = syscall_id(name).to_le_bytes();
    [OpCode::SYSCALL as u8, a, b, c, d]
}

/// Splits the instruction that pushes a compressed key off a script.
fn split_key(script: &[u8]) -> Option<(&[u8; 33], &[u8])> {
    script.strip_prefix(&[OpCode::PUSHDATA1 as u8, 33])?.split_first_chunk()
}

/// Splits the instruction that pushes a number of keys off a script.
fn split_count(script: &[u8]) -> Option<(usize, &[u8])> {
    const PUSHINT8: u8 = OpCode::PUSHINT8 as u8;
    const PUSHINT16: u8 = OpCode::PUSHINT16 as u8;
    const PUSH1: u8 = OpCode::PUSH1 as u8;
    const PUSH16: u8 = OpCode::PUSH16 as u8;
    match *script {
        // The reference takes the operands without a sign.
        [PUSHINT8, count, ref rest @ ..] => Some((count.into(), rest)),
        [PUSHINT16, low, high, ref rest @ ..] => Some((u16::from_le_bytes([low, high]).into(), rest)),
        [opcode @ PUSH1..=PUSH16, ref rest @ ..] => Some(((opcode - PUSH1 + 1).into(), rest)),
        _ => None,
    }
}
