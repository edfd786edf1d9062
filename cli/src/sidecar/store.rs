//! A store that the client serves.

use std::{
    cell::RefCell,
    collections::{HashMap, VecDeque},
    sync::{Mutex, PoisonError},
};

use neovm::{
    storage::{Cursor, Direction, Entry, Key, Store, StoreError, Value},
    types::{hexadecimal, text::quoted},
};

use super::{
    connection::{Broken, Connection},
    message::{Answer, Request, status},
};

/// A longer key is taken for a mistake. The greatest length that nodes store is 68.
const MAX_KEY: usize = 4096;
/// How many entries are asked for at first, and at most: few are read of most prefixes.
const ENTRIES: (usize, usize) = (8, 512);

/// How many keys are asked for together with the one that is needed.
const ALONG: usize = 15;
/// For how many keys it is kept what was read behind them.
const MAX_HABITS: usize = 1 << 14;

/// Which keys earlier runs read behind a key. They are asked for together with it: a guess, which
/// costs little if it is wrong.
#[derive(Default)]
pub(crate) struct Habits(Mutex<HashMap<Key, Vec<Key>>>);

impl Habits {
    fn behind(&self, key: &Key) -> Vec<Key> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned().unwrap_or_default()
    }

    /// Notes what was read behind the keys at these places.
    fn learn(&self, reads: &[Key], places: &[usize]) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() + places.len() > MAX_HABITS {
            known.clear();
        }
        for place in places {
            let behind = reads[*place + 1..].iter().take(ALONG).cloned().collect();
            known.insert(reads[*place].clone(), behind);
        }
    }
}

/// Why reading ended, whatever the script made of it.
pub(crate) enum Failure {
    /// The client's storage failed, or answered what cannot be.
    Storage(i32, String),
    /// There is no client any more.
    Broken(Broken),
}

/// A store over messages. After a failure, everything fails.
pub(crate) struct RemoteStore<'a> {
    connection: &'a Connection,
    habits: &'a Habits,
    /// What the client has answered.
    known: RefCell<HashMap<Key, Option<Value>>>,
    /// The keys that were read, and the places of those that were asked for.
    reads: RefCell<(Vec<Key>, Vec<usize>)>,
    failure: RefCell<Option<Failure>>,
}

impl<'a> RemoteStore<'a> {
    pub(crate) fn new(connection: &'a Connection, habits: &'a Habits) -> Self {
        let (known, reads, failure) = Default::default();
        Self { connection, habits, known, reads, failure }
    }

    /// Ends reading.
    pub(crate) fn into_failure(self) -> Option<Failure> {
        let (reads, places) = self.reads.into_inner();
        self.habits.learn(&reads, &places);
        self.failure.into_inner()
    }

    pub(crate) fn has_failed(&self) -> bool {
        self.failure.borrow().is_some()
    }

    /// Reads the keys ahead with which every execution begins.
    pub(crate) fn begin(&self, keys: &[Key]) {
        *self.reads.borrow_mut() = (keys.to_vec(), vec![0]);
        // What fails here is known to the store.
        let _ = self.fetch(keys);
    }

    /// Asks for values in one message, and for those that are likely to be read next.
    fn fetch(&self, keys: &[Key]) -> Result<(), StoreError> {
        let mut asked = keys.to_vec();
        for key in keys.iter().flat_map(|key| self.habits.behind(key)) {
            if !asked.contains(&key) && !self.known.borrow().contains_key(&key) {
                asked.push(key);
            }
        }
        let values = self.values(&asked)?;
        self.known.borrow_mut().extend(asked.into_iter().zip(values));
        Ok(())
    }

    fn values(&self, keys: &[Key]) -> Result<Vec<Option<Value>>, StoreError> {
        let asked: Vec<String> = keys.iter().map(|key| hex::encode(&**key)).collect();
        match self.ask(&Answer::Get(&asked))? {
            Request::Values(values) if values.len() == keys.len() => {
                let value =
                    |text: Option<String>| text.map(|text| self.bytes("values", &text).map(Value::from)).transpose();
                values.into_iter().map(value).collect()
            }
            Request::Values(values) => {
                Err(self.malformed(format!("values: there are {}, and {} were asked for", values.len(), keys.len())))
            }
            _ => Err(self.confused()),
        }
    }

