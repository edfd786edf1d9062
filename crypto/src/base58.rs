use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::{CryptoError, hash256};

/// The version byte of Neo N3 addresses, which makes them start with `N`.
pub const ADDRESS_VERSION: u8 = 0x35;

/// Encodes bytes as Base58, using Bitcoin's alphabet. Source:
/// `Cryptography/Base58.cs`.
///
/// Encoding and decoding take time quadratic in the length, so callers should
/// limit the length of untrusted input.
///
/// # Examples
/// ```
/// assert_eq!(neovm_crypto::base58_encode(b"simply a long string"), "2cFupjhnEsSn59qHXstmK2ffpLv2");
/// ```
#[must_use]
pub fn base58_encode(data: &[u8]) -> String {
    bs58::encode(data).into_string()
}

/// Decodes Base58 text. Source: `Cryptography/Base58.cs`.
///
/// # Errors
/// Returns [`CryptoError::Base58`] if a character is not in the alphabet.
pub fn base58_decode(text: &str) -> Result<Vec<u8>, CryptoError> {
    bs58::decode(text).into_vec().map_err(|error| CryptoError::Base58(error.to_string()))
}

/// Appends a four-byte checksum to `data` and encodes both as Base58. Source:
/// `Cryptography/Base58.cs`.
///
/// The checksum is the start of [`hash256`] of `data`.
#[must_use]
pub fn base58_check_encode(data: &[u8]) -> String {
    base58_encode(&[data, &checksum(data)].concat())
}

/// Decodes Base58Check text, verifies the checksum and returns the bytes
/// without it. Source: `Cryptography/Base58.cs`.
///
/// # Errors
/// - [`CryptoError::Base58`] if a character is not in the alphabet.
/// - [`CryptoError::Base58CheckLength`] if there are fewer than four bytes.
/// - [`CryptoError::Base58Checksum`] if the checksum does not match.
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

/// Returns the address of a script hash. Source: `Wallets/Helper.cs`.
///
/// The hash is in the byte order of [`hash160`](crate::hash160) and of scripts,
/// which is the reverse of the order in which hashes are displayed with `0x`.
/// The version byte of Neo N3 addresses is [`ADDRESS_VERSION`].
#[must_use]
pub fn address_from_script_hash(script_hash: [u8; 20], version: u8) -> String {
    let mut data = [version; 21];
    data[1..].copy_from_slice(&script_hash);
    base58_check_encode(&data)
}

/// Returns the script hash of an address, in the byte order of
/// [`hash160`](crate::hash160) and of scripts. Source: `Wallets/Helper.cs`.
///
/// # Errors
/// - The errors of [`base58_check_decode`].
/// - [`CryptoError::AddressLength`] if the address does not decode to 21 bytes.
/// - [`CryptoError::AddressVersion`] if its version byte is not `version`.
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
