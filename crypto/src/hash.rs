use ripemd::Ripemd160;
use sha2::{Digest, Sha256};
use sha3::Keccak256;

/// Returns the SHA-256 hash of `data` (FIPS 180-4).
#[must_use]
pub fn sha256(data: &[u8]) -> [u8; 32] {
    Sha256::digest(data).into()
}

/// Returns the RIPEMD-160 hash of `data`.
#[must_use]
pub fn ripemd160(data: &[u8]) -> [u8; 20] {
    Ripemd160::digest(data).into()
}

/// Returns the RIPEMD-160 hash of the SHA-256 hash of `data`. Source:
/// `Cryptography/Crypto.cs`.
///
/// The script hash of a contract or account is the `hash160` of its script.
#[must_use]
pub fn hash160(data: &[u8]) -> [u8; 20] {
    ripemd160(&sha256(data))
}

/// Returns the SHA-256 hash of the SHA-256 hash of `data`. Source:
/// `Cryptography/Crypto.cs`.
#[must_use]
pub fn hash256(data: &[u8]) -> [u8; 32] {
    sha256(&sha256(data))
}

/// Returns the Keccak-256 hash of `data`, as Ethereum defines it.
///
/// It differs from SHA3-256, which changed the padding.
#[must_use]
pub fn keccak256(data: &[u8]) -> [u8; 32] {
    Keccak256::digest(data).into()
}

const C1: u32 = 0xcc9e_2d51;
const C2: u32 = 0x1b87_3593;

/// Returns the 32-bit Murmur3 hash (x86 variant) of `data` with `seed`. Source:
/// `Cryptography/Murmur32.cs`.
///
/// Contracts receive the hash as four bytes in little-endian order
/// ([`u32::to_le_bytes`]).
#[must_use]
pub fn murmur32(data: &[u8], seed: u32) -> u32 {
    let (blocks, tail) = data.as_chunks::<4>();
    let mut state = seed;
    for block in blocks {
        state ^= murmur_scramble(u32::from_le_bytes(*block));
        state = state.rotate_left(13).wrapping_mul(5).wrapping_add(0xe654_6b64);
    }

    let mut last = [0; 4];
    last[..tail.len()].copy_from_slice(tail);
    // Scrambling a zero word gives zero, so an empty tail changes nothing.
    state ^= murmur_scramble(u32::from_le_bytes(last));

    // Murmur3 mixes in the length modulo 2^32, so the truncation is intended.
    state ^= data.len() as u32;
    state = (state ^ (state >> 16)).wrapping_mul(0x85eb_ca6b);
    state = (state ^ (state >> 13)).wrapping_mul(0xc2b2_ae35);
    state ^ (state >> 16)
}

fn murmur_scramble(word: u32) -> u32 {
    word.wrapping_mul(C1).rotate_left(15).wrapping_mul(C2)
}
