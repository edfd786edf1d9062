//! An assembler for the text that [`crate::disasm`] writes.
//!
//! A line consists of an offset (which is ignored), labels (`name:`), an
//! instruction and a comment after `;` or `#`, all of them optional. Operands are
//! separated by commas and written as follows:
//!
//! - integers in decimal;
//! - data as `"text"` with the escapes `\"`, `\\`, `\n`, `\r` and `\t`, or as
//!   hexadecimal digits after `0x`;
//! - targets as labels, or as offsets from the instruction such as `+5` and `-3`;
//! - for TRY the targets of the catch and the finally block, `-` for none;
//! - slots, numbers of slots and method tokens in decimal;
//! - item types by name, or as a byte such as `0x21`;
//! - system calls by name, or as four bytes in the order of the script, such as
//!   `0x627d5b52`.
//!
//! `.byte` inserts bytes as they are. Every mnemonic stands for one opcode: JMP,
//! for example, never becomes JMP_L.

mod lex;

use alloc::{borrow::ToOwned, collections::BTreeMap, format, string::String, vec::Vec};

use self::lex::{Kind, Token, tokens};
use crate::{
    integer::Integer,
    item::ItemType,
    opcode::{OpCode, OperandKind},
    script::Script,
    syscalls::SYSCALLS,
    text::{count, plain},
};

/// Why a text cannot be assembled. Lines and columns are counted from 1, columns in
/// characters.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {what}")]
pub struct AsmError {
    /// The number of the line.
    pub line: usize,
    /// The number of the column.
    pub column: usize,
    /// What is wrong.
    pub what: String,
}

/// Assembles a text into a script.
///
/// # Errors
/// [`AsmError`] for the first thing that is wrong. Missing labels are reported
/// last, after all lines have been read.
pub fn assemble(text: &str) -> Result<Script, AsmError> {
    let mut assembler = Assembler::default();
    for (i, line) in text.lines().enumerate() {
        assembler.line(i + 1, line).map_err(|error| AsmError {
            line: i + 1,
            column: error.column,
            what: error.what,
        })?;
    }
    assembler.resolve()
}

/// An error in a line.
struct LineError {
    column: usize,
    what: String,
}

type Result<T, E = LineError> = core::result::Result<T, E>;

fn error<T>(column: usize, what: impl Into<String>) -> Result<T> {
    Err(LineError { column, what: what.into() })
}

/// A reference to a label, to be filled in once all labels are known.
struct Fixup {
    /// The position of the offset in the script.
    place: usize,
    /// The number of bytes of the offset.
    size: usize,
    /// The position that the offset counts from.
    origin: usize,
    label: String,
    line: usize,
    column: usize,
}

#[derive(Default)]
struct Assembler {
    bytes: Vec<u8>,
    labels: BTreeMap<String, usize>,
    fixups: Vec<Fixup>,
    line: usize,
}

impl Assembler {
    fn line(&mut self, number: usize, text: &str) -> Result<()> {
        self.line = number;
        let tokens = tokens(text)?;
        let mut rest = tokens.as_slice();
        if let [Token { kind: Kind::Word(word), .. }, others @ ..] = rest
            && word.bytes().all(|digit| digit.is_ascii_digit())
        {
            rest = others;
        }
        while let [Token { kind: Kind::Label(name), column }, others @ ..] = rest {
            if self.labels.insert(name.clone(), self.bytes.len()).is_some() {
                return error(*column, format!("label {} is defined twice", plain(name)));
            }
            rest = others;
        }
        match rest {
            [] => Ok(()),
            [Token { kind: Kind::Word(mnemonic), column }, operands @ ..] => {
                let end = text.chars().count() + 1;
                let mut operands = Operands { tokens: operands, end, taken: 0 };
                self.statement(mnemonic, *column, &mut operands)?;
                operands.finish()
            }
            [token, ..] => error(token.column, format!("{} where an instruction should be", token.kind)),
        }
    }

    fn statement(&mut self, mnemonic: &str, column: usize, operands: &mut Operands<'_>) -> Result<()> {
        if mnemonic == ".byte" {
            while operands.taken == 0 || !operands.tokens.is_empty() {
                self.bytes.push(operands.byte()?);
            }
            return Ok(());
        }
        match OpCode::from_mnemonic(mnemonic) {
            Some(opcode) => self.instruction(opcode, operands),
            None => error(column, format!("unknown instruction {}", plain(mnemonic))),
        }
    }

