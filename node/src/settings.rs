//! The settings that a chain was followed with, as the place that keeps it keeps them, too.
//!
//! Only those count that enter execution: the same blocks under other ones lead to
//! another state.

use std::{collections::BTreeMap, fmt};

use neovm_host::ProtocolSettings;
use neovm_types::Hardfork;

/// A setting that is not the one that a chain was followed with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherSetting {
    /// Its name.
    pub name: String,
    /// The value that the chain was followed with; none if it had none.
    pub kept: Option<String>,
    /// The value that it has now; none if it has none.
    pub given: Option<String>,
}

impl fmt::Display for OtherSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [kept, given] = [&self.kept, &self.given].map(|value| value.as_deref().unwrap_or("none"));
        write!(f, "{} {kept}, not {given}", self.name)
    }
}

/// Before the name of a hardfork.
const HARDFORK: &str = "hardfork ";

/// Behind the names of values that policy has when Echidna is activated.
const AT_ECHIDNA: &str = " at Echidna";

/// The settings as they are kept: lines of a name, a colon and a value.
pub(crate) fn record(settings: &ProtocolSettings) -> String {
    rows(settings).iter().map(|(name, value)| format!("{name}: {value}\n")).collect()
}

/// The settings that are not as they were kept, and have had a part in the blocks up to
/// a height. A hardfork that was ahead then can still be moved.
pub(crate) fn differences(kept: &str, settings: &ProtocolSettings, height: u32) -> Vec<OtherSetting> {
    let mut kept: BTreeMap<&str, &str> = kept.lines().filter_map(|line| line.split_once(": ")).collect();
    let rows = rows(settings);
    let given = rows.iter().map(|(name, value)| (&**name, kept.remove(&**name), Some(&**value)));
    let mut all: Vec<_> = given.collect();
    all.extend(kept.into_iter().map(|(name, value)| (name, Some(value), None)));
    let is_ahead = |name: &str, values: [Option<&str>; 2]| {
        let is_later =
            |value: Option<&str>| value.is_none_or(|value| value.parse().is_ok_and(|from: u32| from > height));
        name.starts_with(HARDFORK) && values.into_iter().all(is_later)
            || name.ends_with(AT_ECHIDNA) && settings.hardforks.at(height) < Hardfork::Echidna
    };
    let different = all.into_iter().filter(|(name, kept, given)| kept != given && !is_ahead(name, [*kept, *given]));
    let owned = |value: Option<&str>| value.map(str::to_owned);
    different
        .map(|(name, kept, given)| OtherSetting { name: name.into(), kept: owned(kept), given: owned(given) })
        .collect()
}

/// Names and values. The numbers of transactions in a block and in the pool are left
/// out: they bind those who make blocks.
fn rows(settings: &ProtocolSettings) -> Vec<(String, String)> {
    let policy = settings.policy_at_echidna();
    let numbers = [
        ("network", u64::from(settings.network)),
        ("address version", settings.address_version.into()),
        ("number of validators", settings.validators_count.into()),
        ("milliseconds between blocks", settings.milliseconds_per_block.into()),
        ("blocks that a transaction is valid for", settings.max_valid_until_block_increment.into()),
        ("traceable blocks", settings.max_traceable_blocks.into()),
        ("initial GAS in datoshi", settings.initial_gas_distribution),
    ];
    let at_echidna = [
        ("milliseconds between blocks", policy.milliseconds_per_block),
        ("blocks that a transaction is valid for", policy.max_valid_until_block_increment),
        ("traceable blocks", policy.max_traceable_blocks),
    ];
    let committee = settings.standby_committee.iter().zip(1..);
    let committee = committee.map(|(key, place): (_, usize)| (format!("committee member {place}"), key.to_string()));
    let hardforks = Hardfork::ALL[1..].iter().filter_map(|hardfork| {
        let height = settings.hardforks.height(*hardfork)?;
        Some((format!("{HARDFORK}{hardfork}"), height.to_string()))
    });
    let numbers = numbers.into_iter().map(|(name, value)| (name.to_owned(), value.to_string()));
    let at_echidna = at_echidna.into_iter().map(|(name, value)| (format!("{name}{AT_ECHIDNA}"), value.to_string()));
    numbers.chain(at_echidna).chain(committee).chain(hardforks).collect()
}
