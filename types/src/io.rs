//! Reading and writing the binary formats of Neo.
//!
//! Sources: `Neo.IO/MemoryReader.cs` and `Extensions/IO/*.cs` of the reference node.

use alloc::{format, string::String, vec::Vec};
use core::fmt;

use crate::{
    hash::{Hash160, Hash256},
    public_key::PublicKey,
    text::count,
};

/// Why bytes could not be read, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("byte {offset}: {problem}")]
pub struct ReadError {
    /// The position of what is wrong, in bytes from the start.
    pub offset: usize,
    /// What is wrong.
    pub problem: ReadProblem,
}

/// What can be wrong with bytes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadProblem {
    /// The bytes end inside a field.
    #[error("the {field} needs {}, {left} {} left", count(*.wanted, "byte"), if *.left == 1 { "is" } else { "are" })]
    Truncated {
        /// The field.
        field: &'static str,
        /// The number of bytes that the field needs.
        wanted: u64,
        /// The number of bytes that are left.
        left: usize,
    },
    /// A length or count is over its limit.
    #[error("the {field} has size {size}, at most {limit} is allowed")]
    TooLarge {
        /// The field.
        field: &'static str,
        /// The length or count.
        size: u64,
        /// The limit.
        limit: usize,
    },
    /// A text is not UTF-8.
    #[error("the {0} is not UTF-8")]
    NotUtf8(&'static str),
    /// A field has a value that its format does not allow.
    #[error("the {field} {what}")]
    Invalid {
        /// The field.
        field: &'static str,
        /// What is wrong with its value: `is 2, neither 0 nor 1`.
        what: String,
    },
}

/// Reads fields from bytes, one after the other, and remembers the position.
///
/// Each method takes the name of the field that it reads, for [`ReadError`]. No
/// method allocates more than the bytes that are left could fill.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    offset: usize,
}

