//! Files that are written as a whole or not at all.

use std::{
    fs::{self, OpenOptions},
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
    process,
};

use crate::folder::sync_parent;

/// Writes a file as a whole or not at all: if there is no room, what it held before is left.
///
/// The new file is made beside the old one, and takes its place and its permissions once it is on the disk. What is no
/// regular file, such as a device or a pipe, is written as it is; so is a file beside which none can be made.
///
/// # Errors
/// As of the operating system.
pub fn write_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let old = match fs::metadata(path) {
        // They stand for files that are open, of this process or another one.
        Ok(old) if old.is_file() && !["/dev", "/proc"].iter().any(|folder| path.starts_with(folder)) => Some(old),
        Ok(_) => return fs::write(path, bytes),
        // It is not there; or a link to nothing is, which stays a link.
        Err(_) if path.is_symlink() => return fs::write(path, bytes),
        Err(_) => None,
    };
    // A link stays a link.
    let target = if old.is_some() { fs::canonicalize(path)? } else { path.to_owned() };
    let new = beside(&target);
    let made = OpenOptions::new().write(true).create(true).truncate(true).open(&new);
    let file = match made {
        Err(error) if old.is_some() && is_refused(&error) => return fs::write(path, bytes),
        made => made?,
    };
    let permitted = old.map_or(Ok(()), |old| file.set_permissions(old.permissions()));
    permitted.and_then(|()| finish(file, bytes, &new, &target))
}

/// Writes a file that only its owner can read, as a whole or not at all.
///
/// # Errors
/// As of the operating system.
pub fn write_secret_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let new = beside(path);
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    finish(options.open(&new)?, bytes, &new, path)
}

/// Whether no file can be made in a folder, for another reason than that there is no room.
fn is_refused(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem | ErrorKind::InvalidFilename)
}

/// Writes a new file, and puts it in its place; if that fails, it is removed.
fn finish(mut file: fs::File, bytes: &[u8], new: &Path, path: &Path) -> io::Result<()> {
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    drop(file);
    let placed = written.and_then(|()| fs::rename(new, path)).and_then(|()| sync_parent(path));
    if placed.is_err() {
        // The first error counts.
        let _ = fs::remove_file(new);
    }
    placed
}

/// A name in the same folder that nobody else uses.
pub fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or("chain".as_ref()).to_owned();
    name.push(format!(".new-{}", process::id()));
    path.with_file_name(name)
}

/// Whether a name is one that [`beside`] gives.
pub fn is_temporary(name: &str) -> bool {
    let number = name.rsplit_once(".new-").map_or("", |(_, number)| number);
    !number.is_empty() && number.bytes().all(|digit| digit.is_ascii_digit())
}
