//! NEF files: compiled contracts.
//!
//! A NEF file consists of the magic number `NEF3`, the name of the compiler in 64
//! bytes, the address of the source, a zero byte, the method tokens, two zero
//! bytes, the script and a checksum.
//!
//! Sources: `NefFile.cs` and `MethodToken.cs` of the reference node.

use alloc::{string::String, vec::Vec};

use crate::{
    call_flags::CallFlags,
    hash::{Hash160, checksum},
    io::{ReadError, ReadProblem, Reader, utf8, write_bytes, write_length},
    limits::Limits,
    script::Script,
};

const MAGIC: [u8; 4] = *b"NEF3";
const COMPILER_SIZE: usize = 64;
const MAX_SOURCE: usize = 256;
const MAX_TOKENS: usize = 128;
const MAX_METHOD: usize = 32;
const MAX_SIZE: usize = Limits::DEFAULT.max_item_size as usize;

/// A compiled contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NefFile {
    /// The name and version of the compiler, at most 64 bytes.
    pub compiler: String,
    /// The address of the source, at most 256 bytes.
    pub source: String,
    /// The methods of other contracts that CALLT calls, at most 128.
    pub tokens: Vec<MethodToken>,
    /// The script.
    pub script: Script,
}

/// A method of another contract that CALLT can call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MethodToken {
    /// The hash of the contract.
    pub hash: Hash160,
    /// The name of the method, at most 32 bytes. It does not start with `_`.
    pub method: String,
    /// The number of arguments.
    pub parameters_count: u16,
    /// Whether the method returns a value.
    pub has_return_value: bool,
    /// What the method may do.
    pub call_flags: CallFlags,
}

/// Why a NEF file is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("NEF file, byte {offset}: {problem}")]
pub struct NefError {
    /// The position of what is wrong, in bytes.
    pub offset: usize,
    /// What is wrong.
    pub problem: NefProblem,
}

/// What can be wrong with a NEF file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NefProblem {
    /// A field cannot be read.
    #[error(transparent)]
    Read(#[from] ReadProblem),
    /// The file does not start with the magic number.
    #[error("the magic is {0:02x?}, not \"NEF3\"")]
    Magic([u8; 4]),
    /// The compiler's name is not padded with zero bytes.
    #[error("the compiler's name is padded with {0:#04x}, not with 0")]
    Padding(u8),
    /// Reserved bytes are not zero.
    #[error("the reserved bytes are {0:#x}, not 0")]
    Reserved(u16),
    /// The name of a token's method starts with `_`.
    #[error("a token's method is {0:?}; it cannot start with \"_\"")]
    PrivateMethod(String),
    /// The call flags of a token have undefined bits.
    #[error("a token's call flags are {0:#04x}, some of which are not defined")]
    Flags(u8),
    /// The script is empty.
    #[error("the script is empty")]
    EmptyScript,
    /// The checksum does not match.
    #[error("the checksum is {found:#010x}, that of the file's content is {expected:#010x}")]
    Checksum {
        /// The checksum in the file.
        found: u32,
        /// The checksum of the file's content.
        expected: u32,
    },
}

impl From<ReadError> for NefError {
    fn from(ReadError { offset, problem }: ReadError) -> Self {
        Self { offset, problem: problem.into() }
    }
}

impl NefFile {
    /// The number that a file begins with, in little-endian order: the text `NEF3`.
    pub const MAGIC: u32 = u32::from_le_bytes(MAGIC);

    /// Parses a NEF file.
    ///
    /// As in the reference, a length may be written with more bytes than it needs
    /// (the checksum is that of the shortest form), and bytes after the checksum
    /// are ignored.
    ///
    /// # Errors
    /// [`NefError`] for the first thing that is wrong.
    pub fn parse(bytes: &[u8]) -> Result<Self, NefError> {
        Self::parse_all(bytes).map(|(file, ..)| file)
    }

    /// Parses a NEF file as [`NefFile::parse`] does, and also returns how many of the bytes it takes. Nodes do not look
    /// at what lies behind it.
    ///
    /// # Errors
    /// Those of [`NefFile::parse`].
    pub fn parse_start(bytes: &[u8]) -> Result<(Self, usize), NefError> {
        Self::parse_all(bytes).map(|(file, _, size)| (file, size))
    }

    /// Parses a NEF file as [`NefFile::parse`] does, and also returns its bytes as
    /// [`NefFile::to_bytes`] does: in the shortest form, with the checksum, which was
    /// computed once, at the end.
    ///
    /// # Errors
    /// Those of [`NefFile::parse`].
    pub fn parse_with_bytes(bytes: &[u8]) -> Result<(Self, Vec<u8>), NefError> {
        Self::parse_all(bytes).map(|(file, bytes, _)| (file, bytes))
    }

    /// The file, its bytes in the shortest form, and how many it takes as it is.
    fn parse_all(bytes: &[u8]) -> Result<(Self, Vec<u8>, usize), NefError> {
        let mut reader = Reader::new(bytes);
        let file = Self::read(&mut reader)?;
        let bytes = read_end(&mut reader, &file)?;
        Ok((file, bytes, reader.offset()))
    }

