//! Hashing of script hashes, which are random already.

use std::{
    collections::hash_map::RandomState,
    hash::{BuildHasher, Hasher},
    sync::LazyLock,
};

/// Takes eight bytes of a script hash, mixed with a number that nobody can foresee.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HashState(u64);

impl Default for HashState {
    fn default() -> Self {
        static SEED: LazyLock<u64> = LazyLock::new(|| RandomState::new().hash_one(0));
        Self(*SEED | 1)
    }
}

impl BuildHasher for HashState {
    type Hasher = PrefixHasher;

    fn build_hasher(&self) -> PrefixHasher {
        PrefixHasher { seed: self.0, state: 0 }
    }
}

/// See [`HashState`].
#[derive(Debug)]
pub(crate) struct PrefixHasher {
    seed: u64,
    state: u64,
}

impl Hasher for PrefixHasher {
    fn write(&mut self, bytes: &[u8]) {
        if let Some(first) = bytes.first_chunk() {
            self.state ^= u64::from_le_bytes(*first);
        }
    }

    fn finish(&self) -> u64 {
        let product = u128::from(self.state) * u128::from(self.seed);
        (product >> 64) as u64 ^ product as u64
    }
}
