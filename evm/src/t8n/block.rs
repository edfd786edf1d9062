//! What a block does beside its transactions: calls of system contracts, rewards, withdrawals, requests.

use std::rc::Rc;

use alloy_rlp::Encodable;
use neovm_storage::Layer;
use revm::{
    precompile::crypto,
    primitives::{Address, B256, Bytes, Log, TxKind, U256, address, b256},
};
use serde::Deserialize;

use super::{TransitionError, transaction::list};
use crate::{BlockEnv, Evm, EvmError, Message, Receipt, World, json::quantity};

/// Who calls system contracts.
const SYSTEM: Address = address!("fffffffffffffffffffffffffffffffffffffffe");
/// Source: EIP-4788.
pub(super) const BEACON_ROOTS: Address = address!("000f3df6d732807ef1319fb7b8bb8522d0beac02");
/// Source: EIP-2935.
pub(super) const HISTORY: Address = address!("0000f90827f1c53a10cb7a02335b175320002935");
/// Source: EIP-6110: the deposit contract of the main network, and its event.
const DEPOSITS: Address = address!("00000000219ab540356cbb839cbe05303d7705fa");
const DEPOSIT_EVENT: B256 = b256!("649bbc62d0e31342afea4e5cd82d4049e7e1ee912fc0889aa790803be39038c5");
/// The contracts that hold requests, with the types of these.
///
/// Source: EIP-7002, EIP-7251.
const REQUESTS: [(u8, Address); 2] = [
    (1, address!("00000961ef480eb55e80d19ad83579a64c007002")),
    (2, address!("0000bbddc7ce488642fb579f8b00f3a590007251")),
];

/// An uncle of the block: how many blocks before it, and who has mined it.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Ommer {
    #[serde(deserialize_with = "quantity")]
    delta: u64,
    address: Address,
}

/// What a validator gets from the beacon chain.
///
/// Source: EIP-4895.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Withdrawal {
    #[serde(deserialize_with = "quantity")]
    index: u64,
    #[serde(deserialize_with = "quantity")]
    validator_index: u64,
    address: Address,
    /// In billions of wei.
    #[serde(deserialize_with = "quantity")]
    amount: u64,
}

impl Withdrawal {
    pub(super) fn encode(&self, to: &mut Vec<u8>) {
        let mut fields = Vec::new();
        self.index.encode(&mut fields);
        self.validator_index.encode(&mut fields);
        self.address.encode(&mut fields);
        self.amount.encode(&mut fields);
        to.extend(list(&fields));
    }
}

/// Calls a system contract, if there is one.
///
/// # Errors
/// [`EvmError`] if the store fails.
pub(super) fn system_call(
    evm: &Evm,
    layer: &Rc<Layer<'_>>,
    block: &BlockEnv,
    contract: Address,
    input: Bytes,
) -> Result<Option<Receipt>, EvmError> {
    if evm.state(layer).code(contract)?.is_empty() {
        return Ok(None);
    }
    let (to, value) = (TxKind::Call(contract), U256::ZERO);
    let message = Message { caller: SYSTEM, to, value, input, gas: 30_000_000, is_static: false };
    evm.call(&World::new(layer), block, &message, 0).map(Some)
}

/// Pays the miners of the block and of its uncles.
pub(super) fn pay_miners(
    evm: &Evm,
    layer: &Rc<Layer<'_>>,
    miner: Address,
    ommers: &[Ommer],
    reward: u64,
) -> Result<(), TransitionError> {
    let (state, reward) = (evm.state(layer), U256::from(reward));
    for ommer in ommers {
        let part = 8_u64.checked_sub(ommer.delta);
        let part = part.ok_or_else(|| TransitionError::Config(format!("an ommer {} blocks before", ommer.delta)))?;
        state.pay(ommer.address, (reward * U256::from(part)) >> 3, evm.fork())?;
    }
    let of_ommers = (reward >> 5) * U256::from(ommers.len());
    Ok(state.pay(miner, reward + of_ommers, evm.fork())?)
}

/// Pays withdrawals out.
pub(super) fn pay_withdrawals(evm: &Evm, layer: &Rc<Layer<'_>>, all: &[Withdrawal]) -> Result<(), TransitionError> {
    let wei = |one: &Withdrawal| U256::from(one.amount) * U256::from(1_000_000_000);
    Ok(all.iter().try_for_each(|one| evm.state(layer).pay(one.address, wei(one), evm.fork()))?)
}

/// Collects the requests to the beacon chain, each with its type before it.
///
/// Source: EIP-7685.
pub(super) fn requests<'a>(
    evm: &Evm,
    layer: &Rc<Layer<'_>>,
    block: &BlockEnv,
    logs: impl Iterator<Item = &'a Log>,
) -> Result<Vec<Bytes>, TransitionError> {
    let mut requests = Vec::new();
    let mut add = |kind: u8, data: &[u8]| {
        if !data.is_empty() {
            requests.push(Bytes::from([&[kind], data].concat()));
        }
    };
    let is_deposit = |log: &&Log| log.address == DEPOSITS && log.topics().first() == Some(&DEPOSIT_EVENT);
    let deposits = logs.filter(is_deposit).map(|log| deposit(&log.data.data)).collect::<Result<Vec<_>, _>>()?;
    add(0, &deposits.concat());
    for (kind, contract) in REQUESTS {
        let receipt = system_call(evm, layer, block, contract, Bytes::new())?;
        let receipt = receipt.ok_or_else(|| TransitionError::Evm(format!("there is no system contract {contract}")))?;
        if !receipt.status.is_success() {
            return Err(TransitionError::Evm(format!("the system contract {contract} {}", receipt.status)));
        }
        add(kind, &receipt.output);
    }
    Ok(requests)
}

/// The parts of a deposit without the lengths and paddings that the event has: key, credentials, amount, signature,
/// index.
fn deposit(data: &[u8]) -> Result<Vec<u8>, TransitionError> {
    let Ok(data) = <&[u8; 576]>::try_from(data) else {
        return Err(TransitionError::Evm(format!("a deposit of {} bytes; it has 576", data.len())));
    };
    Ok([&data[192..240], &data[288..320], &data[352..360], &data[416..512], &data[544..552]].concat())
}

/// The hash of the requests' hashes.
pub(super) fn requests_hash(requests: &[Bytes]) -> B256 {
    let hashes: Vec<_> = requests.iter().map(|request| crypto().sha256(request)).collect();
    crypto().sha256(&hashes.concat()).into()
}
