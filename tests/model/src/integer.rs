//! Integers as .NET's `BigInteger` encodes them.

use num_bigint::{BigInt, Sign};
use num_traits::{ToPrimitive, Zero};

use crate::error::{Done, fault, overflow};

/// The maximum size of an integer item, in bytes (`Integer.cs`).
pub(crate) const MAX_SIZE: usize = 32;

/// Returns the shortest little-endian two's complement encoding; that of zero is empty.
pub(crate) fn to_bytes(value: &BigInt) -> Vec<u8> {
    if value.is_zero() { Vec::new() } else { value.to_signed_bytes_le() }
}

/// Returns the length of this encoding, in bytes.
pub(crate) fn size(value: &BigInt) -> usize {
    // Without the sign bit. A negative power of two needs one bit less than the positive one.
    let bits = if value.sign() == Sign::Minus { (value + 1u32).bits() } else { value.bits() };
    if value.is_zero() { 0 } else { bits as usize / 8 + 1 }
}

/// Casts to a signed 32-bit integer. A value that only fits an unsigned one fails the checked
/// conversion, while any other value outside the range has a message of its own.
pub(crate) fn to_i32(value: &BigInt) -> Done<i32> {
    match value.to_i32() {
        Some(value) => Ok(value),
        None if value.to_u32().is_some() => overflow(),
        None => fault("Value was either too large or too small for an Int32."),
    }
}
