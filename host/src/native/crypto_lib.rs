//! The native contract CryptoLib. Hashes, signatures and pairings.
//!
//! Source: `CryptoLib.cs` of the reference node.

use neovm_types::{FaultKind, Interop};

use super::table::NativeContract;
use crate::fault;

/// The native contract CryptoLib.
pub(crate) const CONTRACT: NativeContract =
    NativeContract { doc: "Hashes, signatures and pairings.", ..NativeContract::new("CryptoLib", ID, HASH) };

/// The id.
pub(crate) const ID: i32 = -3;
/// The hash.
const HASH: [u8; 20] = [
    0x1b, 0xf5, 0x75, 0xab, 0x11, 0x89, 0x68, 0x84, 0x13, 0x61, 0x0a, 0x35, 0xa1, 0x28, 0x86, 0xcd, 0xe0, 0xb6, 0x6c,
    0x72,
];

/// Verifies a signature over SHA-256 of a message on secp256r1.
pub(crate) fn verify_secp256r1(_: &[u8], _: &[u8], _: &[u8], _: bool) -> Result<bool, FaultKind> {
    Err(fault("not there yet"))
}

/// The reference's name for the type of a point, if the object is one.
pub(crate) fn point_name(_: &Interop) -> Option<&'static str> {
    None
}
