//! StdLib: serialization, numbers as text, encodings, byte strings and text.
//!
//! The functions take what the arguments were converted to and check what the
//! reference checks beyond that. Every fault that is not named here is a
//! [`FaultKind::Host`].
//!
//! Source: `StdLib.cs` of the reference node, and the .NET 10 methods that it calls.

pub(crate) mod encodings;
mod graphemes;
pub(crate) mod numbers;
pub(crate) mod text;

use neovm_types::{FaultKind, Hardfork, Hash160, Integer, Limits, StackItem, item::binary};

use super::table::NativeContract;
use crate::{parameter::List, serialize::json};

/// The native contract StdLib.
pub(crate) const CONTRACT: NativeContract = NativeContract {
    doc: "Serialization, numbers as text, encodings, byte strings and text.",
    methods: methods! {
        (executor, caller)

        /// Reads an integer from decimal text.
        atoi(value: String) -> Integer { cpu_fee: 1 << 6 } => numbers::atoi(&value, 10);
        /// Reads an integer from decimal or hexadecimal text.
        atoi(value: String, base: i32) -> Integer { cpu_fee: 1 << 6 } => numbers::atoi(&value, base);
        /// Reads bytes from Base58 with a checksum.
        base58CheckDecode(s: String) -> Vec<u8> { cpu_fee: 1 << 16 } => encodings::base58_check_decode(&s);
        /// Returns bytes as Base58 with a checksum.
        base58CheckEncode(data: Vec<u8>) -> String { cpu_fee: 1 << 16 } => encodings::base58_check_encode(&data);
        /// Reads bytes from Base58.
        base58Decode(s: String) -> Vec<u8> { cpu_fee: 1 << 10 } => encodings::base58_decode(&s);
        /// Returns bytes as Base58.
        base58Encode(data: Vec<u8>) -> String { cpu_fee: 1 << 13 } => encodings::base58_encode(&data);
        /// Reads bytes from Base64.
        base64Decode(s: String) -> Vec<u8> { cpu_fee: 1 << 5 } => encodings::base64_decode(&s);
        /// Returns bytes as Base64.
        base64Encode(data: Vec<u8>) -> String { cpu_fee: 1 << 5 } => encodings::base64_encode(&data);
        /// Reads text from Base64 for addresses.
        base64UrlDecode(s: String) -> String { cpu_fee: 1 << 5, since: Hardfork::Echidna }
            => encodings::base64_url_decode(&s);
        /// Returns text as Base64 for addresses.
        base64UrlEncode(data: String) -> String { cpu_fee: 1 << 5, since: Hardfork::Echidna }
            => encodings::base64_url_encode(&data);
        /// Reads an item from bytes.
        deserialize(data: Vec<u8>) -> StackItem { cpu_fee: 1 << 14 } => deserialize(&data, caller.limits());
        /// Reads bytes from hexadecimal text.
        hexDecode(str: String) -> Vec<u8> { cpu_fee: 1 << 5, since: Hardfork::Faun } => encodings::hex_decode(&str);
        /// Returns bytes as hexadecimal text.
        hexEncode(bytes: Vec<u8>) -> String { cpu_fee: 1 << 5, since: Hardfork::Faun } => encodings::hex_encode(&bytes);
        /// Returns an integer as decimal text.
        itoa(value: Integer) -> String { cpu_fee: 1 << 12 } => numbers::itoa(value, 10);
        /// Returns an integer as decimal or hexadecimal text.
        itoa(value: Integer, base: i32) -> String { cpu_fee: 1 << 12 } => numbers::itoa(value, base);
        /// Reads an item from JSON.
        jsonDeserialize(json: Vec<u8>) -> StackItem { cpu_fee: 1 << 14 }
            => json_deserialize(&json, caller.limits(), executor.is_active(Hardfork::Basilisk));
        /// Returns an item as JSON.
        jsonSerialize(item: StackItem) -> Vec<u8> { cpu_fee: 1 << 12 }
            => json_serialize(&item, caller.limits()).map(String::into_bytes);
        /// Compares bytes: -1, 0 or 1.
        memoryCompare(str1: Vec<u8>, str2: Vec<u8>) -> i32 { cpu_fee: 1 << 5 } => text::memory_compare(&str1, &str2);
        /// Returns the place of bytes in others, or -1.
        memorySearch(mem: Vec<u8>, value: Vec<u8>) -> i32 { cpu_fee: 1 << 6 }
            => text::memory_search(&mem, &value, 0, false);
        /// Returns the place of bytes in others from a position on, or -1.
        memorySearch(mem: Vec<u8>, value: Vec<u8>, start: i32) -> i32 { cpu_fee: 1 << 6 }
            => text::memory_search(&mem, &value, start, false);
        /// Returns the place of bytes in others from a position on or before it, or -1.
        memorySearch(mem: Vec<u8>, value: Vec<u8>, start: i32, backward: bool) -> i32 { cpu_fee: 1 << 6 }
            => text::memory_search(&mem, &value, start, backward);
        /// Returns an item as bytes.
        serialize(item: StackItem) -> Vec<u8> { cpu_fee: 1 << 12 } => serialize(&item, caller.limits());
        /// Returns the number of characters of a text, as people count them.
        strLen(str: String) -> i32 { cpu_fee: 1 << 8 } => text::str_len(&str).map(|count| count as i32);
        /// Returns the parts of a text between separators.
        stringSplit(str: String, separator: String) -> List<String> { cpu_fee: 1 << 8 }
            => split(&str, &separator, false);
        /// Returns the parts of a text between separators, without empty ones if asked for.
        stringSplit(str: String, separator: String, removeEmptyEntries: bool) -> List<String> { cpu_fee: 1 << 8 }
            => split(&str, &separator, removeEmptyEntries);
    },
    ..NativeContract::new("StdLib", ID, Hash160(HASH))
};

