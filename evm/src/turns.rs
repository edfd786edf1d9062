//! Turns of executions that need much memory.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// Lets one execution at a time have much memory: the others wait before they call on, until it is over.
///
/// What memory an execution can take is bounded by its gas alone, and tests have much of that. So executions on several
/// threads could need several times as much as the largest of them. See [`World::with_turns`](crate::World::with_turns).
#[derive(Debug)]
pub struct Turns {
    limit: usize,
    is_taken: Mutex<bool>,
    free: Condvar,
}

/// The turn of an execution. It is over when this is dropped.
#[derive(Debug)]
pub(crate) struct Turn(Arc<Turns>);

impl Turns {
    /// An execution has much memory if that of its frames is larger than so many bytes.
    pub fn above(limit: usize) -> Arc<Self> {
        Arc::new(Self { limit, is_taken: Mutex::new(false), free: Condvar::new() })
    }

    /// Waits for a turn, if so many bytes ask for one.
    pub(crate) fn take(self: &Arc<Self>, bytes: usize) -> Option<Turn> {
        (bytes > self.limit).then(|| {
            let is_taken = self.free.wait_while(self.lock(), |is_taken| *is_taken);
            *is_taken.unwrap_or_else(PoisonError::into_inner) = true;
            Turn(Arc::clone(self))
        })
    }

    fn lock(&self) -> MutexGuard<'_, bool> {
        self.is_taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        *self.0.lock() = false;
        self.0.free.notify_one();
    }
}
