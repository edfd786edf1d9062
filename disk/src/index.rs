//! An ordered file beside a chain.

use std::path::PathBuf;

use redb::{Database, ReadableDatabase, TableDefinition, TableError};

use crate::{DiskError, Settings, open_or_create};

/// Entries in the order of their keys.
const ENTRIES: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("entries");

/// The last block whose entries are there.
const HEIGHT: TableDefinition<'_, (), u32> = TableDefinition::new("height");

/// A key and its value.
type Found = (Vec<u8>, Vec<u8>);

/// An entry, or a key that has none any more.
pub type IndexEntry = (Vec<u8>, Option<Vec<u8>>);

/// A file of ordered keys and values that follow from the blocks of a chain, up to a height. Like a
/// [`Disk`](crate::Disk) it has checksums, and what a write has written survives a power cut. It is used by one
/// process at a time, which is for the caller to see to.
#[derive(Debug)]
pub struct Index {
    database: Database,
    file: PathBuf,
}

impl Index {
    /// Opens a file, or makes it.
    ///
    /// # Errors
    /// [`DiskError`] if it cannot be read or written.
    pub fn open(file: impl Into<PathBuf>) -> Result<Self, DiskError> {
        const CACHE: usize = 16 << 20;
        let file = file.into();
        let database = open_or_create(&file, Settings { cache: CACHE, ..Settings::default() }).map_err(derived)?;
        Ok(Self { database, file })
    }

    /// Returns the height of the last block whose entries are there, if there is one.
    ///
    /// # Errors
    /// [`DiskError`] if the file cannot be read.
    pub fn height(&self) -> Result<Option<u32>, DiskError> {
        let read = || match self.database.begin_read()?.open_table(HEIGHT) {
            Ok(table) => Ok(table.get(())?.map(|height| height.value())),
            Err(TableError::TableDoesNotExist(_)) => Ok(None),
            Err(error) => Err(error.into()),
        };
        read().map_err(|error| self.fail(error))
    }

    /// Returns the first entries from one key up to another one, which is not among them, in order.
    ///
    /// # Errors
    /// [`DiskError`] if the file cannot be read.
    pub fn range(&self, from: &[u8], to: &[u8], limit: usize) -> Result<Vec<Found>, DiskError> {
        let read = || -> Result<_, redb::Error> {
            let table = match self.database.begin_read()?.open_table(ENTRIES) {
                Err(TableError::TableDoesNotExist(_)) => return Ok(Vec::new()),
                table => table?,
            };
            let mut found = Vec::new();
            for entry in table.range(from..to)?.take(limit) {
                let (key, value) = entry?;
                found.push((key.value().to_vec(), value.value().to_vec()));
            }
            Ok(found)
        };
        if from < to { read().map_err(|error| self.fail(error)) } else { Ok(Vec::new()) }
    }

    /// Writes the entries of blocks up to a height, all or none of them.
    ///
    /// # Errors
    /// [`DiskError`] if the file cannot be written.
    pub fn write(&self, height: u32, entries: &[IndexEntry]) -> Result<(), DiskError> {
        let write = || -> Result<(), redb::Error> {
            let mut transaction = self.database.begin_write()?;
            transaction.set_quick_repair(true);
            {
                let mut table = transaction.open_table(ENTRIES)?;
                for (key, value) in entries {
                    match value {
                        Some(value) => table.insert(&key[..], &value[..])?,
                        None => table.remove(&key[..])?,
                    };
                }
                transaction.open_table(HEIGHT)?.insert((), height)?;
            }
            Ok(transaction.commit()?)
        };
        write().map_err(|error| self.fail(error))
    }

    fn fail(&self, error: redb::Error) -> DiskError {
        derived(DiskError::database(&self.file, error))
    }
}

/// What is damaged can be made again.
fn derived(error: DiskError) -> DiskError {
    match error {
        DiskError::Damaged { file, reason } => DiskError::DamagedIndex { file, reason },
        error => error,
    }
}
