//! The files of a folder: `format`, which says what made it and is locked while it is used, and the database.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{ErrorKind, Read, Write},
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use crate::DiskError;

/// The format of folders that this version makes and reads.
const FORMAT: u32 = 1;

/// What stands before and behind the number of the format.
const WORDS: [&str; 2] = ["neovm chain, format ", "\n"];

/// A folder that this process has to itself.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    /// Locked as long as it is open.
    format: File,
    is_new: bool,
}

impl Folder {
    /// Locks a folder, which is made if it is not there.
    pub(crate) fn open(path: &Path) -> Result<Self, DiskError> {
        let is_new = match fs::metadata(path) {
            Ok(found) if !found.is_dir() => return Err(DiskError::NotFolder(path.to_owned())),
            Ok(_) => false,
            // A link to nothing is not made a folder.
            Err(error) if error.kind() == ErrorKind::NotFound && !path.is_symlink() => true,
            Err(error) => return Err(DiskError::io(path, error)),
        };
        fs::create_dir_all(path).map_err(|error| DiskError::io(path, error))?;
        let file = path.join("format");
        if !is_new && !file.exists() && fs::read_dir(path).map_err(|error| DiskError::io(path, error))?.next().is_some()
        {
            return Err(DiskError::Foreign(path.to_owned()));
        }
        let options = OpenOptions::new().read(true).write(true).create(true).truncate(false).to_owned();
        let mut format = options.open(&file).map_err(|error| DiskError::io(&file, error))?;
        match lock(&format) {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(DiskError::InUse(path.to_owned())),
            Err(TryLockError::Error(error)) => return Err(DiskError::io(file, error)),
        }
        let mut bytes = Vec::new();
        format.read_to_end(&mut bytes).map_err(|error| DiskError::io(&file, error))?;
        let mut folder = Self { path: path.to_owned(), format, is_new: false };
        folder.is_new = bytes.is_empty() && !folder.database().exists();
        if folder.is_new {
            return Ok(folder);
        }
        match parse(&bytes) {
            Some(FORMAT) => Ok(folder),
            Some(found) if found > FORMAT => Err(DiskError::Newer { folder: path.to_owned(), found, known: FORMAT }),
            _ => Err(DiskError::Damaged { file, reason: "the file is damaged: it does not name a format".to_owned() }),
        }
    }

    /// Whether the folder is being made: the format is written once there is a database.
    pub(crate) const fn is_new(&self) -> bool {
        self.is_new
    }

    /// Writes the format, if it is not there.
    pub(crate) fn write_format(&self) -> Result<(), DiskError> {
        if !self.is_new {
            return Ok(());
        }
        let (file, text) = (self.path.join("format"), WORDS.join(&FORMAT.to_string()));
        let written = (&self.format).write_all(text.as_bytes()).and_then(|()| self.format.sync_all());
        written.and_then(|()| sync_parent(&file)).map_err(|error| DiskError::io(&file, error))
    }

    /// The file of the database.
    pub(crate) fn database(&self) -> PathBuf {
        self.path.join("chain.redb")
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

/// Makes sure that the name of a file survives a power cut.
pub(crate) fn sync_parent(file: &Path) -> std::io::Result<()> {
    match file.parent() {
        Some(folder) if cfg!(unix) => File::open(if folder == "" { Path::new(".") } else { folder })?.sync_all(),
        _ => Ok(()),
    }
}

/// Locks a file. Another thread that starts a process may hold the lock that this one has just given back: the new
/// process has a copy of all open files until it runs its program. So the lock is tried for a fifth of a second.
fn lock(file: &File) -> Result<(), TryLockError> {
    for _ in 0..20 {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => thread::sleep(Duration::from_millis(10)),
            tried => return tried,
        }
    }
    file.try_lock()
}

fn parse(bytes: &[u8]) -> Option<u32> {
    let text = std::str::from_utf8(bytes).ok()?;
    text.strip_prefix(WORDS[0])?.strip_suffix(WORDS[1])?.parse().ok()
}
