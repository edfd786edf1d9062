//! `config.json` of the reference node.
//!
//! Source: `ProtocolSettings.cs`. The node reads the file by .NET's configuration
//! builder, which allows comments and trailing commas, ignores the case of names and
//! takes numbers that are written as text.

use std::{fmt, str::FromStr};

use jsonc_parser::{ParseOptions, parse_to_serde_value};
use neovm_host::{HardforkHeights, PolicyAtEchidna, ProtocolSettings};
use neovm_types::Hardfork;
use serde_json::{Map, Value, json};

use super::{ConfigError, LAST_KNOWN, committee, hardfork, heights, parse, validators};

const SECTION: &str = "ProtocolConfiguration";

/// What .NET's configuration builder reads: JSON with comments and trailing commas.
const JSON: ParseOptions = ParseOptions {
    allow_comments: true,
    allow_trailing_commas: true,
    allow_loose_object_property_names: false,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

/// Reads the section `ProtocolConfiguration` of the reference node's `config.json`.
///
/// Settings that are left out have the values of the node. If the hardforks are left
/// out or none is named, all are active from the first block. One that is not named
/// is active from the first block if a later one is named, and never otherwise.
///
/// # Errors
/// [`ConfigError`] if the text is not JSON, or the first setting that is refused.
pub fn from_csharp(text: &str) -> Result<ProtocolSettings, ConfigError> {
    let file: Value =
        parse_to_serde_value(text, &JSON).map_err(|error| ConfigError::Syntax(format!("is not JSON: {error}")))?;
    let file = Section { path: "", members: file.as_object() };
    let section = file.section(SECTION)?;
    if section.members.is_none() {
        return Err(ConfigError::field(SECTION, "is missing"));
    }
    Ok(ProtocolSettings {
        network: section.number("Network", 0)?,
        address_version: section.number("AddressVersion", 53)?,
        standby_committee: section.committee()?,
        validators_count: section.validators()?,
        milliseconds_per_block: section.number("MillisecondsPerBlock", 15_000)?,
        max_transactions_per_block: section.number("MaxTransactionsPerBlock", 512)?,
        memory_pool_max_transactions: section
            .number("MemoryPoolMaxTransactions", ProtocolSettings::MEMORY_POOL_MAX_TRANSACTIONS)?,
        max_valid_until_block_increment: section.number("MaxValidUntilBlockIncrement", 5760)?,
        max_traceable_blocks: section.number("MaxTraceableBlocks", 2_102_400)?,
        initial_gas_distribution: section.number("InitialGasDistribution", 5_200_000_000_000_000)?,
        hardforks: section.hardforks()?,
        policy_at_echidna: None,
    })
}

/// Writes settings in the form of the reference node's `config.json`, so that [`from_csharp`] reads the same ones.
///
/// # Errors
/// [`ConfigError`] if the form has no words for them: values of policy at Echidna that are not those before, and
/// no hardfork at all.
pub fn to_csharp(settings: &ProtocolSettings) -> Result<String, ConfigError> {
    if settings.policy_at_echidna() != plain(settings) {
        return Err(ConfigError::field("Genesis", "has values that config.json of the reference node cannot name"));
    }
    let named = Hardfork::ALL[1..].iter().filter_map(|hardfork| {
        let height = settings.hardforks.height(*hardfork)?;
        Some((format!("HF_{hardfork}"), Value::from(height)))
    });
    let hardforks: Map<String, Value> = named.collect();
    if hardforks.is_empty() {
        return Err(ConfigError::field("Hardforks", "has none, which config.json of the reference node cannot say"));
    }
    let committee: Vec<String> = settings.standby_committee.iter().map(ToString::to_string).collect();
    let section = json!({
        "Network": settings.network,
        "AddressVersion": settings.address_version,
        "MillisecondsPerBlock": settings.milliseconds_per_block,
        "MaxTransactionsPerBlock": settings.max_transactions_per_block,
        "MemoryPoolMaxTransactions": settings.memory_pool_max_transactions,
        "MaxValidUntilBlockIncrement": settings.max_valid_until_block_increment,
        "MaxTraceableBlocks": settings.max_traceable_blocks,
        "InitialGasDistribution": settings.initial_gas_distribution,
        "ValidatorsCount": settings.validators_count,
        "StandbyCommittee": committee,
        "Hardforks": hardforks,
    });
    Ok(format!("{:#}\n", json!({ SECTION: section })))
}

/// The values of policy as they are before Echidna.
fn plain(settings: &ProtocolSettings) -> PolicyAtEchidna {
    ProtocolSettings { policy_at_echidna: None, ..settings.clone() }.policy_at_echidna()
}

/// An object of the file; without members if it is missing.
struct Section<'a> {
    path: &'a str,
    members: Option<&'a Map<String, Value>>,
}

