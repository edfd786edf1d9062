//! Entries of a storage of the origin, page after page.

use std::{
    time::{Duration, Instant},
    vec,
};

use base64::{Engine, prelude::BASE64_STANDARD};
use neovm_storage::{Entry, Key, NodeHash, Proof, Range, StoreError, TrieError, Value};
use neovm_types::Hash160;
use serde_json::json;

use super::{MAX_KEY, Origin, client::OriginError};

/// The number of entries that are asked for at once, which is the most that nodes return.
pub(super) const PAGE: usize = 100;

/// The number of entries that are read at most if the last ones are to come first: they are read from the first one on.
const MAX_BACKWARD: usize = 100_000;

/// How long they are read. Whoever asks again goes on from there, as what was read is kept.
const MAX_BACKWARD_TIME: Duration = Duration::from_secs(5);

pub(super) const FIND_STATES: &str = "findstates";

/// A contract whose storage is read.
#[derive(Clone, Copy)]
pub(super) struct Contract {
    pub(super) id: i32,
    pub(super) hash: Hash160,
}

/// A key that entries are read behind.
#[derive(Default)]
pub(super) struct Behind {
    /// Empty before the first one.
    pub(super) key: Vec<u8>,
    /// The proof of its value; empty if it has none.
    proof: Vec<u8>,
}

/// Entries of a contract's own storage, in the order of their keys.
pub(super) struct Page {
    pub(super) entries: Vec<(Vec<u8>, Value)>,
    /// Whether none follow that have the prefix.
    pub(super) is_last: bool,
    /// The proof of the last entry; empty if there is none.
    proof: Vec<u8>,
}

impl Page {
    /// Asks for the first entries behind a key that have a prefix.
    pub(super) fn fetch(
        origin: &Origin,
        contract: Contract,
        prefix: &[u8],
        behind: &Behind,
        count: usize,
    ) -> Result<Self, OriginError> {
        let after = &behind.key[..];
        let [prefix_text, after_text] = [prefix, after].map(|bytes| BASE64_STANDARD.encode(bytes));
        let params = json!([origin.root.to_string(), contract.hash.to_string(), prefix_text, after_text, count]);
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
        let proof = |name: &str| origin.client.bytes(FIND_STATES, &found[name]);
        let first = if entries.is_empty() { Vec::new() } else { proof("firstProof")? };
        let last = if entries.len() < 2 { first.clone() } else { proof("lastProof")? };
        let page = Self { entries, is_last: !is_truncated, proof: last };
        match page.is_proven(origin.root.0, contract.id, prefix, behind, &first) {
            Ok(true) => Ok(page),
            Ok(false) => Err(malformed("the results are not those of the state root")),
            Err(error) => Err(malformed(&format!("the results are not proven by the state root: {error}"))),
        }
    }

    /// Whether the proofs show that these are all entries that were asked for, with their values. That there are none
    /// at all cannot be shown, nor that none lie before the first one if the key before them has no value.
    fn is_proven(
        &self,
        root: NodeHash,
        id: i32,
        prefix: &[u8],
        behind: &Behind,
        first: &[u8],
    ) -> Result<bool, TrieError> {
        let proofs = [&behind.proof[..], first, &self.proof].into_iter().filter(|proof| !proof.is_empty());
        let proofs = proofs.map(Proof::from_bytes).collect::<Result<Vec<_>, _>>()?;
        let mut entries: Vec<_> = self.entries.iter().map(|(key, value)| (Key::new(id, key), value.clone())).collect();
        if !behind.proof.is_empty() {
            let Some(value) = proofs[0].verify(root)? else { return Ok(false) };
            entries.insert(0, (Key::new(id, &behind.key), value));
        }
        let ([(first, _), .., (last, _)] | [(first @ last, _)]) = &entries[..] else { return Ok(true) };
        let prefix = Key::new(id, prefix);
        let range = Range {
            prefix: &prefix,
            first: (!behind.key.is_empty()).then_some(first),
            last: (!self.is_last).then_some(last),
        };
        range.verify(root, &proofs, entries.iter().map(|(key, value)| (key, value)))
    }

    /// What the entries behind these are asked for with.
    pub(super) fn end(&self) -> Option<Behind> {
        let (key, _) = self.entries.last()?;
        Some(Behind { key: key.clone(), proof: self.proof.clone() })
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![u8::from(self.is_last)];
        let entries = self.entries.iter().flat_map(|(key, value)| [&key[..], value]);
        for part in std::iter::once(&self.proof[..]).chain(entries) {
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
        let proof = part()?.to_vec();
        let mut entries = Vec::new();
        while let Some(key) = part() {
            entries.push((key.to_vec(), part()?.into()));
        }
        rest.is_empty().then_some(Self { entries, is_last: *is_last == 1, proof })
    }
}

/// The entries with a prefix, smallest first. After an error there are no more.
pub(super) struct Pages<'a> {
    origin: &'a Origin,
    contract: Contract,
    prefix: Vec<u8>,
    /// The last key that was read.
    behind: Behind,
    read: vec::IntoIter<(Vec<u8>, Value)>,
    is_last: bool,
}

impl<'a> Pages<'a> {
    /// Reads all entries.
    pub(super) fn new(origin: &'a Origin, contract: Contract, prefix: &[u8]) -> Self {
        let (prefix, read) = (prefix.to_vec(), Vec::new().into_iter());
        Self { origin, contract, prefix, behind: Behind::default(), read, is_last: false }
    }

    /// Begins at a key that starts with the prefix, if one is given.
    pub(super) fn from(mut self, from: Option<&[u8]>) -> Result<Self, StoreError> {
        // Nodes return what is behind a key.
        if let Some(from) = from.filter(|from| !from.is_empty()) {
            // No key lies between one that is too long and its beginning.
            let key = &from[..from.len().min(MAX_KEY)];
            let page = self.origin.page(self.contract, key, &Behind::default(), 1)?;
            self.behind = Behind { key: key.to_vec(), proof: Vec::new() };
            if page.entries.first().is_some_and(|(found, _)| found == key) {
                self.behind = page.end().unwrap_or_default();
                if from.len() <= MAX_KEY {
                    self.read = page.entries.into_iter();
                }
            }
        }
        Ok(self)
    }

    /// Reads all entries up to a key, or all, the last one first.
    pub(super) fn backward(self, from: Option<&[u8]>) -> Result<Vec<Entry>, StoreError> {
        let mut entries = Vec::new();
        let end = Instant::now() + MAX_BACKWARD_TIME;
        for entry in self {
            let entry = entry?;
            if from.is_some_and(|from| entry.0.local() > from) {
                break;
            }
            if entries.len() == MAX_BACKWARD {
                return Err(StoreError(format!("more than {MAX_BACKWARD} entries are to be read backward")));
            }
            if Instant::now() >= end {
                let seconds = MAX_BACKWARD_TIME.as_secs();
                return Err(StoreError(format!("it takes more than {seconds} s to read entries backward; try again")));
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
                return Some(Ok((Key::new(self.contract.id, &key), value)));
            }
            if self.is_last {
                return None;
            }
            match self.origin.page(self.contract, &self.prefix, &self.behind, PAGE) {
                Ok(page) => {
                    self.is_last = page.is_last;
                    if let Some(end) = page.end() {
                        self.behind = end;
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
