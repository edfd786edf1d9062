//! The cryptography that Neo N3 contracts use: hashes, signature verification,
//! public key recovery, bit operations on byte strings, Base58 and addresses.
//!
//! Contracts can observe every result, so results agree with the C# reference
//! node (neo-project/neo) also where other implementations differ. The sources
//! named below are files of its folder `src/Neo`. No function panics, whatever
//! bytes it is given; malformed input is reported as a [`CryptoError`].
//!
//! # Examples
//! The address of a contract that consists of a single byte:
//!
//! ```
//! use neovm_crypto::{ADDRESS_VERSION, address_from_script_hash, hash160, script_hash_from_address};
//!
//! let script_hash = hash160(&[0x01]);
//! let address = address_from_script_hash(script_hash, ADDRESS_VERSION);
//! assert_eq!(address, "NdtB8RXRmJ7Nhw1FPTm7E6HoDZGnDw37nf");
//! assert_eq!(script_hash_from_address(&address, ADDRESS_VERSION), Ok(script_hash));
//! ```
//!
//! # Features
//! - `bls12-381` (default): pairings, by `blst`, a library in C and assembly,
//!   which uses `std` where there is one.
//! - `native-signatures` (default): checks ECDSA signatures and recovers keys by
//!   libraries in C and assembly, which take a third to a half of the time.
//!   Results do not change.
//! - `signatures` (default): ECDSA, Ed25519 and public key recovery.
//! - `std` (default): enables `std` in the dependencies, and keeps the last
//!   public keys that were decoded. Without it the crate needs only `alloc`.

#![no_std]
#![deny(unsafe_code)]
#![deny(missing_docs)]

extern crate alloc;

mod base58;
mod bits;
#[cfg(feature = "bls12-381")]
pub mod bls12_381;
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
pub use ecdsa::{
    Curve, Hash, compress_public_key, portable, recover, recover_with_id, uncompress_public_key, verify,
    verify_multisig, verify_prehashed,
};
pub use error::CryptoError;
pub use hash::{hash160, hash256, keccak256, murmur32, murmur128, ripemd160, sha256};
