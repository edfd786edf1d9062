//! Reading files of users: regular ones, of a limited size.

use std::{
    fs::{self, File},
    io::{self, Read},
    path::Path,
};

/// The largest file that is read, in bytes.
const MAX_FILE: u64 = 64 << 20;

/// Reads a file.
///
/// # Errors
/// If it cannot be read, is something else, as a pipe or a device, which might never end, or is larger than
/// [`MAX_FILE`].
pub(crate) fn read(path: &Path) -> io::Result<Vec<u8>> {
    // Opening a pipe would wait for somebody to write.
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    let mut content = Vec::new();
    File::open(path)?.take(MAX_FILE + 1).read_to_end(&mut content)?;
    if content.len() as u64 > MAX_FILE {
        return Err(io::Error::other(format!("it has more than {MAX_FILE} bytes")));
    }
    Ok(content)
}

/// A link could lead to a file that belongs to something else.
///
/// # Errors
/// If the path is that of a link.
pub(crate) fn refuse_link(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(meta) if meta.is_symlink() => Err(io::Error::other("it is a link")),
        _ => Ok(()),
    }
}

/// Reads a file of text as [`read`] does.
pub(crate) fn read_text(path: &Path) -> io::Result<String> {
    String::from_utf8(read(path)?).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error.utf8_error()))
}
