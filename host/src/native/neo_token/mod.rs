//! The native contract NeoToken. The NEO token: votes, the committee, and the GAS that holders get.
//!
//! Source: `NeoToken.cs` of the reference node.

use neovm_storage::Layer;
use neovm_types::{FaultKind, Hash160, manifest::PublicKey};

use super::table::NativeContract;
use crate::fault;

/// The native contract NeoToken.
pub(crate) const CONTRACT: NativeContract = NativeContract {
    doc: "The NEO token: votes, the committee, and the GAS that holders get.",
    ..NativeContract::new("NeoToken", ID, HASH)
};

/// The id.
pub(crate) const ID: i32 = -5;
/// The hash.
const HASH: [u8; 20] = [
    0xf5, 0x63, 0xea, 0x40, 0xbc, 0x28, 0x3d, 0x4d, 0x0e, 0x05, 0xc4, 0x8e, 0xa3, 0x05, 0xb3, 0xf2, 0xa0, 0x73, 0x40,
    0xef,
];

/// The account of the committee.
pub(crate) fn committee_address(_: &Layer<'_>) -> Result<Hash160, FaultKind> {
    Err(fault("not there yet"))
}

/// The members of the committee, sorted.
pub(crate) fn committee(_: &Layer<'_>) -> Result<Vec<PublicKey>, FaultKind> {
    Err(fault("not there yet"))
}

/// Changes the vote of an account.
pub(crate) fn vote_internal(
    _: &mut crate::executor::Executor<'_>,
    _: &mut neovm_interp::Caller<'_>,
    _: Hash160,
    _: Option<PublicKey>,
) -> Result<super::Task<bool>, FaultKind> {
    Err(fault("not there yet"))
}
