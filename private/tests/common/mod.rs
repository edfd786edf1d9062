//! Chains in folders of their own.

#![allow(dead_code, reason = "not every test uses all of it")]

use std::sync::Arc;

use neovm_chain::{Signer, Transaction, UnsignedTransaction, WitnessScopes};
use neovm_host::ProtocolSettings;
use neovm_private::{NewChain, PrivateChain};
use neovm_types::{CallFlags, Hash160, ScriptBuilder, StackItem};
use neovm_wallet::{PrivateKey, sign_transaction};
use tempfile::TempDir;

pub(crate) fn new_folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

pub(crate) fn new_chain(folder: &TempDir) -> PrivateChain {
    let new = NewChain { settings: ProtocolSettings::private(), validator: PrivateKey::generate().unwrap() };
    PrivateChain::create(folder.path(), &new).unwrap()
}

/// A transfer of the first GAS.
pub(crate) fn transfer(chain: &PrivateChain, to: Hash160, datoshi: i64, nonce: u32) -> Arc<Transaction> {
    signed(chain, to, datoshi, nonce, 100_000_000)
}

/// A transfer that may cost more than it does.
pub(crate) fn with_system_fee(chain: &PrivateChain, to: Hash160, nonce: u32, system_fee: i64) -> Arc<Transaction> {
    signed(chain, to, 1, nonce, system_fee)
}

fn signed(chain: &PrivateChain, to: Hash160, datoshi: i64, nonce: u32, system_fee: i64) -> Arc<Transaction> {
    let gas: Hash160 = "0xd2a4cff31913016155e38e474a2c06d08be276cf".parse().unwrap();
    let genesis = chain.wallet().find("genesis").unwrap();
    let arguments = [genesis.hash().into(), to.into(), datoshi.into(), StackItem::Null];
    let script = ScriptBuilder::new().dynamic_call(gas, "transfer", CallFlags::ALL, &arguments).build().unwrap();
    let unsigned = UnsignedTransaction {
        version: 0,
        nonce,
        system_fee,
        network_fee: 10_000_000,
        valid_until_block: chain.blockchain().height().unwrap() + 100,
        signers: vec![Signer::new(genesis.hash(), WitnessScopes::CALLED_BY_ENTRY)],
        attributes: Vec::new(),
        script,
    };
    let network = chain.blockchain().network().settings().network;
    sign_transaction(&unsigned, network, chain.keys(), &[genesis.script().unwrap()]).unwrap().into()
}
