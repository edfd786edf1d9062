//! Random numbers that are determined by a seed.

/// A source of random numbers (splitmix64).
#[derive(Clone, Debug)]
pub struct Random {
    state: u64,
    /// The numbers that are returned first.
    chosen: std::collections::VecDeque<u8>,
}

impl Random {
    /// Creates a source with a seed.
    pub fn new(seed: u64) -> Self {
        Self { state: seed, chosen: Default::default() }
    }

    /// Creates a source whose first numbers are the given bytes, so that a fuzzer that changes one byte
    /// changes one choice. All bytes together seed the numbers that follow.
    pub fn of_bytes(bytes: &[u8]) -> Self {
        let seed = bytes.iter().fold(0u64, |sum, &byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
        Self { state: seed, chosen: bytes.iter().copied().collect() }
    }

    /// Returns the next number.
    #[allow(clippy::should_implement_trait, reason = "it never ends, so it is not an iterator")]
    pub fn next(&mut self) -> u64 {
        if let Some(byte) = self.chosen.pop_front() {
            return byte.into();
        }
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Returns a number below `end`, which must not be zero.
    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    /// Returns true with a probability of one in `times`.
    pub fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    /// Returns a random element of `values`.
    pub fn one_of<T: Copy>(&mut self, values: &[T]) -> T {
        values[self.below(values.len())]
    }
}
