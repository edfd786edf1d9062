//! Public keys of accounts, groups and committee members.
//!
//! Source: `ECC/ECPoint.cs` of the reference node.

use alloc::string::{String, ToString};
use core::{cmp::Ordering, fmt, str::FromStr};

use neovm_crypto::{CryptoError, Curve, compress_public_key, uncompress_public_key};
use serde::{Serialize, Serializer};

use crate::{hexadecimal, item::StackItem, text::shown};

/// A public key on the curve secp256r1 in its compressed form: 2 or 3, and 32 bytes.
///
/// [`FromStr`] reads 66 hexadecimal digits of the compressed form or 130 of the
/// uncompressed one, as [`PublicKey::from_bytes`] does.
///
/// Keys are in the order of the reference: by the x coordinate, then by the y
/// coordinate, not by the first byte of the compressed form.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PublicKey(pub [u8; 33]);

impl PublicKey {
    /// Returns the key that bytes encode, in compressed or uncompressed form: a point on the curve. Of the
    /// y coordinate of an uncompressed one only counts whether it is odd, as in [`PublicKey::decode_point`].
    ///
    /// # Errors
    /// [`CryptoError`] if the key is malformed, or there is no point with the x coordinate.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CryptoError> {
        let key = Self::decode_point(bytes)?;
        // A compressed one was decoded.
        if bytes.len() > key.0.len() { compress_public_key(&key.0, Curve::Secp256r1).map(Self) } else { Ok(key) }
    }

    /// Returns the key that bytes encode as the reference takes it from a script: an uncompressed one need not be a
    /// point on the curve.
    ///
    /// Source: `ECC/ECPoint.cs` (`DecodePoint`).
    ///
    /// # Errors
    /// [`CryptoError`] if the key is malformed, or is compressed and not on the curve.
    pub fn decode_point(bytes: &[u8]) -> Result<Self, CryptoError> {
        let ([4, coordinates @ ..], 65) = (bytes, bytes.len()) else {
            return compress_public_key(bytes, Curve::Secp256r1).map(Self);
        };
        let (x, y) = coordinates.split_at(32);
        let prime = Curve::Secp256r1.prime();
        if x >= &prime[..] || y >= &prime[..] {
            return Err(CryptoError::PublicKeyCoordinate(Curve::Secp256r1));
        }
        let mut key = [2 | y[31] & 1; 33];
        key[1..].copy_from_slice(x);
        Ok(Self(key))
    }

    /// Reads a key as [`FromStr`] does, but an uncompressed one has to be a point on the curve with its y coordinate, too.
    ///
    /// # Errors
    /// [`ParseKeyError`] if the text is no such key.
    pub fn parse_point(text: &str) -> Result<Self, ParseKeyError> {
        Self::parse_with(text, |bytes| compress_public_key(bytes, Curve::Secp256r1).map(Self))
    }

    fn parse_with(text: &str, decode: impl FnOnce(&[u8]) -> Result<Self, CryptoError>) -> Result<Self, ParseKeyError> {
        let error = |why: &dyn fmt::Display| ParseKeyError { text: shown(text).into(), why: why.to_string() };
        let bytes = hexadecimal::decode(text).map_err(|why| error(&why))?;
        decode(&bytes).map_err(|why| error(&why))
    }

    /// The y coordinate; none if the key is not on the curve.
    fn y(&self) -> Option<[u8; 32]> {
        let point = uncompress_public_key(&self.0, Curve::Secp256r1).ok()?;
        point[33..].try_into().ok()
    }
}

impl Ord for PublicKey {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_x = self.0[1..].cmp(&other.0[1..]);
        // Few keys share their x coordinate: the owner of one knows the other.
        by_x.then_with(|| if self == other { Ordering::Equal } else { self.y().cmp(&other.y()) })
            .then_with(|| self.0.cmp(&other.0))
    }
}

impl PartialOrd for PublicKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A text that is not a public key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a public key: {why}")]
pub struct ParseKeyError {
    text: String,
    why: String,
}

impl FromStr for PublicKey {
    type Err = ParseKeyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse_with(text, Self::from_bytes)
    }
}

impl Serialize for PublicKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl From<&PublicKey> for StackItem {
    fn from(key: &PublicKey) -> Self {
        key.0[..].into()
    }
}