impl<'a> Section<'a> {
    /// Returns a member, whatever the case of its name, unless it is null.
    fn get(&self, name: &str) -> Result<Option<&'a Value>, ConfigError> {
        let Some(members) = self.members else { return Ok(None) };
        let mut found = members.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
        let first = found.next().map(|(_, value)| value).filter(|value| !value.is_null());
        match found.next() {
            Some((key, _)) => Err(ConfigError::field(self.field(name), format_args!("is there again, as {key:?}"))),
            None => Ok(first),
        }
    }

    fn field(&self, name: &str) -> String {
        if self.path.is_empty() { name.into() } else { format!("{}.{name}", self.path) }
    }

    fn section(&self, name: &'a str) -> Result<Section<'a>, ConfigError> {
        match self.get(name)? {
            None => Ok(Section { path: name, members: None }),
            Some(Value::Object(members)) => Ok(Section { path: name, members: Some(members) }),
            Some(value) => Err(ConfigError::field(self.field(name), format_args!("is {value}, not an object"))),
        }
    }

    /// Reads a number, also one that is written as text.
    fn number<T: FromStr<Err: fmt::Display>>(&self, name: &str, default: T) -> Result<T, ConfigError> {
        self.get(name)?.map_or(Ok(default), |value| number(&self.field(name), value))
    }

    fn committee(&self) -> Result<Vec<neovm_types::PublicKey>, ConfigError> {
        let field = self.field("StandbyCommittee");
        let keys = match self.get("StandbyCommittee")? {
            None => &[],
            Some(Value::Array(keys)) => &keys[..],
            Some(value) => return Err(ConfigError::field(field, format_args!("is {value}, not an array"))),
        };
        let texts = keys.iter().map(|key| key.as_str().unwrap_or_default());
        committee(&field, texts)
    }

    fn validators(&self) -> Result<u32, ConfigError> {
        validators(&self.field("ValidatorsCount"), self.number("ValidatorsCount", 0)?)
    }

    fn hardforks(&self) -> Result<HardforkHeights, ConfigError> {
        let field = self.field("Hardforks");
        let named = match self.get("Hardforks")? {
            None => return Ok(HardforkHeights::all_until(LAST_KNOWN)),
            Some(Value::Object(named)) if named.is_empty() => return Ok(HardforkHeights::all_until(LAST_KNOWN)),
            Some(Value::Object(named)) => named,
            Some(value) => return Err(ConfigError::field(field, format_args!("is {value}, not an object"))),
        };
        let height = |(name, height): (&String, &Value)| -> Result<(Hardfork, u32), ConfigError> {
            let prefix = name.get(..3).filter(|prefix| prefix.eq_ignore_ascii_case("HF_"));
            let known = prefix.and_then(|_| hardfork(&name[3..]));
            let unknown = || ConfigError::field(&*field, format_args!("{name:?} is no hardfork that the node knows"));
            Ok((known.ok_or_else(unknown)?, number(&format!("{field}.{name}"), height)?))
        };
        let named: Vec<_> = named.iter().map(height).collect::<Result<_, _>>()?;
        heights(&field, &named)
    }
}

fn number<T: FromStr<Err: fmt::Display>>(field: &str, value: &Value) -> Result<T, ConfigError> {
    match value {
        Value::String(text) => parse(field, text),
        Value::Number(number) => parse(field, &number.to_string()),
        _ => Err(ConfigError::field(field, format_args!("is {value}, not a number"))),
    }
}
