//! A chain in memory: deploys a token, transfers some as a signer, and shows
//! what came of it.
//!
//! Run it with `cargo run --example token`.

use std::error::Error;

use neovm::{
    Chain, Hash160, ProtocolSettings, Receipt, Signer, StackItem, WitnessScopes, host::Invocation, storage::Store,
};

const NEF: &[u8] = include_bytes!("token.nef");
const MANIFEST: &[u8] = include_bytes!("token.manifest.json");

/// Deploys the token and transfers some of it.
pub(crate) fn main() -> Result<(), Box<dyn Error>> {
    let mut chain = Chain::new(ProtocolSettings::private())?;
    let owner = Signer::new(Hash160([1; 20]), WitnessScopes::CALLED_BY_ENTRY);
    let friend = Hash160([2; 20]);

    let token = chain.deploy(owner.clone(), NEF, MANIFEST)?;
    let (hash, id) = (token.state().hash, token.state().id);
    println!("{} is deployed as {hash}, with the id {id}", token.state().manifest.name);

    let arguments = vec![owner.account.into(), friend.into(), 500.into(), StackItem::Null];
    let transfer = Invocation::call(hash, "transfer", arguments)?;
    // Nobody has signed this one.
    let refused = chain.invoke(&transfer)?;
    assert_eq!(refused.stack, [false]);
    assert!(refused.changes.is_empty());

    let before = chain.clone();
    let receipt = chain.execute(&transfer.with_signer(owner))?;
    show(&before, &receipt)?;
    assert_eq!(receipt.stack, [true]);
    assert_eq!(receipt.notifications.len(), 1);
    assert_eq!(receipt.changes.len(), 2);

    let balance = chain.invoke(&Invocation::call(hash, "balanceOf", vec![friend.into()])?)?;
    assert_eq!(balance.stack, [500]);
    Ok(())
}

/// Shows a receipt, and what it changes on a chain.
fn show(chain: &Chain, receipt: &Receipt) -> Result<(), Box<dyn Error>> {
    match &receipt.fault {
        None => println!("HALT with {:?} for {} GAS", receipt.stack, receipt.gas_consumed),
        Some(fault) => println!("FAULT for {} GAS: {}", receipt.gas_consumed, fault.kind),
    }
    for notification in &receipt.notifications {
        println!("{} of {}: {:?}", notification.event, notification.contract, notification.state);
    }
    for (key, value) in &receipt.changes {
        println!("{key:?}: {:?} -> {value:?}", chain.store().get(key)?);
    }
    Ok(())
}
