//! What can be wrong with a folder.

use std::{io, path::PathBuf};

use neovm_storage::{StoreError, TrieMode};

/// Why a folder cannot be opened, or not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum DiskError {
    /// Another process uses the folder, or this one does already.
    #[error("{}: this folder is in use already, by this process or another one", .0.display())]
    InUse(PathBuf),
    /// A later version of the software made the folder.
    #[error("{}: this folder has format {found}, and this version reads format {known}: use a later version", folder.display())]
    Newer {
        /// The folder.
        folder: PathBuf,
        /// Its format.
        found: u32,
        /// The format of this version.
        known: u32,
    },
    /// The folder holds the chain of another network.
    #[error("{}: this folder holds the chain of network {found}, not {expected}", folder.display())]
    Network {
        /// The folder.
        folder: PathBuf,
        /// Its network.
        found: u32,
        /// The network that was asked for.
        expected: u32,
    },
    /// The folder keeps other state tries than asked for.
    #[error("{}: this folder was made to keep {}, not {}", folder.display(), describe(*found), describe(*expected))]
    TrieMode {
        /// The folder.
        folder: PathBuf,
        /// What it keeps.
        found: TrieMode,
        /// What was asked for.
        expected: TrieMode,
    },
    /// There is a file in the place of the folder.
    #[error("{}: this is a file, not a folder", .0.display())]
    NotFolder(PathBuf),
    /// The folder is not empty, and not one of this software.
    #[error("{}: this folder holds something else than a chain", .0.display())]
    Foreign(PathBuf),
    /// A file of the folder is not as it was written.
    #[error("{}: {reason}. Restore a copy; a chain whose blocks are elsewhere, too, can be replayed into a new folder", file.display())]
    Damaged {
        /// The file.
        file: PathBuf,
        /// What was found.
        reason: String,
    },
    /// A file that follows from the blocks of a chain is not as it was written.
    #[error("{}: {reason}. Remove the file: it is made anew from the chain", file.display())]
    DamagedIndex {
        /// The file.
        file: PathBuf,
        /// What was found.
        reason: String,
    },
    /// The database of a folder is gone.
    #[error("{}: this file is missing, which holds the chain. Restore a copy; a chain whose blocks are elsewhere, too, can be replayed into a new folder", .0.display())]
    Missing(PathBuf),
    /// There is no room left.
    #[error("{}: the disk is full. Blocks written before are safe: make room and start again", .0.display())]
    Full(PathBuf),
    /// The user may not read or write a file.
    #[error("{}: permission denied: the user of this process must be able to read and write it", .0.display())]
    Permission(PathBuf),
    /// Another error of the operating system.
    #[error("{}: {error}", file.display())]
    Io {
        /// The file.
        file: PathBuf,
        /// The error.
        error: io::Error,
    },
    /// Another error of the database.
    #[error("{}: {error}", file.display())]
    Database {
        /// The file.
        file: PathBuf,
        /// The error.
        error: redb::Error,
    },
}

fn describe(mode: TrieMode) -> &'static str {
    match mode {
        TrieMode::None => "no state roots",
        TrieMode::Latest => "the latest state trie",
        TrieMode::Full => "all state tries (full state)",
    }
}

impl DiskError {
    /// Says what an error of the operating system means for a file.
    pub(crate) fn io(file: impl Into<PathBuf>, error: io::Error) -> Self {
        let file = file.into();
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => Self::Full(file),
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Self::Permission(file),
            io::ErrorKind::InvalidData => Self::Damaged { file, reason: error.to_string() },
            io::ErrorKind::UnexpectedEof => Self::Damaged { file, reason: "the file ends too early".to_owned() },
            _ => Self::Io { file, error },
        }
    }

    /// Says what an error of the database means for its file.
    pub(crate) fn database(file: impl Into<PathBuf>, error: impl Into<redb::Error>) -> Self {
        match error.into() {
            redb::Error::Io(error) => Self::io(file, error),
            redb::Error::Corrupted(reason) => {
                Self::Damaged { file: file.into(), reason: format!("the file is damaged: {reason}") }
            }
            error => Self::Database { file: file.into(), error },
        }
    }
}

impl From<DiskError> for StoreError {
    fn from(error: DiskError) -> Self {
        Self(error.to_string())
    }
}
