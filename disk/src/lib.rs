//! A place on disk for the state of a Neo N3 chain and the nodes of its state trie.
//!
//! [`Disk`] is a [`Place`] of [`ChainState`](neovm_storage::ChainState): one folder, used by one process at a time.
//! What a commit has written survives a power cut; what it has not written yet is not there at all. Whatever is read
//! was verified against a checksum.
//!
//! ```
//! use std::sync::Arc;
//!
//! use neovm_disk::{Disk, Settings};
//! use neovm_storage::{ChainState, FlushPolicy, Key, Store, TrieMode, Value};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = std::env::temp_dir().join(format!("neovm-disk-{}", std::process::id()));
//! let settings = Settings { network: 860_833_102, trie_mode: TrieMode::Latest, ..Settings::default() };
//! let mut chain = ChainState::open(Arc::new(Disk::open(&folder, settings)?), FlushPolicy::default())?;
//! chain.append(0, Arc::new(vec![(Key::new(5, b"name"), Some(Value::from(*b"neo")))]), None)?;
//! chain.flush()?;
//! drop(chain);
//!
//! let chain = ChainState::open(Arc::new(Disk::open(&folder, settings)?), FlushPolicy::default())?;
//! assert_eq!(chain.height(), Some(0));
//! assert_eq!(chain.get(&Key::new(5, b"name"))?.as_deref(), Some(&b"neo"[..]));
//! # drop(chain);
//! # std::fs::remove_dir_all(folder)?;
//! # Ok(())
//! # }
//! ```
#![forbid(unsafe_code)]

mod error;
mod file;
mod folder;
mod index;
mod pages;
mod records;

use std::{
    fs::{File, OpenOptions},
    ops::Bound,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
};

use folder::Folder;
use neovm_storage::{
    Commit, Cursor, Direction, Entry, Key, NodeHash, Nodes, Place, Position, Store, StoreError, Tip, TrieMode, Value,
    seek_range,
};
use pages::Pages;
use redb::{Database, ReadOnlyTable, ReadTransaction, ReadableDatabase, TableDefinition, WriteTransaction};

pub use self::{
    error::DiskError,
    file::{beside, is_temporary, write_file, write_secret_file},
    index::{Index, IndexEntry},
    records::Records,
};

/// Entries of the state.
const STATE: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("state");

/// Nodes of the trie: by position, or by hash if all states are kept.
const NODES: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("nodes");

/// State roots by height.
const ROOTS: TableDefinition<'_, u32, NodeHash> = TableDefinition::new("roots");

/// The settings, the last block, and the protocol settings as they were given: numbers in little-endian order.
const META: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("meta");

const NETWORK: &str = "network";
const TRIE_MODE: &str = "trie mode";
const TIP: &str = "tip";
const PROTOCOL: &str = "protocol";

/// How a folder is used. The network and the kind of trie are fixed when it is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The magic number of the network.
    pub network: u32,
    /// Which state tries are kept.
    pub trie_mode: TrieMode,
    /// How many bytes of the file are held in memory, apart from what the operating system holds.
    pub cache: usize,
    /// The greatest size of the database's file in bytes; a file that would become greater is a full disk.
    pub limit: Option<u64>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { network: 0, trie_mode: TrieMode::Latest, cache: 128 << 20, limit: None }
    }
}

/// A chain in a folder.
#[derive(Debug)]
pub struct Disk {
    /// Before the database, which they keep from ending.
    tables: RwLock<Arc<Tables>>,
    database: Database,
    trie_mode: TrieMode,
    file: PathBuf,
    /// Why a write failed. Locked while one is under way.
    failure: Mutex<Option<StoreError>>,
    /// Unlocked last.
    _folder: Folder,
}

/// What is read, as of the last write.
#[derive(Debug)]
struct Tables {
    state: ReadOnlyTable<&'static [u8], &'static [u8]>,
    nodes: ReadOnlyTable<&'static [u8], &'static [u8]>,
    roots: ReadOnlyTable<u32, NodeHash>,
    meta: ReadOnlyTable<&'static str, &'static [u8]>,
}

