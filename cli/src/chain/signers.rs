//! The options `--signer` and `--scope`.

use std::str::FromStr;

use anyhow::{Result, anyhow, bail};
use neovm::{
    Hash160, Signer, WitnessScopes,
    types::{json::Json, manifest::PublicKey, text::count},
};

use crate::{Usage, args};

/// A value of `--signer`.
#[derive(Clone)]
pub(crate) enum Account {
    /// An account, whose scopes are those of `--scope`.
    Hash(Hash160),
    /// A signer as the RPC takes it, with its scopes.
    Signer(Box<Signer>),
}

impl FromStr for Account {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        /// Conditions of witness rules are nested.
        const MAX_DEPTH: usize = 16;
        if !text.starts_with('{') {
            return Ok(Self::Hash(args::account(text)?));
        }
        let json = Json::parse(text.as_bytes(), MAX_DEPTH)?;
        Ok(Self::Signer(Signer::from_json(&json)?.into()))
    }
}

/// A value of `--scope`: `CalledByEntry,CustomContracts=0xef40..`.
#[derive(Clone, Default)]
pub(crate) struct Scopes {
    scopes: WitnessScopes,
    contracts: Vec<Hash160>,
    groups: Vec<PublicKey>,
}

impl FromStr for Scopes {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let mut all = Self::default();
        for part in text.split(',').map(str::trim) {
            let (name, value) = part.split_once('=').map_or((part, None), |(name, value)| (name, Some(value)));
            let scope: WitnessScopes = name.parse()?;
            match value {
                Some(value) if scope == WitnessScopes::CUSTOM_CONTRACTS => all.contracts.push(args::account(value)?),
                Some(value) if scope == WitnessScopes::CUSTOM_GROUPS => {
                    all.groups.push(value.parse().map_err(|_| anyhow!("{value:?} is not a public key"))?);
                }
                Some(_) => bail!("{name} has no value"),
                None if scope == WitnessScopes::CUSTOM_CONTRACTS || scope == WitnessScopes::CUSTOM_GROUPS => {
                    bail!("{name} needs a value: {name}=VALUE, several times for several values")
                }
                None if scope == WitnessScopes::WITNESS_RULES => {
                    bail!("rules are given with the signer: --signer '{{\"account\":..,\"scopes\":..,\"rules\":[..]}}'")
                }
                None => {}
            }
            all.scopes |= scope;
        }
        if all.scopes.contains(WitnessScopes::GLOBAL) && all.scopes != WitnessScopes::GLOBAL {
            bail!("Global cannot be combined with other scopes");
        }
        Ok(all)
    }
}

/// The signers: one value of `--scope` is for all, several are for one each.
pub(crate) fn signers(accounts: &[Account], scopes: &[Scopes]) -> Result<Vec<Signer>> {
    let hashes = accounts.iter().filter(|account| matches!(account, Account::Hash(_))).count();
    if scopes.len() > 1 && scopes.len() != hashes || hashes == 0 && !scopes.is_empty() {
        let (times, accounts) = (count(scopes.len() as u64, "time"), count(hashes as u64, "account"));
        let text = format!("--scope is given {times}, for {accounts} of --signer");
        return Err(Usage(text).into());
    }
    let usual = Scopes { scopes: WitnessScopes::CALLED_BY_ENTRY, ..Scopes::default() };
    let mut scopes = scopes.iter().chain(std::iter::repeat(scopes.last().unwrap_or(&usual)));
    let signer = |account: &Account| match account {
        Account::Signer(signer) => Signer::clone(signer),
        Account::Hash(hash) => {
            let Scopes { scopes, contracts, groups } = scopes.next().cloned().unwrap_or_default();
            Signer { allowed_contracts: contracts, allowed_groups: groups, ..Signer::new(*hash, scopes) }
        }
    };
    Ok(accounts.iter().map(signer).collect())
}
