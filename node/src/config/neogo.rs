//! `protocol.*.yml` of neo-go.
//!
//! Sources: `pkg/config` and `NewBlockchain` of `pkg/core/blockchain.go`.

use std::{collections::BTreeMap, time::Duration};

use neovm_host::{HardforkHeights, PolicyAtEchidna, ProtocolSettings};
use neovm_types::Hardfork;
use serde::{Deserialize, de::IgnoredAny};

use super::{ConfigError, committee, hardfork, heights, parse, validators};

const SECTION: &str = "ProtocolConfiguration";

/// The last hardfork that neo-go activates if a configuration names none.
const LAST_STABLE: Hardfork = Hardfork::Gorgon;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct File {
    protocol_configuration: Protocol,
    #[serde(rename = "ApplicationConfiguration")]
    _application_configuration: Option<IgnoredAny>,
}

/// The section. Numbers are read as text, so that errors can name them.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Protocol {
    magic: Option<String>,
    #[serde(default)]
    standby_committee: Vec<String>,
    validators_count: Option<String>,
    time_per_block: Option<String>,
    max_transactions_per_block: Option<String>,
    mem_pool_size: Option<String>,
    max_valid_until_block_increment: Option<String>,
    max_traceable_blocks: Option<String>,
    #[serde(rename = "InitialGASSupply")]
    initial_gas_supply: Option<String>,
    hardforks: Option<BTreeMap<String, String>>,
    #[serde(default)]
    genesis: Genesis,

    // What changes the format or the execution of blocks in a way that is not supported.
    #[serde(default)]
    state_root_in_header: bool,
    committee_history: Option<BTreeMap<String, String>>,
    validators_history: Option<BTreeMap<String, String>>,
    #[serde(default)]
    reserved_attributes: bool,

    // What does not change what a block does.
    #[serde(rename = "P2PNotaryRequestPayloadPoolSize")]
    _p2p_notary_request_payload_pool_size: Option<IgnoredAny>,
    #[serde(rename = "MaxBlockSize")]
    _max_block_size: Option<IgnoredAny>,
    #[serde(rename = "MaxBlockSystemFee")]
    _max_block_system_fee: Option<IgnoredAny>,
    #[serde(rename = "P2PSigExtensions")]
    _p2p_sig_extensions: Option<IgnoredAny>,
    #[serde(rename = "P2PStateExchangeExtensions")]
    _p2p_state_exchange_extensions: Option<IgnoredAny>,
    #[serde(rename = "NeoFSStateSyncExtensions")]
    _neofs_state_sync_extensions: Option<IgnoredAny>,
    #[serde(rename = "SeedList")]
    _seed_list: Option<IgnoredAny>,
    #[serde(rename = "StateSyncInterval")]
    _state_sync_interval: Option<IgnoredAny>,
    #[serde(rename = "MaxTimePerBlock")]
    _max_time_per_block: Option<IgnoredAny>,
    #[serde(rename = "VerifyTransactions")]
    _verify_transactions: Option<IgnoredAny>,
}

/// Values that policy has when Echidna is activated, and what goes into the genesis
/// block.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Genesis {
    time_per_block: Option<String>,
    max_valid_until_block_increment: Option<String>,
    max_traceable_blocks: Option<String>,
    roles: Option<BTreeMap<String, IgnoredAny>>,
    transaction: Option<IgnoredAny>,
}

/// Reads the section `ProtocolConfiguration` of neo-go's `protocol.*.yml`.
///
/// Settings that are left out have the values of neo-go. If the hardforks are left
/// out, those up to Gorgon are active from the first block; with `{}` none ever is.
/// One that is not named is active from the first block if a later one is named, and
/// never otherwise. What is not supported is refused: `StateRootInHeader`,
/// `CommitteeHistory`, `ValidatorsHistory`, `ReservedAttributes`, `Genesis.Roles` and
/// `Genesis.Transaction`.
///
/// # Errors
/// [`ConfigError`] if the text is not YAML, has an unknown field, or the first setting
/// that is refused.
pub fn from_neogo(text: &str) -> Result<ProtocolSettings, ConfigError> {
    // A line with the place; who reads the file names it.
    let options = serde_saphyr::options! { with_snippet: false };
    let file = serde_saphyr::from_str_with_options(text, options);
    let file: File = file.map_err(|error| ConfigError::Syntax(error.to_string()))?;
    file.protocol_configuration.settings()
}

