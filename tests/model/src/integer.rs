//! Integers as .NET's `BigInteger` has them.

use num_bigint::{BigInt, Sign};
use num_traits::{ToPrimitive, Zero};

use crate::error::{Done, fault, overflow};

/// Most bytes of an integer item (`Integer.cs`).
pub(crate) const MAX_SIZE: usize = 32;

/// The shortest two's complement, little-endian; zero has no bytes.
pub(crate) fn to_bytes(value: &BigInt) -> Vec<u8> {
    if value.is_zero() { Vec::new() } else { value.to_signed_bytes_le() }
}

/// Bytes of that form.
pub(crate) fn size(value: &BigInt) -> usize {
    // Without the sign's bit; a power of two below zero needs one bit less.
    let bits = if value.sign() == Sign::Minus { (value + 1u32).bits() } else { value.bits() };
    if value.is_zero() { 0 } else { bits as usize / 8 + 1 }
}

/// The cast to 32 bits. What 32 bits hold without a sign is a checked
/// conversion of these bits, anything larger is refused in other words.
pub(crate) fn to_i32(value: &BigInt) -> Done<i32> {
    match value.to_i32() {
        Some(value) => Ok(value),
        None if value.to_u32().is_some() => overflow(),
        None => fault("Value was either too large or too small for an Int32."),
    }
}
