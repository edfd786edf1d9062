//! How much memory machine code may take.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Bytes of machine code that the scripts of an engine may have together, unless it is configured otherwise: 64 MiB.
pub const DEFAULT_CAPACITY: usize = 64 << 20;

/// The bytes that the machine code of an engine may take, and those that it takes.
pub(crate) struct Capacity {
    limit: usize,
    taken: AtomicUsize,
}

impl Capacity {
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, taken: AtomicUsize::new(0) }
    }

    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    pub(crate) fn taken(&self) -> usize {
        self.taken.load(Ordering::Relaxed)
    }

    /// Whether nothing more is to be compiled. What was begun before may exceed the limit.
    pub(crate) fn is_full(&self) -> bool {
        self.taken() >= self.limit
    }

    /// Counts machine code that was made.
    pub(crate) fn take(&self, bytes: usize) {
        self.taken.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Counts machine code that is freed.
    pub(crate) fn give_back(&self, bytes: usize) {
        self.taken.fetch_sub(bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::Capacity;

    #[test]
    fn it_is_full_from_the_limit_on() {
        let capacity = Capacity::new(10);
        capacity.take(9);
        assert!(!capacity.is_full());
        capacity.take(3);
        assert!(capacity.is_full() && capacity.taken() == 12);
        capacity.give_back(3);
        assert!(!capacity.is_full());
        assert!(Capacity::new(0).is_full());
    }
}
