//! Giving a chain to another validator.

use neovm_chain::{Header, contract::bft_address};
use neovm_storage::{Batch, Layer, Store};
use neovm_types::{FaultKind, Integer, PublicKey};

use super::{fungible, gas_token::Gas, ledger, neo_token};
use crate::fault;

/// Returns what makes a chain go on from a block by one key: the changes to write to the state after it.
///
/// - The committee is that key alone. It is a candidate with more votes than there are tokens, so that it stays the
///   committee, whoever votes for whom, in a network whose committee has one member.
/// - The account of that committee, which is that of its validators too, has as much more GAS as is given, in datoshi,
///   and so is the supply greater. (NEO cannot be made: there are 100 million by definition.)
/// - The block is the last one.
///
/// # Errors
/// A fault if the store cannot be read or is damaged.
pub fn take_over(store: &dyn Store, last: &Header, key: PublicKey, gas: i64) -> Result<Batch, FaultKind> {
    let layer = Layer::over(store);
    neo_token::install(&layer, key)?;
    fungible::issue::<Gas>(&layer, bft_address(&[key]).map_err(fault)?, Integer::Small(gas))?;
    ledger::write_last_block(&layer, last.hash(), last.index)?;
    Ok(layer.changes())
}
