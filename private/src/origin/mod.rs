//! The chain that a fork began at: the state of another network after a block, read from a node of it when it is asked
//! for.
//!
//! What was read is kept in a file, and never read again: it cannot change. Nothing but an answer of the node says that
//! something is not there.

mod client;
mod ledger;
mod pages;
mod place;

use std::{
    io,
    path::Path,
    sync::{Mutex, PoisonError},
};

use neovm_chain::Header;
use neovm_disk::{Records, write_secret_file};
use neovm_host::{
    ProtocolSettings,
    native::{LEDGER_ID, NATIVES, contract_hash_key, contract_key},
};
use neovm_node::config;
use neovm_storage::{Cursor, Direction, Key, MAX_KEY_LENGTH, Store, StoreError, Value};
use neovm_types::{Hash160, Hash256, PublicKey, json as neo_json, text::quoted};
use serde::{Deserialize, Serialize};
use serde_json::{Map, json};

pub use self::client::{OriginError, Problem};
pub(crate) use self::place::ForkPlace;
use self::{
    client::Client,
    pages::{Behind, Contract, FIND_STATES, Page, Pages},
};
use crate::PrivateError;

/// The greatest length of a contract's own key. Nodes refuse to look for longer ones, which cannot be there.
const MAX_KEY: usize = MAX_KEY_LENGTH - size_of::<i32>();

/// Where a fork began, as its folder keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OriginFile {
    /// The address of the node.
    pub rpc: String,
    /// The height of the block that the fork goes on from.
    pub height: u32,
    /// The hash of that block.
    pub hash: String,
    /// The state root after it.
    pub root: String,
}

/// The state of another network after a block.
#[derive(Debug)]
pub struct Origin {
    client: Client,
    height: u32,
    hash: Hash256,
    root: Hash256,
    /// What was read, by the hash of what was asked for.
    read: Records,
    /// The block that is being made, which the network cannot have.
    own: Mutex<Option<Hash256>>,
}

impl From<OriginError> for StoreError {
    fn from(error: OriginError) -> Self {
        Self(error.to_string())
    }
}

/// What a node tells of a network and of one of its blocks.
pub(crate) struct Found {
    pub(crate) file: OriginFile,
    pub(crate) settings: ProtocolSettings,
    pub(crate) last: Header,
}

/// Asks a node for its network, with one validator in place of the network's own, and for a block, the last one that it
/// has the state of unless a height is given.
pub(crate) fn find(url: &str, height: Option<u32>, validator: &PublicKey) -> Result<Found, PrivateError> {
    let client = Client::new(url);
    let settings = settings(&client, validator)?;
    let height = match height {
        Some(height) => height,
        None => {
            let heights = client.call("getstateheight", json!([]))?;
            let last = heights["localrootindex"].as_u64().and_then(|height| height.try_into().ok());
            last.ok_or_else(|| client.malformed("getstateheight", "there is no localrootindex"))?
        }
    };
    let root = client.call("getstateroot", json!([height]))?;
    let hash = root["roothash"].as_str().and_then(|text| text.parse().ok());
    let hash: Hash256 = match (hash, root["index"].as_u64()) {
        (Some(hash), Some(index)) if index == u64::from(height) => hash,
        _ => return Err(client.malformed("getstateroot", "it is not the root of that block").into()),
    };
    let header = client.call("getblockheader", json!([height, false]))?;
    let header = Header::parse(&client.bytes("getblockheader", &header)?);
    let last = header.map_err(|error| client.malformed("getblockheader", error))?;
    if last.index != height {
        return Err(client.malformed("getblockheader", format_args!("it is block {}", last.index)).into());
    }
    let file = OriginFile { rpc: url.to_owned(), height, hash: last.hash().to_string(), root: hash.to_string() };
    Ok(Found { file, settings, last })
}

