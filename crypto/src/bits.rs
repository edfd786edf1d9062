//! Bit operations on byte strings.
//!
//! Bit `i` is bit `i % 8`, counted from the least significant, of byte `i / 8`:
//! the byte string is read as a little-endian number, as Neo stores integers.
//! Functions of two operands require equal lengths and never pad, because
//! padding would turn a caller's mistake into a plausible result.

use alloc::vec;
use alloc::vec::Vec;

use crate::CryptoError;

/// Returns the bitwise AND of two byte strings of equal length.
///
/// # Errors
/// Returns [`CryptoError::UnequalLengths`] if the lengths differ.
pub fn and(left: &[u8], right: &[u8]) -> Result<Vec<u8>, CryptoError> {
    zip(left, right, |a, b| a & b)
}

/// Returns the bitwise OR of two byte strings of equal length.
///
/// # Errors
/// Returns [`CryptoError::UnequalLengths`] if the lengths differ.
pub fn or(left: &[u8], right: &[u8]) -> Result<Vec<u8>, CryptoError> {
    zip(left, right, |a, b| a | b)
}

/// Returns the bitwise exclusive OR of two byte strings of equal length.
///
/// # Errors
/// Returns [`CryptoError::UnequalLengths`] if the lengths differ.
pub fn xor(left: &[u8], right: &[u8]) -> Result<Vec<u8>, CryptoError> {
    zip(left, right, |a, b| a ^ b)
}

fn zip(left: &[u8], right: &[u8], op: fn(u8, u8) -> u8) -> Result<Vec<u8>, CryptoError> {
    if left.len() != right.len() {
        return Err(CryptoError::UnequalLengths { left: left.len(), right: right.len() });
    }
    Ok(left.iter().zip(right).map(|(&a, &b)| op(a, b)).collect())
}

/// Returns `data` with every bit inverted.
#[must_use]
pub fn not(data: &[u8]) -> Vec<u8> {
    data.iter().map(|byte| !byte).collect()
}

/// Returns `data` with every bit moved up by `count` indexes.
///
/// Bit `i` of a byte string is bit `i % 8`, counted from the least significant,
/// of byte `i / 8`. The length does not change: zeros are shifted in at index 0
/// and bits moved past the end are lost. If `count` is at least
/// `8 * data.len()`, the result consists of zeros.
///
/// # Examples
/// ```
/// assert_eq!(neovm_crypto::shift_left(&[0x81, 0x00], 1), [0x02, 0x01]);
/// ```
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

/// Returns `data` with every bit moved down by `count` indexes, the inverse of
/// [`shift_left`].
///
/// The length does not change: zeros are shifted in at the highest index and
/// bits moved below index 0 are lost. If `count` is at least `8 * data.len()`,
/// the result consists of zeros.
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

/// Returns the number of bits of `data` that are set.
#[must_use]
pub fn popcount(data: &[u8]) -> u64 {
    data.iter().map(|byte| u64::from(byte.count_ones())).sum()
}

/// Returns whether bit `index` of `data` is set.
///
/// Bit `i` is bit `i % 8`, counted from the least significant, of byte `i / 8`.
///
/// # Errors
/// Returns [`CryptoError::BitIndex`] if `index` is not below `8 * data.len()`.
pub fn test_bit(data: &[u8], index: usize) -> Result<bool, CryptoError> {
    match data.get(index / 8) {
        Some(byte) => Ok(byte >> (index % 8) & 1 == 1),
        None => Err(bit_index_error(data, index)),
    }
}

/// Sets bit `index` of `data` to `value`, in place.
///
/// Bit `i` is bit `i % 8`, counted from the least significant, of byte `i / 8`.
///
/// # Errors
/// Returns [`CryptoError::BitIndex`] and leaves `data` unchanged if `index` is
/// not below `8 * data.len()`.
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
