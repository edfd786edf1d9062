//! System calls that verify signatures. Source: `ApplicationEngine.Crypto.cs`.

use neovm_crypto::verify_multisig;
use neovm_interp::Caller;
use neovm_types::{FaultKind, Hardfork};

use crate::{
    executor::{Container, Executor},
    fault,
    native::crypto_lib,
};

/// What a signature check costs, in price units.
pub const CHECK_SIG_PRICE: u64 = 1 << 15;

/// What the signatures of a container cover.
fn sign_data(executor: &Executor<'_>) -> Result<Vec<u8>, FaultKind> {
    let network = executor.settings().network;
    match executor.container() {
        Container::Transaction(transaction) => Ok(transaction.sign_data(network).to_vec()),
        Container::Block(block) => Ok(block.sign_data(network).to_vec()),
        Container::None => Err(fault("there is nothing that could be signed")),
    }
}

fn verify(executor: &Executor<'_>, message: &[u8], signature: &[u8], key: &[u8]) -> Result<bool, FaultKind> {
    crypto_lib::verify_secp256r1(message, key, signature, executor.is_active(Hardfork::Gorgon))
}

pub(super) fn check_sig(executor: &Executor<'_>, key: &[u8], signature: &[u8]) -> Result<bool, FaultKind> {
    verify(executor, &sign_data(executor)?, signature, key)
}

pub(super) fn check_multisig(
    executor: &mut Executor<'_>,
    caller: &mut Caller<'_>,
    keys: &[Vec<u8>],
    signatures: &[Vec<u8>],
) -> Result<bool, FaultKind> {
    let message = sign_data(executor)?;
    let (m, n) = (signatures.len(), keys.len());
    if n == 0 || m == 0 || m > n {
        return Err(fault(format!("{m} signatures for {n} keys")));
    }
    executor.charge_units(caller, CHECK_SIG_PRICE * n as u64)?;
    verify_multisig(m, n, |signature, key| verify(executor, &message, &signatures[signature], &keys[key]))
}