    fn instruction(&mut self, opcode: OpCode, operands: &mut Operands<'_>) -> Result<()> {
        let origin = self.bytes.len();
        self.bytes.push(opcode as u8);
        match opcode.operand() {
            OperandKind::None => {}
            OperandKind::Int(size) => self.bytes.extend(operands.integer(usize::from(size))?),
            OperandKind::Data(prefix) => self.data(prefix, operands)?,
            OperandKind::Jump8 => self.distance(origin, 1, false, operands)?,
            OperandKind::Jump32 | OperandKind::Address => self.distance(origin, 4, false, operands)?,
            OperandKind::Try8 => self.handlers(origin, 1, operands)?,
            OperandKind::Try32 => self.handlers(origin, 4, operands)?,
            OperandKind::Slot => self.bytes.push(operands.number("a slot from 0 to 255")?),
            OperandKind::Slots => {
                for what in ["a number of local variables from 0 to 255", "a number of arguments from 0 to 255"] {
                    self.bytes.push(operands.number(what)?);
                }
            }
            OperandKind::Type => self.bytes.push(operands.item_type()?),
            OperandKind::Token => {
                let token: u16 = operands.number("a method token from 0 to 65535")?;
                self.bytes.extend(token.to_le_bytes());
            }
            OperandKind::Syscall => self.bytes.extend(operands.syscall()?),
        }
        Ok(())
    }

    fn data(&mut self, prefix: u8, operands: &mut Operands<'_>) -> Result<()> {
        let (data, column) = operands.data()?;
        let fits = (data.len() as u64) >> (8 * prefix) == 0;
        if !fits {
            let (size, length) = (count(data.len() as u64, "byte"), count(prefix.into(), "byte"));
            return error(column, format!("the length of {size} of data does not fit {length}"));
        }
        self.bytes.extend(&(data.len() as u64).to_le_bytes()[..usize::from(prefix)]);
        self.bytes.extend(data);
        Ok(())
    }

    fn handlers(&mut self, origin: usize, size: usize, operands: &mut Operands<'_>) -> Result<()> {
        self.distance(origin, size, true, operands)?;
        self.distance(origin, size, true, operands)
    }

    /// Reads a target: an offset, or a label that is looked up in the end.
    fn distance(&mut self, origin: usize, size: usize, optional: bool, operands: &mut Operands<'_>) -> Result<()> {
        let (word, column) = operands.word("a label or an offset")?;
        let distance = match word {
            "-" if optional => 0,
            _ if word.starts_with(['+', '-']) => match word.parse::<i64>() {
                Ok(distance) => distance,
                Err(_) => return error(column, format!("{} is not an offset", plain(word))),
            },
            _ => {
                let (place, label, line) = (self.bytes.len(), word.to_owned(), self.line);
                self.fixups.push(Fixup { place, size, origin, label, line, column });
                0
            }
        };
        match distance_bytes(distance, size) {
            Some(bytes) => self.bytes.extend(&bytes[..size]),
            None => return error(column, too_far(distance, size)),
        }
        Ok(())
    }

    fn resolve(mut self) -> Result<Script, AsmError> {
        for fixup in &self.fixups {
            let fail = |what| Err(AsmError { line: fixup.line, column: fixup.column, what });
            let Some(&target) = self.labels.get(&fixup.label) else {
                return fail(format!("there is no label {}", plain(&fixup.label)));
            };
            let distance = target as i64 - fixup.origin as i64;
            let Some(bytes) = distance_bytes(distance, fixup.size) else {
                return fail(too_far(distance, fixup.size));
            };
            self.bytes[fixup.place..fixup.place + fixup.size].copy_from_slice(&bytes[..fixup.size]);
        }
        Ok(Script::from(self.bytes))
    }
}

/// Returns the bytes of an offset, if it fits `size` of them.
fn distance_bytes(distance: i64, size: usize) -> Option<[u8; 8]> {
    let limit = 1i64 << (8 * size - 1);
    (-limit..limit).contains(&distance).then(|| distance.to_le_bytes())
}