impl Tables {
    fn open(transaction: &ReadTransaction) -> Result<Self, redb::Error> {
        Ok(Self {
            state: transaction.open_table(STATE)?,
            nodes: transaction.open_table(NODES)?,
            roots: transaction.open_table(ROOTS)?,
            meta: transaction.open_table(META)?,
        })
    }
}

impl Disk {
    /// Opens a folder, or makes it.
    ///
    /// # Errors
    /// [`DiskError`] if the folder is in use, has a later format or was made with other settings, and if files
    /// cannot be read or written.
    pub fn open(folder: impl AsRef<Path>, settings: Settings) -> Result<Self, DiskError> {
        let folder = Folder::open(folder.as_ref())?;
        let file = folder.database();
        if !file.exists() {
            let new = unfinished(&file);
            // Whoever was killed while it made the folder has left it, or has not yet written the format.
            if !folder.is_new() && !new.exists() {
                return Err(DiskError::Missing(file));
            }
            make(&new, settings, |database| fill(database, settings))?;
            folder.write_format()?;
            finish(&new, &file)?;
        }
        let database = open(&file, settings)?;
        let fail = |error: redb::Error| DiskError::database(&file, error);
        let transaction = database.begin_read().map_err(|error| fail(error.into()))?;
        let tables = Tables::open(&transaction).map_err(fail)?;
        check(&folder, &file, &tables, settings)?;
        Ok(Self {
            tables: RwLock::new(Arc::new(tables)),
            database,
            trie_mode: settings.trie_mode,
            file,
            failure: Mutex::default(),
            _folder: folder,
        })
    }

