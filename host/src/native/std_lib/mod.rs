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

use neovm_types::{FaultKind, Limits, StackItem, item::binary};

use crate::serialize::json;

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
