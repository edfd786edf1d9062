//! What answers the calls, by family.

pub(crate) mod blockchain;
pub(crate) mod contracts;
pub(crate) mod governance;
pub(crate) mod invoke;
pub(crate) mod logs;
pub(crate) mod node;
pub(crate) mod state;
pub(crate) mod tokens;
pub(crate) mod transactions;
pub(crate) mod utilities;

use neovm_host::native::NATIVES;
use neovm_types::{Hash160, json::Json};

/// Adds members to an object.
fn extend(json: &mut Json, members: impl IntoIterator<Item = (&'static str, Json)>) {
    if let Json::Object(all) = json {
        all.extend(members.into_iter().map(|(key, value)| (key.into(), value)));
    }
}

/// A number of at most 53 bits.
fn number(value: u64) -> Json {
    Json::Number(value as f64)
}

/// The hash of the native contract with a name.
fn native_hash(name: &str) -> Hash160 {
    NATIVES.iter().find(|native| native.name == name).map_or_else(Hash160::default, |native| native.hash)
}
