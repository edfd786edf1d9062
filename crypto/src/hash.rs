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

/// Returns the 128-bit Murmur3 hash (x64 variant) of `data` with `seed`. Source:
/// `Cryptography/Murmur128.cs`.
#[must_use]
pub fn murmur128(data: &[u8], seed: u32) -> [u8; 16] {
    let (blocks, tail) = data.as_chunks::<16>();
    let (mut h1, mut h2) = (u64::from(seed), u64::from(seed));
    for block in blocks {
        let (k1, k2) = murmur_scramble_pair(block);
        h1 = (h1 ^ k1).rotate_left(27).wrapping_add(h2).wrapping_mul(5).wrapping_add(0x52dc_e729);
        h2 = (h2 ^ k2).rotate_left(31).wrapping_add(h1).wrapping_mul(5).wrapping_add(0x3849_5ab5);
    }
    let mut last = [0; 16];
    last[..tail.len()].copy_from_slice(tail);
    // Scrambling zeros gives zeros, so an empty tail changes nothing.
    let (k1, k2) = murmur_scramble_pair(&last);
    let length = data.len() as u64;
    (h1, h2) = (h1 ^ k1 ^ length, h2 ^ k2 ^ length);
    h1 = h1.wrapping_add(h2);
    h2 = h2.wrapping_add(h1);
    (h1, h2) = (murmur_mix(h1), murmur_mix(h2));
    h1 = h1.wrapping_add(h2);
    h2 = h2.wrapping_add(h1);
    (u128::from(h2) << 64 | u128::from(h1)).to_le_bytes()
}

fn murmur_scramble_pair(block: &[u8; 16]) -> (u64, u64) {
    const C1: u64 = 0x87c3_7b91_1142_53d5;
    const C2: u64 = 0x4cf5_ad43_2745_937f;
    let words = u128::from_le_bytes(*block);
    let (k1, k2) = (words as u64, (words >> 64) as u64);
    (k1.wrapping_mul(C1).rotate_left(31).wrapping_mul(C2), k2.wrapping_mul(C2).rotate_left(33).wrapping_mul(C1))
}

fn murmur_mix(mut hash: u64) -> u64 {
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    hash ^ (hash >> 33)
}
