//! Disassembly: scripts as text that [`crate::asm`] assembles to the same bytes.
//!
//! Each instruction is a line: its offset, mnemonic and operand, and sometimes a
//! comment after `;`. Targets of jumps, calls, TRY and PUSHA have a label, such as
//! `L0012:`, on a line of its own before them. Bytes that are not instructions are
//! shown one by one as `.byte`.

use alloc::{
    borrow::ToOwned,
    collections::BTreeSet,
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::fmt;

use crate::{
    fault::FaultKind,
    instruction::Instruction,
    integer::Integer,
    item::ItemType,
    opcode::{OpCode, OperandKind},
    script::Script,
    syscalls::syscall_name,
};

/// The disassembly of a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing<'a> {
    /// The lines, sorted by offset.
    pub lines: Vec<Line<'a>>,
}

/// An instruction, or a byte that is not part of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// The names of the methods that start here, as passed to [`disassemble_with`].
    pub methods: Vec<String>,
    /// The label, if an instruction refers to this line.
    pub label: Option<String>,
    /// The position in the script, in bytes.
    pub offset: usize,
    /// The bytes of the line.
    pub bytes: &'a [u8],
    /// The mnemonic of the opcode, or `.byte`.
    pub mnemonic: &'static str,
    /// The operand, empty if there is none.
    pub operand: String,
    /// A comment: a script hash in its usual form, for example.
    pub comment: Option<String>,
}

/// Disassembles a script.
pub fn disassemble(script: &Script) -> Listing<'_> {
    disassemble_with(script, &[])
}

/// Disassembles a script, with the names of methods before their first
/// instructions. `methods` are offsets and names; a name is left out if no
/// instruction starts at its offset.
pub fn disassemble_with<'a>(script: &'a Script, methods: &[(usize, &str)]) -> Listing<'a> {
    let parts = parts(script.bytes());
    let starts: BTreeSet<usize> = parts.iter().filter(|(_, part)| part.is_ok()).map(|&(offset, _)| offset).collect();
    let targets: BTreeSet<usize> = parts.iter().flat_map(|(offset, part)| targets(*offset, part, &starts)).collect();
    let mut lines: Vec<Line<'a>> = parts.iter().map(|(offset, part)| line(script, *offset, part, &starts)).collect();
    for line in &mut lines {
        line.label = targets.contains(&line.offset).then(|| label(line.offset));
        let here = methods.iter().filter(|(offset, _)| *offset == line.offset);
        line.methods = here.map(|(_, name)| name.escape_debug().to_string()).collect();
    }
    Listing { lines }
}

type Part<'a> = (usize, Result<Instruction<'a>, FaultKind>);

/// Returns the instructions of a script. Where a byte cannot be decoded, decoding
/// goes on with the next byte.
fn parts(bytes: &[u8]) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut offset = 0;
    while offset < bytes.len() {
        let instruction = Instruction::decode(bytes, offset);
        let size = instruction.as_ref().map_or(1, Instruction::size);
        parts.push((offset, instruction));
        offset += size;
    }
    parts
}

/// Returns the offsets in an instruction's operand that lead somewhere.
fn distances(instruction: &Instruction<'_>) -> Vec<i32> {
    match instruction.offsets() {
        // 0 stands for a TRY without that block.
        (Some(catch), Some(finally)) => [catch, finally].into_iter().filter(|&distance| distance != 0).collect(),
        (first, _) => first.into_iter().collect(),
    }
}

/// Returns the positions of the instructions that an instruction refers to.
fn targets(offset: usize, part: &Result<Instruction<'_>, FaultKind>, starts: &BTreeSet<usize>) -> Vec<usize> {
    let distances = part.as_ref().map(distances).unwrap_or_default();
    distances.into_iter().filter_map(|distance| target(offset, distance, starts)).collect()
}

/// Returns the position at an offset, if an instruction starts there.
fn target(offset: usize, distance: i32, starts: &BTreeSet<usize>) -> Option<usize> {
    let place = usize::try_from(offset as i64 + i64::from(distance)).ok()?;
    starts.contains(&place).then_some(place)
}

fn label(offset: usize) -> String {
    format!("L{offset:04}")
}

