//! The native contract GasToken. The GAS token, which pays fees.
//!
//! Source: `GasToken.cs` of the reference node.

use super::table::NativeContract;

/// The native contract GasToken.
pub(crate) const CONTRACT: NativeContract =
    NativeContract { doc: "The GAS token, which pays fees.", ..NativeContract::new("GasToken", ID, HASH) };

/// The id.
pub(crate) const ID: i32 = -6;
/// The hash.
const HASH: [u8; 20] = [
    0xcf, 0x76, 0xe2, 0x8b, 0xd0, 0x06, 0x2c, 0x4a, 0x47, 0x8e, 0xe3, 0x55, 0x61, 0x01, 0x13, 0x19, 0xf3, 0xcf, 0xa4,
    0xd2,
];
