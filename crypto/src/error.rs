use alloc::{format, string::String};

/// The reason why an input was rejected.
///
/// A well-formed signature that does not match is not an error: the functions
/// that verify signatures return `Ok(false)` for it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CryptoError {
    /// The operands of a bit operation differ in length.
    #[error("operands are {left} and {}, expected equal lengths", count(*.right, "byte"))]
    UnequalLengths {
        /// The length of the first operand, in bytes.
        left: usize,
        /// The length of the second operand, in bytes.
        right: usize,
    },
    /// A bit index is past the end of the byte string.
    #[error("bit index is {index}, expected less than {bits}")]
    BitIndex {
        /// The requested index.
        index: usize,
        /// The number of bits in the byte string.
        bits: usize,
    },
    /// The length of an ECDSA public key, in bytes, is not that of a SEC1
    /// encoding.
    #[error("public key is {}, expected 33 or 65", count(*.0, "byte"))]
    PublicKeyLength(usize),
    /// The first byte of an ECDSA public key does not match its length.
    #[error(
        "public key of {} starts with {prefix:#04x}, expected 0x02 or 0x03 for 33 bytes and 0x04 for 65",
        count(*.length, "byte")
    )]
    PublicKeyPrefix {
        /// The first byte of the key.
        prefix: u8,
        /// The length of the key, in bytes.
        length: usize,
    },
    /// A coordinate of an ECDSA public key is not below the field prime.
    #[cfg(feature = "signatures")]
    #[error("public key has a coordinate that is not below the field prime of {0}")]
    PublicKeyCoordinate(crate::Curve),
    /// An ECDSA public key is well-formed but not a point on the curve.
    #[cfg(feature = "signatures")]
    #[error("public key is not a point on {0}")]
    PublicKeyNotOnCurve(crate::Curve),
    /// A message hash has the wrong length, given in bytes.
    #[error("message hash is {}, expected 32", count(*.0, "byte"))]
    HashLength(usize),
    /// A signature to be verified has the wrong length, given in bytes.
    #[error("signature is {}, expected 64", count(*.0, "byte"))]
    SignatureLength(usize),
    /// A signature from which a public key is to be recovered has the wrong
    /// length, given in bytes.
    #[error("recoverable signature is {}, expected 64 or 65", count(*.0, "byte"))]
    RecoverableSignatureLength(usize),
    /// A recovery id, or the `v` of a signature, is out of range.
    #[error("recovery id is {0}, expected 0 to 3 or 27 to 30")]
    RecoveryId(u8),
    /// No public key matches the signature and the message hash.
    #[error("no public key can be recovered from this signature")]
    NotRecoverable,
    /// An Ed25519 public key has the wrong length, given in bytes.
    #[error("Ed25519 public key is {}, expected 32", count(*.0, "byte"))]
    Ed25519KeyLength(usize),
    /// An Ed25519 public key is not a point on the curve, is not encoded
    /// canonically, or has small order.
    #[error("Ed25519 public key is not a canonical curve point of large order")]
    Ed25519Key,
    /// The text contains a character outside the Base58 alphabet. The string
    /// describes the character and its position.
    #[error("text is not Base58: {0}")]
    Base58(String),
    /// Decoded Base58Check data is too short to contain a checksum. Its length
    /// is given in bytes.
    #[error("Base58Check data is {}, expected at least 4", count(*.0, "byte"))]
    Base58CheckLength(usize),
    /// The Base58Check checksum does not match the payload.
    #[error("Base58Check checksum is {found:02x?}, expected {expected:02x?}")]
    Base58Checksum {
        /// The checksum in the text.
        found: [u8; 4],
        /// The checksum computed from the payload.
        expected: [u8; 4],
    },
    /// A text is longer than addresses are. Its length is given in bytes.
    #[error("address has {}, expected at most 35", count(*.0, "character"))]
    AddressTextLength(usize),
    /// An address does not decode to a version byte and a script hash: the
    /// decoded length, given in bytes, is not 21.
    #[error("address holds {}, expected 21", count(*.0, "byte"))]
    AddressLength(usize),
    /// An address has another version byte than expected.
    #[error("address version is {found}, expected {expected}")]
    AddressVersion {
        /// The version byte of the address.
        found: u8,
        /// The version byte that the caller expects.
        expected: u8,
    },
}

fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}
