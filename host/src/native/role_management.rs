//! The native contract RoleManagement. Which keys have which role.
//!
//! Source: `RoleManagement.cs` of the reference node.

use super::table::NativeContract;

/// The native contract RoleManagement.
pub(crate) const CONTRACT: NativeContract =
    NativeContract { doc: "Which keys have which role.", ..NativeContract::new("RoleManagement", ID, HASH) };

/// The id.
pub(crate) const ID: i32 = -8;
/// The hash.
const HASH: [u8; 20] = [
    0xe2, 0x95, 0xe3, 0x91, 0x54, 0x4c, 0x17, 0x8a, 0xd9, 0x4f, 0x03, 0xec, 0x4d, 0xcd, 0xff, 0x78, 0x53, 0x4e, 0xcf,
    0x49,
];