/// The id.
const ID: i32 = -2;
/// The hash.
const HASH: [u8; 20] = [
    0xc0, 0xef, 0x39, 0xce, 0xe0, 0xe4, 0xe9, 0x25, 0xc6, 0xc2, 0xa0, 0x6a, 0x79, 0xe1, 0x44, 0x0d, 0xd8, 0x6f, 0xce,
    0xac,
];

fn split(text: &str, separator: &str, remove_empty: bool) -> Result<List<String>, FaultKind> {
    Ok(List(text::string_split(text, separator, remove_empty)?.into_iter().map(String::from).collect()))
}

/// The largest size of most arguments, in bytes.
pub(crate) const MAX_INPUT_LENGTH: usize = 1024;

fn fault<T>(text: impl Into<String>) -> Result<T, FaultKind> {
    Err(FaultKind::Host(text.into()))
}

fn check_length(bytes: &[u8]) -> Result<(), FaultKind> {
    if bytes.len() > MAX_INPUT_LENGTH {
        return fault(format!("The input has {} bytes, at most {MAX_INPUT_LENGTH} are allowed", bytes.len()));
    }
    Ok(())
}

/// Returns an item as bytes: see [`binary::serialize`].
pub(crate) fn serialize(item: &StackItem, limits: &Limits) -> Result<Vec<u8>, FaultKind> {
    binary::serialize(item, limits.max_item_size as usize, limits.max_stack_size as usize)
}

/// Reads an item from bytes: see [`binary::deserialize`].
pub(crate) fn deserialize(bytes: &[u8], limits: &Limits) -> Result<StackItem, FaultKind> {
    binary::deserialize(bytes, limits.max_item_size as usize, limits.max_stack_size as usize)
}

/// Returns an item as JSON text: see [`json::serialize`].
pub(crate) fn json_serialize(item: &StackItem, limits: &Limits) -> Result<String, FaultKind> {
    json::serialize(item, limits.max_item_size as usize)
}

/// Reads an item from JSON text: see [`json::deserialize`]. `basilisk` tells whether
/// that hardfork is active.
pub(crate) fn json_deserialize(text: &[u8], limits: &Limits, basilisk: bool) -> Result<StackItem, FaultKind> {
    json::deserialize(text, limits.max_stack_size as usize, !basilisk)
}