fn too_far(distance: i64, size: usize) -> String {
    let hint = if size == 1 { "; the form of the instruction with _L has four" } else { "" };
    format!("offset {distance:+} does not fit {}{hint}", count(size as u64, "byte"))
}

/// The operands of an instruction, separated by commas.
struct Operands<'a> {
    tokens: &'a [Token],
    /// The column after the end of the line.
    end: usize,
    taken: usize,
}

impl<'a> Operands<'a> {
    fn next(&mut self, wanted: &str) -> Result<&'a Token> {
        if self.taken > 0 {
            match self.tokens {
                [Token { kind: Kind::Comma, .. }, rest @ ..] => self.tokens = rest,
                [token, ..] => return error(token.column, format!("{} where a comma should be", token.kind)),
                [] => return error(self.end, format!("a comma and {wanted} are missing")),
            }
        }
        self.taken += 1;
        match self.tokens {
            [token, rest @ ..] => {
                self.tokens = rest;
                Ok(token)
            }
            [] => error(self.end, format!("{wanted} is missing")),
        }
    }

    fn finish(&self) -> Result<()> {
        match self.tokens {
            [] => Ok(()),
            [token, ..] => error(token.column, format!("{} after the end of the instruction", token.kind)),
        }
    }

    fn word(&mut self, wanted: &str) -> Result<(&'a str, usize)> {
        match self.next(wanted)? {
            Token { kind: Kind::Word(word), column } => Ok((word, *column)),
            token => error(token.column, format!("{} where {wanted} should be", token.kind)),
        }
    }

    fn number<T: core::str::FromStr>(&mut self, wanted: &str) -> Result<T> {
        let (word, column) = self.word(wanted)?;
        word.parse().or_else(|_| error(column, format!("{} is not {wanted}", plain(word))))
    }

    /// Reads a signed integer and returns its `size` bytes.
    fn integer(&mut self, size: usize) -> Result<Vec<u8>> {
        let (word, column) = self.word("an integer")?;
        let value: Integer = word.parse().or_else(|_| error(column, format!("{} is not an integer", plain(word))))?;
        if value.byte_len() > size {
            return error(column, format!("{value} does not fit {}", count(size as u64, "byte")));
        }
        Ok(value.wide().to_le_bytes()[..size].to_vec())
    }

    fn data(&mut self) -> Result<(Vec<u8>, usize)> {
        let wanted = "a text in quotes or 0x and hexadecimal digits";
        let token = self.next(wanted)?;
        let data = match &token.kind {
            Kind::Text(text) => Some(text.as_bytes().to_vec()),
            Kind::Word(word) => hex_bytes(word),
            _ => None,
        };
        match data {
            Some(data) => Ok((data, token.column)),
            None => error(token.column, format!("{} where {wanted} should be", token.kind)),
        }
    }

    fn byte(&mut self) -> Result<u8> {
        let (word, column) = self.word("a byte")?;
        match hex_bytes(word).as_deref() {
            Some(&[byte]) => Ok(byte),
            _ => error(column, format!("{} is not a byte: 0x and two hexadecimal digits", plain(word))),
        }
    }

    fn item_type(&mut self) -> Result<u8> {
        let (word, column) = self.word("an item type")?;
        match (ItemType::from_name(word), hex_bytes(word).as_deref()) {
            (Some(item_type), _) => Ok(item_type as u8),
            (None, Some(&[byte])) => Ok(byte),
            _ => error(column, format!("{} is not an item type", plain(word))),
        }
    }

    fn syscall(&mut self) -> Result<Vec<u8>> {
        let (word, column) = self.word("a system call")?;
        let known = SYSCALLS.iter().find(|(_, name)| *name == word).map(|(id, _)| id.to_le_bytes().to_vec());
        match known.or_else(|| hex_bytes(word)) {
            Some(bytes) if bytes.len() == 4 => Ok(bytes),
            _ => {
                let what = "is not a known system call; write others as 0x and their 4 bytes";
                error(column, format!("{} {what}", plain(word)))
            }
        }
    }
}

/// Reads hexadecimal digits after `0x`.
fn hex_bytes(word: &str) -> Option<Vec<u8>> {
    hex::decode(word.strip_prefix("0x")?).ok()
}
