//! Dumps of chains: files of blocks in the order of their heights, named `.acc`.
//!
//! Sources: `MainService.GetBlocks` of the reference's command line, which imports
//! them, and `pkg/core/chaindump` of neo-go, which writes them.

use std::io::{self, Read, Write};

use neovm_types::io::{ReadError, Reader};

use crate::{block::Block, header::UnsignedHeader};

/// The largest block that is read from a dump, in bytes: what a message of the
/// network can hold.
const MAX_BLOCK_SIZE: u32 = 0x0200_0000;

/// Why a dump cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum DumpError {
    /// The input fails or ends too early.
    #[error("byte {offset} of the dump: {source}")]
    Io {
        /// The position of what could not be read, in bytes.
        offset: u64,
        /// What went wrong.
        source: io::Error,
    },
    /// A block is larger than any network relays.
    #[error("byte {offset} of the dump: a block of {size} bytes, at most {MAX_BLOCK_SIZE} are allowed")]
    TooLarge {
        /// The position of the block's size, in bytes.
        offset: u64,
        /// The block's size, in bytes.
        size: u32,
    },
    /// A block is malformed.
    #[error("byte {offset} of the dump, block {index}: {source}")]
    Block {
        /// The position of the block, in bytes.
        offset: u64,
        /// The height of the block according to its place in the dump.
        index: u64,
        /// What is wrong with the block.
        source: ReadError,
    },
}

/// Reads the blocks of a dump, one at a time.
///
/// A dump starts with the number of blocks, or with the height of the first block
/// and the number. Each block follows its size. All numbers are little-endian and
/// have four bytes.
#[derive(Debug)]
pub struct DumpReader<R> {
    input: R,
    offset: u64,
    start: u32,
    count: u32,
    read: u32,
    /// The size of the first block, and its first four bytes if they were read.
    ahead: Option<(u32, Vec<u8>)>,
}

impl<R: Read> DumpReader<R> {
    /// Reads the start of a dump.
    ///
    /// As in neo-go, the third number tells the two forms apart: it is the version of
    /// the first block, 0, if the dump starts with the number of blocks alone, and
    /// the first block's size otherwise. Where the first number is 0 there is nothing to
    /// tell apart: a dump of no blocks ends there, and what goes on starts at height 0.
    ///
    /// # Errors
    /// [`DumpError::Io`] if the input fails or ends too early.
    pub fn new(input: R) -> Result<Self, DumpError> {
        let mut dump = Self { input, offset: 0, start: 0, count: 0, read: 0, ahead: None };
        let first = dump.number()?;
        let second = match dump.number_or_end()? {
            None if first == 0 => return Ok(dump),
            second => second.ok_or_else(|| dump.ends_early())?,
        };
        if second == 0 {
            dump.start = first;
            return Ok(dump);
        }
        let third = dump.number()?;
        if third == 0 && first != 0 {
            dump.count = first;
            dump.ahead = Some((second, vec![0; 4]));
        } else {
            (dump.start, dump.count) = (first, second);
            dump.ahead = Some((third, Vec::new()));
        }
        Ok(dump)
    }

    /// Returns the height of the first block: 0 unless the dump says otherwise.
    pub const fn first_index(&self) -> u32 {
        self.start
    }

    /// Returns the number of blocks in the dump.
    pub const fn block_count(&self) -> u32 {
        self.count
    }

    /// Reads the bytes of the next block without parsing them; none at the end.
    ///
    /// # Errors
    /// [`DumpError::Io`] or [`DumpError::TooLarge`].
    pub fn next_bytes(&mut self) -> Result<Option<Vec<u8>>, DumpError> {
        if self.read == self.count {
            return Ok(None);
        }
        self.read += 1;
        let (size, mut bytes) = match self.ahead.take() {
            Some(ahead) => ahead,
            None => (self.number()?, Vec::new()),
        };
        let offset = self.offset - bytes.len() as u64;
        if size > MAX_BLOCK_SIZE || (size as usize) < bytes.len() {
            return Err(DumpError::TooLarge { offset: offset - 4, size });
        }
        let wanted = u64::from(size) - bytes.len() as u64;
        let read = self.input.by_ref().take(wanted).read_to_end(&mut bytes);
        let read = read.map_err(|source| DumpError::Io { offset: self.offset, source })? as u64;
        self.offset += read;
        if read < wanted {
            return Err(self.ends_early());
        }
        Ok(Some(bytes))
    }

