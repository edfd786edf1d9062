use alloc::{format, string::String, vec, vec::Vec};

use num_bigint::BigUint;

use crate::{CryptoError, hash256};

/// The version byte of Neo N3 addresses, which makes them start with `N`.
pub const ADDRESS_VERSION: u8 = 0x35;

/// Bitcoin's alphabet: digits and letters but for those that look alike.
const ALPHABET: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

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
    let zeros = data.iter().take_while(|&&byte| byte == 0).count();
    let mut digits = vec![0; zeros];
    if zeros < data.len() {
        digits.extend(BigUint::from_bytes_be(data).to_radix_be(58));
    }
    digits.iter().map(|&digit| char::from(ALPHABET[usize::from(digit)])).collect()
}

/// Decodes Base58 text. Source: `Cryptography/Base58.cs`.
///
/// As with [`base58_encode`], callers should limit the length.
///
/// # Errors
/// Returns [`CryptoError::Base58`] if a character is not in the alphabet.
pub fn base58_decode(text: &str) -> Result<Vec<u8>, CryptoError> {
    let mut digits = Vec::with_capacity(text.len());
    for (index, character) in text.char_indices() {
        let digit = ALPHABET.iter().position(|&known| char::from(known) == character);
        let digit =
            digit.ok_or_else(|| CryptoError::Base58(format!("{character:?} at byte {index} is not a digit")))?;
        digits.push(digit as u8);
    }
    let zeros = digits.iter().take_while(|&&digit| digit == 0).count();
    let mut data = vec![0; zeros];
    if let Some(number) = BigUint::from_radix_be(&digits[zeros..], 58).filter(|_| zeros < digits.len()) {
        data.extend(number.to_bytes_be());
    }
    Ok(data)
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
/// As with [`base58_encode`], callers should limit the length.
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
/// - [`CryptoError::AddressTextLength`] if the text is longer than any address.
/// - The errors of [`base58_check_decode`].
/// - [`CryptoError::AddressLength`] if the address does not decode to 21 bytes.
/// - [`CryptoError::AddressVersion`] if its version byte is not `version`.
pub fn script_hash_from_address(address: &str, version: u8) -> Result<[u8; 20], CryptoError> {
    /// The digits that 25 bytes have at most.
    const MAX_LENGTH: usize = 35;
    if address.len() > MAX_LENGTH {
        return Err(CryptoError::AddressTextLength(address.len()));
    }
    let data = base58_check_decode(address)?;
    let Ok([found, script_hash @ ..]) = <[u8; 21]>::try_from(data.as_slice()) else {
        return Err(CryptoError::AddressLength(data.len()));
    };
    if found != version {
        return Err(CryptoError::AddressVersion { found, expected: version });
    }
    Ok(script_hash)
}