/// The settings of the network that a node follows.
fn settings(client: &Client, validator: &PublicKey) -> Result<ProtocolSettings, PrivateError> {
    const GET_VERSION: &str = "getversion";
    let version = client.call(GET_VERSION, json!([]))?;
    let protocol = &version["protocol"];
    let mut section = Map::new();
    for (name, member) in [
        ("Network", "network"),
        ("AddressVersion", "addressversion"),
        ("MillisecondsPerBlock", "msperblock"),
        ("MaxTransactionsPerBlock", "maxtransactionsperblock"),
        ("MaxValidUntilBlockIncrement", "maxvaliduntilblockincrement"),
        ("MaxTraceableBlocks", "maxtraceableblocks"),
        ("InitialGasDistribution", "initialgasdistribution"),
    ] {
        let value = protocol[member].as_u64();
        let value = value.ok_or_else(|| client.malformed(GET_VERSION, format_args!("there is no {member}")))?;
        section.insert(name.into(), value.into());
    }
    let hardforks = protocol["hardforks"].as_array().filter(|hardforks| !hardforks.is_empty());
    let hardforks = hardforks.ok_or_else(|| client.malformed(GET_VERSION, "there are no hardforks"))?;
    let heights = hardforks.iter().map(|hardfork| {
        let name = hardfork["name"].as_str().unwrap_or_default();
        (format!("HF_{}", name.trim_start_matches("HF_")), hardfork["blockheight"].clone())
    });
    section.insert("Hardforks".into(), heights.collect::<Map<_, _>>().into());
    section.insert("ValidatorsCount".into(), 1.into());
    section.insert("StandbyCommittee".into(), json!([validator.to_string()]));
    let settings = config::from_csharp(&json!({"ProtocolConfiguration": section}).to_string());
    Ok(settings.map_err(|error| client.malformed(GET_VERSION, error))?)
}

impl OriginFile {
    /// Writes the file, for its owner alone: the address may have a password.
    pub(crate) fn write(&self, path: &Path) -> Result<(), PrivateError> {
        let text = serde_json::to_string_pretty(self).map_err(io::Error::from);
        let written = text.and_then(|text| write_secret_file(path, format!("{text}\n").as_bytes()));
        written.map_err(|error| PrivateError::io(path, error))
    }

    pub(crate) fn read(path: &Path) -> Result<Self, PrivateError> {
        let text = crate::Folder::read(path)?;
        neo_json::file::read(text.as_bytes()).map_err(|error| PrivateError::io(path, io::Error::other(error)))
    }
}

impl Origin {
    /// Opens what a folder keeps of it. The lock of the chain must be held.
    pub(crate) fn open(file: &Path, read: &Path) -> Result<Self, PrivateError> {
        let OriginFile { rpc, height, hash, root } = OriginFile::read(file)?;
        let parse = |text: String| {
            let hash = text.parse::<Hash256>();
            hash.map_err(|error| PrivateError::io(file, io::Error::other(format!("{}: {error}", quoted(&text)))))
        };
        let (hash, root) = (parse(hash)?, parse(root)?);
        Ok(Self { client: Client::new(&rpc), height, hash, root, read: Records::open(read)?, own: Mutex::default() })
    }

    /// The address of the node, without a password.
    pub fn url(&self) -> &str {
        self.client.url()
    }

    /// The height of the block that the fork goes on from.
    pub const fn height(&self) -> u32 {
        self.height
    }

    /// Tells of a block that is about to be appended: if it is one of the fork's, it is not asked for.
    pub(crate) fn announce(&self, block: &Header) {
        if block.index > self.height {
            *self.own.lock().unwrap_or_else(PoisonError::into_inner) = Some(block.hash());
        }
    }

    fn is_own(&self, hash: Hash256) -> bool {
        *self.own.lock().unwrap_or_else(PoisonError::into_inner) == Some(hash)
    }

    /// Returns what was read before, or reads it and keeps it.
    fn kept(&self, asked: &[&[u8]], read: impl FnOnce() -> Result<Vec<u8>, StoreError>) -> Result<Value, StoreError> {
        let hash = neovm_crypto::sha256(&asked.concat());
        if let Some(kept) = self.read.get(hash)? {
            return Ok(kept);
        }
        let value = read()?;
        self.read.write([(hash, &value[..])])?;
        Ok(value.into())
    }

    /// Returns the value of a key, which was read before or is read now.
    fn kept_value(
        &self,
        key: &[u8],
        read: impl FnOnce() -> Result<Option<Vec<u8>>, StoreError>,
    ) -> Result<Option<Value>, StoreError> {
        let kept = self.kept(&[b"value", key], || Ok(place::to_bytes(read()?.as_deref())))?;
        place::from_bytes(&kept)
    }

