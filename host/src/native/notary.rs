//! The native contract Notary. Deposits for notary services.
//!
//! Source: `Notary.cs` of the reference node.

use neovm_types::Hardfork;

use super::table::NativeContract;

/// The native contract Notary.
pub(crate) const CONTRACT: NativeContract = NativeContract {
    doc: "Deposits for notary services.",
    active_in: Hardfork::Echidna,
    activations: &[Hardfork::Faun],
    ..NativeContract::new("Notary", ID, HASH)
};

/// The id.
pub(crate) const ID: i32 = -10;
/// The hash.
const HASH: [u8; 20] = [
    0x3b, 0xec, 0x35, 0x31, 0x11, 0x9b, 0xba, 0xd7, 0x6d, 0xd0, 0x44, 0x92, 0x0b, 0x0d, 0xe6, 0xc3, 0x19, 0x4f, 0xe1,
    0xc1,
];