fn line<'a>(
    script: &'a Script,
    offset: usize,
    part: &Result<Instruction<'a>, FaultKind>,
    starts: &BTreeSet<usize>,
) -> Line<'a> {
    let (size, mnemonic, operand, comment) = match part {
        Ok(instruction) => (
            instruction.size(),
            instruction.opcode.mnemonic(),
            operand_text(offset, instruction, starts),
            comment(offset, instruction, starts),
        ),
        Err(_) => {
            let byte = script.bytes()[offset];
            let what = match OpCode::from_byte(byte) {
                Some(opcode) => format!("{opcode}, cut off"),
                None => "not an opcode".to_owned(),
            };
            (1, ".byte", format!("{byte:#04x}"), Some(what))
        }
    };
    let bytes = &script.bytes()[offset..offset + size];
    Line { methods: Vec::new(), label: None, offset, bytes, mnemonic, operand, comment }
}

fn operand_text(offset: usize, instruction: &Instruction<'_>, starts: &BTreeSet<usize>) -> String {
    let operand = instruction.operand;
    let distance_text = |distance: i32| match target(offset, distance, starts) {
        Some(place) => label(place),
        None => format!("{distance:+}"),
    };
    match instruction.opcode.operand() {
        OperandKind::None => String::new(),
        // Operands of integers have at most 32 bytes.
        OperandKind::Int(_) => Integer::from_le_bytes(operand).map(|value| value.to_string()).unwrap_or_default(),
        OperandKind::Data(_) => quoted(operand).unwrap_or_else(|| hex_text(operand)),
        OperandKind::Jump8 | OperandKind::Jump32 | OperandKind::Address => {
            instruction.offsets().0.map(distance_text).unwrap_or_default()
        }
        OperandKind::Try8 | OperandKind::Try32 => {
            let (catch, finally) = instruction.offsets();
            let handler = |distance: Option<i32>| match distance {
                Some(distance) if distance != 0 => distance_text(distance),
                _ => "-".to_owned(),
            };
            format!("{}, {}", handler(catch), handler(finally))
        }
        OperandKind::Slot => operand[0].to_string(),
        OperandKind::Slots => format!("{}, {}", operand[0], operand[1]),
        OperandKind::Type => match ItemType::from_byte(operand[0]) {
            Some(item_type) => item_type.name().to_owned(),
            None => hex_text(operand),
        },
        OperandKind::Token => u16::from_le_bytes([operand[0], operand[1]]).to_string(),
        OperandKind::Syscall => syscall_of(operand).map_or_else(|| hex_text(operand), ToOwned::to_owned),
    }
}

fn syscall_of(operand: &[u8]) -> Option<&'static str> {
    let id = operand.try_into().map(u32::from_le_bytes).ok()?;
    syscall_name(id)
}

/// Returns what the operand does not show: 20 bytes of data as a script hash, or a
/// target where no instruction starts.
fn comment(offset: usize, instruction: &Instruction<'_>, starts: &BTreeSet<usize>) -> Option<String> {
    if let (OperandKind::Data(_), Ok(bytes)) = (instruction.opcode.operand(), instruction.operand.try_into()) {
        return quoted(instruction.operand).is_none().then(|| crate::hash::Hash160(bytes).to_string());
    }
    let lost: Vec<String> = distances(instruction)
        .into_iter()
        .filter(|&distance| target(offset, distance, starts).is_none())
        .map(|distance| (offset as i64 + i64::from(distance)).to_string())
        .collect();
    (!lost.is_empty()).then(|| format!("no instruction at {}", lost.join(", ")))
}

fn hex_text(bytes: &[u8]) -> String {
    format!("0x{}", hex::encode(bytes))
}

/// Returns the bytes as text in quotes, if they are printable text.
fn quoted(bytes: &[u8]) -> Option<String> {
    let text = core::str::from_utf8(bytes).ok()?;
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for letter in text.chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            // What Rust would escape is not printable.
            _ if letter == '\'' || letter.escape_debug().count() == 1 => quoted.push(letter),
            _ => return None,
        }
    }
    quoted.push('"');
    Some(quoted)
}

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for name in &self.methods {
            writeln!(f, "; method {name}")?;
        }
        if let Some(label) = &self.label {
            writeln!(f, "{label}:")?;
        }
        write!(f, "{:>6}  ", self.offset)?;
        match (self.operand.as_str(), &self.comment) {
            ("", None) => f.write_str(self.mnemonic),
            (operand, None) => write!(f, "{:<12} {operand}", self.mnemonic),
            (operand, Some(comment)) => write!(f, "{:<12} {operand}  ; {comment}", self.mnemonic),
        }
    }
}

impl fmt::Display for Listing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lines.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}
