//! Entries of a storage of the origin, page after page.

use std::vec;

use base64::{Engine, prelude::BASE64_STANDARD};
use neovm_storage::{Entry, Key, StoreError, Value};
use neovm_types::Hash160;
use serde_json::json;

use super::{MAX_KEY, Origin, client::OriginError};

/// The number of entries that are asked for at once, which is the most that nodes return.
pub(super) const PAGE: usize = 100;

/// The number of entries that are read at most if the last ones are to come first: they are read from the first one on.
const MAX_BACKWARD: usize = 100_000;

pub(super) const FIND_STATES: &str = "findstates";

/// Entries of a contract's own storage, in the order of their keys.
pub(super) struct Page {
    pub(super) entries: Vec<(Vec<u8>, Value)>,
    /// Whether none follow that have the prefix.
    pub(super) is_last: bool,
}

impl Page {
    /// Asks for the first entries behind a key that have a prefix.
    pub(super) fn fetch(
        origin: &Origin,
        contract: Hash160,
        prefix: &[u8],
        after: &[u8],
        count: usize,
    ) -> Result<Self, OriginError> {
        let [prefix_text, after_text] = [prefix, after].map(|bytes| BASE64_STANDARD.encode(bytes));
        let params = json!([origin.root.to_string(), contract.to_string(), prefix_text, after_text, count]);
        let found = origin.client.call(FIND_STATES, params)?;
        let malformed = |what: &str| origin.client.malformed(FIND_STATES, what);
        let results = found["results"].as_array().ok_or_else(|| malformed("there is no list of results"))?;
        let is_truncated =
            found["truncated"].as_bool().ok_or_else(|| malformed("it does not tell whether more follow"))?;
        if results.len() > count || is_truncated && results.is_empty() {
            return Err(malformed("the number of results is not the one asked for"));
        }
        let mut entries: Vec<(Vec<u8>, Value)> = Vec::with_capacity(results.len());
        for result in results {
            let [key, value] = ["key", "value"].map(|name| origin.client.bytes(FIND_STATES, &result[name]));
            let (key, value) = (key?, value?);
            let before = entries.last().map(|(last, _)| &last[..]).or((!after.is_empty()).then_some(after));
            if before.is_some_and(|before| key[..] <= *before) || !key.starts_with(prefix) {
                return Err(malformed("the results are not in order, or not those asked for"));
            }
            entries.push((key, value.into()));
        }
        Ok(Self { entries, is_last: !is_truncated })
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![u8::from(self.is_last)];
        for part in self.entries.iter().flat_map(|(key, value)| [&key[..], value]) {
            bytes.extend((part.len() as u32).to_le_bytes());
            bytes.extend(part);
        }
        bytes
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (is_last, mut rest) = bytes.split_first()?;
        let mut part = || -> Option<&[u8]> {
            let (length, behind) = rest.split_first_chunk()?;
            let (part, behind) = behind.split_at_checked(u32::from_le_bytes(*length) as usize)?;
            rest = behind;
            Some(part)
        };
        let mut entries = Vec::new();
        while let Some(key) = part() {
            entries.push((key.to_vec(), part()?.into()));
        }
        rest.is_empty().then_some(Self { entries, is_last: *is_last == 1 })
    }
}

/// The entries with a prefix, smallest first. After an error there are no more.
pub(super) struct Pages<'a> {
    origin: &'a Origin,
    id: i32,
    contract: Hash160,
    prefix: Vec<u8>,
    /// The last key that was read; empty before the first.
    after: Vec<u8>,
    read: vec::IntoIter<(Vec<u8>, Value)>,
    is_last: bool,
}

impl<'a> Pages<'a> {
    /// Reads all entries.
    pub(super) fn new(origin: &'a Origin, id: i32, contract: Hash160, prefix: &[u8]) -> Self {
        let (prefix, after, read) = (prefix.to_vec(), Vec::new(), Vec::new().into_iter());
        Self { origin, id, contract, prefix, after, read, is_last: false }
    }

    /// Begins at a key that starts with the prefix, if one is given.
    pub(super) fn from(mut self, from: Option<&[u8]>) -> Result<Self, StoreError> {
        // Nodes return what is behind a key.
        if let Some(from) = from.filter(|from| !from.is_empty()) {
            let value = self.origin.value(self.id, self.contract, from)?;
            self.read = value.map(|value| (from.to_vec(), value)).into_iter().collect::<Vec<_>>().into_iter();
            // No key lies between one that is too long and its beginning.
            self.after = from[..from.len().min(MAX_KEY)].to_vec();
        }
        Ok(self)
    }

    /// Reads all entries up to a key, or all, the last one first.
    pub(super) fn backward(self, from: Option<&[u8]>) -> Result<Vec<Entry>, StoreError> {
        let mut entries = Vec::new();
        for entry in self {
            let entry = entry?;
            if from.is_some_and(|from| entry.0.local() > from) {
                break;
            }
            if entries.len() == MAX_BACKWARD {
                return Err(StoreError(format!("more than {MAX_BACKWARD} entries are to be read backward")));
            }
            entries.push(entry);
        }
        entries.reverse();
        Ok(entries)
    }
}

impl Iterator for Pages<'_> {
    type Item = Result<Entry, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some((key, value)) = self.read.next() {
                return Some(Ok((Key::new(self.id, &key), value)));
            }
            if self.is_last {
                return None;
            }
            match self.origin.page(self.contract, &self.prefix, &self.after) {
                Ok(page) => {
                    self.is_last = page.is_last;
                    if let Some((last, _)) = page.entries.last() {
                        self.after.clone_from(last);
                    }
                    self.read = page.entries.into_iter();
                }
                Err(error) => {
                    self.is_last = true;
                    return Some(Err(error));
                }
            }
        }
    }
}
