//! Settings as recorded outcomes and job files have them.

use std::collections::BTreeMap;

use neovm_types::Hardfork;
use serde::{Deserialize, Serialize};

use super::{HardforkHeights, PolicyAtEchidna, ProtocolSettings};
use crate::json::TextOr;

/// The name of a public network or of the private one, or all fields.
pub(super) type Form = TextOr<Line>;

/// The fields as they are written.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", expecting = "the settings of a network")]
pub(super) struct Line {
    network: u32,
    address_version: u8,
    standby_committee: Vec<String>,
    validators_count: u32,
    milliseconds_per_block: u32,
    max_transactions_per_block: u32,
    /// Left out if it is the usual one: no execution depends on it.
    #[serde(skip_serializing_if = "Option::is_none")]
    memory_pool_max_transactions: Option<u32>,
    max_valid_until_block_increment: u32,
    max_traceable_blocks: u32,
    initial_gas_distribution: u64,
    hardforks: BTreeMap<String, u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    policy_at_echidna: Option<PolicyAtEchidna>,
}

impl TryFrom<Form> for ProtocolSettings {
    type Error = String;

    fn try_from(form: Form) -> Result<Self, String> {
        match form {
            Form::Object(line) => line.try_into(),
            Form::Text(name) => Self::by_name(&name)
                .ok_or_else(|| format!("network {name:?}: it is none of mainnet, testnet and private")),
        }
    }
}

impl From<ProtocolSettings> for Form {
    fn from(settings: ProtocolSettings) -> Self {
        let name = ["mainnet", "testnet", "private"]
            .into_iter()
            .find(|name| ProtocolSettings::by_name(name).as_ref() == Some(&settings));
        name.map_or_else(|| Self::Object(settings.into()), |name| Self::Text(name.into()))
    }
}

impl From<ProtocolSettings> for Line {
    fn from(settings: ProtocolSettings) -> Self {
        let heights = &settings.hardforks;
        let height = |hardfork: &Hardfork| Some((hardfork.name().into(), heights.height(*hardfork)?));
        Self {
            network: settings.network,
            address_version: settings.address_version,
            standby_committee: settings.standby_committee.iter().map(ToString::to_string).collect(),
            validators_count: settings.validators_count,
            milliseconds_per_block: settings.milliseconds_per_block,
            max_transactions_per_block: settings.max_transactions_per_block,
            memory_pool_max_transactions: Some(settings.memory_pool_max_transactions)
                .filter(|count| *count != ProtocolSettings::MEMORY_POOL_MAX_TRANSACTIONS),
            max_valid_until_block_increment: settings.max_valid_until_block_increment,
            max_traceable_blocks: settings.max_traceable_blocks,
            initial_gas_distribution: settings.initial_gas_distribution,
            hardforks: Hardfork::ALL[1..].iter().filter_map(height).collect(),
            policy_at_echidna: settings.policy_at_echidna,
        }
    }
}

impl TryFrom<Line> for ProtocolSettings {
    type Error = String;

    fn try_from(line: Line) -> Result<Self, String> {
        let key = |key: &String| key.parse().map_err(|error| format!("standbyCommittee: {key:?}: {error}"));
        let hardfork = |(name, height): (&String, &u32)| {
            let known = name.strip_prefix("HF_").unwrap_or(name).parse::<Hardfork>();
            known.map(|hardfork| (hardfork, *height)).map_err(|error| format!("hardforks: {error}"))
        };
        let named = line.hardforks.iter().map(hardfork).collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            network: line.network,
            address_version: line.address_version,
            standby_committee: line.standby_committee.iter().map(key).collect::<Result<_, _>>()?,
            validators_count: line.validators_count,
            milliseconds_per_block: line.milliseconds_per_block,
            max_transactions_per_block: line.max_transactions_per_block,
            memory_pool_max_transactions: line
                .memory_pool_max_transactions
                .unwrap_or(Self::MEMORY_POOL_MAX_TRANSACTIONS),
            max_valid_until_block_increment: line.max_valid_until_block_increment,
            max_traceable_blocks: line.max_traceable_blocks,
            initial_gas_distribution: line.initial_gas_distribution,
            hardforks: HardforkHeights::new(&named).map_err(|error| format!("hardforks: {error}"))?,
            policy_at_echidna: line.policy_at_echidna,
        })
    }
}
