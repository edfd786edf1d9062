//! Hashes of scripts, files and names of system calls.

use neovm_crypto::{hash160 as hash160_bytes, hash256};

/// A script hash: 20 bytes in the order in which scripts hold them.
///
/// Displayed as Neo's tools display it: `0x` and the bytes in reverse order.
/// [`FromStr`](core::str::FromStr) reads that form, with or without the `0x`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Hash160(pub [u8; 20]);

/// The hash of a transaction or a block: 32 bytes in the order in which scripts
/// hold them.
///
/// Displayed as Neo's tools display it: `0x` and the bytes in reverse order.
/// [`FromStr`](core::str::FromStr) reads that form, with or without the `0x`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Hash256(pub [u8; 32]);

/// Returns RIPEMD-160 of SHA-256 of the bytes.
pub fn hash160(bytes: &[u8]) -> Hash160 {
    Hash160(hash160_bytes(bytes))
}

/// Returns the first four bytes of double SHA-256, as a little-endian number: the
/// checksum of NEF files.
pub fn checksum(bytes: &[u8]) -> u32 {
    let hash = hash256(bytes);
    u32::from_le_bytes([hash[0], hash[1], hash[2], hash[3]])
}

/// Returns the identifier of a system call: the first four bytes of SHA-256 of its
/// name, as a little-endian number.
pub fn syscall_id(name: &str) -> u32 {
    let hash = neovm_crypto::sha256(name.as_bytes());
    u32::from_le_bytes([hash[0], hash[1], hash[2], hash[3]])
}

/// Displays and parses a hash as Neo's tools do, in reverse order.
macro_rules! reversed_hex {
    ($hash:ident, $length:literal, $error:ident) => {
        impl core::fmt::Display for $hash {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str("0x")?;
                self.0.iter().rev().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl core::fmt::Debug for $hash {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                core::fmt::Display::fmt(self, f)
            }
        }

        impl core::str::FromStr for $hash {
            type Err = $error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).unwrap_or(text);
                let mut hash = [0; $length];
                hex::decode_to_slice(digits, &mut hash).map_err(|_| $error($crate::text::shown(text).into()))?;
                hash.reverse();
                Ok(Self(hash))
            }
        }
    };
}

reversed_hex!(Hash160, 20, ParseHashError);
reversed_hex!(Hash256, 32, ParseHash256Error);

/// A text that is not a script hash.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a script hash: 0x and 40 hexadecimal digits")]
pub struct ParseHashError(pub alloc::string::String);

/// A text that is not the hash of a transaction or a block.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a hash: 0x and 64 hexadecimal digits")]
pub struct ParseHash256Error(pub alloc::string::String);
