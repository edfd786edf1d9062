//! The native contract Treasury. Receives tokens that the committee controls.
//!
//! Source: `Treasury.cs` of the reference node.

use neovm_types::{Hardfork, Hash160};

use super::table::NativeContract;

/// The native contract Treasury.
pub(crate) const CONTRACT: NativeContract = NativeContract {
    doc: "Receives tokens that the committee controls.",
    active_in: Hardfork::Faun,
    ..NativeContract::new("Treasury", ID, HASH)
};

/// The id.
pub(crate) const ID: i32 = -11;
/// The hash.
const HASH: [u8; 20] = [
    0xc1, 0x3a, 0x56, 0xc9, 0x83, 0x53, 0xa7, 0xea, 0x6a, 0x32, 0x4d, 0x9a, 0x83, 0x5d, 0x1b, 0x5b, 0xf2, 0x26, 0x63,
    0x15,
];

/// The hash.
pub(crate) fn hash() -> Hash160 {
    Hash160(HASH)
}
