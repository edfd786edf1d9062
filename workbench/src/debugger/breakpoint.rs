//! What a debugger stops at.

use std::fmt;

use neovm::{
    Gas, Hash160, OpCode,
    host::{native, syscalls},
    storage::Key,
    types::syscalls::syscall_name,
};

use super::{Debugger, Watched};
use crate::scripts::RunningScript;

/// Something that a debugger stops at.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Breakpoint {
    /// Its number.
    pub id: u32,
    /// What it waits for.
    pub condition: Condition,
    /// Whether it is removed when it is hit.
    pub is_temporary: bool,
    /// Whether it is asked.
    pub is_enabled: bool,
    /// How often it was hit.
    pub hits: u64,
}

/// What a breakpoint waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Condition {
    /// The next instruction is the one at a position of a script, in bytes.
    Offset {
        /// The hash of the script, or of the contract that it belongs to.
        script: Hash160,
        /// The position.
        position: usize,
    },
    /// A method, or a function that debug information names, begins.
    Method {
        /// The name or hash of the contract; none for all.
        contract: Option<String>,
        /// The name.
        name: String,
    },
    /// A source line begins, or the next one that has instructions.
    Line {
        /// The path of the source, or the end of one.
        document: String,
        /// The line, counted from 1.
        line: u32,
    },
    /// The next instruction has this opcode.
    OpCode(OpCode),
    /// The next instruction is a system call with this id.
    Syscall(u32),
    /// The value of an entry in the storage, as the current script sees it, has changed.
    Storage(Key),
    /// The next instruction throws an exception, or faults.
    Exception,
    /// The next instruction faults.
    Fault,
    /// The gas that was consumed has gone above this.
    Gas(Gas),
    /// The value of a variable has changed.
    Slot(Watched),
}

/// A text that is no condition.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConditionError {
    /// There is no such opcode.
    #[error("there is no opcode {0:?}")]
    OpCode(String),
    /// There is no such system call.
    #[error("there is no system call {0:?}")]
    Syscall(String),
    /// There is no such contract.
    #[error("there is no contract {0:?}, by name or hash")]
    Contract(String),
    /// The amount is none.
    #[error("{0:?} is not an amount of gas: GAS with a point, as 0.01, or datoshi")]
    Gas(String),
    /// The key is none.
    #[error("{0:?} is not a key: bytes in hexadecimal after 0x, or a text")]
    Key(String),
    /// The number is none.
    #[error("{0:?} is not a number")]
    Number(String),
    /// The contract has no instruction there.
    #[error("no instruction begins at byte {position} of {name}")]
    Position {
        /// The position.
        position: usize,
        /// The name of the contract or script.
        name: String,
    },
    /// Nothing that is known has such a method.
    #[error("no contract that is known has a method or function {0:?}")]
    Method(String),
    /// There is no such line.
    #[error("there are no instructions for line {line} of {document:?}, or there is no debug information")]
    Line {
        /// The document.
        document: String,
        /// The line.
        line: u32,
    },
    /// There is no such variable.
    #[error("there is no variable {0:?} here")]
    Variable(String),
    /// Something is missing.
    #[error("{0}")]
    Missing(&'static str),
}

impl Condition {
    /// The positions of a script at which it holds; none if it is no matter of places.
    pub(super) fn positions(&self, script: &RunningScript) -> Vec<usize> {
        match self {
            Self::Offset { script: hash, position } if *hash == script.hash => vec![*position],
            Self::Method { contract, name } if contract.as_ref().is_none_or(|it| is_called(script, it)) => {
                starts(script, name)
            }
            Self::Line { document, line } => lines(script, document, *line).map_or_else(Vec::new, |(_, starts)| starts),
            _ => Vec::new(),
        }
    }

    pub(super) fn is_place(&self) -> bool {
        matches!(self, Self::Offset { .. } | Self::Method { .. } | Self::Line { .. })
    }
}

fn is_called(script: &RunningScript, text: &str) -> bool {
    script.name == text || text.parse() == Ok(script.hash)
}

/// Where the methods and functions with a name begin.
fn starts(script: &RunningScript, name: &str) -> Vec<usize> {
    let methods = script.functions.iter().filter(|(_, method)| method.is_some_and(|method| method.name == name));
    let mut starts: Vec<usize> = methods.map(|(start, _)| start).collect();
    let functions = script.debug.iter().flat_map(|info| &info.methods);
    starts.extend(functions.filter(|function| function.name == name).map(|function| *function.range.start()));
    let mut bodies: Vec<usize> = starts.into_iter().map(|start| body_start(script, start)).collect();
    bodies.sort_unstable();
    bodies.dedup();
    bodies
}

