//! The file of the database, in pages whose checksums are verified whenever they are read.
//!
//! The database trusts what it reads. Here a bit that flipped becomes an error before it becomes a wrong state.
//!
//! The file is a sequence of groups: a page with the checksums of the 1,024 pages that follow. The first of all pages
//! is the database's header, which is rewritten in place: it has its checksum in its own first sector, so that both
//! are written together. All other pages are written before a sync and referred to after it, and so are checksums.

use std::{
    collections::BTreeSet,
    fs::File,
    io::{Error, ErrorKind, Result},
    sync::{PoisonError, RwLock},
};

use redb::StorageBackend;

/// The size of pages in bytes, also the database's.
pub(crate) const PAGE: usize = 4096;

/// How many checksums a page holds.
const GROUP: usize = PAGE / 4;

/// The part of the header page that is written: a sector.
const SECTOR: usize = 512;

/// Where the header's checksum is in its sector.
const HEADER_SUM: usize = SECTOR - 4;

/// The checksums of a group, as they are in the file.
type Sums = Box<[u8; PAGE]>;

/// A file in pages with checksums.
#[derive(Debug)]
pub(crate) struct Pages {
    file: File,
    /// How much may be written to the file in bytes: a disk that is full, for tests.
    limit: Option<u64>,
    sums: RwLock<Groups>,
}

#[derive(Debug, Default)]
struct Groups {
    /// By group; None if they were not read yet.
    sums: Vec<Option<Sums>>,
    /// Groups whose checksums were not written yet.
    changed: BTreeSet<usize>,
}

/// The place of a page in the file, in bytes.
fn place(page: usize) -> u64 {
    (page + page / GROUP + 1) as u64 * PAGE as u64
}

/// The place of a group's checksums.
fn sums_place(group: usize) -> u64 {
    (group * (GROUP + 1)) as u64 * PAGE as u64
}

/// A checksum that is never zero, which stands for a page that was never written.
fn checksum(bytes: &[u8]) -> [u8; 4] {
    crc32fast::hash(bytes).max(1).to_le_bytes()
}

fn damaged(what: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::InvalidData, format!("the file is damaged: {what}"))
}

impl Pages {
    /// Reads and writes a file.
    ///
    /// # Errors
    /// If its length cannot be read, or is none that such a file has.
    pub(crate) fn new(file: File, limit: Option<u64>) -> Result<Self> {
        let length = file.metadata()?.len();
        if length % PAGE as u64 != 0 {
            return Err(damaged(format_args!("its length of {length} bytes is no multiple of {PAGE}: it was cut off")));
        }
        Ok(Self { file, limit, sums: RwLock::default() })
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        if self.limit.is_some_and(|limit| offset + bytes.len() as u64 > limit) {
            return Err(ErrorKind::StorageFull.into());
        }
        write_all_at(&self.file, offset, bytes)
    }

    fn read_header(&self, offset: usize, out: &mut [u8]) -> Result<()> {
        let mut sector = [0; SECTOR];
        read_exact_at(&self.file, place(0), &mut sector)?;
        if checksum(&sector[..HEADER_SUM]) != sector[HEADER_SUM..] && sector != [0; SECTOR] {
            return Err(damaged("its header does not match its checksum"));
        }
        let bytes = sector[..HEADER_SUM].get(offset..offset + out.len());
        out.copy_from_slice(bytes.ok_or(ErrorKind::Unsupported)?);
        Ok(())
    }

    fn write_header(&self, bytes: &[u8]) -> Result<()> {
        let mut sector = [0; SECTOR];
        sector[..HEADER_SUM].get_mut(..bytes.len()).ok_or(ErrorKind::Unsupported)?.copy_from_slice(bytes);
        let sum = checksum(&sector[..HEADER_SUM]);
        sector[HEADER_SUM..].copy_from_slice(&sum);
        self.write_at(place(0), &sector)
    }

    /// Calls a function with the checksums of a group.
    fn with_sums<T>(&self, group: usize, read: impl FnOnce(&Sums) -> T) -> Result<T> {
        let sums = self.sums.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(Some(sums)) = sums.sums.get(group) {
            return Ok(read(sums));
        }
        drop(sums);
        let mut sums = self.sums.write().unwrap_or_else(PoisonError::into_inner);
        Ok(read(self.load(&mut sums, group)?))
    }

    /// The checksums of a group, read if need be; those of a group behind the end are zeros.
    fn load<'g>(&self, groups: &'g mut Groups, group: usize) -> Result<&'g mut Sums> {
        if groups.sums.len() <= group {
            groups.sums.resize(group + 1, None);
        }
        let slot = &mut groups.sums[group];
        match slot {
            Some(sums) => Ok(sums),
            None => {
                let mut sums = Box::new([0; PAGE]);
                if self.file.metadata()?.len() > sums_place(group) {
                    read_exact_at(&self.file, sums_place(group), &mut sums[..])?;
                }
                Ok(slot.insert(sums))
            }
        }
    }
}

