//! A file of records beside a chain.

use std::path::PathBuf;

use neovm_storage::Value;
use redb::{Database, ReadableDatabase, TableDefinition, TableError};

use crate::{DiskError, Settings, open_or_create};

/// Records by the hashes that name them.
const RECORDS: TableDefinition<'_, &[u8; 32], &[u8]> = TableDefinition::new("records");

/// A file of records that hashes name, such as the application logs of blocks and transactions. Like a
/// [`Disk`](crate::Disk) it has checksums, and what a write has written survives a power cut. It is used by one
/// process at a time, which is for the caller to see to.
#[derive(Debug)]
pub struct Records {
    database: Database,
    file: PathBuf,
}

impl Records {
    /// Opens a file, or makes it.
    ///
    /// # Errors
    /// [`DiskError`] if it cannot be read or written.
    pub fn open(file: impl Into<PathBuf>) -> Result<Self, DiskError> {
        /// Records are read one at a time.
        const CACHE: usize = 4 << 20;
        let file = file.into();
        let database = open_or_create(&file, Settings { cache: CACHE, ..Settings::default() })?;
        Ok(Self { database, file })
    }

    /// Returns the record of a hash.
    ///
    /// # Errors
    /// [`DiskError`] if the file cannot be read.
    pub fn get(&self, hash: [u8; 32]) -> Result<Option<Value>, DiskError> {
        self.read(hash).map_err(|error| DiskError::database(&self.file, error))
    }

    fn read(&self, hash: [u8; 32]) -> Result<Option<Value>, redb::Error> {
        match self.database.begin_read()?.open_table(RECORDS) {
            Ok(table) => Ok(table.get(&hash)?.map(|record| record.value().into())),
            Err(TableError::TableDoesNotExist(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Writes records, all or none of them. One that is there is replaced.
    ///
    /// # Errors
    /// [`DiskError`] if the file cannot be written.
    pub fn write<'a>(&self, records: impl IntoIterator<Item = ([u8; 32], &'a [u8])>) -> Result<(), DiskError> {
        let write = || -> Result<(), redb::Error> {
            let mut transaction = self.database.begin_write()?;
            transaction.set_quick_repair(true);
            {
                let mut table = transaction.open_table(RECORDS)?;
                for (hash, record) in records {
                    table.insert(&hash, record)?;
                }
            }
            Ok(transaction.commit()?)
        };
        write().map_err(|error| DiskError::database(&self.file, error))
    }
}