    /// Parses a NEF file whose checksum was checked before, as that of a
    /// contract in a node's storage.
    ///
    /// # Errors
    /// [`NefError`] for the first thing that is wrong.
    pub fn parse_unchecked(bytes: &[u8]) -> Result<Self, NefError> {
        Self::read(&mut Reader::new(bytes))
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, NefError> {
        let magic = reader.array("magic")?;
        if magic != MAGIC {
            return Err(NefError { offset: 0, problem: NefProblem::Magic(magic) });
        }
        let compiler = read_compiler(reader)?.into();
        let source = reader.text("source", MAX_SOURCE)?.into();
        skip_zeros(reader, [0])?;
        let count = reader.length("list of tokens", MAX_TOKENS)?;
        let tokens = (0..count).map(|_| MethodToken::read(reader)).collect::<Result<_, _>>()?;
        skip_zeros(reader, [0; 2])?;
        let start = reader.offset();
        let script = Script::from(reader.bytes("script", MAX_SIZE)?);
        if script.is_empty() {
            return Err(NefError { offset: start, problem: NefProblem::EmptyScript });
        }
        Ok(Self { compiler, source, tokens, script })
    }

    /// Returns the bytes of the file, including the checksum.
    ///
    /// # Errors
    /// [`NefError`] if the file could not be parsed again.
    pub fn to_bytes(&self) -> Result<Vec<u8>, NefError> {
        let size = self.compiler.len();
        if size > COMPILER_SIZE {
            return Err(too_large(MAGIC.len(), "compiler", size, COMPILER_SIZE));
        }
        let mut bytes = self.content();
        bytes.extend(checksum(&bytes).to_le_bytes());
        Self::read(&mut Reader::new(&bytes))?;
        check_size(bytes.len())?;
        Ok(bytes)
    }

    /// Returns the checksum of the file.
    pub fn checksum(&self) -> u32 {
        checksum(&self.content())
    }

    /// Returns the bytes that the checksum covers.
    fn content(&self) -> Vec<u8> {
        // Enough for a file without tokens.
        let mut bytes = Vec::with_capacity(128 + self.source.len() + self.script.len());
        bytes.extend(MAGIC);
        bytes.extend_from_slice(self.compiler.as_bytes());
        bytes.resize(MAGIC.len() + COMPILER_SIZE, 0);
        write_bytes(&mut bytes, self.source.as_bytes());
        bytes.push(0);
        write_length(&mut bytes, self.tokens.len());
        for token in &self.tokens {
            bytes.extend(token.hash.0);
            write_bytes(&mut bytes, token.method.as_bytes());
            bytes.extend(token.parameters_count.to_le_bytes());
            bytes.extend([u8::from(token.has_return_value), token.call_flags.bits()]);
        }
        bytes.extend([0; 2]);
        write_bytes(&mut bytes, self.script.bytes());
        bytes
    }
}

impl MethodToken {
    fn read(reader: &mut Reader<'_>) -> Result<Self, NefError> {
        let hash = reader.hash160("token's hash")?;
        let length_at = reader.offset();
        let method: String = reader.text("token's method", MAX_METHOD)?.into();
        if method.starts_with('_') {
            return Err(NefError { offset: length_at, problem: NefProblem::PrivateMethod(method) });
        }
        let parameters_count = reader.u16("token's number of parameters")?;
        let has_return_value = reader.boolean("token's return flag")?;
        let flags_at = reader.offset();
        let flags = reader.u8("token's call flags")?;
        let call_flags =
            CallFlags::from_bits(flags).ok_or(NefError { offset: flags_at, problem: NefProblem::Flags(flags) })?;
        Ok(Self { hash, method, parameters_count, has_return_value, call_flags })
    }
}

/// Reads the compiler's name: 64 bytes, of which zeros at the end are padding.
fn read_compiler<'a>(reader: &mut Reader<'a>) -> Result<&'a str, NefError> {
    let start = reader.offset();
    let whole = reader.take("compiler", COMPILER_SIZE)?;
    let end = whole.iter().position(|&byte| byte == 0).unwrap_or(COMPILER_SIZE);
    let (name, padding) = whole.split_at(end);
    if let Some(place) = padding.iter().position(|&byte| byte != 0) {
        return Err(NefError { offset: start + end + place, problem: NefProblem::Padding(padding[place]) });
    }
    Ok(utf8("compiler", start, name)?)
}

/// Reads reserved bytes, which must be zero.
fn skip_zeros<const N: usize>(reader: &mut Reader<'_>, zeros: [u8; N]) -> Result<(), NefError> {
    let offset = reader.offset();
    let bytes: [u8; N] = reader.array("reserved field")?;
    if bytes != zeros {
        let value = bytes.iter().rev().fold(0, |value, &byte| value << 8 | u16::from(byte));
        return Err(NefError { offset, problem: NefProblem::Reserved(value) });
    }
    Ok(())
}

/// Reads the checksum, and checks it and the size of the file. Returns the bytes of the
/// file in the shortest form.
fn read_end(reader: &mut Reader<'_>, file: &NefFile) -> Result<Vec<u8>, NefError> {
    let offset = reader.offset();
    let found = reader.u32("checksum")?;
    let mut bytes = file.content();
    let expected = checksum(&bytes);
    if found != expected {
        return Err(NefError { offset, problem: NefProblem::Checksum { found, expected } });
    }
    check_size(reader.offset())?;
    bytes.extend(expected.to_le_bytes());
    Ok(bytes)
}

fn check_size(size: usize) -> Result<(), NefError> {
    if size > MAX_SIZE { Err(too_large(0, "file", size, MAX_SIZE)) } else { Ok(()) }
}

fn too_large(offset: usize, field: &'static str, size: usize, limit: usize) -> NefError {
    ReadError { offset, problem: ReadProblem::TooLarge { field, size: size as u64, limit } }.into()
}
