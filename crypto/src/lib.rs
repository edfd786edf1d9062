//! Cryptography used by Neo N3 contracts: hashes, signature checks, public-key
//! recovery, bit operations on byte strings, Base58 and addresses.
//!
//! Results follow the C# reference node, because a contract can observe every
//! one of them. No function panics, whatever bytes it is given; the `std`
//! feature only forwards to the dependencies, and `signatures` (on by default)
//! brings the curves.

#![no_std]
#![forbid(unsafe_code)]
#![deny(missing_docs)]

extern crate alloc;

mod base58;
mod bits;
#[cfg(feature = "signatures")]
mod ecdsa;
#[cfg(feature = "signatures")]
pub mod ed25519;
mod error;
mod hash;

pub use base58::{
    ADDRESS_VERSION, address_from_script_hash, base58_check_decode, base58_check_encode, base58_decode, base58_encode,
    script_hash_from_address,
};
pub use bits::{and, not, or, popcount, set_bit, shift_left, shift_right, test_bit, xor};
#[cfg(feature = "signatures")]
pub use ecdsa::{Curve, Hash, compress_public_key, recover, recover_with_id, verify, verify_prehashed};
pub use error::CryptoError;
pub use hash::{hash160, hash256, keccak256, murmur32, ripemd160, sha256};
