//! The native contract OracleContract. Requests for data from outside the chain.
//!
//! Source: `OracleContract.cs` of the reference node.

use neovm_types::Hardfork;

use neovm_storage::Layer;
use neovm_types::{FaultKind, Hash256};

use super::table::NativeContract;
use crate::fault;

/// The native contract OracleContract.
pub(crate) const CONTRACT: NativeContract = NativeContract {
    doc: "Requests for data from outside the chain.",
    activations: &[Hardfork::Faun],
    ..NativeContract::new("OracleContract", ID, HASH)
};

/// The id.
pub(crate) const ID: i32 = -9;
/// The hash.
const HASH: [u8; 20] = [
    0x58, 0x87, 0x17, 0x11, 0x7e, 0x0a, 0xa8, 0x10, 0x72, 0xaf, 0xab, 0x71, 0xd2, 0xdd, 0x89, 0xfe, 0x7c, 0x4b, 0x92,
    0xfe,
];

/// A request for data from outside.
pub(crate) struct Request {
    /// The transaction that asked.
    pub(crate) original: Hash256,
}

/// The request with an id, if it is waiting for its answer.
pub(crate) fn stored_request(_: &Layer<'_>, _: u64) -> Result<Option<Request>, FaultKind> {
    Err(fault("not there yet"))
}
