use alloc::string::String;

/// Why an input was refused.
///
/// A well-formed signature that does not match is not an error: the verifying
/// functions return `Ok(false)` for it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CryptoError {
    /// A two-operand bit operation got byte strings of different lengths.
    #[error("operands are {left} and {right} bytes, expected equal lengths")]
    UnequalLengths {
        /// Bytes in the first operand.
        left: usize,
        /// Bytes in the second operand.
        right: usize,
    },
    /// A bit index lies past the end of the byte string.
    #[error("bit index is {index}, expected less than {bits}")]
    BitIndex {
        /// The index asked for.
        index: usize,
        /// Bits in the byte string.
        bits: usize,
    },
    /// An ECDSA public key has a length no SEC1 form has.
    #[error("public key is {0} bytes, expected 33 or 65")]
    PublicKeyLength(usize),
    /// The first byte of an ECDSA public key does not fit its length.
    #[error(
        "public key of {length} bytes starts with {prefix:#04x}, \
         expected 0x02 or 0x03 for 33 bytes and 0x04 for 65"
    )]
    PublicKeyPrefix {
        /// The first byte of the key.
        prefix: u8,
        /// Bytes in the key.
        length: usize,
    },
    #[cfg(feature = "signatures")]
    /// A coordinate of an ECDSA public key is not below the field prime.
    #[error("public key has a coordinate that is not below the field prime of {0}")]
    PublicKeyCoordinate(crate::Curve),
    #[cfg(feature = "signatures")]
    /// An ECDSA public key is well formed but is not a point of the curve.
    #[error("public key is not a point on {0}")]
    PublicKeyNotOnCurve(crate::Curve),
    /// A message hash has the wrong length.
    #[error("message hash is {0} bytes, expected 32")]
    HashLength(usize),
    /// A signature to verify has the wrong length.
    #[error("signature is {0} bytes, expected 64")]
    SignatureLength(usize),
    /// A signature to recover a key from has the wrong length.
    #[error("recoverable signature is {0} bytes, expected 64 or 65")]
    RecoverableSignatureLength(usize),
    /// The recovery byte of a signature is out of range.
    #[error("recovery id is {0}, expected 0 to 3 or 27 to 30")]
    RecoveryId(u8),
    /// No public key could have produced this signature of this hash.
    #[error("no public key can be recovered from this signature")]
    NotRecoverable,
    /// An Ed25519 public key has the wrong length.
    #[error("Ed25519 public key is {0} bytes, expected 32")]
    Ed25519KeyLength(usize),
    /// An Ed25519 public key is off the curve, not canonical or of small order.
    #[error("Ed25519 public key is not a canonical curve point of large order")]
    Ed25519Key,
    /// The text holds a character outside the Base58 alphabet.
    #[error("text is not Base58: {0}")]
    Base58(String),
    /// Decoded Base58Check data cannot hold its checksum.
    #[error("Base58Check data is {0} bytes, expected at least 4")]
    Base58CheckLength(usize),
    /// The Base58Check checksum does not match the payload.
    #[error("Base58Check checksum is {found:02x?}, expected {expected:02x?}")]
    Base58Checksum {
        /// Checksum in the text.
        found: [u8; 4],
        /// Checksum of the payload.
        expected: [u8; 4],
    },
    /// An address does not decode to a version byte and a script hash.
    #[error("address holds {0} bytes, expected 21")]
    AddressLength(usize),
    /// An address is for another network version.
    #[error("address version is {found}, expected {expected}")]
    AddressVersion {
        /// Version byte in the address.
        found: u8,
        /// Version byte asked for.
        expected: u8,
    },
}
