//! Contracts as arguments name them, and how results name them.

use std::sync::Arc;

use anyhow::{Context, Result, bail};
use neovm::{
    Hash160,
    host::{Contract, StateView, native},
    storage::{Direction, Key, Store},
    types::text::quoted,
};
use neovm_private::PrivateChain;

use crate::args;

/// The state after the last block.
pub(crate) fn view(chain: &PrivateChain) -> StateView<'_> {
    StateView::new(chain.blockchain().network(), chain.blockchain().state())
}

/// The contract that an argument names: by hash, by the name of a native contract, NEO or GAS, or by the name in its
/// manifest.
pub(crate) fn contract(chain: &PrivateChain, text: &str) -> Result<Arc<Contract>> {
    let view = view(chain);
    let name = match text {
        "NEO" => "NeoToken",
        "GAS" => "GasToken",
        other => other,
    };
    let native = native::NATIVES.into_iter().find(|native| native.name == name).map(|native| native.hash);
    if let Some(hash) = native.or_else(|| args::account(text).ok()) {
        return view.contract(hash)?.with_context(|| format!("there is no contract {text}"));
    }
    let named: Vec<_> = deployed(chain)?.into_iter().filter(|it| it.state().manifest.name == text).collect();
    match &named[..] {
        [contract] => Ok(Arc::clone(contract)),
        [] => {
            const NAMES: &str = "its hash, the name of its manifest, or that of a native one";
            bail!("there is no contract {}: give {NAMES}", quoted(text))
        }
        several => {
            let hashes = several.iter().map(|contract| contract.state().hash.to_string()).collect::<Vec<_>>();
            bail!("there are {} contracts {text}: give the hash, one of {}", several.len(), hashes.join(", "))
        }
    }
}

/// All contracts that were deployed.
fn deployed(chain: &PrivateChain) -> Result<Vec<Arc<Contract>>> {
    const PREFIX_CONTRACT: u8 = 8;
    let (view, state) = (view(chain), chain.blockchain().state());
    let prefix = Key::new(native::NATIVES[0].id, &[PREFIX_CONTRACT]);
    let mut contracts = Vec::new();
    for entry in state.seek(&prefix, None, Direction::Forward) {
        let (key, _) = entry?;
        let Some(hash) = key.local().get(1..).and_then(|hash| hash.try_into().ok()) else { continue };
        contracts.extend(view.contract(Hash160(hash))?);
    }
    Ok(contracts)
}

/// The name of a contract in results, or its hash.
pub(crate) fn name(chain: &PrivateChain, hash: Hash160) -> String {
    if let Some(native) = native::find(hash) {
        return native.name.into();
    }
    match view(chain).contract(hash) {
        Ok(Some(contract)) => contract.state().manifest.name.escape_debug().to_string(),
        _ => hash.to_string(),
    }
}