impl Protocol {
    fn settings(&self) -> Result<ProtocolSettings, ConfigError> {
        self.refuse_unsupported()?;
        let milliseconds_per_block = milliseconds("TimePerBlock", &self.time_per_block, 15_000)?;
        let blocks_per_day = u32::try_from(DAY.as_millis() / u128::from(milliseconds_per_block)).unwrap_or(u32::MAX);
        let mut settings = ProtocolSettings {
            network: self.magic.as_deref().map_or(Ok(0), |magic| parse(&field("Magic"), magic))?,
            address_version: 53,
            standby_committee: committee(
                &field("StandbyCommittee"),
                self.standby_committee.iter().map(String::as_str),
            )?,
            validators_count: self.validators_count()?,
            milliseconds_per_block,
            max_transactions_per_block: count::<u16>("MaxTransactionsPerBlock", &self.max_transactions_per_block, 512)?
                .into(),
            memory_pool_max_transactions: self.memory_pool()?,
            max_valid_until_block_increment: count(
                "MaxValidUntilBlockIncrement",
                &self.max_valid_until_block_increment,
                blocks_per_day,
            )?,
            max_traceable_blocks: count("MaxTraceableBlocks", &self.max_traceable_blocks, 2_102_400)?,
            initial_gas_distribution: self.initial_gas()?,
            hardforks: self.hardforks()?,
            policy_at_echidna: None,
        };
        let at_echidna = self.genesis.policy(&settings)?;
        settings.policy_at_echidna = Some(at_echidna).filter(|values| *values != settings.policy_at_echidna());
        Ok(settings)
    }

    fn refuse_unsupported(&self) -> Result<(), ConfigError> {
        let has_entries =
            |history: &Option<BTreeMap<String, String>>| history.as_ref().is_some_and(|map| !map.is_empty());
        let unsupported = [
            ("StateRootInHeader", self.state_root_in_header),
            ("CommitteeHistory", has_entries(&self.committee_history)),
            ("ValidatorsHistory", has_entries(&self.validators_history)),
            ("ReservedAttributes", self.reserved_attributes),
            ("Genesis.Roles", self.genesis.roles.as_ref().is_some_and(|roles| !roles.is_empty())),
            ("Genesis.Transaction", self.genesis.transaction.is_some()),
        ];
        match unsupported.into_iter().find(|(_, is_used)| *is_used) {
            Some((name, _)) => Err(ConfigError::field(field(name), "is an extension of neo-go that is not supported")),
            None => Ok(()),
        }
    }

    fn validators_count(&self) -> Result<u32, ConfigError> {
        let field = field("ValidatorsCount");
        let count = self.validators_count.as_deref().map_or(Ok(0), |text| parse(&field, text))?;
        let members = self.standby_committee.len();
        if count as usize > members {
            return Err(ConfigError::field(field, format_args!("is {count}, but the committee has {members} members")));
        }
        validators(&field, count)
    }

    /// As in neo-go, a size that is not positive stands for one that is left out.
    fn memory_pool(&self) -> Result<u32, ConfigError> {
        let size = self.mem_pool_size.as_deref().map_or(Ok(0), |text| parse::<i32>(&field("MemPoolSize"), text))?;
        let size = u32::try_from(size).ok().filter(|size| *size > 0);
        Ok(size.unwrap_or(ProtocolSettings::MEMORY_POOL_MAX_TRANSACTIONS))
    }

    fn initial_gas(&self) -> Result<u64, ConfigError> {
        let Some(text) = &self.initial_gas_supply else { return Ok(0) };
        gas(text).ok_or_else(|| {
            let problem = format_args!("is {text:?}, not an amount of GAS with at most 8 decimals");
            ConfigError::field(field("InitialGASSupply"), problem)
        })
    }

    fn hardforks(&self) -> Result<HardforkHeights, ConfigError> {
        let Some(named) = &self.hardforks else { return Ok(HardforkHeights::all_until(LAST_STABLE)) };
        let field = field("Hardforks");
        let height = |(name, height): (&String, &String)| -> Result<(Hardfork, u32), ConfigError> {
            let known = hardfork(name).filter(|hardfork| hardfork.name() == name);
            let unknown = || ConfigError::field(&*field, format_args!("{name:?} is no hardfork that the node knows"));
            Ok((known.ok_or_else(unknown)?, parse(&format!("{field}.{name}"), height)?))
        };
        let named: Vec<_> = named.iter().map(height).collect::<Result<_, _>>()?;
        heights(&field, &named)
    }
}

