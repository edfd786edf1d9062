//! The configuration of a network, in the forms that nodes have.
//!
//! - [`load`] takes what a user gives: the name of a network or a file; [`load_file`] takes a file alone.
//! - [`from_csharp`] reads `config.json` of the reference node, [`from_neogo`] reads
//!   `protocol.*.yml` of neo-go. Each follows the rules of its node, which differ
//!   where a setting is left out.

mod csharp;
mod neogo;

use std::{
    fmt,
    fs::File,
    io::{self, Read},
    path::Path,
    str::FromStr,
};

use neovm_host::{HardforkHeights, ProtocolSettings};
use neovm_types::{Hardfork, PublicKey};

pub use self::{
    csharp::{from_csharp, to_csharp},
    neogo::from_neogo,
};

/// The last hardfork that both nodes know, though it has no height on any network.
const LAST_KNOWN: Hardfork = Hardfork::Huyao;

/// The most bytes of a configuration file.
const MAX_FILE: u64 = 1 << 20;

/// Why a configuration is refused.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// It is no known network, and there is no such file.
    #[error("{name}: neither mainnet, testnet nor private, nor a file that can be read: {error}")]
    Read {
        /// What was given.
        name: String,
        /// Why it cannot be read as a file.
        error: io::Error,
    },
    /// The file cannot be read.
    #[error("cannot be read: {0}")]
    Unreadable(io::Error),
    /// The file is not JSON or YAML, or a field has a value of the wrong kind.
    #[error("{0}")]
    Syntax(String),
    /// The value of a field is refused.
    #[error("{field}: {problem}")]
    Field {
        /// The field, with those that it lies in.
        field: String,
        /// What is wrong with its value.
        problem: String,
    },
    /// A configuration file is refused.
    #[error("{file}: {error}")]
    File {
        /// The file.
        file: String,
        /// Why it is refused.
        error: Box<ConfigError>,
    },
}

impl ConfigError {
    fn field(field: impl Into<String>, problem: impl fmt::Display) -> Self {
        Self::Field { field: field.into(), problem: problem.to_string() }
    }
}

/// Returns the settings of a network with a name, `mainnet`, `testnet` or `private`,
/// or those that a configuration file holds: of the reference node (`.json`) or of
/// neo-go (`.yml`, `.yaml`). The contents tell what a file with another extension is.
///
/// # Errors
/// [`ConfigError`] if there is no such network and no such file, or the file is
/// refused.
pub fn load(name: &str) -> Result<ProtocolSettings, ConfigError> {
    if let Some(settings) = ProtocolSettings::by_name(name) {
        return Ok(settings);
    }
    let path = Path::new(name);
    let text = read(path).map_err(|error| ConfigError::Read { name: name.into(), error })?;
    settings(path, &text).map_err(|error| in_file(path, error))
}

/// Returns the settings that a configuration file holds, as [`load`] does, whatever its name is.
///
/// # Errors
/// [`ConfigError`] if the file cannot be read or is refused.
pub fn load_file(path: &Path) -> Result<ProtocolSettings, ConfigError> {
    let text = read(path).map_err(ConfigError::Unreadable);
    text.and_then(|text| settings(path, &text)).map_err(|error| in_file(path, error))
}

fn in_file(path: &Path, error: ConfigError) -> ConfigError {
    ConfigError::File { file: path.display().to_string(), error: error.into() }
}

/// The settings that the text of a file holds.
fn settings(path: &Path, text: &str) -> Result<ProtocolSettings, ConfigError> {
    let text = text.trim_start_matches('\u{feff}');
    let extension = path.extension().and_then(|extension| extension.to_str());
    match extension.map(str::to_ascii_lowercase).as_deref() {
        Some("json") => from_csharp(text),
        Some("yml" | "yaml") => from_neogo(text),
        _ if text.trim_start().starts_with(['{', '/']) => from_csharp(text),
        _ => from_neogo(text),
    }
}

/// Reads a file that is no larger than a configuration may be, whatever stands at the path.
fn read(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(MAX_FILE + 1).read_to_string(&mut text)?;
    if text.len() as u64 > MAX_FILE {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("more than {MAX_FILE} bytes")));
    }
    Ok(text)
}

/// Reads a value from the text of a field.
fn parse<T: FromStr<Err: fmt::Display>>(field: &str, text: &str) -> Result<T, ConfigError> {
    text.parse().map_err(|error| ConfigError::field(field, format_args!("is {text:?}: {error}")))
}

/// Reads the keys of the committee, of which there must be one.
fn committee<'a>(field: &str, keys: impl Iterator<Item = &'a str>) -> Result<Vec<PublicKey>, ConfigError> {
    let key =
        |(i, text): (usize, &str)| text.parse().map_err(|error| ConfigError::field(format!("{field}[{i}]"), error));
    let keys: Vec<PublicKey> = keys.enumerate().map(key).collect::<Result<_, _>>()?;
    if keys.is_empty() {
        return Err(ConfigError::field(field, "has no keys"));
    }
    Ok(keys)
}

/// Reads a number of validators.
fn validators(field: &str, count: u32) -> Result<u32, ConfigError> {
    if count == 0 { Err(ConfigError::field(field, "is 0; there must be a validator")) } else { Ok(count) }
}

/// Returns the heights that a configuration names. Hardforks that it leaves out are
/// active from the first block if a later one is named, and never otherwise.
fn heights(field: &str, named: &[(Hardfork, u32)]) -> Result<HardforkHeights, ConfigError> {
    HardforkHeights::new(named).map_err(|error| ConfigError::field(field, error))
}

/// Returns the hardfork with a name, if the nodes know it.
fn hardfork(name: &str) -> Option<Hardfork> {
    name.parse().ok().filter(|hardfork| (Hardfork::Aspidochelone..=LAST_KNOWN).contains(hardfork))
}