/// Where the first line of a function begins: its variables are there by then. Without
/// debug information that is where the function begins.
fn body_start(script: &RunningScript, start: usize) -> usize {
    let function = script.debug.as_ref().and_then(|info| info.method_at(start));
    let first = function.filter(|function| *function.range.start() == start).and_then(|it| it.points.first());
    first.map_or(start, |point| point.position.max(start))
}

/// The line of a document that has instructions, at or behind the one that is asked for,
/// and where it begins.
pub(super) fn lines(script: &RunningScript, document: &str, line: u32) -> Option<(u32, Vec<usize>)> {
    let info = script.debug.as_ref()?;
    let number = info.documents.iter().position(|known| is_same_document(known, document))?;
    let line = info.lines_of(number).into_iter().find(|known| *known >= line)?;
    let mut starts = Vec::new();
    for method in &info.methods {
        let mut before = None;
        for point in &method.points {
            let here = Some((point.document, point.start.0));
            if here == Some((number, line)) && before != here {
                starts.push(point.position);
            }
            before = here;
        }
    }
    Some((line, starts))
}

/// Whether two paths may be of one file: one is the end of the other.
pub(super) fn is_same_document(one: &str, other: &str) -> bool {
    let parts = |path: &str| -> Vec<String> {
        path.split(['/', '\\']).filter(|part| !part.is_empty() && *part != ".").map(Into::into).collect()
    };
    let (one, other) = (parts(one), parts(other));
    !one.is_empty() && !other.is_empty() && (one.ends_with(&other) || other.ends_with(&one))
}

impl Debugger<'_> {
    /// Reads a condition as people write it: a position in bytes (`12`, `NAME@12`), a
    /// method (`transfer`, `Token.transfer`), a source line (`token.py:5`, `:5`),
    /// `opcode NAME`, `syscall NAME`, `storage [CONTRACT] KEY`, `exception`, `fault`,
    /// `gas AMOUNT`, or `slot VARIABLE`. What is not named is that of the current script.
    ///
    /// # Errors
    /// [`ConditionError`] if it is none of these, or nothing that is known has such a place.
    pub fn condition(&self, text: &str) -> Result<Condition, ConditionError> {
        let (word, rest) = text.trim().split_once(char::is_whitespace).unwrap_or((text.trim(), ""));
        let rest = rest.trim();
        match word {
            "" => Err(ConditionError::Missing(
                "where? A position, METHOD, FILE:LINE, or opcode, syscall, storage, exception, fault, gas",
            )),
            "exception" => Ok(Condition::Exception),
            "fault" => Ok(Condition::Fault),
            "opcode" => {
                let opcode = OpCode::from_mnemonic(&rest.to_ascii_uppercase());
                opcode.map(Condition::OpCode).ok_or_else(|| ConditionError::OpCode(rest.into()))
            }
            "syscall" => syscall(rest).map(Condition::Syscall).ok_or_else(|| ConditionError::Syscall(rest.into())),
            "gas" => gas(rest).map(Condition::Gas).ok_or_else(|| ConditionError::Gas(rest.into())),
            "storage" => self.storage_condition(rest),
            "slot" => self.watched(rest).map(Condition::Slot),
            place => self.place(place),
        }
    }

    fn storage_condition(&self, text: &str) -> Result<Condition, ConditionError> {
        let (contract, key) = match text.split_once(char::is_whitespace) {
            Some((contract, key)) => (Some(contract), key.trim()),
            None => (None, text),
        };
        let bytes = match key.strip_prefix("0x") {
            Some(digits) => hex::decode(digits).ok(),
            None => Some(key.as_bytes().to_vec()),
        };
        let bytes = bytes.filter(|_| !key.is_empty()).ok_or_else(|| ConditionError::Key(key.into()))?;
        Ok(Condition::Storage(Key::new(self.contract_id(contract)?, &bytes)))
    }

    /// The id of a contract; without a name, of the one that runs.
    ///
    /// # Errors
    /// [`ConditionError`] if there is no such contract.
    pub fn contract_id(&self, name: Option<&str>) -> Result<i32, ConditionError> {
        let Some(name) = name else {
            let running = self.execution().running_scripts();
            let contract = running.into_iter().find_map(|script| script.contract);
            let contract = contract.or_else(|| self.scripts().all().iter().find_map(|script| script.contract.clone()));
            let contract = contract.ok_or(ConditionError::Missing("of which contract? None runs"))?;
            return Ok(contract.state().id);
        };
        let unknown = || ConditionError::Contract(name.into());
        let (hash, contract) = self.find_contract(name).ok_or_else(unknown)?;
        let native = || native::find(hash).map(|native| native.id);
        contract.map(|contract| contract.state().id).or_else(native).ok_or_else(unknown)
    }

    /// Returns where the first line of a method begins, which starts at a position; that
    /// position without debug information.
    pub fn body_start(&self, script: Hash160, start: usize) -> usize {
        self.scripts().with_hash(script).map_or(start, |script| body_start(script, start))
    }

    fn place(&self, text: &str) -> Result<Condition, ConditionError> {
        if let Ok(position) = text.parse() {
            return self.offset(None, position);
        }
        if let Some((name, position)) = text.split_once('@') {
            let position = position.parse().map_err(|_| ConditionError::Number(position.into()))?;
            return self.offset(Some(name).filter(|name| !name.is_empty()), position);
        }
        if let Some((document, line)) = text.rsplit_once(':') {
            let line = line.parse().map_err(|_| ConditionError::Number(line.into()))?;
            return self.line(document, line);
        }
        let (contract, name) = match text.rsplit_once('.') {
            Some((contract, name)) => (Some(contract.to_owned()), name.to_owned()),
            None => (None, text.to_owned()),
        };
        let condition = Condition::Method { contract: contract.clone(), name };
        // A contract that has not run yet may have the method.
        let is_pending = contract.is_some_and(|contract| {
            self.find_contract(&contract).is_some_and(|(hash, _)| self.scripts().with_hash(hash).is_none())
        });
        let is_known = self.scripts().all().iter().any(|script| !condition.positions(script).is_empty());
        if is_known || is_pending { Ok(condition) } else { Err(ConditionError::Method(text.into())) }
    }

    fn offset(&self, name: Option<&str>, position: usize) -> Result<Condition, ConditionError> {
        let script = match name {
            Some(name) => self.find_contract(name).ok_or_else(|| ConditionError::Contract(name.into()))?.0,
            None => self
                .execution()
                .running_script()
                .map(|script| script.hash)
                .ok_or(ConditionError::Missing("of which contract? None runs"))?,
        };
        if let Some(known) = self.scripts().with_hash(script)
            && known.starts().binary_search(&position).is_err()
        {
            return Err(ConditionError::Position { position, name: known.name.clone() });
        }
        Ok(Condition::Offset { script, position })
    }

    /// The condition that a line begins, or the next one of the document that has instructions.
    ///
    /// # Errors
    /// [`ConditionError`] if no source that is known has such a line.
    pub fn line(&self, document: &str, line: u32) -> Result<Condition, ConditionError> {
        let document = match document {
            "" => {
                let here = self.frames().into_iter().find_map(|frame| frame.line).map(|line| line.document);
                let first = || self.scripts().all().iter().find_map(|it| it.debug.as_ref()?.documents.first().cloned());
                here.or_else(first)
            }
            _ => Some(document.to_owned()),
        };
        let document = document.ok_or(ConditionError::Missing("of which file? There is no debug information here"))?;
        let known = self.scripts().all().iter().find_map(|script| lines(script, &document, line));
        let (line, _) = known.ok_or_else(|| ConditionError::Line { document: document.clone(), line })?;
        Ok(Condition::Line { document, line })
    }
}