    /// The value of a contract's own key.
    fn value(&self, contract: Contract, key: &[u8]) -> Result<Option<Value>, StoreError> {
        if key.len() > MAX_KEY {
            return Ok(None);
        }
        self.kept_value(&Key::new(contract.id, key), || {
            // The first key that begins with this one is this one, if it is there.
            let page = Page::fetch(self, contract, key, &Behind::default(), 1)?;
            Ok(page.entries.into_iter().next().filter(|(found, _)| found == key).map(|(_, value)| value.to_vec()))
        })
    }

    /// The first entries behind a key that have a prefix, both of a contract's own storage.
    fn page(&self, contract: Contract, prefix: &[u8], behind: &Behind, count: usize) -> Result<Page, StoreError> {
        let [count_bytes, length] = [count, prefix.len()].map(|number| (number as u64).to_le_bytes());
        let asked: [&[u8]; _] = [b"proven", &count_bytes, &contract.hash.0, &length, prefix, &behind.key];
        let kept = self.kept(&asked, || {
            let page = Page::fetch(self, contract, prefix, behind, count)?;
            // Without a key to go on behind, the same page would come again.
            if !page.is_last && page.entries.last().is_none_or(|(key, _)| key.is_empty()) {
                return Err(self.client.malformed(FIND_STATES, "more follow, but no key to go on from").into());
            }
            Ok(page.to_bytes())
        })?;
        Page::from_bytes(&kept).ok_or_else(|| StoreError("a page of entries that was kept is damaged".into()))
    }

    /// The contract whose storage lies under an id, if there is one.
    fn contract(&self, id: i32) -> Result<Option<Contract>, StoreError> {
        let native = NATIVES.iter().find(|native| native.id == id);
        let Some(native) = native else {
            // Ids below zero are those of native contracts.
            let hash = if id < 0 { None } else { self.get(&contract_hash_key(id))? };
            let contract = hash.map(|hash| hash[..].try_into().map(|hash| Contract { id, hash: Hash160(hash) }));
            return contract.transpose().map_err(|_| StoreError(format!("the hash of contract {id} has not 20 bytes")));
        };
        // That of the contracts is always there, and has the others.
        let is_there = native.hash == NATIVES[0].hash || self.get(&contract_key(native.hash))?.is_some();
        Ok(is_there.then_some(Contract { id, hash: native.hash }))
    }
}

/// The id of a key, and the contract's own key.
fn parts(key: &[u8]) -> Option<(i32, &[u8])> {
    let (id, local) = key.split_first_chunk()?;
    Some((i32::from_le_bytes(*id), local))
}

impl Store for Origin {
    fn get(&self, key: &[u8]) -> Result<Option<Value>, StoreError> {
        let Some((id, local)) = parts(key) else { return Ok(None) };
        if id == LEDGER_ID {
            return self.ledger_value(key, local);
        }
        match self.contract(id)? {
            Some(contract) => self.value(contract, local),
            None => Ok(None),
        }
    }

    fn seek<'a>(&'a self, prefix: &[u8], from: Option<&[u8]>, direction: Direction) -> Cursor<'a> {
        if from.is_some_and(|from| !from.starts_with(prefix)) {
            return Box::new(std::iter::empty());
        }
        let failed = |error| -> Cursor<'a> { Box::new(std::iter::once(Err(error))) };
        let Some((id, prefix)) = parts(prefix).filter(|(id, _)| *id != LEDGER_ID) else {
            return failed(StoreError(
                "a node does not list the entries of the Ledger, nor those of all contracts".into(),
            ));
        };
        if prefix.len() > MAX_KEY {
            return Box::new(std::iter::empty());
        }
        let contract = match self.contract(id) {
            Ok(Some(contract)) => contract,
            Ok(None) => return Box::new(std::iter::empty()),
            Err(error) => return failed(error),
        };
        let from = from.and_then(parts).map(|(_, from)| from);
        let entries = match direction {
            Direction::Forward => Pages::new(self, contract, prefix).from(from),
            Direction::Backward => {
                return match Pages::new(self, contract, prefix).backward(from) {
                    Ok(entries) => Box::new(entries.into_iter().map(Ok)),
                    Err(error) => failed(error),
                };
            }
        };
        match entries {
            Ok(entries) => Box::new(entries),
            Err(error) => failed(error),
        }
    }
}