impl Genesis {
    /// The values that policy has when Echidna is activated.
    fn policy(&self, settings: &ProtocolSettings) -> Result<PolicyAtEchidna, ConfigError> {
        Ok(PolicyAtEchidna {
            milliseconds_per_block: milliseconds(
                "Genesis.TimePerBlock",
                &self.time_per_block,
                settings.milliseconds_per_block,
            )?,
            max_valid_until_block_increment: count(
                "Genesis.MaxValidUntilBlockIncrement",
                &self.max_valid_until_block_increment,
                settings.max_valid_until_block_increment,
            )?,
            max_traceable_blocks: count(
                "Genesis.MaxTraceableBlocks",
                &self.max_traceable_blocks,
                settings.max_traceable_blocks,
            )?,
        })
    }
}

fn field(name: &str) -> String {
    format!("{SECTION}.{name}")
}

/// Reads a number. As in neo-go, 0 stands for a number that is left out.
fn count<T>(name: &str, text: &Option<String>, default: T) -> Result<T, ConfigError>
where
    T: std::str::FromStr<Err: std::fmt::Display> + PartialEq + From<u8>,
{
    let Some(text) = text else { return Ok(default) };
    let value = parse(&field(name), text)?;
    Ok(if value == T::from(0) { default } else { value })
}

/// Reads a duration of whole milliseconds. As in neo-go, one that is not positive
/// stands for one that is left out.
fn milliseconds(name: &str, text: &Option<String>, default: u32) -> Result<u32, ConfigError> {
    let Some(text) = text else { return Ok(default) };
    let wrong = |what: &str| ConfigError::field(field(name), format_args!("is {text:?}, {what}"));
    let nanoseconds = duration(text).ok_or_else(|| wrong("not a duration such as 15s or 1m30s"))?;
    if nanoseconds % 1_000_000 != 0 {
        return Err(wrong("not a whole number of milliseconds"));
    }
    if nanoseconds <= 0 {
        return Ok(default);
    }
    u32::try_from(nanoseconds / 1_000_000).map_err(|_| wrong("more than 2^32 milliseconds"))
}

/// Reads a duration as Go writes it, in nanoseconds: `15s`, `1m30s`, `1.5s`, `-2ms`.
///
/// Source: `time.ParseDuration` of Go.
fn duration(text: &str) -> Option<i128> {
    const UNITS: [(&str, i128); 8] = [
        ("ns", 1),
        ("us", 1_000),
        ("\u{b5}s", 1_000),
        ("\u{3bc}s", 1_000),
        ("ms", 1_000_000),
        ("s", 1_000_000_000),
        ("m", 60 * 1_000_000_000),
        ("h", 3600 * 1_000_000_000),
    ];
    let (sign, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(0);
    }
    let mut total: i128 = 0;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let number_end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').filter(|end| *end > 0)?;
        let (number, after) = rest.split_at(number_end);
        let unit_end = after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len());
        let (unit, after) = after.split_at(unit_end);
        let (_, scale) = UNITS.iter().find(|(name, _)| *name == unit)?;
        total = total.checked_add(decimal(number, *scale)?)?;
        rest = after;
    }
    Some(sign * total)
}

/// Returns a decimal number times a scale, rounded down.
fn decimal(number: &str, scale: i128) -> Option<i128> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let digits = |digits: &str| if digits.is_empty() { Some(0) } else { digits.parse::<u64>().ok() };
    let below = u32::try_from(fraction.len()).ok().and_then(|places| 10_i128.checked_pow(places))?;
    let fraction = i128::from(digits(fraction)?).checked_mul(scale)? / below;
    i128::from(digits(whole)?).checked_mul(scale)?.checked_add(fraction)
}

/// Reads an amount of GAS with at most 8 decimals, in datoshi.
fn gas(text: &str) -> Option<u64> {
    const DATOSHI: i128 = neovm_types::Gas::DATOSHI_PER_GAS as i128;
    let decimals = text.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let amount = decimal(text, DATOSHI).filter(|_| is_number && decimals <= 8)?;
    i64::try_from(amount).ok().map(i64::unsigned_abs)
}
