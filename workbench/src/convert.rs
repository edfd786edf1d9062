//! What a text may stand for: a number, bytes in hexadecimal or base64, an address, a
//! hash, or a text.

use base64::{Engine, prelude::BASE64_STANDARD};
use neovm::{
    Hash160, Integer, StackItem,
    crypto::{ADDRESS_VERSION, address_from_script_hash, script_hash_from_address},
    types::hash::syscall_id,
};

use crate::show;

/// The longest number in bytes, as the machine has it.
const MAX_INTEGER: usize = 32;

/// A way to read a text, and what it is then in other forms.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reading {
    /// What it is taken for.
    pub what: &'static str,
    /// The other forms: what each is called, and how it is written.
    pub forms: Vec<(&'static str, String)>,
}

/// Returns all ways to read a text. A text can always be taken for itself, so there is at
/// least one.
///
/// ```
/// use neovm_workbench::readings;
///
/// let all = readings("NZNos2WqTbu5oCgyfss9kUJgBXJqhuYAaj");
/// assert_eq!(all[0].what, "address");
/// assert_eq!(all[0].forms[0], ("hash", "0x0f46dc4287b70117ce8354924b5cb3a47215ad93".into()));
/// ```
pub fn readings(text: &str) -> Vec<Reading> {
    let mut readings = Vec::new();
    if let Ok(number) = text.parse::<Integer>() {
        let bytes = number.to_le_bytes();
        readings.push(Reading {
            what: "number",
            forms: vec![("bytes", hex_of(&bytes)), ("base64", BASE64_STANDARD.encode(&bytes))],
        });
    }
    if let Ok(hash) = script_hash_from_address(text, ADDRESS_VERSION) {
        let forms =
            [("hash", Hash160(hash).to_string()), ("bytes", hex_of(&hash)), ("base64", BASE64_STANDARD.encode(hash))];
        readings.push(Reading { what: "address", forms: forms.into() });
    }
    let digits = text.strip_prefix("0x").unwrap_or(text);
    if let Ok(bytes) = hex::decode(digits)
        && !bytes.is_empty()
    {
        let base64 = ("base64", BASE64_STANDARD.encode(&bytes));
        readings.push(Reading { what: "hexadecimal", forms: forms(&bytes).into_iter().chain([base64]).collect() });
    }
    if let Ok(bytes) = BASE64_STANDARD.decode(text)
        && !bytes.is_empty()
    {
        let hex = ("bytes", hex_of(&bytes));
        readings.push(Reading { what: "base64", forms: [hex].into_iter().chain(forms(&bytes)).collect() });
    }
    let mut as_text = vec![("bytes", hex_of(text.as_bytes())), ("base64", BASE64_STANDARD.encode(text))];
    if text.starts_with("System.") {
        as_text.push(("system call", hex::encode(syscall_id(text).to_le_bytes())));
    }
    readings.push(Reading { what: "text", forms: as_text });
    readings
}

fn hex_of(bytes: &[u8]) -> String {
    format!("0x{}", hex::encode(bytes))
}

/// What bytes may be: a number, a text, a hash with its address in both orders of bytes.
fn forms(bytes: &[u8]) -> Vec<(&'static str, String)> {
    let mut forms = Vec::new();
    let reversed: Vec<u8> = bytes.iter().rev().copied().collect();
    if bytes.len() <= MAX_INTEGER {
        let number = |bytes: &[u8]| Integer::from_le_bytes(bytes).map(|number| number.to_string()).unwrap_or_default();
        forms.push(("number", number(bytes)));
        forms.push(("number, reversed", number(&reversed)));
    }
    if let Some(text) = show::printable(bytes) {
        forms.push(("text", format!("{text:?}")));
    }
    forms.push(("reversed", hex_of(&reversed)));
    let address = |bytes: &[u8]| Some(address_from_script_hash(bytes.try_into().ok()?, ADDRESS_VERSION));
    forms.extend(address(&reversed).map(|address| ("address of a hash", address)));
    forms.extend(address(bytes).map(|address| ("address of bytes", address)));
    forms
}

/// How [`formatted`] writes a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// As values are shown everywhere.
    Plain,
    /// A number in decimal.
    Decimal,
    /// Bytes in hexadecimal.
    Hex,
    /// A text.
    Text,
    /// Bytes in base64.
    Base64,
    /// A hash with its address.
    Address,
    /// The JSON of the RPC.
    Json,
}

impl Format {
    /// All formats: their letters, and what they are for.
    pub const ALL: [(char, Self, &'static str); 7] = [
        ('p', Self::Plain, "as usual"),
        ('d', Self::Decimal, "decimal"),
        ('x', Self::Hex, "hexadecimal"),
        ('s', Self::Text, "text"),
        ('b', Self::Base64, "base64"),
        ('a', Self::Address, "hash and address"),
        ('j', Self::Json, "JSON of the RPC"),
    ];

    /// Returns the format with a letter.
    pub fn from_letter(letter: char) -> Option<Self> {
        Self::ALL.into_iter().find(|(known, ..)| *known == letter).map(|(_, format, _)| format)
    }
}

/// Writes a value in a format.
///
/// # Errors
/// A text that says why it cannot be written so.
pub fn formatted(item: &StackItem, format: Format) -> Result<String, String> {
    let bytes = || item.with_bytes(<[u8]>::to_vec).map_err(|_| format!("{} has no bytes", item.item_type()));
    match format {
        Format::Plain => Ok(show::item(item)),
        Format::Decimal => item.to_integer().map(|number| number.to_string()).map_err(|fault| fault.to_string()),
        Format::Hex => Ok(hex_of(&bytes()?)),
        Format::Base64 => Ok(BASE64_STANDARD.encode(bytes()?)),
        Format::Text => {
            let bytes = bytes()?;
            str::from_utf8(&bytes).map(|text| format!("{text:?}")).map_err(|error| format!("no text: {error}"))
        }
        Format::Address => {
            let bytes = bytes()?;
            let hash: [u8; 20] =
                bytes[..].try_into().map_err(|_| format!("a hash has 20 bytes, not {}", bytes.len()))?;
            Ok(format!("{}, address {}", Hash160(hash), address_from_script_hash(hash, ADDRESS_VERSION)))
        }
        Format::Json => item.to_json().map_err(|error| error.to_string()),
    }
}
