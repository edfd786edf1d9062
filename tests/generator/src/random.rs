//! Random numbers that a seed decides.

/// A source of random numbers (splitmix64).
#[derive(Clone, Debug)]
pub struct Random {
    state: u64,
    /// What comes first.
    chosen: std::collections::VecDeque<u8>,
}

impl Random {
    /// The numbers of a seed.
    pub fn new(seed: u64) -> Self {
        Self { state: seed, chosen: Default::default() }
    }

    /// Numbers that bytes choose, one each, so that a fuzzer that changes a
    /// byte changes a choice; behind them those of their sum.
    pub fn of_bytes(bytes: &[u8]) -> Self {
        let seed = bytes.iter().fold(0u64, |sum, &byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
        Self { state: seed, chosen: bytes.iter().copied().collect() }
    }

    /// Any number.
    #[allow(clippy::should_implement_trait, reason = "it never ends, so it is no iterator")]
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

    /// A number below another, which is not zero.
    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    /// True once in so many times.
    pub fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    /// One of some values.
    pub fn one_of<T: Copy>(&mut self, values: &[T]) -> T {
        values[self.below(values.len())]
    }
}
