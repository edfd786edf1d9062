use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::{CryptoError, hash256};

/// The version byte of Neo N3 addresses; it makes them start with `N`.
pub const ADDRESS_VERSION: u8 = 0x35;

/// `data` as Base58 text, in Bitcoin's alphabet.
///
/// The time grows with the square of the length, as for decoding: callers
/// should bound what they accept from others.
#[must_use]
pub fn base58_encode(data: &[u8]) -> String {
    bs58::encode(data).into_string()
}

/// The bytes that Base58 `text` stands for.
///
/// # Errors
/// [`CryptoError::Base58`] for a character outside the alphabet.
pub fn base58_decode(text: &str) -> Result<Vec<u8>, CryptoError> {
    bs58::decode(text).into_vec().map_err(|error| CryptoError::Base58(error.to_string()))
}

/// `data` followed by a four-byte checksum, as Base58 text.
#[must_use]
pub fn base58_check_encode(data: &[u8]) -> String {
    base58_encode(&[data, &checksum(data)].concat())
}

/// The bytes that Base58Check `text` stands for, without the checksum.
///
/// # Errors
/// A character outside the alphabet, fewer than four bytes, or a checksum that
/// does not match.
pub fn base58_check_decode(text: &str) -> Result<Vec<u8>, CryptoError> {
    let mut data = base58_decode(text)?;
    let Some((payload, &found)) = data.split_last_chunk::<4>() else {
        return Err(CryptoError::Base58CheckLength(data.len()));
    };
    let expected = checksum(payload);
    if found != expected {
        return Err(CryptoError::Base58Checksum { found, expected });
    }
    data.truncate(data.len() - 4);
    Ok(data)
}

fn checksum(data: &[u8]) -> [u8; 4] {
    let [a, b, c, d, ..] = hash256(data);
    [a, b, c, d]
}

/// The address of a script hash, given in the little-endian byte order that
/// scripts and [`hash160`](crate::hash160) use.
#[must_use]
pub fn address_from_script_hash(script_hash: [u8; 20], version: u8) -> String {
    let mut data = [version; 21];
    data[1..].copy_from_slice(&script_hash);
    base58_check_encode(&data)
}

/// The script hash of an address, little-endian as scripts hold it.
///
/// # Errors
/// Those of [`base58_check_decode`], a length other than 21 bytes, or a version
/// byte other than `version`.
pub fn script_hash_from_address(address: &str, version: u8) -> Result<[u8; 20], CryptoError> {
    let data = base58_check_decode(address)?;
    let Ok([found, script_hash @ ..]) = <[u8; 21]>::try_from(data.as_slice()) else {
        return Err(CryptoError::AddressLength(data.len()));
    };
    if found != version {
        return Err(CryptoError::AddressVersion { found, expected: version });
    }
    Ok(script_hash)
}
