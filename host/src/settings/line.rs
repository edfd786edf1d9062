//! Settings as recorded outcomes have them.

use std::collections::BTreeMap;

use neovm_types::Hardfork;
use serde::Deserialize;

use super::{HardforkHeights, ProtocolSettings};

/// The fields as they are written.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Line {
    network: u32,
    address_version: u8,
    standby_committee: Vec<String>,
    validators_count: u32,
    milliseconds_per_block: u32,
    max_transactions_per_block: u32,
    max_valid_until_block_increment: u32,
    max_traceable_blocks: u32,
    initial_gas_distribution: u64,
    hardforks: BTreeMap<String, u32>,
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
            max_valid_until_block_increment: line.max_valid_until_block_increment,
            max_traceable_blocks: line.max_traceable_blocks,
            initial_gas_distribution: line.initial_gas_distribution,
            hardforks: HardforkHeights::new(&named).map_err(|error| format!("hardforks: {error}"))?,
            policy_at_echidna: None,
        })
    }
}