    /// Returns whether something lies behind the last block, once all blocks were read. Nodes do not look at it.
    ///
    /// # Errors
    /// [`DumpError::Io`] if the input fails.
    pub fn has_more(&mut self) -> Result<bool, DumpError> {
        let more = self.input.by_ref().take(1).read_to_end(&mut Vec::new());
        more.map(|read| read > 0).map_err(|source| DumpError::Io { offset: self.offset, source })
    }

    /// Reads a number of four bytes.
    fn number(&mut self) -> Result<u32, DumpError> {
        self.number_or_end()?.ok_or_else(|| self.ends_early())
    }

    /// The error that the input ends at the current position.
    fn ends_early(&self) -> DumpError {
        DumpError::Io { offset: self.offset, source: io::ErrorKind::UnexpectedEof.into() }
    }

    /// Reads a number of four bytes; none where the input ends before it.
    fn number_or_end(&mut self) -> Result<Option<u32>, DumpError> {
        let offset = self.offset;
        let mut bytes = Vec::with_capacity(4);
        let read = self.input.by_ref().take(4).read_to_end(&mut bytes);
        read.map_err(|source| DumpError::Io { offset, source })?;
        if bytes.is_empty() {
            return Ok(None);
        }
        let bytes = bytes.try_into().map_err(|_| self.ends_early())?;
        self.offset += 4;
        Ok(Some(u32::from_le_bytes(bytes)))
    }

    /// Reads the next block whose index is at least `height`, and skips those before it
    /// without parsing more than their headers; none at the end.
    ///
    /// # Errors
    /// [`DumpError`].
    pub fn next_from(&mut self, height: u32) -> Result<Option<Block>, DumpError> {
        loop {
            let index = u64::from(self.start) + u64::from(self.read);
            let Some(bytes) = self.next_bytes()? else { return Ok(None) };
            let header = UnsignedHeader::read(&mut Reader::new(&bytes));
            if header.is_ok_and(|header| header.index < height) {
                continue;
            }
            let offset = self.offset - bytes.len() as u64;
            return Block::parse(&bytes).map(Some).map_err(|source| DumpError::Block { offset, index, source });
        }
    }
}

/// The blocks of the dump. After an error there are no more.
impl<R: Read> Iterator for DumpReader<R> {
    type Item = Result<Block, DumpError>;

    fn next(&mut self) -> Option<Self::Item> {
        let block = self.next_from(0).transpose();
        if let Some(Err(_)) = block {
            self.read = self.count;
        }
        block
    }
}

/// Writes blocks as a dump. The number of blocks comes first; before it, unless it
/// is 0, the height of the first block.
///
/// # Errors
/// Those of the output.
///
/// # Panics
/// If a block has 4 GiB or more, or there are 2^32 blocks or more.
pub fn write_dump<'a>(
    mut output: impl Write,
    start: u32,
    blocks: impl ExactSizeIterator<Item = &'a Block>,
) -> io::Result<()> {
    let number = |value: usize| u32::try_from(value).expect("a dump has fewer than 2^32 blocks of less than 4 GiB");
    if start > 0 {
        output.write_all(&start.to_le_bytes())?;
    }
    output.write_all(&number(blocks.len()).to_le_bytes())?;
    for block in blocks {
        let bytes = block.to_bytes();
        output.write_all(&number(bytes.len()).to_le_bytes())?;
        output.write_all(&bytes)?;
    }
    Ok(())
}