/// The id of a system call: its name, also without `System.`, or its number.
fn syscall(text: &str) -> Option<u32> {
    let known = syscalls::SYSCALLS.iter().map(|syscall| (syscall.id(), syscall.name));
    let named = known.into_iter().find(|(_, name)| *name == text || name.strip_prefix("System.") == Some(text));
    named.map(|(id, _)| id).or_else(|| u32::from_str_radix(text.strip_prefix("0x")?, 16).ok())
}

/// An amount of gas: GAS with a point, or datoshi.
fn gas(text: &str) -> Option<Gas> {
    const DIGITS: usize = 8;
    if !text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        return None;
    }
    let Some((whole, fraction)) = text.split_once('.') else { return text.parse().ok().map(Gas::from_datoshi) };
    if fraction.len() > DIGITS || fraction.contains('.') || whole.is_empty() && fraction.is_empty() {
        return None;
    }
    format!("{whole}{fraction:0<DIGITS$}").parse().ok().map(Gas::from_datoshi)
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Offset { script, position } => write!(f, "byte {position} of {script}"),
            Self::Method { contract: Some(contract), name } => write!(f, "method {contract}.{name}"),
            Self::Method { contract: None, name } => write!(f, "method {name}"),
            Self::Line { document, line } => {
                write!(f, "{}:{line}", document.rsplit(['/', '\\']).next().unwrap_or(document))
            }
            Self::OpCode(opcode) => write!(f, "opcode {opcode}"),
            Self::Syscall(id) => match syscall_name(*id) {
                Some(name) => write!(f, "system call {name}"),
                None => write!(f, "system call {id:#010x}"),
            },
            Self::Storage(key) => {
                write!(f, "storage of contract {}, key 0x{}", key.contract(), hex::encode(key.local()))
            }
            Self::Exception => f.write_str("exceptions"),
            Self::Fault => f.write_str("faults"),
            Self::Gas(gas) => write!(f, "gas above {gas}"),
            Self::Slot(watched) => write!(f, "variable {}", watched.name),
        }
    }
}
