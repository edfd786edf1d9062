//! NEF files: compiled contracts.
//!
//! A NEF file consists of the magic number `NEF3`, the name of the compiler in 64
//! bytes, the address of the source, a zero byte, the method tokens, two zero
//! bytes, the script and a checksum.
//!
//! Sources: `NefFile.cs`, `MethodToken.cs` and `MemoryReader.cs` of the reference
//! node.

use alloc::{
    string::{String, ToString},
    vec::Vec,
};

use crate::{
    call_flags::CallFlags,
    hash::{Hash160, checksum},
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
    /// The file ends inside a field.
    #[error("the {field} needs {wanted} bytes, {left} are left")]
    Truncated {
        /// The field.
        field: &'static str,
        /// The number of bytes that the field needs.
        wanted: u64,
        /// The number of bytes that are left in the file.
        left: usize,
    },
    /// The file does not start with the magic number.
    #[error("the magic is {0:02x?}, not \"NEF3\"")]
    Magic([u8; 4]),
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
    /// The compiler's name is not padded with zero bytes.
    #[error("the compiler's name is padded with {0:#04x}, not with 0")]
    Padding(u8),
    /// A text is not UTF-8.
    #[error("the {0} is not UTF-8")]
    NotUtf8(&'static str),
    /// Reserved bytes are not zero.
    #[error("the reserved bytes are {0:#x}, not 0")]
    Reserved(u16),
    /// The name of a token's method starts with `_`.
    #[error("a token's method is {0:?}; it cannot start with \"_\"")]
    PrivateMethod(String),
    /// The byte that says whether a token's method returns a value is neither 0 nor 1.
    #[error("a token's return flag is {0}, neither 0 nor 1")]
    NotBoolean(u8),
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

impl NefFile {
    /// Parses a NEF file.
    ///
    /// As in the reference, a length may be written with more bytes than it needs
    /// (the checksum is that of the shortest form), and bytes after the checksum
    /// are ignored.
    ///
    /// # Errors
    /// [`NefError`] for the first thing that is wrong.
    pub fn parse(bytes: &[u8]) -> Result<Self, NefError> {
        let mut reader = Reader { bytes, offset: 0 };
        let magic = reader.array("magic")?;
        if magic != MAGIC {
            return Err(NefError { offset: 0, problem: NefProblem::Magic(magic) });
        }
        let compiler = reader.compiler()?;
        let source = reader.text("source", MAX_SOURCE)?;
        reader.zero([0])?;
        let count = reader.length("list of tokens", MAX_TOKENS)?;
        let tokens = (0..count).map(|_| MethodToken::read(&mut reader)).collect::<Result<_, _>>()?;
        reader.zero([0; 2])?;
        let start = reader.offset;
        let length = reader.length("script", MAX_SIZE)?;
        let script = Script::from(reader.take("script", length)?);
        if script.is_empty() {
            return Err(NefError { offset: start, problem: NefProblem::EmptyScript });
        }
        let file = Self { compiler, source, tokens, script };
        reader.end(&file)?;
        Ok(file)
    }

    /// Returns the bytes of the file, including the checksum.
    ///
    /// # Errors
    /// [`NefError`] if the file could not be parsed again.
    pub fn to_bytes(&self) -> Result<Vec<u8>, NefError> {
        let size = self.compiler.len();
        if size > COMPILER_SIZE {
            let problem = NefProblem::TooLarge { field: "compiler", size: size as u64, limit: COMPILER_SIZE };
            return Err(NefError { offset: MAGIC.len(), problem });
        }
        let mut bytes = self.content();
        bytes.extend(checksum(&bytes).to_le_bytes());
        Self::parse(&bytes)?;
        Ok(bytes)
    }

    /// Returns the checksum of the file.
    pub fn checksum(&self) -> u32 {
        checksum(&self.content())
    }

    /// Returns the bytes that the checksum covers.
    fn content(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend_from_slice(self.compiler.as_bytes());
        bytes.resize(MAGIC.len() + COMPILER_SIZE, 0);
        write_data(&mut bytes, self.source.as_bytes());
        bytes.push(0);
        write_length(&mut bytes, self.tokens.len());
        for token in &self.tokens {
            bytes.extend(token.hash.0);
            write_data(&mut bytes, token.method.as_bytes());
            bytes.extend(token.parameters_count.to_le_bytes());
            bytes.extend([u8::from(token.has_return_value), token.call_flags.bits()]);
        }
        bytes.extend([0; 2]);
        write_data(&mut bytes, self.script.bytes());
        bytes
    }
}

impl MethodToken {
    fn read(reader: &mut Reader<'_>) -> Result<Self, NefError> {
        let hash = Hash160(reader.array("token's hash")?);
        let start = reader.offset;
        let method = reader.text("token's method", MAX_METHOD)?;
        if method.starts_with('_') {
            return Err(NefError { offset: start, problem: NefProblem::PrivateMethod(method) });
        }
        let parameters_count = u16::from_le_bytes(reader.array("token's number of parameters")?);
        let start = reader.offset;
        let has_return_value = match reader.array("token's return flag")? {
            [0] => false,
            [1] => true,
            [other] => return Err(NefError { offset: start, problem: NefProblem::NotBoolean(other) }),
        };
        let start = reader.offset;
        let [flags] = reader.array("token's call flags")?;
        let call_flags =
            CallFlags::from_bits(flags).ok_or(NefError { offset: start, problem: NefProblem::Flags(flags) })?;
        Ok(Self { hash, method, parameters_count, has_return_value, call_flags })
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    offset: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, field: &'static str, size: usize) -> Result<&'a [u8], NefError> {
        let left = &self.bytes[self.offset..];
        let taken = left.get(..size).ok_or(NefError {
            offset: self.offset,
            problem: NefProblem::Truncated { field, wanted: size as u64, left: left.len() },
        })?;
        self.offset += size;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N], NefError> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(field, N)?);
        Ok(array)
    }

    /// Reads a length: one byte, or 2, 4 or 8 bytes after 0xfd, 0xfe or 0xff.
    fn length(&mut self, field: &'static str, limit: usize) -> Result<usize, NefError> {
        let start = self.offset;
        let size = match self.array(field)? {
            [0xfd] => u64::from(u16::from_le_bytes(self.array(field)?)),
            [0xfe] => u64::from(u32::from_le_bytes(self.array(field)?)),
            [0xff] => u64::from_le_bytes(self.array(field)?),
            [byte] => u64::from(byte),
        };
        if size > limit as u64 {
            return Err(NefError { offset: start, problem: NefProblem::TooLarge { field, size, limit } });
        }
        Ok(size as usize)
    }

    fn text(&mut self, field: &'static str, limit: usize) -> Result<String, NefError> {
        let length = self.length(field, limit)?;
        let start = self.offset;
        let bytes = self.take(field, length)?;
        utf8(field, start, bytes)
    }

    /// Reads the compiler's name: 64 bytes, of which zeros at the end are padding.
    fn compiler(&mut self) -> Result<String, NefError> {
        let start = self.offset;
        let whole = self.take("compiler", COMPILER_SIZE)?;
        let end = whole.iter().position(|&byte| byte == 0).unwrap_or(COMPILER_SIZE);
        let (name, padding) = whole.split_at(end);
        if let Some(place) = padding.iter().position(|&byte| byte != 0) {
            return Err(NefError { offset: start + end + place, problem: NefProblem::Padding(padding[place]) });
        }
        utf8("compiler", start, name)
    }

    /// Reads reserved bytes, which must be zero.
    fn zero<const N: usize>(&mut self, zeros: [u8; N]) -> Result<(), NefError> {
        let offset = self.offset;
        let bytes: [u8; N] = self.array("reserved field")?;
        if bytes != zeros {
            let value = bytes.iter().rev().fold(0, |value, &byte| value << 8 | u16::from(byte));
            return Err(NefError { offset, problem: NefProblem::Reserved(value) });
        }
        Ok(())
    }

    /// Reads the checksum, and checks it and the size of the file.
    fn end(&mut self, file: &NefFile) -> Result<(), NefError> {
        let offset = self.offset;
        let found = u32::from_le_bytes(self.array("checksum")?);
        let expected = file.checksum();
        if found != expected {
            return Err(NefError { offset, problem: NefProblem::Checksum { found, expected } });
        }
        if self.offset > MAX_SIZE {
            let problem = NefProblem::TooLarge { field: "file", size: self.offset as u64, limit: MAX_SIZE };
            return Err(NefError { offset: 0, problem });
        }
        Ok(())
    }
}

fn utf8(field: &'static str, offset: usize, bytes: &[u8]) -> Result<String, NefError> {
    let text = core::str::from_utf8(bytes);
    text.map(ToString::to_string)
        .map_err(|error| NefError { offset: offset + error.valid_up_to(), problem: NefProblem::NotUtf8(field) })
}

fn write_data(bytes: &mut Vec<u8>, data: &[u8]) {
    write_length(bytes, data.len());
    bytes.extend_from_slice(data);
}

fn write_length(bytes: &mut Vec<u8>, length: usize) {
    match length {
        0..0xfd => bytes.push(length as u8),
        0xfd..=0xffff => {
            bytes.push(0xfd);
            bytes.extend((length as u16).to_le_bytes());
        }
        _ => {
            bytes.push(0xfe);
            bytes.extend((length as u32).to_le_bytes());
        }
    }
}