    fn tables(&self) -> Arc<Tables> {
        Arc::clone(&self.tables.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Says what an error means. Once a write has failed, the database says of whatever is read only that there was an
    /// error before: then it is that of the write, whose end is waited for.
    fn fail(&self, error: impl Into<redb::Error>) -> StoreError {
        let error = error.into();
        if let redb::Error::PreviousIo = error
            && let Some(failure) = &*self.failure()
        {
            return failure.clone();
        }
        DiskError::database(&self.file, error).into()
    }

    fn failure(&self) -> MutexGuard<'_, Option<StoreError>> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes, unless a write has failed before.
    fn write_once(&self, write: impl FnOnce() -> Result<(), redb::Error>) -> Result<(), StoreError> {
        let mut failure = self.failure();
        if failure.is_none() {
            *failure = write().err().map(|error| DiskError::database(&self.file, error).into());
        }
        failure.clone().map_or(Ok(()), Err)
    }

    fn commit(&self, commit: &Commit<'_>) -> Result<(), redb::Error> {
        let transaction = self.begin()?;
        {
            let mut state = transaction.open_table(STATE)?;
            for (key, value) in commit.state.iter() {
                match value {
                    Some(value) => state.insert(&key[..], &value[..])?,
                    None => state.remove(&key[..])?,
                };
            }
            let mut nodes = transaction.open_table(NODES)?;
            if self.trie_mode == TrieMode::Full {
                let mut written: Vec<_> = commit.nodes.written.iter().collect();
                written.sort_unstable_by_key(|node| node.hash);
                for node in written {
                    nodes.insert(&node.hash[..], &node.bytes[..])?;
                }
            } else {
                for position in &commit.nodes.removed {
                    nodes.remove(&position[..])?;
                }
                let mut written: Vec<_> = commit.nodes.written.iter().collect();
                written.sort_unstable_by(|a, b| a.position.cmp(&b.position));
                for node in written {
                    nodes.insert(&node.position[..], &node.bytes[..])?;
                }
            }
            let mut roots = transaction.open_table(ROOTS)?;
            for (height, root) in commit.roots {
                roots.insert(height, root)?;
            }
            let Tip { height, root } = commit.tip;
            let tip = [&height.to_le_bytes()[..], &root].concat();
            transaction.open_table(META)?.insert(TIP, &tip[..])?;
        }
        self.end(transaction)
    }

    fn commit_protocol(&self, settings: &[u8]) -> Result<(), redb::Error> {
        let transaction = self.begin()?;
        transaction.open_table(META)?.insert(PROTOCOL, settings)?;
        self.end(transaction)
    }

    fn begin(&self) -> Result<WriteTransaction, redb::Error> {
        let mut transaction = self.database.begin_write()?;
        // The file can be used again at once after a crash.
        transaction.set_quick_repair(true);
        Ok(transaction)
    }

    /// Commits, and reads what was written from now on.
    fn end(&self, transaction: WriteTransaction) -> Result<(), redb::Error> {
        transaction.commit()?;
        let tables = Tables::open(&self.database.begin_read()?)?;
        *self.tables.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(tables);
        Ok(())
    }
}

/// Writes the settings, and tables without entries, into a new database.
fn fill(database: &Database, settings: Settings) -> Result<(), redb::Error> {
    let mut transaction = database.begin_write()?;
    transaction.set_quick_repair(true);
    transaction.open_table(STATE)?;
    transaction.open_table(NODES)?;
    transaction.open_table(ROOTS)?;
    {
        let mut meta = transaction.open_table(META)?;
        meta.insert(NETWORK, &settings.network.to_le_bytes()[..])?;
        meta.insert(TRIE_MODE, &[settings.trie_mode as u8][..])?;
    }
    Ok(transaction.commit()?)
}

/// Opens a database, or makes one without tables.
fn open_or_create(file: &Path, settings: Settings) -> Result<Database, DiskError> {
    if !file.exists() {
        let new = unfinished(file);
        make(&new, settings, |_| Ok(()))?;
        finish(&new, file)?;
    }
    open(file, settings)
}

/// The name of a database until it is complete.
fn unfinished(file: &Path) -> PathBuf {
    let mut new = file.as_os_str().to_owned();
    new.push(".new");
    new.into()
}

/// Makes a database under the name that it has until it is complete.
fn make(
    new: &Path,
    settings: Settings,
    fill: impl FnOnce(&Database) -> Result<(), redb::Error>,
) -> Result<(), DiskError> {
    match std::fs::remove_file(new) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(DiskError::io(new, error)),
        _ => {}
    }
    let database = open_file(new, settings)?;
    fill(&database).map_err(|error| DiskError::database(new, error))?;
    drop(database);
    File::open(new).and_then(|file| file.sync_all()).map_err(|error| DiskError::io(new, error))
}

/// Gives a database that is complete its name.
fn finish(new: &Path, file: &Path) -> Result<(), DiskError> {
    let named = std::fs::rename(new, file).and_then(|()| folder::sync_parent(file));
    named.map_err(|error| DiskError::io(new, error))
}

/// Opens a database that is there.
fn open(file: &Path, settings: Settings) -> Result<Database, DiskError> {
    // It would be taken for a new one.
    if std::fs::metadata(file).map_err(|error| DiskError::io(file, error))?.len() == 0 {
        let reason = "the file is damaged: it is empty".to_owned();
        return Err(DiskError::Damaged { file: file.to_owned(), reason });
    }
    open_file(file, settings)
}

fn open_file(file: &Path, settings: Settings) -> Result<Database, DiskError> {
    let options = OpenOptions::new().read(true).write(true).create(true).truncate(false).to_owned();
    let opened = options.open(file).and_then(|file| Pages::new(file, settings.limit));
    let pages = opened.map_err(|error| DiskError::io(file, error))?;
    let mut builder = Database::builder();
    let database = builder.set_cache_size(settings.cache).create_with_backend(pages);
    database.map_err(|error| DiskError::database(file, error))
}

/// Compares the settings with those that a folder was made with.
fn check(folder: &Folder, file: &Path, tables: &Tables, settings: Settings) -> Result<(), DiskError> {
    let read = |name: &str| -> Result<Vec<u8>, DiskError> {
        let value = tables.meta.get(name).map_err(|error| DiskError::database(file, error))?;
        Ok(value.map(|value| value.value().to_vec()).unwrap_or_default())
    };
    let damaged = |what: &str| DiskError::Damaged { file: file.to_owned(), reason: format!("it does not say {what}") };
    let network = read(NETWORK)?.try_into().map(u32::from_le_bytes).map_err(|_| damaged("which network it is for"))?;
    if network != settings.network {
        return Err(DiskError::Network {
            folder: folder.path().to_owned(),
            found: network,
            expected: settings.network,
        });
    }
    let mode = read(TRIE_MODE)?;
    let found = [TrieMode::None, TrieMode::Latest, TrieMode::Full].into_iter().find(|known| mode == [*known as u8]);
    let found = found.ok_or_else(|| damaged("which tries it keeps"))?;
    if found != settings.trie_mode {
        let folder = folder.path().to_owned();
        return Err(DiskError::TrieMode { folder, found, expected: settings.trie_mode });
    }
    Ok(())
}

impl Store for Disk {
    fn get(&self, key: &[u8]) -> Result<Option<Value>, StoreError> {
        let value = self.tables().state.get(key).map_err(|error| self.fail(error))?;
        Ok(value.map(|value| value.value().into()))
    }

