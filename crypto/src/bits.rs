//! Bit operations on byte strings.
//!
//! Bit `i` is bit `i % 8`, counted from the least significant, of byte `i / 8`:
//! the byte string is read as a little-endian number, as Neo stores integers.
//! Two-operand functions want equal lengths and never pad, because padding
//! would hide a caller's mistake behind a plausible result.

use alloc::vec;
use alloc::vec::Vec;

use crate::CryptoError;

/// Bitwise AND of two byte strings of equal length.
///
/// # Errors
/// [`CryptoError::UnequalLengths`].
pub fn and(left: &[u8], right: &[u8]) -> Result<Vec<u8>, CryptoError> {
    zip(left, right, |a, b| a & b)
}

/// Bitwise OR of two byte strings of equal length.
///
/// # Errors
/// [`CryptoError::UnequalLengths`].
pub fn or(left: &[u8], right: &[u8]) -> Result<Vec<u8>, CryptoError> {
    zip(left, right, |a, b| a | b)
}

/// Bitwise exclusive OR of two byte strings of equal length.
///
/// # Errors
/// [`CryptoError::UnequalLengths`].
pub fn xor(left: &[u8], right: &[u8]) -> Result<Vec<u8>, CryptoError> {
    zip(left, right, |a, b| a ^ b)
}

fn zip(left: &[u8], right: &[u8], op: fn(u8, u8) -> u8) -> Result<Vec<u8>, CryptoError> {
    if left.len() != right.len() {
        return Err(CryptoError::UnequalLengths { left: left.len(), right: right.len() });
    }
    Ok(left.iter().zip(right).map(|(&a, &b)| op(a, b)).collect())
}

/// Every bit of `data` inverted.
#[must_use]
pub fn not(data: &[u8]) -> Vec<u8> {
    data.iter().map(|byte| !byte).collect()
}

/// `data` with every bit moved `count` places to a higher index.
///
/// The length stays the same: zeros come in at index 0 and bits moved past the
/// end are lost, so a `count` of at least `8 * data.len()` gives all zeros.
#[must_use]
pub fn shift_left(data: &[u8], count: usize) -> Vec<u8> {
    let (bytes, bits) = (count / 8, count % 8);
    let mut out = vec![0; data.len()];
    for (i, &byte) in (bytes..data.len()).zip(data) {
        let wide = u16::from(byte) << bits;
        let [low, high] = wide.to_le_bytes();
        out[i] |= low;
        if let Some(next) = out.get_mut(i + 1) {
            *next = high;
        }
    }
    out
}

/// `data` with every bit moved `count` places to a lower index.
///
/// The length stays the same: zeros come in at the highest index and bits moved
/// below index 0 are lost, so a `count` of at least `8 * data.len()` gives all
/// zeros.
#[must_use]
pub fn shift_right(data: &[u8], count: usize) -> Vec<u8> {
    let (bytes, bits) = (count / 8, count % 8);
    let kept = data.get(bytes..).unwrap_or_default();
    let mut out = vec![0; data.len()];
    for (i, target) in out.iter_mut().take(kept.len()).enumerate() {
        let next = kept.get(i + 1).copied().unwrap_or(0);
        let wide = u16::from_le_bytes([kept[i], next]) >> bits;
        *target = wide.to_le_bytes()[0];
    }
    out
}

/// How many bits of `data` are one.
#[must_use]
pub fn popcount(data: &[u8]) -> u64 {
    data.iter().map(|byte| u64::from(byte.count_ones())).sum()
}

/// Whether bit `index` of `data` is one.
///
/// # Errors
/// [`CryptoError::BitIndex`] if `index` is not below `8 * data.len()`.
pub fn test_bit(data: &[u8], index: usize) -> Result<bool, CryptoError> {
    match data.get(index / 8) {
        Some(byte) => Ok(byte >> (index % 8) & 1 == 1),
        None => Err(bit_index_error(data, index)),
    }
}

/// Sets bit `index` of `data` to `value`, in place.
///
/// # Errors
/// [`CryptoError::BitIndex`] if `index` is not below `8 * data.len()`; `data`
/// is then unchanged.
pub fn set_bit(data: &mut [u8], index: usize, value: bool) -> Result<(), CryptoError> {
    let Some(byte) = data.get_mut(index / 8) else {
        return Err(bit_index_error(data, index));
    };
    let mask = 1 << (index % 8);
    if value {
        *byte |= mask;
    } else {
        *byte &= !mask;
    }
    Ok(())
}

fn bit_index_error(data: &[u8], index: usize) -> CryptoError {
    CryptoError::BitIndex { index, bits: data.len().saturating_mul(8) }
}