    fn ask(&self, question: &Answer<'_>) -> Result<Request, StoreError> {
        if self.has_failed() {
            return Err(StoreError("the storage failed before".into()));
        }
        let answer = self.connection.send(question).and_then(|()| self.connection.answer());
        match answer {
            Ok(Request::Failed(why)) => Err(self.fail(Failure::Storage(status::STATE, why))),
            Ok(answer) => Ok(answer),
            Err(broken) => Err(self.fail(Failure::Broken(broken))),
        }
    }

    fn fail(&self, failure: Failure) -> StoreError {
        let why = match &failure {
            Failure::Storage(_, why) => why.clone(),
            Failure::Broken(broken) => broken.to_string(),
        };
        self.failure.replace(Some(failure));
        StoreError(why)
    }

    fn malformed(&self, why: String) -> StoreError {
        self.fail(Failure::Storage(status::ARGUMENT, why))
    }

    fn confused(&self) -> StoreError {
        self.fail(Failure::Broken(Broken::Protocol("a message that is no answer to what was asked".into())))
    }

    fn bytes(&self, what: &str, text: &str) -> Result<Vec<u8>, StoreError> {
        hexadecimal::decode(text)
            .map_err(|error| self.malformed(format!("{what}: {} is not hexadecimal: {error}", quoted(text))))
    }
}

impl Store for RemoteStore<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Value>, StoreError> {
        let key = Key::from_bytes(key);
        let is_known = self.known.borrow().contains_key(&key);
        let (reads, places) = &mut *self.reads.borrow_mut();
        if !is_known {
            places.push(reads.len());
        }
        reads.push(key.clone());
        if !is_known {
            self.fetch(std::slice::from_ref(&key))?;
        }
        Ok(self.known.borrow().get(&key).cloned().flatten())
    }

    fn seek<'b>(&'b self, prefix: &[u8], from: Option<&[u8]>, direction: Direction) -> Cursor<'b> {
        Box::new(RemoteCursor {
            store: self,
            prefix: prefix.into(),
            from: from.map(Into::into),
            direction,
            last: None,
            entries: VecDeque::new(),
            limit: ENTRIES.0,
            ended: false,
        })
    }
}

/// Entries, which come in parts that grow.
struct RemoteCursor<'a, 'b> {
    store: &'b RemoteStore<'a>,
    prefix: Box<[u8]>,
    from: Option<Box<[u8]>>,
    direction: Direction,
    /// The last one that came.
    last: Option<Key>,
    entries: VecDeque<Entry>,
    limit: usize,
    ended: bool,
}

impl RemoteCursor<'_, '_> {
    /// Asks for the next part.
    fn part(&mut self) -> Result<(), StoreError> {
        let start = self.last.as_deref().or(self.from.as_deref());
        let question = Answer::Seek {
            prefix: hex::encode(&self.prefix),
            from: start.map(hex::encode),
            after: self.last.is_some(),
            backward: self.direction == Direction::Backward,
            limit: self.limit,
        };
        let Request::Entries { entries, more } = self.store.ask(&question)? else { return Err(self.store.confused()) };
        if entries.len() > self.limit || entries.is_empty() && more {
            let why = format!("entries: there are {}, and up to {} were asked for", entries.len(), self.limit);
            return Err(self.store.malformed(why));
        }
        for (key, value) in entries {
            let (key, value) = (self.store.bytes("entries", &key)?, self.store.bytes("entries", &value)?);
            if key.len() > MAX_KEY || !self.may_follow(&key) {
                let why = format!("entries: the key {:.80} cannot come next", hex::encode(&key));
                return Err(self.store.malformed(why));
            }
            let key = Key::from_bytes(&key);
            self.last = Some(key.clone());
            self.entries.push_back((key, value.into()));
        }
        self.ended = !more;
        self.limit = (self.limit * 2).min(ENTRIES.1);
        Ok(())
    }

    /// Whether a key is one that was asked for, in its order.
    fn may_follow(&self, key: &[u8]) -> bool {
        let is_behind = |before: &[u8], key: &[u8]| match self.direction {
            Direction::Forward => before < key,
            Direction::Backward => before > key,
        };
        key.starts_with(&self.prefix)
            && self.last.as_deref().is_none_or(|last| is_behind(last, key))
            && self.from.as_deref().is_none_or(|from| from == key || is_behind(from, key))
    }
}

impl Iterator for RemoteCursor<'_, '_> {
    type Item = Result<Entry, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.entries.is_empty()
            && !self.ended
            && let Err(error) = self.part()
        {
            self.ended = true;
            return Some(Err(error));
        }
        self.entries.pop_front().map(Ok)
    }
}
