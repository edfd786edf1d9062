//! Sessions: iterators that a test invocation has returned, to be read by later calls.
//!
//! The reference reads an iterator when it is asked to, over a snapshot of the state. Here the
//! entries are read at once, up to a number, while the state is what it was.

use std::{
    collections::{HashMap, VecDeque},
    time::{Duration, Instant},
};

use uuid::Uuid;

use crate::error::{ErrorKind, RpcError};

/// The entries of an iterator that were not read yet, as JSON.
#[derive(Debug)]
pub(crate) struct Entries {
    pub(crate) items: VecDeque<Result<String, Unreadable>>,
    /// There are more, which nobody will read.
    pub(crate) is_cut: bool,
}

/// Why an entry cannot be read.
#[derive(Debug)]
pub(crate) struct Unreadable(pub(crate) String);

#[derive(Debug)]
struct Session {
    iterators: HashMap<Uuid, Entries>,
    used: Instant,
}

/// The sessions that are open.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    open: HashMap<Uuid, Session>,
}

impl Sessions {
    /// Opens a session. If there are too many, the one that was used first is closed.
    pub(crate) fn open(&mut self, iterators: HashMap<Uuid, Entries>, limit: usize, time: Duration) -> Uuid {
        self.close_expired(time);
        while self.open.len() >= limit.max(1) {
            let Some(oldest) = self.open.iter().min_by_key(|(_, session)| session.used).map(|(id, _)| *id) else {
                break;
            };
            self.open.remove(&oldest);
        }
        let id = Uuid::new_v4();
        self.open.insert(id, Session { iterators, used: Instant::now() });
        id
    }

    /// Reads the next entries of an iterator, at most `count`. One that cannot be read is passed over by the error.
    pub(crate) fn read(
        &mut self,
        session: Uuid,
        iterator: Uuid,
        count: usize,
        time: Duration,
    ) -> Result<Vec<String>, RpcError> {
        self.close_expired(time);
        let session = self.open.get_mut(&session).ok_or(ErrorKind::UnknownSession)?;
        session.used = Instant::now();
        let entries = session.iterators.get_mut(&iterator).ok_or(ErrorKind::UnknownIterator)?;
        if entries.items.len() < count && entries.is_cut {
            return Err(ErrorKind::ExecutionFailed.with("the iterator has more entries than this server reads"));
        }
        let count = count.min(entries.items.len());
        let mut read = Vec::with_capacity(count);
        for entry in std::iter::from_fn(|| entries.items.pop_front()).take(count) {
            read.push(entry.map_err(|Unreadable(reason)| ErrorKind::ExecutionFailed.with(reason))?);
        }
        Ok(read)
    }

    /// Closes a session, and returns whether it was open.
    pub(crate) fn close(&mut self, session: Uuid, time: Duration) -> bool {
        self.close_expired(time);
        self.open.remove(&session).is_some()
    }

    fn close_expired(&mut self, time: Duration) {
        self.open.retain(|_, session| session.used.elapsed() < time);
    }
}