impl<'a> Reader<'a> {
    /// Creates a reader at the start of some bytes.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, offset: 0 }
    }

    /// Returns the position of the next byte.
    pub const fn offset(&self) -> usize {
        self.offset
    }

    /// Returns the bytes that are left.
    pub fn left(&self) -> &'a [u8] {
        &self.bytes[self.offset..]
    }

    /// Reads a number of bytes.
    ///
    /// # Errors
    /// [`ReadProblem::Truncated`] if fewer are left.
    pub fn take(&mut self, field: &'static str, size: usize) -> Result<&'a [u8], ReadError> {
        let left = self.left();
        let taken = left.get(..size).ok_or(ReadError {
            offset: self.offset,
            problem: ReadProblem::Truncated { field, wanted: size as u64, left: left.len() },
        })?;
        self.offset += size;
        Ok(taken)
    }

    /// Reads a fixed number of bytes.
    ///
    /// # Errors
    /// [`ReadProblem::Truncated`] if fewer are left.
    pub fn array<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N], ReadError> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(field, N)?);
        Ok(array)
    }

    /// Reads one byte.
    ///
    /// # Errors
    /// [`ReadProblem::Truncated`] if none is left.
    pub fn u8(&mut self, field: &'static str) -> Result<u8, ReadError> {
        let [byte] = self.array(field)?;
        Ok(byte)
    }

    /// Reads a little-endian number of two bytes.
    ///
    /// # Errors
    /// [`ReadProblem::Truncated`] if fewer are left.
    pub fn u16(&mut self, field: &'static str) -> Result<u16, ReadError> {
        self.array(field).map(u16::from_le_bytes)
    }

    /// Reads a little-endian number of four bytes.
    ///
    /// # Errors
    /// [`ReadProblem::Truncated`] if fewer are left.
    pub fn u32(&mut self, field: &'static str) -> Result<u32, ReadError> {
        self.array(field).map(u32::from_le_bytes)
    }

    /// Reads a little-endian number of eight bytes.
    ///
    /// # Errors
    /// [`ReadProblem::Truncated`] if fewer are left.
    pub fn u64(&mut self, field: &'static str) -> Result<u64, ReadError> {
        self.array(field).map(u64::from_le_bytes)
    }

    /// Reads a little-endian number with a sign, of eight bytes.
    ///
    /// # Errors
    /// [`ReadProblem::Truncated`] if fewer are left.
    pub fn i64(&mut self, field: &'static str) -> Result<i64, ReadError> {
        self.array(field).map(i64::from_le_bytes)
    }

    /// Reads a byte that must be 0 or 1.
    ///
    /// # Errors
    /// [`ReadProblem::Truncated`], or [`ReadProblem::Invalid`] for any other byte.
    pub fn boolean(&mut self, field: &'static str) -> Result<bool, ReadError> {
        let start = self.offset;
        match self.u8(field)? {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(invalid(start, field, format_args!("is {other}, neither 0 nor 1"))),
        }
    }

    /// Reads a length or count of variable size: one byte, or 2, 4 or 8 bytes after
    /// 0xfd, 0xfe or 0xff. As in the reference, it may take more bytes than it needs.
    ///
    /// # Errors
    /// [`ReadProblem::Truncated`], or [`ReadProblem::TooLarge`] over the limit.
    pub fn length(&mut self, field: &'static str, limit: usize) -> Result<usize, ReadError> {
        let start = self.offset;
        let size = match self.u8(field)? {
            0xfd => u64::from(self.u16(field)?),
            0xfe => u64::from(self.u32(field)?),
            0xff => self.u64(field)?,
            byte => u64::from(byte),
        };
        if size > limit as u64 {
            return Err(ReadError { offset: start, problem: ReadProblem::TooLarge { field, size, limit } });
        }
        Ok(size as usize)
    }

    /// Reads a length and that number of bytes.
    ///
    /// # Errors
    /// [`ReadProblem::Truncated`], or [`ReadProblem::TooLarge`] over the limit.
    pub fn bytes(&mut self, field: &'static str, limit: usize) -> Result<&'a [u8], ReadError> {
        let length = self.length(field, limit)?;
        self.take(field, length)
    }

    /// Reads a length and a UTF-8 text of that number of bytes.
    ///
    /// # Errors
    /// Those of [`Reader::bytes`], and [`ReadProblem::NotUtf8`].
    pub fn text(&mut self, field: &'static str, limit: usize) -> Result<&'a str, ReadError> {
        let bytes = self.bytes(field, limit)?;
        utf8(field, self.offset - bytes.len(), bytes)
    }

    /// Reads a count and that number of elements.
    ///
    /// # Errors
    /// Those of [`Reader::length`] and of the function that reads an element.
    pub fn list<T>(
        &mut self,
        field: &'static str,
        limit: usize,
        mut element: impl FnMut(&mut Self) -> Result<T, ReadError>,
    ) -> Result<Vec<T>, ReadError> {
        let count = self.length(field, limit)?;
        let mut list = Vec::with_capacity(count.min(self.left().len() / size_of::<T>().max(1)));
        for _ in 0..count {
            list.push(element(self)?);
        }
        Ok(list)
    }

    /// Reads a script hash.
    ///
    /// # Errors
    /// [`ReadProblem::Truncated`] if fewer than 20 bytes are left.
    pub fn hash160(&mut self, field: &'static str) -> Result<Hash160, ReadError> {
        self.array(field).map(Hash160)
    }

    /// Reads the hash of a transaction or block.
    ///
    /// # Errors
    /// [`ReadProblem::Truncated`] if fewer than 32 bytes are left.
    pub fn hash256(&mut self, field: &'static str) -> Result<Hash256, ReadError> {
        self.array(field).map(Hash256)
    }

    /// Reads a public key on the curve secp256r1, compressed or not. It is written
    /// in compressed form.
    ///
    /// The reference takes an uncompressed key whose x no point has, too. It relays
    /// the compressed form, which nobody reads, so no block holds one.
    ///
    /// # Errors
    /// [`ReadProblem::Truncated`], or [`ReadProblem::Invalid`] for a key that is
    /// malformed or not on the curve, see [`PublicKey::from_bytes`].
    pub fn public_key(&mut self, field: &'static str) -> Result<PublicKey, ReadError> {
        let start = self.offset;
        let size = match self.clone().u8(field)? {
            2 | 3 => 33,
            4 => 65,
            other => return Err(invalid(start, field, format_args!("starts with {other:#04x}, not with 2, 3 or 4"))),
        };
        let key = PublicKey::from_bytes(self.take(field, size)?);
        key.map_err(|error| invalid(start, field, format_args!("is refused: {error}")))
    }
}

/// Returns the error for a field whose value is not allowed.
pub fn invalid(offset: usize, field: &'static str, what: fmt::Arguments<'_>) -> ReadError {
    ReadError { offset, problem: ReadProblem::Invalid { field, what: format!("{what}") } }
}

/// Returns bytes as text; the error's position is that of the first bad byte.
pub(crate) fn utf8<'a>(field: &'static str, offset: usize, bytes: &'a [u8]) -> Result<&'a str, ReadError> {
    core::str::from_utf8(bytes)
        .map_err(|error| ReadError { offset: offset + error.valid_up_to(), problem: ReadProblem::NotUtf8(field) })
}

/// Appends a length or count in its shortest form.
pub fn write_length(bytes: &mut Vec<u8>, length: usize) {
    let (encoded, count) = length_bytes(length);
    bytes.extend_from_slice(&encoded[..count]);
}

/// Returns the bytes that [`write_length`] appends, and how many there are.
pub(crate) fn length_bytes(length: usize) -> ([u8; 9], usize) {
    let (mut bytes, count) = ([0; 9], length_size(length));
    bytes[0] = match count {
        1 => length as u8,
        3 => 0xfd,
        5 => 0xfe,
        _ => 0xff,
    };
    if count > 1 {
        bytes[1..].copy_from_slice(&(length as u64).to_le_bytes());
    }
    (bytes, count)
}

/// Appends the length of some data, and the data.
pub fn write_bytes(bytes: &mut Vec<u8>, data: &[u8]) {
    write_length(bytes, data.len());
    bytes.extend_from_slice(data);
}

/// Appends the count of a list, and its elements.
pub fn write_list<T>(bytes: &mut Vec<u8>, list: &[T], mut element: impl FnMut(&T, &mut Vec<u8>)) {
    write_length(bytes, list.len());
    for item in list {
        element(item, bytes);
    }
}

/// Returns the number of bytes that [`write_length`] appends.
pub const fn length_size(length: usize) -> usize {
    match length {
        0..0xfd => 1,
        0xfd..=0xffff => 3,
        0x1_0000..=0xffff_ffff => 5,
        _ => 9,
    }
}