    fn seek<'a>(&'a self, prefix: &[u8], from: Option<&[u8]>, direction: Direction) -> Cursor<'a> {
        let Some((start, end)) = seek_range(prefix, from, direction) else { return Box::new(std::iter::empty()) };
        let end = end.as_ref().map(Vec::as_slice);
        let range = match self.tables().state.range_owned::<&[u8]>((Bound::Included(start), end)) {
            Ok(range) => range,
            Err(error) => return Box::new(std::iter::once(Err(self.fail(error)))),
        };
        let entry = move |entry: Result<_, redb::StorageError>| -> Result<Entry, StoreError> {
            let (key, value): (redb::OwnedAccessGuard<&[u8]>, redb::OwnedAccessGuard<&[u8]>) =
                entry.map_err(|error| self.fail(error))?;
            Ok((Key::from_bytes(key.value()), value.value().into()))
        };
        match direction {
            Direction::Forward => Box::new(range.map(entry)),
            Direction::Backward => Box::new(range.rev().map(entry)),
        }
    }
}

impl Nodes for Disk {
    fn node(&self, position: &Position, hash: &NodeHash) -> Result<Option<Value>, StoreError> {
        let key = if self.trie_mode == TrieMode::Full { &hash[..] } else { position };
        let node = self.tables().nodes.get(key).map_err(|error| self.fail(error))?;
        Ok(node.map(|node| node.value().into()))
    }
}

impl Place for Disk {
    fn trie_mode(&self) -> TrieMode {
        self.trie_mode
    }

    fn tip(&self) -> Result<Option<Tip>, StoreError> {
        let tip = self.tables().meta.get(TIP).map_err(|error| self.fail(error))?;
        let Some(tip) = tip else { return Ok(None) };
        let parts = tip.value().split_first_chunk::<4>().map(|(height, root)| (*height, root.try_into()));
        match parts {
            Some((height, Ok(root))) => Ok(Some(Tip { height: u32::from_le_bytes(height), root })),
            _ => {
                Err(DiskError::Damaged { file: self.file.clone(), reason: "the last block is unreadable".into() }
                    .into())
            }
        }
    }

    fn root(&self, height: u32) -> Result<Option<NodeHash>, StoreError> {
        let root = self.tables().roots.get(height).map_err(|error| self.fail(error))?;
        Ok(root.map(|root| root.value()))
    }

    fn protocol(&self) -> Result<Option<Value>, StoreError> {
        let settings = self.tables().meta.get(PROTOCOL).map_err(|error| self.fail(error))?;
        Ok(settings.map(|settings| settings.value().into()))
    }

    fn write_protocol(&self, settings: &[u8]) -> Result<(), StoreError> {
        self.write_once(|| self.commit_protocol(settings))
    }

    fn write(&self, commit: &Commit<'_>) -> Result<(), StoreError> {
        self.write_once(|| self.commit(commit))
    }
}