/// The pages of a range, cut where groups end: for each part the first page and the place in the range.
fn parts(offset: u64, length: usize) -> impl Iterator<Item = (usize, std::ops::Range<usize>)> {
    let first = (offset / PAGE as u64) as usize;
    let end = first + length / PAGE;
    let mut page = first;
    std::iter::from_fn(move || {
        let start = page;
        page = end.min((start / GROUP + 1) * GROUP);
        (start < end).then(|| (start, (start - first) * PAGE..(page - first) * PAGE))
    })
}

fn is_whole_pages(offset: u64, length: usize) -> bool {
    offset.is_multiple_of(PAGE as u64) && length.is_multiple_of(PAGE) && offset > 0
}

impl StorageBackend for Pages {
    fn len(&self) -> Result<u64> {
        let pages = self.file.metadata()?.len() / PAGE as u64;
        let group = GROUP as u64 + 1;
        Ok((pages - pages.div_ceil(group)) * PAGE as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<()> {
        if !is_whole_pages(offset, out.len()) {
            return self.read_header(offset as usize, out);
        }
        for (page, range) in parts(offset, out.len()) {
            let part = &mut out[range];
            read_exact_at(&self.file, place(page), part)?;
            self.with_sums(page / GROUP, |sums| {
                let sums = sums.chunks_exact(4).skip(page % GROUP);
                let wrong = part.chunks_exact(PAGE).zip(sums).position(|(bytes, sum)| checksum(bytes) != *sum);
                let wrong = wrong.map(|index| place(page + index));
                wrong.map_or(Ok(()), |at| {
                    Err(damaged(format_args!("the page at byte {at} does not match its checksum")))
                })
            })??;
        }
        Ok(())
    }

    fn set_len(&self, length: u64) -> Result<()> {
        let pages = length / PAGE as u64;
        let physical = (pages + pages.div_ceil(GROUP as u64)) * PAGE as u64;
        if self.limit.is_some_and(|limit| physical > limit) {
            return Err(ErrorKind::StorageFull.into());
        }
        let mut groups = self.sums.write().unwrap_or_else(PoisonError::into_inner);
        groups.sums.truncate(pages.div_ceil(GROUP as u64) as usize);
        let kept = groups.sums.len();
        groups.changed.retain(|group| *group < kept);
        self.file.set_len(physical)
    }

    fn sync_data(&self) -> Result<()> {
        let mut groups = self.sums.write().unwrap_or_else(PoisonError::into_inner);
        let Groups { sums, changed } = &mut *groups;
        for group in changed.iter() {
            if let Some(Some(sums)) = sums.get(*group) {
                self.write_at(sums_place(*group), &sums[..])?;
            }
        }
        changed.clear();
        drop(groups);
        self.file.sync_data()
    }

    fn write(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        if offset == 0 {
            return self.write_header(bytes);
        }
        if !is_whole_pages(offset, bytes.len()) {
            return Err(ErrorKind::Unsupported.into());
        }
        for (page, range) in parts(offset, bytes.len()) {
            let part = &bytes[range];
            self.write_at(place(page), part)?;
            let mut groups = self.sums.write().unwrap_or_else(PoisonError::into_inner);
            let sums = self.load(&mut groups, page / GROUP)?;
            for (bytes, sum) in part.chunks_exact(PAGE).zip(sums.chunks_exact_mut(4).skip(page % GROUP)) {
                sum.copy_from_slice(&checksum(bytes));
            }
            groups.changed.insert(page / GROUP);
        }
        Ok(())
    }
}

#[cfg(unix)]
fn read_exact_at(file: &File, offset: u64, out: &mut [u8]) -> Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, out, offset)
}

#[cfg(unix)]
fn write_all_at(file: &File, offset: u64, bytes: &[u8]) -> Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, offset)
}

#[cfg(windows)]
fn read_exact_at(file: &File, mut offset: u64, mut out: &mut [u8]) -> Result<()> {
    while !out.is_empty() {
        let count = std::os::windows::fs::FileExt::seek_read(file, out, offset)?;
        if count == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        out = &mut out[count..];
        offset += count as u64;
    }
    Ok(())
}

#[cfg(windows)]
fn write_all_at(file: &File, mut offset: u64, mut bytes: &[u8]) -> Result<()> {
    while !bytes.is_empty() {
        let count = std::os::windows::fs::FileExt::seek_write(file, bytes, offset)?;
        bytes = &bytes[count..];
        offset += count as u64;
    }
    Ok(())
}
